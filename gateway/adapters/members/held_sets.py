"""Whom each partner holds, on either database; see gateway.ports.HeldSets for the contract."""

from collections.abc import Callable, Mapping

from pyroaring import BitMap
from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.engine import reading, writing
from gateway.adapters.tables.log import metadata
from gateway.ports import HeldBy, Unavailable
from gateway.tlog.sets import container_of

_held = metadata.tables["held"]
_come = metadata.tables["projection"]
_NAME = "held"
_KEY = ("partner", "agreement", "purpose", "chunk_no")
_AT_ONCE = 100


class SqlHeldSets:
    """The HeldSets port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    async def come(self, coop: str) -> int:
        """Return the index of the first entry that the sets do not hold."""
        async with reading(self._engine) as db:
            return int(await db.scalar(select(_come.c.next_index).where(*self._mine(coop))) or 0)

    async def add(self, coop: str, sets: Mapping[HeldBy, bytes], *, first: int, last: int) -> bool:
        """Join containers to the stored ones."""
        origin = self._origin(coop)
        async with writing(self._engine) as db:
            start = self._insert(_come).values(origin=origin, name=_NAME, next_index=0)
            await db.execute(start.on_conflict_do_nothing())
            # The row's lock is held from here on: whoever comes second sees another index and writes nothing.
            moved = update(_come).where(*self._mine(coop), _come.c.next_index == first).values(next_index=last)
            if (await db.execute(moved)).rowcount != 1:
                return False
            keys = list(sets)
            for start_at in range(0, len(keys), _AT_ONCE):
                await self._join(db, origin, {key: sets[key] for key in keys[start_at : start_at + _AT_ONCE]})
        return True

    async def of(self, coop: str, *, partner: str, agreement: str, purpose: str) -> list[tuple[int, bytes]]:
        """Return what one partner holds."""
        mine = (_held.c.partner == partner, _held.c.agreement == agreement, _held.c.purpose == purpose)
        query = select(_held.c.chunk_no, _held.c.container).where(_held.c.origin == self._origin(coop), *mine)
        async with reading(self._engine) as db:
            return [(number, container) for number, container in await db.execute(query.order_by(_held.c.chunk_no))]

    async def whose(self, coop: str) -> list[tuple[str, str, str]]:
        """Return whose sets there are."""
        key = _held.c.partner, _held.c.agreement, _held.c.purpose
        query = select(*key).where(_held.c.origin == self._origin(coop)).distinct().order_by(*key)
        async with reading(self._engine) as db:
            return [(partner, agreement, purpose) for partner, agreement, purpose in await db.execute(query)]

    async def forget(self, coop: str) -> None:
        """Delete all sets."""
        async with writing(self._engine) as db:
            # In the order in which `add` takes its locks.
            await db.execute(update(_come).where(*self._mine(coop)).values(next_index=0))
            await db.execute(delete(_held).where(_held.c.origin == self._origin(coop)))

    async def _join(self, db: AsyncConnection, origin: str, sets: Mapping[HeldBy, bytes]) -> None:
        these = or_(*(and_(*(_held.c[name] == value for name, value in zip(_KEY, key, strict=True))) for key in sets))
        rows = await db.execute(
            select(*(_held.c[name] for name in _KEY), _held.c.container).where(_held.c.origin == origin, these)
        )
        stored: dict[HeldBy, bytes] = {(row[0], row[1], row[2], row[3]): row[4] for row in rows}
        values = [
            {"origin": origin, **dict(zip(_KEY, key, strict=True)), "container": _joined(stored.get(key), container)}
            for key, container in sets.items()
        ]
        add = self._insert(_held)
        await db.execute(
            add.on_conflict_do_update(index_elements=["origin", *_KEY], set_={"container": add.excluded.container}),
            values,
        )

    def _mine(self, coop: str) -> tuple[ColumnElement[bool], ...]:
        return _come.c.origin == self._origin(coop), _come.c.name == _NAME


def _joined(stored: bytes | None, added: bytes) -> bytes:
    if stored is None:
        return added
    try:
        return container_of(BitMap.deserialize(stored) | BitMap.deserialize(added))
    except ValueError:
        raise Unavailable("a stored set of members cannot be read") from None
