"""Calendar days of Japan as instants, and the instant of a decision.

Notices, agreements, class membership, decisions and programmes are given in JST calendar days, both inclusive;
keys, restrictions, suspensions and consents in half-open instants (policy-semantics.md, "Days"). Here both become
half-open spans of aware UTC datetimes, so that the rest of the house compares instants alone.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

import msgspec

JST = timezone(timedelta(hours=9), "JST")
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The boundary of what has none; entries carry it where nothing ends a decision."""
_LAST = date(9998, 12, 31)
_DAY = timedelta(days=1)


class Span(msgspec.Struct, frozen=True):
    """A half-open stretch of time [start, end); an open side is None."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS = Span()


@lru_cache(maxsize=4_096)
def midnight(day: date) -> datetime:
    """Return the instant at which a JST calendar day begins; the first day of the calendar always has."""
    if day == date.min:  # what old systems write for `always`: nine hours earlier no datetime reaches
        return datetime.min.replace(tzinfo=UTC)
    return datetime(day.year, day.month, day.day, tzinfo=JST).astimezone(UTC)


def midnight_after(day: date) -> datetime:
    """Return the instant at which a JST calendar day ends; the last day of the calendar never does."""
    return FOREVER if day >= _LAST else midnight(day + _DAY)


@lru_cache(maxsize=16_384)
def days(first: date | None, last: date | None) -> Span:
    """Return the span of JST calendar days from `first` to `last`, both inclusive; None leaves that side open."""
    return Span(None if first is None else midnight(first), None if last is None else midnight_after(last))


def jst_day(instant: datetime) -> date:
    """Return the JST calendar day of an instant."""
    return instant.astimezone(JST).date()


class Moment:
    """The instant a decision is made for; it remembers the earliest later boundary of all that it was asked.

    INVARIANT: whatever depends on time is asked through a Moment, so `until` is never later than the instant at which
    the same questions would be answered differently (`valid_until`, transfer-log.md "Time"). Questions left unasked
    because an earlier one settled the answer need no boundary: the answer stands until the earlier one's.
    """

    __slots__ = ("_today", "at", "until")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._today: date | None = None  # most are asked about instants alone
        self.until = FOREVER

    @property
    def today(self) -> date:
        """The JST calendar day."""
        if self._today is None:
            self._today = jst_day(self.at)
        return self._today

    @property
    def midnight(self) -> datetime:
        """The end of that day."""
        return midnight_after(self.today)

    def note(self, edge: datetime) -> None:
        """Remember an instant at which an answer may change; one already passed cannot."""
        if self.at < edge < self.until:
            self.until = edge

    def begun(self, start: datetime | None) -> bool:
        """Tell whether `start` has come (None: always)."""
        if start is None:
            return True
        self.note(start)
        return start <= self.at

    def on(self, first: date | None, last: date | None) -> bool:
        """Tell the same as `within(days(first, last))`, without making instants of days that are past."""
        if first is not None and first > self.today:
            self.note(midnight(first))
            return False
        if last is None:
            return True
        if last >= self.today:
            self.note(midnight_after(last))
        return last >= self.today

    def within(self, span: Span) -> bool:
        """Tell whether the span contains this instant."""
        begun = self.begun(span.start)
        if span.end is None:
            return begun
        self.note(span.end)
        return begun and self.at < span.end
