"""One SQLAlchemy engine for everything beside the commit point, on either database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.adapters.database import sqlite_path
from gateway.ports import Unavailable

_SESSION = {
    "application_name": "joint-use-gateway",
    "statement_timeout": "60s",
    "lock_timeout": "5s",
    "jit": "off",
    # The locks of a machine that is gone (the publisher's, the ordinals') are let go of within seconds, not hours.
    "tcp_user_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
}
_ANSWER_S = 65
"""Longer than any statement may take: a server that says nothing at all by then is gone."""
_BUSY_MS = 5_000


def engine_of(url: str) -> AsyncEngine:
    """Return the engine of a database; nothing connects before it is used. `dispose` it at the end."""
    path = sqlite_path(url)
    if path is None:
        return create_async_engine(
            url,
            pool_size=4,
            max_overflow=4,
            pool_timeout=5,
            connect_args={"server_settings": _SESSION, "timeout": 5, "command_timeout": _ANSWER_S},
        )
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


_readers: WeakKeyDictionary[AsyncEngine, dict[str, AsyncEngine]] = WeakKeyDictionary()
"""Engine → isolation level on PostgreSQL → the engine that reads so: to make one anew costs more than many a query."""


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection whose reads see one state of the database. Raises Unavailable."""
    async with _unavailable(_reading(engine, "REPEATABLE READ").begin()) as connection:
        yield connection


@asynccontextmanager
async def asking(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection for one SELECT: on PostgreSQL without the two round trips of a transaction. Raises Unavailable."""
    async with _unavailable(_reading(engine, "AUTOCOMMIT").begin()) as connection:
        yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection in a transaction that commits at the end, or not at all. Raises Unavailable."""
    async with _unavailable(engine.begin()) as connection:
        yield connection


def _reading(engine: AsyncEngine, level: str) -> AsyncEngine:
    readers = _readers.setdefault(engine, {})
    if level not in readers:
        on_either = "SERIALIZABLE" if engine.dialect.name == "sqlite" else level
        readers[level] = engine.execution_options(isolation_level=on_either, gateway_reads=True)
    return readers[level]


@asynccontextmanager
async def _unavailable(begun: Any) -> AsyncIterator[AsyncConnection]:
    try:
        async with begun as connection:
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as fault:
        # The driver's text may hold what was to be written.
        raise Unavailable(f"the database failed: {type(fault).__name__}") from None


def _prepare(connection: Any, _: object) -> None:
    # The driver's own BEGIN would come late and be DEFERRED: a writer would then fail where it should wait.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    reads = connection.get_execution_options().get("gateway_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
