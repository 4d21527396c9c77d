"""A running gateway for each attack: on SQLite where the database does not matter, on both where it does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import SettableClock
from tests.house import House, running_house
from tests.simulators.partner import Partner


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(sqlite_url, tmp_path, clock, keys=gateway_keys) as running:
        yield running


@pytest.fixture
async def house_on_both(
    database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys) as running:
        yield running


@pytest.fixture
async def sunnet(house: House) -> Partner:
    return await house.partner("sunnet", "kyoritsusha-sunnet-01")


@pytest.fixture
async def jccu(house: House) -> Partner:
    return await house.partner("jccu", "kyoritsusha-jccu-01")
