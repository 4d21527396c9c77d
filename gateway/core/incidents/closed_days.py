"""行政機関の休日: Saturdays, Sundays, national holidays and 29 December to 3 January, on which no term ends.

The holidays are a table of their own, by year, with no rule to compute them: equinoxes are announced a year ahead, and
holidays were moved by law before. INVARIANT: of a day outside the table nothing is said; a guess would be a missed term.
Source: 行政機関の休日に関する法律 1条・2条; holidays as announced by 内閣府 (grade K: to be compared with the announcement
when a year is added).
"""

from datetime import date, timedelta
from typing import Final

_TABLE: Final = {
    2025: "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24",
    2026: "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23",
    2027: "1/1 1/11 2/11 2/23 3/21 3/22 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23",
}
"""Year → month/day, substitute holidays and the days between two holidays among them."""

FIRST: Final = date(min(_TABLE), 1, 1)
LAST: Final = date(max(_TABLE), 12, 31)
"""The first and the last day of which it is known whether offices are closed."""

HOLIDAYS: Final = frozenset(
    date(year, *map(int, one.split("/", 1))) for year, listed in _TABLE.items() for one in listed.split()
)

_SATURDAY: Final = 5


class BeyondTheTable(ValueError):
    """Of this day it is not known whether offices are closed."""

    def __init__(self, day: date) -> None:
        super().__init__(f"the table of holidays is from {FIRST} to {LAST}; {day} is not in it")
        self.day = day


def closed(day: date) -> bool:
    """Tell whether government offices are closed on a day. Raises BeyondTheTable."""
    if not FIRST <= day <= LAST:
        raise BeyondTheTable(day)
    year_end = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
    return year_end or day.weekday() >= _SATURDAY or day in HOLIDAYS


def next_open(day: date) -> date:
    """Return the day itself, or the first one after it on which offices are open. Raises BeyondTheTable."""
    while closed(day):
        day += timedelta(days=1)
    return day
