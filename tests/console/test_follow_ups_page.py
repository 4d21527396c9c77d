"""利用停止等と通知の画面: set and lift, whom only after a reason, follow-ups by state and partner, an answer on paper, files, whose."""

import json
from typing import Any

import pytest

from gateway.app.oversight import oversight_of
from gateway.core.follow_ups.follow_up import FollowUp
from gateway.oversight.follow_ups import arising
from gateway.tlog.entries import Access, Ack, FollowUp as Told, Restrict
from tests.console.acting_room import OTHER, PEOPLE, Furnishing, Room
from tests.console.simulated import words
from tests.house import COOP

SUNNET = "kyoritsusha-sunnet-01"
MEMBER, ANOTHER = "00000101", "00012406"


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing(people=(*PEOPLE, (COOP, "homu", "法務 次郎", "compliance", None)))


async def held(room: Room) -> None:
    """Let a partner hold two members."""
    house = room.house
    sunnet = await house.partner("sunnet", SUNNET)
    await sunnet.pull("P4", ["name"], [MEMBER, ANOTHER])


async def arise(room: Room) -> list[FollowUp]:
    desk = oversight_of(room.house.settings, room.house.stores)
    await arising.arise(desk, [COOP])
    return await desk.follow_ups.all(COOP)


async def typed(person: Any, path: str, *, act: str = "", **fields: str) -> Any:
    await person.go(path)
    return await person.press(path.partition("?")[0], fields, act=act)


async def said(room: Room, kind: type[Any]) -> list[Any]:
    return [one for one in await room.house.entries() if isinstance(one, kind)]


STOP = {"kind": "stop_use", "ground": "art35_5", "reason": "本人の請求"}


async def test_a_stop_is_set_with_its_ground_counted_and_lifted(room: Room):
    homu = await room.person("homu")
    await typed(homu, "restrictions", codes=f"{MEMBER}\r\n{ANOTHER}", act="set", **STOP)
    shown = words(homu.page)
    assert "2人の利用停止等を設けました" in shown
    assert "あわせて2人" in shown
    assert MEMBER not in homu.page.text
    [entry] = await said(room, Restrict)
    assert (entry.event, entry.ground, entry.members, entry.by) == ("set", "art35_5", 2, "homu")
    answer = await homu.press("restrictions", {"codes": MEMBER, "kind": "stop_use", "reason": "取下げ"}, act="lift")
    assert answer.status_code == 303
    assert "あわせて1人" in words(homu.page)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"codes": "   "}, "組合員コードを入力してください"),
        ({"codes": "00000101 ０００"}, "2番目は組合員コードの形ではありません"),
        ({"ground": ""}, "根拠を選んでください"),
        ({"ground": "art35_3"}, "根拠を選んでください"),
        ({"reason": " "}, "理由を"),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_is_done(room: Room, changed: dict[str, str], told: str):
    homu = await room.person("homu")
    answer = await typed(homu, "restrictions", act="set", **{"codes": MEMBER, **STOP, **changed})
    assert answer.status_code == 409
    assert told in words(homu.page)
    assert await said(room, Restrict) == []


async def test_who_is_restricted_is_shown_once_the_reason_is_in_the_log(room: Room):
    homu = await room.person("homu")
    await typed(homu, "restrictions", codes=MEMBER, act="set", **STOP)
    answer = await homu.press("restrictions/members", {"reason": " "})
    assert answer.status_code == 409
    assert MEMBER not in answer.text
    assert await said(room, Access) == []
    await homu.go("restrictions")
    answer = await homu.press("restrictions/members", {"reason": "件数の突合"})
    assert MEMBER in answer.text
    [look] = await said(room, Access)
    assert (look.look_up, look.members, look.by, look.reason) == ("restrictions", 1, "homu", "件数の突合")


async def test_follow_ups_stand_by_state_and_partner_and_lead_to_each(room: Room):
    await held(room)
    homu = await room.person("homu")
    await typed(homu, "restrictions", codes=MEMBER, act="set", **STOP)
    [made] = await arise(room)
    shown = words(await homu.go("follow-ups"))
    assert "利用の停止" in shown
    assert made.id in shown
    assert MEMBER not in homu.page.text
    room.house.clock.advance(days=8)
    again = await Room(room.house, room.office, room.app).person("homu")
    home = await again.http.get(f"/{COOP}/")
    assert "期限を過ぎた通知" in words(home)
    assert f"/{COOP}/follow-ups?state=overdue" in home.text
    assert made.id in words(await again.go("follow-ups?state=overdue&partner=sunnet"))
    assert made.id in words(await again.go("follow-ups?state=open"))
    for none in ("certified", "blocking"):
        assert "該当する通知はありません" in words(await again.go(f"follow-ups?state={none}"))
    assert (await again.go("follow-ups?state=x")).status_code == 400
    page = await again.go(f"follow-ups/{made.id}")
    assert "期限を過ぎています" in words(page)
    assert MEMBER not in page.text
    looked = await again.press(f"follow-ups/{made.id}/members", {"reason": "提供先からの問い合わせ"})
    assert MEMBER in looked.text
    [look] = await said(room, Access)
    assert (look.view, look.reason) == (made.id, "提供先からの問い合わせ")
    await again.http.aclose()


async def test_a_correction_is_told_to_whoever_holds_the_member_and_a_paper_ends_it(room: Room):
    await held(room)
    homu = await room.person("homu")
    await typed(homu, "follow-ups", asked="correction", codes=ANOTHER, reason="氏名の訂正")
    assert "通知を1件作りました" in words(homu.page)
    [told] = await said(room, Told)
    assert (told.duty, told.partner, told.by) == ("correct", "sunnet", "homu")
    await typed(homu, "follow-ups", asked="erasure", codes="99999999", reason="脱退")
    assert "保有する提供先はありませんでした" in words(homu.page)
    await homu.go(f"follow-ups/{told.follow_up}")
    paper = {"event": "acknowledged", "paper": "2026-11-22付 受領書", "reason": "郵送"}
    assert (await homu.press("/answer", paper)).status_code == 303
    shown = words(homu.page)
    assert "2026-11-22付 受領書" in shown
    [ack] = await said(room, Ack)
    assert (ack.by, ack.client, ack.event) == ("homu", None, "acknowledged")
    exported = await homu.http.get(f"/{COOP}/follow-ups.json?state=all")
    [row] = json.loads(exported.content)["tables"][0]["rows"]
    assert (row["id"], row["state"]) == (told.follow_up, "acknowledged")
    assert ANOTHER not in exported.text
    assert (await homu.http.get(f"/{COOP}/restrictions.csv")).status_code == 200


async def test_auditors_read_admins_and_others_do_not_and_another_co_op_finds_nothing(room: Room):
    kansa = await room.person("kansa")
    for path in ("restrictions", "follow-ups"):
        assert (await kansa.go(path)).status_code == 200
        assert f'action="/{COOP}/{path}"' not in kansa.page.text
        for other in ("sato", "ito"):
            assert (await (await room.person(other)).go(path)).status_code == 403
        assert (await (await room.person("taken", coop=OTHER)).go(path)).status_code == 404
    assert (await kansa.go("follow-ups/fu-nobody")).status_code == 404


async def test_both_pages_are_there_in_english(room: Room):
    kansa = await room.person("kansa")
    await kansa.speak("en")
    assert "No restriction is in force" in words(await kansa.go("restrictions"))
    assert "There is no such follow-up" in words(await kansa.go("follow-ups"))
