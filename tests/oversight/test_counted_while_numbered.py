"""A month is counted while another process numbers the members of small transfers: nobody counts as two."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app.oversight import oversight_of
from gateway.core.days import jst_day, midnight, midnight_after
from gateway.oversight.members.held import advance
from gateway.oversight.reports.counting import count
from gateway.ports import MembersReached, Reached
from tests.clock import SettableClock
from tests.house import COOP, House, running_house


class Beside:
    """What was reached; after the first time that somebody asks, another process folds what partners hold."""

    def __init__(self, reached: Reached, house: House) -> None:
        self._reached = reached
        self._house = house
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reached, name)

    async def members(self, coop: str, indexes: Sequence[int]) -> MembersReached:
        self.asked += 1
        found = await self._reached.members(coop, indexes)
        stores = self._house.stores
        await advance(stores.log, stores.side_rows, stores.held_sets, coop)
        return found


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock) as running:
        yield running


async def test_a_member_who_is_numbered_meanwhile_is_one_person(house: House) -> None:
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    codes = ["00000007", "00000101", "00000102"]
    for nth in range(8):
        assert len((await sunnet.pull("P4", ["name"], codes[: 1 + nth % 3])).released) == 1 + nth % 3
    today = jst_day(house.clock())
    desk = oversight_of(house.settings, house.stores)
    beside = Beside(desk.reached, house)
    made = await count(replace(desk, reached=beside), COOP, midnight(today), midnight_after(today), at_once=4)
    assert beside.asked > 1
    assert made.persons == len(codes)
    assert [use.persons for use in made.uses.values()] == [len(codes)]
