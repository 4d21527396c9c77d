"""再開・鍵の申請: asked on a page by one person, approved on it by another; the partner's answer is what lets keys in."""

import html
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.control_plane.partners.acts import set_state
from gateway.control_plane.people import people
from gateway.core.changes.partner_request import PartnerRequest
from gateway.tlog.entries import Partner as PartnerEntry
from tests.clock import SettableClock
from tests.console.simulated import COOP as SIMULATED, Console, words
from tests.console.test_partners_page import Room, Visitor, running_room
from tests.control_plane.proving import Keys
from tests.house import COOP

SUNNET = f"/{COOP}/partners/sunnet"
REQUESTS = f"{SUNNET}/requests"
WHY = {"reason": "鍵の交換"}


@pytest.fixture
async def room(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Room]:
    async with running_room(sqlite_url, tmp_path, clock) as made:
        await made.house.publish()
        yield made


async def post(visitor: Visitor, path: str, fields: dict[str, str] | None = None) -> httpx2.Response:
    await visitor.get(REQUESTS)
    return await visitor.send(f"{SUNNET}/{path}", fields or {})


async def challenged(visitor: Visitor, keys: Keys, client: str = "sunnet-demo") -> str:
    answer = await post(visitor, "requests/challenge", {"client": client, "jwks": json.dumps(keys.jwks())})
    assert answer.status_code == 200, words(answer)
    shown = answer.text.partition('id="made-text"')[2].partition(">")[2].partition("</textarea>")[0]
    return html.unescape(shown)


async def asked(visitor: Visitor, keys: Keys) -> PartnerRequest:
    made = await challenged(visitor, keys)
    answer = await post(
        visitor, "requests/keys", {"challenge": made, "answer": json.dumps(keys.answer(json.loads(made))), **WHY}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, REQUESTS)
    return (await requests_of(visitor))[0]


async def requests_of(visitor: Any) -> list[PartnerRequest]:
    requests: list[PartnerRequest] = await visitor.console.desk.office.partner_requests.all(COOP)
    return requests


async def events(room: Room) -> list[tuple[str, str, str | None]]:
    entries = [one for one in await room.house.entries() if isinstance(one, PartnerEntry)]
    return [(one.event, one.by, one.approver) for one in entries]


async def test_keys_are_proved_asked_for_and_approved_by_another(
    database_url: str, tmp_path: Path, clock: SettableClock
):
    async with running_room(database_url, tmp_path, clock) as room:
        await room.house.publish()
        await keys_by_two(room)


async def keys_by_two(room: Room) -> None:
    keys = Keys()
    operator = await room.signed_in("unyo")
    await asked(operator, keys)
    shown = words(await operator.get(REQUESTS))
    assert "承認待ち" in shown
    assert "鍵の所持を確かめ、登録を申請しました" in shown
    assert "承認して鍵を登録する" not in shown
    manager = await room.signed_in("ito")
    home = await manager.get(f"/{COOP}/")
    assert f'href="{REQUESTS}#waiting"' in home.text
    assert "提供先: 鍵の登録" in words(home)
    page = await manager.get(REQUESTS)
    for told in ("sig-1", "enc-1", "拇印を電話など別の経路で照合", "鍵の交換", "unyo"):
        assert told in words(page)
    (one,) = await requests_of(manager)
    answer = await post(manager, f"requests/{one.id}/approve")
    assert (answer.status_code, answer.headers["location"]) == (303, REQUESTS)
    assert await events(room) == [("keys_asked", "unyo", None), ("keys_added", "unyo", "ito")]
    assert len(room.house.stores.snapshots.current(COOP).partner("sunnet").keys) == 2
    assert "承認済み" in words(await manager.get(REQUESTS))
    assert "申請された鍵を登録した" in words(await manager.get(SUNNET))
    assert REQUESTS not in (await manager.get(f"/{COOP}/")).text


async def test_releases_begin_and_begin_again_by_two(room: Room):
    admin, manager = await room.signed_in("sato"), await room.signed_in("ito")
    assert "再開を申請" in words(await admin.get(SUNNET))
    assert (await post(admin, "requests/resume", {"reason": "利用開始"})).status_code == 303
    again = await post(admin, "requests/resume", {"reason": "利用開始"})
    assert again.status_code == 409
    assert "同じ申請が承認待ちです" in words(again)
    (one,) = await requests_of(admin)
    assert (await post(manager, f"requests/{one.id}/approve")).status_code == 303
    assert await events(room) == [("resume_asked", "sato", None), ("active", "sato", "ito")]
    assert room.house.stores.snapshots.current(COOP).partner("sunnet").active
    active = await admin.get(REQUESTS)
    assert f"{REQUESTS}/resume" not in active.text
    assert "すでに有効です" in words(await post(admin, "requests/resume", {"reason": "再開"}))


async def test_nobody_approves_what_they_asked_for(room: Room):
    log, staff = room.house.stores.log, room.house.stores.staff
    said: dict[str, Any] = {"by": "ito", "reason": "小さな生協", "clock": room.house.clock}
    await people.give_role(log, staff, COOP, "sato", "manager", department="総務部", **said)
    both = await room.signed_in("sato")
    await post(both, "requests/resume", {"reason": "利用開始"})
    (one,) = await requests_of(both)
    page = await both.get(REQUESTS)
    assert "あなたが申請したので" in words(page)
    assert f"{one.id}/approve" not in page.text
    assert REQUESTS not in (await both.get(f"/{COOP}/")).text
    answer = await post(both, f"requests/{one.id}/approve")
    assert answer.status_code == 409
    assert "自分の申請を承認・却下できません" in words(answer)
    assert (await events(room))[-1][0] == "resume_asked"


@pytest.mark.parametrize(("person", "event", "status"), [("ito", "refuse", 303), ("sato", "withdraw", 303)])
async def test_what_waits_is_refused_or_withdrawn_with_a_reason(room: Room, person: str, event: str, status: int):
    operator = await room.signed_in("unyo")
    one = await asked(operator, Keys())
    visitor = await room.signed_in(person)
    blank = await post(visitor, f"requests/{one.id}/{event}", {"reason": " \r\n "})
    assert blank.status_code == 409
    assert "理由を書いてください" in words(blank)
    assert (await post(visitor, f"requests/{one.id}/{event}", {"reason": "照合できない\r\nため"})).status_code == status
    (stored,) = await requests_of(visitor)
    assert (stored.state, stored.said) == ({"refuse": "refused", "withdraw": "withdrawn"}[event], "照合できない\nため")
    late = await post(await room.signed_in("ito"), f"requests/{one.id}/approve")
    assert late.status_code == 409
    assert "もう一度読み直してください" in words(late)
    assert room.house.stores.snapshots.current(COOP).partner("sunnet").keys == ()


WRONG: tuple[tuple[str, str, str], ...] = (
    ("{", "JSONとして読めません", "is not JSON"),
    ('{"keys": []}', "公開鍵を受け付けられません", "the keys are refused"),
    ('{"keys": [{"kty": "EC", "d": "x"}]}', "秘密鍵が含まれています", "private key"),
)


async def test_what_cannot_be_challenged_is_told_and_kept_as_typed(room: Room):
    for english in (False, True):
        operator = await room.signed_in("unyo", english=english)
        for jwks, ja, en in WRONG:
            answer = await post(operator, "requests/challenge", {"client": "sunnet-demo", "jwks": jwks})
            assert answer.status_code == 409
            assert (en if english else ja) in words(answer)
            assert html.escape(jwks, quote=True).replace("&quot;", "&#34;") in answer.text
        other = await post(operator, "requests/challenge", {"client": "jccu-demo", "jwks": json.dumps(Keys().jwks())})
        assert other.status_code == 409
        assert "jccu-demo" in words(other)
    assert await events(room) == []


async def test_an_answer_that_proves_nothing_asks_for_nothing(room: Room):
    operator, keys = await room.signed_in("unyo"), Keys()
    made = await challenged(operator, keys)
    right = json.dumps(keys.answer(json.loads(made)))
    half = json.dumps(json.loads(right) | {"answers": json.loads(right)["answers"][:1]})
    altered = json.dumps(json.loads(made) | {"expires": "2030-01-01T00:00:00.000Z"})
    for challenge, answer, told in (
        (made, half, "鍵 `enc-1` の回答がありません"),
        (made, "x", "JSONとして読めません"),
        ("x", right, "JSONとして読めません"),
        (altered, right, "途中で変わっています"),
    ):
        refused = await post(operator, "requests/keys", {"challenge": challenge, "answer": answer, **WHY})
        assert refused.status_code == 409
        assert told in words(refused)
        assert "鍵の交換" in words(refused)
    elsewhere = await operator.send(f"/{COOP}/partners/jccu/requests/keys", {"challenge": made, "answer": right, **WHY})
    assert elsewhere.status_code == 409
    assert "別の提供先・システム・鍵" in words(elsewhere)
    assert await events(room) == []
    assert await requests_of(operator) == []


async def test_a_key_ends_at_once_by_one_operator(room: Room):
    operator, keys = await room.signed_in("unyo"), Keys()
    one = await asked(operator, keys)
    await post(await room.signed_in("ito"), f"requests/{one.id}/approve")
    operator = await room.signed_in("unyo")
    meant = {"key": "sunnet-demo/sig-1", "reason": "漏えいの疑い", "confirm": "sunnet"}
    for change, told in (
        ({"confirm": "Sunnet"}, "提供先のIDと一致しません"),
        ({"reason": " "}, "理由を、制御文字を使わずに2,000字まで"),
        ({"reason": "a\u202eb"}, "制御文字"),
        ({"key": "sunnet-demo/none"}, "終わらせる鍵を選んでください"),
    ):
        refused = await post(operator, "keys/end", {**meant, **change})
        assert refused.status_code == 409
        assert told in words(refused)
    assert (await post(operator, "keys/end", meant)).status_code == 303
    assert (await events(room))[-1] == ("key_ends", "unyo", None)
    again = await post(operator, "keys/end", meant)
    assert again.status_code == 409
    assert "すでに終わった鍵は選べません" in words(again)


@pytest.mark.parametrize(
    ("person", "path"),
    [
        ("kansa", "requests/resume"),
        ("kansa", "requests/challenge"),
        ("ito", "requests/resume"),
        ("ito", "requests/keys"),
        ("sato", "keys/end"),
        ("unyo", "requests/x/approve"),
        ("sato", "requests/x/refuse"),
        ("ito", "requests/x/withdraw"),
    ],
)
async def test_whoever_holds_another_role_does_none_of_it(room: Room, person: str, path: str):
    visitor = await room.signed_in(person)
    answer = await post(visitor, path, WHY)
    assert answer.status_code == 403
    assert await events(room) == []


async def test_what_is_not_there_or_of_another_partner_is_not_found(room: Room):
    operator = await room.signed_in("unyo")
    one = await asked(operator, Keys())
    manager = await room.signed_in("ito")
    await manager.get(REQUESTS)
    for path in (
        f"/{COOP}/partners/jccu/requests/{one.id}/approve",
        f"{REQUESTS}/none/approve",
        f"{REQUESTS}/{one.id}/publish",
        f"/{COOP}/partners/nobody/requests/{one.id}/approve",
        f"/coopdeli/partners/sunnet/requests/{one.id}/approve",
    ):
        assert (await manager.send(path)).status_code == 404, path
    for path in (f"/{COOP}/partners/nobody/requests", "/coopdeli/partners/sunnet/requests"):
        assert (await manager.get(path)).status_code == 404
    forged = await manager.post(f"{REQUESTS}/{one.id}/approve", {})
    assert forged.status_code == 403
    assert [event for event, *_ in await events(room)] == ["keys_asked"]


async def test_a_suspension_after_it_was_asked_voids_a_resumption_and_the_page_says_so(room: Room):
    operator = await room.signed_in("unyo")
    await post(operator, "requests/resume", {"reason": "利用開始"})
    said: dict[str, Any] = {"by": "unyo", "reason": "事故", "clock": room.house.clock}
    await set_state(room.house.stores.log, COOP, "sunnet", active=False, **said)
    (one,) = await requests_of(operator)
    answer = await post(await room.signed_in("ito"), f"requests/{one.id}/approve")
    assert answer.status_code == 409
    assert "改めて停止されました" in words(answer)


async def test_the_page_is_whole_in_english_and_reads_for_everybody(room: Room):
    operator = await room.signed_in("unyo", english=True)
    await asked(operator, Keys())
    shown = words(await operator.get(REQUESTS))
    for told in ("Waiting for approval", "Keys to be registered", "Register keys", "Ask to resume", "Withdraw"):
        assert told in shown
    auditor = await room.signed_in("kansa", english=True)
    shown = words(await auditor.get(REQUESTS))
    assert "Keys to be registered" in shown
    for act in ("Register keys", "Ask to resume", "Refuse", "End a key"):
        assert act not in shown
    assert "Resuming takes two people: one asks" in words(await auditor.get(SUNNET))


async def test_where_nothing_waits_the_page_teaches_the_next_step(room: Room):
    manager = await room.signed_in("ito")
    shown = words(await manager.get(REQUESTS))
    assert "承認待ちの申請はありません" in shown
    assert "申請した人以外の承認者" in shown


async def test_a_console_that_only_reads_has_no_such_page(console: Console):
    operator = await console.browser().signed_in("unyo")
    partner = next(iter(console.snapshots[SIMULATED].versions[0].policy.partners))
    assert (await operator.get(f"/{SIMULATED}/partners/{partner}/requests")).status_code == 404
    assert "/requests" not in (await operator.get(f"/{SIMULATED}/partners/{partner}")).text
