"""Unused grants by their page: what is listed, and the one button that begins a draft without them."""

from datetime import timedelta

import httpx2
import pytest

from gateway.control_plane.grants.narrowing import narrowed
from gateway.control_plane.grants.unused import TakeOut
from gateway.core.refused import Refused
from gateway.tlog.entries import Proposal as ProposalEntry
from tests.console.acting_room import HERE, OTHER, SUNNET, Room
from tests.console.paper_forms import PaperForm, forms_of
from tests.console.simulated import words
from tests.control_plane.asking import released, say
from tests.control_plane.matrix_files import CHECKED, files
from tests.house import COOP

AGREEMENT = "kyoritsusha-sunnet-01"
TAKE = f"{AGREEMENT}/delivery/delivery_day"


def button(page: httpx2.Response, name: str = HERE) -> PaperForm:
    """The form that narrows a department's grants."""
    return next(
        one
        for one in forms_of(page.text)
        if "/unused" in one.action and one.method == "post" and one.fields.get("department") == name
    )


async def later(room: Room, days: int = 91) -> None:
    """Let so many days pass, in which Sunnet asked for a few fields; all was granted the whole time."""
    room.house.clock.now += timedelta(days=days)
    asked = dict.fromkeys(("member_code", "name", "name_kana", "postal_code", "address_line", "phone"), "as_is")
    await say(
        room.house.stores.log,  # type: ignore[arg-type]  # a log of either database
        released(
            {**asked, "order_course": "as_is"},
            partner="sunnet",
            agreement=AGREEMENT,
            client="sunnet-demo",
            at=room.house.clock() - timedelta(hours=1),
        ),
    )


async def test_what_nobody_asked_for_is_listed_and_nothing_else(room: Room):
    await later(room)
    kansa = await room.person("kansa")
    page = await kansa.go("unused")
    said = words(page)
    assert page.status_code == 200
    assert "お届け曜日" in said
    assert "提供範囲ごと除く" in said
    assert "記録に値がないため分かりません" in said
    assert "狭める申請は、宅配事業部の起案者が作れます" in said
    assert 'name="take"' not in page.text


async def test_what_was_granted_lately_is_listed_and_not_offered(room: Room):
    sato = await room.person("sato")
    page = await sato.go("unused")
    assert "許諾から日が浅い" in words(page)
    assert 'name="take"' not in page.text


async def test_one_button_begins_a_draft_without_the_chosen_fields(room: Room):
    await later(room)
    sato = await room.person("sato")
    await sato.go("unused")
    form = button(sato.page)
    answer = await sato.send(form, {"take": TAKE})
    assert answer.status_code == 303
    assert "狭める下書きを作りました" in sato.told()
    path = answer.headers["location"].removeprefix(f"/{COOP}/")
    one = await room.stored(path)
    assert (one.state, one.department, one.title) == ("draft", HERE, "使われていない提供範囲を狭める")
    assert "直近90日間" in one.reason
    now, was = (await room.files(path))[SUNNET], files()[SUNNET]
    assert now == was.replace("          delivery_day: as_is\n", "")
    assert [one.event for one in await room.house.entries() if isinstance(one, ProposalEntry)] == ["amend"]


async def refused(room: Room, typed: dict[str, str], told: str) -> str:
    sato = await room.person("sato")
    await sato.go("unused")
    before = await room.house.entries()
    answer = await sato.send(button(sato.page), typed)
    assert answer.status_code == 409
    assert told in sato.told()
    assert await room.house.entries() == before
    return answer.text


async def test_what_is_not_offered_cannot_be_taken_out(room: Room):
    await later(room)
    await refused(room, {"take": f"{AGREEMENT}/delivery/name"}, "選び直してください")
    await refused(room, {"take": "x"}, "選び直してください")


async def test_nothing_chosen_and_no_reason_are_told_with_what_was_typed(room: Room):
    await later(room)
    text = await refused(room, {"take": TAKE, "title": "曜日だけ", "reason": ""}, "理由を書いてください")
    assert 'value="曜日だけ"' in text
    assert f'value="{TAKE}" checked' in text
    assert text.count(" checked") == 1


async def test_nothing_chosen_is_told(room: Room):
    await later(room)
    sato = await room.person("sato")
    await sato.go("unused")
    form = button(sato.page)
    del form.fields["take"]
    assert (await sato.send(form)).status_code == 409
    assert "除く項目を選んでください" in sato.told()


async def test_only_an_admin_of_the_department_drafts(room: Room):
    await later(room)
    sato = await room.person("sato")
    await sato.go("unused")
    form = button(sato.page)
    for person in ("ito", "kansa"):
        other = await room.person(person)
        await other.go("unused")
        fields = {**form.fields, "csrf": other.form("/sign-out").fields["csrf"]}
        form.fields.update(fields)
        assert (await other.send(form, {"take": TAKE})).status_code == 403
    taken = await room.person("taken", coop=OTHER)
    assert (await taken.go("unused")).status_code == 404
    assert (await taken.go("unused", coop=OTHER)).status_code == 200
    assert "使われていない提供範囲はありません" in words(taken.page)


async def test_operators_and_a_console_without_the_log(console):
    unyo = await console.browser().signed_in("unyo")
    assert (await unyo.get(f"/{COOP}/unused")).status_code == 403
    kansa = await console.browser().signed_in("kansa")
    assert "このコンソールは記録を読めません" in words(await kansa.get(f"/{COOP}/unused"))


async def test_it_is_there_in_english(room: Room):
    await later(room)
    sato = await room.person("sato")
    await sato.speak("en")
    said = words(await sato.go("unused?days=30"))
    assert "Draft the narrowing" in said
    assert "last 30 days" in said
    assert "狭める" not in said


# ── the files ─────────────────────────────────────────────────────────────────────────────────────────────────────


def take(grant: str, field: str | None = None, *, agreement: str = AGREEMENT) -> TakeOut:
    return TakeOut(partner="sunnet", agreement=agreement, grant=grant, field=field)


def test_a_grant_goes_as_a_whole_and_every_other_byte_stays():
    made = narrowed(files(), [take("trouble"), take("delivery", "delivery_day")], policy_files=CHECKED, coop=COOP)
    was = files()[SUNNET]
    assert "trouble:" not in made[SUNNET]
    assert was.startswith(made[SUNNET].partition("          order_course")[0])
    assert {path: text for path, text in made.items() if path != SUNNET} == {
        path: text for path, text in files().items() if path != SUNNET
    }
    assert CHECKED.check(COOP, made).document is not None


@pytest.mark.parametrize("takes", [[], [take("gone")], [take("delivery", "gone")], [take("a", agreement="gone")]])
def test_nothing_left_to_take_out_is_refused(takes):
    with pytest.raises(Refused, match="choose what is to be taken out"):
        narrowed(files(), takes, policy_files=CHECKED, coop=COOP)
