"""What takes two people, by JSON alone: asked, approved by another, or not; and every rule that stops it."""

from typing import Any

import pytest

from gateway.tlog.entries import Partner as PartnerEntry
from tests.console.api.api_room import Program, Room, made, rule, slug
from tests.console.simulated import OTHER
from tests.control_plane.proving import Keys
from tests.house import COOP

AT = "partners/sunnet"
RESUME = {"kind": "resume", "reason": "利用開始"}


async def challenged(program: Program, keys: Keys, **changes: Any) -> dict[str, Any]:
    body = {"client": "sunnet-demo", "jwks": keys.jwks(), **changes}
    return made(await program.post(f"{AT}/challenges", body))


async def events(room: Room) -> list[tuple[str, str, str | None]]:
    entries = [one for one in await room.house.entries() if isinstance(one, PartnerEntry)]
    return [(one.event, one.by, one.approver) for one in entries]


async def test_keys_are_proved_asked_for_and_approved_by_another(room_on_both: Room):
    room, keys = room_on_both, Keys()
    await room.house.publish()
    unyo, ito = await room.signed_in("unyo"), await room.signed_in("ito")
    given = await challenged(unyo, keys)
    body = {"kind": "keys", "reason": "鍵の交換", "challenge": given, "answer": keys.answer(given)}
    answer = await unyo.post(f"{AT}/requests", body)
    asked = made(answer, 201)
    assert answer.headers["location"] == f"/api/{COOP}/{AT}/requests/{asked['id']}"
    assert (asked["state"], asked["asker"], asked["client"], asked["entry"]) == ("open", "unyo", "sunnet-demo", None)
    assert [key["thumbprint"] for key in asked["keys"]] == [one.thumbprint() for one in (keys.sig, keys.enc)]
    assert rule(await unyo.post(f"{AT}/requests", body), 409) == "waiting"
    assert rule(await unyo.post(f"{AT}/requests/{asked['id']}/approve", None), 403) == "role"
    done = made(await ito.post(f"{AT}/requests/{asked['id']}/approve", None))
    assert (done["state"], done["decider"]) == ("approved", "ito")
    assert made(await unyo.get(f"{AT}/requests/{asked['id']}")) == done
    assert made(await unyo.get(f"{AT}/requests")) == {"requests": [done]}
    assert await events(room) == [("keys_asked", "unyo", None), ("keys_added", "unyo", "ito")]
    assert done["entry"] == len(await room.house.entries()) - 1
    assert rule(await ito.post(f"{AT}/requests/{asked['id']}/approve", None), 409) == "state"
    assert (
        rule(await unyo.post(f"{AT}/challenges", {"client": "sunnet-demo", "jwks": keys.jwks()}), 409) == "key_in_use"
    )


async def test_a_resumption_is_refused_withdrawn_or_approved(room: Room):
    await room.house.publish()
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    for step, program, state in (("refuse", ito, "refused"), ("withdraw", sato, "withdrawn")):
        asked = made(await sato.post(f"{AT}/requests", RESUME), 201)
        said = f"{AT}/requests/{asked['id']}/{step}"
        assert rule(await program.post(said, {"reason": " "}), 409) == "reason"
        assert slug(await program.post(said, {}), 400) == "malformed"
        done = made(await program.post(said, {"reason": "まだ早い"}))
        assert (done["state"], done["said"], done["entry"]) == (state, "まだ早い", None)
    asked = made(await sato.post(f"{AT}/requests", RESUME), 201)
    made(await ito.post(f"{AT}/requests/{asked['id']}/approve", None))
    assert rule(await sato.post(f"{AT}/requests", RESUME), 409) == "active"
    assert [event for event, *_ in await events(room)] == [
        "resume_asked", "request_refused", "resume_asked", "request_withdrawn", "resume_asked", "active",
    ]  # fmt: skip


async def test_nobody_approves_what_they_asked_for(room: Room):
    await room.house.publish()
    await room.give("unyo", "manager", department="共済部")
    unyo = await room.signed_in("unyo")
    asked = made(await unyo.post(f"{AT}/requests", RESUME), 201)
    for step, body in (("approve", None), ("refuse", {"reason": "確認"})):
        assert rule(await unyo.post(f"{AT}/requests/{asked['id']}/{step}", body), 403) == "own"
    assert [event for event, *_ in await events(room)] == ["resume_asked"]


async def test_what_proves_nothing_is_told_and_asks_for_nothing(room: Room):
    await room.house.publish()
    unyo, keys = await room.signed_in("unyo"), Keys()
    given = await challenged(unyo, keys)
    right = keys.answer(given)
    said = {"kind": "keys", "reason": "鍵の交換"}
    half = right | {"answers": right["answers"][:1]}
    for challenge, answer, named in (
        (given, half, "unproved"),
        (given, {}, "answer"),
        (given, "x", "answer"),
        ("x", right, "challenge"),
        (given | {"client": "sunnet-2"}, right, "challenge"),
    ):
        sent = {**said, "challenge": challenge, "answer": answer}
        assert rule(await unyo.post(f"{AT}/requests", sent), 409) == named
    elsewhere = {**said, "challenge": given, "answer": right}
    assert rule(await unyo.post("partners/jccu/requests", elsewhere), 409) == "other"
    malformed: tuple[dict[str, Any], ...] = (
        said,
        {**said, "challenge": given},
        {**RESUME, "challenge": given, "answer": right},
        {"kind": "x"},
    )
    for body in malformed:
        assert slug(await unyo.post(f"{AT}/requests", body), 400) == "malformed"
    for jwks, client, named in (([], "sunnet-demo", "keys"), (keys.jwks(), "jccu-demo", "client")):
        assert rule(await unyo.post(f"{AT}/challenges", {"client": client, "jwks": jwks}), 409) == named
    room.house.clock.advance(hours=24)
    late = await room.signed_in("unyo")
    assert rule(await late.post(f"{AT}/requests", elsewhere), 409) == "expired"
    assert await events(room) == []


@pytest.mark.parametrize(
    ("person", "path", "body"),
    [
        ("kansa", "requests", RESUME),
        ("ito", "requests", RESUME),
        ("ito", "challenges", {"client": "sunnet-demo", "jwks": {}}),
        ("kato", "requests/x/approve", None),
        ("kansa", "requests/x/refuse", {"reason": "x"}),
        ("ito", "requests/x/withdraw", {"reason": "x"}),
        ("sato", "ended-keys", {"client": "sunnet-demo", "kid": "sig-1", "reason": "x"}),
        ("abe", "requests", RESUME),
    ],
)
async def test_whoever_holds_another_role_does_none_of_it(room: Room, person: str, path: str, body: object):
    await room.house.publish()
    program = await room.signed_in(person)
    assert rule(await program.post(f"{AT}/{path}", body), 403) == "role"
    assert await events(room) == []


async def test_what_is_not_there_or_of_another_partner_or_co_op_is_not_found(room: Room):
    await room.house.publish()
    unyo, ito = await room.signed_in("unyo"), await room.signed_in("ito")
    asked = made(await unyo.post(f"{AT}/requests", RESUME), 201)["id"]
    for path in (f"partners/jccu/requests/{asked}", f"{AT}/requests/none", "partners/nobody/requests"):
        assert slug(await ito.get(path), 404) == "not-found"
    assert slug(await ito.post(f"partners/jccu/requests/{asked}/approve", None), 404) == "not-found"
    taken = await room.signed_in("taken", coop=OTHER)
    assert slug(await taken.get(f"{AT}/requests/{asked}"), 404) == "not-found"
    assert slug(await ito.get(f"{AT}/requests?x=1"), 400) == "malformed"


async def test_a_key_ends_at_once(room: Room):
    await room.house.publish()
    unyo, ito, keys = await room.signed_in("unyo"), await room.signed_in("ito"), Keys()
    given = await challenged(unyo, keys)
    body = {"kind": "keys", "reason": "鍵の交換", "challenge": given, "answer": keys.answer(given)}
    asked = made(await unyo.post(f"{AT}/requests", body), 201)
    made(await ito.post(f"{AT}/requests/{asked['id']}/approve", None))
    meant = {"client": "sunnet-demo", "kid": "sig-1", "reason": "漏えいの疑い"}
    assert rule(await unyo.post(f"{AT}/ended-keys", {**meant, "kid": "none"}), 409) == "key"
    assert rule(await unyo.post(f"{AT}/ended-keys", {**meant, "reason": " "}), 409) == "reason"
    done = made(await unyo.post(f"{AT}/ended-keys", meant))
    assert done == {"entry": len(await room.house.entries()) - 1}
    assert (await events(room))[-1] == ("key_ends", "unyo", None)
    assert rule(await unyo.post(f"{AT}/ended-keys", meant), 409) == "key"
