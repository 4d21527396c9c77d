"""When a contact desk is open, as the notice publishes it: days of the week and hours of Japan (K-R2).

Holidays are no matter of the notice: a desk that publishes 月~土 is taken to be open on every Monday to Saturday.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Final

import msgspec

from gateway.core.days import JST

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """Days of the week, 0 for Monday, and the hours of each: [opens, closes)."""

    days: frozenset[int]
    opens: time
    closes: time


def opening(days: Collection[str], opens: str, closes: str) -> Opening | None:
    """Return the hours that a notice publishes (`mon`…, `09:30`); None where they cannot be read."""
    try:
        made = Opening(
            days=frozenset(WEEKDAYS.index(day) for day in days),
            opens=time.fromisoformat(opens),
            closes=time.fromisoformat(closes),
        )
    except ValueError:
        return None
    return made if made.days and made.opens < made.closes else None


def is_open(hours: Opening, at: datetime) -> bool:
    """Tell whether the desk is open at an instant."""
    local = at.astimezone(JST)
    return local.weekday() in hours.days and hours.opens <= local.time() < hours.closes


def next_opening(hours: Opening, at: datetime) -> datetime | None:
    """Return when the desk opens next; None while it is open."""
    if is_open(hours, at):
        return None
    local = at.astimezone(JST)
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        opens = datetime.combine(day, hours.opens, JST)
        if day.weekday() in hours.days and opens > local:
            return opens
    raise AssertionError("a desk that opens on some day opens within a week")
