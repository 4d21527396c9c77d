"""A room on SQLite for each test, and on both databases where the stores have a say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import SettableClock
from tests.console.api.api_room import Room, running_room


@pytest.fixture
async def room(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Room]:
    async with running_room(sqlite_url, tmp_path, clock) as running:
        yield running


@pytest.fixture
async def room_on_both(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Room]:
    async with running_room(database_url, tmp_path, clock) as running:
        yield running
