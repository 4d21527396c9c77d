"""The log as it is searched, on either database; see gateway.ports.LogSearch for the contract.

Values are found by their postings, blocks of indexes from the newest back; the entries themselves are read from the log,
and each is held against what was wanted once more, so that a projection that is wrong shows nothing that is not so.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, any_, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking, reading, writing
from gateway.adapters.search import fields as log_fields, tallies as log_tallies
from gateway.adapters.search.folding import (
    BITS,
    TERMS,
    Sums,
    common,
    counted,
    fold,
    hour_of,
    matches,
    shape_of,
    values_of,
)
from gateway.adapters.search.writes import NAME, insert_of, write
from gateway.adapters.tables.log import metadata
from gateway.ports import DIMENSIONS, Behind, Dimension, FieldTally, Per, Row, Tally, Wanted

RowOf = Callable[[int, bytes, datetime], Row]

TAIL: Final = 20_000
"""Entries newer than the projection that are read one by one."""
_AT_ONCE: Final = 1_000
"""Of these, at a time."""
_BLOCKS: Final = 8
_MOST_BLOCKS: Final = 1_024
"""Blocks whose postings are read at a time: few at first, since what is wanted may be near, then more."""

_block, _posting, _term, _shape, _tally, _entry, _head, _come = (
    metadata.tables[name]
    for name in (
        "log_block",
        "log_posting",
        "log_term",
        "log_shape",
        "log_tally",
        "log_entry",
        "log_head",
        "projection",
    )
)


class SqlLogSearch:
    """The LogSearch port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str], row_of: RowOf, tail: int = TAIL) -> None:
        self._engine = engine
        self._origin = origin
        self._row_of = row_of
        self._most_newer = tail
        self._postgres = engine.dialect.name == "postgresql"

    async def come(self, coop: str) -> int:
        """Return the index of the first entry that the projection does not hold."""
        async with asking(self._engine) as db:
            return await self._next(db, self._origin(coop))

    async def rows(self, coop: str, first: int, last: int) -> list[Row]:
        """Return the rows of a range of entries."""
        async with asking(self._engine) as db:
            return await self._rows(db, self._origin(coop), range(first, last)) if first < last else []

    async def add(self, coop: str, rows: Sequence[Row], *, first: int, last: int) -> bool:
        """Add the rows of a range of entries."""
        origin = self._origin(coop)
        folded = fold(rows)
        async with writing(self._engine) as db:
            start = insert_of(db)(_come).values(origin=origin, name=NAME, next_index=0)
            await db.execute(start.on_conflict_do_nothing())
            # The row's lock is held from here on: whoever comes second sees another index and writes nothing.
            moved = update(_come).where(*_mine(origin), _come.c.next_index == first).values(next_index=last)
            if (await db.execute(moved)).rowcount != 1:
                return False
            await write(db, origin, folded)
            await log_fields.added(db, origin, rows)
        return True

    async def page(self, coop: str, wanted: Wanted, *, before: int | None = None, most: int = 50) -> list[Row]:
        """Return entries, the newest first."""
        origin = self._origin(coop)
        async with reading(self._engine) as db:
            come, size = await self._next(db, origin), await self._size(db, origin)
            asked = _Asked(origin, wanted, size if before is None else min(before, size), most)
            found = await self._newest(db, asked, come)
            if len(found) < most:
                found += await self._older(db, asked._replace(end=min(come, asked.end), most=most - len(found)))
        return found

    async def tallies(
        self, coop: str, wanted: Wanted, *, per: Per = "hour", by: tuple[Dimension, ...] = DIMENSIONS
    ) -> list[Tally]:
        """Return the counts of every hour, of every day, or of the whole period."""
        origin, hours = self._origin(coop), log_tallies.hours_of(wanted)
        apart = {"kind", *by}
        async with reading(self._engine) as db:
            rows = await db.execute(log_tallies.query(origin, wanted, hours, per, apart))
            found = dict(log_tallies.read(row) for row in rows)
            for row in await self._tail(db, origin):
                at, shape = instants.stored(row.time), shape_of(row)
                if hours.start <= hour_of(at) < hours.end and counted(shape, wanted):
                    one = Sums(first=row.index)
                    one.count(row)
                    log_tallies.join(
                        found, (log_tallies.begin_of(at, hours, per), log_tallies.apart(shape, apart)), one
                    )
        return log_tallies.shown(found)

    async def fields(
        self, coop: str, first: date, last: date, *, per: Literal["day", "period"] = "day"
    ) -> list[FieldTally]:
        """Return which fields were released on some JST days."""
        origin = self._origin(coop)
        async with reading(self._engine) as db:
            newer = await self._tail(db, origin)
            return await log_fields.read(db, origin, first, last, newer=newer, by_day=per == "day")

    async def find(self, coop: str, transfer: str) -> Row | None:
        """Return the entry of a transfer."""
        of = select(_entry.c.idx, _entry.c.entry, _entry.c.ts).where(
            _entry.c.origin == self._origin(coop), _entry.c.transfer_id == transfer
        )
        async with asking(self._engine) as db:
            row = (await db.execute(of)).first()
        return None if row is None else self._read(row)

    async def forget(self, coop: str) -> None:
        """Delete the projection."""
        origin = self._origin(coop)
        async with writing(self._engine) as db:
            # In the order in which `add` takes its locks.
            await db.execute(update(_come).where(*_mine(origin)).values(next_index=0))
            for table in (_posting, _term, _block, _tally, _shape):
                await db.execute(delete(table).where(table.c.origin == origin))
            await log_fields.forgotten(db, origin)

    # The entries of a page

    async def _newest(self, db: AsyncConnection, asked: "_Asked", come: int) -> list[Row]:
        """Return the newest that the projection does not hold. Raises Behind."""
        found: list[Row] = []
        last = asked.end
        while last > come and len(found) < asked.most:
            if asked.end - last >= self._most_newer:
                raise _behind(come, asked.end)
            first = max(come, last - min(_AT_ONCE, self._most_newer))
            found += asked.of(await self._rows(db, asked.origin, range(first, last)), so_far=len(found))
            last = first
        return found

    async def _older(self, db: AsyncConnection, asked: "_Asked") -> list[Row]:
        """Return the newest below an index, all of which the projection holds."""
        terms = await self._terms(db, asked.origin, asked.wanted)
        if terms is None:
            return []
        low, high = await self._within(db, asked)
        found: list[Row] = []
        step = _BLOCKS
        while high > low and len(found) < asked.most:
            first = max(low, high - step)
            for candidates in await self._candidates(db, asked, terms, range(first, high)):
                for start in range(0, len(candidates), asked.most):
                    if len(found) < asked.most:
                        some = candidates[start : start + asked.most][::-1]
                        found += asked.of(await self._rows(db, asked.origin, some), so_far=len(found))
            high, step = first, min(2 * step, _MOST_BLOCKS)
        return found

    async def _terms(self, db: AsyncConnection, origin: str, wanted: Wanted) -> dict[str, list[int]] | None:
        """Return the terms wanted, by dimension; None where no entry has one of them."""
        named = {dimension: values for dimension in TERMS if (values := values_of(wanted, dimension))}
        terms: dict[str, list[int]] = {dimension: [] for dimension in named}
        if named:
            either = (and_(_term.c.dimension == one, _term.c.value.in_(values)) for one, values in named.items())
            for row in await db.execute(
                select(_term.c.dimension, _term.c.id).where(_term.c.origin == origin, or_(*either))
            ):
                terms[row.dimension].append(int(row.id))
        return terms if all(terms.values()) else None

    async def _within(self, db: AsyncConnection, asked: "_Asked") -> tuple[int, int]:
        """Return the range of blocks that can hold entries of the period and below an index."""
        of = select(func.min(_block.c.block), func.max(_block.c.block)).where(
            _block.c.origin == asked.origin,
            _block.c.block <= (asked.end - 1) >> BITS,
            _block.c.newest >= instants.stored(asked.wanted.start),
            _block.c.oldest <= instants.stored(asked.wanted.end),
        )
        low, high = (await db.execute(of)).one()
        return (0, 0) if low is None else (int(low), int(high) + 1)

    async def _candidates(
        self, db: AsyncConnection, asked: "_Asked", terms: Mapping[str, list[int]], blocks: range
    ) -> list[Sequence[int]]:
        """Return for each of some blocks, the newest first, the indexes that can be wanted, descending."""
        if not terms:
            return [range(min((one + 1) << BITS, asked.end) - 1, (one << BITS) - 1, -1) for one in reversed(blocks)]
        every = [one for of in terms.values() for one in of]
        of = select(_posting.c.block, _posting.c.term, _posting.c.container).where(
            _posting.c.origin == asked.origin,
            _posting.c.term.in_(every),
            _posting.c.block.between(blocks[0], blocks[-1]),
        )
        found: dict[int, dict[int, bytes]] = {}
        for block, term, stored in await db.execute(of):
            found.setdefault(block, {})[term] = bytes(stored)
        return [
            [index for low in reversed(common(terms, found[block])) if (index := (block << BITS) + low) < asked.end]
            for block in reversed(blocks)
            if block in found
        ]

    async def _rows(self, db: AsyncConnection, origin: str, indexes: Sequence[int]) -> list[Row]:
        """Return the rows of entries, in their order; `indexes` ascend."""
        # The bounds are what a plan for a range needs; for single ones the list is narrower.
        within: ColumnElement[bool] = _entry.c.idx.between(indexes[0], indexes[-1])
        if not isinstance(indexes, range):
            within = and_(within, self._among(_entry.c.idx, indexes))
        of = select(_entry.c.idx, _entry.c.entry, _entry.c.ts).where(_entry.c.origin == origin, within)
        return [self._read(row) for row in await db.execute(of.order_by(_entry.c.idx))]

    def _read(self, row: Any) -> Row:
        return self._row_of(int(row.idx), bytes(row.entry), instants.read(int(row.ts)))

    def _among(self, column: ColumnElement[int], values: Sequence[int]) -> ColumnElement[bool]:
        # One parameter, where it can be one, in place of hundreds.
        return column == any_(literal(list(values), ARRAY(BigInteger))) if self._postgres else column.in_(values)

    async def _tail(self, db: AsyncConnection, origin: str) -> list[Row]:
        """Return the rows that the projection does not hold. Raises Behind."""
        come, size = await self._next(db, origin), await self._size(db, origin)
        if size - come > self._most_newer:
            raise _behind(come, size)
        return [] if come >= size else await self._rows(db, origin, range(come, size))

    async def _next(self, db: AsyncConnection, origin: str) -> int:
        return int(await db.scalar(select(_come.c.next_index).where(*_mine(origin))) or 0)

    async def _size(self, db: AsyncConnection, origin: str) -> int:
        return int(await db.scalar(select(_head.c.next_index).where(_head.c.origin == origin)) or 0)


class _Asked(NamedTuple):
    """A page of one log, of entries below an index."""

    origin: str
    wanted: Wanted
    end: int
    most: int

    def of(self, rows: Sequence[Row], *, so_far: int) -> list[Row]:
        """Return those of ascending rows that are wanted, the newest first, as many as the page still takes."""
        return [row for row in reversed(rows) if matches(row, self.wanted)][: self.most - so_far]


def _mine(origin: str) -> tuple[ColumnElement[bool], ...]:
    return _come.c.origin == origin, _come.c.name == NAME


def _behind(come: int, size: int) -> Behind:
    return Behind(f"the log's index holds {come} of {size} entries; it is being made, ask again later")
