"""PostgreSQL as a member system: the database makes a page's JSON, and it is read as what the JSON service answers.

So the gateway touches no single value on the usual way: one statement, one answer of bytes. Only a column that
`source.yaml` has a form for, or whose type JSON writes otherwise, is read value by value.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec
from sqlalchemy import ColumnElement, Text, cast, func, literal_column, select, table
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.engine import URL

from gateway.adapters.sources.sql_lines import Lines
from gateway.adapters.sources.sql_pages import Lost, page_end
from gateway.adapters.sources.sql_select import Asked, Marks, asked, named, page_of, parameters, shape_of, sql_of
from gateway.adapters.sources.sql_view import Column, Holds, View, ways
from gateway.core.rows import CODE, NOT_JSON, RowPlan
from gateway.core.sources.source_map import SqlView
from gateway.core.sources.values import UNREADABLE, Reader, readers
from gateway.ports import Query, Records, Unavailable

MARKS: Final = Marks(bytewise="C", arrays=True)
_DIALECT: Final = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap
_BETWEEN: Final = b"\x1e"
"""Between two records: a character that JSON never holds bare."""
_MOST_KNOWN: Final = 1_000
"""So many statements are kept; each is small, and a policy has few plans."""

_TYPES: Final[dict[int, Holds]] = {
    16: "boolean",
    **dict.fromkeys((20, 21, 23), "whole"),
    **dict.fromkeys((1700, 700, 701), "number"),
    **dict.fromkeys((25, 1043, 19), "text"),
    1042: "padded",
    1082: "day",
    1114: "stamp",
    1184: "instant",
    **dict.fromkeys((114, 3802), "json"),
    **dict.fromkeys((1009, 1015), "texts"),
}
_FIRST_OWN: Final = 16_384
"""From here on types are of the database's own making."""

_COLUMNS: Final = """
    SELECT a.attname AS name, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END AS type,
           c.collname AS collation, c.collisdeterministic AS exact, d.datcollate AS usual,
           to_jsonb(d) ->> 'datlocprovider' AS provider
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
    LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
    WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
"""
_BYTEWISE: Final = frozenset({"C", "POSIX", "ucs_basic", "pg_c_utf8", "C.UTF-8", "C.utf8"})

_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What is left of a connection that was cut in the middle of something.
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
)


class _Statement(msgspec.Struct, frozen=True, kw_only=True):
    plan: RowPlan
    """Kept, so that nothing else takes its identity."""
    view: View
    """What it was made for."""
    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    read: Mapping[str, Reader] | None
    """Column → how its JSON is read; None where the records are read as they are."""


class PostgresDoor:
    """The view of a PostgreSQL database, read only; raises Lost, TimeoutError, Unavailable and PostgresError."""

    def __init__(self, url: URL, *, timeout_s: float, connections: int) -> None:
        """Take where the database is; nothing connects before the first question."""
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        session = {
            "application_name": "joint-use-gateway source",
            "default_transaction_read_only": "on",
            "statement_timeout": f"{int(timeout_s * 1_000)}ms",
            "TimeZone": "UTC",
            "jit": "off",
        }
        self._lines = Lines(dsn, session=session, most=connections, timeout_s=timeout_s)
        self._views: dict[str, View] = {}
        self._statements: dict[tuple[Any, ...], _Statement] = {}

    async def read(self, query: Query) -> Records:
        """Return the records of one SELECT, which is one transaction."""
        try:
            line = await self._lines.take()
            try:
                statement = await self._statement(line, query)
                given = {**statement.fixed, **parameters(query, most=query.limit + 1)}
                (row,) = await line.fetch(statement.text, *[given[name] for name in statement.names])
                try:
                    found = _records(query, statement, row["codes"] or [], row["records"] or b"")
                except Unavailable:
                    # Codes in another order, where their column has another collation by now.
                    await self._unchanged(line, statement)
                    raise
                if found.refused:
                    # A column of another type makes every value of it unreadable, and no error of the server's.
                    await self._unchanged(line, statement)
            except (asyncpg.PostgresError, Unavailable, Lost):
                # The server has answered: nothing is under way.
                self._lines.put(line)
                raise
            except BaseException:
                self._lines.end(line)
                raise
            self._lines.put(line)
        except (asyncpg.QueryCanceledError, TimeoutError):
            raise TimeoutError from None
        except _LOST as fault:
            self._forget()
            raise Lost(f"the member system's database cannot be reached: {type(fault).__name__}") from None
        except asyncpg.SyntaxOrAccessError as fault:
            # The view is no longer what it was: looked at anew, it says what it lacks.
            self._forget()
            raise Lost(f"the member system's database refused the question: {type(fault).__name__}") from None
        except asyncpg.PostgresError as fault:
            # The server's text may hold a value.
            raise Unavailable(f"the member system's database refused the question: {type(fault).__name__}") from None
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._lines.close()

    def _forget(self) -> None:
        self._views.clear()
        self._statements.clear()
        self._lines.drop()

    async def _statement(self, connection: Any, query: Query) -> _Statement:
        key = (id(query.rows), *shape_of(query))
        found = self._statements.get(key)
        if found is None:
            sql = sql_of(query.rows)
            try:
                found = _made(query, self._views[sql.view])
            except (Unavailable, KeyError):
                # Not looked at yet, or mended since: nobody need restart the gateway.
                found = _made(query, await self._view(connection, sql))
            if len(self._statements) >= _MOST_KNOWN:
                self._statements.clear()
            self._statements[key] = found
        return found

    async def _unchanged(self, connection: Any, statement: _Statement) -> None:
        """Raise Lost where the view is no longer what a statement was made for: it may be asked again, by another."""
        if await self._view(connection, sql_of(statement.plan)) != statement.view:
            self._statements.clear()
            raise Lost("the view of the member system's database has changed")

    async def _view(self, connection: Any, sql: SqlView) -> View:
        schema, _, name = sql.view.rpartition(".")
        quoted = _DIALECT.identifier_preparer.format_table(table(name, schema=schema or None))
        view: View = {row["name"]: _column(row) for row in await connection.fetch(_COLUMNS, quoted)}
        if not view:
            self._views.clear()
            raise Unavailable(f"the database has no view `{sql.view}`, or the gateway may not see it")
        self._views[sql.view] = view
        return view


def _column(row: Any) -> Column:
    kind = row["type"]
    holds: Holds = "own" if kind >= _FIRST_OWN else _TYPES.get(kind, "foreign")
    usual = row["collation"] == "default" and row["provider"] != "i"
    collation = row["usual"] if usual else row["collation"]
    return Column(holds=holds, ordered=collation in _BYTEWISE, exact=row["exact"] is not False)


def _made(query: Query, view: View) -> _Statement:
    plan = query.rows
    how = ways(plan, view)
    parts = asked(query, view, MARKS)
    shown = [_shown(parts, name, view[name], code=plan.column_of[CODE]) for name in plan.columns]
    inner = page_of(select(*shown).select_from(parts.members), parts, query).subquery("r")
    records = func.string_agg(cast(func.row_to_json(literal_column("r")), Text), literal_column(r"E'\x1e'"))
    statement = select(
        func.array_agg(inner.c[plan.column_of[CODE]]).label("codes"),
        func.convert_to(records, literal_column("'UTF8'")).label("records"),
    ).select_from(inner)
    compiled = statement.compile(dialect=_DIALECT)
    value_by_value = {
        name: reader for name, reader in zip(plan.columns, readers(plan), strict=True) if how[name] == "read"
    }
    return _Statement(
        plan=plan,
        view=view,
        text=str(compiled),
        names=tuple(compiled.positiontup or ()),
        fixed=dict(compiled.params),
        read=value_by_value or None,
    )


def _shown(parts: Asked, name: str, found: Column, *, code: str) -> ColumnElement[Any]:
    value = named(parts.members, name)
    if found.holds == "padded":
        # The blanks that fill a character(n) are no part of its value.
        value = cast(value, Text)
    elif found.holds != "text" or name == code:
        return value.label(name)
    # Typed, so that a column that has become bytes since the view was looked at is an error and no text.
    return value.label(name) if name == code else func.nullif(value, literal_column("''::text")).label(name)


def _records(query: Query, statement: _Statement, codes: Sequence[str | None], records: bytes) -> Records:
    following = None
    if query.codes is None:
        kept, following = page_end(query, codes, code=statement.plan.column_of[CODE])
        if kept < len(codes):
            records = records[: records.rfind(_BETWEEN)]
    raw = msgspec.Raw(b"[%b]" % records.replace(_BETWEEN, b","))
    try:
        if statement.read is None:
            rows, refused = statement.plan.read(raw)
            return Records(rows=rows, refused=refused, raw=raw, next=following)
        rows, refused = statement.plan.take(_read(msgspec.json.decode(raw), statement.read))
    except NOT_JSON:
        raise Unavailable("the database's records are not the JSON they should be") from None
    return Records(rows=rows, refused=refused, next=following)


def _read(found: list[dict[str, Any]], read: Mapping[str, Reader]) -> list[dict[str, Any]]:
    for record in found:
        for name, reader in read.items():
            try:
                record[name] = reader(record[name])
            except ValueError:
                record[name] = UNREADABLE
    return found
