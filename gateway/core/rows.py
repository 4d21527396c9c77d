"""Records as they come from a source: typed against the catalogue, each malformed one refused alone.

A RowPlan is compiled once per policy version and set of fields. Only asked fields, population fields and gate facts
are read; whatever else the source sends is dropped unseen.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec

from gateway.core.policy import Field, FieldType
from gateway.core.sources.source_map import SourceMap

Fact = Literal["status", "subject", "programmes", "acquired_under", "as_of", "consents", "stops"]
FACTS: tuple[Fact, ...] = get_args(Fact)
"""What gate 4 reads of a member besides the asked fields."""
CODE = "member_code"
"""The field that tells whose record it is."""
_DIGITS = re.compile(r"\^?\[0-9\]\{([1-9][0-9]?)\}\$?")
"""A pattern of so many digits, as catalogues write it."""
_UNASKED = "\x7f"
"""Begins what no source is asked and no source's column is called."""

Aware = Annotated[datetime, msgspec.Meta(tz=True)]
_T = TypeVar("_T")


class ProgrammeFact(msgspec.Struct, frozen=True, gc=False):
    """Enrolment in a programme; JST calendar days, both inclusive."""

    id: str
    start: date | None = msgspec.field(name="from", default=None)
    end: date | None = msgspec.field(name="to", default=None)


class ConsentFact(msgspec.Struct, frozen=True, kw_only=True):
    """A consent of the member; half-open instants."""

    id: str
    partner: str
    purpose: str
    fields: frozenset[str]
    start: Aware = msgspec.field(name="from")
    end: Aware | None = msgspec.field(name="to", default=None)


class StopFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stop the core system knows of; half-open instants."""

    kind: Literal["stop_use", "stop_provide", "marketing_stop", "protected"]
    partner: str | None = None
    purpose: str | None = None
    start: Aware = msgspec.field(name="from")
    end: Aware | None = msgspec.field(name="to", default=None)


_FACT_TYPES: dict[Fact, Any] = {
    "status": str | None,
    "subject": str | None,
    "programmes": tuple[ProgrammeFact, ...] | None,
    "acquired_under": str | None,
    "as_of": Aware | None,
    "consents": tuple[ConsentFact, ...] | None,
    "stops": tuple[StopFact, ...] | None,
}


def fact_of(name: Fact, value: object) -> Any:
    """Return what a JSON value is as a gate fact. Raises msgspec.ValidationError."""
    return msgspec.convert(value, _FACT_TYPES[name])


def fact_fits(name: Fact, value: object) -> bool:
    """Tell whether a JSON value is one that a gate fact may have."""
    try:
        fact_of(name, value)
    except msgspec.ValidationError:
        return False
    return True


_MALFORMED = (msgspec.ValidationError, UnicodeDecodeError)
"""What one record can be: of the wrong form, or in another encoding than UTF-8."""


NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What bytes from outside can be that are not the JSON they should be; the last: nested too deep to be read."""


class RowPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How one set of fields is asked of a source, and read from what it gives."""

    columns: tuple[str, ...]
    """The source's columns, sorted; the member code's column is among them."""
    column_of: Mapping[str, str]
    """Field or gate fact → the source's column."""
    source: SourceMap
    types: Mapping[str, FieldType | Fact]
    """Column → the type of the field in it, or which gate fact it is: what a text is to be read as."""
    row: type[msgspec.Struct]
    """A record, but for what `digits` must hold."""
    digits: tuple[Callable[[Any], str | None], ...]
    """The values of a row that are digits alone, each of a length of its own."""
    many: msgspec.json.Decoder[Any]
    one: msgspec.json.Decoder[Any]
    code_only: msgspec.json.Decoder[Any]

    def read(self, records: msgspec.Raw) -> tuple[list[Any], list[str | None]]:
        """Return (rows, codes of refused records) of a JSON array; a record without a readable code is refused as None.

        Rows have `code`, `fact_<name>` for every gate fact and `field_<name>` for every field read. Raises
        NOT_JSON where `records` is no JSON array at all.
        """
        refused: list[str | None] = []
        try:
            # The usual case costs one pass; only a batch with a malformed record is read again one by one.
            rows = self.many.decode(records)
        except _MALFORMED:
            rows, refused = _apart(msgspec.json.decode(records, type=list[msgspec.Raw]), self.one.decode, self._code)
        return self._told_apart(rows, refused)

    def take(self, records: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[str | None]]:
        """Return the same of records as Python values, by column: what a database or a file gives.

        A day may be a `date` or its ISO text, an instant an aware `datetime` or its text, as JSON would have it.
        """
        refused: list[str | None] = []
        try:
            rows = msgspec.convert(records, list[self.row])  # type: ignore[name-defined]  # made below
        except _MALFORMED:
            column = self.column_of[CODE]
            rows, refused = _apart(
                records,
                lambda record: msgspec.convert(record, self.row),
                lambda record: code if isinstance(code := record.get(column), str) else None,
            )
        return self._told_apart(rows, refused)

    def _told_apart(self, rows: list[Any], refused: list[str | None]) -> tuple[list[Any], list[str | None]]:
        """Return the rows that hold what they must, and who is refused.

        That a value is digits alone is looked at for all rows at once: a pattern for each would cost as much as all else that
        reading takes.
        """
        for value_of in self.digits:
            if not _are_digits(rows, value_of):
                refused += [row.code for row in rows if not _are_digits([row], value_of)]
                rows = [row for row in rows if _are_digits([row], value_of)]
        return _each_once(rows, refused)

    def _code(self, record: msgspec.Raw) -> str | None:
        try:
            code: str = self.code_only.decode(record).code
        except _MALFORMED:
            return None
        return code


def _apart(
    records: Iterable[_T], read: Callable[[_T], Any], code_of: Callable[[_T], str | None]
) -> tuple[list[Any], list[str | None]]:
    """Return the records that can be read, and the codes of those that can't."""
    rows: list[Any] = []
    refused: list[str | None] = []
    for record in records:
        try:
            rows.append(read(record))
        except _MALFORMED:
            refused.append(code_of(record))
    return rows, refused


def _are_digits(rows: Iterable[Any], value_of: Callable[[Any], str | None]) -> bool:
    joined = "".join(filter(None, map(value_of, rows)))
    return not joined or (joined.isascii() and joined.isdigit())


def _each_once(rows: list[Any], refused: list[str | None]) -> tuple[list[Any], list[str | None]]:
    if not refused and len({row.code for row in rows}) == len(rows):
        return rows, refused
    # Two records of one member, be one malformed: nobody can tell which is true.
    times = Counter([*(row.code for row in rows), *refused])
    broken = {*refused, *(code for code, number in times.items() if number > 1)} - {None}
    return [row for row in rows if row.code not in broken], [*[None] * refused.count(None), *broken]


def plan_rows(fields: Iterable[Field], source: SourceMap) -> RowPlan:
    """Compile the plan for reading `fields` and all gate facts of a record.

    The member code is read whether or not it is asked, to tell whose record it is. A fact that the source map has a
    constant for is not asked.
    """
    fields = tuple(fields)
    types: dict[str, FieldType | Fact] = {source.column(CODE): "code"}
    rename = {"code": source.column(CODE)}
    coded = next((one for one in fields if one.id == CODE), None)
    members: list[tuple[Any, ...]] = [("code", str if coded is None else _loose_type(coded))]
    digits = ["code"] if coded is not None and _length(coded) else []
    for fact in FACTS:
        constant = fact in source.constants
        default = fact_of(fact, source.constants[fact]) if constant else None
        members.append((f"fact_{fact}", _FACT_TYPES[fact], default))
        # A name that no source's column has: whatever it sends unasked, the constant stands.
        rename[f"fact_{fact}"] = f"{_UNASKED}{fact}" if constant else source.column(fact)
        if not constant:
            types[source.column(fact)] = fact
    for field in fields:
        if field.id == CODE:
            continue
        name = f"field_{field.id}"
        members.append((name, _loose_type(field)))
        rename[name] = source.column(field.id)
        types[source.column(field.id)] = field.type
        if _length(field):
            digits.append(name)
    silent = {"__repr__": lambda _: "<Row>"}  # a record does not print itself
    row = msgspec.defstruct("Row", members, rename=rename, kw_only=True, frozen=True, gc=False, namespace=silent)
    code_only = msgspec.defstruct("Code", [("code", str)], rename={"code": rename["code"]})
    return RowPlan(
        columns=tuple(sorted(column for column in rename.values() if not column.startswith(_UNASKED))),
        column_of={name.removeprefix("field_").removeprefix("fact_"): column for name, column in rename.items()}
        | {CODE: rename["code"]},
        source=source,
        types=types,
        row=row,
        digits=tuple(map(attrgetter, digits)),
        many=msgspec.json.Decoder(list[row]),  # type: ignore[valid-type]  # the struct is made here
        one=msgspec.json.Decoder(row),
        code_only=msgspec.json.Decoder(code_only),
    )


def _length(field: Field) -> int | None:
    """Return how many digits a value of the field is, None where it may be anything else."""
    if field.type in {"digits", "jis_x0402"}:
        return field.length
    digits = _DIGITS.fullmatch(field.pattern or "")
    return int(digits[1]) if digits and field.type not in {"boolean", "integer", "date", "enum"} else None


def _loose_type(field: Field) -> Any:
    """Return the type of a field's value; of one that is digits alone, only how many characters it has."""
    length = _length(field)
    if length is None:
        return field_type(field)
    kind: Any = Annotated[str, msgspec.Meta(min_length=length, max_length=length)]
    return kind | None if field.nullable else kind


def field_type(field: Field) -> Any:
    """Return the msgspec type that a source's value of this field must have."""
    kind: Any
    match field.type:
        case "boolean":
            kind = bool
        case "integer":
            kind = int
        case "date":
            kind = date
        case "enum":
            kind = Literal[field.codes]
        case "digits" | "jis_x0402":
            kind = Annotated[str, msgspec.Meta(pattern=rf"\A[0-9]{{{field.length}}}\Z")]
        case _:
            # \Z, since $ would let a trailing line feed through.
            pattern = None if field.pattern is None else rf"\A(?:{field.pattern.removeprefix('^').removesuffix('$')})\Z"
            kind = Annotated[str, msgspec.Meta(max_length=field.max_length, pattern=pattern)]
    return kind | None if field.nullable else kind
