"""Rows of the log folded into postings and tallies: values alone, no storage.

A posting says in which entries of a block of 4,096 a value stands; a tally counts the entries of an hour, or of a JST
day, that agree in all dimensions. What two folds of the same rows make is the same, however they are cut.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pyroaring import BitMap

from gateway.adapters import instants
from gateway.ports import Row, Unavailable, Wanted
from gateway.tlog.sets import container_of

BITS: Final = 12
LOW: Final = (1 << BITS) - 1
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
JST_MS: Final = 9 * HOUR_MS

SHAPE: Final = ("kind", "partner", "client", "agreement", "purpose", "product", "reason")
SUMS: Final = ("entries", "asked", "released", "not_available", "refused", "fields")
TERMS: Final = (*SHAPE, "field")
"""The dimensions that a search narrows by, as Wanted names them."""

Term = tuple[str, str]
"""(dimension, value)"""


class Shape(NamedTuple):
    """What the entries of a tally agree in."""

    kind: str
    partner: str | None
    client: str | None
    agreement: str | None
    purpose: str | None
    product: str | None
    reason: str | None


@dataclass(slots=True)
class Sums:
    """Counts of entries that agree, and which indexes they lie between."""

    first: int
    last: int = 0
    entries: int = 0
    asked: int = 0
    released: int = 0
    not_available: int = 0
    refused: int = 0
    fields: int = 0

    def count(self, row: Row) -> None:
        """Count one more, whose index is the highest so far."""
        self.last = row.index
        self.entries += 1
        self.asked += row.asked
        self.released += row.released
        self.not_available += row.not_available
        self.refused += row.refused
        if row.kind == "release":
            self.fields += len(row.fields)

    def join(self, more: "Sums") -> None:
        """Add other counts."""
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.first, self.last = min(self.first, more.first), max(self.last, more.last)


Tallies = dict[tuple[str, int, Shape], Sums]
"""("hour" or "day", its beginning in milliseconds, shape) → counts."""


@dataclass(slots=True)
class Folded:
    """What rows add to the projection."""

    postings: dict[tuple[Term, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    """(term, block) → the lowest bits of the indexes."""
    blocks: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Block → its oldest and newest instant."""
    tallies: Tallies = field(default_factory=dict)


_Alike = tuple[Shape, tuple[str, ...], tuple[str, ...]]
"""A shape, all reasons and all fields: what most entries of a log share with many others."""


def fold(rows: Iterable[Row]) -> Folded:
    """Fold rows, in the order of their indexes."""
    folded = Folded()
    lows: dict[tuple[int, _Alike], list[int]] = defaultdict(list)
    hours: Tallies = {}
    # What alike entries have in common is looked at once for all of them.
    for row in rows:
        block = row.index >> BITS
        shape = shape_of(row)
        lows[block, (shape, row.reasons, row.fields)].append(row.index & LOW)
        at = instants.stored(row.time)
        oldest, newest = folded.blocks.get(block, (at, at))
        folded.blocks[block] = min(oldest, at), max(newest, at)
        key = "hour", hour_of(at), shape
        sums = hours.get(key)
        if sums is None:
            sums = hours[key] = Sums(first=row.index)
        sums.count(row)
    for (block, alike), some in lows.items():
        for term in terms_of(*alike):
            folded.postings[term, block].extend(some)
    days: Tallies = {}
    for (_, hour, shape), sums in hours.items():
        day = days.setdefault(("day", day_of(hour), shape), Sums(first=sums.first))
        day.join(sums)
    folded.tallies = hours | days
    return folded


def terms_of(shape: Shape, reasons: Sequence[str], fields: Sequence[str]) -> list[Term]:
    """Return every value that an entry is found by."""
    alone = zip(SHAPE, shape[:-1], strict=False)  # the reason is one of all
    return [
        *((name, value) for name, value in alone if value is not None),
        *(("reason", one) for one in dict.fromkeys(reasons)),
        *(("field", one) for one in dict.fromkeys(fields)),
    ]


def shape_of(row: Row) -> Shape:
    """Return what a row is counted under."""
    reason = row.reasons[0] if row.reasons else None
    return Shape(row.kind, row.partner, row.client, row.agreement, row.purpose, row.product, reason)


def hour_of(at: int) -> int:
    """Return the beginning of an instant's hour, in milliseconds."""
    return at - at % HOUR_MS


def day_of(at: int) -> int:
    """Return the beginning of an instant's JST day, in milliseconds."""
    return at - (at + JST_MS) % DAY_MS


def matches(row: Row, wanted: Wanted) -> bool:
    """Tell whether an entry is one of those wanted."""
    return wanted.start <= row.time < wanted.end and all(
        not (named := getattr(wanted, dimension)) or _has(row, dimension, named) for dimension in TERMS
    )


def counted(shape: Shape, wanted: Wanted) -> bool:
    """Tell whether the entries of a shape are among those wanted, `field` apart."""
    return all(not (named := values_of(wanted, dimension)) or getattr(shape, dimension) in named for dimension in SHAPE)


def values_of(wanted: Wanted, dimension: str) -> frozenset[str]:
    """Return the values of a dimension that are wanted; none: any."""
    return frozenset(getattr(wanted, dimension))


def container(lows: Sequence[int], stored: bytes | None = None) -> bytes:
    """Return lowest bits as a block's set is stored, joined to what is stored. Raises Unavailable."""
    return container_of(BitMap(lows) if stored is None else read_container(stored) | BitMap(lows))


def read_container(stored: bytes) -> BitMap:
    """Return a stored set. Raises Unavailable."""
    try:
        return BitMap.deserialize(stored)
    except ValueError:
        raise Unavailable("a stored set of entries cannot be read") from None


def common(wanted: Mapping[str, Sequence[int]], found: Mapping[int, bytes]) -> BitMap:
    """Return the entries of one block that have a value of each dimension.

    `wanted` are the terms of each dimension that is narrowed by, `found` the block's containers by term.
    """
    of_each = [[found[term] for term in terms if term in found] for terms in wanted.values()]
    if not all(of_each):
        return BitMap()
    sets = [BitMap.union(*map(read_container, of)) if len(of) > 1 else read_container(of[0]) for of in of_each]
    return BitMap.intersection(*sets) if len(sets) > 1 else sets[0]


def _has(row: Row, dimension: str, named: Collection[str]) -> bool:
    if dimension == "reason":
        return any(one in named for one in row.reasons)
    if dimension == "field":
        return any(one in named for one in row.fields)
    return getattr(row, dimension) in named
