"""Dossiers on either database; see gateway.ports.Dossiers for the contract.

They are only read here: the log's entries write them (log/changes.py).
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.oversight import DossierRow
from gateway.core.dossier import Dossier, Matter
from gateway.jose import rfc4648

_dossier = metadata.tables[DossierRow.__tablename__]


class StoredDossiers:
    """The Dossiers port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def get(self, coop: str, dossier: str) -> Dossier | None:
        """Return one dossier."""
        query = select(_dossier).where(_dossier.c.origin == self._origin(coop), _dossier.c.id == dossier)
        async with asking(self._engine) as db:
            row = (await db.execute(query)).first()
        return None if row is None else _read(coop, row)

    async def all(
        self,
        coop: str,
        matter: Matter,
        *,
        states: Collection[str] = (),
        partner: str | None = None,
        tag: bytes | None = None,
    ) -> list[Dossier]:
        """Return dossiers, the one opened last first."""
        query = select(_dossier).where(_dossier.c.origin == self._origin(coop), _dossier.c.matter == matter)
        if states:
            query = query.where(_dossier.c.state.in_(list(states)))
        if partner is not None:
            query = query.where(_dossier.c.partner == partner)
        if tag is not None:
            query = query.where(_dossier.c.tag == rfc4648.encode(tag))
        async with asking(self._engine) as db:
            rows = (await db.execute(query.order_by(_dossier.c.opened.desc(), _dossier.c.id))).all()
        return [_read(coop, row) for row in rows]


def _read(coop: str, row: Any) -> Dossier:
    return Dossier(
        id=row.id,
        coop=coop,
        matter=row.matter,
        state=row.state,
        revision=int(row.revision),
        partner=row.partner,
        due=None if row.due is None else date.fromisoformat(row.due),
        tag=None if row.tag is None else rfc4648.decode(row.tag),
        body=rfc4648.decode(row.body),
        author=row.author,
        editor=row.editor,
        opened=instants.read(row.opened),
        changed=instants.read(row.changed),
    )
