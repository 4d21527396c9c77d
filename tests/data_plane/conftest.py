"""A running gateway for each test of the data plane, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import SettableClock
from tests.house import House, running_house
from tests.simulators.partner import Partner


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock) as running:
        yield running


@pytest.fixture
async def sunnet(house: House) -> Partner:
    return await house.partner("sunnet", "kyoritsusha-sunnet-01")
