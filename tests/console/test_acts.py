"""Every act on a proposal by the real pages over real stores, as a browser without JavaScript does it; and what stops it."""

import re
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.people import people
from gateway.tlog.entries import Proposal as ProposalEntry, Publish
from tests.console.acting_room import CELL, HERE, JCCU, MATRIX, OTHER, SCRIPT, SUNNET, WISH, Person, Room
from tests.console.paper_forms import PaperForm, forms_of
from tests.console.simulated import words
from tests.house import COOP

# ── the way through ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_change_goes_from_a_draft_to_being_in_force_without_a_script(room: Room):
    sato, ito = await room.person("sato"), await room.person("ito")
    await sato.go("proposals")
    assert f'href="/{COOP}/proposals/new"' in sato.page.text
    path = await room.begun()
    assert "下書きを作りました" in sato.told()
    assert "まだ何も変わりません" in words(sato.page)
    assert "submit" not in sato.offered()  # it changes nothing yet

    await sato.go(f"matrix/{path.partition('/')[2]}/{MATRIX}")
    await sato.press(MATRIX, {CELL: ""}, act="save")
    await sato.go(path)
    assert "お届け曜日" in words(sato.page)
    assert {"amend", "submit", "withdraw"} == sato.offered()
    await sato.press("/submit")
    assert "承認を申請しました" in sato.told()
    assert "承認できる人: 伊藤 認" in words(sato.page)

    await ito.go("")
    assert f'href="/{COOP}/{path}"' in ito.page.text
    await ito.go(path)
    assert {"approve", "reject"} == ito.offered()
    await ito.press("/approve")
    assert "承認しました" in ito.told()
    await ito.press("/publish")
    assert "公布しました" in ito.told()
    assert ito.offered() == set()

    one = await room.stored(path)
    assert (one.state, one.author, one.approver) == ("published", "sato", "ito")
    assert await room.events() == ["amend", "amend", "submit", "approve", "publish"]
    entry = next(one for one in reversed(await room.house.entries()) if isinstance(one, Publish))
    assert (entry.proposal, entry.proposer, entry.approver) == (one.id, "sato", "ito")
    policy = room.office.in_force.current(COOP).versions[-1].policy
    granted = {name for grant in policy.agreements["kyoritsusha-sunnet-01"].grants for name in grant.fields}
    assert "delivery_day" not in granted


async def test_what_was_sent_back_is_mended_and_withdrawn_with_reasons(room: Room):
    path = await room.submitted()
    ito, sato = await room.person("ito"), await room.person("sato")
    await ito.go(path)
    assert (await ito.press("/reject", {"reason": "理由を詳しく書いてください"})).status_code == 303
    assert "差し戻しました" in ito.told()
    await sato.go(path)
    await sato.press("/amend", {"title": "お届け曜日の提供をやめる", "reason": "配達を委託しなくなったため"})
    assert "保存しました" in sato.told()
    one = await room.stored(path)
    assert (one.state, one.title, one.reason) == ("draft", "お届け曜日の提供をやめる", "配達を委託しなくなったため")
    assert "delivery_day" not in (await room.files(path))[SUNNET]
    assert (await sato.press("/withdraw", {"reason": "取りやめ"})).status_code == 303
    assert "取り下げました" in sato.told()
    assert sato.offered() == set()
    assert await room.events() == ["amend", "amend", "submit", "reject", "amend", "withdraw"]
    said = [one.reason for one in await room.house.entries() if isinstance(one, ProposalEntry)]
    assert said[-3:] == ["理由を詳しく書いてください", "配達を委託しなくなったため", "取りやめ"]


async def test_an_edit_voids_an_approval_and_the_page_says_so(room: Room):
    path = await room.approved()
    kato = await room.person("kato")
    await kato.go(path)
    await kato.press("/amend", {"title": "直した件名"})
    one = await room.stored(path)
    assert (one.state, one.approver, one.preview, one.editor) == ("draft", None, None, "kato")
    assert "もう一度申請してください" in kato.told()


async def test_a_later_effective_time_is_kept_in_japan_time(room: Room):
    path = await room.begun(effective="2026-12-01T00:00")
    sato = await room.person("sato")
    assert "2026年12月1日(火) 00:00" in words(sato.page)
    assert sato.form("/amend").fields["effective"] == "2026-12-01T00:00"
    one = await room.stored(path)
    assert one.effective is not None
    assert one.effective.isoformat() == "2026-11-30T15:00:00+00:00"


# ── what stops it: on the page, in both languages, with nothing in the log ────────────────────────────────────────


Told = tuple[str, str]


async def refused_in_both(room: Room, person: Person, try_it: Callable[[], Awaitable[httpx2.Response]], told: Told):
    """Try an act twice, in both languages: each time its page says why not, and nothing changes."""
    before = await room.house.entries()
    for language, expected in zip(("ja", "en"), told, strict=True):
        await person.speak(language)
        answer = await try_it()
        assert answer.status_code == 409
        assert expected in person.told(), words(answer)
        assert 'role="alert"' in answer.text
    await person.speak("ja")
    assert await room.house.entries() == before


OWN = ("作成者・最終編集者は承認できません", "cannot approve it")
DEPARTMENT = ("所管部署は「宅配事業部」です", "the owning department is")
MOVED = ("他の人が先に変更しました", "Somebody else changed it first")
BASE = ("新しい版が公布されました", "another version was published since")
LATE = ("施行日時が過ぎています", "the effective time has passed")


@pytest.mark.clause("K-H2")
async def test_nobody_approves_their_own_even_as_a_manager(room: Room):
    said: dict[str, Any] = {"by": "ito", "reason": "試験", "clock": room.house.clock}
    await people.give_role(room.office.log, room.office.staff, COOP, "sato", "manager", department=HERE, **said)
    path = await room.submitted()
    sato, ito = await room.person("sato"), await room.person("ito")
    await sato.go(path)
    assert "approve" not in sato.offered()
    assert OWN[0] in words(sato.page)  # why not, before anything is tried
    await ito.go(path)
    form = borrowed(ito.form("/approve"), sato)
    await refused_in_both(room, sato, lambda: sato.send(form), OWN)
    assert (await room.stored(path)).state == "submitted"


@pytest.mark.clause("D-07a", "K-H2")
async def test_a_manager_of_another_department_does_not_approve(room: Room):
    path = await room.submitted()
    mori, ito = await room.person("mori"), await room.person("ito")
    await mori.go(path)
    assert mori.offered() == set()
    assert DEPARTMENT[0] in words(mori.page)
    await ito.go(path)
    form = borrowed(ito.form("/approve"), mori)
    await refused_in_both(room, mori, lambda: mori.send(form), DEPARTMENT)


async def test_an_auditor_only_reads(room: Room):
    path = await room.submitted()
    kansa, ito = await room.person("kansa"), await room.person("ito")
    await kansa.go(path)
    assert kansa.offered() == set()
    await ito.go(path)
    before = await room.house.entries()
    assert (await kansa.send(borrowed(ito.form("/approve"), kansa))).status_code == 403
    assert (await kansa.go("proposals/new")).status_code == 403
    assert await room.house.entries() == before


async def test_an_act_on_an_older_revision_shows_what_it_says_now(room: Room):
    path = await room.submitted()
    ito, kato = await room.person("ito"), await room.person("kato")
    await ito.go(path)
    seen = ito.form("/approve")
    await kato.go(path)
    await kato.press("/amend", {"title": "その間に直した件名"})
    await refused_in_both(room, ito, lambda: ito.send(seen), MOVED)
    assert "その間に直した件名" in words(ito.page)
    assert (await room.stored(path)).state == "draft"


async def test_an_approval_names_the_preview_that_was_seen(room: Room):
    path = await room.submitted()
    ito = await room.person("ito")
    await ito.go(path)
    form = ito.form("/approve")
    form.fields["preview"] = "0" * 64
    told = ("プレビュー", "the preview was not seen")
    await refused_in_both(room, ito, lambda: ito.send(form), told)


async def test_a_version_published_in_between_is_followed_and_not_undone(room: Room):
    path = await room.approved()
    await room.publish_elsewhere(lambda text: text.replace("retention_days: 14", "retention_days: 13"))
    sato, ito = await room.person("sato"), await room.person("ito")
    for one in (sato, ito):
        await one.go(path)
        assert "publish" not in one.offered()
        assert BASE[0] in words(one.page)
    form = PaperForm(f"/{COOP}/{path}/publish", "post", {**ito.form("/reject").fields})
    await refused_in_both(room, ito, lambda: ito.send(form), BASE)

    await sato.press("/amend")  # 今の版に合わせる: the first of the two forms that go there
    assert "保存しました" in sato.told()
    files = await room.files(path)
    assert "delivery_day" not in files[SUNNET]
    assert "retention_days: 13" in files[JCCU]
    _, body = await steps.foreseen(room.office, await room.stored(path))
    assert [(one.sign, one.path[-1]) for one in Preview.from_bytes(body).differences] == [("-", "delivery_day")]
    await sato.press("/submit")
    await ito.go(path)
    await ito.press("/approve")
    await ito.press("/publish")
    assert (await room.stored(path)).state == "published"


async def test_where_both_changed_a_file_a_person_decides(room: Room):
    path = await room.narrowed()
    await room.publish_elsewhere(lambda text: text.replace("retention_days: 90", "retention_days: 60"), file=SUNNET)
    sato = await room.person("sato")
    await sato.go(path)
    form = sato.form("/amend")
    told = (
        f"同じファイルを変えています({SUNNET})",
        f"both this proposal and a version published since change {SUNNET}",
    )
    await refused_in_both(room, sato, lambda: sato.send(form), told)
    # Nor does the matrix write over it.
    before = await room.house.entries()
    await sato.go(f"matrix/{path.partition('/')[2]}/{MATRIX}")
    answer = await sato.press(MATRIX, {"delivery/order_course": ""}, act="save")
    assert answer.status_code == 409
    assert "同じファイルを変えています" in words(answer)
    assert await room.house.entries() == before


async def test_an_effective_time_in_the_past_is_refused_when_begun_and_when_approved(room: Room):
    sato, ito = await room.person("sato"), await room.person("ito")
    await sato.go("proposals/new")
    form = sato.form("proposals/new")
    form.fields |= {**WISH, "effective": "2026-11-22T11:59"}
    await refused_in_both(room, sato, lambda: sato.send(form), LATE)
    assert sato.form("proposals/new").fields["title"] == WISH["title"]  # what was typed is not lost

    path = await room.submitted(effective="2026-11-22T12:05")
    await ito.go(path)
    seen = ito.form("/approve")
    room.house.clock.advance(minutes=6)
    await refused_in_both(room, ito, lambda: ito.send(seen), LATE)
    await sato.go(path)
    assert LATE[0] not in sato.told()
    await sato.press("/amend", {"effective": ""})
    assert (await room.stored(path)).effective is None


@pytest.mark.parametrize("empty", ["title", "reason"])
async def test_a_title_and_a_reason_are_asked_for(room: Room, empty: str):
    sato = await room.person("sato")
    await sato.go("proposals/new")
    form = sato.form("proposals/new")
    form.fields |= {**WISH, empty: "  "}
    await refused_in_both(room, sato, lambda: sato.send(form), ("理由を書いてください", "say why"))


@pytest.mark.parametrize("event", ["reject", "withdraw"])
async def test_sending_back_and_withdrawing_ask_why(room: Room, event: str):
    path = await room.submitted()
    person = await room.person("ito" if event == "reject" else "sato")
    await person.go(path)
    form = person.form(f"/{event}")
    await refused_in_both(room, person, lambda: person.send(form), ("理由を書いてください", "say why"))


@pytest.mark.parametrize("when", ["いつか", "2026-13-01T00:00", "0000-00-00T00:00"])
async def test_an_effective_time_that_is_none_is_told_how_to_write(room: Room, when: str):
    sato = await room.person("sato")
    await sato.go("proposals/new")
    form = sato.form("proposals/new")
    form.fields |= {**WISH, "effective": when}
    told = ("2026-12-01T00:00 の形で", "write the effective time as 2026-12-01T00:00")
    await refused_in_both(room, sato, lambda: sato.send(form), told)


async def test_another_co_op_s_proposal_is_nowhere(room: Room):
    path = await room.submitted()
    taken, ito = await room.person("taken", coop=OTHER), await room.person("ito")
    await ito.go(path)
    before = await room.house.entries()
    for where in (COOP, OTHER):
        assert (await taken.go(path, coop=where)).status_code == 404
        form = borrowed(ito.form("/approve"), taken, csrf=await csrf_of(taken))
        form.action = f"/{where}/{path}/approve"
        assert (await taken.send(form)).status_code == 404
        await ito.go(path)
    assert await room.house.entries() == before
    assert (await room.stored(path)).state == "submitted"


@pytest.mark.parametrize("event", ["amended", "delete", "new", "Approve"])
async def test_an_act_that_there_is_not_is_not_found(room: Room, event: str):
    path = await room.submitted()
    ito = await room.person("ito")
    await ito.go(path)
    form = ito.form("/approve")
    form.action = f"/{COOP}/{path}/{event}"
    assert (await ito.send(form)).status_code == 404


async def test_an_act_is_taken_by_post_with_its_token_alone(room: Room):
    path = await room.submitted()
    ito = await room.person("ito")
    await ito.go(path)
    form = ito.form("/approve")
    before = await room.house.entries()
    assert (await ito.http.get(form.action)).status_code == 405
    form.fields["csrf"] = "x"
    assert (await ito.send(form)).status_code == 403
    assert await room.house.entries() == before


# ── what people write is text ─────────────────────────────────────────────────────────────────────────────────────


async def test_what_people_write_is_shown_and_never_run(room: Room):
    path = await room.submitted(title=SCRIPT, reason=f"{SCRIPT}\n二行目 & \"'")
    sato, ito = await room.person("sato"), await room.person("ito")
    await ito.go(path)
    await ito.press("/reject", {"reason": SCRIPT})
    for person in (sato, ito):
        for where in ("", "proposals", path, "grants", f"matrix/{path.partition('/')[2]}/{MATRIX}"):
            page = await person.go(where)
            assert page.status_code == 200
            assert "<script>alert" not in page.text
    await sato.go(path)
    assert "&lt;script&gt;alert(" in sato.page.text
    assert sato.form("/amend").fields["title"] == SCRIPT
    assert (await room.stored(path)).title == SCRIPT
    # What was typed comes back into the form as text too.
    await sato.go("proposals/new")
    answer = await sato.press("proposals/new", {"title": f'">{SCRIPT}', "reason": " "})
    assert answer.status_code == 409
    assert "<script>alert" not in answer.text
    assert sato.form("proposals/new").fields["title"] == f'">{SCRIPT}'


async def test_the_page_says_what_changes_by_names_and_in_words(room: Room):
    path = await room.begun()
    sato = await room.person("sato")
    await sato.go(f"matrix/{path.partition('/')[2]}/{MATRIX}")
    cells = {CELL: "", "order-taking/phone": "", "delivery/phone": "phone_last4", "order-taking/name_kana": "as_is"}
    await sato.press(MATRIX, cells, act="save")
    page = words(await sato.go(path))
    for word in ("お届け曜日", "電話番号の下4桁", "コープ東北サンネット事業連合", "広がりうる", "架空の組合員"):
        assert word in page
    assert "Shown(" not in page
    assert "as_is" not in page
    await sato.speak("en")
    page = words(await sato.go(path))
    for word in ("Delivery day", "last 4 of telephone", "may widen", "made-up member"):
        assert word in page


async def test_headings_and_labels_are_in_order(room: Room):
    path = await room.submitted()
    for name, where in (("ito", path), ("sato", path), ("sato", "proposals/new"), ("sato", "proposals")):
        page = (await (await room.person(name)).go(where)).text
        levels = [int(level) for level in re.findall(r"<h([1-6])\b", page.partition("<main")[2].partition("</main")[0])]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        for labelled in re.findall(r'<(?:input|textarea|select) id="([^"]+)"', page):
            assert f'for="{labelled}"' in page
        for told in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', page):
            assert set(told.split()) <= set(ids)


def borrowed(form: PaperForm, by: Person, *, csrf: str | None = None) -> PaperForm:
    """Return somebody else's form with this person's own token, as whoever writes one by hand would."""
    token = csrf or next(one.fields["csrf"] for one in forms_of(by.page.text) if "csrf" in one.fields)
    return PaperForm(form.action, form.method, {**form.fields, "csrf": token})


async def csrf_of(person: Person) -> str:
    page = await person.go("", coop=OTHER)
    return next(one.fields["csrf"] for one in forms_of(page.text) if "csrf" in one.fields)
