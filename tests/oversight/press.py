"""A log with its publications and its signer, and nothing else of the house; and hands that reach into its database."""

import asyncio
import contextlib
import dataclasses
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg

from gateway.adapters.anchors.signer_state import RememberingSigner
from gateway.adapters.database import sqlite_path
from gateway.adapters.engine import engine_of
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.publications import StoredPublications
from gateway.adapters.telemetry import Diagnostics
from gateway.oversight.log.checkpoints import Publisher, attempt, publish_checkpoint
from gateway.ports import Committed, Submission
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.merkle import Frontier, leaf_hash
from tests.clock import SettableClock
from tests.tlog.exported_log import ORIGIN, SIGNER

COOP = "kyoritsusha"


class Told(Diagnostics):
    """Telemetry that keeps the codes of what it was told."""

    def __init__(self) -> None:
        self.codes: list[str | int] = []

    def note(self, event: str, **attributes: str | int) -> None:
        assert event == "log unpublishable"
        self.codes.append(attributes["code"])


@dataclasses.dataclass
class Press:
    """One process that appends to a log and publishes it."""

    url: str
    log: SqliteLog | PostgresLog
    publications: StoredPublications
    signer: RememberingSigner
    clock: SettableClock
    told: Told = dataclasses.field(default_factory=Told)
    rewritten: set[str] = dataclasses.field(default_factory=set)

    async def append(self, *numbers: int) -> None:
        """Commit an entry for each number, in their order."""
        entries = [b'{"n":%d}' % number for number in numbers]
        submissions = [
            Submission(
                entry=entry,
                leaf=leaf_hash(entry),
                kind="release",
                transfer=f"t{number}",
                time=self.clock(),
                gov=-1,
                valid_until=self.clock() + timedelta(hours=1),
            )
            for number, entry in zip(numbers, entries, strict=True)
        ]
        for first in range(0, len(submissions), 4_000):  # the log's queue is not longer
            verdicts = await asyncio.gather(*(self.log.append(COOP, one) for one in submissions[first : first + 4_000]))
            assert all(isinstance(verdict, Committed) for verdict in verdicts)

    async def attempt(self) -> Checkpoint | None:
        return await attempt(self.log, self.publications, COOP, self.signer)

    async def publish(self) -> Checkpoint:
        return await publish_checkpoint(self.log, self.publications, COOP, self.signer)

    async def published(self) -> Checkpoint | None:
        """The newest checkpoint that is stored."""
        note = await self.publications.checkpoint(COOP)
        return None if note is None else stated(note)

    def publisher(self) -> Publisher:
        signers = {COOP: self.signer}
        return Publisher(self.log, self.publications, signers, telemetry=self.told, rewritten=self.rewritten)

    async def tamper(self, *statements: str) -> None:
        """Write to the database as its owner, with the triggers off."""
        path = sqlite_path(self.url)
        tables = ("log_entry", "log_effect", "log_batch")
        if path is not None:
            off = [f"DROP TRIGGER IF EXISTS {table}_{what}" for table in tables for what in ("update", "delete")]
            with contextlib.closing(sqlite3.connect(path)) as database:
                database.executescript(";".join([*off, *statements]))
            return
        off = [f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in tables]
        connection = await asyncpg.connect(self.url.replace("+asyncpg", ""))
        try:
            await connection.execute(";".join([*off, *statements]))
        finally:
            await connection.close()

    def blob(self, data: bytes) -> str:
        """Bytes as this database's SQL writes them."""
        return f"'\\x{data.hex()}'" if sqlite_path(self.url) is None else f"X'{data.hex()}'"

    async def rewrite(self, index: int, entry: bytes) -> None:
        """Change an entry and every hash that the commit point wrote of it, as whoever owns the database can."""
        head = await self.log.head(COOP)
        entries = await self.log.entries(COOP, 0, head.next_index)
        entries[index] = entry
        frontier = Frontier().extend(map(leaf_hash, entries))
        changed = f"entry = {self.blob(entry)}, leaf_hash = {self.blob(leaf_hash(entry))}"
        await self.tamper(
            f"UPDATE log_entry SET {changed} WHERE idx = {index}",
            f"UPDATE log_head SET frontier = {self.blob(frontier.to_bytes())}",
            f"UPDATE log_batch SET root = {self.blob(frontier.root())} WHERE first_idx + n = {head.next_index}",
        )


@asynccontextmanager
async def press(url: str, state: Path, clock: SettableClock) -> AsyncIterator[Press]:
    """Open a log on a migrated database; `state` is the folder of the signer."""
    path, engine = sqlite_path(url), engine_of(url)
    origin = "gateway.example/{}".format
    assert origin(COOP) == ORIGIN
    log = PostgresLog(url, origin=origin, clock=clock) if path is None else SqliteLog(path, origin=origin, clock=clock)
    await log.start()
    yield Press(url, log, StoredPublications(engine, origin=origin), RememberingSigner(SIGNER, state), clock)
    await log.close()
    await engine.dispose()
