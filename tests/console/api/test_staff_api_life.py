"""A change from a draft to being in force, by JSON alone; and every rule that stops it."""

import asyncio
import hashlib
from datetime import timedelta

import msgspec
import pytest

from gateway.console.entrance.sessions import token_hash
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.people import people
from gateway.tlog.entries import Publish, decode
from tests.console.api.api_room import (
    ELSEWHERE,
    HERE,
    NARROWED,
    REAL,
    SUNNET,
    WISH,
    Program,
    Room,
    made,
    rule,
    slug,
)
from tests.console.simulated import OTHER
from tests.house import COOP


async def published(room: Room, author: Program, manager: Program, **changes: object) -> dict[str, object]:
    waiting = await author.submitted(**changes)
    approved = made(await manager.step(waiting, "approve", preview=waiting["preview"]))
    return made(await author.step(approved, "publish"))


async def test_the_whole_life_is_the_same_entries_and_the_same_version(room_on_both: Room):
    room = room_on_both
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    begun = await sato.post("proposals", WISH)
    draft = made(begun, 201)
    assert begun.headers["location"] == f"/api/{COOP}/proposals/{draft['id']}"
    assert begun.headers["etag"] == '"1"'
    assert (draft["state"], draft["author"], draft["base"], draft["preview"]) == ("draft", "sato", None, None)
    assert "files" not in draft
    assert made(await ito.get(f"proposals/{draft['id']}?files=1"))["files"] == REAL

    seen = await sato.get(f"proposals/{draft['id']}/preview")
    digest, body = made(seen)["digest"], msgspec.json.decode(seen.content, type=dict[str, msgspec.Raw])["preview"]
    assert hashlib.sha256(bytes(body)).hexdigest() == digest == Preview.from_bytes(bytes(body)).digest

    submitted = await sato.step(draft, "submit", preview=digest)
    waiting = made(submitted)
    assert (waiting["state"], waiting["preview"], submitted.headers["etag"]) == ("submitted", digest, '"2"')
    again = made(await ito.get(f"proposals/{draft['id']}/preview"))
    assert again["digest"] == digest
    approved = made(await ito.step(waiting, "approve", preview=digest))
    assert (approved["state"], approved["approver"]) == ("approved", "ito")
    in_force = made(await sato.step(approved, "publish"))
    assert in_force["state"] == "published"
    assert await room.events() == ["amend", "submit", "approve", "publish"]

    entry = decode((await room.house.stores.log.entries(COOP, in_force["entry"], 1))[0])
    assert isinstance(entry, Publish)
    assert (entry.proposer, entry.approver, entry.preview) == ("sato", "ito", digest)
    versions = made(await sato.get("versions"))["versions"]
    assert [(one["number"], one["digest"], one["entry"], one["standing"]) for one in versions] == [
        (1, entry.policy, in_force["entry"], "in_force")
    ]


async def test_a_proposal_begins_with_the_last_version_s_files_and_a_roll_back_returns_to_the_first(room: Room):
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    based = {name: value for name, value in WISH.items() if name != "files"} | {"base": True}
    assert rule(await sato.post("proposals", based), 409) == "base"
    await published(room, sato, ito)
    first = made(await sato.get("versions"))["versions"][0]["digest"]
    one = made(await sato.post("proposals", based), 201)
    assert (one["base"], made(await sato.get(f"proposals/{one['id']}?files=1"))["files"]) == (first, REAL)
    body = WISH | {"files": NARROWED, "revision": 1}
    narrowed = made(await sato.put(f"proposals/{one['id']}", body))
    assert narrowed["revision"] == 2
    preview = made(await sato.get(f"proposals/{one['id']}/preview"))["preview"]
    assert [(each["sign"], each["path"][-1]) for each in preview["differences"]] == [("-", "delivery_day")]
    waiting = made(await sato.step(narrowed, "submit", preview=await sato.previewed(narrowed)))
    approved = made(await ito.step(waiting, "approve", preview=waiting["preview"]))
    made(await ito.step(approved, "publish"))
    assert [one["number"] for one in made(await sato.get("versions"))["versions"]] == [2, 1]
    back = {"version": first[:8], "department": HERE, "reason": "誤り"}
    begun = made(await sato.post("roll-backs", back), 201)
    assert made(await sato.get(f"proposals/{begun['id']}?files=1"))["files"] == REAL
    assert rule(await sato.post("roll-backs", back | {"version": "0" * 8}), 409) == "version"
    assert rule(await ito.post("roll-backs", back), 403) == "role"


async def test_what_was_sent_back_is_a_draft_and_what_was_withdrawn_is_over(room: Room):
    sato, ito, kato = [await room.signed_in(one) for one in ("sato", "ito", "kato")]
    waiting = await sato.submitted()
    back = made(await ito.step(waiting, "reject", reason="電話番号は不要"))
    assert (back["state"], back["preview"]) == ("draft", None)
    gone = made(await kato.step(back, "withdraw", reason="取りやめ"))
    assert gone["state"] == "withdrawn"
    assert rule(await sato.put(f"proposals/{gone['id']}", WISH | {"revision": gone["revision"]}), 409) == "state"
    assert rule(await sato.get(f"proposals/{gone['id']}/preview"), 409) == "state"
    assert await room.events() == ["amend", "submit", "reject", "withdraw"]


async def test_the_list_is_narrowed_by_state_and_to_one_s_own(room: Room):
    sato, kato, kansa = [await room.signed_in(one) for one in ("sato", "kato", "kansa")]
    waiting, draft = await sato.submitted(), await kato.begun(title="別の申請")

    async def listed(program: Program, query: str) -> set[str]:
        return {one["id"] for one in made(await program.get(f"proposals{query}"))["proposals"]}

    assert await listed(kansa, "") == {waiting["id"], draft["id"]}
    assert await listed(kansa, "?state=submitted") == {waiting["id"]}
    assert await listed(kato, "?mine=1") == {draft["id"]}
    assert await listed(kato, "?mine=1&state=submitted") == set()
    for query in ("?state=nothing", "?mine=yes", "?who=sato", "?mine=1&mine=1", "?state="):
        assert slug(await kansa.get(f"proposals{query}"), 400) == "malformed"


@pytest.mark.parametrize(
    ("person", "named"),
    [("sato", "role"), ("kato", "role"), ("mori", "department"), ("abe", "role"), ("kansa", "role")],
)
async def test_who_may_not_approve_is_told_why(room: Room, person: str, named: str):
    author = await room.signed_in("sato")
    waiting = await author.submitted()
    other = author if person == "sato" else await room.signed_in(person)
    assert rule(await other.step(waiting, "approve", preview=waiting["preview"]), 403) == named
    assert await room.events() == ["amend", "submit"]


async def test_nobody_approves_their_own_or_submits_another_s(room: Room):
    sato, kato = await room.signed_in("sato"), await room.signed_in("kato")
    draft = await sato.begun()
    assert rule(await kato.step(draft, "submit", preview=await kato.previewed(draft)), 403) == "author"
    waiting = made(await sato.step(draft, "submit", preview=await sato.previewed(draft)))
    await room.give("sato", "manager", department=HERE)
    assert rule(await sato.step(waiting, "approve", preview=waiting["preview"]), 403) == "own"
    assert await room.events() == ["amend", "submit"]


async def test_what_stands_in_the_way_is_a_conflict_with_its_rule(room: Room):
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    past = (room.house.clock() - timedelta(seconds=1)).isoformat()
    assert rule(await sato.post("proposals", WISH | {"effective": past}), 409) == "effective"
    assert rule(await sato.post("proposals", WISH | {"reason": " "}), 409) == "reason"
    assert rule(await sato.post("proposals", WISH | {"title": ""}), 409) == "reason"
    assert rule(await sato.post("proposals", WISH | {"department": ELSEWHERE}), 403) == "department"
    draft = await sato.begun()
    assert rule(await sato.step(draft, "submit", preview="0" * 64), 409) == "preview"
    other = await sato.begun(files=NARROWED)
    assert rule(await sato.step(draft, "submit", preview=await sato.previewed(other)), 409) == "preview"
    assert rule(await sato.step(draft, "submit", preview=draft["content"]), 409) == "preview"
    assert rule(await ito.step(draft, "approve", preview="0" * 64), 409) == "state"
    assert rule(await sato.step(draft, "publish"), 409) == "state"
    assert rule(await sato.step(draft, "withdraw", reason=" "), 409) == "reason"
    elsewhere = WISH | {"department": ELSEWHERE, "revision": 1}
    assert rule(await sato.put(f"proposals/{draft['id']}", elsewhere), 403) == "department"
    waiting = made(await sato.step(draft, "submit", preview=await sato.previewed(draft)))
    assert rule(await ito.step(waiting, "approve", preview="0" * 64), 409) == "preview"
    assert rule(await ito.step(waiting, "reject", reason=""), 409) == "reason"
    assert await room.events() == ["amend", "amend", "submit"]


async def test_a_version_published_in_between_stops_the_others(room: Room):
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    await published(room, sato, ito)
    stale = await sato.submitted(files=NARROWED)
    await published(room, sato, ito, files=NARROWED)
    assert rule(await ito.step(stale, "approve", preview=stale["preview"]), 409) == "base"


async def test_files_that_break_a_rule_are_told_by_file_and_line(room: Room):
    sato = await room.signed_in("sato")
    wider = REAL | {SUNNET: REAL[SUNNET].replace("name: as_is", "no_such_field: as_is", 1)}
    for files in (wider, {}, {"../../etc/passwd": "x"}, REAL | {SUNNET: "a: \x00"}, REAL | {"x\x00": "y"}):
        answer = await sato.post("proposals", WISH | {"files": files})
        errors = [one for one in answer.json()["findings"] if one["severity"] == "error"]
        assert rule(answer, 400) == errors[0]["rule"]
    told = (await sato.post("proposals", WISH | {"files": wider})).json()["findings"]
    assert {one["file"] for one in told if one["severity"] == "error"} == {SUNNET}
    assert all(one["line"] > 1 and one["ja"] and one["en"] for one in told if one["severity"] == "error")
    assert await room.events() == []


async def test_of_two_who_put_at_once_one_is_told_to_look_again(room_on_both: Room):
    sato, kato = await room_on_both.signed_in("sato"), await room_on_both.signed_in("kato")
    draft = await sato.begun()
    path, body = f"proposals/{draft['id']}", WISH | {"revision": 1}
    answers = await asyncio.gather(
        sato.put(path, body | {"title": "一"}), kato.put(path, body | {"title": "二"}), sato.put(path, body)
    )
    assert sorted(one.status_code for one in answers) == [200, 409, 409]
    assert {rule(one, 409) for one in answers if one.status_code == 409} == {"revision"}
    winner = next(one for one in answers if one.status_code == 200)
    assert made(await sato.get(path)) == winner.json()
    assert await room_on_both.events() == ["amend", "amend"]


async def test_the_revision_is_named_in_the_body_or_in_if_match_and_in_both_alike(room: Room):
    sato = await room.signed_in("sato")
    draft = await sato.begun()
    path = f"proposals/{draft['id']}"
    assert slug(await sato.put(path, WISH), 400) == "malformed"
    assert slug(await sato.put(path, WISH | {"revision": 1}, If_Match='"2"'), 400) == "malformed"
    for tag in ("1", "*", 'W/"1"', '"1", "2"', '"01"', '""'):
        assert slug(await sato.put(path, WISH, If_Match=tag), 400) == "malformed"
    assert made(await sato.put(path, WISH, If_Match='"1"'))["revision"] == 2
    assert made(await sato.put(path, WISH | {"revision": 2}, If_Match='"2"'))["revision"] == 3
    assert rule(await sato.put(path, WISH, If_Match='"2"'), 409) == "revision"
    assert rule(await sato.put(path, WISH | {"revision": 2}), 409) == "revision"
    assert rule(await sato.step(draft, "withdraw", reason="取りやめ"), 409) == "revision"
    assert (await sato.get(path)).headers["etag"] == '"3"'


async def test_a_role_that_ended_a_second_ago_does_nothing(room: Room):
    clock = room.house.clock
    await room.give("abe", "admin", department=HERE, end=clock() + timedelta(minutes=5))
    abe = await room.signed_in("abe")
    draft = await abe.begun()
    clock.advance(minutes=4, seconds=59)
    assert made(await abe.get(f"proposals/{draft['id']}"))["revision"] == 1
    clock.advance(seconds=1)
    assert rule(await abe.put(f"proposals/{draft['id']}", WISH | {"revision": 1}), 403) == "role"
    assert rule(await abe.step(draft, "submit", preview="0" * 64), 403) == "role"
    for path in ("proposals", f"proposals/{draft['id']}", "versions", "people", "unused-grants"):
        assert rule(await abe.get(path), 403) == "role"
    assert await room.events() == ["amend"]


async def test_a_person_who_left_is_nobody_at_once(room: Room):
    kato, stores = await room.signed_in("kato"), room.house.stores
    assert kato.token is not None
    session = await stores.staff.session(token_hash(kato.token))
    assert session is not None
    await people.person_leaves(stores.log, stores.staff, COOP, "kato", by="sato", reason="退職", clock=room.house.clock)
    assert slug(await kato.get("proposals"), 401) == "unauthenticated"
    # As after a crash between the entry and the end of their sessions.
    await stores.staff.open_session(session)
    assert slug(await kato.get("proposals"), 401) == "unauthenticated"
    assert await stores.staff.session(session.token_hash) is None


async def test_an_operator_reads_people_and_versions_but_no_policy(room: Room):
    unyo = await room.signed_in("unyo")
    listed = made(await unyo.get("people"))["people"]
    assert {one["id"] for one in listed} == {"sato", "kato", "ito", "mori", "kansa", "unyo", "abe"}
    (held,) = next(one["roles"] for one in listed if one["id"] == "mori")
    assert (held["role"], held["department"], held["when"], held["end"]) == ("manager", ELSEWHERE, "now", None)
    assert made(await unyo.get("versions")) == {"versions": []}
    for path in ("proposals", "proposals/x", "proposals/x/preview", "unused-grants"):
        assert rule(await unyo.get(path), 403) == "role"


async def test_what_nobody_asked_for_is_told_with_what_to_take_out(room: Room):
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    await published(room, sato, ito)
    told = made(await sato.get("unused-grants?days=1"))
    assert told["coop"] == COOP
    assert SUNNET.removesuffix(".yaml").rpartition("/")[2] in {one["partner"] for one in told["grants"]}
    for days in ("0", "367", "x", "01", "-1", "９"):
        assert slug(await sato.get(f"unused-grants?days={days}"), 400) == "malformed"


async def test_another_co_op_s_proposals_are_not_there(room: Room):
    taken, sato = await room.signed_in("taken", coop=OTHER), await room.signed_in("sato")
    draft = await sato.begun()
    nowhere = {key: value for key, value in (await sato.get("proposals/none")).json().items() if key != "request_id"}
    assert nowhere["status"] == 404
    body = {"revision": 1, "preview": "0" * 64}
    for answer in (
        await taken.send("GET", f"/{COOP}/proposals/{draft['id']}"),
        await taken.send("GET", f"/{OTHER}/proposals/{draft['id']}"),
        await taken.send("GET", f"/{COOP}/proposals"),
        await taken.send("GET", "/nowhere/proposals"),
        await taken.send("GET", f"/{COOP}/people"),
        await taken.send("GET", f"/{COOP}/versions"),
        await taken.send("POST", f"/{COOP}/proposals/{draft['id']}/submit", body),
        await taken.send("POST", f"/{OTHER}/proposals/{draft['id']}/submit", body),
        await taken.send("PUT", f"/{OTHER}/proposals/{draft['id']}", WISH | {"revision": 1}),
    ):
        assert {key: value for key, value in answer.json().items() if key != "request_id"} == nowhere
    assert made(await taken.send("GET", f"/{OTHER}/proposals")) == {"proposals": []}
    assert await room.events() == ["amend"]
