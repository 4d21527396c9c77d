"""Requests on partners, on either database; see gateway.ports.PartnerRequests for the contract.

They are only read here: the log's entries write them (log/changes.py).
"""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.staff import PartnerRequestRow
from gateway.core.changes.partner_request import PartnerRequest

_request = metadata.tables[PartnerRequestRow.__tablename__]
_keys = msgspec.json.Decoder(tuple[dict[str, str], ...])


class StoredPartnerRequests:
    """The PartnerRequests port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def get(self, coop: str, request: str) -> PartnerRequest | None:
        """Return one request."""
        query = select(_request).where(_request.c.origin == self._origin(coop), _request.c.id == request)
        async with asking(self._engine) as db:
            row = (await db.execute(query)).first()
        return None if row is None else _read(coop, row)

    async def all(self, coop: str, *, partner: str | None = None) -> list[PartnerRequest]:
        """Return requests, the one asked last first."""
        query = select(_request).where(_request.c.origin == self._origin(coop))
        if partner is not None:
            query = query.where(_request.c.partner == partner)
        async with asking(self._engine) as db:
            rows = (await db.execute(query.order_by(_request.c.asked.desc(), _request.c.id))).all()
        return [_read(coop, row) for row in rows]


def _read(coop: str, row: Any) -> PartnerRequest:
    return PartnerRequest(
        id=row.id,
        coop=coop,
        kind=row.kind,
        state=row.state,
        partner=row.partner,
        client=row.client,
        keys=_keys.decode(row.keys),
        answer=row.answer,
        asker=row.asker,
        reason=row.reason,
        asked=instants.read(row.asked),
        decider=row.decider,
        said=row.said,
        decided=instants.read_if_any(row.decided),
        entry=row.entry,
    )
