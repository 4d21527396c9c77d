"""The commit point's transaction on PostgreSQL, on a connection of its own, and what losing that connection means."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import asyncpg

from gateway.adapters.log import changes, postgres_sql as sql
from gateway.adapters.log.batch import HeadRow, Settled, effect_encoder, ms, replay_rows, settle
from gateway.adapters.log.postgres_rows import write_arguments
from gateway.ports import Clock, Committed, Submission, Unavailable, Unchanged, Verdict
from gateway.tlog.merkle import Frontier

SESSION = {
    "application_name": "joint-use-gateway log",
    "synchronous_commit": "on",
    "lock_timeout": "3s",
    "statement_timeout": "5s",
    # A holder of the head's lock that stops (SIGSTOP, a lost network) is cut off by the server after this.
    "idle_in_transaction_session_timeout": "2s",
    "tcp_user_timeout": "5s",
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "jit": "off",
}
STATEMENT_S = 6.0
RESOLVE_S = 8.0
COUNTERS = 4_096
"""So many quotas are remembered at most; each day brings new ones."""

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidTransactionStateError,
    OSError,
    TimeoutError,
)
"""After one of these nobody here knows whether a COMMIT took place."""


class Writer:
    """Commits batches of one origin, one after another."""

    def __init__(self, dsn: str, *, origin: str, clock: Clock, resolve_s: float = RESOLVE_S) -> None:
        self._dsn = dsn
        self._origin = origin
        self._clock = clock
        self._resolve_s = resolve_s
        self._connection: asyncpg.Connection[Any] | None = None
        self._warned: list[str] = []
        self._committing = False
        self._last_first = -1
        self._last_root = b""
        self._last_size = 0
        self._own: HeadRow | None = None
        """The head as this process left it, while there is reason to believe that nobody has moved it."""
        self._used: dict[tuple[str, str], int] = {}
        """(grant, day) → members counted, as they are where the head is still `_own`."""

    async def commit(self, batch: list[Submission]) -> Sequence[Verdict | Unavailable]:
        """Commit a batch; a connection lost on the way is resolved before anything is answered."""
        try:
            return await self._outcome(batch)
        except BaseException:
            # Whatever it was: a transaction left open would take in the next batch's one statement, and then lose it.
            await self.close()
            raise

    async def close(self) -> None:
        """Drop the connection; the server rolls back what it had not committed."""
        connection, self._connection, self._own = self._connection, None, None
        if connection is not None:
            connection.terminate()

    async def _outcome(self, batch: list[Submission]) -> Sequence[Verdict | Unavailable]:
        try:
            return await self._first_attempt(batch)
        except _LOST:
            # Only a COMMIT on its way makes the outcome unknown.
            await self.close()
            return await self._resolve(batch)
        except asyncpg.PostgresError as fault:
            # The server refused and rolled back (a lock or statement time-out, a full disk): nothing was written.
            raise Unavailable(f"the database refused: {type(fault).__name__}") from None

    async def _first_attempt(self, batch: list[Submission]) -> list[Verdict]:
        """Attempt a batch; a connection lost before COMMIT was sent has written nothing, and a new one is tried once."""
        try:
            return await self._attempt(batch)
        except _LOST:
            if self._committing:
                raise
            await self.close()
        try:
            await self._open()
        except (*_LOST, asyncpg.PostgresError) as fault:
            raise Unavailable(f"the database does not answer: {type(fault).__name__}") from None
        return await self._attempt(batch)

    async def _open(self) -> "asyncpg.Connection[Any]":
        if self._connection is None:
            connection = await asyncpg.connect(
                self._dsn, server_settings=SESSION, timeout=5, command_timeout=STATEMENT_S, statement_cache_size=64
            )
            connection.add_log_listener(lambda _, message: self._warned.append(message.severity_en or ""))
            await connection.execute(sql.BEGIN_LOG, self._origin, Frontier().to_bytes())
            self._connection = connection
        return self._connection

    async def _attempt(self, batch: list[Submission]) -> list[Verdict]:
        self._committing = False
        verdicts = await self._at_once(batch)
        return await self._under_lock(batch) if verdicts is None else verdicts

    async def _at_once(self, batch: list[Submission]) -> list[Verdict] | None:
        """Commit a batch in one statement if nobody else has written since this process did.

        None, with nothing written, where that is not so, or where anything must be refused: what is refused is decided
        under the lock.
        """
        head, replay, counters = self._own, replay_rows(batch), _counters(batch)
        apart = any(s.effects or s.erase or s.unlink or s.alone or s.codes or s.walked for s in batch)
        if head is None or apart or not self._used.keys() >= counters:
            return None
        ts = head.timestamp(ms(self._clock()))
        done = settle(head, batch, ts=ts, fresh=replay, used={one: self._used[one] for one in counters})
        if len(done.accepted) < len(batch):
            return None
        db = await self._open()
        self._warned.clear()
        self._committing = True
        try:
            written = await db.fetchval(sql.WRITE, *write_arguments(self._origin, head, done, ts, replay))
        except asyncpg.UniqueViolationError:
            written = None
        if not written:
            self._own, self._committing = None, False
            return None
        self._committed(head, done, ts)
        return done.verdicts

    async def _under_lock(self, batch: list[Submission]) -> list[Verdict]:
        """Commit what stands of a batch, decided while the head's lock is held."""
        db = await self._open()
        await db.execute("BEGIN")
        replay = replay_rows(batch)
        govs = {s.gov for s in batch}
        asked = [gov for gov in govs if gov is not None]
        row = await db.fetchrow(
            sql.LOCK, self._origin, [*replay], [*replay.values()], asked, self._last_first, None in govs
        )
        assert row is not None
        head = HeadRow(
            next_index=row["next_index"],
            frontier=Frontier.from_bytes(row["frontier"]),
            gov=row["gov_index"],
            last_ts=row["last_ts"],
        )
        if head.next_index < self._last_size or (self._last_size and row["mine"] != self._last_root):
            raise Unavailable("the log is not the one this process has written to")
        unmoved = head.next_index == self._last_size
        ts = head.timestamp(ms(self._clock()))
        used = await self._counted(db, batch)
        done = settle(head, batch, ts=ts, fresh=row["fresh"] or (), used=used)
        if not done.accepted:
            await db.execute("ROLLBACK")
            return done.verdicts
        if done.unused:
            await db.execute(sql.UNUSED, done.unused)
        if not await self._change(db, done, ts):
            await db.execute("ROLLBACK")
            return [Unchanged()]
        await db.fetchval(sql.WRITE, *write_arguments(self._origin, head, done, ts, {}))
        effects = [
            (self._origin, idx, pos, effect_encoder.encode(effect))
            for idx, s in done.accepted
            for pos, effect in enumerate(s.effects)
        ]
        if effects:
            await db.executemany(sql.EFFECT, effects)
        codes = [(self._origin, idx, one.tag, one.code) for idx, s in done.accepted for one in s.codes]
        if codes:
            await db.executemany(sql.CODE, codes)
        walked = [(self._origin, *_walked(s), ts) for _, s in done.accepted if s.walked]
        if walked:
            await db.executemany(sql.WALKED, walked)
        for _, s in done.accepted:
            if s.erase:
                for statement in sql.ERASE:
                    await db.execute(statement, self._origin, *s.erase)
            if s.unlink:
                for statement in sql.FORGET:
                    await db.execute(statement, self._origin, s.unlink)
                await db.execute(sql.FORGET_WALKS, self._origin)
                await db.execute(sql.UNLINK, self._origin, s.unlink, os.urandom(32))
        self._warned.clear()
        self._committing = True
        await db.execute("COMMIT")
        self._used = (self._used if unmoved and len(self._used) < COUNTERS else {}) | used
        self._committed(head, done, ts, unmoved=unmoved)
        return done.verdicts

    async def _change(self, db: "asyncpg.Connection[Any]", done: Settled, ts: int) -> bool:
        """Change what the one entry of a batch changes besides the log; tell whether that was as it demands."""
        for idx, s in done.accepted:
            if s.events:
                told = await db.execute(sql.EVENTS, self._origin, idx, list(s.events))
                if told != f"INSERT 0 {len(s.events)}":
                    return False
            if s.change is None:
                continue
            for nth, (statement, values) in enumerate(
                changes.statements(s.change, origin=self._origin, idx=idx, now=ts)
            ):
                text, names = changes.numbered(statement)
                status = await db.execute(text, *(values[name] for name in names))
                if nth == 0 and not status.endswith(" 1"):
                    return False
        return True

    def _committed(self, head: HeadRow, done: Settled, ts: int, *, unmoved: bool = True) -> None:
        if "WARNING" in self._warned:
            # "might not have been replicated": the entry stands as authorised, and nothing is released on it.
            raise Unavailable("the commit may not have reached the standby")
        self._last_first, self._last_size, self._last_root = head.next_index, done.frontier.size, done.frontier.root()
        # Where others write too, the lock is taken at once: an attempt that must fail would only make them wait.
        self._own = done.head(ts) if unmoved else None
        self._used |= done.quotas

    async def _counted(self, db: "asyncpg.Connection[Any]", batch: list[Submission]) -> dict[tuple[str, str], int]:
        wanted = _counters(batch)
        if not wanted:
            return {}
        # A statement of its own: its snapshot must be younger than the head's lock.
        rows = await db.fetch(sql.QUOTAS, self._origin, [g for g, _ in wanted], [d for _, d in wanted])
        return dict.fromkeys(wanted, 0) | {(row["grant_id"], row["day"]): row["members"] for row in rows}

    async def _resolve(self, batch: list[Submission]) -> Sequence[Verdict | Unavailable]:
        """Find out what became of a batch whose connection was lost, then append again what was not committed.

        The head's lock comes first: once it is ours, the old transaction has ended one way or the other.
        """
        found = await self._found(batch)
        absent = [submission for submission in batch if submission.leaf not in found]
        again = iter(await self._again(absent))
        return [Committed(found[s.leaf]) if s.leaf in found else next(again) for s in batch]

    async def _found(self, batch: list[Submission]) -> dict[bytes, int]:
        leaves = [submission.leaf for submission in batch]
        clock = asyncio.get_running_loop().time
        until = clock() + self._resolve_s
        while True:
            try:
                async with asyncio.timeout_at(until):
                    db = await self._open()
                    await db.execute("BEGIN")
                    await db.fetchrow(sql.HOLD, self._origin)
                    rows = await db.fetch(sql.FIND, self._origin, self._last_size, leaves)
                    self._warned.clear()
                    await db.execute("COMMIT")
                break
            except (*_LOST, asyncpg.PostgresError) as fault:
                # Dropped, not rolled back: a server that is silent would not answer to that either.
                await self.close()
                if clock() >= until:
                    raise Unavailable(f"the outcome cannot be learned: {type(fault).__name__}") from None
                await asyncio.sleep(0.1)
        if "WARNING" in self._warned:
            # This COMMIT waits for the standby as the one in question did; cut short, neither may have reached it.
            raise Unavailable("the commit may not have reached the standby")
        return {row["leaf_hash"]: row["idx"] for row in rows}

    async def _again(self, absent: list[Submission]) -> Sequence[Verdict | Unavailable]:
        if not absent:
            return []
        try:
            return await self._attempt(absent)
        except (*_LOST, asyncpg.PostgresError, Unavailable) as fault:
            await self.close()
            return [Unavailable(f"the database failed twice: {type(fault).__name__}")] * len(absent)


def _walked(submission: Submission) -> tuple[str, int, bytes, bytes]:
    one = submission.walked
    assert one is not None
    return one.walk, one.nth, one.h, one.given


def _counters(batch: list[Submission]) -> set[tuple[str, str]]:
    return {(s.quota.grant, s.quota.day) for s in batch if s.quota}
