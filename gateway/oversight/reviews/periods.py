"""Which months of a log are over, and which of them nobody has reviewed."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from gateway.core.days import jst_day, midnight, midnight_after
from gateway.ports import Log
from gateway.tlog.entries import decode

SETTLED: Final = timedelta(minutes=1)
"""After a period's end: by then no entry that was decided in it can still be committed (20 s, transfer-log.md)."""


EARLIEST: Final = date(1970, 1, 1)
LATEST: Final = date(9998, 12, 31)
"""The first and the last day that anybody can ask about: instants before and after are none that a log has."""


class Period(msgspec.Struct, frozen=True, order=True):
    """JST calendar days from `first` to `last`, both inclusive."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """The instant at which it begins."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The instant at which it has ended."""
        return midnight_after(self.last)

    def over(self, now: datetime) -> bool:
        """Tell whether every entry of it is in the log."""
        return now >= self.end + SETTLED


def period_named(first: date, last: date) -> Period | None:
    """Return the period from one day to another; None where it ends before it begins, or where no log can have a day of it."""
    return Period(first, last) if EARLIEST <= first <= last <= LATEST else None


def month_of(day: date) -> Period:
    """Return the calendar month of a day."""
    return Period(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def months(first: date, now: datetime) -> Iterator[Period]:
    """Yield the calendar months that are over, from that of `first` on."""
    period = month_of(first)
    while period.over(now):
        yield period
        period = month_of(period.last + timedelta(days=1))


def uncovered(periods: Iterable[Period], reviewed: Iterable[Period]) -> list[Period]:
    """Return the periods of which a day is in none of those reviewed."""
    done = sorted(reviewed)
    return [one for one in periods if not _covered(one, done)]


def _covered(period: Period, done: list[Period]) -> bool:
    day = period.first
    for one in done:
        if one.first <= day <= one.last:
            day = one.last + timedelta(days=1)
    return day > period.last


async def begun(log: Log, coop: str) -> date | None:
    """Return the day of a log's first entry, None while there is none. Raises Unavailable."""
    first = await log.entries(coop, 0, 1)
    return jst_day(datetime.fromisoformat(decode(first[0]).time)) if first else None
