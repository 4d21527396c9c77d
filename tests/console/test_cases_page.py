"""案件 by its pages: taken in on the office's day, each step by its form, refusals in words, lists that name nobody."""

import json
from datetime import timedelta

import pytest

from gateway.core.days import jst_day
from gateway.tlog.entries import Access, Dossier
from tests.clock import NOON
from tests.console.acting_room import PEOPLE, SCRIPT, Employed, Furnishing, Person, Room
from tests.console.paper_forms import PaperForm, forms_of
from tests.console.simulated import words
from tests.house import COOP

TODAY = jst_day(NOON)
NAME, ASKED = "髙﨑 𠮷邊", "渡した先を知りたい"


@pytest.fixture
def furnishing() -> Furnishing:
    more: tuple[Employed, ...] = ((COOP, "homu", "法務 次郎", "compliance", None),)
    return Furnishing((*PEOPLE, *more))


async def taken(room: Room, **typed: str) -> tuple[Person, str]:
    """Let compliance take a request in; return who did, and the number of the case."""
    homu = await room.person("homu")
    await homu.go("cases/new")
    said = {
        "kind": "disclose",
        "member": "00012345",
        "name": NAME,
        "asked": ASKED,
        "received": (TODAY - timedelta(days=4)).isoformat(),
        "office": "C-01",
        "channel": "delivery",
    }
    answer = await homu.press("/cases/new", {**said, **typed})
    assert answer.status_code in {303, 409}, words(answer)
    location = str(answer.headers.get("location", ""))
    return homu, location.removeprefix(f"/{COOP}/")


async def test_a_request_goes_from_the_office_to_its_end(room: Room):
    homu, path = await taken(room)
    text = words(homu.page)
    assert "2026年12月2日(水)" in text, "counted from the office's day"
    assert "宅配担当者" in text
    assert "法33条1項・5項" in text
    await homu.press("/identity", {"method": "document"})
    await homu.press("/decision", {"outcome": "partly", "reason": "一部は保有していないため"})
    await homu.press("/close")
    assert "終了" in words(homu.page)
    assert "一部応じる" in words(homu.page)
    said = [one for one in await room.house.entries() if isinstance(one, Dossier)]
    assert [one.event for one in said] == ["opened", "changed", "decided", "closed"]
    assert {one.by for one in said} == {"homu"}
    await homu.go(path)
    assert "/close" not in {one.rpartition("/")[2] for one in (form.action for form in forms(homu))}


def forms(person: Person) -> list[PaperForm]:
    return forms_of(person.page.text)


async def test_the_page_and_the_lists_name_nobody_until_a_reason_is_given(room: Room):
    homu, path = await taken(room)
    assert homu.page.status_code == 200
    pages = [homu.page, await homu.go("cases"), await homu.go("cases.json"), await homu.go("cases.csv")]
    for page in pages:
        for secret in (NAME, ASKED, "00012345"):
            assert secret not in page.text
    before = len(await room.house.entries())
    await homu.go(path)
    assert (await homu.press("/look", {"reason": ""})).status_code == 409
    assert len(await room.house.entries()) == before
    await homu.go(path)
    assert (await homu.press("/look", {"reason": "申出への回答"})).status_code == 303
    noted = await room.house.last()
    assert isinstance(noted, Access)
    assert (noted.reason, noted.view) == ("申出への回答", path.rpartition("/")[2])
    assert NAME in homu.page.text
    assert ASKED in homu.page.text
    assert "00012345" not in str(homu.page.request.url)


async def test_a_case_of_staff_is_accepted_and_opened_with_a_reason_too(room: Room):
    homu, path = await taken(room, subject="staff", member="", kind="confirm", asked="人事の記録")
    assert "常勤役職員" in words(homu.page)
    await homu.press("/look", {"reason": "申出への回答"})
    noted = await room.house.last()
    assert isinstance(noted, Access)
    assert (noted.commitment, noted.view) == (None, path.rpartition("/")[2])
    assert "人事の記録" in homu.page.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"received": (TODAY + timedelta(days=1)).isoformat()}, "今日より後"),
        ({"received": "きのう"}, "年月日"),
        ({"office": "鶴岡"}, "事業所コード"),
        ({"member": ""}, "組合員コードが必要"),
        ({"agent": "appointed", "agent_name": "代理 太郎"}, "委任状が必要"),
        ({"agent": "appointed", "agent_name": "代理 太郎", "mandate": "委-1", "sealed": "0"}, "署名と捺印"),
        ({"agent_name": "代理 太郎"}, "代理人の種類"),
        ({"kind": "すべて"}, "申出の種類"),
    ],
)
async def test_what_is_wrong_is_said_with_the_mend_and_what_was_typed_stays(
    room: Room, typed: dict[str, str], said: str
):
    before = await room.house.entries()
    homu, path = await taken(room, **typed)
    assert path == ""
    assert homu.page.status_code == 409
    assert said in words(homu.page)
    assert ASKED in homu.page.text
    assert await room.house.entries() == before


async def test_each_step_says_what_it_lacks(room: Room):
    homu, path = await taken(room, kind="correct")
    await homu.go(path)
    assert not [one for one in forms(homu) if one.action.endswith(("/fee", "/decision", "/close"))]
    form = homu.form("/identity")
    more = {"close": {}, "decision": {"outcome": "granted"}, "fee": {"yen": "300"}}
    for step, told in (("close", "本人確認が済むまで"), ("decision", "本人確認が済んでいません"), ("fee", "38条1項")):
        sent = PaperForm(f"/{COOP}/{path}/{step}", "post", {**form.fields, **more[step]})
        answer = await homu.send(sent)
        assert answer.status_code == 409, step
        assert told in words(answer)
    await homu.go(path)
    await homu.press("/identity", {"method": "document"})
    answer = await homu.press("/decision", {"outcome": "refused", "reason": ""})
    assert answer.status_code == 409
    assert "36条" in words(answer)


async def test_a_script_that_somebody_types_is_a_text(room: Room):
    homu, _ = await taken(room, name=SCRIPT, asked=SCRIPT)
    await homu.press("/look", {"reason": SCRIPT})
    assert SCRIPT not in homu.page.text
    assert "&lt;script&gt;" in homu.page.text


async def test_on_a_sunday_the_desk_s_next_opening_is_shown(room: Room):
    homu = await room.person("homu")
    for path in ("cases", "cases/new", "members"):
        text = words(await homu.go(path))
        assert "0235‐22‐5115" in text
        assert "2026年11月23日(月) 09:30" in text
    room.house.clock.advance(hours=22)
    homu.http.cookies.clear()
    room.people.clear()
    homu = await room.person("homu")
    assert "いまは受付時間内です" in words(await homu.go("cases/new"))


async def test_lists_are_by_due_day_and_state_and_the_same_as_files(room: Room):
    _, late = await taken(room, received=(TODAY - timedelta(days=20)).isoformat())
    homu, soon = await taken(room)
    text = (await homu.go("cases")).text
    assert text.index(late) < text.index(soon)
    assert "6日超過" in words(homu.page)
    overdue = (await homu.go("cases?state=overdue")).text
    assert late in overdue
    assert soon not in overdue
    rows = json.loads((await homu.go("cases.json?state=all")).text)["tables"][0]["rows"]
    assert [(one["case"], one["kind"], one["state"], one["office"]) for one in rows] == [
        (late.rpartition("/")[2], "disclose", "received", "C-01"),
        (soon.rpartition("/")[2], "disclose", "received", "C-01"),
    ]
    kansa = await room.person("kansa")
    await kansa.go(soon)
    assert kansa.page.status_code == 200
    assert not [one for one in forms(kansa) if one.action.endswith("/identity")]
    await kansa.go("cases?state=closed")
    assert "この状態の案件はありません" in words(kansa.page)
    assert (await kansa.go("cases/case-none")).status_code == 404
