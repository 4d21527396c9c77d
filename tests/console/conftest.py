"""A console with a person of each kind on simulated ports, and one of a real house; on a clock that the test moves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clock import SettableClock
from tests.console.acting_room import Furnishing, Furniture, Room, acting_room
from tests.console.simulated import OTHER, Console


@pytest.fixture
def console(clock: SettableClock) -> Console:
    made = Console(clock)
    made.staff.add("kian", "admin", name="起案 花子")
    made.staff.add("shonin", "manager", name="承認 太郎")
    made.staff.add("kansa", "auditor", name="監査 次郎")
    made.staff.add("unyo", "operator", name="運用 三郎")
    made.staff.add("taken", "admin", coop=OTHER, name="別の生協")
    made.publish(clock() - timedelta(days=30))
    return made


@pytest.fixture(scope="session")
def furniture(sqlite_template: Path, gateway_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Furniture:
    return Furniture(sqlite_template, gateway_keys, tmp_path_factory.mktemp("furniture"))


@pytest.fixture
def furnishing() -> Furnishing:
    """What stands in the room; a module that wants other people has a fixture of its own."""
    return Furnishing()


@pytest.fixture
async def room(
    furniture: Furniture, furnishing: Furnishing, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> AsyncIterator[Room]:
    url = await furniture.copy(furnishing, tmp_path, clock)
    async with acting_room(url, tmp_path, clock, gateway_keys) as made:
        yield made
