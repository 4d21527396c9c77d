"""The door of member events over JSON and CSV: who may, what is refused, what is answered, and that no address has a code."""

import json
from typing import Any

import httpx2
import pytest

from gateway.tlog.entries import Restrict
from tests.console.api.api_room import Program, Room, made, rule
from tests.control_plane.events_told import csv_of, event
from tests.house import COOP

CODE = "00000101"
EVENTS = [event(1, CODE, "stop", "stop_use"), event(2, "00012406", "withdrawal")]
BODY: dict[str, Any] = {"reason": "夜間の連携", "total": 2, "events": EVENTS}
PATH = f"/api/{COOP}/members/events"


async def homu(room: Room) -> Program:
    await room.give("kansa", "compliance")
    return await room.signed_in("kansa")


async def send(program: Program, content: bytes, media: str, query: str = "") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {program.token}", "Content-Type": media}
    return await program.http.post(PATH + query, content=content, headers=headers)


async def test_events_are_taken_in_once_whichever_form_they_come_in(room_on_both: Room):
    room = room_on_both
    program = await homu(room)
    trial = made(await program.post("members/events?dry_run=1", BODY))
    assert (trial["entry"], trial["dry_run"], trial["taken"]) == (None, True, 2)
    taken = made(await program.post("members/events", BODY), 201)
    [entry] = [one for one in await room.house.entries() if isinstance(one, Restrict)]
    assert (entry.by, entry.reason, entry.digest) == ("kansa", "夜間の連携", taken["digest"])
    assert taken["events"] == {"stop_use:set": 1, "withdrawal": 1}
    text = csv_of([*EVENTS, event(3, CODE, "correction")]).decode().replace("#total", "#reason,夜間の連携\r\n#total")
    for media in ("text/csv; charset=cp932", 'text/csv; charset="Windows-31J"'):
        again = await send(program, text.encode("cp932"), media)
        assert again.status_code in {200, 201}, again.text
        assert again.json()["told_before"] + again.json()["taken"] == 3
    assert again.json()["entry"] is None


async def test_what_is_wrong_is_told_and_no_code_of_it(room: Room):
    program = await homu(room)
    bad = {**BODY, "events": [EVENTS[0], {**EVENTS[1], "member_code": f"{CODE} {CODE}"}]}
    refused = await program.post("members/events", bad)
    assert rule(refused, 400) == "rows"
    assert [(one["row"], one["field"]) for one in refused.json()["faults"]] == [(2, "member_code")]
    assert CODE not in refused.text
    taken = made(await program.post("members/events?skip_bad_rows=1", bad), 201)
    assert (taken["taken"], len(taken["faults"])) == (1, 1)
    assert rule(await program.post("members/events", {**BODY, "total": 3}), 400) == "file:total"
    assert rule(await program.post("members/events", {**BODY, "reason": " "}), 409) == "reason"
    assert rule(await send(program, csv_of(EVENTS), "text/csv"), 409) == "reason"
    assert (await send(program, csv_of(EVENTS), "application/xml")).status_code == 415
    assert (
        await send(program, json.dumps(BODY).encode("utf-16"), "application/json; charset=cp932")
    ).status_code == 415
    assert (await program.post("members/events?reason=x", BODY)).status_code == 400
    assert CODE not in repr(room.house.told)


@pytest.mark.parametrize("person", ["sato", "ito", "kansa", "unyo", "abe"])
async def test_nobody_but_compliance_takes_events_in(room: Room, person: str):
    before = await room.house.entries()
    program = await room.signed_in(person)
    assert rule(await program.post("members/events", BODY), 403) == "role"
    assert await room.house.entries() == before
