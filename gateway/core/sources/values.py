"""How the values of a database or a file become what a row of a RowPlan may have, column by column.

Strict as the JSON service is: what cannot be read is refused by record, and nothing is repaired. A code stays the text it
is (leading zeros, half-width kana, 髙﨑𠮷, 外字), and a number never becomes one. Source: domain.md §4.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from gateway.core.policy import FieldType
from gateway.core.rows import Fact, RowPlan
from gateway.core.sources.days import day_of, instant_of
from gateway.core.sources.source_map import ValueForm

Reader = Callable[[Any], Any]
"""A text or driver's value → the value, or None where it is missing; raises ValueError, never with the value in it."""

PLAIN: Final = ValueForm()
"""How a column is written that `source.yaml` says nothing of."""
UNREADABLE: Final = object()
"""What stands for a value that could not be read: `RowPlan.take` refuses its record."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_BETWEEN = re.compile(r"(?<=[0-9])[-\u2010\u2011\u2212\uff0d \u3000]+(?=[0-9])")
"""Hyphens and spaces between digits, ASCII and full-width."""
_EXACT: Final = 2**53
"""From here on a float may stand for several whole numbers."""


def readers(plan: RowPlan) -> tuple[Reader, ...]:
    """Return how each column of a plan is read, in the order of its columns."""
    return tuple(reader_of(plan.types[column], plan.source.values.get(column, PLAIN)) for column in plan.columns)


def records(plan: RowPlan, read: Sequence[Reader], lines: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return what `plan.take` takes, of lines with a value for each of the plan's columns, in their order."""
    columns = plan.columns
    taken = []
    for line in lines:
        record = {}
        for column, reader, value in zip(columns, read, line, strict=True):
            try:
                record[column] = reader(value)
            except ValueError:
                record[column] = UNREADABLE
        taken.append(record)
    return taken


def reader_of(kind: FieldType | Fact, form: ValueForm = PLAIN) -> Reader:
    """Return how a column with a field of this type, or with this gate fact, is read."""
    match kind:
        case "date":
            return _missing(form, lambda value: day_of(value, form))
        case "as_of":
            return _missing(form, lambda value: instant_of(value, form))
        case "boolean":
            return _missing(form, _boolean(form))
        case "integer":
            return _missing(form, _integer)
        case "programmes" | "consents" | "stops":
            return _missing(form, _list(kind, form))
        case "acquired_under" if form.form != "iso":
            return _missing(form, lambda value: day_of(value, form).isoformat())
        case "acquired_under":
            plain = _text(form)
            return _missing(form, lambda value: value.isoformat() if type(value) is date else plain(value))
    return _missing(form, _text(form))


def stored_as(form: ValueForm, value: str) -> tuple[str, ...]:
    """Return every text of a column that is read as `value`."""
    mapped = tuple(text for text, code in form.codes.items() if code == value)
    texts = mapped if value in form.codes else (*mapped, value)
    return tuple(text for text in texts if text and text not in form.nulls)


def _missing(form: ValueForm, read: Reader) -> Reader:
    nulls = frozenset({"", *form.nulls})
    numbers = frozenset(form.nulls)

    def reader(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            return None if value in nulls else read(value)
        if numbers and isinstance(value, int | Decimal) and str(value) in numbers:
            return None
        return read(value)

    return reader


def _text(form: ValueForm) -> Reader:
    codes, digits = form.codes, form.digits

    def text(value: Any) -> str:
        if codes and isinstance(value, int):
            # A system may keep the code of a list as a number or as yes and no; then it is mapped, or it is refused.
            shown = str(value).lower()
            if shown not in codes:
                raise ValueError("a number that no code is given for")
            return codes[shown]
        if not isinstance(value, str):
            raise ValueError("no text")  # noqa: TRY004  # one kind of fault for whatever is not read
        if digits:
            value = _BETWEEN.sub("", value)
        return codes.get(value, value) if codes else value

    return text


def _boolean(form: ValueForm) -> Reader:
    said: dict[str, bool] = dict.fromkeys(form.true, True) | dict.fromkeys(form.false, False)
    texts = said or {"1": True, "0": False, "true": True, "false": False}

    def boolean(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        found = texts.get(str(value)) if isinstance(value, int | Decimal | str) else None
        if found is None:
            raise ValueError("neither yes nor no")
        return found

    return boolean


def _integer(value: Any) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    raise ValueError("no whole number")


def _list(kind: Fact, form: ValueForm) -> Reader:
    split = form.split if kind == "programmes" else None
    codes = form.codes

    def parts(value: Any) -> list[Any]:
        if split is not None:
            named = value.split(split) if isinstance(value, str) else value
            if not isinstance(named, list | tuple) or not all(isinstance(one, str) and one for one in named):
                raise ValueError("no list of ids")
            return [{"id": codes.get(one, one)} for one in named]
        if isinstance(value, str):
            try:
                value = msgspec.json.decode(value)
            except (msgspec.DecodeError, UnicodeError, RecursionError):  # the last: nested too deep
                raise ValueError("not JSON") from None
            if value is None:
                return None  # type: ignore[return-value]  # JSON's null is a missing value, as elsewhere
        if not isinstance(value, list | tuple):
            raise ValueError("no list")  # noqa: TRY004  # as above
        return list(value)

    return parts
