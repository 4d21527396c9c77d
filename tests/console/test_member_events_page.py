"""組合員イベントの取込の画面: looked at first, the same content taken in then; whose act it is; what is wrong, by row."""

import csv
import io

import pytest

from gateway.tlog.entries import Restrict
from tests.console.acting_room import OTHER, PEOPLE, Furnishing, Room
from tests.console.simulated import words
from tests.control_plane.events_told import csv_of, event
from tests.house import COOP

CODE = "00000101"
EVENTS = [event(1, CODE, "stop", "stop_use"), event(2, "00012406", "withdrawal"), event(3, CODE, "correction")]
WHY = {"reason": "夜間の連携"}
PAGE = "members/events"


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing(people=(*PEOPLE, (COOP, "homu", "法務 次郎", "compliance", None)))


async def stops(room: Room) -> list[Restrict]:
    return [one for one in await room.house.entries() if isinstance(one, Restrict)]


def text(*more: dict[str, str]) -> str:
    return csv_of([*EVENTS, *more]).decode()


async def test_a_file_is_looked_at_and_the_same_content_taken_in(room: Room):
    homu = await room.person("homu")
    empty = await homu.go(PAGE)
    assert "まだ取り込んでいません" in words(empty)
    looked = await homu.press(PAGE, {"events": text(), **WHY}, act="check")
    assert looked.status_code == 200
    assert "3件を取り込む" in words(looked)
    assert await stops(room) == []
    taken = await homu.press(PAGE, act="take")
    assert taken.status_code == 303
    assert CODE not in taken.headers["location"]
    assert homu.told() == "3件(2人)を取り込みました。除いた行は0行です。"
    [entry] = await stops(room)
    assert (entry.event, entry.by, entry.reason) == ("imported", "homu", "夜間の連携")
    assert entry.events == {"stop_use:set": 1, "withdrawal": 1, "correction": 1}
    assert "利用停止の設定 1" in words(homu.page)
    assert CODE not in homu.page.text
    file = await homu.go(f"{PAGE}.csv")
    assert "2" in {row[2] for row in csv.reader(io.StringIO(file.text)) if len(row) > 2}
    assert CODE not in file.text
    await homu.go(PAGE)
    again = await homu.press(PAGE, {"events": text(), **WHY}, act="check")
    assert "新しいイベントはありません" in words(again)
    await homu.speak("en")
    assert "stop of use set 1" in words(await homu.go(PAGE))


async def test_a_lift_that_comes_late_is_named_and_left_out(room: Room):
    homu = await room.person("homu")
    await homu.go(PAGE)
    await homu.press(
        PAGE, {"events": csv_of([event(1, CODE, "stop", "stop_use", at="2026-11-21")]).decode(), **WHY}, act="check"
    )
    await homu.press(PAGE, act="take")
    await homu.go(PAGE)
    late = csv_of([event(2, CODE, "lift", "stop_use", at="2026-11-20")]).decode()
    looked = await homu.press(PAGE, {"events": late, **WHY}, act="check")
    assert "より新しい停止があるため取り込まない解除 1: ev-2" in words(looked)
    assert "新しいイベントはありません" in words(looked)
    assert len(await stops(room)) == 1


async def test_wrong_rows_are_listed_and_left_out_only_where_somebody_says_so(room: Room):
    homu = await room.person("homu")
    await homu.go(PAGE)
    bad = text(event(4, f"{CODE}/", "correction"))
    looked = await homu.press(PAGE, {"events": bad, **WHY}, act="check")
    assert "組合員コードがないか、形が違います" in words(looked)
    form = homu.form(PAGE)
    del form.fields["skip"]
    refused = await homu.send(form, act="take")
    assert refused.status_code == 409
    assert "1件も取り込んでいません" in words(refused)
    assert await stops(room) == []
    await homu.go(PAGE)
    await homu.press(PAGE, {"events": bad, **WHY}, act="check")
    assert (await homu.press(PAGE, act="take")).status_code == 303
    assert "除いた行は1行です" in homu.told()
    assert len(await stops(room)) == 1


async def test_other_content_than_was_looked_at_is_not_taken_in(room: Room):
    homu = await room.person("homu")
    await homu.go(PAGE)
    await homu.press(PAGE, {"events": text(), **WHY}, act="check")
    form = homu.form(PAGE)
    form.fields["events"] = text(event(9, CODE, "lift", "stop_use"))
    refused = await homu.send(form, act="take")
    assert refused.status_code == 409
    assert "確かめた内容と違います" in words(refused)
    assert await stops(room) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"events": ""}, "列がありません"),
        ({"events": "#total,0"}, "見出しの1列目が違います"),
        ({"reason": " "}, "理由を"),
        ({"events": text().replace("#total,3", "#total,4")}, "件数が合いません"),
    ],
)
async def test_what_is_wrong_is_told_with_its_mend(room: Room, typed: dict[str, str], told: str):
    homu = await room.person("homu")
    await homu.go(PAGE)
    answer = await homu.press(PAGE, {"events": text(), **WHY, **typed}, act="check")
    assert answer.status_code == 409
    assert told in words(answer)


async def test_the_auditor_reads_and_nobody_else_is_let_in(room: Room):
    kansa = await room.person("kansa")
    page = await kansa.go(PAGE)
    assert page.status_code == 200
    assert 'name="events"' not in page.text
    for person in ("sato", "ito"):
        assert (await (await room.person(person)).go(PAGE)).status_code == 403
    taken = await room.person("taken", coop=OTHER)
    assert (await taken.go(PAGE)).status_code == 404
    assert await stops(room) == []
