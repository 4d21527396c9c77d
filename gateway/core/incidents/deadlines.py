"""When a leak is to be reported by: 速報 (Rule 8(1)) and 確報 (Rule 8(2)), counted from the day on which it was known.

The day on which any department knew is day 1, holidays count. The term of the 確報 ends on the next open day where it
would end on a day on which government offices are closed (domain.md §2.4). The 速報 is due 速やかに; the guideline's 3 to 5
days are a guide and no term, so they do not move: a report is taken on holidays too.
"""

from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from gateway.core.incidents.closed_days import BeyondTheTable, next_open
from gateway.core.legal_parameters import (
    BREACH_FINAL_DAYS,
    BREACH_FINAL_WRONGFUL_DAYS,
    BREACH_FIRST_DAYS,
    BREACH_FIRST_LATEST_DAYS,
    Parameter,
    on,
)

Name = Literal["first", "first_latest", "final"]
NAMES: Final[tuple[Name, ...]] = ("first", "first_latest", "final")


class NotCovered(ValueError):
    """On this day no such duty held, as far as the dated parameters know."""


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """A day by which something is to be reported; `due` is None where the table of holidays ends before it."""

    name: Name
    days: int
    """Counted with the day on which it was known as day 1."""
    raw: date
    """The last of these days."""
    due: date | None
    source: str
    grade: str


def last_day(known: date, days: int) -> date:
    """Return the last of so many days, the first of which is `known`."""
    return known + timedelta(days=days - 1)


def term(known: date, days: int) -> date:
    """Return the day on which a term of so many days ends. Raises BeyondTheTable."""
    return next_open(last_day(known, days))


def deadlines(known: date, *, wrongful: bool) -> tuple[Deadline, ...]:
    """Return when 速報 and 確報 are due; `wrongful`: it was, or may have been, done for a wrongful purpose (60 days).

    Raises NotCovered for a day before the duty to report began.
    """
    final = BREACH_FINAL_WRONGFUL_DAYS if wrongful else BREACH_FINAL_DAYS
    return (
        _guide("first", BREACH_FIRST_DAYS, known),
        _guide("first_latest", BREACH_FIRST_LATEST_DAYS, known),
        _term("final", final, known),
    )


def _guide(name: Name, parameters: tuple[Parameter, ...], known: date) -> Deadline:
    found = _found(parameters, known)
    raw = last_day(known, found.value)
    return Deadline(name=name, days=found.value, raw=raw, due=raw, source=found.source, grade=found.grade)


def _term(name: Name, parameters: tuple[Parameter, ...], known: date) -> Deadline:
    found = _found(parameters, known)
    try:
        due: date | None = term(known, found.value)
    except BeyondTheTable:
        due = None
    raw = last_day(known, found.value)
    return Deadline(name=name, days=found.value, raw=raw, due=due, source=found.source, grade=found.grade)


def _found(parameters: tuple[Parameter, ...], known: date) -> Parameter:
    found = on(parameters, known)
    if found is None:
        raise NotCovered(f"no duty to report is known for {known}")
    return found
