"""The enumeration budget (照会予算): how many of the members it asks for a partner's system may not know.

Asking for codes that are not available, of members whom the partner does not hold, is how somebody would try out who is
a member. Counts alone are judged here, of one client on one JST day; who is meant by them stays outside.
"""

from datetime import date
from typing import Final, Literal

from gateway.core.detection.thresholds import threshold
from gateway.core.reasons import reason

Verdict = Literal["none", "alert", "stop"]
"""`alert`: both sides are told; `stop`: they are told, and requests that name members wait for the next day."""
ORDER: Final[tuple[Verdict, ...]] = ("none", "alert", "stop")

TOLD: Final[dict[Verdict, str]] = {
    "stop": reason("request", "members", "enumeration_stop"),
    "alert": reason("request", "members", "enumeration_alert"),
}
"""Verdict → the reason by which the log tells it, the weightier first."""

RECONCILIATION_DAYS: Final = 14
"""An approved window in which a partner compares its whole list with the co-op's is no longer than so many days."""


def verdict(*, asked: int, unknown: int, day: date) -> Verdict:
    """Return what follows from so many persons asked for on a day, `unknown` of them neither available nor held."""
    if asked < threshold("enumeration_least", day).value:
        return "none"
    if 100 * unknown >= asked * threshold("enumeration_stop", day).value:
        return "stop"
    return "alert" if 100 * unknown >= asked * threshold("enumeration_alert", day).value else "none"


def weightier(one: Verdict, other: Verdict) -> Verdict:
    """Return the one of two verdicts that weighs more: what was told on a day stands until its end."""
    return max(one, other, key=ORDER.index)
