"""GET /v1/follow-ups and POST /v1/follow-ups/{id}/ack: what a partner must do with data that it holds, and its answer.

Members are named in the sealed answer alone (signed, then encrypted to the partner's key, as a transfer is), only as the
partner knows them, only while the duty is not met, and never with the cause. A partner that is overdue still reaches both.
"""

import hashlib
import re
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from cryptography.exceptions import InvalidTag
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.agreement_gate import encryption_key
from gateway.core.days import Moment
from gateway.core.follow_ups.answer import FollowUpAnswer, parse
from gateway.core.follow_ups.follow_up import FollowUp, allowed, ending, ends_block
from gateway.core.request import MalformedClaim
from gateway.data_plane.api.inbound import answer, available, consume, inbound, refuse_query
from gateway.data_plane.authenticate import MEDIA_TYPE
from gateway.data_plane.caller import Caller, check_caller, signed_claims
from gateway.data_plane.desk import Desk
from gateway.data_plane.protect import ANSWER_S, PAD
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal, unseal
from gateway.jose.rfc7515 import sign
from gateway.jose.rfc7516 import encrypt
from gateway.ports import Bounced, Change, Committed, Place, Replayed, Submission, Unavailable, Unchanged, place_of
from gateway.tlog import entries
from gateway.tlog.codes import open_code
from gateway.tlog.entries import instant
from gateway.web.problems import Problem

PATH: Final = "/v1/follow-ups"
ACK: Final = re.compile(r"/v1/follow-ups/[^/]+/ack")
BODY_LIMIT: Final = 64 * 1024
TYP: Final = "follow-up-ack+jwt"
AT_ONCE: Final = 50
MEMBERS: Final = 10_000
"""A page ends after so many follow-ups, or after the one with which so many members are named."""
CURSOR_S: Final = 24 * 3_600
ROUNDS: Final = 8

_places = msgspec.msgpack.Decoder(tuple[int, Place])


def routes(desk: Desk) -> list[Route]:
    """Return both routes."""

    async def follow_ups(request: Request) -> Response:
        caller = check_caller(desk, await inbound(request, desk.issuer + PATH, desk.proxies))
        after = _cursor(desk, caller, request.scope["query_string"])
        await consume(desk, caller)
        with available(desk, "follow-ups unavailable", coop=caller.coop):
            claims = await _page(desk, caller, after)
        return answer(desk, _sealed(desk, caller, request.state.request_id, claims), media_type=MEDIA_TYPE)

    async def ack(request: Request) -> Response:
        refuse_query(request.scope)
        identifier: str = request.path_params["follow_up"]
        came = await inbound(request, f"{desk.issuer}{PATH}/{identifier}/ack", desk.proxies)
        caller = check_caller(desk, came)
        if came.content_type != MEDIA_TYPE:
            raise Problem("unsupported-media-type")
        said = _answer(desk, caller, came.body)
        if said.follow_up != identifier:
            raise Problem("malformed", pointer="/follow_up")
        if said.coop != caller.coop or not desk.snapshots.current(caller.coop).partner(caller.partner).active:
            raise Problem("not-permitted")
        with available(desk, "answer to a follow-up not taken", coop=caller.coop):
            document = await _take(desk, caller, said, came.body)
        return answer(desk, msgspec.json.encode(document), media_type="application/json")

    return [Route(PATH, follow_ups, methods=["GET"]), Route(PATH + "/{follow_up}/ack", ack, methods=["POST"])]


# ── the list ──


def _cursor(desk: Desk, caller: Caller, query: bytes) -> Place | None:
    """Return the place after which a page begins. Raises Problem `malformed` for any query but one cursor of its own."""
    if not query:
        return None
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if [name for name, _ in given] != ["cursor"]:
        raise Problem("malformed")
    try:
        sealed = rfc4648.decode(given[0][1])
        issued, place = _places.decode(unseal(desk.coops[caller.coop].secrets.cursors, sealed, _context(caller)))
    except (InvalidTag, ValueError, msgspec.DecodeError):
        raise Problem("malformed", pointer="/cursor") from None
    if caller.at.timestamp() - issued > CURSOR_S:
        raise Problem("malformed", pointer="/cursor")
    return place


def _context(caller: Caller) -> bytes:
    return msgspec.json.encode(["follow-ups", caller.coop, caller.partner, caller.client])


async def _page(desk: Desk, caller: Caller, after: Place | None) -> dict[str, Any]:
    """Return the follow-ups of one page as the partner is told them. Raises Unavailable."""
    found = await desk.follow_ups.all(caller.coop, partner=caller.partner, after=after, most=AT_ONCE + 1)
    told: list[dict[str, Any]] = []
    members = 0
    for one in found[:AT_ONCE]:
        told.append(await _told(desk, one))
        members += len(told[-1]["members"])
        if members >= MEMBERS:
            break
    claims: dict[str, Any] = {"coop": caller.coop, "follow_ups": told}
    if len(told) < len(found):
        mark = msgspec.msgpack.encode((int(caller.at.timestamp()), place_of(found[len(told) - 1])))
        claims["next"] = rfc4648.encode(seal(desk.coops[caller.coop].secrets.cursors, mark, _context(caller)))
    return claims


async def _told(desk: Desk, one: FollowUp) -> dict[str, Any]:
    secrets = desk.coops[one.coop].secrets
    rows = [] if one.met else await desk.follow_ups.codes(one.coop, one.entry)
    try:
        members = sorted(open_code(secrets.requests, one.coop, tag, sealed) for tag, sealed in rows)
    except ValueError as fault:
        raise Unavailable(str(fault)) from None
    days = {"blocks": one.blocks, "period": one.period, "purpose": one.purpose}
    return {
        "id": one.id,
        "agreement": one.agreement,
        "duty": one.duty,
        "due": one.due.isoformat(),
        "state": one.state,
        "opened": instant(one.opened),
        "count": one.members,
        "members": members,
        **{name: str(value) for name, value in days.items() if value is not None},
    }


def _sealed(desk: Desk, caller: Caller, request_id: str, said: dict[str, Any]) -> bytes:
    """Sign, then encrypt to the client's key; never plaintext. Raises Problem."""
    state = desk.snapshots.current(caller.coop).partner(caller.partner)
    registered = encryption_key(state, caller.client, Moment(caller.at))
    if registered is None:
        raise Problem("not-permitted")
    now = int(caller.at.timestamp())
    names = {"iss": desk.issuer, "aud": caller.client, "iat": now, "exp": now + ANSWER_S, "jti": request_id}
    payload = msgspec.json.encode({**names, **said})[:-1] + b',"_pad":"'
    payload += b"0" * (-(len(payload) + 2) % PAD) + b'"}'
    try:
        inner = sign("follow-ups+jwt", payload, desk.response_signer)
        return encrypt(
            inner.encode(),
            desk.key(registered),
            typ="JWT",
            cty="JWT",
            apu=desk.issuer.encode(),
            apv=caller.client.encode(),
        ).encode()
    except Exception as fault:  # noqa: BLE001  # whatever a signer or a key may raise, nothing leaves unsealed
        desk.telemetry.note("sealing failed", coop=caller.coop, fault=type(fault).__name__)
        raise Problem("internal") from None


# ── the answer ──


def _answer(desk: Desk, caller: Caller, body: bytes) -> FollowUpAnswer:
    """Return what a body says that the client's registered key signed. Raises Problem."""
    try:
        return parse(signed_claims(desk, caller, body, typ=TYP))
    except MalformedClaim as malformed:
        raise Problem("malformed", pointer=malformed.pointer) from None


async def _take(desk: Desk, caller: Caller, said: FollowUpAnswer, body: bytes) -> dict[str, Any]:
    """Enter an answer in the log and move its follow-up; one that it had already changes nothing and is told the same.

    Another partner's is as unknown as one that never was. Raises Problem, Unavailable.
    """
    signed = rfc4648.encode(hashlib.sha256(body).digest())
    for _ in range(ROUNDS):
        found = await desk.follow_ups.get(caller.coop, said.follow_up)
        if found is None or found.partner != caller.partner:
            await consume(desk, caller)
            raise Problem("not-found")
        if not allowed(found.state, said.event):
            await consume(desk, caller)
            return {"follow_up": found.id, "state": found.state, "signed": signed}
        gov = (await desk.log.head(caller.coop)).gov
        verdict = await desk.append(
            caller.coop, _submission(desk, caller, said, found, body=body, gov=gov, signed=signed)
        )
        match verdict:
            case Committed():
                return {"follow_up": found.id, "state": said.event, "signed": signed}
            case Replayed():
                desk.summaries.add(caller.coop, caller.client, "replayed", desk.clock().timestamp())
                raise Problem("replayed")
            case Unchanged() | Bounced():
                continue
            case _:
                break
    raise Unavailable("the log did not take the entry of an answer")


def _submission(
    desk: Desk, caller: Caller, said: FollowUpAnswer, found: FollowUp, *, body: bytes, gov: int, signed: str
) -> Submission:
    now = desk.clock()
    entry = entries.Ack(
        coop=caller.coop,
        time=instant(now),
        gov=gov if ends_block(found, said.event) else None,
        event=said.event,
        follow_up=found.id,
        partner=caller.partner,
        client=caller.client,
        acknowledgement=signed,
    )
    key = desk.coops[caller.coop].secrets.requests
    kept = seal(key, body, f"follow-up/{caller.coop}/{found.id}".encode())
    return Submission.of(
        entry,
        now,
        gov=gov,
        replay=caller.replay,
        effects=ending(found, said.event),
        change=Change(
            statement=f"follow_up_{said.event}",
            values={
                "id": found.id,
                "partner": caller.partner,
                "by": caller.client,
                "answer": rfc4648.encode(kept),
            },
        ),
    )
