"""What imports did is seen where members are looked at; and a kind that the core system is master of is refused at every page."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.tlog.entries import FollowUp, Restrict
from tests.clock import SettableClock
from tests.console.acting_room import PEOPLE, Furnishing, Furniture, Room, acting_room
from tests.console.simulated import words
from tests.control_plane.events_told import csv_of, event, imported
from tests.house import COOP

CODE = "00000101"
MASTERS = {COOP: {"stop_use": "core", "correction": "core", "protected": "gateway"}}
STOP = {"codes": CODE, "kind": "stop_use", "ground": "art35_5", "reason": "本人の請求"}
OFFICE = Furnishing(people=(*PEOPLE, (COOP, "homu", "法務 次郎", "compliance", None)))


@pytest.fixture
async def mastered(
    furniture: Furniture, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> AsyncIterator[Room]:
    """A console of a co-op that said which side is master of what."""
    url = await furniture.copy(OFFICE, tmp_path, clock)
    async with acting_room(url, tmp_path, clock, gateway_keys, masters=MASTERS) as made:
        yield made


async def said(room: Room, *kinds: type[Any]) -> list[Any]:
    return [one for one in await room.house.entries() if isinstance(one, kinds)]


async def test_a_member_s_record_says_what_the_core_system_told(mastered: Room):
    await imported(mastered.house, [event(1, CODE, "withdrawal"), event(2, CODE, "stop", "stop_use", ground="offer")])
    homu = await mastered.person("homu")
    await homu.go("members")
    await homu.press("members", {"member": CODE, "reason": "本人からの照会"})
    shown = words(homu.page)
    assert "届出 脱退" in shown
    assert "設定 提供停止" in shown
    assert "基幹システムの停止記録の反映" in shown
    assert "本人の申出" in shown
    listed = words(await homu.go("restrictions"))
    assert "あわせて1人" in listed


async def test_a_kind_of_the_core_system_is_refused_with_where_it_is_changed(mastered: Room):
    homu = await mastered.person("homu")
    for act in ("set", "lift"):
        await homu.go("restrictions")
        answer = await homu.press("restrictions", STOP, act=act)
        assert answer.status_code == 409
        assert "「利用停止」は基幹システムが正です。基幹システムで変更し" in words(answer)
        assert CODE in answer.text  # what was typed is not lost
    await homu.go("follow-ups")
    answer = await homu.press("follow-ups", {"codes": CODE, "asked": "correction", "reason": "訂正"})
    assert answer.status_code == 409
    assert "「訂正」は基幹システムが正です" in words(answer)
    assert await said(mastered, Restrict, FollowUp) == []
    await homu.go("restrictions")
    assert (await homu.press("restrictions", {**STOP, "kind": "stop_provide"}, act="set")).status_code == 303


async def test_a_kind_of_the_gateway_is_refused_in_imports_and_the_page_says_whose_each_is(mastered: Room):
    homu = await mastered.person("homu")
    shown = words(await homu.go("members/events"))
    assert "利用停止: 基幹システム" in shown
    assert "保護: ゲートウェイ" in shown
    assert "販促停止: どちらからでも" in shown
    rows = csv_of([event(1, CODE, "stop", "protected"), event(2, CODE, "stop", "stop_use")]).decode()
    looked = await homu.press("members/events", {"events": rows, "reason": "連携"}, act="check")
    assert "この種類はゲートウェイが正です" in words(looked)
    assert "1件を取り込む" in words(looked)
