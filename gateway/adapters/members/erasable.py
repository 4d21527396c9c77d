"""How many side rows there are to erase, on either database; see gateway.ports.Erasable for the contract."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import reading
from gateway.adapters.tables.follow_ups import MemberCode
from gateway.adapters.tables.log import metadata
from gateway.ports import Unavailable
from gateway.tlog.sets import BITS, holds

_CODES: Final = str(MemberCode.__tablename__)
_SIDE: Final = ("log_subject", "transfer_chunk", "log_request", _CODES)
_ordinal, _held = metadata.tables["member_ordinal"], metadata.tables["held"]


class SqlErasable:
    """The Erasable port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def counted(self, coop: str, first: int, last: int) -> dict[str, int]:
        """Return the side rows of a range of entries."""
        counts: dict[str, int] = {}
        async with reading(self._engine) as db:
            for name in _SIDE:
                table = metadata.tables[name]
                of = select(func.count()).select_from(table)
                # As an expression where the key does not begin with it, for the reason that SqlSideRows gives.
                origin = table.c.origin if name in {"log_request", _CODES} else table.c.origin + ""
                among = of.where(origin == self._origin(coop), table.c.idx.between(first, last))
                counts[name] = int(await db.scalar(among) or 0)
        return {name: count for name, count in counts.items() if count}

    async def of_tag(self, coop: str, tag: bytes) -> dict[str, int]:
        """Return the rows that name one member."""
        counts: dict[str, int] = {}
        async with reading(self._engine) as db:
            for name in ("log_subject", "member_ordinal", _CODES):
                table = metadata.tables[name]
                of = select(func.count()).select_from(table)
                counts[name] = int(
                    await db.scalar(of.where(table.c.origin == self._origin(coop), table.c.tag == tag)) or 0
                )
        return {name: count for name, count in counts.items() if count}

    async def holders(self, coop: str, tag: bytes) -> list[tuple[str, str, str]]:
        """Return whose sets a member is in."""
        origin = self._origin(coop)
        mine = select(_ordinal.c.ordinal).where(_ordinal.c.origin == origin, _ordinal.c.tag == tag)
        async with reading(self._engine) as db:
            number = await db.scalar(mine)
            if number is None:
                return []
            sets = select(_held.c.partner, _held.c.agreement, _held.c.purpose, _held.c.container)
            rows = (await db.execute(sets.where(_held.c.origin == origin, _held.c.chunk_no == number >> BITS))).all()
        try:
            return sorted((row[0], row[1], row[2]) for row in rows if holds(row[3], number))
        except ValueError:
            raise Unavailable("a stored set of members cannot be read") from None
