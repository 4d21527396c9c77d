"""緊急提供 by its pages: one form asks, one approves, a third person closes; what is wrong is told with all that was typed."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest

from tests.console.acting_room import ELSEWHERE, HERE, ORIGIN, OTHER, PEOPLE, Furnishing, Person, Room
from tests.console.simulated import words
from tests.house import COOP

TYPED: dict[str, str | list[str]] = {
    "law": "災害対策基本法49条の11第3項",
    "document_number": "鶴災第118号",
    "received_on": "2026-11-22",
    "decided_by": "専務理事 山田",
    "subjects": "避難指示の区域の組合員",
    "partner": "sunnet",
    "purpose": "P4",
    "products": ["G1"],
    "fields": ["member_code", "name", "phone"],
    "case": "KAIKO-2026/118",
    "members": "50",
    "hours": "6",
    "retention_days": "7",
    "department": HERE,
    "reason": "大雨による避難指示",
}


@pytest.fixture
def furnishing() -> Furnishing:
    """Somebody of compliance, too."""
    return Furnishing((*PEOPLE, (COOP, "homu", "法務 一郎", "compliance", None)))


async def send(person: Person, path: str, typed: dict[str, str | list[str]]) -> httpx2.Response:
    """Send the page's form as a browser does, with every box that is ticked."""
    form = person.form(path)
    headers = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({**form.fields, **typed}, doseq=True)
    answer = await person.http.post(form.action, content=body.encode(), headers=headers)
    person.page = answer
    if answer.status_code == 303:
        person.page = await person.http.get(answer.headers["location"])
    return answer


async def asked(room: Room, **typed: str | list[str]) -> str:
    """Let 佐藤 ask; return the path of what was asked for."""
    sato = await room.person("sato")
    await sato.go("emergencies/new?basis=law")
    answer = await send(sato, "emergencies/new", {**TYPED, **typed})
    assert answer.status_code == 303, words(answer)
    return str(answer.headers["location"]).removeprefix(f"/{COOP}/")


async def test_two_forms_and_two_people_put_it_in_force(room: Room):
    path = await asked(room)
    sato = await room.person("sato")
    assert "申請しました" in sato.told()
    assert "申請した人は承認できません" in words(sato.page)
    ito = await room.person("ito")
    page = words(await ito.go(path))
    for said in ("承認待ち", "災害対策基本法49条の11第3項", "法27条1項1号", "KAIKO-2026/118", "1日50人まで"):
        assert said in page
    answer = await ito.press("/approve", {"reason": "避難の支援に必要"})
    assert answer.status_code == 303, words(answer)
    assert "提供できる状態" in words(ito.page)
    assert "0人" in words(ito.page)
    policy = room.house.stores.snapshots.current(COOP).versions[-1].policy
    assert path.rpartition("/")[2] in policy.agreements


async def test_a_third_person_closes_it_after_its_end(room: Room):
    path = await asked(room)
    ito, homu = await room.person("ito"), await room.person("homu")
    await ito.go(path)
    await ito.press("/approve", {"reason": "必要"})
    assert "/close" not in (await homu.go(path)).text
    room.house.clock.advance(hours=6)
    homu.http.cookies.clear()
    room.people.clear()
    homu = await room.person("homu")
    assert "1" in words(await homu.go("emergencies?standing=to_review"))
    await homu.go(path)
    assert (await homu.press("/close", {"looked": "提供ログを確認", "found": ""})).status_code == 409
    assert "提供ログを確認" in homu.page.text
    answer = await homu.press("/close", {"looked": "提供ログを確認", "found": "none"})
    assert answer.status_code == 303, words(answer)
    assert "確認済み" in words(homu.page)
    assert "指摘なし" in words(homu.page)


async def test_what_is_wrong_is_told_and_what_was_typed_stays(room: Room):
    sato = await room.person("sato")
    await sato.go("emergencies/new?basis=law")
    before = await room.house.entries()
    for changes, told in (
        ({"law": ""}, "根拠法令"),
        ({"hours": "500"}, "72"),
        ({"case": ""}, "組合員すべて"),
        ({"fields": ["care_level"]}, "誤り"),
        ({"members": "0"}, "整数"),
    ):
        answer = await send(sato, "emergencies/new", {**TYPED, **changes})
        assert answer.status_code == 409
        assert told in words(answer)
        assert 'value="鶴災第118号"' in answer.text
        assert "避難指示の区域の組合員" in answer.text
    assert await room.house.entries() == before


async def test_a_basis_that_the_notice_does_not_state_is_not_offered(room: Room):
    sato = await room.person("sato")
    page = await sato.go("emergencies/new?basis=life")
    assert "この根拠は使えません" in words(page)
    assert f'action="/{COOP}/emergencies/new"' not in page.text
    answer = await sato.http.post(
        f"/{COOP}/emergencies/new",
        content=urlencode({"csrf": _csrf(sato), "basis": "life", "hours": "1"}),
        headers={"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 409


async def test_it_can_be_sent_back_and_taken_back(room: Room):
    path = await asked(room)
    ito, sato = await room.person("ito"), await room.person("sato")
    await ito.go(path)
    await ito.press("/refuse", {"reason": "区域が違う"})
    assert "差戻し" in words(ito.page)
    await sato.go(path)
    assert (await sato.press("/withdraw", {"reason": "申請し直す"})).status_code == 303
    assert "取下げ" in words(sato.page)


async def test_who_may_do_what(room: Room):
    path = await asked(room)
    for person in ("ito", "mori", "kansa", "homu"):
        visitor = await room.person(person)
        assert (await visitor.go("emergencies")).status_code == 200
        assert (await visitor.go("emergencies/new")).status_code == 403
        assert ("/approve" in (await visitor.go(path)).text) == (person == "ito")
    taken = await room.person("taken", coop=OTHER)
    assert (await taken.go(path)).status_code == 404
    assert (await taken.go(path, coop=OTHER)).status_code == 404
    assert words(await taken.go("emergencies", coop=OTHER)).count("緊急提供はまだありません") == 1
    assert ELSEWHERE not in words(await taken.go("emergencies", coop=OTHER))


async def test_the_list_is_a_file_too_and_stands_in_both_languages(room: Room):
    path = await asked(room)
    kansa = await room.person("kansa")
    page = await kansa.go("emergencies?standing=asked")
    assert path in page.text
    assert path not in (await kansa.go("emergencies?standing=closed")).text
    rows = (await kansa.go("emergencies.json?standing=asked")).json()["tables"][0]["rows"]
    assert [(row["id"], row["standing"], row["basis"]) for row in rows] == [(path.rpartition("/")[2], "asked", "law")]
    for ending in ("csv", "xlsx"):
        assert (await kansa.go(f"emergencies.{ending}")).status_code == 200
    await kansa.speak("en")
    said = words(await kansa.go("emergencies"))
    assert "waiting for approval" in said
    assert "承認待ち" not in said
    assert "What is protected" not in words(await kansa.go(path))
    assert "Ends at" in words(kansa.page)


async def test_after_its_end_it_can_be_approved_no_more(room: Room):
    path = await asked(room)
    ito = await room.person("ito")
    await ito.go(path)
    form = ito.form("/approve")
    room.house.clock.now += timedelta(hours=6)
    room.people.clear()
    ito = await room.person("ito")
    await ito.go(path)
    assert "承認前に失効" in words(ito.page)
    answer = await ito.send(replace(form, fields={**form.fields, "csrf": _csrf(ito)}), {"reason": "必要"})
    assert answer.status_code == 409
    assert "もう一度申請してください" in words(ito.page)


def _csrf(person: Person) -> str:
    return next(token for token in person.page.text.split('name="csrf" value="')[1:]).partition('"')[0]
