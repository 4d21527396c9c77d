"""台帳と報告 by their pages: what they say, where their figures lead, their files, who reads them, and both languages."""

import io
import json
import zipfile
from datetime import timedelta

import pytest

from gateway.tlog.entries import Access
from tests.clock import NOON
from tests.console.acting_room import OTHER, Room
from tests.console.simulated import words
from tests.control_plane.asking import denied, released, say
from tests.house import COOP

PAGES = ("reports/ledger", "reports/month", "reports/provisions", "reports/pack")
LATER = NOON + timedelta(days=14)
"""In December."""


async def november(room: Room) -> None:
    """Let Sunnet have been given data and refused it in November, which is over."""
    of = {"partner": "sunnet", "agreement": "kyoritsusha-sunnet-01", "client": "sunnet-demo", "at": NOON}
    log = room.house.stores.log
    await say(log, released({"name": "as_is"}, **of))  # type: ignore[arg-type]  # a log of either database
    await say(log, denied(["email"], "grant:email:not_granted", **of))  # type: ignore[arg-type]  # as above
    room.house.clock.now = LATER


async def test_the_ledger_shows_a_grant_and_leads_to_its_partner_and_agreement(room: Room):
    kansa = await room.person("kansa")
    page = await kansa.go("reports/ledger")
    said = words(page)
    assert page.status_code == 200
    assert "商品のお届けまたはサービス提供" in said
    assert "共同利用(法27条5項3号・第三者提供に当たらない)" in said
    assert "伊藤 認" in said
    assert f'href="/{COOP}/partners/sunnet"' in page.text
    assert f'href="/{COOP}/grants/sunnet/kyoritsusha-sunnet-01"' in page.text
    before = words(await kansa.go("reports/ledger?on=2020-01-01"))
    assert "その日に有効な版がありません" in before
    assert "日付を読み取れません" in words(await kansa.go("reports/ledger?on=morgen"))


async def test_the_month_counts_and_leads_to_the_entries_behind_its_figures(room: Room):
    await november(room)
    kansa = await room.person("kansa")
    page = await kansa.go("reports/month?month=2026-11")
    said = words(page)
    assert "公表項目" not in said
    assert "email: 提供範囲に含まれません" in said
    assert "2026-11-01" in said
    assert f"/{COOP}/transfers?from=2026-11-01&amp;to=2026-11-30&amp;kind=release&amp;partner=sunnet" in page.text
    table = json.loads((await kansa.go("reports/month.json?month=2026-11")).content)["tables"]
    totals = {row["figure"]: row["value"] for row in table[0]["rows"]}
    assert (totals["releases"], totals["members"], totals["unknown"], totals["denials"]) == (1, 8, 8, 1)
    assert "月を読み取れません" in words(await kansa.go("reports/month?month=2026-13"))
    assert (await kansa.go("reports/month.csv?month=x")).status_code == 400
    assert "まだ終わっていません" in words(await kansa.go("reports/month?month=2026-12"))


async def test_joint_use_is_stated_as_exempt_from_the_records(room: Room):
    await november(room)
    kansa = await room.person("kansa")
    said = words(await kansa.go("reports/provisions?from=2026-11-01&to=2026-11-30"))
    assert "記録の対象となる提供はありません" in said
    assert "記録義務の対象外(法29条1項ただし書・法27条5項3号)" in said
    wrong = words(await kansa.go("reports/provisions?from=2026-11-30&to=2026-11-01"))
    assert "期間を読み取れません" in wrong


async def test_the_pack_shows_its_evidence_and_is_taken_with_an_entry_that_says_so(room: Room):
    await november(room)
    await room.house.publish_checkpoint()
    kansa = await room.person("kansa")
    assert "期間を選んでください" in words(await kansa.go("reports/pack"))
    said = words(await kansa.go("reports/pack?from=2026-11-01&to=2026-11-30"))
    assert "D-07a" in said
    assert "K-M1" in said
    assert "10-3(5)" in said
    assert "なし" in said
    taken = await kansa.go("reports/pack.zip?from=2026-11-01&to=2026-11-30")
    assert taken.headers["content-type"] == "application/zip"
    assert "kyoritsusha-audit-pack-2026-11-01-2026-11-30.zip" in taken.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        assert {"manifest.json", "clauses.csv", "ledger.json", "months/2026-11.csv", "audit-pack.pdf"} <= {
            *archive.namelist()
        }
    entry = await room.house.last()
    assert isinstance(entry, Access)
    assert (entry.look_up, entry.view, entry.by, entry.members) == ("export", "audit-pack", "kansa", 0)
    running = await kansa.go("reports/pack?from=2026-12-01&to=2026-12-06")
    assert "期間がまだ終わっていません" in words(running)
    assert (await kansa.go("reports/pack.zip?from=2026-12-01&to=2026-12-06")).status_code == 409
    assert (await kansa.go("reports/pack.zip?from=x&to=y")).status_code == 400


async def test_every_report_is_a_file_in_every_format(room: Room):
    await november(room)
    kansa = await room.person("kansa")
    query = {
        "reports/ledger": "?on=2026-11-22",
        "reports/month": "?month=2026-11",
        "reports/provisions": "?from=2026-11-01&to=2026-11-30",
        "reports/pack": "?from=2026-11-01&to=2026-11-30",
    }
    for path in PAGES:
        for ending in ("csv", "xlsx", "json", "pdf"):
            answer = await kansa.go(f"{path}.{ending}{query[path]}")
            assert answer.status_code == 200, (path, ending, answer.text[:200])
            assert (
                answer.content == (await kansa.go(f"{path}.{ending}{query[path]}")).content or path == "reports/ledger"
            )


@pytest.mark.parametrize(
    "asked",
    [
        "month?month=9999-12",
        "month?month=0001-01",
        "provisions?from=0001-01-01&to=0001-01-01",
        "pack?from=0001-01-01&to=0001-01-01",
    ],
)
async def test_a_period_that_no_log_can_have_is_told_and_the_last_month_shown(room: Room, asked: str):
    kansa = await room.person("kansa")
    page = await kansa.go(f"reports/{asked}")
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    path, _, query = asked.partition("?")
    assert (await kansa.go(f"reports/{path}.csv?{query}")).status_code == 400


async def test_who_reads_which_report(room: Room):
    may = {
        "kansa": {"reports", *PAGES},
        "ito": {"reports", "reports/ledger", "reports/month"},
        "sato": {"reports", "reports/ledger"},
    }
    for person, allowed in may.items():
        one = await room.person(person)
        for path in ("reports", *PAGES):
            assert ((await one.go(path)).status_code == 200) is (path in allowed), (person, path)
        page = await one.go("reports")
        assert {path for path in PAGES if f'href="/{COOP}/{path}"' in page.text} == allowed - {"reports"}
        assert (await one.go("reports/ledger", coop=OTHER)).status_code == 404


async def test_a_manager_is_led_nowhere_that_is_closed_to_them(room: Room):
    await november(room)
    ito = await room.person("ito")
    page = await ito.go("reports/month?month=2026-11")
    assert "/transfers" not in page.text


@pytest.mark.parametrize("path", ["reports", *PAGES])
async def test_it_is_there_in_english(room: Room, path: str):
    kansa = await room.person("kansa")
    await kansa.speak("en")
    said = words(await kansa.go(path))
    assert "Ledger and reports" in said
    assert "台帳" not in said
