"""While a co-op's releases are held back, a part that lies ready stays where it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.tlog.entries import Release
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.data_plane.exporting import make, order
from tests.house import COOP, House, running_house
from tests.simulators.partner import Partner


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


async def test_a_part_that_lies_ready_is_held_back_too(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    await make(house, members=60)
    house.desk.held_back.add(COOP)
    assert_problem(await export.get("/parts/1"), "unavailable", retry_after=5)
    assert (await house.denial()).reasons == ["fault:anchor:overdue"]
    assert not [entry for entry in await house.entries() if isinstance(entry, Release)]
    house.desk.held_back.discard(COOP)
    assert (await export.get("/parts/1")).status_code == 200
