"""One SELECT per plan and shape of question: named members, or a page of a population in the order of their codes.

INVARIANT: a condition that cannot be asked of the view is no condition left out. A product class and a filter are asked
exactly or not at all; a population's conditions may be left to the gate, which makes them all again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    false,
    literal,
    or_,
    table,
    true,
)

from gateway.adapters.sources.sql_view import Column, View, column_of
from gateway.core.policy import Predicate
from gateway.core.rows import CODE, RowPlan
from gateway.core.sources.source_map import SqlView
from gateway.core.sources.values import PLAIN, Reader, reader_of, stored_as
from gateway.ports import Query, Unavailable

_WORDS = frozenset(
    {"code", "text", "enum", "digits", "jis_x0402", "phone", "email", "status", "subject", "acquired_under"}
)


_BEYOND: Final = 2**63
"""The first number that no database's whole numbers reach."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of database writes differently."""

    bytewise: str | None
    """The collation that orders by code point; None: trusted to the column, and checked page by page."""
    arrays: bool
    """Whether many codes are one parameter."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a question as SQL."""

    members: FromClause
    code: ColumnElement[Any]
    """In the order that pages have."""
    where: tuple[ColumnElement[bool], ...]
    narrowed: tuple["Narrowed", ...]


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """A column that product class or a filter narrows by: no member is given whose value is another."""

    column: str
    texts: frozenset[str]
    """Every text that has the meaning asked for."""
    reader: Reader
    wanted: str | bool
    """What the reader makes of each of them."""

    def met(self, value: object) -> bool:
        """Tell whether a value is what is wanted; one that cannot be read is not."""
        try:
            found = self.reader(value)
        except ValueError:
            return False
        return type(found) is type(self.wanted) and bool(found == self.wanted)


def sql_of(plan: RowPlan) -> SqlView:
    """Return where the database has the members. Raises Unavailable where source.yaml does not say."""
    if plan.source.sql is None:
        raise Unavailable("source.yaml has no `sql`: it does not say which view of the database has the members")
    return plan.source.sql


def members_of(sql: SqlView) -> FromClause:
    """Return the view, by a name of its own: a column that it lacks is then never taken for a text (SQLite)."""
    schema, _, name = sql.view.rpartition(".")
    return table(name, schema=schema or None).alias("m")


def named(members: FromClause, name: str) -> ColumnElement[Any]:
    """Return a column of the view."""
    found: ColumnElement[Any] = column(name, _selectable=members)
    return found


def asked(query: Query, view: View, marks: Marks) -> Asked:
    """Return the question as SQL, with parameters `codes`, or `after` and `limit`. Raises Unavailable."""
    plan = query.rows
    sql = sql_of(plan)
    members = members_of(sql)
    name = plan.column_of[CODE]
    found = column_of(view, name)
    # The blanks that fill a character(n) are no part of a code, and would be compared with one.
    code = cast(named(members, name), Text) if found.holds == "padded" else named(members, name)
    in_order = code if marks.bytewise is None or found.ordered else code.collate(marks.bytewise)
    # A collation may take "a1" and "A1" for the same; they are two members.
    exact = code if found.exact else in_order
    where: list[ColumnElement[bool]] = []
    if query.codes is None and query.after is None and found.holds == "any":
        # Numbers come before all texts: here they are seen, and refused, where after a text none would be.
        where.append(code != literal("", Text))
    elif query.codes is None:
        where.append(in_order > bindparam("after", type_=Text))
    elif marks.arrays:
        where.append(exact == any_(bindparam("codes", type_=ARRAY(Text))))
    else:
        where.append(code.in_(bindparam("codes", type_=Text, expanding=True)))
    narrowed = tuple(_narrowing(query, sql))
    where += [_among(members, one.column, column_of(view, one.column), one.texts, marks) for one in narrowed]
    where += [_holds(members, plan, view, one, marks) for one in query.population]
    return Asked(members=members, code=in_order, where=tuple(where), narrowed=narrowed)


def page_of(statement: Select[Any], parts: Asked, query: Query) -> Select[Any]:
    """Return a statement with the conditions of a question, and of a page the order and the number."""
    statement = statement.where(and_(*parts.where))
    if query.codes is not None:
        return statement
    return statement.order_by(parts.code).limit(bindparam("limit", type_=Integer))


def _narrowing(query: Query, sql: SqlView) -> Iterator[Narrowed]:
    values = query.rows.source.values
    if query.product is not None:
        name = sql.products.get(query.product)
        if name is None:
            raise Unavailable(
                f"source.yaml does not say which column tells the users of `{query.product}`: sql.products"
            )
        form = values.get(name, PLAIN)
        yes = frozenset(form.true or ("1", "true"))
        yield Narrowed(column=name, texts=yes, reader=reader_of("boolean", form), wanted=True)
    for filtered, wanted in sorted(query.filters.items()):
        name = sql.filters.get(filtered)
        if name is None:
            raise Unavailable(f"source.yaml does not say which column is filtered by `{filtered}`: sql.filters")
        form = values.get(name, PLAIN)
        texts = frozenset(stored_as(form, wanted))
        yield Narrowed(column=name, texts=texts, reader=reader_of("text", form), wanted=wanted)


def _among(members: FromClause, name: str, found: Column, texts: frozenset[str], marks: Marks) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the texts, as its type has them."""
    one, listed = named(members, name), sorted(texts)
    numbers = [number for text in listed if (number := _number(text)) is not None]
    match found.holds:
        case "boolean":
            if "true" not in texts:
                raise Unavailable(f"the column `{name}` holds yes and no, and source.yaml has other words for them")
            return one == true()
        case "whole" | "number":
            return _one_of(one, numbers, BigInteger, marks)
        case "text" | "padded":
            exact = one if found.exact or marks.bytewise is None else one.collate(marks.bytewise)
            return _one_of(exact, listed, Text, marks)
        case "any":
            return or_(one.in_(listed), one.in_(numbers))
    raise Unavailable(f"the column `{name}` holds nothing that members can be told apart by: cast it in the view")


def _holds(members: FromClause, plan: RowPlan, view: View, one: Predicate, marks: Marks) -> ColumnElement[bool]:
    """Return a condition of a population where the database can be trusted with it; otherwise the gate alone makes it."""
    name = plan.column_of.get(one.field, "")
    if name not in plan.columns or name in plan.source.values:
        return true()
    kind, found, value = plan.types[name], column_of(view, name), named(members, name)
    parts: list[ColumnElement[bool]] = []
    if kind in _WORDS and found.holds in {"text", "any"}:
        if one.among is not None:
            parts.append(_one_of(value, [text for text in one.among if isinstance(text, str)], Text, marks))
        if one.prefixes is not None:
            # LIKE is refused where a collation takes different texts for the same.
            exact = value if found.exact or marks.bytewise is None else value.collate(marks.bytewise)
            parts.append(or_(false(), *(exact.startswith(prefix, autoescape=True) for prefix in one.prefixes)))
        if marks.bytewise is not None:
            ordered = value if found.ordered else value.collate(marks.bytewise)
            parts += _between(ordered, one, Text, [bound for bound in _bounds(one) if isinstance(bound, str)])
    elif kind == "integer" and found.holds == "whole":
        if one.among is not None:
            numbers = [number for number in one.among if type(number) is int and _held(number)]
            parts.append(_one_of(value, numbers, BigInteger, marks))
        whole = [bound for bound in _bounds(one) if type(bound) is int]
        if all(map(_held, whole)):  # another is left to the gate
            parts += _between(value, one, BigInteger, whole)
    elif kind == "date" and found.holds == "day" and one.among is None and one.prefixes is None:
        days = {bound: _day(bound) for bound in _bounds(one)}
        if None not in days.values():
            if one.lowest is not None:
                parts.append(value >= bindparam(None, days[one.lowest], type_=Date))
            if one.highest is not None:
                parts.append(value <= bindparam(None, days[one.highest], type_=Date))
    elif kind == "boolean" and found.holds == "boolean" and one.among is not None:
        said = [truth for truth in one.among if isinstance(truth, bool)]
        parts.append(or_(false(), *(value == (true() if truth else false()) for truth in said)))
    return and_(true(), *parts)


def _one_of(value: ColumnElement[Any], among: Sequence[Any], kind: Any, marks: Marks) -> ColumnElement[bool]:
    if not among:
        return false()
    return value == any_(bindparam(None, list(among), type_=ARRAY(kind))) if marks.arrays else value.in_(among)


def _number(text: str) -> int | None:
    """Return the whole number that a text is, as a database may hold it; None where it is none, or beyond all of them."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_BEYOND)):
        return None
    number = int(text)
    return number if str(number) == text and _held(number) else None


def _held(number: int) -> bool:
    """Tell whether a column of whole numbers can hold this one, and the driver send it."""
    return -_BEYOND <= number < _BEYOND


def _bounds(one: Predicate) -> list[str | int]:
    return [bound for bound in (one.lowest, one.highest) if bound is not None]


def _between(value: ColumnElement[Any], one: Predicate, kind: Any, fitting: Sequence[Any]) -> list[ColumnElement[bool]]:
    if len(fitting) < len(_bounds(one)):
        # No value lies beyond a bound of another type.
        return [false()]
    parts: list[ColumnElement[bool]] = []
    if one.lowest is not None:
        parts.append(value >= literal(one.lowest, kind))
    if one.highest is not None:
        parts.append(value <= literal(one.highest, kind))
    return parts


def _day(bound: str | int) -> date | None:
    """Return a bound as a day; None for one that is only the beginning of one, which the gate can compare with."""
    try:
        return date.fromisoformat(bound) if isinstance(bound, str) and len(bound) == len("2026-11-22") else None
    except ValueError:
        return None


def shape_of(query: Query) -> tuple[Any, ...]:
    """Return what tells one SELECT from another, besides the plan."""
    return (
        query.codes is None,
        query.after is None,
        query.product,
        tuple(sorted(query.filters.items())),
        query.population,
    )


def parameters(query: Query, *, most: int) -> Mapping[str, Any]:
    """Return the parameters that change from question to question."""
    if query.codes is not None:
        return {"codes": query.codes}
    return {"after": query.after or "", "limit": most}
