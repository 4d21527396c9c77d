"""The log verified beside the serving: one at a time, from the tables, and what it could not read is never verified."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app.oversight import oversight_of
from gateway.oversight.log.verification import Verifications
from gateway.ports import Unavailable
from gateway.tlog.findings import Code
from gateway.tlog.note import VerifierKey
from tests.clock import SettableClock
from tests.house import COOP, House, running_house


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys) as running:
        yield running


async def test_a_log_of_several_bundles_is_verified_and_only_once_at_a_time(house: House):
    runs = oversight_of(house.settings, house.stores).verifications
    for number in range(300):
        await house.stop(f"{number:08}")
    head = await house.publish_checkpoint()
    assert runs.last(COOP) is None
    assert runs.start(COOP, by="kansa")
    assert not runs.start(COOP, by="homu")
    run = runs.last(COOP)
    assert run is not None
    assert run.running
    await runs.ended()
    assert (run.running, run.by, run.done, run.total, run.percent) == (False, "kansa", head.size, head.size, 100)
    assert run.report is not None
    assert (run.report.ok, run.report.root) == (True, head.root)
    assert run.report.counts["restrict"] == 300
    assert runs.start(COOP, by="homu")
    await runs.close()
    assert runs.last(COOP) is not run


async def test_what_is_wrong_is_named_and_what_breaks_off_is_not_verified(house: House):
    desk = oversight_of(house.settings, house.stores)
    runs = desk.verifications
    assert runs.start(COOP, by="kansa")
    await runs.ended()
    run = runs.last(COOP)
    assert run is not None
    assert run.report is not None
    assert run.report.finding is not None
    assert run.report.finding.code is Code.CHECKPOINT_MISSING

    def gone(_: str) -> VerifierKey:
        raise Unavailable("no key")

    without = Verifications(log=desk.log, publications=desk.publications, key=gone, clock=desk.clock)
    assert without.start(COOP, by="kansa")
    await without.ended()
    run = without.last(COOP)
    assert run is not None
    assert (run.running, run.report, run.fault) == (False, None, "Unavailable")
    assert without.start(COOP, by="kansa"), "it can be begun again"
    await without.close()
