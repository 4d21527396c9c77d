"""Row → released object: one key per asked field, transformed; null as null; a dropped field has no key."""

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from gateway.core.days import Moment
from gateway.core.outcome import Permit
from gateway.core.rows import CODE
from gateway.core.transforms import bind

Project = Callable[[Any], msgspec.Struct]


def projection(permit: Permit, moment: Moment, pairwise: Callable[[str], str]) -> Project:
    """Return the function that makes what leaves of a member out of a row read by the permit's plan.

    `pairwise` is the partner's identifier of a member code.
    """
    if "age_band" in permit.fields.values():
        # Somebody's birthday: the bands are those of this JST day.
        moment.note(moment.midnight)
    kept = {name: transform for name, transform in permit.fields.items() if transform != "drop"}
    attributes = ["code" if name == CODE else f"field_{name}" for name in kept]
    bound = [bind(transform, today=moment.today, pairwise=pairwise) for transform in kept.values()]
    changes = [(place, change) for place, change in enumerate(bound) if change is not None]
    released = _shape(tuple(kept))
    # Twice the code before them: of two attributes and more a tuple comes, whatever was asked.
    read: Callable[[Any], tuple[Any, ...]] = attrgetter("code", "code", *attributes)

    def project(row: Any) -> msgspec.Struct:
        _, _, *values = read(row)
        for place, change in changes:
            if values[place] is not None:
                values[place] = change(values[place])
        return released(*values)

    return project


@lru_cache(maxsize=1_024)
def _shape(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return the type of what leaves of a member: these keys, in this order. It encodes faster than a dict is made."""
    places = [f"place_{n}" for n in range(len(names))]
    return msgspec.defstruct(
        "Data",
        [(place, Any) for place in places],
        rename=dict(zip(places, names, strict=True)),
        namespace={"__repr__": lambda _: "<Data>"},
        frozen=True,
        gc=False,
    )
