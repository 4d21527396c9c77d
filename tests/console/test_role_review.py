"""権限棚卸しの画面: what is shown, two signatures, a leaver's draft taken over; by the real pages over real stores."""

from typing import Any

import pytest

from gateway.control_plane.people import people
from gateway.tlog.entries import Proposal as ProposalEntry, Staff
from tests.console.acting_room import ELSEWHERE, HERE, OTHER, PEOPLE, Employed, Furnishing, Room, employ
from tests.console.simulated import words
from tests.house import COOP

REVIEW = "people/review"


@pytest.fixture
def furnishing() -> Furnishing:
    more: tuple[Employed, ...] = (
        (COOP, "hori", "堀 順", "compliance", None),
        (COOP, "unyo", "運用 三郎", "operator", None),
    )
    return Furnishing((*PEOPLE, *more))


async def leave(room: Room, *persons: str) -> None:
    for person in persons:
        said: dict[str, Any] = {"by": "hori", "reason": "退職", "clock": room.house.clock}
        await people.person_leaves(room.office.log, room.office.staff, COOP, person, **said)


async def reviews(room: Room) -> list[tuple[str, str]]:
    read = await room.house.entries()
    return [(one.person, one.by) for one in read if isinstance(one, Staff) and one.event == "roles_reviewed"]


async def test_two_people_look_and_sign(room: Room):
    ito, hori = await room.person("ito"), await room.person("hori")
    await ito.go("people")
    assert f'href="/{COOP}/{REVIEW}"' in ito.page.text
    page = words(await ito.go(REVIEW))
    for said in (
        "佐藤 起子",
        "伊藤 認",
        "監査 次郎",
        "運用 三郎",
        "まだありません",
        "承認者が一人以下の部署",
        HERE,
        ELSEWHERE,
    ):
        assert said in page
    await ito.press(f"/{REVIEW}", {"reason": "2026年度の棚卸し"})
    assert "別の人が連署すると完了します" in ito.told()
    assert "署名済みです" in words(ito.page)
    assert await reviews(room) == [("ito", "ito")]

    assert "連署待ち" in words(await hori.go(""))
    assert "伊藤 認が" in words(await hori.go(REVIEW))
    await hori.press(f"/{REVIEW}", {"reason": "名簿と照らした"})
    assert "完了しました" in hori.told()
    assert await reviews(room) == [("ito", "ito"), ("ito", "hori")]
    home = words(await hori.go(""))
    assert "2027年11月22日" in home


async def test_what_changed_since_is_refused_on_the_page_with_what_was_typed(room: Room):
    ito = await room.person("ito")
    await ito.go(REVIEW)
    await employ(room.house, room.office, COOP, "abe", "阿部 新", "auditor", None)
    answer = await ito.press(f"/{REVIEW}", {"reason": "全部見ました"})
    assert answer.status_code == 409
    assert "見ていた後に役割が変わりました" in ito.told()
    assert "全部見ました" in answer.text
    assert await reviews(room) == []
    await ito.press(f"/{REVIEW}")
    assert await reviews(room) == [("ito", "ito")], "the page that tells it is the one to sign on"


async def test_an_empty_reason_is_refused(room: Room):
    ito = await room.person("ito")
    await ito.go(REVIEW)
    assert (await ito.press(f"/{REVIEW}", {"reason": "  "})).status_code == 409
    assert "理由が必要です" in ito.told()


async def test_who_may_read_and_who_may_sign(room: Room):
    for reader in ("sato", "kansa"):
        one = await room.person(reader)
        page = words(await one.go(REVIEW))
        assert "署名できるのは" in page
        assert 'name="reason"' not in one.page.text
    sato = await room.person("sato")
    await (await room.person("ito")).go(REVIEW)
    form = (await room.person("ito")).form(f"/{REVIEW}")
    form.fields["csrf"] = sato.form("/sign-out").fields["csrf"]
    assert (await sato.send(form, {"reason": "x"})).status_code == 403
    unyo = await room.person("unyo")
    assert (await unyo.go(REVIEW)).status_code == 403
    await unyo.go("people")
    assert REVIEW not in unyo.page.text
    assert await reviews(room) == []


async def test_another_co_op_has_none_of_it(room: Room):
    taken = await room.person("taken", coop=OTHER)
    assert (await taken.go(REVIEW, coop=COOP)).status_code == 404
    await taken.go("", coop=OTHER)
    form = taken.form("/sign-out")
    form.action = f"/{COOP}/{REVIEW}"
    assert (await taken.send(form)).status_code == 404
    assert "佐藤" not in words(await taken.go("people", coop=OTHER))


async def test_without_the_forms_token_nothing_is_signed(room: Room):
    ito = await room.person("ito")
    await ito.go(REVIEW)
    form = ito.form(f"/{REVIEW}")
    form.fields["csrf"] = "x"
    assert (await ito.send(form, {"reason": "x"})).status_code == 403
    assert await reviews(room) == []


async def test_a_leavers_draft_is_taken_over_from_the_review(room: Room):
    path = await room.narrowed()
    await leave(room, "sato")
    before = await room.stored(path)
    kato, ito = await room.person("kato"), await room.person("ito")
    assert "お届け曜日をやめる" in words(await ito.go(REVIEW))
    assert f"{HERE}の起案担当が引き継げます" in words(ito.page)
    await kato.go(REVIEW)
    await kato.press(f"/{REVIEW}/{before.id}")
    assert "引き継ぎました" in kato.told()
    after = await room.stored(path)
    assert (after.editor, after.author, after.content) == ("kato", "sato", before.content)
    assert isinstance(await room.house.last(), ProposalEntry)
    await kato.press("/submit")
    assert (await room.stored(path)).state == "submitted"
    assert "引き継ぐ申請はありません" in words(await kato.go(REVIEW))


async def test_a_leavers_draft_is_taken_over_on_its_own_page(room: Room):
    path = await room.submitted()
    kato = await room.person("kato")
    await kato.go(path)
    assert "引き継ぐ" not in words(kato.page), "nobody left yet"
    await leave(room, "sato")
    await kato.go(path)
    await kato.press(f"/{REVIEW}/{path.partition('/')[2]}")
    assert ((await room.stored(path)).state, (await room.stored(path)).editor) == ("draft", "kato")


async def test_what_another_took_over_first_is_told(room: Room):
    path = await room.narrowed()
    await employ(room.house, room.office, COOP, "abe", "阿部 新", "admin", HERE)
    await leave(room, "sato")
    kato, abe = await room.person("kato"), await room.person("abe")
    for one in (kato, abe):
        await one.go(REVIEW)
    identifier = path.partition("/")[2]
    assert (await kato.press(f"/{REVIEW}/{identifier}")).status_code == 303
    assert (await abe.press(f"/{REVIEW}/{identifier}")).status_code == 409
    assert "他の人が先に変更しました" in abe.told()
    assert (await room.stored(path)).editor == "kato"


async def test_who_cannot_take_it_over_is_not_offered_it_and_refused(room: Room):
    path = await room.narrowed()
    await employ(room.house, room.office, COOP, "abe", "阿部 新", "admin", ELSEWHERE)
    await leave(room, "sato")
    abe, kato = await room.person("abe"), await room.person("kato")
    await kato.go(REVIEW)
    form = kato.form(f"/{REVIEW}/{path.partition('/')[2]}")
    await abe.go(REVIEW)
    assert not [one for one in abe.page.text.split() if one == form.action]
    form.fields["csrf"] = abe.form("/sign-out").fields["csrf"]
    answer = await abe.send(form)
    assert answer.status_code == 409
    assert "所管部署は" in abe.told()
    form.action = f"/{COOP}/{REVIEW}/none"
    assert (await abe.send(form)).status_code == 404


async def test_english_is_complete(room: Room):
    ito = await room.person("ito")
    await ito.speak("en")
    page = words(await ito.go(REVIEW))
    assert "Review of roles" in page
    assert "Departments with fewer than two managers" in page
    assert "Review of roles due" in words(await ito.go(""))
