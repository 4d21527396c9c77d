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


def on(parameters: tuple[Parameter, ...], day: date) -> Parameter | None:
    """Return what holds on a day: the newest that has begun; None before the first."""
    begun = [one for one in parameters if one.start <= day]
    return max(begun, key=lambda one: one.start, default=None)


def days_after(parameters: tuple[Parameter, ...], day: date) -> date | None:
    """Return the last day that is in time, counted from what holds on `day`; None where nothing does."""
    found = on(parameters, day)
    return None if found is None else day + timedelta(days=found.value)
