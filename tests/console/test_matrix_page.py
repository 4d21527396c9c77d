"""The page of the matrix: what it shows, what saving does, what filling, copying and CSV only show, and its keys."""

import asyncio
import base64
import re
from html.parser import HTMLParser

import pytest

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.control_plane.grants.matrix_changes import matrix_of
from gateway.control_plane.grants.matrix_csv import export
from tests.console.matrix_room import AGREEMENT, FILE, PARTNER, Room, repository_files, served_room
from tests.console.served import chromium, screen
from tests.console.simulated import COOP, words

BASE = {"revision": "1"}


@pytest.fixture
def room(clock) -> Room:
    return Room(clock)


@pytest.fixture
async def kian(room):
    return await room.browser().signed_in("kian")


class Cells(HTMLParser):
    """The selects of a page: name → (value chosen, values offered), and the marks."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.chosen: dict[str, str] = {}
        self.offered: dict[str, list[str]] = {}
        self.marks: dict[str, str] = {}
        self._name = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        its = dict(attrs)
        if tag == "select":
            self._name = its.get("name") or ""
            self.chosen[self._name] = ""
            self.offered[self._name] = []
            if "data-mark" in its:
                self.marks[self._name] = its["data-mark"]
        elif tag == "option" and self._name:
            self.offered[self._name].append(its.get("value") or "")
            if "selected" in its:
                self.chosen[self._name] = its.get("value") or ""


def lines(room: Room) -> set[str]:
    """The lines of the agreement's file in the draft that the repository's does not have."""
    return {line.strip() for line in room.text.splitlines()} - {
        line.strip() for line in repository_files()[FILE].splitlines()
    }


def full_size() -> dict[str, str]:
    """The repository's files with sixty fields, and an agreement that grants something for each of thirteen purposes."""
    files = repository_files()
    folder = f"policies/{COOP}"
    reading = 'joint: "yes", reading: {by: a, approved_by: b, date: 2026-03-20, sample: true, reason: c}'
    notice = files[f"{folder}/notices/2022-04-01.yaml"].replace("joint: review", reading)
    files[f"{folder}/notices/2022-04-01.yaml"] = notice.replace('joint: "no", subjects: [staff]', reading).replace(
        ", subjects: [prospect]", ""
    )
    names = [f"usage_{number}" for number in range(60 - files[f"{folder}/fields.yaml"].count("{item:"))]
    files[f"{folder}/fields.yaml"] += "".join(
        f'  {name}: {{item: I9, type: text, max_length: 60, "null": allowed, class: ordinary, '
        f"ja: 利用情報, en: Usage, example: x}}\n"
        for name in names
    )
    decision = f"{folder}/decisions/usage-items.yaml"
    files[decision] = files[decision].replace("kyosai_enrolled]", f"kyosai_enrolled, {', '.join(names)}]")
    head = files[FILE].partition("    grants:\n")[0]
    files[FILE] = f"{head}    grants:\n" + "".join(
        f"      p{number}:\n        purpose: P{number}\n        products: [G1]\n        max_age_days: 30\n"
        "        retention_days: 60\n        fields:\n          member_code: pairwise_id\n"
        for number in range(1, 14)
    )
    return files


# ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_draft_is_shown_with_what_each_cell_is_and_may_be(room, kian):
    answer = await kian.get(room.url)
    assert answer.status_code == 200
    cells = Cells(answer.text)
    assert cells.chosen["introduction/birth_date"] == "birth_year"
    assert cells.offered["introduction/birth_date"] == ["", "as_is", "mask", "birth_year", "age_band", "drop"]
    assert cells.chosen["introduction/phone"] == ""
    assert "introduction/bank_account" not in cells.offered
    assert cells.marks == {}
    text = words(answer)
    assert "債権残高" in text
    assert "notice:receivable_yen:unresolved" in text
    assert "商品・サービスの提供を斡旋するため" in text
    assert "P13 常勤役職員の雇用管理のため" in text


async def test_it_is_told_in_english_too(room, kian):
    await kian.send("/language", {"language": "en", "back": room.url})
    text = words(await kian.get(room.url))
    assert "Receivable" in text
    assert "no decision puts the field under its item" in text
    assert "record an `open_item` or `item_field` decision" in text


async def test_nothing_is_inline_and_the_page_stays_small(room, kian):
    answer = await kian.get(room.url)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|<style", answer.text)
    assert len(answer.content) < 200_000


async def test_sixty_fields_for_thirteen_purposes_are_one_page_of_moderate_size(clock):
    room = Room(clock, full_size())
    browser = await room.browser().signed_in("kian")
    answer = await browser.get(room.url)
    cells = Cells(answer.text)
    assert sum("/" in name for name in cells.offered) > 650
    assert len(answer.content) <= 1_500_000
    # A browser without scripts sends all of them.
    sent = {name: value for name, value in cells.chosen.items() if "/" in name} | {"p7/name": "as_is"}
    answer = await browser.send(room.url, {**BASE, **sent, "act": "save"})
    assert answer.status_code == 303
    assert room.now.revision == 2


async def test_readers_see_it_without_controls(room):
    for person in ("kansa", "hoka"):
        answer = await (await room.browser().signed_in(person)).get(room.url)
        assert answer.status_code == 200
        assert Cells(answer.text).offered == {}
        assert "生年" in words(answer)


async def test_who_may_not_read_policy_is_refused(room):
    answer = await (await room.browser().signed_in("unyo")).get(room.url)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path", ["matrix/p-9/jccu/kyoritsusha-jccu-01", "matrix/p-1/sunnet/kyoritsusha-jccu-01", "matrix/p-1/jccu/none"]
)
async def test_what_there_is_not_is_not_found(kian, path):
    assert (await kian.get(f"/{COOP}/{path}")).status_code == 404


async def test_files_with_errors_are_told_by_file_and_line(room, kian):
    broken = {**repository_files(), FILE: repository_files()[FILE].replace("purpose: P12", "purpose: P99")}
    await room.amend(COOP, room.draft.id, 1, broken, by="kian")
    answer = await kian.get(room.url)
    assert answer.status_code == 409
    assert FILE in words(answer)
    assert "P99" in words(answer)


# ── saving ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_saving_amends_the_proposal_with_the_changed_cells_alone(room, kian):
    # Every select is sent, as a browser without scripts does; two of them differ.
    cells = Cells((await kian.get(room.url)).text).chosen
    sent = {name: value for name, value in cells.items() if "/" in name}
    sent |= {"introduction/sex": "mask", "trouble/email": "", "services/phone": "phone_last4"}
    answer = await kian.send(room.url, {**BASE, **sent, "act": "save"})
    assert (answer.status_code, answer.headers["location"]) == (303, room.url)
    assert (room.now.revision, room.now.editor, room.now.state) == (2, "kian", "draft")
    assert lines(room) == {"sex: mask"}
    assert room.text.count("phone: phone_last4") == 2
    assert "email" not in room.text
    after = words(await kian.get(room.url))
    assert "3 セルの変更を保存しました" in after


async def test_saving_nothing_changes_nothing(room, kian):
    answer = await kian.send(room.url, {**BASE, "introduction/sex": "as_is", "act": "save"})
    assert answer.status_code == 303
    assert room.now == room.draft


async def test_somebody_who_was_faster_is_not_overwritten_and_nothing_typed_is_lost(room, kian):
    await room.amend(COOP, room.draft.id, 1, room.files, by="hoka")
    answer = await kian.send(room.url, {**BASE, "introduction/sex": "mask", "act": "save"})
    assert answer.status_code == 409
    assert "他の人が先に変更しました" in words(answer)
    cells = Cells(answer.text)
    assert (cells.chosen["introduction/sex"], cells.marks) == ("mask", {"introduction/sex": "~"})
    assert (room.now.revision, room.text) == (2, repository_files()[FILE])


async def test_a_cell_that_the_notice_closes_is_refused_with_its_rule(room, kian):
    answer = await kian.send(
        room.url, {**BASE, "introduction/sex": "mask", "introduction/bank_account": "as_is", "act": "save"}
    )
    assert answer.status_code == 409
    assert "grant:bank_account:undecided" in words(answer)
    assert room.now == room.draft


async def test_a_grant_is_not_emptied(room, kian):
    sent = {f"trouble/{name}": "" for name in ("member_code", "name", "phone", "email")}
    answer = await kian.send(room.url, {**BASE, **sent, "act": "save"})
    assert answer.status_code == 409
    assert "提供する項目がなくなります" in words(answer)
    assert set(Cells(answer.text).marks.values()) == {"-"}


@pytest.mark.parametrize(
    "fields",
    [
        {"act": "save", "introduction/sex": "no_such_transform"},
        {"act": "burn"},
        {"act": "save", "introduction/sex": "mask", "revision": "-1"},
        {"act": "save", "introduction/sex": "mask", "revision": ""},
        {"act": "fill", "fill_transform": "no_such"},
        {"act": "csv", "csv_file": "!!"},
        {"act": "csv", "csv_file": "生年"},
    ],
)
async def test_what_our_form_does_not_send_is_refused(room, kian, fields):
    assert (await kian.send(room.url, {**BASE, **fields})).status_code == 400
    assert room.now == room.draft


@pytest.mark.parametrize("person", ["kansa", "unyo"])
async def test_only_admins_change(room, person):
    browser = await room.browser().signed_in(person)
    answer = await browser.send(room.url, {**BASE, "introduction/sex": "mask", "act": "save"})
    assert answer.status_code == 403
    assert room.now == room.draft


async def test_a_forged_form_changes_nothing(room, kian):
    answer = await kian.post(room.url, {**BASE, "introduction/sex": "mask", "act": "save"})
    assert answer.status_code == 403
    assert room.now == room.draft


# ── what is only shown ────────────────────────────────────────────────────────────────────────────────────────────


async def test_filling_shows_the_result_with_what_was_chosen_before_and_saves_nothing(room, kian):
    answer = await kian.send(
        room.url,
        {
            **BASE,
            "services/sex": "mask",
            "introduction/postal_code": "",
            "act": "fill",
            "fill_item": "I5",
            "fill_grant": "introduction",
            "fill_transform": "postal_3",
        },
    )
    assert answer.status_code == 200
    cells = Cells(answer.text)
    # What was chosen outside the item stays chosen; within it the filling counts.
    assert cells.marks == {"services/sex": "+"}
    assert "grant:address_line:wrong_transform" in words(answer)
    assert room.now == room.draft


async def test_copying_from_another_partner_shows_what_is_admitted_and_tells_the_rest(room, kian):
    source = "coop-kyosai/kyoritsusha-coop-kyosai-01/kyosai"
    assert source in (await kian.get(room.url)).text
    answer = await kian.send(room.url, {**BASE, "act": "copy", "copy_from": source, "copy_to": "trouble"})
    cells = Cells(answer.text)
    assert cells.chosen["trouble/address_line"] == "as_is"
    assert cells.marks["trouble/email"] == "-"
    assert "grant:kyosai_enrolled:not_granted" in words(answer)
    assert room.now == room.draft


async def test_copying_from_nowhere_is_refused(room, kian):
    for source in ("sunnet/kyoritsusha-jccu-01/trouble", "jccu/kyoritsusha-jccu-01/none", "", "../x"):
        answer = await kian.send(room.url, {**BASE, "act": "copy", "copy_from": source, "copy_to": "trouble"})
        assert answer.status_code == 409
    assert room.now == room.draft


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
async def test_a_csv_goes_out_and_its_changes_come_back_unsaved(room, kian, encoding):
    answer = await kian.get(f"{room.url}.csv?encoding={encoding}")
    assert answer.headers["content-type"] == f"text/csv; charset={'utf-8' if encoding == 'utf-8' else 'Shift_JIS'}"
    assert f"{AGREEMENT}.csv" in answer.headers["content-disposition"]
    data = answer.content.replace("生年,".encode(encoding), "年代,".encode(encoding))
    shown = await kian.send(room.url, {**BASE, "act": "csv", "csv_file": base64.b64encode(data).decode()})
    assert shown.status_code == 200
    assert Cells(shown.text).marks == {"introduction/birth_date": "~"}
    assert room.now == room.draft


async def test_a_csv_may_be_pasted_and_its_errors_are_told(room, kian):
    of = matrix_of(room.files, PARTNER, AGREEMENT, policy_files=CheckedFiles(samples=True), coop=COOP)
    text = export(of).decode("utf-8-sig")
    answer = await kian.send(room.url, {**BASE, "act": "csv", "csv_text": text.replace("生年,", "年代,")})
    assert Cells(answer.text).marks == {"introduction/birth_date": "~"}
    answer = await kian.send(room.url, {**BASE, "act": "csv", "csv_text": text.replace("生年,", "匿名化,")})
    assert answer.status_code == 409
    assert "6 行目 4 列目" in words(answer)
    assert Cells(answer.text).marks == {}


# ── overview ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_overview_counts_fields_by_partner_and_purpose(room, kian):
    answer = await kian.get(f"/{COOP}/grants")
    row = re.search(r"<tr><th scope=\"row\"><a href=\"(/[^\"]*jccu[^\"]*)\".*?</tr>", answer.text)
    assert row
    assert row[1] == f"/{COOP}/grants/{PARTNER}/{AGREEMENT}"
    # P5 of both grants: seven fields in all, of which `drop` lets nothing leave.
    assert re.findall(r">(\d+)</a></td>", row[0]) == ["6", "4"]
    shown = await kian.get(row[1])
    assert shown.status_code == 200
    assert Cells(shown.text).offered == {}
    assert "利用情報" in words(shown)
    assert (await kian.get(f"{row[1]}.csv")).content == (await kian.get(f"{room.url}.csv")).content


async def test_the_overview_of_a_proposal_marks_what_it_changes_and_leads_there(room, kian):
    await kian.send(room.url, {**BASE, "introduction/sex": "mask", "act": "save"})
    answer = await kian.get(f"/{COOP}/grants?proposal={room.draft.id}")
    assert room.url in answer.text
    assert words(answer).count("変更あり") == 1
    assert (await kian.get(f"/{COOP}/grants?proposal=p-9")).status_code == 404


# ── by keyboard ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_grid_is_worked_by_keyboard_alone(clock):
    async with served_room(clock) as room, chromium() as browser, screen(browser, room) as seen:
        page = seen.page
        await seen.sign_in("kian")
        await seen.go(room.url)

        async def press(*keys: str) -> None:
            for key in keys:
                await page.keyboard.press(key)

        async def here() -> str:
            return str(
                await page.evaluate(
                    "document.activeElement.querySelector('select')?.name ?? document.activeElement.tagName"
                )
            )

        async def marks() -> dict[str, str]:
            found = await page.eval_on_selector_all(
                "select[data-mark]", "all => all.map(s => [s.name, s.dataset.mark])"
            )
            return dict(found)

        assert await page.get_attribute("#matrix", "role") == "grid"
        await page.focus("#matrix td[tabindex='0']")
        assert await here() == "introduction/name"
        await press("2")  # one cell is a range, also where it was reached by Tab
        assert await marks() == {"introduction/name": "+"}
        await press("Delete")
        assert await marks() == {}
        await press("ArrowRight", "ArrowDown")
        assert await here() == "services/name_kana"
        await press("End")
        assert await here() == "trouble/name_kana"
        await press("Home", "ArrowLeft")
        assert await here() == "introduction/name_kana"
        await press("Control+End")
        assert await here() == "TD"  # the last cell is closed, and says why
        assert "receivable_yen" in await page.inner_text("#matrix-live")
        await press("Control+Home")
        assert await here() == "introduction/name"

        # A range takes a digit; cells that do not admit it stay.
        await press("Shift+ArrowRight", "Shift+ArrowDown")
        assert await page.locator("#matrix td[aria-selected='true']").count() == 4
        await press("2")
        assert await marks() == {
            "introduction/name": "+",
            "services/name": "~",
            "introduction/name_kana": "+",
            "services/name_kana": "+",
        }
        assert [await page.inner_text(f"#count-{kind}") for kind in ("added", "changed", "removed")] == ["3", "1", "0"]
        await press("3")
        assert "4" in await page.inner_text("#matrix-live")
        assert (await marks())["services/name"] == "~"

        # Copied as names, pasted elsewhere; Escape lets the range go.
        await press("Control+c", "Escape")
        assert await page.locator("#matrix td[aria-selected='true']").count() == 1
        await press("Control+Home", "ArrowRight", "ArrowRight", "Control+v")
        assert await page.input_value("select[name='trouble/name']") == "mask"
        assert await page.input_value("select[name='trouble/name_kana']") == "mask"

        # Into the list and back, one stop of Tab for the whole grid.
        await press("Enter")
        assert await page.evaluate("document.activeElement.tagName") == "SELECT"
        await press("Escape")
        assert await here() == "trouble/name"
        await press("Delete")
        assert (await marks())["trouble/name"] == "-"
        assert await page.locator("#matrix [tabindex='0']").count() == 1
        await press("Tab")
        assert await page.evaluate("!document.activeElement.closest('#matrix')")

        # Whoever leaves with unsaved changes is asked first.
        async with page.expect_event("dialog") as asked:
            leaving = asyncio.create_task(page.click(".side a >> nth=0"))
            dialog = await asked.value
        assert dialog.type == "beforeunload"
        await dialog.dismiss()
        await leaving
        assert page.url.endswith(room.url)

        await page.click("button[value='save']")
        await page.wait_for_selector(".flash-good")
        assert room.now.revision == 2
        assert await marks() == {}
        assert await page.input_value("select[name='services/name_kana']") == "mask"
        assert seen.complaints == []


async def test_a_csv_file_is_picked_and_shown_in_the_browser(clock):
    async with served_room(clock) as room, chromium() as browser, screen(browser, room) as seen:
        await seen.sign_in("kian")
        await seen.go(room.url)
        of = matrix_of(room.files, PARTNER, AGREEMENT, policy_files=CheckedFiles(samples=True), coop=COOP)
        data = export(of, encoding="cp932").replace("生年,".encode("cp932"), "年代,".encode("cp932"))
        await seen.page.click("summary:has-text('CSV')")
        await seen.page.set_input_files("#csv-input", {"name": "matrix.csv", "mimeType": "text/csv", "buffer": data})
        await seen.page.wait_for_function("document.getElementById('csv-file').value !== ''")
        await seen.page.click("#csv-read")
        await seen.page.wait_for_selector("select[data-mark]")
        assert await seen.page.inner_text("#count-changed") == "1"
        assert room.now == room.draft
        assert seen.complaints == []


async def test_without_scripts_the_form_works_alone(clock):
    async with (
        served_room(clock) as room,
        chromium() as browser,
        screen(browser, room, java_script_enabled=False) as seen,
    ):
        await seen.sign_in("kian")
        await seen.go(room.url)
        await seen.page.select_option("select[name='introduction/sex']", "mask")
        await seen.page.click("button[value='save']")
        await seen.page.wait_for_selector(".flash-good")
        assert lines(room) == {"sex: mask"}
        assert seen.complaints == []
