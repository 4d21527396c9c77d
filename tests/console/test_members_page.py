"""組合員照会 by its pages: a reason first, no code in an address or the log, everything of one member, the answer sheet."""

import re
from datetime import timedelta

import pytest

from gateway.core.days import jst_day
from gateway.tlog.entries import Access
from tests.clock import NOON
from tests.console.acting_room import PEOPLE, Employed, Furnishing, Person, Room
from tests.console.simulated import words
from tests.house import COOP

AGREEMENT = "kyoritsusha-sunnet-01"
ASKED = "本人からの照会"
TODAY = jst_day(NOON)


@pytest.fixture
def furnishing() -> Furnishing:
    more: tuple[Employed, ...] = ((COOP, "homu", "法務 次郎", "compliance", None),)
    return Furnishing((*PEOPLE, *more))


async def provided(room: Room) -> tuple[str, str]:
    """Let a partner pull a page and one member once more; return (that one, another one)."""
    sunnet = await room.house.partner("sunnet", AGREEMENT)
    page = [*(await sunnet.pull("P4", ["member_code", "name"], page={"limit": 30})).released]
    await sunnet.pull("P12", ["name", "phone"], [page[3]], case="K-1")
    return page[3], page[8]


async def looked(room: Room, person: str, code: str, **typed: str) -> Person:
    """Look a member up."""
    who = await room.person(person)
    await who.go("members")
    await who.press("/members", {"member": code, "reason": ASKED, **typed})
    return who


async def case_about(room: Room, code: str, *, checked: bool = True, **typed: str) -> str:
    """Take a request of this member in; return its number."""
    homu = await room.person("homu")
    await homu.go("cases/new")
    said = {
        "kind": "disclose",
        "member": code,
        "name": "髙﨑 𠮷邊",
        "asked": "渡した先を知りたい",
        "received": (TODAY - timedelta(days=2)).isoformat(),
        "office": "C-01",
    }
    answer = await homu.press("/cases/new", {**said, **typed})
    assert answer.status_code == 303, words(answer)
    case = str(answer.headers["location"]).rpartition("/")[2]
    if checked:
        assert (await homu.press("/identity", {"method": "document"})).status_code == 303
    return case


async def test_the_reason_is_in_the_log_before_anything_is_shown_and_the_code_is_nowhere_else(room: Room):
    one, other = await provided(room)
    await room.house.stop(one, kind="marketing_stop")
    await room.house.stores.snapshots.refresh(COOP)
    homu = await looked(room, "homu", one)
    noted = await room.house.last()
    assert isinstance(noted, Access)
    assert (noted.look_up, noted.by, noted.reason) == ("history", "homu", ASKED)
    text = words(homu.page)
    assert one in text
    for said in (
        "サンネット事業連合",
        "お届け",
        "氏名",
        "電話番号",
        "法27条5項3号",
        "提供承認",
        "送信未確認",
        "販促停止",
        "K-1",
    ):
        assert said in text, said
    assert "送信完了 0件" in text
    assert other not in homu.page.text
    assert one not in str(homu.page.request.url)
    assert all(one.encode() not in entry for entry in await room.house.stores.log.entries(COOP, 0, 1_000))
    assert all(one not in repr(told) for told in room.house.told)
    again = await homu.http.get(homu.page.request.url)
    assert again.status_code == 200
    assert await room.house.last() == noted, "reading it again is the same look"


async def test_delivered_and_not_delivered_are_apart(room: Room):
    one, _ = await provided(room)
    first = next(n for n, entry in enumerate(await room.house.entries()) if entry.kind == "release")
    await room.house.stores.deliveries.add(COOP, [first])
    homu = await looked(room, "homu", one)
    assert "送信完了 1件" in words(homu.page)
    assert "送信未確認" in words(homu.page)


async def test_a_look_is_this_person_s_and_over_after_a_quarter_of_an_hour(room: Room):
    one, _ = await provided(room)
    homu = await looked(room, "homu", one)
    path = homu.page.request.url.path
    kansa = await room.person("kansa")
    stranger = await kansa.http.get(path)
    assert stranger.headers["location"] == f"/{COOP}/members"
    for minutes in (10, 5):
        room.house.clock.advance(minutes=minutes)
        page = await homu.http.get(path)
    assert page.headers["location"] == f"/{COOP}/members"
    assert "15分" in words(await homu.go("members"))
    assert (await homu.http.get(f"/{COOP}/members/nothing")).status_code == 303


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reason": ""}, "照会の理由を500字まで"),
        ({"member": "１２３"}, "組合員コードの形"),
        ({"case": "case-none"}, "この組合員についての案件ではありません"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_looked_at(room: Room, typed: dict[str, str], said: str):
    homu = await room.person("homu")
    await homu.go("members")
    before = await room.house.entries()
    answer = await homu.press("/members", {"member": "00000007", "reason": ASKED, **typed})
    assert answer.status_code == 409
    assert said in words(answer)
    assert await room.house.entries() == before


async def test_an_auditor_looks_and_whoever_else_does_not(room: Room):
    one, _ = await provided(room)
    kansa = await looked(room, "kansa", one)
    assert one in kansa.page.text
    assert "回答書を作る" not in kansa.page.text
    sato = await room.person("sato")
    for path in ("members", "members/x", "cases", "cases/new", "cases/case-x", "cases.csv"):
        assert (await sato.go(path)).status_code == 403
    before = await room.house.entries()
    await kansa.go("members")
    form = kansa.form("/members")
    form.action = f"/{COOP}/cases/new"
    assert (await kansa.send(form)).status_code == 403
    assert await room.house.entries() == before


async def test_an_answer_sheet_is_handed_over_in_the_form_asked_for_and_logged(room: Room):
    one, other = await provided(room)
    case = await case_about(room, one)
    homu = await looked(room, "homu", one, case=case)
    assert "渡した先を知りたい" in homu.page.text
    look = homu.page
    forms = {"pdf": b"%PDF", "csv": b"\xef\xbb\xbf", "json": b"{"}
    for format_, begins in forms.items():
        homu.page = look
        answer = await homu.press("/answer", {"format": format_, "opening": "お答えします"})
        assert answer.status_code == 200, words(answer)
        assert answer.content.startswith(begins)
        assert "attachment" in answer.headers["content-disposition"]
        assert one not in answer.headers["content-disposition"]
        assert other.encode() not in answer.content
        noted = await room.house.last()
        assert isinstance(noted, Access)
        assert (noted.look_up, noted.view, noted.by) == ("answer", case, "homu")
    homu.page = look
    refused = await homu.press("/answer", {"format": "csv-cp932", "addressee": "𠮷邊"})
    assert refused.status_code == 409
    assert "U+20BB7" in words(refused)
    await homu.go(f"cases/{case}")
    assert [form.upper() in homu.page.text for form in forms] == [True] * 3


async def test_an_answer_sheet_is_for_this_member_s_checked_case_alone(room: Room):
    one, other = await provided(room)
    homu = await looked(room, "homu", one)
    assert "回答書には案件が必要です" in words(homu.page)
    token = str(homu.page.request.url).rpartition("/")[2]
    unchecked, elsewhere = await case_about(room, one, checked=False), await case_about(room, other)
    homu = await looked(room, "homu", one)
    assert "本人確認を登録してください" in words(homu.page)
    checked = await case_about(room, one)
    homu = await looked(room, "homu", one, case=checked)
    before = await room.house.entries()
    form = homu.form("/answer")
    for case, said in (
        (unchecked, "本人と確認できた案件"),
        (elsewhere, "この組合員の案件"),
        ("case-x", "この組合員の案件"),
    ):
        answer = await homu.send(form, {"case": case})
        assert answer.status_code == 409
        assert said in words(answer)
    assert await room.house.entries() == before
    assert one not in token


async def test_a_case_is_opened_about_the_member_that_is_looked_at_without_typing_the_code_again(room: Room):
    one, _ = await provided(room)
    homu = await looked(room, "homu", one)
    link = re.search(rf'href="/{COOP}/(cases/new\?look=[^"]+)"', homu.page.text)
    assert link is not None
    await homu.go(link[1])
    assert "照会中の組合員" in homu.page.text
    assert one not in homu.page.text
    said = {"name": "甲", "asked": "開示", "received": TODAY.isoformat(), "office": "C-01"}
    assert (await homu.press("/cases/new", said)).status_code == 303
    homu = await looked(room, "homu", one)
    assert "本人確認を登録してください" in words(homu.page)


async def test_an_agent_and_a_member_without_a_record_are_told_as_they_are(room: Room):
    homu = await looked(room, "homu", "99999999")
    assert "この組合員の提供の記録はありません" in words(homu.page)
    await homu.speak("en")
    assert "Nothing of this member was provided" in (await homu.http.get(homu.page.request.url)).text
