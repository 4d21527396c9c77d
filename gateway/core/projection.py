"""Row → released object: one key per asked field, transformed; null as null; a dropped field has no key."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from gateway.core.days import Moment
from gateway.core.outcome import Permit
from gateway.core.rows import CODE
from gateway.core.transforms import Change, bind

Project = Callable[[Sequence[Any]], list[msgspec.Struct]]


def projection(permit: Permit, moment: Moment, pairwise: Callable[[str], str]) -> Project:
    """Return the function that makes what leaves of members out of rows read by the permit's plan.

    `pairwise` is the partner's identifier of a member code.
    """
    if "age_band" in permit.fields.values():
        # Somebody's birthday: the bands are those of this JST day.
        moment.note(moment.midnight)
    kept = {name: transform for name, transform in permit.fields.items() if transform != "drop"}
    columns = [
        (
            attrgetter("code" if name == CODE else f"field_{name}"),
            bind(transform, today=moment.today, pairwise=pairwise),
        )
        for name, transform in kept.items()
    ]
    released = _shape(tuple(kept))

    def project(rows: Sequence[Any]) -> list[msgspec.Struct]:
        if not columns:
            return [released() for _ in rows]
        # By columns: what is done to each row is then done where no line of Python is.
        return [*map(released, *(_column(rows, value_of, change) for value_of, change in columns))]

    return project


def _column(rows: Sequence[Any], value_of: Callable[[Any], Any], change: Change | None) -> Iterable[Any]:
    values = map(value_of, rows)
    return values if change is None else [None if value is None else change(value) for value in values]


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
