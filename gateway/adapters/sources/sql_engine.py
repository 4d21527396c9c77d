"""Any other database that SQLAlchemy speaks to, through its driver in worker threads; values are read one by one."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, inspect, select, types
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError, TimeoutError as PoolTimeoutError
from sqlalchemy.sql import Select

from gateway.adapters.sources.sql_pages import Lost, page_end
from gateway.adapters.sources.sql_select import (
    Asked,
    Marks,
    asked,
    named,
    page_of,
    parameters,
    shape_of,
    sql_of,
)
from gateway.adapters.sources.sql_view import Column, Holds, View, column_of
from gateway.core.rows import CODE, RowPlan
from gateway.core.sources.source_map import SqlView
from gateway.core.sources.values import Reader, readers, records
from gateway.ports import Query, Records, Unavailable

_SIZES: Final = (1, 10, 100, 1_000)
"""So many codes a statement has room for: few texts of statements, whatever is asked."""
_MOST_KNOWN: Final = 1_000
_HOLDS: Final[tuple[tuple[type[Any], Holds], ...]] = (
    (types.Boolean, "boolean"),
    (types.Integer, "whole"),
    (types.Numeric, "number"),
    (types.Enum, "own"),
    (types.String, "text"),
)


class _Statement(msgspec.Struct, frozen=True, kw_only=True):
    plan: RowPlan
    """Kept, so that nothing else takes its identity."""
    select: Any
    parts: Asked
    readers: tuple[Reader, ...]


class _Running:
    """A question while a thread has it, so that it can be called off."""

    connection: Any = None
    called_off = False

    def call_off(self) -> None:
        """Tell the driver to end the question, where it can; otherwise its connection stays busy until it does."""
        self.called_off = True
        stop: Callable[[], object] | None = getattr(self.connection, "interrupt", None) or getattr(
            self.connection, "cancel", None
        )
        if stop is not None:
            stop()


class EngineDoor:
    """The view of a database, in as many threads as connections; raises Lost, TimeoutError and Unavailable."""

    def __init__(self, url: URL, *, timeout_s: float, connections: int) -> None:
        """Take where the database is; nothing connects before the first question. Raises ValueError."""
        self._engine = _engine(url, timeout_s=timeout_s, connections=connections)
        sqlite = self._engine.dialect.name == "sqlite"
        self._marks = Marks(bytewise="BINARY" if sqlite else None, arrays=False)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="source")
        self._views: dict[str, View] = {}
        self._statements: dict[tuple[Any, ...], _Statement] = {}

    async def read(self, query: Query) -> Records:
        """Return the records of one SELECT."""
        running = _Running()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, query, running)
        except asyncio.CancelledError:
            running.call_off()
            raise

    async def close(self) -> None:
        """Close the connections; a thread that still waits for its driver ends with it."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _read(self, query: Query, running: _Running) -> Records:
        try:
            with self._engine.connect() as connection:
                running.connection = connection.connection.dbapi_connection
                try:
                    return self._records(connection, query, running)
                finally:
                    running.connection = None
        except PoolTimeoutError:
            raise TimeoutError from None
        except SQLAlchemyError as fault:
            again = bool(self._statements) or (isinstance(fault, DBAPIError) and fault.connection_invalidated)
            self._views.clear()
            self._statements.clear()
            # SQLAlchemy's text and the driver's hold the statement, and may hold a value.
            text = f"the member system's database failed: {type(fault).__name__}"
            raise (Lost(text) if again else Unavailable(text)) from None

    def _records(self, connection: Connection, query: Query, running: _Running) -> Records:
        statement = self._statement(connection, query)
        if running.called_off:
            raise TimeoutError
        plan, parts = statement.plan, statement.parts
        given = dict(parameters(query, most=query.limit + 1))
        if query.codes is not None:
            given["codes"] = _padded(query.codes)
        found = [tuple(line) for line in connection.execute(statement.select, given)]
        following = None
        if query.codes is None:
            code = plan.column_of[CODE]
            place = plan.columns.index(code)
            kept, following = page_end(query, [line[place] for line in found], code=code)
            found = found[:kept]
        width = len(plan.columns)
        lines = [
            line[:width]
            for line in found
            if all(one.met(value) for one, value in zip(parts.narrowed, line[width:], strict=True))
        ]
        rows, refused = plan.take(records(plan, statement.readers, lines))
        return Records(rows=rows, refused=refused, next=following)

    def _statement(self, connection: Connection, query: Query) -> _Statement:
        key = (id(query.rows), *shape_of(query))
        found = self._statements.get(key)
        if found is None:
            sql = sql_of(query.rows)
            try:
                found = _made(query, self._views[sql.view], self._marks)
            except (Unavailable, KeyError):
                # Not looked at yet, or mended since: nobody need restart the gateway.
                found = _made(query, self._view(connection, sql), self._marks)
            if len(self._statements) >= _MOST_KNOWN:
                self._statements.clear()
            self._statements[key] = found
        return found

    def _view(self, connection: Connection, sql: SqlView) -> View:
        schema, _, name = sql.view.rpartition(".")
        try:
            told = inspect(connection).get_columns(name, schema=schema or None)
        except NoSuchTableError:
            self._views.clear()
            raise Unavailable(f"the database has no view `{sql.view}`, or the gateway may not see it") from None
        anything = connection.dialect.name == "sqlite"
        view: View = {
            str(one["name"]): Column(holds="any" if anything else _holds(one["type"]), ordered=not anything)
            for one in told
        }
        self._views[sql.view] = view
        return view


def _holds(kind: Any) -> Holds:
    return next((holds for one, holds in _HOLDS if isinstance(kind, one)), "own")


def _made(query: Query, view: View, marks: Marks) -> _Statement:
    plan = query.rows
    code = plan.column_of[CODE]
    if column_of(view, code).holds not in {"text", "own", "any"}:
        raise Unavailable(f"the view's column `{code}` holds no text: a code is text, with its zeros")
    for name in plan.columns:
        column_of(view, name)
    parts = asked(query, view, marks)
    shown = [named(parts.members, name) for name in (*plan.columns, *(one.column for one in parts.narrowed))]
    # One column may stand twice: what is answered, and what it is narrowed by.
    labelled = [value.label(f"c{place}") for place, value in enumerate(shown)]
    statement: Select[Any] = page_of(select(*labelled).select_from(parts.members), parts, query)
    return _Statement(plan=plan, select=statement, parts=parts, readers=readers(plan))


def _padded(codes: tuple[str, ...]) -> list[str]:
    """Return the codes, the last one again and again, so that they fill one of few statements."""
    size = next((size for size in _SIZES if len(codes) <= size), len(codes))
    return [*codes, *codes[-1:] * (size - len(codes))]


def _engine(url: URL, *, timeout_s: float, connections: int) -> Engine:
    pool: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_timeout": timeout_s}
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ValueError("a member system in SQLite is a file: sqlite:////path/of/members.db")
        # Never made where it is not, never written to; a view may still read beside a writer.
        place = f"file:{quote(str(Path(url.database).absolute()))}?mode=rw"
        engine = create_engine(
            "sqlite://",
            creator=lambda: _sqlite(place, timeout_s),
            poolclass=QueuePool,
            hide_parameters=True,
            **pool,
        )
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
        return engine
    if url.get_dialect().is_async:
        raise ValueError(f"the driver of `{url.drivername}` is asynchronous: name one that is not")
    options = {"postgresql_readonly": True} if url.get_backend_name() == "postgresql" else {}
    return create_engine(url, hide_parameters=True, execution_options=options, **pool)


def _sqlite(place: str, timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(place, uri=True, timeout=timeout_s, check_same_thread=False)
    connection.text_factory = _text
    return connection


def _text(data: bytes) -> str | bytes:
    """Return a text that SQLite holds; what is not UTF-8 stays bytes, so that one record alone is refused for it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
