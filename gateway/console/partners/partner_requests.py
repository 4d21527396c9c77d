"""二人で行う申請: a partner resumed, its keys registered with proof; asked by one and approved by another. And a key ended.

    再開を申請            ask that releases begin, or begin again
    鍵を登録              its public keys → a challenge for the partner → its answer, verified → waiting for approval
    承認 / 却下 / 取下げ   of what waits; what was asked for is done with its approval
    鍵を終わらせる         one operator's act, at once, confirmed by typing

No rule is here: control_plane/ refuses, and its words are shown on the page that the act was tried from. Making a
challenge keeps nothing, so its answer is the page itself and no redirect.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.navigation import EVERYBODY
from gateway.console.pages import done, page
from gateway.console.partners.partners import LONGEST_REASON, SUSPENDS, one_sheet
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.govern import StaleBase
from gateway.control_plane.office import Office
from gateway.control_plane.partners import requests as steps
from gateway.control_plane.partners.acts import check_free, end_key
from gateway.control_plane.partners.possession import challenge as challenged, keys_of, opened, proved, read
from gateway.control_plane.partners.sheet import KeySheet, Sheet
from gateway.core.changes.partner_request import Event, PartnerRequest, refusal
from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.core.staff import Role
from gateway.jose.rfc7638 import thumbprint

ASKS: Final[tuple[Role, ...]] = ("operator", "admin")
DECIDES: Final[tuple[Role, ...]] = ("manager",)
PAGE: Final = "/{coop}/partners/{partner}/requests"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An open request and what this person may do with it; `barred`: they asked for it and would have to approve it."""

    request: PartnerRequest
    thumbprints: tuple[tuple[dict[str, str], str], ...]
    may: frozenset[Event]
    barred: bool


async def look(request: Request) -> Response:
    """Show what waits, what can be asked for, and what became of earlier requests."""
    visit = require(request, *EVERYBODY)
    return await _shown(request, visit)


async def resume(request: Request) -> Response:
    """Ask that releases to the partner begin, or begin again."""
    visit = require(request, *ASKS)
    office, reason = office_of(visit), _reason(visit)
    sheet = await _sheet(visit, request)
    try:
        await steps.ask_resume(office, visit.coop, sheet.partner.id, by=visit.person.id, reason=reason)
    except Refused as told:
        return await _shown(request, visit, told=_words(visit, told), tried="resume")
    return _back(visit, sheet, "partner_requests.done.resume")


async def challenge(request: Request) -> Response:
    """Make a challenge for the keys that were handed in, and show it; nothing is kept."""
    visit = require(request, *ASKS)
    office, form = office_of(visit), visit.form
    sheet = await _sheet(visit, request)
    partner, client = sheet.partner.id, form.text("client")
    try:
        keys = keys_of(read(form.text("jwks"), "JWKS"))
        snapshot = office.in_force.current(visit.coop)
        steps.check_client(snapshot, partner, client)
        for key in keys:
            check_free(snapshot, partner, client, key)
    except Refused as told:
        return await _shown(request, visit, told=_words(visit, told), tried="challenge")
    secret = office.possession_key(visit.coop)
    made = challenged(secret, keys, coop=visit.coop, partner=partner, client=client, now=visit.now)
    return await _shown(request, visit, tried="challenge", made=json.dumps(made, indent=1))


async def keys(request: Request) -> Response:
    """Verify the partner's answer, and ask that its keys be registered."""
    visit = require(request, *ASKS)
    office, form = office_of(visit), visit.form
    sheet = await _sheet(visit, request)
    secret, partner = office.possession_key(visit.coop), sheet.partner.id
    try:
        given = read(form.text("challenge"), visit.texts("partner_requests.challenge"))
        client = opened(secret, given, coop=visit.coop)["client"]
        answer = read(form.text("answer"), visit.texts("partner_requests.answer"))
        proof = proved(secret, given, answer, coop=visit.coop, partner=partner, client=client, now=visit.now)
        said: dict[str, Any] = {"by": visit.person.id, "reason": _reason(visit)}
        await steps.ask_keys(office, visit.coop, partner, client, proof, **said)
    except Refused as told:
        return await _shown(request, visit, told=_words(visit, told), tried="keys")
    return _back(visit, sheet, "partner_requests.done.keys")


async def act(request: Request) -> Response:
    """Approve, refuse or withdraw what waits."""
    event = request.path_params["event"]
    step = _STEPS.get(event)
    if step is None:
        raise Refusal(404)
    visit = require(request, *(ASKS if event == "withdraw" else DECIDES))
    office = office_of(visit)
    sheet = await _sheet(visit, request)
    one = await office.partner_requests.get(visit.coop, request.path_params["request"])
    if one is None or one.partner != sheet.partner.id:
        raise Refusal(404)
    try:
        await step(office, one, visit.person.id, _reason(visit))
    except Refused as told:
        return await _shown(request, visit, told=_words(visit, told), tried=f"{event}-{one.id}")
    return _back(visit, sheet, f"partner_requests.done.{event}")


async def end(request: Request) -> Response:
    """End one of the partner's keys, at once: the partner's id typed again, and a reason."""
    visit = require(request, *SUSPENDS)
    office, form = office_of(visit), visit.form
    sheet, reason = await _sheet(visit, request), _reason(visit)
    chosen = next((one for one in _live(sheet) if _value(one) == form.text("key")), None)
    wrong = _wrong(sheet, chosen, form.text("confirm"), reason)
    if wrong is None and chosen is not None:
        try:
            await end_key(
                office.log, office.in_force.current(visit.coop), sheet.partner.id, chosen.key.kid,
                client=chosen.key.client, by=visit.person.id, reason=reason, clock=office.clock,
            )  # fmt: skip
        except (StaleBase, KeyError):
            wrong = "moved"
    if wrong is not None:
        text = visit.texts(f"partner_requests.wrong.{wrong}", most=LONGEST_REASON)
        return await _shown(request, visit, told=text, tried="end")
    return _back(visit, sheet, "partner_requests.done.end")


ROUTES: Final = (
    Route(PAGE, look, methods=["GET"]),
    Route(f"{PAGE}/resume", resume, methods=["POST"]),
    Route(f"{PAGE}/challenge", challenge, methods=["POST"]),
    Route(f"{PAGE}/keys", keys, methods=["POST"]),
    Route(f"{PAGE}/{{request}}/{{event}}", act, methods=["POST"]),
    Route("/{coop}/partners/{partner}/keys/end", end, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def waiting_requests(visit: Visit) -> list[tuple[PartnerRequest, str]]:
    """Return what waits for this person's approval, each with the partner's name: asked for by others."""
    office = visit.desk.office
    if office is None or not visit.holds("manager"):
        return []
    policy = visit.policy
    partners = {} if policy is None else policy.partners
    return [
        (one, partners[one.partner].name if one.partner in partners else one.partner)
        for one in await office.partner_requests.all(visit.coop)
        if _may(visit, "approve", one)
    ]


async def _approve(office: Office, one: PartnerRequest, by: str, reason: str) -> PartnerRequest:  # noqa: ARG001
    return await steps.approve(office, one, by=by)


async def _refuse(office: Office, one: PartnerRequest, by: str, reason: str) -> PartnerRequest:
    return await steps.refuse(office, one, by=by, reason=reason)


async def _withdraw(office: Office, one: PartnerRequest, by: str, reason: str) -> PartnerRequest:
    return await steps.withdraw(office, one, by=by, reason=reason)


_STEPS: Final[dict[str, Callable[[Office, PartnerRequest, str, str], Awaitable[PartnerRequest]]]] = {
    "approve": _approve,
    "refuse": _refuse,
    "withdraw": _withdraw,
}


def _may(visit: Visit, event: Event, one: PartnerRequest) -> bool:
    return refusal(event, one, by=visit.person.id, at=visit.now, roles=visit.roles, reason="-") is None


def _waiting(visit: Visit, one: PartnerRequest) -> Waiting:
    events: tuple[Event, ...] = ("approve", "refuse", "withdraw")
    return Waiting(
        request=one,
        thumbprints=tuple((key, thumbprint(key)) for key in one.keys),
        may=frozenset(event for event in events if _may(visit, event, one)),
        barred=visit.holds("manager") and one.asker == visit.person.id,
    )


async def _sheet(visit: Visit, request: Request) -> Sheet:
    # What is asked for depends on as little as can be: no files are read.
    sheet, _ = await one_sheet(visit, request, files=False)
    return sheet


async def _shown(
    request: Request, visit: Visit, *, told: str | None = None, tried: str = "", made: str | None = None
) -> Response:
    office, sheet = office_of(visit), await _sheet(visit, request)
    requests = await office.partner_requests.all(visit.coop, partner=sheet.partner.id)
    waits = [_waiting(visit, one) for one in requests if one.state == "open"]
    asks = any(visit.holds(role) for role in ASKS)
    return page(
        request,
        "partner_requests.html",
        status=409 if told else 200,
        sheet=sheet,
        told=told,
        tried=tried,
        made=made,
        typed=visit.form if tried else Form(),
        waits=waits,
        past=[one for one in requests if one.state != "open"],
        asks=asks,
        resumes=asks and sheet.standing != "active" and all(one.request.kind != "resume" for one in waits),
        ends=[(_value(one), one.key) for one in _live(sheet)] if any(map(visit.holds, SUSPENDS)) else [],
        instant=datetime.fromisoformat,
    )


def _live(sheet: Sheet) -> list[KeySheet]:
    return [one for one in sheet.keys if one.phase != "ended"]


def _value(one: KeySheet) -> str:
    return f"{one.key.client}/{one.key.kid}"


def _wrong(sheet: Sheet, chosen: KeySheet | None, confirm: str, reason: str) -> str | None:
    """Return what stands against the end of a key as it was sent."""
    if chosen is None:
        return "key"
    if confirm != sheet.partner.id:
        return "confirm"
    return None if reason and writable(reason) and len(reason) <= LONGEST_REASON else "reason"


def _reason(visit: Visit) -> str:
    # A browser sends two characters for a line's end, and counts one.
    return visit.form.text("reason").replace("\r\n", "\n")


def _back(visit: Visit, sheet: Sheet, key: str) -> Response:
    return done(visit, f"partners/{sheet.partner.id}/requests", key, name=sheet.partner.name)


def _words(visit: Visit, told: Refused) -> str:
    return told.ja if visit.texts.language == "ja" else told.en
