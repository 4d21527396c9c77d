"""Counts of what a page shows: facets, the histogram and the reasons that come up often, all from one reading of tallies.

The counts of a narrowing say how many entries there would be with each of its names, the others staying as they are.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, get_args

import msgspec

from gateway.console.transfers.asking import NARROWINGS, Asked, Narrowing
from gateway.console.transfers.charting import Bucket, Chart, buckets_of, chart, linked, per_of, sums
from gateway.console.visit import Visit
from gateway.ports import FieldTally, LogSearch, Row, Tally, Wanted
from gateway.tlog.entries import Entry

SHOWN: Final = 8
"""Names of a facet that are shown; the others are folded away."""
MOST_MARKS: Final = 200
KINDS: Final[tuple[str, ...]] = tuple(str(one.__struct_config__.tag) for one in get_args(Entry))
OTHER_KINDS: Final = tuple(one for one in KINDS if one not in {"release", "denial"})
DENIALS: Final = 6


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """One name of a facet: how it is called, how many entries have it, and where it leads."""

    value: str
    label: str
    count: int
    chosen: bool
    href: str


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """One narrowing with its names, those with the most entries first."""

    narrowing: Narrowing
    names: tuple[Name, ...]


class Often(msgspec.Struct, frozen=True, kw_only=True):
    """A reason for which requests were refused, and how often as the first."""

    reason: str
    count: int
    href: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    total: int
    histogram: Chart
    facets: tuple[Facet, ...]
    often: tuple[Often, ...]


Labels = Mapping[Narrowing, Mapping[str, str]]
"""Narrowing → name → how it is called."""


async def figures(visit: Visit, asked: Asked, labels: Labels, path: str) -> Figures:
    """Return the counts of what is asked for; `path` is the list's. Raises Unavailable."""
    search, coop, period = visit.desk.overseeing.search, visit.coop, asked.period
    every = await search.tallies(coop, Wanted(start=period.start, end=period.end), per="period")
    bars = await search.tallies(coop, asked.wanted, per=per_of(period), by=("kind",))
    fields = await search.fields(coop, period.first, period.last)
    marks = await publications(search, coop, asked)
    shown = [one for one in every if agrees(one, asked)]
    texts = visit.texts
    buckets = buckets_of(period)
    by_kind = sums(buckets, ((one.hour, _kind(one.kind), one.entries) for one in bars))
    series = [
        linked(
            key,
            texts(f"transfers.series.{key}").unescape(),
            by_kind[key],
            buckets,
            _links(path, narrowed_to(asked, key)),
        )
        for key in ("release", "denial", "other")
        if key in by_kind
    ]
    title = texts("transfers.histogram").unescape()
    return Figures(
        total=sum(one.entries for one in shown),
        histogram=chart("histogram", title, period, series, marks=((one.time, one.index) for one in marks)),
        facets=tuple(_facets(every, fields, asked, labels, path)),
        often=tuple(_often(shown, asked, path)),
    )


async def publications(search: LogSearch, coop: str, asked: Asked) -> list[Row]:
    """Return the entries of a period by which versions were published."""
    period = asked.period
    return await search.page(coop, Wanted(start=period.start, end=period.end, kind=("publish",)), most=MOST_MARKS)


def agrees(one: Tally, asked: Asked, *, but: str = "") -> bool:
    """Tell whether a count is of what is asked for, one narrowing left out; counts know nothing of fields."""
    return all(
        not asked.of(name) or name in {but, "field"} or getattr(one, name) in asked.of(name) for name in NARROWINGS
    )


def _kind(kind: str) -> str:
    return kind if kind in {"release", "denial"} else "other"


def narrowed_to(asked: Asked, key: str) -> Asked:
    """Return the same of releases or of denials alone, or of whatever is neither."""
    kinds = (key,) if key != "other" else OTHER_KINDS
    before = asked.of("kind")
    return asked.with_names(kind=tuple(one for one in kinds if not before or one in before) or kinds)


def _links(path: str, asked: Asked) -> Callable[[Bucket], str]:
    return lambda one: path + asked.over(one.start, one.end).query()


def _facets(
    every: Sequence[Tally], fields: Iterable[FieldTally], asked: Asked, labels: Labels, path: str
) -> Iterable[Facet]:
    for narrowing in NARROWINGS:
        counts: Counter[str] = Counter()
        if narrowing == "field":
            for one in fields:
                if all(not asked.of(name) or getattr(one, name) in asked.of(name) for name in ("partner", "purpose")):
                    counts[one.field] += one.releases
        else:
            for tally in every:
                value = getattr(tally, narrowing)
                if value is not None and agrees(tally, asked, but=narrowing):
                    counts[value] += tally.entries
        for value in asked.of(narrowing):
            counts.setdefault(value, 0)
        if counts:
            named = labels.get(narrowing, {})
            yield Facet(
                narrowing=narrowing,
                names=tuple(
                    Name(
                        value=value,
                        label=named.get(value, value),
                        count=count,
                        chosen=value in asked.of(narrowing),
                        href=path + asked.toggled(narrowing, value).query(),
                    )
                    for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
                ),
            )


def _often(shown: Iterable[Tally], asked: Asked, path: str) -> Iterable[Often]:
    counts: Counter[str] = Counter()
    for one in shown:
        if one.kind == "denial" and one.reason is not None:
            counts[one.reason] += one.entries
    for value, count in counts.most_common(DENIALS):
        href = path + asked.with_names(kind=("denial",), reason=(value,)).query()
        yield Often(reason=value, count=count, href=href)
