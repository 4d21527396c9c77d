"""The gap report by its page: what differs, the facets in the URL, the period, both languages, and whose it is."""

from typing import Any

import pytest

from tests.clock import NOON
from tests.console.acting_room import OTHER, Room
from tests.console.simulated import words
from tests.control_plane.asking import denied, released, say
from tests.house import COOP

SUNNET: dict[str, Any] = {
    "partner": "sunnet",
    "agreement": "kyoritsusha-sunnet-01",
    "client": "sunnet-demo",
    "at": NOON,
}


async def asked(room: Room, **fields: str) -> None:
    """Let Sunnet have asked for fields in the hour before."""
    log = room.house.stores.log
    await say(log, released(fields, **SUNNET))  # type: ignore[arg-type]  # a log of either database


async def test_what_was_never_released_stands_with_its_grant_and_its_item(room: Room):
    await asked(room, name="as_is", phone="as_is")
    kansa = await room.person("kansa")
    page = await kansa.go("gaps")
    said = words(page)
    assert page.status_code == 200
    assert "対象期間:" in said
    assert "2026年11月22日(日)" in said
    assert "許諾あり・提供なし" in said
    assert "kyoritsusha-sunnet-01 / delivery" in said
    assert "商品のお届けまたはサービス提供" in said
    assert f'href="/{COOP}/gaps"' in page.text  # the navigation


async def test_the_url_names_kind_partner_purpose_and_period(room: Room):
    await asked(room, name="as_is", phone="as_is")
    kansa = await room.person("kansa")
    same = words(await kansa.go("gaps?kind=same&partner=sunnet&purpose=P4&days=30"))
    assert "2行" in same
    assert "直近30日" in same
    other = words(await kansa.go("gaps?kind=same&partner=jccu&purpose=P4"))
    assert "該当する行はありません" in other
    everything = words(await kansa.go("gaps?kind=ungranted&partner=sunnet"))
    assert "公表あり・許諾なし" in everything


async def test_what_was_asked_for_in_vain_is_shown(room: Room):
    log = room.house.stores.log
    refused = denied(["email"], "grant:email:not_granted", **SUNNET)
    await say(log, refused)  # type: ignore[arg-type]  # as above
    kansa = await room.person("kansa")
    said = words(await kansa.go("gaps?kind=refused"))
    assert "許諾なし・要求あり" in said
    assert "email" in said


@pytest.mark.parametrize("days", ["0", "367", "x", "-1", "9999", "1e2"])
async def test_a_period_that_is_none_is_told_and_the_usual_one_shown(room: Room, days: str):
    kansa = await room.person("kansa")
    page = await kansa.go(f"gaps?days={days}")
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert "直近90日を表示しています" in words(page)


async def test_what_the_url_says_is_escaped(room: Room):
    kansa = await room.person("kansa")
    page = await kansa.go('gaps?kind="><script>alert(1)</script>&partner="><b>&purpose=<i>')
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "該当する行はありません" in words(page)


async def test_it_is_there_in_english_with_no_japanese_of_our_own(room: Room):
    kansa = await room.person("kansa")
    await kansa.speak("en")
    said = words(await kansa.go("gaps"))
    assert "granted, never released" in said
    assert "entries read" in said
    assert "見直すもの" not in said


async def test_who_reads_policy_reads_it_and_another_co_op_does_not(room: Room):
    for person in ("sato", "ito", "kansa"):
        assert (await (await room.person(person)).go("gaps")).status_code == 200
        assert (await (await room.person(person)).go("gaps", coop=OTHER)).status_code == 404
    taken = await room.person("taken", coop=OTHER)
    assert (await taken.go("gaps")).status_code == 404
    assert (await taken.go("gaps", coop=OTHER)).status_code == 200
    assert "施行中の版がありません" in words(taken.page)


async def test_operators_and_a_console_without_the_log(console):
    unyo = await console.browser().signed_in("unyo")
    assert (await unyo.get(f"/{COOP}/gaps")).status_code == 403
    kansa = await console.browser().signed_in("kansa")
    page = await kansa.get(f"/{COOP}/gaps")
    assert page.status_code == 200
    assert "このコンソールは記録を読めません" in words(page)
