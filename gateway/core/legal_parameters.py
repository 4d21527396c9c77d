"""Numbers that the law leaves open or changes: each with the day from which it holds, where it comes from, its grade.

A grade says how it was found: `V` read in a public source, `K` general knowledge of law or practice, to be confirmed by
a person in charge before anybody relies on it. Nothing here is a constant of the gates.
"""

from datetime import date, timedelta
from typing import Final, Literal

import msgspec

Grade = Literal["V", "K"]


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A number and since when it holds."""

    value: int
    start: date
    source: str
    grade: Grade


WITHOUT_DELAY_DAYS: Final = (
    # Before that day a new name had to be announced beforehand, so that no delay is measured for it.
    Parameter(
        value=30, start=date(2022, 4, 1), source="法27条6項「遅滞なく」(日数の定めはなく、事務の目安)", grade="K"
    ),
)
"""Calendar days within which a change that is to be announced without delay counts as announced in time."""

_BREACH_SINCE: Final = date(2022, 4, 1)

BREACH_FIRST_DAYS: Final = (
    Parameter(value=3, start=_BREACH_SINCE, source="規則8条1項「速やかに」(通則編3-5-3-3 概ね3~5日以内)", grade="K"),
)
BREACH_FIRST_LATEST_DAYS: Final = (
    Parameter(value=5, start=_BREACH_SINCE, source="規則8条1項「速やかに」(通則編3-5-3-3 概ね3~5日以内)", grade="K"),
)
"""Days within which a leak is reported first (速報), the day on which it was known being the first."""
BREACH_FINAL_DAYS: Final = (Parameter(value=30, start=_BREACH_SINCE, source="規則8条2項(30日以内)", grade="V"),)
BREACH_FINAL_WRONGFUL_DAYS: Final = (
    Parameter(value=60, start=_BREACH_SINCE, source="規則8条2項括弧書(7条3号は60日以内)", grade="V"),
)
"""The same for the final report (確報); the longer one where the purpose was, or may have been, wrongful."""
BREACH_MANY_PERSONS: Final = (
    Parameter(value=1_000, start=_BREACH_SINCE, source="規則7条4号(本人の数が千人を超える)", grade="V"),
)
"""A leak of more than so many persons' data is reported whatever its kind."""

FOLLOW_UP_DAYS: Final = {
    "correct": (
        Parameter(
            value=14, start=date(2022, 4, 1), source="法34条2項「遅滞なく」(日数の定めはなく、事務の目安)", grade="K"
        ),
    ),
    "stop_using": (
        Parameter(
            value=7, start=date(2022, 4, 1), source="法35条2項「遅滞なく」(日数の定めはなく、事務の目安)", grade="K"
        ),
    ),
    "delete": (
        Parameter(
            value=30, start=date(2022, 4, 1), source="法22条「遅滞なく消去」(日数の定めはなく、事務の目安)", grade="K"
        ),
    ),
}
"""Duty → calendar days within which a partner does what it is told to with data that it holds."""

ANSWER_DAYS: Final = (
    Parameter(
        value=14, start=date(2005, 4, 1), source="法32～35条「遅滞なく」(日数の定めはなく、事務の目安)", grade="K"
    ),
)
"""Calendar days, from the receipt at the office, within which a request of the person counts as answered without delay."""

COMPLAINT_DAYS: Final = (
    Parameter(
        value=14, start=date(2005, 4, 1), source="法40条1項「適切かつ迅速」(日数の定めはなく、事務の目安)", grade="K"
    ),
)
"""Calendar days, from the receipt at the office, within which a complaint counts as dealt with promptly."""


EMERGENCY_HOURS: Final = (
    Parameter(value=72, start=date(2022, 4, 1), source="法27条1項2号(時間の定めはなく、この仕組みの上限)", grade="K"),
)
"""Hours that an urgent provision may last at most; whoever needs longer asks again, or proposes a change."""

PROVISION_RECORD_YEARS: Final = (
    Parameter(value=3, start=date(2017, 5, 30), source="法29条2項、規則21条3号(契約書等で代える場合等は別)", grade="V"),
)
"""Years for which a record of a provision is kept, from the day of the provision; of a continuous one, from the last."""


def on(parameters: tuple[Parameter, ...], day: date) -> Parameter | None:
    """Return what holds on a day: the newest that has begun; None before the first."""
    begun = [one for one in parameters if one.start <= day]
    return max(begun, key=lambda one: one.start, default=None)


def days_after(parameters: tuple[Parameter, ...], day: date) -> date | None:
    """Return the last day that is in time, counted from what holds on `day`; None where nothing does."""
    found = on(parameters, day)
    return None if found is None else day + timedelta(days=found.value)
