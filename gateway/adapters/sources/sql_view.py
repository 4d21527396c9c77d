"""What a database says of the view: which columns it has, what they hold, and how it compares their texts."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from gateway.core.policy import FieldType
from gateway.core.rows import Fact, RowPlan
from gateway.core.sources.source_map import ValueForm
from gateway.core.sources.values import PLAIN
from gateway.ports import Unavailable

Holds = Literal[
    "text", "padded", "boolean", "whole", "number", "day", "stamp", "instant", "json", "texts", "own", "any", "foreign"
]
"""What a column holds: `stamp` has no zone, `texts` is an array, `own` a type of the database's own making (an enum),
`any` whatever a row has (SQLite), `foreign` what no member's value is (bytes)."""

As = Literal["plain", "read"]
"""Whether a column's JSON is what the JSON service would answer, or is to be read as its form has it."""

_WORDS: Final[dict[Holds, As]] = {"text": "plain", "padded": "plain", "own": "read"}
_LISTS: Final[dict[Holds, As]] = {"json": "plain", "text": "read"}
_READ: Final[dict[FieldType | Fact, dict[Holds, As]]] = {
    "date": {"day": "plain", "stamp": "read", "text": "read", "whole": "read", "number": "read"},
    "as_of": {
        "instant": "plain", "stamp": "read", "day": "read", "text": "read", "whole": "read", "number": "read",
    },
    "boolean": {"boolean": "plain", "whole": "read", "number": "read", "text": "read", "padded": "read"},
    "integer": {"whole": "plain", "number": "read", "text": "read"},
    "programmes": _LISTS,
    "consents": _LISTS,
    "stops": _LISTS,
    "acquired_under": {**_WORDS, "day": "plain"},
}  # fmt: skip
"""Type of a field, or gate fact → what its column may hold; of any other type it is text."""
_CODED: Final[frozenset[Holds]] = frozenset({"whole", "boolean"})


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the view."""

    holds: Holds
    ordered: bool = True
    """Whether the database orders its texts as Python does, by code point."""
    exact: bool = True
    """Whether two texts are equal to the database only where they are the same."""


View = Mapping[str, Column]


def column_of(view: View, name: str) -> Column:
    """Return a column of the view. Raises Unavailable where there is none of this name."""
    found = view.get(name)
    if found is None:
        raise Unavailable(f"the view has no column `{name}`, or the gateway may not see it; source.yaml names it")
    return found


def ways(plan: RowPlan, view: View) -> dict[str, As]:
    """Return how each column of a plan is read from the database's JSON. Raises Unavailable where one cannot be."""
    return {name: _way(plan, name, column_of(view, name).holds) for name in plan.columns}


def _way(plan: RowPlan, name: str, holds: Holds) -> As:
    kind, form = plan.types[name], plan.source.values.get(name, PLAIN)
    way = _READ.get(kind, _WORDS).get(holds)
    if way is None and _mapped(kind, form, holds):
        way = "read"
    if way is None:
        raise Unavailable(
            f"the column `{name}` holds no {kind}: cast it in the view, or say in source.yaml how to read it"
        )
    return way if form == PLAIN else "read"


def _mapped(kind: FieldType | Fact, form: ValueForm, holds: Holds) -> bool:
    if kind == "programmes":
        return holds == "texts" and form.split is not None
    return kind not in _READ and bool(form.codes) and holds in _CODED
