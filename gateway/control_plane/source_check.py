"""What a member system gives before anything is provided from it: how many records can be read, and why others cannot.

The whole population is read with every field of the catalogue. A record that is refused is asked for again a column at
a time; what is told of it is its place, the column and the kind of fault, never its code or a value.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import msgspec

from gateway.core.policy import Field, Policy
from gateway.core.rows import CODE, FACTS, RowPlan, plan_rows
from gateway.core.sources.source_map import SourceMap
from gateway.ports import Clock, Query, Source, Unavailable

PAGE = 1_000
EXAMINED = 5_000
"""So many refused records are looked into; of more the number alone is told."""
NAMED = 100
"""Places that are kept of one fault."""
_CALL = timedelta(seconds=20)

Why = Literal["missing", "unreadable", "twice", "code", "several", "unexamined"]
"""No value where one is needed · a value that is none of its type · two records of one member · no readable code · only
together with others, or changed meanwhile · one too many to look into."""

Numbers = Callable[[RowPlan, Iterable[str]], Awaitable[Mapping[str, int]]]
"""Plan and codes → where their records stand in a file. Raises Unavailable."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Records that are refused for the same reason."""

    column: str | None
    why: Why
    count: int
    places: tuple[int, ...] = ()
    """Record numbers of a file, or positions in the order of codes, from 1; the first of them."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What came of reading everybody."""

    readable: int
    refused: int
    faults: tuple[Fault, ...]
    absent: tuple[str, ...]
    """Fields of the catalogue that the member system has no column for."""


def fields_in_use(policy: Policy) -> tuple[Field, ...]:
    """Return the fields that some agreement provides, or chooses members by."""
    grants = [grant for agreement in policy.agreements.values() for grant in agreement.grants]
    asked = {name for grant in grants for name in grant.fields}
    asked |= {one.field for grant in grants for one in grant.population}
    return tuple(policy.fields[name] for name in sorted(asked & set(policy.fields)))


async def check_source(
    source: Source,
    policy: Policy,
    *,
    clock: Clock,
    numbers: Numbers | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Read the whole population; `progress` is told how many records were read. Raises Unavailable."""
    reading = _Reading(source, policy, clock)
    absent = await reading.absent()
    fields = [field for name, field in sorted(policy.fields.items()) if name not in absent]
    rows = plan_rows(fields, policy.source)
    readable, refused, read = 0, 0, 0
    places: dict[tuple[str | None, Why], list[int]] = {}
    counts: Counter[tuple[str | None, Why]] = Counter()
    query = Query(rows=rows, limit=PAGE)
    while True:
        records = await reading.ask(query)
        codes = [code for code in records.refused if code is not None]
        at = await _places(records.rows, codes, read, rows, numbers) if codes else {}
        unnamed = len(records.refused) - len(codes)
        if unnamed:
            counts[rows.column_of[CODE], "code"] += unnamed
        examined = codes[: max(0, EXAMINED - refused)]
        for fault, members in (await reading.faults(examined, fields)).items():
            counts[fault] += len(members)
            places.setdefault(fault, []).extend(at[code] for code in members if code in at)
        if len(codes) > len(examined):
            counts[None, "unexamined"] += len(codes) - len(examined)
        readable += len(records.rows)
        refused += len(records.refused)
        read = readable + refused
        progress(read)
        if records.next is None:
            break
        query = msgspec.structs.replace(query, after=records.next)
    faults = [
        Fault(column=column, why=why, count=count, places=tuple(sorted(places.get((column, why), ()))[:NAMED]))
        for (column, why), count in counts.most_common()
    ]
    return Findings(readable=readable, refused=refused, faults=tuple(faults), absent=absent)


async def _places(
    rows: Sequence[Any], codes: Sequence[str], before: int, plan: RowPlan, numbers: Numbers | None
) -> Mapping[str, int]:
    if numbers is not None:
        return await numbers(plan, codes)
    # Members come in the order of their codes, the refused ones among them.
    ordered = sorted([*(row.code for row in rows), *codes])
    return {code: before + ordered.index(code) + 1 for code in codes}


class _Reading:
    """A member system, asked a column at a time."""

    def __init__(self, source: Source, policy: Policy, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._fields = policy.fields
        self._map = policy.source
        self._facts = [fact for fact in FACTS if fact not in policy.source.constants]

    async def ask(self, query: Query) -> Any:
        """Return records. Raises Unavailable."""
        return await self._source.read(query, deadline=self._clock() + _CALL)

    async def absent(self) -> tuple[str, ...]:
        """Return the fields that cannot be asked for. Raises Unavailable where nothing can."""
        try:
            await self._first(plan_rows(self._fields.values(), self._map))
        except Unavailable:
            # Without any fact or field it is the member system itself; with a fact it is one that every release needs.
            await self._first(plan_rows((), self._map))
        else:
            return ()
        absent = []
        for name, field in sorted(self._fields.items()):
            try:
                await self._first(plan_rows((field,), self._map))
            except Unavailable:
                absent.append(name)
        return tuple(absent)

    async def faults(self, codes: Sequence[str], fields: Sequence[Field]) -> dict[tuple[str | None, Why], list[str]]:
        """Return what is wrong with records that were refused: column and kind → codes."""
        if not codes:
            return {}
        code_column = self._map.column(CODE)
        found: dict[tuple[str | None, Why], list[str]] = {}
        twice = await self._refused(codes, plan_rows((), self._without(*FACTS)))
        if twice:
            found[code_column, "twice"] = sorted(twice)
        rest = {code for code in codes if code not in twice}
        explained: set[str] = set()
        for fact in self._facts:
            bad = await self._refused(rest, plan_rows((), self._without(*(one for one in FACTS if one != fact))))
            if bad:
                found[self._map.column(fact), "unreadable"] = sorted(bad)
                explained |= bad
        bare = self._without(*FACTS)
        for field in fields:
            bad = await self._refused(rest, plan_rows((field,), bare))
            if not bad:
                continue
            explained |= bad
            still = await self._refused(bad, plan_rows((msgspec.structs.replace(field, nullable=True),), bare))
            kinds: tuple[tuple[Why, set[str]], ...] = (("missing", bad - still), ("unreadable", still))
            for why, members in kinds:
                if members:
                    found.setdefault((self._map.column(field.id), why), []).extend(sorted(members))
        if rest - explained:
            found[None, "several"] = sorted(rest - explained)
        return found

    async def _first(self, rows: RowPlan) -> None:
        await self.ask(Query(rows=rows, limit=1))

    async def _refused(self, codes: Iterable[str], rows: RowPlan) -> set[str]:
        asked = tuple(sorted(codes))
        if not asked:
            return set()
        records = await self.ask(Query(rows=rows, codes=asked))
        return {code for code in records.refused if code is not None}

    def _without(self, *facts: str) -> SourceMap:
        """Return the map under which these facts are not asked for."""
        return msgspec.structs.replace(self._map, constants={**self._map.constants, **dict.fromkeys(facts)})
