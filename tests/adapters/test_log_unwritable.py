"""An entry that cannot be written: it takes nothing with it, and nothing is released on what it left behind."""

from collections.abc import AsyncIterator

import pytest

from gateway.adapters.log.postgres import PostgresLog
from gateway.ports import Committed, Quota, Unavailable
from tests import postgres as pg
from tests.adapters.test_log_contract import COOP, submission
from tests.clock import SettableClock

ORIGIN = "gw.example.coop/{}".format


@pytest.fixture
async def log(postgres_server: pg.Server, clock: SettableClock) -> AsyncIterator[PostgresLog]:
    made = PostgresLog(postgres_server.url(await postgres_server.make_database()), origin=ORIGIN, clock=clock)
    await made.start()
    yield made
    await made.close()


@pytest.mark.parametrize("partner", ["a\x1fb", "a\x00b", "a\ud800b"])
async def test_what_breaks_its_transaction_leaves_none_open_behind_it(
    log: PostgresLog, clock: SettableClock, partner: str
) -> None:
    assert await log.append(COOP, submission(clock, 1)) == Committed(0)
    with pytest.raises(Unavailable):
        await log.append(
            COOP,
            submission(clock, 2, partner=partner, quota=Quota(grant="g", day="2026-11-22", members=1, most=9)),
        )
    verdict = await log.append(COOP, submission(clock, 3))
    assert verdict == Committed(1)
    # what was confirmed is there for everybody, not in a transaction that nobody will ever commit
    assert (await log.head(COOP)).next_index == 2
