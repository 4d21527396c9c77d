"""Which members a grant covers: a list of conditions, all of which must hold; null fails; no expressions."""

from collections.abc import Callable
from datetime import date
from typing import Any

from gateway.core.policy import Predicate


def predicate(condition: Predicate) -> Callable[[Any], bool]:
    """Return the test a condition makes of one value; a null value, or one of another type, fails it."""
    if condition == Predicate(field=condition.field, prefixes=condition.prefixes) and condition.prefixes is not None:
        beginnings = condition.prefixes
        return lambda value: isinstance(value, str) and value.startswith(beginnings)  # much the most frequent one
    bounded = condition.lowest is not None or condition.highest is not None

    def holds(value: Any) -> bool:
        if value is None:
            return False
        if isinstance(value, date):
            value = value.isoformat()
        if condition.among is not None and not any(
            value == one and type(value) is type(one) for one in condition.among
        ):
            return False
        if condition.prefixes is not None and not (isinstance(value, str) and value.startswith(condition.prefixes)):
            return False
        return not bounded or _between(value, condition.lowest, condition.highest)

    return holds


def _between(value: Any, lowest: str | int | None, highest: str | int | None) -> bool:
    for bound in (lowest, highest):
        if bound is not None and type(bound) is not type(value):
            return False
    return (lowest is None or lowest <= value) and (highest is None or value <= highest)
