"""A commit costs the same however long the log is."""

import sqlite3
import time

from gateway.adapters.database import sqlite_path
from tests.adapters.test_log_contract import COOP, make_log, submission
from tests.clock import SettableClock

BATCHES = 200_000
MANY = f"""
WITH RECURSIVE one(n) AS (SELECT 1000000 UNION ALL SELECT n + 1 FROM one WHERE n < 1000000 + {BATCHES})
INSERT INTO log_batch SELECT 'gw.example.coop/{COOP}', -n, 1, zeroblob(32) FROM one
"""


async def test_a_commit_does_not_read_the_batches_before_it(sqlite_url: str, clock: SettableClock) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    log = make_log(sqlite_url, clock)
    await log.start()
    await log.append(COOP, submission(clock, 0))
    with sqlite3.connect(path) as database:
        database.execute(MANY)
    database.close()
    began = time.perf_counter()
    for number in range(1, 21):
        await log.append(COOP, submission(clock, number))
    # read one by one, so many batches take several seconds
    assert time.perf_counter() - began < 1.5
    await log.close()
