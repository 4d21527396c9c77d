"""The transfer log on SQLite: WAL, `synchronous=FULL`, every write BEGIN IMMEDIATE, one writer thread a process."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gateway.adapters.database import UNMIGRATED
from gateway.adapters.log import changes
from gateway.adapters.log.batch import (
    HeadRow,
    Settled,
    effect_decoder,
    effect_encoder,
    ms,
    replay_rows,
    settle,
)
from gateway.adapters.log.group_commit import GroupCommit
from gateway.core.state import Effect
from gateway.ports import Clock, Head, Submission, Unavailable, Unchanged, Verdict
from gateway.tlog.merkle import Frontier

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_MS = 5_000
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph", "afs"})
_T = TypeVar("_T")


def connect(path: Path) -> sqlite3.Connection:
    """Open a database file as the log needs it. Raises Unavailable where its durability cannot be had."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
        raise Unavailable("SQLite cannot use a write-ahead log here")
    connection.execute("PRAGMA synchronous=FULL")
    if connection.execute("PRAGMA synchronous").fetchone()[0] < 2:
        raise Unavailable("SQLite's synchronous setting is below FULL")
    return connection


def refuse_network_file_system(path: Path, mounts: str) -> None:
    """Raise Unavailable where the file's mount, by a `/proc/mounts` text, is a network file system: locks lie there."""
    lines = (line.split(" ") for line in mounts.splitlines())
    best = max(
        ((line[1], line[2]) for line in lines if len(line) > 2 and path.resolve().is_relative_to(line[1])),
        key=lambda mount: len(mount[0]),
        default=("/", ""),
    )
    if best[1] in _NETWORK:
        raise Unavailable(f"SQLite on the network file system `{best[1]}` at `{best[0]}` is refused; use a local disk")


class SqliteLog:
    """The Log port on one SQLite file; see gateway.ports.Log for the contract."""

    def __init__(self, path: Path, *, origin: Callable[[str], str], clock: Clock) -> None:
        mounts = Path("/proc/mounts")
        if mounts.exists():
            refuse_network_file_system(path, mounts.read_text())
        self.refused: set[str] = set()
        """Co-ops whose log is not the one that was signed, as far as this process knows: nothing is appended to it."""
        self._path = path
        self._origin = origin
        self._clock = clock
        # One thread owns the one connection; SQLite allows one writer anyway.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite log")
        self._connection: sqlite3.Connection | None = None
        self._writers: dict[str, GroupCommit] = {}
        self._last: dict[str, tuple[int, int, bytes]] = {}
        """Origin → where the last batch of this process begins, where it ends, the root after it."""

    async def append(self, coop: str, submission: Submission) -> Verdict:
        """Commit one entry."""
        if coop in self.refused:
            raise Unavailable(
                "the log is not the one that was signed: an older database, or another one (docs/operations.md)"
            )
        writer = self._writers.get(coop)
        if writer is None:
            writer = self._writers[coop] = GroupCommit(
                lambda batch: self._run(lambda db: self._commit(db, coop, batch))
            )
        return await writer.append(submission)

    async def head(self, coop: str) -> Head:
        """Return the committed head."""
        row = await self._run(lambda db: _head(db, self._origin(coop)))
        return Head(next_index=row.next_index, gov=row.gov, frontier=row.frontier)

    async def effects(self, coop: str, after: int) -> tuple[int, list[tuple[int, Effect]]]:
        """Return the effects of governance entries after an index."""

        def read(db: sqlite3.Connection) -> tuple[int, list[tuple[int, Effect]]]:
            with _transaction(db, "DEFERRED"):
                gov = _head(db, self._origin(coop)).gov
                rows = db.execute(
                    "SELECT idx, body FROM log_effect WHERE origin=? AND idx>? ORDER BY idx, pos",
                    (self._origin(coop), after),
                ).fetchall()
            return gov, [(idx, effect_decoder.decode(body)) for idx, body in rows]

        return await self._run(read)

    async def entries(self, coop: str, first: int, count: int) -> list[bytes]:
        """Return entries as stored."""
        query = "SELECT entry FROM log_entry WHERE origin=? AND idx>=? ORDER BY idx LIMIT ?"
        rows = await self._run(lambda db: db.execute(query, (self._origin(coop), first, count)).fetchall())
        return [row[0] for row in rows]

    async def of_kind(self, coop: str, kind: str) -> list[bytes]:
        """Return all entries of one kind."""
        query = (
            "SELECT entry FROM log_entry WHERE origin=? AND kind=? AND kind NOT IN ('release', 'denial') ORDER BY idx"
        )
        rows = await self._run(lambda db: db.execute(query, (self._origin(coop), kind)).fetchall())
        return [row[0] for row in rows]

    async def seen(self, keys: Sequence[tuple[bytes, datetime]]) -> list[bool]:
        """Record replay keys in a transaction of their own, all or none."""

        def record(db: sqlite3.Connection) -> list[bool]:
            with _transaction(db) as end:
                known = [not _insert_replay(db, key, ms(expires)) for key, expires in keys]
                if any(known):
                    end.rollback = True
            return known

        return await self._run(record)

    async def quota_used(self, coop: str, grant: str, day: str) -> int:
        """Return the members counted so far."""
        return await self._run(lambda db: _quota(db, self._origin(coop), grant, day))

    async def skew(self) -> float:
        """Return 0: an embedded database has no clock of its own."""
        return 0.0

    async def purge(self) -> None:
        """Forget replay keys that have expired."""
        now = ms(self._clock())
        await self._run(lambda db: db.execute("DELETE FROM replay WHERE expires_at<?", (now,)))

    async def start(self) -> None:
        """Open the database. Raises Unavailable."""
        await self._run(lambda db: db.execute("SELECT count(*) FROM log_head").fetchone())

    async def close(self) -> None:
        """Finish what is queued, then close the database."""
        for writer in self._writers.values():
            await writer.settled()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            if self._connection is None:
                self._connection = connect(self._path)
            return work(self._connection)
        except sqlite3.Error as fault:
            # A broken connection is not kept: the next call opens the file anew.
            self._disconnect()
            raise Unavailable(f"the database failed{_why(fault)}") from None

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, db: sqlite3.Connection, coop: str, batch: list[Submission]) -> list[Verdict]:
        origin = self._origin(coop)
        with _transaction(db) as end:
            head = _head(db, origin)
            self._refuse_a_shrunk_log(db, origin, head)
            ts = head.timestamp(ms(self._clock()))
            fresh = {key for key, expires in replay_rows(batch).items() if _insert_replay(db, key, expires)}
            quotas = {(s.quota.grant, s.quota.day) for s in batch if s.quota}
            used = {(grant, day): _quota(db, origin, grant, day) for grant, day in quotas}
            done = settle(head, batch, ts=ts, fresh=fresh, used=used)
            db.executemany("DELETE FROM replay WHERE h=?", [(key,) for key in done.unused])
            end.rollback = not done.accepted or not _changed(db, origin, done, ts)
            if not end.rollback:
                _write(db, origin, head, done, ts)
        if end.rollback:
            return [Unchanged()] if done.accepted else done.verdicts
        if done.accepted:
            self._last[origin] = (head.next_index, done.frontier.size, done.frontier.root())
        return done.verdicts

    def _refuse_a_shrunk_log(self, db: sqlite3.Connection, origin: str, head: HeadRow) -> None:
        first, size, root = self._last.get(origin, (0, 0, b""))
        if size == 0:
            return
        row = db.execute("SELECT root FROM log_batch WHERE origin=? AND first_idx=?", (origin, first)).fetchone()
        if head.next_index < size or row is None or row[0] != root:
            raise Unavailable("the log is not the one this process has written to")


class _End:
    rollback = False


@contextmanager
def _transaction(db: sqlite3.Connection, mode: str = "IMMEDIATE") -> "Iterator[_End]":
    end = _End()
    db.execute(f"BEGIN {mode}")
    try:
        yield end
        # A crash before this line's fsync leaves nothing; after it, everything.
        db.execute("ROLLBACK" if end.rollback else "COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _why(fault: sqlite3.Error) -> str:
    if str(fault).startswith(("no such table", "no such column")):
        return f": {UNMIGRATED}"
    return f": {fault.sqlite_errorname}" if hasattr(fault, "sqlite_errorname") else ""


def _head(db: sqlite3.Connection, origin: str) -> HeadRow:
    query = "SELECT next_index, frontier, gov_index, last_ts FROM log_head WHERE origin=?"
    row = db.execute(query, (origin,)).fetchone()
    if row is None:
        return HeadRow(next_index=0, frontier=Frontier(), gov=-1, last_ts=0)
    return HeadRow(next_index=row[0], frontier=Frontier.from_bytes(row[1]), gov=row[2], last_ts=row[3])


def _insert_replay(db: sqlite3.Connection, key: bytes, expires: int) -> bool:
    with closing(db.execute("INSERT OR IGNORE INTO replay(h,expires_at) VALUES(?,?)", (key, expires))) as cursor:
        return cursor.rowcount == 1


def _quota(db: sqlite3.Connection, origin: str, grant: str, day: str) -> int:
    query = "SELECT members FROM quota WHERE origin=? AND grant_id=? AND day=?"
    row = db.execute(query, (origin, grant, day)).fetchone()
    return int(row[0]) if row else 0


def _changed(db: sqlite3.Connection, origin: str, done: Settled, ts: int) -> bool:
    """Change what the one entry of a batch changes besides the log; tell whether that was as it demands."""
    for idx, s in done.accepted:
        for one in s.events:
            told = db.execute("INSERT OR IGNORE INTO member_event(origin,h,idx) VALUES(?,?,?)", (origin, one, idx))
            if told.rowcount != 1:
                return False
        if s.change is None:
            continue
        for nth, (statement, values) in enumerate(changes.statements(s.change, origin=origin, idx=idx, now=ts)):
            if db.execute(statement, values).rowcount != 1 and nth == 0:
                return False
    return True


def _write(db: sqlite3.Connection, origin: str, head: HeadRow, done: Settled, ts: int) -> None:
    db.executemany(
        "INSERT INTO log_entry(origin,idx,leaf_hash,entry,kind,transfer_id,partner,purpose,ts) VALUES(?,?,?,?,?,?,?,?,?)",
        [
            (origin, idx, s.leaf, s.entry, s.kind, s.transfer, s.partner, s.purpose, ms(s.time))
            for idx, s in done.accepted
        ],
    )
    db.executemany(
        "INSERT INTO log_subject(origin,idx,pos,tag,salt) VALUES(?,?,?,?,?)",
        [(origin, idx, pos, one.tag, one.salt) for idx, s in done.accepted for pos, one in enumerate(s.subjects)],
    )
    db.executemany(
        "INSERT INTO transfer_chunk(origin,idx,chunk_no,lo,hi,salt,container) VALUES(?,?,?,?,?,?,?)",
        [
            (origin, idx, one.number, one.lo, one.hi, one.salt, one.container)
            for idx, s in done.accepted
            for one in s.chunks
        ],
    )
    db.executemany(
        "INSERT INTO member_code(origin,idx,tag,code) VALUES(?,?,?,?)",
        [(origin, idx, one.tag, one.code) for idx, s in done.accepted for one in s.codes],
    )
    db.executemany(
        "INSERT INTO walk_page(origin,walk,nth,h,given,at) VALUES(?,?,?,?,?,?) "
        "ON CONFLICT(origin,walk,nth,h) DO UPDATE SET at=excluded.at",
        [(origin, w.walk, w.nth, w.h, w.given, ts) for _, s in done.accepted if (w := s.walked)],
    )
    db.executemany(
        "INSERT INTO log_request(origin,idx,jws) VALUES(?,?,?)",
        [(origin, idx, s.request) for idx, s in done.accepted if s.request is not None],
    )
    db.executemany(
        "INSERT INTO log_effect(origin,idx,pos,body) VALUES(?,?,?,?)",
        [
            (origin, idx, pos, effect_encoder.encode(effect))
            for idx, s in done.accepted
            for pos, effect in enumerate(s.effects)
        ],
    )
    # The sign keeps SQLite from an index that begins with the origin: it would read all chunks of a co-op.
    for table, ours in (
        ("log_subject", "+origin"),
        ("transfer_chunk", "+origin"),
        ("log_request", "origin"),
        ("member_code", "origin"),
    ):
        db.executemany(
            f"DELETE FROM {table} WHERE {ours}=? AND idx BETWEEN ? AND ?",  # noqa: S608  # the names are those above
            [(origin, *s.erase) for _, s in done.accepted if s.erase],
        )
    for _, s in done.accepted:
        if s.unlink:
            db.execute("DELETE FROM log_subject WHERE origin=? AND tag=?", (origin, s.unlink))
            db.execute("DELETE FROM member_code WHERE origin=? AND tag=?", (origin, s.unlink))
            # What walks gave names members in a way that no single one can be taken out of: the next deltas begin afresh.
            db.execute("DELETE FROM walk_page WHERE origin=?", (origin,))
            # The row stays, and its tag is nobody's: no other member is to be given the number.
            db.execute("UPDATE member_ordinal SET tag=randomblob(32) WHERE origin=? AND tag=?", (origin, s.unlink))
    db.executemany(
        "INSERT INTO quota(origin,grant_id,day,members) VALUES(?,?,?,?) "
        "ON CONFLICT(origin,grant_id,day) DO UPDATE SET members=excluded.members",
        [(origin, grant, day, members) for (grant, day), members in done.quotas.items()],
    )
    db.execute(
        "INSERT INTO log_batch(origin,first_idx,n,root) VALUES(?,?,?,?)",
        (origin, head.next_index, len(done.accepted), done.frontier.root()),
    )
    db.execute(
        "INSERT INTO log_head(origin,next_index,frontier,gov_index,last_ts) VALUES(?,?,?,?,?) "
        "ON CONFLICT(origin) DO UPDATE SET next_index=excluded.next_index, frontier=excluded.frontier, "
        "gov_index=excluded.gov_index, last_ts=excluded.last_ts",
        (origin, done.frontier.size, done.frontier.to_bytes(), done.gov, ts),
    )
