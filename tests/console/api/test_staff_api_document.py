"""The hand-written document says what the API does: every route and no other, and every answer is of its schema."""

import re
from typing import Any

import httpx2
import jsonschema
import pytest
import schemathesis

from gateway.console.api.app import ROUTES
from gateway.console.api.openapi import DOCUMENT
from tests.architecture.source_tree import ROOT
from tests.console.api.api_room import HERE, NARROWED, REAL, SUNNET, WISH, Program, Room, made
from tests.control_plane.beyond import TROUBLE, count, refused_beyond
from tests.control_plane.events_told import event
from tests.control_plane.proving import Keys
from tests.house import COOP

PAGE = (ROOT / "docs" / "staff-api.md").read_text(encoding="utf-8")
SERVED = {
    (f"/api{route.path}", method.lower()) for route in ROUTES for method in route.methods or () if method != "HEAD"
}


def test_every_route_is_documented_and_nothing_else():
    documented = {
        (path, method) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"
    }
    assert documented == SERVED


@pytest.mark.parametrize("half", PAGE.split("\n## English\n"))
def test_each_half_of_the_page_names_every_route(half: str):
    named = {(path, method.lower()) for method, path in re.findall(r"^\| `([A-Z]+) (/api/\S+)`", half, re.MULTILINE)}
    assert named == SERVED


def test_it_is_openapi_3_1_and_every_operation_can_be_read():
    schema = schemathesis.openapi.from_dict(dict(DOCUMENT))
    assert len(list(schema.get_all_operations())) == len(SERVED)


def test_every_schema_is_one_and_every_reference_leads_somewhere():
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(DOCUMENT)):
        place: Any = DOCUMENT
        for part in reference.split("/"):
            place = place[part]


def test_the_paths_name_the_parameters_that_are_in_them():
    for path, item in DOCUMENT["paths"].items():
        named = {one["name"] for one in item.get("parameters", ()) if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))


class Witness:
    """Holds every answer against what the document says of its operation and status."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str, int]] = set()

    async def __call__(self, response: httpx2.Response) -> None:
        await response.aread()
        path = response.request.url.path
        documented = next(
            one for one in DOCUMENT["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), path) and _is(one, path)
        )
        operation = DOCUMENT["paths"][documented][response.request.method.lower()]
        told = operation["responses"][str(response.status_code)]
        if "$ref" in told:
            told = DOCUMENT["components"]["responses"][told["$ref"].rpartition("/")[2]]
        self.seen.add((operation["operationId"], response.request.method, response.status_code))
        assert ("headers" in told) == ("etag" in response.headers)
        if "content" not in told:
            assert response.content == b""
            return
        (media,) = told["content"]
        assert response.headers["content-type"] == media
        valid(response.json(), told["content"][media]["schema"])


def _is(template: str, path: str) -> bool:
    """Tell whether a path of fixed names is not merely one of a template's."""
    return path in {"/api/sessions", "/api/openapi.json"} or "{" in template


def valid(instance: object, schema: dict[str, Any]) -> None:
    jsonschema.validate(instance, {**schema, "components": DOCUMENT["components"]}, jsonschema.Draft202012Validator)


async def test_real_answers_are_what_the_document_says(room: Room):
    witness = Witness()
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    stranger = room.program()
    for program in (sato, ito, stranger):
        program.http.event_hooks["response"].append(witness)
    assert (await stranger.sign_in("kato")).status_code == 201
    assert (await stranger.sign_in("nobody")).status_code == 401
    assert made(await sato.send("GET", "/openapi.json")) == DOCUMENT
    effective = "2026-12-01T00:00:00+09:00"
    draft = await sato.begun(effective=effective)
    waiting = made(await sato.step(draft, "submit", preview=await sato.previewed(draft)))
    back = made(await ito.step(waiting, "reject", reason="確認"))
    amended = made(await sato.put(f"proposals/{back['id']}", WISH | {"revision": back["revision"]}))
    waiting = made(await sato.step(amended, "submit", preview=await sato.previewed(amended)))
    approved = made(await ito.step(waiting, "approve", preview=waiting["preview"]))
    first = made(await ito.step(approved, "publish"))
    await sato.get("proposals")
    await sato.get(f"proposals/{first['id']}?files=1")
    for path in ("versions", "people", "unused-grants", "proposals/none", "proposals?state=x"):
        await sato.get(path)
    digest = made(await sato.get("versions"))["versions"][0]["digest"]
    roll_back = {"version": digest[:8], "department": HERE, "reason": "試験"}
    again = made(await sato.post("roll-backs", roll_back), 201)
    await sato.post("roll-backs", roll_back | {"version": "0" * 8})
    await sato.step(again, "withdraw", reason="取りやめ")
    await sato.get(f"proposals/{again['id']}/preview")
    broken = REAL | {SUNNET: REAL[SUNNET].replace("name: as_is", "no_such_field: as_is", 1)}
    assert (await sato.post("proposals", WISH | {"files": broken})).json()["findings"]
    narrowed = await sato.begun(files=NARROWED)
    await sato.previewed(narrowed)
    await ito.step(narrowed, "approve", preview="0" * 64)
    await ito.post("proposals", WISH)
    await stranger.get("people")
    seen = made(await ito.get("role-reviews"))
    signature = {"digest": seen["digest"], "reason": "棚卸し"}
    assert not made(await ito.post("role-reviews", signature), 201)["complete"]
    assert (await ito.post("role-reviews", signature)).json()["rule"] == "signed"
    assert (await sato.post("role-reviews", signature)).status_code == 403
    auditor = await room.signed_in("kansa")
    auditor.http.event_hooks["response"].append(witness)
    for query in ("", "?after=3&limit=2", "?after=100000", "?after=x"):
        await auditor.get(f"log{query}")
    await requests_by_two(room, witness)
    await member_events(room, auditor)
    await over_quota(room, sato)
    await sato.send("DELETE", "/sessions")
    operations = {
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        if "operationId" in operation
    }
    assert {name for name, _, status in witness.seen if status < 300} == operations
    assert {status for *_, status in witness.seen} >= {200, 201, 204, 400, 401, 403, 404, 409}


async def requests_by_two(room: Room, witness: Witness) -> None:
    """What takes two people, each of its operations once."""
    unyo, mori = await room.signed_in("unyo"), await room.signed_in("mori")
    for program in (unyo, mori):
        program.http.event_hooks["response"].append(witness)
    keys, at = Keys(), "partners/sunnet"
    challenge = made(await unyo.post(f"{at}/challenges", {"client": "sunnet-demo", "jwks": keys.jwks()}))
    proof = {"challenge": challenge, "answer": keys.answer(challenge)}
    asked = made(await unyo.post(f"{at}/requests", {"kind": "keys", "reason": "鍵の交換", **proof}), 201)
    await unyo.post(f"{at}/requests", {"kind": "keys", "reason": "鍵の交換", **proof})
    made(await mori.post(f"{at}/requests/{asked['id']}/approve", None))
    ended = {"client": "sunnet-demo", "kid": "sig-1", "reason": "漏えいの疑い"}
    made(await mori.post(f"{at}/ended-keys", ended))
    await mori.post(f"{at}/ended-keys", ended)
    for step, program in (("refuse", mori), ("withdraw", unyo)):
        waits = made(await unyo.post(f"{at}/requests", {"kind": "resume", "reason": "利用開始"}), 201)
        made(await program.post(f"{at}/requests/{waits['id']}/{step}", {"reason": "確認"}))
        await program.get(f"{at}/requests/{waits['id']}")
    await mori.get(f"{at}/requests")
    await mori.get("partners/nobody/requests")


async def member_events(room: Room, program: Program) -> None:
    """Member events taken in, told before, and refused."""
    body: dict[str, Any] = {"reason": "連携", "total": 1, "events": [event(1, "00000101", "correction")]}
    assert (await program.post("members/events", body)).status_code == 403
    await room.give("kansa", "compliance")
    made(await program.post("members/events", body), 201)
    made(await program.post("members/events", body))
    body["events"] = [event(2, "", "correction")]
    assert (await program.post("members/events", body)).json()["faults"]
    valid(
        {**body, "events": [{**body["events"][0], "member_code": "1"}]},
        DOCUMENT["components"]["schemas"]["MemberEvents"],
    )


async def over_quota(room: Room, program: Program) -> None:
    """Requests beyond a daily limit: of one client dismissed, of another met by a draft."""
    stores = room.house.stores
    await stores.snapshots.refresh(COOP)
    for path, body, status in (("dismiss", {"reason": "一度だけ"}, 200), ("propose", {"reason": "増加"}, 201)):
        await refused_beyond(stores, client=f"jccu-{path}")
        await count(stores)
        await program.get("over-quota")
        await program.get(f"over-quota/{TROUBLE}")
        made(await program.post(f"over-quota/{TROUBLE}/{path}", body), status)
    valid({"reason": "増加", "members_per_day": 800}, DOCUMENT["components"]["schemas"]["RaisingQuota"])
    await program.get("over-quota/nothing")


BODIES: list[tuple[str, Any, bool]] = [
    ("Beginning", WISH, True),
    ("Beginning", {"title": "a", "department": "b", "reason": "c", "base": True}, True),
    ("Beginning", {"title": "a", "department": "b", "reason": "c"}, False),
    ("Beginning", WISH | {"base": True}, False),
    ("Beginning", WISH | {"by": "ito"}, False),
    ("Amending", WISH | {"revision": 1}, True),
    ("Amending", {key: value for key, value in WISH.items() if key != "effective"} | {"revision": 1}, False),
    ("Amending", WISH | {"base": True}, False),
]


@pytest.mark.parametrize(("name", "body", "taken"), BODIES)
async def test_a_body_is_taken_where_its_schema_takes_it(room: Room, name: str, body: dict[str, Any], taken: bool):
    sato = await room.signed_in("sato")
    draft = await sato.begun()
    send = sato.put if name == "Amending" else sato.post
    answer = await send(f"proposals/{draft['id']}" if name == "Amending" else "proposals", body)
    assert (answer.status_code != 400) == taken
    if taken:
        valid(body, DOCUMENT["components"]["schemas"][name])
    else:
        with pytest.raises(jsonschema.ValidationError):
            valid(body, DOCUMENT["components"]["schemas"][name])


def test_the_co_op_of_the_examples_is_none_that_there_is():
    assert COOP not in PAGE
