"""上限超過の要求 by its pages: what waits, a draft from it, a dismissal, who may, both languages, and the same as a file."""

import pytest

from gateway.tlog.entries import Dossier
from tests.console.acting_room import OTHER, Room
from tests.console.simulated import words
from tests.control_plane.beyond import DELIVERY, TROUBLE, count, refused_beyond
from tests.house import COOP

PAGE = f"over-quota/{TROUBLE}"


@pytest.fixture
async def beyond(room: Room) -> Room:
    """A room in which one grant was asked for beyond its limit, twice."""
    for over in (620, 540):
        await refused_beyond(room.house.stores, over=over)
    await count(room.house.stores)
    return room


async def test_what_waits_is_shown_at_home_in_the_list_and_by_day(beyond: Room):
    sato = await beyond.person("sato")
    assert "上限超過の要求(未対応) 1件" in words(await sato.go(""))
    assert 'href="/kyoritsusha/over-quota"' in (await sato.go("proposals")).text
    said = words(await sato.go("over-quota?state=open"))
    assert "kyoritsusha-jccu-01 / trouble 未対応" in said
    one = await sato.go(PAGE)
    said = words(one)
    assert "500人" in said
    assert "5,000人" in said
    assert "620人" in said
    assert "2026年11月22日(日) jccu-demo 未対応" in said
    assert sato.form("/propose").fields["most"] == "700"


async def test_a_button_begins_a_draft_and_the_page_leads_to_it(beyond: Room):
    sato = await beyond.person("sato")
    await sato.go(PAGE)
    answer = await sato.press("/propose", {"reason": "連絡先が一時的に増えるため"})
    path = str(answer.headers["location"]).removeprefix(f"/{COOP}/")
    assert (await beyond.stored(path)).state == "draft"
    assert "下書きを作りました" in sato.told()
    said = await sato.go(PAGE)
    assert path in said.text
    assert "引上げを申請中" in words(said)
    assert "引き上げずに見送る" not in words(said)


async def test_a_refused_number_is_told_on_the_page_with_what_was_typed(beyond: Room):
    sato = await beyond.person("sato")
    await sato.go(PAGE)
    answer = await sato.press("/propose", {"most": "6000", "reason": "試験の理由"})
    assert answer.status_code == 409
    assert "契約・覚書の上限(5,000人)を超えます" in words(answer)
    assert sato.form("/propose").fields["most"] == "6000"
    assert "試験の理由" in answer.text


async def test_a_dismissal_is_in_the_log(beyond: Room):
    sato = await beyond.person("sato")
    await sato.go(PAGE)
    await sato.press("/dismiss", {"reason": "月末の一度だけのため"})
    assert "見送りを記録しました" in sato.told()
    entry = await beyond.house.last()
    assert isinstance(entry, Dossier)
    assert (entry.matter, entry.reason, entry.by) == ("quota", "月末の一度だけのため", "sato")
    assert "上限超過の要求(未対応) 0件" in words(await sato.go(""))


async def test_who_reads_policy_reads_it_and_only_an_admin_acts(beyond: Room):
    for person in ("ito", "kansa"):
        reader = await beyond.person(person)
        page = await reader.go(PAGE)
        assert page.status_code == 200
        assert "/propose" not in page.text
        assert "対応できるのは「宅配事業部」の管理者です" in words(page)
        assert (await reader.go("over-quota", coop=OTHER)).status_code == 404
    sato = await beyond.person("sato")
    await sato.go(PAGE)
    form = sato.form("/propose")
    ito = await beyond.person("ito")
    form.fields["csrf"] = (await ito.go(PAGE)).text.split('name="csrf" value="')[1].split('"')[0]
    assert (await ito.send(form, {"reason": "試験"})).status_code == 403


async def test_nothing_beyond_a_limit_is_an_empty_list_and_no_page(room: Room):
    sato = await room.person("sato")
    assert "上限を超えた要求はありません" in words(await sato.go("over-quota"))
    assert (await sato.go(PAGE)).status_code == 404
    assert (await sato.go("over-quota/%3Cscript%3E")).status_code == 404


async def test_a_limit_that_is_the_agreement_s_own_leads_to_the_agreement(room: Room):
    await refused_beyond(room.house.stores, grant=DELIVERY, over=21_000, client="sunnet-demo")
    await count(room.house.stores)
    sato = await room.person("sato")
    page = await sato.go(f"over-quota/{DELIVERY}")
    assert "今の上限は契約・覚書の上限と同じです" in words(page)
    assert "/propose" not in page.text
    assert "引き上げずに見送る" in words(page)


async def test_it_is_there_as_a_file_and_in_english(beyond: Room):
    kansa = await beyond.person("kansa")
    table = (await kansa.go("over-quota.json")).json()["tables"][0]
    [row] = table["rows"]
    assert (row["grant"], row["client"], row["most"], row["asked"], row["requests"]) == (
        TROUBLE,
        "jccu-demo",
        500,
        620,
        2,
    )
    assert (await kansa.go("over-quota.xlsx?state=dismissed")).status_code == 200
    await kansa.speak("en")
    assert "Requests beyond a limit" in words(await kansa.go("over-quota"))
