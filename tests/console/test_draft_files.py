"""The files of a draft by the real pages over real stores: read, edited as text, added, taken out, taken over."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Page

from gateway.adapters.policy_files.folder import files_of
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.file_edits import MOST
from gateway.control_plane.changes.wishes import Wish
from gateway.ports import Files
from gateway.tlog.entries import Proposal as ProposalEntry
from tests.clock import SettableClock
from tests.console.acting_room import ELSEWHERE, HERE, JCCU, OTHER, SCRIPT, SUNNET, Person, Room, employ
from tests.console.matrix_room import served_room
from tests.console.paper_forms import forms_of
from tests.console.served import chromium, screen
from tests.console.simulated import words
from tests.house import COOP, ROOT

NOTE = f"policies/{COOP}/notes/覚書 (案).md"
FIELDS = f"policies/{COOP}/fields.yaml"
DELIVERY = "          delivery_day: as_is\n"


def of(name: str, page: str = "edit") -> str:
    """The end of a file's address."""
    return f"/files/{page}?{urlencode({'file': name})}"


def sent(text: str) -> str:
    """A text as a browser sends it from a text area."""
    return re.sub(r"\r\n|\r|\n", "\r\n", text.removeprefix("\ufeff"))


async def edit(person: Person, path: str, name: str, text: str) -> int:
    """Open a file, type another text, and save it."""
    await person.go(path + of(name))
    return (await person.press(of(name), {"text": sent(text)})).status_code


@pytest.fixture
async def draft(room: Room) -> str:
    """A draft of 佐藤's, by its path."""
    return await room.begun()


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_draft_leads_to_its_files_and_every_one_is_there(room: Room, draft: str):
    sato = await room.person("sato")
    page = await sato.go(draft)
    assert "この申請で変えるもの" in words(page)
    assert f'href="/{COOP}/{draft}/files"' in page.text
    page = await sato.go(f"{draft}/files")
    files = await room.files(draft)
    assert all(f"<code>{name}</code>" in page.text for name in files)
    assert "元にした版と同じです" in words(page)
    assert f"{len(files[SUNNET].encode()):,} バイト" in words(page)
    page = await sato.go(draft + of(SUNNET))
    assert sato.form(of(SUNNET)).fields["text"] == files[SUNNET]
    assert re.search(r'<div class="editor-lines" aria-hidden="true"><pre>1\n2\n3\n', page.text)


async def test_a_reader_reads_and_is_offered_nothing(room: Room, draft: str):
    kansa = await room.person("kansa")
    page = await kansa.go(draft)
    assert f'href="/{COOP}/{draft}/files"' in page.text
    assert "この申請で変えるもの" not in words(page)
    for end in ("/files", of(SUNNET), "/files/new", of(SUNNET, "delete"), "/files/import", "/files/diff"):
        page = await kansa.go(draft + end)
        assert page.status_code == 200
        assert "見るだけの画面です" in words(page)
        assert not [one for one in forms_of(page.text) if draft in one.action]
    assert " readonly>" in (await kansa.go(draft + of(SUNNET))).text
    assert (await room.events()) == ["amend"]


async def test_in_english_too(room: Room, draft: str):
    sato = await room.person("sato")
    await sato.speak("en")
    for end in ("/files", of(SUNNET), "/files/new", of(SUNNET, "delete"), "/files/import", "/files/diff"):
        page = await sato.go(draft + end)
        assert page.status_code == 200
        assert "Files of the proposal" in words(page)
    assert "What this proposal changes" in words(await sato.go(draft))


async def test_files_of_another_coop_and_files_that_are_not_there_are_not_found(room: Room, draft: str):
    sato, taken = await room.person("sato"), await room.person("taken", coop=OTHER)
    ends = ("/files", of(SUNNET), of(SUNNET, "download"), "/files/diff", "/files/new", "/files/import")
    for end in ends:
        assert (await taken.go(draft + end, coop=COOP)).status_code == 404
        assert (await taken.go(draft + end, coop=OTHER)).status_code == 404
        assert (await sato.go("proposals/0000000000000000" + end)).status_code == 404
    for name in ("", "policies", f"policies/{COOP}/../../keys/x", "/etc/passwd", f"policies/{OTHER}/fields.yaml"):
        for page in ("edit", "download", "delete"):
            assert (await sato.go(draft + of(name, page))).status_code == 404, name
    assert (await sato.go(draft + of("nothing", "diff"))).status_code == 404


# ── editing ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_edit_is_saved_marked_compared_and_downloaded(room: Room, draft: str):
    sato = await room.person("sato")
    was = await room.files(draft)
    text = was[SUNNET].replace(DELIVERY, "")
    assert await edit(sato, draft, SUNNET, text) == 303
    assert f"{SUNNET} を保存しました" in sato.told()
    assert await room.files(draft) == {**was, SUNNET: text}
    assert await room.events() == ["amend", "amend"]
    last = await room.house.last()
    assert isinstance(last, ProposalEntry)
    assert (last.event, last.by, last.content) == ("amend", "sato", (await room.stored(draft)).content)

    page = await sato.go(f"{draft}/files")
    assert "変更 1" in words(page)
    page = await sato.go(draft + of(SUNNET, "diff"))
    assert f'<span class="diff-gone">-{DELIVERY.rstrip()}</span>' in page.text
    assert "diff-came" not in page.text
    assert SUNNET in words(await sato.go(f"{draft}/files/diff"))
    page = await sato.go(draft + of(SUNNET, "download"))
    assert page.content == text.encode()
    assert page.headers["content-disposition"] == "attachment; filename*=UTF-8''sunnet.yaml"
    page = await sato.go(draft + of(SUNNET, "download") + "&of=base")
    assert page.content == was[SUNNET].encode()


async def test_saving_what_stands_is_no_change_and_voids_no_approval(room: Room):
    path = await room.approved()
    sato = await room.person("sato")
    before = await room.files(path)
    assert await edit(sato, path, SUNNET, before[SUNNET]) == 303
    assert "変えたところがない" in words(sato.page)
    assert (await room.stored(path)).state == "approved"
    assert await edit(sato, path, JCCU, before[JCCU] + "# 追記\n") == 303
    assert (await room.stored(path)).state == "draft"


async def test_line_ends_and_the_mark_stay_byte_for_byte(room: Room, draft: str):
    sato = await room.person("sato")
    awkward = "\ufeff\n一行目\r\n二行目\n\n三行目\r\n四行目\n五行目"
    # A form cannot type a mark or a mixture of line ends: they come from a repository.
    await amended(room, draft, {NOTE: awkward})
    page = await sato.go(draft + of(NOTE))
    shown = sato.form(of(NOTE)).fields["text"]
    assert shown == "\n一行目\n二行目\n\n三行目\n四行目\n五行目"
    assert "\ufeff" not in page.text
    assert await edit(sato, draft, NOTE, shown) == 303
    assert (await room.files(draft))[NOTE] == awkward
    assert await edit(sato, draft, NOTE, shown.replace("三行目", "3行目")) == 303
    assert (await room.files(draft))[NOTE] == awkward.replace("三行目", "3行目")
    assert (await sato.go(draft + of(NOTE, "download"))).content == awkward.replace("三行目", "3行目").encode()


async def test_a_file_with_carriage_returns_keeps_them_where_lines_are_added(room: Room, draft: str):
    sato = await room.person("sato")
    crlf = (await room.files(draft))[SUNNET].replace("\n", "\r\n")
    await amended(room, draft, {SUNNET: crlf})
    assert await edit(sato, draft, SUNNET, crlf.replace(DELIVERY.replace("\n", "\r\n"), "# 追記\r\n")) == 303
    assert "# 追記\\r</span>" in (await sato.go(draft + of(SUNNET, "diff"))).text
    now = (await room.files(draft))[SUNNET]
    assert now == crlf.replace(DELIVERY.replace("\n", "\r\n"), "# 追記\r\n")
    assert now.count("\n") == now.count("\r\n")


async def amended(room: Room, path: str, changes: Files) -> None:
    """Let 加藤 save files without the pages."""
    stored = await room.stored(path)
    wish = Wish(
        files={**await room.files(path), **changes},
        title=stored.title,
        department=stored.department,
        effective=None,
        reason=stored.reason,
    )
    await steps.amend(room.office, stored, wish, by="kato")


async def test_errors_are_shown_with_line_rule_and_mend_and_nothing_is_saved(room: Room, draft: str):
    sato = await room.person("sato")
    was = await room.files(draft)
    wrong = was[SUNNET].replace("delivery_day: as_is", "no_such_field: as_is").replace(DELIVERY, "")
    line = wrong[: wrong.index("no_such_field")].count("\n") + 1
    assert await edit(sato, draft, SUNNET, wrong) == 409
    said = words(sato.page)
    assert "保存していません" in sato.told()
    assert f"{SUNNET}:{line}" in said
    assert re.search(rf"{re.escape(SUNNET)}:{line} +\[[\w:-]+\] [^[]*no_such_field", said)
    assert "→" in said
    assert f"<b>! {line}</b>" in sato.page.text
    assert sato.form(of(SUNNET)).fields["text"] == wrong  # what was typed is not lost
    assert await room.files(draft) == was
    assert await room.events() == ["amend"]
    await sato.speak("en")
    assert await edit(sato, draft, SUNNET, wrong) == 409
    assert "nothing was saved" in sato.told()


@pytest.mark.parametrize("text", ["", "a: [", f"{SCRIPT}\n", "x: 1\nx: 2\n", "&a [*a]\n", "\ufffe: 1\n"])
async def test_any_text_is_told_and_never_an_error_of_ours(room: Room, draft: str, text: str):
    sato = await room.person("sato")
    was = await room.files(draft)
    assert await edit(sato, draft, FIELDS, text) == 409
    assert SCRIPT not in sato.page.text
    assert await room.files(draft) == was


async def test_a_form_that_lacks_something_changes_nothing(room: Room, draft: str):
    sato = await room.person("sato")
    await sato.go(draft + of(SUNNET))
    form = sato.form(of(SUNNET))
    for name in ("text", "revision"):
        kept = dict(form.fields)
        form.fields = {one: value for one, value in kept.items() if one != name}
        if name == "revision":
            form.fields["text"] += "# x\n"
        assert (await sato.send(form)).status_code == 400
        form.fields = kept
    for revision in ("x", "-1", "9" * 40, "１"):
        form.fields = {**form.fields, "revision": revision}
        assert (await sato.send(form, {"text": form.fields["text"] + "# x\n"})).status_code == 400
    assert await room.events() == ["amend"]


async def test_what_is_too_long_or_cannot_be_typed_is_said(room: Room, draft: str):
    sato = await room.person("sato")
    long = "# " + "長" * (MOST // 3) + "\n"
    assert await edit(sato, draft, SUNNET, long) == 409
    assert "256 KiB" in sato.told()
    note = NOTE.replace("案", "長い案")
    await amended(room, draft, {note: long, NOTE: "\x01"})
    for name in (note, NOTE):
        page = await sato.go(draft + of(name))
        assert "画面では編集できません" in words(page)
        assert "<textarea" not in page.text
    most = "行\n" * (MOST // 4)
    assert await edit(sato, draft, f"policies/{COOP}/source.yaml", most) == 409  # no YAML, but not too long
    assert "256 KiB まで)" not in sato.told()


async def test_of_two_who_edit_the_second_sees_what_the_first_did(room: Room, draft: str):
    sato, kato = await room.person("sato"), await room.person("kato")
    was = (await room.files(draft))[SUNNET]
    await sato.go(draft + of(SUNNET))
    assert await edit(kato, draft, SUNNET, was.replace(DELIVERY, "")) == 303
    answer = await sato.press(of(SUNNET), {"text": sent(was + "# 佐藤\n")})
    assert answer.status_code == 409
    assert "他の人が先に変更しました" in sato.told()
    assert '<span class="diff-came">+# 佐藤</span>' in sato.page.text
    assert f'<span class="diff-came">+{DELIVERY.rstrip()}</span>' in sato.page.text
    assert (await room.files(draft))[SUNNET] == was.replace(DELIVERY, "")
    # Having seen that, they may save what they typed.
    assert (await sato.press(of(SUNNET))).status_code == 303
    assert (await room.files(draft))[SUNNET] == was + "# 佐藤\n"


async def test_nobody_else_edits(room: Room, draft: str):
    sato = await room.person("sato")
    await sato.go(draft + of(SUNNET))
    form = sato.form(of(SUNNET))
    form.fields["text"] += "# x\n"
    for name, status in (("ito", 403), ("kansa", 403)):
        other = await room.person(name)
        await other.go(draft)
        token = next(one.fields["csrf"] for one in forms_of(other.page.text) if "csrf" in one.fields)
        form.fields["csrf"] = token
        assert (await other.send(form)).status_code == status
    await employ(room.house, room.office, COOP, "hoka", "他 部署", "admin", ELSEWHERE)
    hoka = await room.person("hoka")
    page = await hoka.go(draft + of(SUNNET))
    assert not [one for one in forms_of(page.text) if draft in one.action]
    form.fields["csrf"] = forms_of(page.text)[0].fields["csrf"]
    assert (await hoka.send(form)).status_code == 409
    assert HERE in hoka.told()
    assert await room.events() == ["amend"]


# ── adding, taking out ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_is_added_and_taken_out_again(room: Room, draft: str):
    sato = await room.person("sato")
    was = await room.files(draft)
    await sato.go(f"{draft}/files/new")
    answer = await sato.press("/files/new", {"file": NOTE, "text": "一\r\n二"})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["file"] == [NOTE]
    assert f"{NOTE} を加えました" in sato.told()
    assert await room.files(draft) == {**was, NOTE: "一\n二"}
    assert "追加 1" in words(await sato.go(f"{draft}/files"))

    page = await sato.go(draft + of(NOTE, "delete"))
    assert "削除します" in words(page)
    assert (await sato.press(of(NOTE, "delete"))).status_code == 303
    assert f"{NOTE} を削除しました" in sato.told()
    assert await room.files(draft) == was


async def test_what_others_need_is_not_taken_out_and_the_findings_say_why(room: Room, draft: str):
    sato = await room.person("sato")
    was = await room.files(draft)
    await sato.go(draft + of(FIELDS, "delete"))
    assert (await sato.press(of(FIELDS, "delete"))).status_code == 409
    assert "保存していません" in sato.told()
    assert await room.files(draft) == was


async def test_a_file_of_the_base_that_was_taken_out_can_be_added_as_it_was(room: Room, draft: str):
    sato = await room.person("sato")
    was = await room.files(draft)
    await sato.go(draft + of(SUNNET, "delete"))
    assert (await sato.press(of(SUNNET, "delete"))).status_code == 303
    page = await sato.go(f"{draft}/files")
    assert "削除 1" in words(page)
    assert of(SUNNET, "new").replace("&", "&amp;") in page.text
    page = await sato.go(draft + of(SUNNET, "new"))
    assert (await sato.press("/files/new")).status_code == 303
    assert await room.files(draft) == was


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "置けません"),
        ("x.yaml", "置けません"),
        (f"policies/{OTHER}/x.yaml", "置けません"),
        (f"policies/{COOP}/../x.yaml", "置けません"),
        (f"policies/{COOP}/.hidden", "置けません"),
        (f"policies/{COOP}/a//b.yaml", "置けません"),
        ("partners/a\\b.yaml", "置けません"),
        ("partners/\u202eb.yaml", "置けません"),
        (f"policies/{COOP}/{'x' * 150}.yaml", "150字まで"),
        (SUNNET, "もうあります"),
        (f"policies/{COOP}/agreements", "同じ名前のフォルダー"),
        (f"{FIELDS}/x.yaml", "同じ名前のフォルダー"),
    ],
)
async def test_a_name_that_cannot_stand_there_is_refused(room: Room, draft: str, name: str, said: str):
    sato = await room.person("sato")
    await sato.go(f"{draft}/files/new")
    assert (await sato.press("/files/new", {"file": name, "text": "本文"})).status_code == 409
    assert said in sato.told()
    assert sato.form("/files/new").fields["text"] == "本文"
    assert await room.events() == ["amend"]


async def test_a_file_that_somebody_took_out_meanwhile_is_said_and_can_be_added_again(room: Room, draft: str):
    sato, kato = await room.person("sato"), await room.person("kato")
    was = (await room.files(draft))[SUNNET]
    await sato.go(draft + of(SUNNET))
    await kato.go(draft + of(SUNNET, "delete"))
    assert (await kato.press(of(SUNNET, "delete"))).status_code == 303
    assert (await sato.press(of(SUNNET), {"text": sent(was + "# 佐藤\n")})).status_code == 409
    assert "先に削除しました" in sato.told()
    assert (await sato.press("/files/new")).status_code == 303
    assert (await room.files(draft))[SUNNET] == was + "# 佐藤\n"


# ── typed in beforehand ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_link_types_title_reason_and_department_in_and_does_nothing(room: Room):
    sato = await room.person("sato")
    query = urlencode({"title": f"件名{SCRIPT}", "reason": "x" * 1_500, "department": HERE})
    page = await sato.go(f"proposals/new?{query}")
    assert page.status_code == 200
    assert SCRIPT not in page.text
    fields = sato.form("proposals/new").fields
    assert fields["title"] == f"件名{SCRIPT}"
    assert fields["reason"] == "x" * 1_500
    assert await room.events() == []


async def test_what_was_withheld_when_tried_leads_to_a_draft_with_what_and_why(room: Room):
    sato = await room.person("sato")
    query = {"partner": "sunnet", "purpose": "P9", "field": ["phone", "bank_account", "birth_date"]}
    page = await sato.go(f"try?{urlencode(query, doseq=True)}")
    found = re.search(rf'href="(/{COOP}/proposals/new\?[^"]+)"', page.text)
    assert found, words(page)
    url = found[1].replace("&amp;", "&")
    assert len(url) < 2_000
    page = await sato.go(url.removeprefix(f"/{COOP}/"))
    fields = sato.form("proposals/new").fields
    assert "P9" in fields["title"]
    assert "試す" in fields["reason"]
    assert re.search(r"\w+:\w+:\w+", fields["reason"])
    assert fields["department"] == HERE


# ── in a browser ──────────────────────────────────────────────────────────────────────────────────────────────────


async def drawn(page: Page) -> None:
    """Wait until a page is drawn: what has the focus before, the browser complains of."""
    await page.evaluate("() => new Promise(then => requestAnimationFrame(() => requestAnimationFrame(then)))")


async def test_a_browser_keeps_every_byte_and_numbers_the_lines(clock: SettableClock):
    mixed = "\ufeff" + files_of(ROOT / "policies", ROOT / "partners", COOP)[JCCU].replace("\n", "\r\n") + "# 一\n# 二\n"
    files = {**files_of(ROOT / "policies", ROOT / "partners", COOP), JCCU: mixed}
    async with (
        served_room(clock, files) as quiet,
        chromium() as browser,
        screen(browser, quiet, reduced_motion="reduce") as at,
    ):
        await at.sign_in("kian")
        address = f"/{COOP}/proposals/{quiet.draft.id}/files"
        await at.go(address)
        await drawn(at.page)
        await at.page.click(f"a:has-text('{JCCU}')")
        # The number of a line stands beside it, at the end as at the beginning.
        text, numbers = at.page.locator("#text"), at.page.locator(".editor-lines pre")
        lines = len(re.findall(r"\r\n|\n", mixed))
        line = await numbers.evaluate("pre => parseFloat(getComputedStyle(pre).lineHeight)")
        assert await text.evaluate("area => parseFloat(getComputedStyle(area).lineHeight)") == line
        assert await text.evaluate("area => area.scrollHeight <= area.clientHeight + 1")
        assert await text.evaluate("area => area.clientHeight") > lines * line
        top = await text.evaluate(
            "area => area.getBoundingClientRect().top + parseFloat(getComputedStyle(area).paddingTop)"
        )
        first = await numbers.evaluate(
            "pre => pre.getBoundingClientRect().top + parseFloat(getComputedStyle(pre).paddingTop)"
        )
        assert abs(top - first) < 2
        await drawn(at.page)
        # Saved as it stands, it is what it was; with a line typed at the end, nothing else is.
        await at.page.click("main form button.button-main")
        assert "変えたところがない" in await at.page.inner_text(".flash")
        assert quiet.now.revision == 1
        await drawn(at.page)
        await text.focus()
        await at.page.keyboard.press("Control+End")
        await at.page.keyboard.type("# 三\n# 四")
        await at.page.click("main form button.button-main")
        assert "保存しました" in await at.page.inner_text(".flash")
        assert quiet.proposals.contents[quiet.now.content] == {**files, JCCU: mixed + "# 三\r\n# 四"}
        for end in ("", of(JCCU, "diff").removeprefix("/files"), of(JCCU, "delete").removeprefix("/files"), "/new"):
            await at.go(address + end)
            await drawn(at.page)
        assert at.complaints == []
