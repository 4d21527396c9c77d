"""書き出し: every view in every format, with the filters of its URL, for those who may read it and nobody else."""

import csv
import io
import json
from dataclasses import replace as with_changes
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import openpyxl
import pytest
from msgspec.structs import replace

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.console.exports.export_definitions import ROUTES as DEFINITIONS
from gateway.console.exports.export_policy import ROUTES as POLICY
from gateway.console.exports.export_tables import ROUTES as TABLES
from gateway.core.days import Span
from gateway.core.state import Snapshot, Version
from tests.console.furnished import INCOMPLETE, furnished
from tests.console.matrix_room import AGREEMENT, PARTNER, Room, composed, repository_files
from tests.console.simulated import COOP, OTHER, Browser, words

GRANTS = f"/{COOP}/grants/{PARTNER}/{AGREEMENT}"
PAGES = {
    "versions": (f"/{COOP}/versions", "版の履歴"),
    "proposals": (f"/{COOP}/proposals", "変更申請"),
    "people": (f"/{COOP}/people", "担当者・権限"),
    "partners": (f"/{COOP}/partners", "提供先"),
    "grants": (f"/{COOP}/grants", "提供範囲の一覧"),
    "notices": (f"/{COOP}/notices", "公表事項"),
    "matrix": (GRANTS, "提供範囲"),
    "fields": (f"{GRANTS}/fields", "項目定義書"),
}
FOR_EVERYBODY = {"versions", "people", "partners"}
ENDINGS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "pdf": "application/pdf",
}
SUNNET = f"policies/{COOP}/agreements/sunnet.yaml"


class ExportRoom(Room):
    """The console with a second version published, and people who may read nothing of it."""

    def __init__(self, clock) -> None:
        super().__init__(clock)
        self.staff.add("muyaku", name="無役 四郎")
        self.staff.add("taken", "admin", coop=OTHER, name="別の生協")
        self.first = self.snapshots[COOP].versions[0].policy.digest

    def publish_changed(self, *, days: int = 1) -> str:
        """Publish a version in which Sunnet no longer receives the delivery day; return its digest."""
        text = repository_files()
        text[SUNNET] = text[SUNNET].replace("          delivery_day: as_is\n", "")
        checked = CheckedFiles(samples=True).check(COOP, text)
        assert checked.policy is not None, checked.findings
        before = self.snapshots[COOP]
        version = Version(effective=self.clock() - timedelta(days=days), index=30, policy=checked.policy)
        self.snapshots[COOP] = replace(before, versions=(*before.versions, version))
        self.proposals.versions[checked.policy.digest] = text
        return checked.policy.digest

    def in_demo(self) -> None:
        self.desk = with_changes(self.desk, demo=True)
        self.app = composed(self.desk)


@pytest.fixture
def room(clock) -> ExportRoom:
    return ExportRoom(clock)


@pytest.fixture
async def kansa(room) -> Browser:
    return await room.browser().signed_in("kansa")


def table(answer: httpx2.Response, at: int = 0) -> dict[str, Any]:
    assert answer.status_code == 200, words(answer)
    found: dict[str, Any] = answer.json()["tables"][at]
    return found


def notes(found: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one["said"] for one in found["notes"]}


def csv_rows(answer: httpx2.Response, encoding: str = "utf-8-sig") -> list[list[str]]:
    assert answer.status_code == 200, words(answer)
    return list(csv.reader(io.StringIO(answer.content.decode(encoding), newline="")))


# ── every view × format ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("view", PAGES)
async def test_a_view_is_given_in_every_format_with_its_name_and_no_script(kansa, view):
    path, title = PAGES[view]
    for ending, kind in ENDINGS.items():
        answer = await kansa.get(f"{path}.{ending}")
        assert answer.status_code == 200, words(answer)
        assert answer.headers["content-type"] == kind
        kept = answer.headers["content-disposition"]
        assert kept.startswith('attachment; filename="')
        assert kept.isascii()
        assert "; filename*=UTF-8''" in kept
        assert kept.partition(";")[2].count(f".{ending}") == 2
        assert (view, ending) == ("matrix", "csv") or quote(f"_{title}.") in kept
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        if ending == "xlsx":
            book = openpyxl.load_workbook(io.BytesIO(answer.content))
            assert "f" not in {cell.data_type for page in book for row in page.iter_rows() for cell in row}
        if ending == "json":
            assert all(one["rows"] for one in answer.json()["tables"])


@pytest.mark.parametrize("view", PAGES)
async def test_the_same_view_gives_the_same_bytes(kansa, view):
    for ending in ENDINGS:
        first, again = [(await kansa.get(f"{PAGES[view][0]}.{ending}")).content for _ in range(2)]
        assert first == again


@pytest.mark.parametrize("view", PAGES)
async def test_the_page_of_a_view_leads_to_its_files(kansa, view):
    path = PAGES[view][0].removesuffix("/fields")
    page = await kansa.get(path)
    assert page.status_code == 200
    start = f"{AGREEMENT}{'/fields' if view == 'fields' else ''}" if view in {"fields", "matrix"} else PAGES[view][0]
    for ending in ENDINGS:
        assert f'href="{start}.{ending}' in page.text, ending
    assert f'href="{start}.csv?encoding=cp932' in page.text
    assert "書き出す" in words(page)


@pytest.mark.parametrize("view", PAGES)
async def test_files_have_the_roles_of_their_page(room, view):
    for person, admitted in (("muyaku", False), ("unyo", view in FOR_EVERYBODY)):
        browser = await room.browser().signed_in(person)
        room.clock.advance(seconds=60)
        for ending in ENDINGS:
            answer = await browser.get(f"{PAGES[view][0]}.{ending}")
            assert answer.status_code == (200 if admitted else 403), (person, ending)
            assert admitted or "content-disposition" not in answer.headers


@pytest.mark.parametrize("view", PAGES)
async def test_another_co_ops_files_are_not_there(room, view):
    browser = await room.browser().signed_in("taken", coop=OTHER)
    for ending in ENDINGS:
        answer = await browser.get(f"{PAGES[view][0]}.{ending}")
        assert answer.status_code == 404
        assert "content-disposition" not in answer.headers


@pytest.mark.parametrize("view", PAGES)
async def test_whoever_has_not_signed_in_gets_no_file(room, view):
    answer = await room.browser().get(f"{PAGES[view][0]}.xlsx")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("view", PAGES)
async def test_english_readers_get_english_files(kansa, view):
    kansa.http.cookies.set("__Host-language", "en", domain="console.example.coop")
    header = csv_rows(await kansa.get(f"{PAGES[view][0]}.csv"))
    assert header[0][0].isascii()
    assert "Shift_JIS" in (await kansa.get(PAGES[view][0].removesuffix("/fields"))).text


async def test_there_is_no_other_ending(kansa):
    for path, _ in PAGES.values():
        assert (await kansa.get(f"{path}.docx")).status_code == 404
    assert len({route.path for route in (*TABLES, *POLICY, *DEFINITIONS)}) == 4 * 7


@pytest.mark.parametrize("view", PAGES)
async def test_in_the_demo_every_file_is_marked(room, view):
    room.in_demo()
    kansa = await room.browser().signed_in("kansa")
    path = PAGES[view][0]
    book = openpyxl.load_workbook(io.BytesIO((await kansa.get(f"{path}.xlsx")).content))
    assert all(page["A1"].value.startswith("【試験】") and page.title.startswith("【試験】") for page in book)
    assert all(one["trial"] for one in (await kansa.get(f"{path}.json")).json()["tables"])
    kept = (await kansa.get(f"{path}.csv")).headers["content-disposition"]
    assert "%E3%80%90%E8%A9%A6%E9%A8%93%E3%80%91" in kept


# ── filters of the URL ────────────────────────────────────────────────────────────────────────────────────────────


async def test_proposals_keep_the_filters_of_the_page(room, kansa):
    room.proposals.add("承認待ち", state="submitted", author="kansa", editor="kansa")
    room.proposals.add("他の人の承認待ち", state="submitted")
    page = await kansa.get(f"/{COOP}/proposals?state=submitted&mine=1")
    assert f'href="/{COOP}/proposals.xlsx?state=submitted&amp;mine=1"' in page.text
    found = table(await kansa.get(f"/{COOP}/proposals.json?state=submitted&mine=1"))
    assert [row["title"] for row in found["rows"]] == ["承認待ち"]
    assert notes(found)["state"] == "submitted"
    assert notes(found)["mine"] == "監査 次郎"
    every = table(await kansa.get(f"/{COOP}/proposals.json"))
    assert [row["state"] for row in every["rows"]] == ["draft", "submitted", "submitted"]
    assert {"state", "mine"}.isdisjoint(notes(every))


async def test_a_state_that_there_is_not_is_told(kansa):
    answer = await kansa.get(f"/{COOP}/proposals.csv?state=geheim")
    assert answer.status_code == 400
    assert "draft, submitted, approved, withdrawn, published" in words(answer)
    assert "geheim" not in words(answer)


async def test_versions_are_those_of_the_day_asked_for(room, kansa):
    digest = room.publish_changed()
    day = (room.clock() - timedelta(days=5)).date().isoformat()
    page = await kansa.get(f"/{COOP}/versions?on={day}")
    assert f'href="/{COOP}/versions.csv?on={day}"' in page.text
    standing = {
        row["digest"]: row["standing"] for row in table(await kansa.get(f"/{COOP}/versions.json?on={day}"))["rows"]
    }
    assert standing == {room.first: "in_force", digest: "future"}
    now = table(await kansa.get(f"/{COOP}/versions.json"))
    assert [row["standing"] for row in now["rows"]] == ["in_force", "past"]
    assert notes(now)["as_of"].endswith("+09:00")
    answer = await kansa.get(f"/{COOP}/versions.xlsx?on=morgen")
    assert answer.status_code == 400
    assert "2026-11-22" in words(answer)


async def test_a_notice_is_the_version_asked_for(room, kansa):
    page = await kansa.get(f"/{COOP}/notices?version=2022-04-01")
    assert f'href="/{COOP}/notices.xlsx?version=2022-04-01"' in page.text
    answer = await kansa.get(f"/{COOP}/notices.json?version=2022-04-01")
    items, purposes, users = (table(answer, at) for at in range(3))
    assert [one["item"] for one in items["rows"]][:3] == ["I1", "I2", "I3"]
    assert items["rows"][0]["label"] == "氏名"
    assert {row["purpose"]: row["joint"] for row in purposes["rows"]}["P13"] == "no"
    assert len(users["rows"]) >= 6
    assert notes(items)["notice"] == "2022-04-01"
    assert notes(items)["basis"] == "joint_use"
    book = openpyxl.load_workbook(io.BytesIO((await kansa.get(f"/{COOP}/notices.xlsx")).content))
    assert book.sheetnames == ["共同利用する項目の表", "利用目的の表", "共同利用する者"]
    assert (await kansa.get(f"/{COOP}/notices.csv?version=1999-01-01")).status_code == 404
    assert (await kansa.get(f"/{COOP}/notices.csv?policy={'0' * 64}")).status_code == 404


async def test_one_table_of_several_can_be_asked_for(kansa):
    rows = csv_rows(await kansa.get(f"/{COOP}/notices.csv?sheet=users"))
    assert rows[0] == ["共同利用する者"]
    answer = await kansa.get(f"/{COOP}/notices.csv?sheet=members")
    assert answer.status_code == 400
    assert "items, purposes, users" in words(answer)


async def test_people_have_a_row_for_each_role_and_those_without_one_too(room, kansa):
    room.staff.give("muyaku", "manager", span=Span(room.clock() - timedelta(days=9), room.clock() - timedelta(days=2)))
    room.staff.add("nashi", name="名無 五郎")
    rows = table(await kansa.get(f"/{COOP}/people.json"))["rows"]
    found = {(row["person"], row["role"], row["when"]) for row in rows}
    assert {("kian", "admin", "now"), ("muyaku", "manager", "ended"), ("nashi", None, None)} <= found


async def test_partners_name_basis_term_and_supervision(kansa):
    found = table(await kansa.get(f"/{COOP}/partners.json"))
    row = next(one for one in found["rows"] if one["agreement"] == AGREEMENT)
    assert row["basis"] == "joint_use"
    assert (row["first_day"], row["last_day"]) == ("2026-04-01", "2027-03-31")
    assert row["supervision"] == "on_time"
    assert "共同利用(法27条5項3号・第三者提供に当たらない)" in (await kansa.get(f"/{COOP}/partners.csv")).text
    assert any(one["agreement"] is None for one in found["rows"])


async def test_the_matrix_has_its_transforms_by_grant(room, kansa):
    found = table(await kansa.get(f"{GRANTS}.json"))
    row = next(one for one in found["rows"] if one["field"] == "birth_date")
    assert row["grant:introduction"] == "birth_year"
    assert notes(found)["version"] == room.first
    drafted = table(await kansa.get(f"/{COOP}/matrix/{room.draft.id}/{PARTNER}/{AGREEMENT}.json"))
    assert drafted["rows"] == found["rows"]
    assert notes(drafted)["proposal"] == f"{room.draft.title} ({room.draft.id})"
    assert "version" not in notes(drafted)
    assert (await kansa.get(f"/{COOP}/grants/sunnet/{AGREEMENT}.xlsx")).status_code == 404


# ── what cannot be written ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_character_that_shift_jis_lacks_is_refused_with_its_place(room, kansa):
    room.proposals.add("𠮷田の件")
    answer = await kansa.get(f"/{COOP}/proposals.csv?encoding=cp932")
    assert answer.status_code == 409
    said = words(answer)
    assert "7行目2列目" in said
    assert "U+20BB7" in said
    assert "𠮷" not in said
    assert "content-disposition" not in answer.headers
    assert "𠮷田の件" in (await kansa.get(f"/{COOP}/proposals.csv")).text


async def test_shift_jis_is_written_where_it_can_be(kansa):
    answer = await kansa.get(f"{GRANTS}/fields.csv?encoding=cp932")
    assert answer.headers["content-type"] == "text/csv; charset=Shift_JIS"
    assert ["表紙"] in csv_rows(answer, "cp932")


@pytest.mark.parametrize("path", [f"/{COOP}/versions.csv", f"{GRANTS}.csv"])
async def test_an_encoding_that_there_is_not_is_told(kansa, path):
    answer = await kansa.get(f"{path}?encoding=ebcdic")
    assert answer.status_code == 400
    assert "utf-8, cp932" in words(answer)


async def test_no_title_of_a_proposal_runs_in_a_spreadsheet(room, kansa):
    title = '=HYPERLINK("https://evil.example","x")'
    room.proposals.add(title, reason="+81 90")
    rows = csv_rows(await kansa.get(f"/{COOP}/proposals.csv"))
    assert any(f"'{title}" in row and "'+81 90" in row for row in rows)
    page = openpyxl.load_workbook(io.BytesIO((await kansa.get(f"/{COOP}/proposals.xlsx")).content)).worksheets[0]
    assert title in {cell.value for row in page.iter_rows() for cell in row if cell.data_type == "s"}


async def test_nothing_published_is_an_empty_list_or_not_there(room, kansa):
    room.snapshots[COOP] = Snapshot(coop=COOP)
    for view, (path, _) in PAGES.items():
        answer = await kansa.get(f"{path}.json")
        if view in {"notices", "matrix", "fields"}:
            assert answer.status_code == 404
        elif view in {"versions", "partners", "grants"}:
            assert table(answer)["rows"] == []


# ── 項目定義書 ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_definitions_are_of_the_version_in_force_and_compared_with_any_other(room, kansa):
    second = room.publish_changed()
    url = f"/{COOP}/grants/sunnet/kyoritsusha-sunnet-01/fields.json"
    answer = await kansa.get(url)
    assert [one["key"] for one in answer.json()["tables"]] == ["cover", "fields", "codes", "history"]
    assert notes(table(answer))["version"] == second
    assert notes(table(answer))["against"] == room.first
    gone = [row["field"] for row in table(answer, 1)["rows"] if row["change"] == "-"]
    assert gone == ["delivery_day"]
    back = await kansa.get(f"{url}?policy={room.first}&against={second}")
    assert notes(table(back))["version"] == room.first
    assert [row["field"] for row in table(back, 1)["rows"] if row["change"] == "+"] == ["delivery_day"]
    same = await kansa.get(f"{url}?against={second}")
    assert not [row for row in table(same, 1)["rows"] if row["change"]]


@pytest.mark.parametrize("name", ["policy", "against"])
async def test_a_version_that_was_not_published_is_told(kansa, name):
    answer = await kansa.get(f"{GRANTS}/fields.xlsx?{name}={'0' * 64}")
    assert answer.status_code == 404
    assert "その版は公布されていません" in words(answer)


async def test_an_agreement_of_another_partner_has_no_definitions(kansa):
    for path in (f"sunnet/{AGREEMENT}", f"{PARTNER}/none", f"none/{AGREEMENT}"):
        assert (await kansa.get(f"/{COOP}/grants/{path}/fields.xlsx")).status_code == 404


async def test_without_files_the_definitions_stand_by_their_ids(room, kansa):
    room.proposals.versions.clear()
    found = table(await kansa.get(f"{GRANTS}/fields.json"), 1)
    assert {row["item_text"] for row in found["rows"]} == {""}


async def test_in_a_house_at_work_the_definitions_name_who_approved(sqlite_url, tmp_path, clock, gateway_keys):
    async with furnished(sqlite_url, tmp_path, clock, keys=gateway_keys) as made:
        cookies = {"session": await made.session("kansa")}
        async with httpx2.AsyncClient(base_url=made.origin, cookies=cookies) as http:
            for path, _ in PAGES.values():
                for ending in (*ENDINGS, "csv?encoding=cp932"):
                    answer = await http.get(f"{path}.{ending}")
                    assert answer.status_code == 200, (path, ending, words(answer))
            answer = await http.get(f"/{COOP}/grants/sunnet/kyoritsusha-sunnet-01/fields.json")
            said = notes(table(answer))
            assert (said["proposer"], said["approver"]) == ("佐藤 起子", "伊藤 認")
            assert said["reason"] == "配達の委託先が変わり、使わなくなったため"
            history = table(answer, 3)["rows"]
            assert [row["approver"] for row in history] == ["伊藤 認", "伊藤 認"]
            assert {row["change"] for row in history} == {"-", "+"}
            every = json.dumps((await http.get(f"/{COOP}/partners.json")).json(), ensure_ascii=False)
            assert "00000007" not in every


async def test_a_co_op_whose_notice_lacks_matters_has_its_files_too(sqlite_url, tmp_path, clock, gateway_keys):
    async with furnished(sqlite_url, tmp_path, clock, keys=gateway_keys) as made:
        cookies = {"session": await made.session("deli", coop=INCOMPLETE)}
        async with httpx2.AsyncClient(base_url=made.origin, cookies=cookies) as http:
            for view in ("versions", "proposals", "people", "partners", "grants", "notices"):
                for ending in (*ENDINGS, "csv?encoding=cp932"):
                    answer = await http.get(f"/{INCOMPLETE}/{view}.{ending}")
                    assert answer.status_code == 200, (view, ending, words(answer))
            items = table(await http.get(f"/{INCOMPLETE}/notices.json"))
            assert notes(items)["missing"].startswith("items, joint_purposes, ")
            assert items["rows"] == []
