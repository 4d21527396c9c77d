"""A part that is made again more than once, after the last part told to remove somebody whom it has by now."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.control_plane.restrict import restrict
from tests.clock import SettableClock
from tests.data_plane.exporting import make, order, records
from tests.data_plane.test_delta import FIELDS, Mirror, World
from tests.data_plane.test_exports_delta import end_of, kept, tolerant, whole
from tests.house import COOP, House, running_house
from tests.simulators.partner import Partner


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


async def stop(house: House, code: str) -> None:
    await restrict(
        house.stores.log,
        COOP,
        [code],
        kind="stop_provide",
        partner=None,
        purpose=None,
        by="相談",
        reason="申出",
        secrets=house.stores.keys.coop_secrets(COOP),
        clock=house.clock,
    )


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_whom_the_last_part_removes_comes_back_however_often_the_part_was_made_again(
    house: House, sunnet: Partner, times: int
) -> None:
    world, mirror = World(house, random.Random(1)), Mirror(sunnet)
    had = await mirror.walk(40)
    back, *stopped = sorted(had)[: times + 1]
    record = world.members.pop(back)
    for code in stopped:
        world.members[code] |= {"name": f"改 {code}"}
    world.settle()
    export = await order(sunnet, "P3", FIELDS, since=mirror.latest)
    await make(house, members=20)
    world.members[back] = record
    world.settle()
    for code in stopped:  # each of which has the first part made again
        await stop(house, code)
        assert code not in dict(records(await export.part(1)))
    while "of" not in end_of(export):
        await export.part(len(export.parts) + 1)
    assert [one["member"] for one in end_of(export)["removals"]] == [back]
    token = end_of(export)["since"]
    mirror.had[token] = kept(export, had)
    assert await tolerant(mirror, token) == await whole(sunnet)
