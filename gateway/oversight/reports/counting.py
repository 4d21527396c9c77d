"""The entries of a period, counted: what was released on which basis, to how many persons, what was refused and why.

One pass over the log as stored, in batches; a figure here is what anybody counts who has the exported entries, except
the distinct persons, who stand in side rows alone. Where side rows are erased they are counted apart (`unknown`).
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final

import msgspec
from pyroaring import BitMap

from gateway.oversight.desk import OversightDesk
from gateway.ports import Unavailable
from gateway.tlog.entries import instant
from gateway.tlog.sets import joined

AT_ONCE: Final = 1_000
TAGS_AT_ONCE: Final = 10_000
_MINUTE: Final = "minute"
"""Of a summary this says when, and not how often."""

Whom = tuple[str, str, str]
"""Partner, purpose, basis; empty where an entry does not say it."""


class Said(msgspec.Struct, frozen=True):
    """What is read of an entry; our own log's are not held against their schema again, which costs the most."""

    kind: str
    time: str
    partner: str | None = None
    purpose: str | None = None
    basis: str | None = None
    fields: dict[str, str] | list[str] = []
    counts: dict[str, int] | None = None
    encryption: dict[str, str] = {}
    reasons: list[str] = []
    summary: dict[str, int] = {}


_read = msgspec.json.Decoder(Said).decode


class Use(msgspec.Struct, kw_only=True):
    """What went to one partner for one purpose on one basis, and what was refused."""

    releases: int = 0
    members: int = 0
    """Members released, each release's counted."""
    persons: int = 0
    """Distinct members among them, as far as side rows say."""
    unknown: int = 0
    """Members of releases whose side rows are erased: so many persons more at most."""
    fields: set[str] = msgspec.field(default_factory=set)
    denials: int = 0


class Counting(msgspec.Struct, kw_only=True):
    """The figures of a period."""

    first: int
    """The index of its first entry."""
    size: int
    """How many entries the log had as it ended."""
    entries: int = 0
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    uses: dict[Whom, Use] = msgspec.field(default_factory=dict)
    reasons: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    """(partner, purpose, reason) → denials that have it."""
    persons: int = 0
    unknown: int = 0
    not_available: int = 0
    """Members who were asked for and did not pass the gate of members."""
    algorithms: Counter[str] = msgspec.field(default_factory=Counter)
    """How releases were encrypted → releases."""

    @property
    def releases(self) -> int:
        """Releases of the period."""
        return sum(one.releases for one in self.uses.values())

    @property
    def denials(self) -> int:
        """Requests that were refused, those summed up in one entry counted one by one."""
        return sum(one.denials for one in self.uses.values())


async def count(desk: OversightDesk, coop: str, start: datetime, end: datetime, *, at_once: int = AT_ONCE) -> Counting:
    """Return the figures of what was decided in [start, end). Raises Unavailable."""
    span = await desk.side_rows.span(coop, start, end)
    made = Counting(first=span[1], size=span[0])
    everybody, nameless = BitMap(), set[bytes]()
    of_whom: dict[Whom, tuple[BitMap, set[bytes]]] = defaultdict(lambda: (BitMap(), set()))
    async for batch in entries_of(desk, coop, span, at_once=at_once):
        found = await asyncio.to_thread(_fold, made, batch, instant(start), instant(end))
        reached = await desk.reached.members(coop, [index for index, _, _ in found]) if found else None
        if reached is None:
            continue
        whose = {index: whom for index, whom, _ in found}
        known = Counter(index for index, _, _ in reached.few)
        known.update(index for index, _, _ in reached.many)
        for index, ordinal, tag in reached.few:
            numbers, tags = of_whom[whose[index]]
            for some_numbers, some_tags in ((numbers, tags), (everybody, nameless)):
                if ordinal is None:
                    some_tags.add(tag)
                else:
                    some_numbers.add(ordinal)
        for index, number, container in reached.many:
            some = joined([(number, container)])
            of_whom[whose[index]][0].update(some)
            everybody.update(some)
        for index, whom, released in found:
            if released and not known[index]:
                made.uses[whom].unknown += released
                made.unknown += released
    # Who got a number while the log was read is known by it from then on, and is still one person.
    asked, numbered = sorted(nameless), dict[bytes, int | None]()
    for at in range(0, len(asked), TAGS_AT_ONCE):
        portion = asked[at : at + TAGS_AT_ONCE]
        numbered.update(zip(portion, await desk.side_rows.known_ordinals(coop, portion), strict=True))
    for numbers, tags in ((everybody, nameless), *of_whom.values()):
        since = {tag: given for tag in tags if (given := numbered[tag]) is not None}
        numbers.update(since.values())
        tags.difference_update(since)
    for whom, (numbers, tags) in of_whom.items():
        made.uses[whom].persons = len(numbers) + len(tags)
    made.persons = len(everybody) + len(nameless)
    return made


async def entries_of(
    desk: OversightDesk, coop: str, span: tuple[int, int], *, at_once: int = AT_ONCE
) -> AsyncIterator[list[tuple[int, bytes]]]:
    """Yield the entries of a range of indexes as stored, in batches. Raises Unavailable."""
    first, last = span
    while first < last:
        batch = await desk.log.entries(coop, first, min(at_once, last - first))
        if not batch:
            raise Unavailable("the log ends before its head")
        yield list(enumerate(batch, first))
        first += len(batch)


def _fold(made: Counting, batch: Iterable[tuple[int, bytes]], start: str, end: str) -> list[tuple[int, Whom, int]]:
    """Count a batch; return its releases as (index, whom, members released)."""
    found = []
    for index, data in batch:
        said = _read(data)
        if said.time < end:
            made.size = max(made.size, index + 1)
        if not start <= said.time < end:
            continue
        made.first = min(made.first, index)
        made.entries += 1
        made.kinds[said.kind] += 1
        if said.kind not in {"release", "denial"}:
            continue
        whom = said.partner or "", said.purpose or "", said.basis or ""
        use = made.uses.setdefault(whom, Use())
        if said.kind == "release":
            released = (said.counts or {}).get("released", 0)
            use.releases += 1
            use.members += released
            use.fields.update(said.fields)
            made.not_available += (said.counts or {}).get("not_available", 0)
            made.algorithms[" ".join(said.encryption[one] for one in ("alg", "enc") if one in said.encryption)] += 1
            found.append((index, whom, released))
            continue
        many = {why: times for why, times in said.summary.items() if why != _MINUTE}
        use.denials += sum(many.values()) if said.summary else 1
        for why, times in (many or dict.fromkeys(said.reasons, 1)).items():
            made.reasons[*whom[:2], why] += times
    return found
