"""Member events on either database; see gateway.ports.MemberEvents for the contract. They are only read here."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import asking, reading
from gateway.adapters.log.batch import effect_decoder
from gateway.adapters.tables.log import LogEffect, metadata
from gateway.adapters.tables.walks import MemberEvent
from gateway.core.state import Effect

AT_ONCE = 1_000
_event = metadata.tables[MemberEvent.__tablename__]
_effect = metadata.tables[LogEffect.__tablename__]
_entry = metadata.tables["log_entry"]
_T = TypeVar("_T")


class _Said(msgspec.Struct, frozen=True):
    event: str


_event_of = msgspec.json.Decoder(_Said).decode


class StoredMemberEvents:
    """The MemberEvents port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def told(self, coop: str, digests: Collection[bytes]) -> set[bytes]:
        """Return those of these events that were told before."""
        found: set[bytes] = set()
        async with reading(self._engine) as db:
            for some in _portions(sorted(digests)):
                mine = select(_event.c.h).where(_event.c.origin == self._origin(coop), _event.c.h.in_(some))
                found.update((await db.scalars(mine)).all())
        return found

    async def imports(self, coop: str) -> list[tuple[int, bytes]]:
        """Return the entries that took events in."""
        stops = select(_entry.c.idx, _entry.c.entry).where(
            _entry.c.origin == self._origin(coop), _entry.c.kind == "restrict"
        )
        async with asking(self._engine) as db:
            rows = (await db.execute(stops.order_by(_entry.c.idx.desc()))).all()
        return [(int(row.idx), row.entry) for row in rows if _event_of(row.entry).event == "imported"]

    async def effects(self, coop: str, indexes: Sequence[int]) -> list[tuple[int, Effect]]:
        """Return what entries put in force."""
        found: list[tuple[int, Effect]] = []
        async with reading(self._engine) as db:
            for some in _portions(sorted(set(indexes))):
                of = select(_effect.c.idx, _effect.c.body).where(
                    _effect.c.origin == self._origin(coop), _effect.c.idx.in_(some)
                )
                rows = (await db.execute(of.order_by(_effect.c.idx, _effect.c.pos))).all()
                found += [(int(row.idx), effect_decoder.decode(row.body)) for row in rows]
        return found


def _portions(all_: list[_T]) -> Iterator[list[_T]]:
    """Yield a list in portions that a statement can name."""
    return (all_[at : at + AT_ONCE] for at in range(0, len(all_), AT_ONCE))
