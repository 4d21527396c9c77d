"""A database with the side rows of very many transfers: made inside it, in one SQL for both, out of sets made once.

A transfer's index tells all about it: 1,000 pages are a pull, 20 streams pull a day, and they do so evenly.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import asyncpg

from bench.partner import PAGE
from bench.releases import ORIGIN, STREAMS, TRANSFER, partner_of, release_of
from gateway.adapters.database import migrate
from gateway.core.identity import Chunk
from gateway.tlog.entries import encode, instant
from tests.postgres import Server

BEGUN: Final = datetime(2023, 11, 21, 15, tzinfo=UTC)
"""Midnight in Japan."""
PULL: Final = 1_000
"""Transfers in which a stream pulls all members."""
PER_DAY: Final = STREAMS * PULL
_APART_MS: Final = 86_400_000 // PER_DAY
_AT_ONCE: Final = 200_000
"""Transfers in one statement."""

_SERIES: Final = (
    "WITH RECURSIVE series(n) AS (SELECT CAST($1 AS bigint) "
    "UNION ALL SELECT n + CAST($3 AS bigint) FROM series WHERE n + $3 < $2) "
)
_ELSEWHERE: Final = 10**9
_INDEX: Final = "transfer_chunk_range"


class Database(Protocol):
    """A connection to a migrated database of either kind."""

    name: str
    url: str

    @property
    def words(self) -> Mapping[str, str]:
        """How it says what the two say differently."""
        ...

    async def run(self, statement: str, *values: object) -> list[Any]:
        """Run one statement, durably at some time later, and return its rows."""
        ...

    async def fill(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run one statement for each row."""
        ...

    async def size(self, table: str) -> int:
        """Return the bytes of a table with its indexes."""
        ...

    async def settle(self) -> None:
        """Do what the database does by itself after so many rows, in time."""
        ...

    async def forget(self) -> None:
        """Drop what the operating system has in memory of the database's files."""
        ...


class Postgres:
    """A database of the benchmark's server."""

    name = "PostgreSQL"
    words: Mapping[str, str] = {
        "salt": "sha256(int8send({}))",
        "hex": "lpad(to_hex({}), 32, '0')",
        "time": """to_char(to_timestamp({} / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""",
        "entry": "convert_to({}, 'UTF8')",
        "definition": f"SELECT pg_get_indexdef('{_INDEX}'::regclass)",
        "bytes": "bytea",
    }

    def __init__(self, url: str, connection: "asyncpg.Connection[Any]", folder: Path) -> None:
        self.url = url
        self._connection = connection
        self._folder = folder

    async def run(self, statement: str, *values: object) -> list[Any]:
        return list(await self._connection.fetch(statement, *values))

    async def fill(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        await self._connection.executemany(statement, rows)

    async def size(self, table: str) -> int:
        return int((await self.run(f"SELECT pg_total_relation_size('{table}')"))[0][0])

    async def settle(self) -> None:
        await self.run("VACUUM (ANALYZE) transfer_chunk")
        await self.run("VACUUM (ANALYZE) log_entry")
        await self.run("VACUUM (ANALYZE) member_ordinal")

    async def forget(self) -> None:
        await self.run("CHECKPOINT")
        _forget(self._folder.glob("base/*/*"))


class Sqlite:
    """A file."""

    name = "SQLite"
    words: Mapping[str, str] = {
        "salt": "randomblob(32 + 0 * {})",
        "hex": "printf('%032x', {})",
        "time": "strftime('%Y-%m-%dT%H:%M:%fZ', {} / 1000.0, 'unixepoch')",
        "entry": "CAST({} AS BLOB)",
        "definition": f"SELECT sql FROM sqlite_master WHERE name = '{_INDEX}'",
        "bytes": "blob",
    }

    def __init__(self, url: str, connection: sqlite3.Connection, file: Path) -> None:
        self.url = url
        self._connection = connection
        self._file = file

    async def run(self, statement: str, *values: object) -> list[Any]:
        return self._connection.execute(statement, _named(values)).fetchall()

    async def fill(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        self._connection.executemany(statement, map(_named, rows))

    async def size(self, table: str) -> int:
        of = f"SELECT name FROM sqlite_master WHERE tbl_name = '{table}'"
        return int((await self.run(f"SELECT SUM(pgsize) FROM dbstat WHERE name IN ({of})"))[0][0])

    async def settle(self) -> None:
        """Nothing: it does nothing by itself."""

    async def forget(self) -> None:
        _forget([self._file])


def _named(values: Sequence[object]) -> dict[str, object]:
    return {str(number): value for number, value in enumerate(values, 1)}


def _forget(files: Iterable[Path]) -> None:
    for path in files:
        with suppress(FileNotFoundError), path.open("rb") as file:  # one that has just been dropped
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@asynccontextmanager
async def of_postgres(server: Server) -> AsyncIterator[Postgres]:
    """Give a fresh database of the server, and drop it at the end."""
    name = await server.make_database()
    connection = await asyncpg.connect(server.dsn(name))
    try:
        # What is made here can be made again.
        await connection.execute(
            "SET synchronous_commit = off; SET jit = off; ALTER TABLE transfer_chunk SET UNLOGGED; ALTER TABLE member_ordinal SET UNLOGGED"
        )
        await connection.execute("SET work_mem = '128MB'; SET maintenance_work_mem = '512MB'")
        yield Postgres(server.url(name), connection, server.folder)
    finally:
        await connection.close()
    await server.execute(f"DROP DATABASE {name}")


@asynccontextmanager
async def of_sqlite(folder: Path) -> AsyncIterator[Sqlite]:
    """Give a fresh database in a folder."""
    file = folder / "gateway.db"
    await migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        yield Sqlite(f"sqlite:///{file}", connection, file)


async def add_ordinals(into: Database, members: int, tags: dict[int, bytes]) -> None:
    """Number so many members, and in any case those of `tags`, by them."""
    await into.run(
        f"{_SERIES} INSERT INTO member_ordinal (origin, ordinal, tag) SELECT $4, n, {into.words['salt'].format('n')} FROM series",
        0, members, 1, ORIGIN,
    )  # fmt: skip
    kept = [(ORIGIN, ordinal) for ordinal in tags]
    await into.fill("DELETE FROM member_ordinal WHERE origin = $1 AND ordinal = $2", kept)
    given = [(ORIGIN, ordinal, tag) for ordinal, tag in tags.items()]
    await into.fill("INSERT INTO member_ordinal (origin, ordinal, tag) VALUES ($1, $2, $3)", given)


async def say_pages(into: Database, pages: Sequence[Sequence[Chunk]]) -> None:
    """Say of whom the transfers are: of these, one after another, again and again."""
    columns = f"n integer, chunk_no integer, lo bigint, hi bigint, container {into.words['bytes']}"
    await into.run(f"CREATE TEMPORARY TABLE page ({columns})")
    rows = ((n, one.number, one.lo, one.hi, one.container) for n, page in enumerate(pages) for one in page)
    await into.fill("INSERT INTO page VALUES ($1, $2, $3, $4, $5)", rows)


async def add_chunks(into: Database, first: int, last: int, told: Callable[[int], None]) -> None:
    """Write the side rows of the transfers from `first` up to `last`; their index afterwards."""
    if first >= last:
        return
    [[index]] = await into.run(into.words["definition"])
    [[pages]] = await into.run("SELECT max(n) + 1 FROM page")
    await into.run(f"DROP INDEX {_INDEX}")
    for begin in range(first, last, _AT_ONCE):
        end = min(begin + _AT_ONCE, last)
        await into.run(
            f"{_SERIES} INSERT INTO transfer_chunk (origin, idx, chunk_no, lo, hi, salt, container) "
            f"SELECT $4, series.n + page.n, chunk_no, lo, hi, {into.words['salt'].format('series.n')}, container "
            "FROM series CROSS JOIN page ORDER BY series.n, page.n",
            begin, end, pages, ORIGIN,
        )  # fmt: skip
        told(end)
    await into.run(index)


async def add_entries(into: Database, first: int, last: int, *, step: int = 1, template: bytes | None = None) -> None:
    """Write the entries of the transfers from `first` up to `last`, each or each so many; pages, or as `template` says."""
    if first >= last:
        return
    words, at = into.words, BEGUN
    said = (template or encode(release_of(0, at, gov=STREAMS, key="K" * 43))).decode()
    stream = f"(n / {PULL}) % {STREAMS}"
    partner = f"'{partner_of(0)[:-2]}' || substr(CAST(100 + {stream} AS text), 2)"
    ms = f"(CAST({int(at.timestamp() * 1000)} AS bigint) + n * {_APART_MS})"
    text = f"replace(replace(replace($5, '{TRANSFER}', id), '{instant(at)}', time), '{partner_of(0)}', partner)"
    await into.run(
        f"{_SERIES}, made AS (SELECT n, {words['hex'].format('n')} AS id, {partner} AS partner, {ms} AS ms, "
        f"{words['time'].format(ms)} AS time FROM series) "
        "INSERT INTO log_entry (origin, idx, leaf_hash, entry, kind, transfer_id, partner, purpose, ts) "
        f"SELECT $4, n, {words['salt'].format('n')}, {words['entry'].format(text)}, 'release', id, partner, 'P4', ms FROM made",
        first, last, step, ORIGIN, said,
    )  # fmt: skip


async def add_subjects(into: Database, transfers: int) -> None:
    """Write the side rows of so many pages as if each member had one of its own."""
    salt = into.words["salt"].format("n")
    await into.run(
        f"{_SERIES} INSERT INTO log_subject (origin, idx, pos, tag, salt) SELECT $4, n / {PAGE}, n % {PAGE}, {salt}, {salt} FROM series",
        _ELSEWHERE * PAGE, (_ELSEWHERE + transfers) * PAGE, 1, f"{ORIGIN}-other",
    )  # fmt: skip


def moment_of(index: int) -> datetime:
    """Return when a transfer was decided."""
    return BEGUN + timedelta(milliseconds=index * _APART_MS)
