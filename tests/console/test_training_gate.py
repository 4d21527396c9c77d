"""教育の記録がなければ承認できない: where the co-op chose so, an approver without valid training is told, and what to do."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from gateway.app.oversight import oversight_of
from gateway.core.reviews.safety_measures import TRAINING
from gateway.oversight import measures
from gateway.oversight.measures import Measure
from tests.clock import SettableClock
from tests.console.acting_room import PEOPLE, Furnishing, Furniture, Room, acting_room
from tests.console.simulated import words
from tests.house import COOP


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing((*PEOPLE, (COOP, "homu", "法務 次郎", "compliance", None)))


@pytest.fixture
async def room(
    furniture: Furniture, furnishing: Furnishing, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> AsyncIterator[Room]:
    url = await furniture.copy(furnishing, tmp_path, clock)
    async with acting_room(url, tmp_path, clock, gateway_keys, training_required=(COOP,)) as made:
        yield made


@pytest.mark.clause("D-07c", "K-A2")
async def test_an_approver_without_valid_training_is_refused_and_with_it_approves(room: Room):
    path = await room.submitted()
    ito = await room.person("ito")
    await ito.go(path)
    assert (await ito.press("/approve")).status_code == 409
    assert "教育の有効な記録がない" in words(ito.page)
    assert (await room.stored(path)).state == "submitted"
    desk = oversight_of(room.house.settings, room.house.stores)
    record = Measure(
        heading=TRAINING,
        title="個人情報の教育",
        evidence="教育記録簿 第3号",
        done=date(2026, 11, 1),
        due=date(2027, 10, 31),
        person="ito",
    )
    await measures.declare(desk, COOP, record, by="homu")
    await ito.go(path)
    assert (await ito.press("/approve")).status_code == 303
    assert (await room.stored(path)).state == "approved"
