"""The transfer log on PostgreSQL: any number of processes, one database; see gateway.ports.Log for the contract."""

from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from gateway.adapters.database import UNMIGRATED
from gateway.adapters.log.batch import effect_decoder, ms
from gateway.adapters.log.group_commit import GroupCommit
from gateway.adapters.log.postgres_writer import RESOLVE_S, SESSION, Writer
from gateway.core.state import Effect
from gateway.ports import Clock, Head, Submission, Unavailable, Verdict
from gateway.tlog.merkle import Frontier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class PostgresLog:
    """The Log port on PostgreSQL: one appender connection per co-op, a small pool for the rest."""

    def __init__(
        self, url: str, *, origin: Callable[[str], str], clock: Clock, pool: int = 4, resolve_s: float = RESOLVE_S
    ) -> None:
        self._dsn = url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self.refused: set[str] = set()
        """Co-ops whose log is not the one that was signed, as far as this process knows: nothing is appended to it."""
        self._origin = origin
        self._clock = clock
        self._size = pool
        self._resolve_s = resolve_s
        self._pool: asyncpg.Pool[Any] | None = None
        self._writers: dict[str, tuple[Writer, GroupCommit]] = {}

    async def append(self, coop: str, submission: Submission) -> Verdict:
        """Commit one entry."""
        if coop in self.refused:
            raise Unavailable(
                "the log is not the one that was signed: an older database, or another one (docs/operations.md)"
            )
        if coop not in self._writers:
            writer = Writer(self._dsn, origin=self._origin(coop), clock=self._clock, resolve_s=self._resolve_s)
            self._writers[coop] = writer, GroupCommit(writer.commit)
        return await self._writers[coop][1].append(submission)

    async def head(self, coop: str) -> Head:
        """Return the committed head."""
        async with self._reader() as db:
            row = await db.fetchrow(
                "SELECT next_index, frontier, gov_index FROM log_head WHERE origin = $1", self._origin(coop)
            )
        if row is None:
            return Head(next_index=0, gov=-1, frontier=Frontier())
        return Head(next_index=row[0], frontier=Frontier.from_bytes(row[1]), gov=row[2])

    async def effects(self, coop: str, after: int) -> tuple[int, list[tuple[int, Effect]]]:
        """Return the effects of governance entries after an index."""
        async with self._reader() as db, db.transaction(isolation="repeatable_read", readonly=True):
            gov = await db.fetchval("SELECT gov_index FROM log_head WHERE origin = $1", self._origin(coop))
            if gov is None or gov <= after:
                return (-1 if gov is None else gov), []
            rows = await db.fetch(
                "SELECT idx, body FROM log_effect WHERE origin = $1 AND idx > $2 ORDER BY idx, pos",
                self._origin(coop),
                after,
            )
        return gov, [(row["idx"], effect_decoder.decode(row["body"])) for row in rows]

    async def entries(self, coop: str, first: int, count: int) -> list[bytes]:
        """Return entries as stored."""
        async with self._reader() as db:
            rows = await db.fetch(
                "SELECT entry FROM log_entry WHERE origin = $1 AND idx >= $2 ORDER BY idx LIMIT $3",
                self._origin(coop),
                first,
                count,
            )
        return [row["entry"] for row in rows]

    async def of_kind(self, coop: str, kind: str) -> list[bytes]:
        """Return all entries of one kind."""
        async with self._reader() as db:
            # The second condition lets the partial index serve, whatever plan is kept.
            query = (
                "SELECT entry FROM log_entry WHERE origin = $1 AND kind = $2 "
                "AND kind NOT IN ('release', 'denial') ORDER BY idx"
            )
            rows = await db.fetch(query, self._origin(coop), kind)
        return [row["entry"] for row in rows]

    async def seen(self, keys: Sequence[tuple[bytes, datetime]]) -> list[bool]:
        """Record replay keys in a transaction of their own, all or none."""
        async with self._reader() as db:
            transaction = db.transaction()
            await transaction.start()
            try:
                # In sorted order, so that two processes given the same keys cannot wait for each other.
                rows = await db.fetch(
                    "INSERT INTO replay (h, expires_at) SELECT * FROM unnest($1::bytea[], $2::bigint[]) ORDER BY 1 "
                    "ON CONFLICT DO NOTHING RETURNING h",
                    [key for key, _ in keys],
                    [ms(expires) for _, expires in keys],
                )
            except BaseException:
                await transaction.rollback()
                raise
            fresh = {row["h"] for row in rows}
            known = [key not in fresh for key, _ in keys]
            await (transaction.rollback() if any(known) else transaction.commit())
        return known

    async def quota_used(self, coop: str, grant: str, day: str) -> int:
        """Return the members counted so far."""
        async with self._reader() as db:
            query = "SELECT members FROM quota WHERE origin = $1 AND grant_id = $2 AND day = $3"
            return int(await db.fetchval(query, self._origin(coop), grant, day) or 0)

    async def skew(self) -> float:
        """Return by how many seconds this process's clock differs from the server's."""
        async with self._reader() as db:
            theirs: datetime = await db.fetchval("SELECT clock_timestamp()")
        return abs((self._clock() - theirs).total_seconds())

    async def purge(self) -> None:
        """Forget replay keys that have expired by this process's clock and by the server's, which all processes share."""
        async with self._reader() as db:
            await db.execute(
                "DELETE FROM replay WHERE expires_at < least($1, extract(epoch FROM now()) * 1000)", ms(self._clock())
            )

    async def start(self) -> None:
        """Connect, and refuse a server that would lose what it confirmed. Raises Unavailable."""
        try:
            self._pool = await asyncpg.create_pool(
                self._dsn, min_size=1, max_size=self._size, server_settings=SESSION, timeout=5, command_timeout=6
            )
        except _FAULTS as fault:
            raise Unavailable(f"the database does not answer: {type(fault).__name__}") from None
        async with self._reader() as db:
            for setting in ("fsync", "full_page_writes"):
                if await db.fetchval(f"SHOW {setting}") != "on":
                    raise Unavailable(
                        f"PostgreSQL's `{setting}` is off; the log could lose what it confirmed. Turn it on"
                    )
            if await db.fetchval("SHOW lock_timeout") != SESSION["lock_timeout"]:
                raise Unavailable(
                    "session settings do not reach PostgreSQL; connect directly, not through a pooling proxy"
                )
            await db.fetchval("SELECT count(*) FROM log_head")

    async def close(self) -> None:
        """Finish what is queued, then disconnect."""
        for writer, group in self._writers.values():
            await group.settled()
            await writer.close()
        if self._pool is not None:
            # A server that answers no more ends nothing of ours: the connections are dropped then.
            with suppress(*_FAULTS):
                await self._pool.close()

    @asynccontextmanager
    async def _reader(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        if self._pool is None:
            raise Unavailable("the log is not started")
        try:
            async with self._pool.acquire(timeout=3) as connection:
                yield connection  # type: ignore[misc]  # the pool's proxy behaves as a connection
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            raise Unavailable(f"the database failed: {UNMIGRATED}") from None
        except _FAULTS as fault:
            raise Unavailable(f"the database failed: {type(fault).__name__}") from None
