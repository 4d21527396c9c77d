"""Row → released object: one key per asked field, transformed; null as null; a dropped field has no key."""

from collections.abc import Callable
from typing import Any

from gateway.core.days import Moment
from gateway.core.outcome import Permit
from gateway.core.transforms import bind

CODE = "member_code"

Project = Callable[[Any], dict[str, Any]]


def projection(permit: Permit, moment: Moment, pairwise: Callable[[str], str]) -> Project:
    """Return the function that makes what leaves of a member out of a row read by the permit's plan.

    `pairwise` is the partner's identifier of a member code.
    """
    if "age_band" in permit.fields.values():
        # Somebody's birthday: the bands are those of this JST day.
        moment.note(moment.midnight)
    plan = [
        (name, "code" if name == CODE else f"field_{name}", bind(transform, today=moment.today, pairwise=pairwise))
        for name, transform in permit.fields.items()
        if transform != "drop"
    ]

    def project(row: Any) -> dict[str, Any]:
        data = {}
        for name, attribute, change in plan:
            value = getattr(row, attribute)
            data[name] = value if change is None or value is None else change(value)
        return data

    return project
