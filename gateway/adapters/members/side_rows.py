"""Side rows and ordinals on either database; see gateway.ports.SideRows for the contract."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    LargeBinary,
    Select,
    any_,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.engine import asking, reading, writing
from gateway.adapters.log.batch import ms
from gateway.adapters.members.releases import releases_of
from gateway.adapters.tables.log import metadata
from gateway.core.identity import Chunk, Subject
from gateway.ports import Logged, Members, Provided, Unavailable
from gateway.tlog.content import TOLERANCE
from gateway.tlog.sets import BITS, holds

_entry = metadata.tables["log_entry"]
_subject = metadata.tables["log_subject"]
_ordinal = metadata.tables["member_ordinal"]
_chunk = metadata.tables["transfer_chunk"]

_AT_ONCE = 1_000
"""Values in one IN."""

_STREAMED = 2_000
"""Rows in one fetch."""

_APART_MS = TOLERANCE // timedelta(milliseconds=1)
"""By so many milliseconds at most an entry's own time is below the latest before it (transfer-log.md "Verify")."""

_KNOWN = {
    "postgresql": """
        SELECT array_agg(
            (SELECT ordinal FROM member_ordinal WHERE origin = :origin AND tag = substr(:tags, 32 * n - 31, 32))
            ORDER BY n
        ) FROM generate_series(1, :count) AS n
    """,
    "sqlite": """
        WITH RECURSIVE asked(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM asked WHERE n < :count)
        SELECT (SELECT ordinal FROM member_ordinal WHERE origin = :origin AND tag = substr(:tags, 32 * n - 31, 32))
        FROM asked ORDER BY n
    """,
}
"""Tags travel as bytes of 32 each, and from PostgreSQL ordinals as one array: a value each would cost more than all else
that a page needs."""

_GIVEN = {
    "postgresql": """
        INSERT INTO member_ordinal (origin, ordinal, tag)
        SELECT CAST(:origin AS VARCHAR), :following + n - 1, substr(:tags, 32 * n - 31, 32)
        FROM generate_series(1, :count) AS n
    """,
    "sqlite": """
        INSERT INTO member_ordinal (origin, ordinal, tag)
        WITH RECURSIVE given(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM given WHERE n < :count)
        SELECT :origin, :following + n - 1, substr(:tags, 32 * n - 31, 32) FROM given
    """,
}
"""The next numbers, to tags that travel in the same way."""

_AHEAD = text("SET LOCAL enable_indexscan = off")
"""A member's rows lie far apart: through a bitmap they are read ahead of, many at a time, where they are on disk."""

_LOCK = text(
    "SELECT set_config('idle_in_transaction_session_timeout', '2s', true), "
    "pg_advisory_xact_lock(hashtextextended(:name, 0))"
)
"""Who holds it and stops (SIGSTOP, a lost network) is cut off by the server: a release of many waits for it."""
_T = TypeVar("_T")


class SqlSideRows:
    """The SideRows port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin
        self._postgres = engine.dialect.name == "postgresql"
        tags = bindparam("tags", type_=LargeBinary)
        self._asked = text(_KNOWN[engine.dialect.name]).bindparams(tags)
        self._given = text(_GIVEN[engine.dialect.name]).bindparams(tags, bindparam("following", type_=BigInteger))

    async def ordinals(self, coop: str, tags: Sequence[bytes]) -> list[int]:
        """Return the ordinals of tags; one look where all are known, which is the rule."""
        async with asking(self._engine) as db:
            known = await self._known(db, coop, tags)
        if None in known:
            async with writing(self._engine) as db:
                known = await self._assigned(db, coop, tags)
        numbers = [number for number in known if number is not None]
        if len(numbers) != len(tags):
            raise Unavailable("not every member has an ordinal")
        return numbers

    async def ordinal(self, coop: str, tag: bytes) -> int | None:
        """Return a tag's ordinal."""
        async with asking(self._engine) as db:
            return (await self._known(db, coop, [tag]))[0]

    async def known_ordinals(self, coop: str, tags: Sequence[bytes]) -> list[int | None]:
        """Return the ordinals of tags that have one."""
        async with asking(self._engine) as db:
            return await self._known(db, coop, tags)

    async def of_member(self, coop: str, tag: bytes) -> list[int]:
        """Return the indexes of all entries with a side row of this member."""
        origin = self._origin(coop)
        async with reading(self._engine) as db:
            by_tag = select(_subject.c.idx).where(_subject.c.origin == origin, _subject.c.tag == tag)
            found = set(await db.scalars(by_tag))
            number = (await self._known(db, coop, [tag]))[0]
            if number is None:
                return sorted(found)
            near = select(_chunk.c.idx, _chunk.c.container).where(
                _chunk.c.origin == origin,
                _chunk.c.chunk_no == number >> BITS,
                _chunk.c.lo <= number,
                _chunk.c.hi >= number,
            )
            if self._postgres:
                await db.execute(_AHEAD)
            # A part at a time: one row at a time costs five times as much. And pages that come again hold the same set.
            rows = await db.stream(near, execution_options={"yield_per": _STREAMED})
            last, inside = b"", False
            async for some in rows.partitions():
                for idx, container in some:
                    if container != last:
                        last, inside = container, _holds(container, number)
                    if inside:
                        found.add(idx)
        return sorted(found)

    async def of_entry(self, coop: str, index: int) -> Members:
        """Return the side rows of one entry."""
        async with reading(self._engine) as db:
            return (await self._members(db, coop, [index]))[index]

    async def entries(self, coop: str, indexes: Sequence[int]) -> list[Logged]:
        """Return the entries at these indexes."""
        found: list[Logged] = []
        async with reading(self._engine) as db:
            for some in _cut(sorted(indexes)):
                of = select(_entry.c.idx, _entry.c.entry).where(_entry.c.origin == self._origin(coop))
                rows = await db.execute(of.where(self._any_of(_entry.c.idx, some)).order_by(_entry.c.idx))
                found += [Logged(idx, entry) for idx, entry in rows]
        return found

    async def releases(
        self, coop: str, first: int, last: int, *, partner: str | None = None, purpose: str | None = None
    ) -> list[Provided]:
        """Return releases and their members."""
        of = releases_of(self._origin(coop), first, last, partner=partner, purpose=purpose)
        async with reading(self._engine) as db:
            entries = (await db.execute(of)).all()
            members = await self._members(db, coop, [idx for idx, _ in entries])
        return [Provided(index=idx, entry=entry, members=members[idx]) for idx, entry in entries]

    async def span(self, coop: str, start: datetime, end: datetime) -> tuple[int, int]:
        """Return the range of indexes that surely holds what was decided in [start, end)."""
        async with reading(self._engine) as db:
            first = await self._before(db, coop, ms(start) - _APART_MS)
            # An entry whose time is this late has only entries after it whose time is not before `end`.
            last = await self._before(db, coop, ms(end) + _APART_MS)
        return first, max(first, last)

    async def _before(self, db: AsyncConnection, coop: str, instant: int) -> int:
        """Return an index before which an entry's time is less than an instant, and at which it is not, by bisection."""
        of = select(_entry.c.ts).where(_entry.c.origin == self._origin(coop))
        newest = await db.scalar(select(func.max(_entry.c.idx)).where(_entry.c.origin == self._origin(coop)))
        low, high = 0, 0 if newest is None else newest + 1
        while low < high:
            middle = (low + high) // 2
            time = await db.scalar(of.where(_entry.c.idx == middle))
            if time is None or time < instant:
                low = middle + 1
            else:
                high = middle
        return low

    async def _known(self, db: AsyncConnection, coop: str, tags: Sequence[bytes]) -> list[int | None]:
        if not tags:
            return []
        found = await db.scalars(
            self._asked, {"origin": self._origin(coop), "tags": b"".join(tags), "count": len(tags)}
        )
        return list(found.one()) if self._postgres else list(found)

    async def _assigned(self, db: AsyncConnection, coop: str, tags: Sequence[bytes]) -> list[int | None]:
        """Give the tags that have none the next numbers. SQLite has one writer anyway; here it is one a co-op."""
        origin = self._origin(coop)
        if self._postgres:
            # A statement of its own: what follows must see what the last holder has committed.
            await db.execute(_LOCK, {"name": f"member_ordinal {origin}"})
        known = await self._known(db, coop, tags)
        newest = await db.scalar(select(func.max(_ordinal.c.ordinal)).where(_ordinal.c.origin == origin))
        following = 0 if newest is None else newest + 1
        fresh = dict.fromkeys(tag for tag, number in zip(tags, known, strict=True) if number is None)
        given = {tag: following + n for n, tag in enumerate(fresh)}
        if given:
            values = {"origin": origin, "following": following, "tags": b"".join(given), "count": len(given)}
            await db.execute(self._given, values)
        return [given.get(tag, number) for tag, number in zip(tags, known, strict=True)]

    async def _members(self, db: AsyncConnection, coop: str, indexes: Sequence[int]) -> dict[int, Members]:
        subjects: dict[int, list[Subject]] = defaultdict(list)
        chunks: dict[int, list[Chunk]] = defaultdict(list)
        for some in _cut(indexes):
            of = select(_subject.c.idx, _subject.c.tag, _subject.c.salt).order_by(_subject.c.idx, _subject.c.pos)
            for idx, tag, salt in await db.execute(self._among(of, _subject, coop, some)):
                subjects[idx].append(Subject(tag, salt))
            parts = select(
                _chunk.c.idx, _chunk.c.chunk_no, _chunk.c.lo, _chunk.c.hi, _chunk.c.salt, _chunk.c.container
            ).order_by(_chunk.c.idx, _chunk.c.chunk_no)
            for idx, number, lo, hi, salt, container in await db.execute(self._among(parts, _chunk, coop, some)):
                chunks[idx].append(Chunk(number=number, lo=lo, hi=hi, salt=salt, container=container))
        return {i: Members(subjects=tuple(subjects.get(i, ())), chunks=tuple(chunks.get(i, ()))) for i in indexes}

    def _among(self, of: Select[Any], table: Any, coop: str, indexes: Sequence[int]) -> Select[Any]:
        # The bounds are what a block range index can use.
        within = table.c.idx.between(indexes[0], indexes[-1])
        # As an expression, or SQLite would take the index that begins with the origin and read a co-op's whole table.
        ours = table.c.origin + "" == self._origin(coop)
        return of.where(ours, within, self._any_of(table.c.idx, indexes))

    def _any_of(self, column: ColumnElement[int], values: Sequence[int]) -> ColumnElement[bool]:
        # One parameter, where it can be one, in place of hundreds.
        return column == any_(literal(list(values), ARRAY(BigInteger))) if self._postgres else column.in_(values)


def _holds(container: bytes, ordinal: int) -> bool:
    try:
        return holds(container, ordinal)
    except ValueError:
        raise Unavailable("a stored set of members cannot be read") from None


def _cut(values: Iterable[_T]) -> Iterable[list[_T]]:
    left = iter(values)
    while some := list(islice(left, _AT_ONCE)):
        yield some
