"""A log of any entries, and what searches it, as two processes on one database."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.adapters.database import sqlite_path
from gateway.adapters.engine import engine_of
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.search.deliveries import StoredDeliveries
from gateway.adapters.search.log_search import SqlLogSearch
from gateway.oversight.log.log_rows import row_of
from gateway.ports import Committed, Row, Submission
from gateway.tlog.entries import Access, Counts, Denial, Entry, Release, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.clock import SettableClock

COOP = "kyoritsusha"
ORIGIN = "gw.example.coop/{}".format
DIGEST = "A" * 43
FIELDS = ("member.code", "name.kanji", "name.kana", "address.full", "phone.home")
REASONS = ("grant:purpose:not_granted", "grant:field:not_granted", "notice:item:not_stated", "fault:source:timeout")


@dataclass
class Writer:
    """A log, and two processes that search it."""

    log: SqliteLog | PostgresLog
    search: SqlLogSearch
    other: SqlLogSearch
    deliveries: StoredDeliveries
    more_deliveries: StoredDeliveries
    clock: SettableClock
    count: int = 0

    async def write(self, *entries: Entry, coop: str = COOP) -> list[int]:
        """Append entries one after the other; each says when it was decided."""
        return [await self.submit(submission_of(entry), coop) for entry in entries]

    async def submit(self, submission: Submission, coop: str = COOP) -> int:
        verdict = await self.log.append(coop, submission)
        assert isinstance(verdict, Committed)
        return verdict.index

    async def rows(self, coop: str = COOP) -> list[Row]:
        """Every row, from the entries alone."""
        data = await self.log.entries(coop, 0, 1_000_000)
        return [row_of(index, one, self.clock()) for index, one in enumerate(data)]

    def release(self, **changes: object) -> Release:
        self.count += 1
        words: dict[str, object] = {
            "coop": COOP,
            "time": instant(self.clock()),
            "transfer": f"t{self.count}",
            "valid_until": "2027-01-01T00:00:00.000Z",
            "partner": "jccu",
            "client": "jccu-demo",
            "purpose": "P4",
            "basis": "joint_use",
            "article": "27(5)(iii)",
            "agreement": "jccu-2026",
            "grant": "g1",
            "notice": "2026-04-01",
            "policy": DIGEST,
            "gov": 0,
            "fields": {"member.code": "as_is"},
            "counts": Counts(asked=1, released=1),
            "commitment": DIGEST,
            "request": DIGEST,
            "body": DIGEST,
            "encryption": {"alg": "ECDH-ES"},
            "proof": DIGEST,
            **changes,
        }
        return Release(**words)  # type: ignore[arg-type]

    def denial(self, *reasons: str, **changes: object) -> Denial:
        self.count += 1
        words: dict[str, object] = {
            "coop": COOP,
            "time": instant(self.clock()),
            "transfer": f"t{self.count}",
            "partner": "jccu",
            "client": "jccu-demo",
            "purpose": "P4",
            "agreement": "jccu-2026",
            "counts": Counts(asked=1),
            "reasons": sorted(reasons),
            **changes,
        }
        return Denial(**words)  # type: ignore[arg-type]

    def mixed(self, dice: random.Random, at: datetime) -> Entry:
        """An entry of a busy log: mostly releases, some denials, now and then something else."""
        partner = dice.choices(("jccu", "coopkyosai", "sunnet"), (80, 19, 1))[0]
        words = {
            "time": instant(at),
            "partner": partner,
            "client": f"{partner}-{dice.randint(1, 2)}",
            "agreement": f"{partner}-2026",
            "purpose": dice.choice(("P4", "P5", "P11")),
            "product": dice.choice((None, None, "c1")),
        }
        fields = dice.sample(FIELDS, dice.randint(1, 4))
        asked = dice.randint(1, 5)
        drawn = dice.random()
        if drawn < 0.85:
            counts = Counts(asked=asked, released=asked - 1, not_available=1)
            return self.release(**words, fields=dict.fromkeys(fields, "as_is"), counts=counts)
        if drawn < 0.98:
            some = dice.sample(REASONS, dice.randint(1, 2))
            return self.denial(*some, **words, fields=fields, counts=Counts(asked=asked))
        return Access(coop=COOP, time=instant(at), look_up="history", by="y.sato", reason="照会")

    async def much(self, count: int, *, seed: int = 1, over: timedelta = timedelta(days=40)) -> list[Row]:
        """Write many entries over a period that ends now; return their rows."""
        dice = random.Random(seed)
        start, made = self.clock() - over, []
        # Decided in about the order in which they are committed, as entries are.
        for nth in range(count):
            at = start + over * nth / count - timedelta(seconds=dice.random() * 20)
            made.append(submission_of(self.mixed(dice, at)))
        for first in range(0, count, 2_000):
            await asyncio.gather(*(self.submit(one) for one in made[first : first + 2_000]))
        return await self.rows()


def submission_of(entry: Entry) -> Submission:
    data = encode(entry)
    own = entry.transfer if isinstance(entry, Release | Denial) else None
    time = datetime.fromisoformat(entry.time)
    return Submission(entry=data, leaf=leaf_hash(data), kind=entry.kind, transfer=own, time=time)


@asynccontextmanager
async def writing_to(database_url: str, clock: SettableClock) -> AsyncIterator[Writer]:
    """Open a log and what searches it."""
    path = sqlite_path(database_url)
    log: SqliteLog | PostgresLog
    if path is None:
        log = PostgresLog(database_url, origin=ORIGIN, clock=clock)
    else:
        log = SqliteLog(path, origin=ORIGIN, clock=clock)
    engines = [engine_of(database_url), engine_of(database_url)]
    one, other = (SqlLogSearch(engine, origin=ORIGIN, row_of=row_of) for engine in engines)
    marks, more = (StoredDeliveries(engine, origin=ORIGIN) for engine in engines)
    await log.start()
    try:
        yield Writer(log, one, other, marks, more, clock)
    finally:
        await log.close()
        for engine in engines:
            await engine.dispose()
