"""Records as they come from a source: typed against the catalogue, each malformed one refused alone.

A RowPlan is compiled once per policy version and set of fields. Only asked fields, population fields and gate facts
are read; whatever else the source sends is dropped unseen.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from gateway.core.policy import Field, SourceMap

FACTS = ("status", "subject", "programmes", "acquired_under", "as_of", "consents", "stops")
"""What gate 4 reads of a member besides the asked fields."""

Aware = Annotated[datetime, msgspec.Meta(tz=True)]


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


_FACT_TYPES: dict[str, Any] = {
    "status": str | None,
    "subject": str | None,
    "programmes": tuple[ProgrammeFact, ...] | None,
    "acquired_under": str | None,
    "as_of": Aware | None,
    "consents": tuple[ConsentFact, ...] | None,
    "stops": tuple[StopFact, ...] | None,
}

_MALFORMED = (msgspec.ValidationError, UnicodeDecodeError)
"""What one record can be: of the wrong form, or in another encoding than UTF-8."""


class RowPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How one set of fields is asked of a source and read from its JSON."""

    columns: tuple[str, ...]
    """The source's columns, sorted; the member code's column is among them."""
    column_of: Mapping[str, str]
    """Field or gate fact → the source's column."""
    many: msgspec.json.Decoder[Any]
    one: msgspec.json.Decoder[Any]
    code_only: msgspec.json.Decoder[Any]

    def read(self, records: msgspec.Raw) -> tuple[list[Any], list[str | None]]:
        """Return (rows, codes of refused records); a record without a readable code is refused as None.

        Rows have `code`, `fact_<name>` for every gate fact and `field_<name>` for every field read. Raises
        msgspec.DecodeError where `records` is no JSON array at all.
        """
        rows: list[Any] = []
        refused: list[str | None] = []
        try:
            # The usual case costs one pass; only a batch with a malformed record is read again one by one.
            rows = self.many.decode(records)
        except _MALFORMED:
            for record in msgspec.json.decode(records, type=list[msgspec.Raw]):
                try:
                    rows.append(self.one.decode(record))
                except _MALFORMED:
                    refused.append(self._code(record))
        if not refused and len({row.code for row in rows}) == len(rows):
            return rows, refused
        # Two records of one member, be one malformed: nobody can tell which is true.
        times = Counter([*(row.code for row in rows), *refused])
        broken = {*refused, *(code for code, number in times.items() if number > 1)} - {None}
        return [row for row in rows if row.code not in broken], [*[None] * refused.count(None), *broken]

    def _code(self, record: msgspec.Raw) -> str | None:
        try:
            code: str = self.code_only.decode(record).code
        except _MALFORMED:
            return None
        return code


def plan_rows(fields: Iterable[Field], source: SourceMap, *, code_field: str = "member_code") -> RowPlan:
    """Compile the plan for reading `fields` and all gate facts of a record.

    The member code is read whether or not it is asked, to tell whose record it is.
    """
    rename = {"code": source.column(code_field)}
    fields = tuple(fields)
    code = next((field_type(field) for field in fields if field.id == code_field), str)
    members: list[tuple[Any, ...]] = [("code", code)]
    for fact in FACTS:
        members.append((f"fact_{fact}", _FACT_TYPES[fact], None))
        rename[f"fact_{fact}"] = source.column(fact)
    for field in fields:
        if field.id == code_field:
            continue
        members.append((f"field_{field.id}", field_type(field)))
        rename[f"field_{field.id}"] = source.column(field.id)
    silent = {"__repr__": lambda _: "<Row>"}  # a record does not print itself
    row = msgspec.defstruct("Row", members, rename=rename, kw_only=True, frozen=True, gc=False, namespace=silent)
    code_only = msgspec.defstruct("Code", [("code", str)], rename={"code": rename["code"]})
    return RowPlan(
        columns=tuple(sorted(rename.values())),
        column_of={name.removeprefix("field_").removeprefix("fact_"): column for name, column in rename.items()}
        | {code_field: rename["code"]},
        many=msgspec.json.Decoder(list[row]),  # type: ignore[valid-type]  # the struct is made here
        one=msgspec.json.Decoder(row),
        code_only=msgspec.json.Decoder(code_only),
    )


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
