"""Charts as values: bars by the hour, day or week, drawn by a template as SVG with a pattern beside each colour.

What is drawn stands in a table as well, cell by cell, and each number of it leads to the entries behind it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from gateway.console.transfers.asking import Period
from gateway.core.days import JST, jst_day, midnight, midnight_after
from gateway.ports import Per

Step = Literal["hour", "day", "week"]
WIDTH: Final = 960
HEIGHT: Final = 180
TOP: Final = 16
"""Above the bars: where publications are marked."""
MOST_SERIES: Final = 6
_HOURLY: Final = 72
_DAILY: Final = 100 * 24
_HOUR: Final = timedelta(hours=1)


class Bucket(msgspec.Struct, frozen=True):
    """A stretch of the period that is one bar."""

    start: datetime
    end: datetime


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What one pattern stands for, a value for each bar."""

    key: str
    name: str
    values: tuple[int, ...]
    links: tuple[str, ...] = ()
    """Where the entries behind each value are; none: nowhere."""


class Bar(msgspec.Struct, frozen=True):
    """A rectangle, in the units of the drawing; `pattern` is the number of its series."""

    x: float
    y: float
    width: float
    height: float
    pattern: int


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at an instant: a publication."""

    at: datetime
    index: int
    x: float = 0.0


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing and the table that says the same."""

    id: str
    title: str
    step: Step
    buckets: tuple[Bucket, ...]
    series: tuple[Series, ...]
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[str, ...]
    """What stands below the bars: the first, the middle and the last."""
    most: int

    @property
    def total(self) -> int:
        """The sum of all that is drawn."""
        return sum(sum(one.values) for one in self.series)

    def at(self, nth: int) -> tuple[int, ...]:
        """Return the values of a bar, series by series."""
        return tuple(one.values[nth] for one in self.series)

    def label(self, bucket: Bucket) -> str:
        """Return how a bar is called: `2026-11-22 14:00`, or its day, or its first and last day."""
        return label(bucket, self.step)


def step_of(period: Period) -> Step:
    """Return how much time one bar stands for."""
    if period.hours <= _HOURLY:
        return "hour"
    return "day" if period.hours <= _DAILY else "week"


def per_of(period: Period) -> Per:
    """Return how finely the counts of a period are needed."""
    # A period that begins within a day is counted by hours: a day's count would hold what is not of it.
    whole = period.start == midnight(period.first) and period.end == midnight_after(period.last)
    return "day" if whole and step_of(period) != "hour" else "hour"


def buckets_of(period: Period) -> tuple[Bucket, ...]:
    """Return the bars of a period, the oldest first; the first and last may be shorter than the others."""
    step, at, found = step_of(period), period.start, []
    while at < period.end:
        end = at + _HOUR if step == "hour" else midnight(jst_day(at) + timedelta(days=1 if step == "day" else 7))
        found.append(Bucket(at, min(end, period.end)))
        at = end
    return tuple(found)


def place(buckets: Sequence[Bucket], at: datetime) -> int | None:
    """Return the number of the bar that an instant is of."""
    low, high = 0, len(buckets)
    while low < high:
        middle = (low + high) // 2
        if buckets[middle].end <= at:
            low = middle + 1
        else:
            high = middle
    return low if low < len(buckets) and buckets[low].start <= at else None


def label(bucket: Bucket, step: Step) -> str:
    """Return how a bar is called."""
    local = bucket.start.astimezone(JST)
    if step == "hour":
        return f"{local:%Y-%m-%d %H:00}"
    last = jst_day(bucket.end - timedelta(milliseconds=1))
    return f"{local:%Y-%m-%d}" if step == "day" or last == local.date() else f"{local:%Y-%m-%d} – {last.isoformat()}"


def sums(buckets: Sequence[Bucket], counted: Iterable[tuple[datetime, str, int]]) -> dict[str, list[int]]:
    """Add counts (instant, series, count) up by series and bar."""
    found: dict[str, list[int]] = {}
    for at, key, count in counted:
        number = place(buckets, at)
        if number is not None:
            found.setdefault(key, [0] * len(buckets))[number] += count
    return found


def largest(found: Mapping[str, Sequence[int]], *, others: str) -> dict[str, list[int]]:
    """Return the largest series, and all the rest as one under the key `others`."""
    ranked = sorted(found, key=lambda key: (-sum(found[key]), key))
    if len(ranked) <= MOST_SERIES:
        return {key: list(found[key]) for key in ranked}
    kept = {key: list(found[key]) for key in ranked[: MOST_SERIES - 1]}
    rest = [found[key] for key in ranked[MOST_SERIES - 1 :]]
    return {**kept, others: [sum(values) for values in zip(*rest, strict=True)]}


def chart(
    identifier: str,
    title: str,
    period: Period,
    series: Sequence[Series],
    *,
    marks: Iterable[tuple[datetime, int]] = (),
) -> Chart:
    """Return bars of a period, one series on top of the other."""
    buckets, step = buckets_of(period), step_of(period)
    most = max((sum(one.values[nth] for one in series) for nth in range(len(buckets))), default=0)
    wide = WIDTH / len(buckets)
    bars = []
    for nth in range(len(buckets)):
        foot = float(TOP + HEIGHT)
        for number, one in enumerate(series):
            height = HEIGHT * one.values[nth] / most if most else 0.0
            if height:
                foot -= height
                bars.append(
                    Bar(_near(nth * wide + wide * 0.08), _near(foot), _near(wide * 0.84), _near(height), number)
                )
    return Chart(
        id=identifier,
        title=title,
        step=step,
        buckets=buckets,
        series=tuple(series),
        bars=tuple(bars),
        marks=tuple(_marked(buckets, marks, wide)),
        ticks=_ticks(buckets, step),
        most=most,
    )


def linked(
    key: str, name: str, values: Sequence[int], buckets: Sequence[Bucket], link: Callable[[Bucket], str]
) -> Series:
    """Return a series whose values lead somewhere."""
    return Series(key=key, name=name, values=tuple(values), links=tuple(link(one) for one in buckets))


def _marked(buckets: Sequence[Bucket], marks: Iterable[tuple[datetime, int]], wide: float) -> Iterable[Mark]:
    for at, index in sorted(marks):
        number = place(buckets, at)
        if number is not None:
            yield Mark(at=at, index=index, x=_near((number + 0.5) * wide))


def _ticks(buckets: Sequence[Bucket], step: Step) -> tuple[str, ...]:
    shown = buckets if len(buckets) < 3 else (buckets[0], buckets[len(buckets) // 2], buckets[-1])
    return tuple(label(one, step).partition(" – ")[0] for one in shown)


def _near(value: float) -> float:
    return round(value, 2)
