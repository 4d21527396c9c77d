"""二人で行う申請: a partner resumed, its keys registered with proof; asked by one, approved by another. And a key ended.

The same acts as on the page (console/partners/partner_requests.py), by the same rules. A request never changes, so an act on it
names no revision: whoever is second finds it decided.
"""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import Asking, Challenging, EndingKey, Reasoned, only, read
from gateway.console.api.problems import Malformed
from gateway.console.api.shown import answer
from gateway.console.navigation import EVERYBODY
from gateway.console.partners.partner_requests import ASKS, DECIDES
from gateway.console.partners.partners import SUSPENDS
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.govern import StaleBase
from gateway.control_plane.partners import requests as steps
from gateway.control_plane.partners.acts import check_free, end_key
from gateway.control_plane.partners.possession import challenge as challenged, keys_of, opened, proved
from gateway.control_plane.people.rules import check_reason
from gateway.control_plane.refusals import refused
from gateway.core.changes.partner_request import Kind, PartnerRequest, State
from gateway.core.refused import Refused
from gateway.jose.rfc7638 import thumbprint
from gateway.tlog.entries import instant


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key that is asked for."""

    kid: str
    use: str
    alg: str
    thumbprint: str


class ShownRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it stands; `entry` is the index in the log of the entry that did what was asked for."""

    id: str
    coop: str
    kind: Kind
    state: State
    partner: str
    client: str | None
    keys: tuple[ShownKey, ...]
    asker: str
    reason: str
    asked: str
    decider: str | None
    said: str
    decided: str | None
    entry: int | None


async def listed(request: Request) -> Response:
    """Return what was asked for of a partner, the last one first."""
    visit = require(request, *EVERYBODY)
    only(request)
    partner = _partner(request, visit)
    found = await office_of(visit).partner_requests.all(visit.coop, partner=partner)
    return answer({"requests": [_shown(one) for one in found]})


async def look(request: Request) -> Response:
    """Return one request."""
    visit = require(request, *EVERYBODY)
    only(request)
    return answer(_shown(await _found(request, visit)))


async def challenge(request: Request) -> Response:
    """Return a challenge for the keys that were handed in; nothing is kept."""
    visit = require(request, *ASKS)
    only(request)
    partner, sent = _partner(request, visit), await read(request, Challenging)
    office = office_of(visit)
    snapshot = office.in_force.current(visit.coop)
    keys = keys_of(sent.jwks)
    steps.check_client(snapshot, partner, sent.client)
    for key in keys:
        check_free(snapshot, partner, sent.client, key)
    whose = {"coop": visit.coop, "partner": partner, "client": sent.client}
    return answer(challenged(office.possession_key(visit.coop), keys, **whose, now=visit.now))


async def ask(request: Request) -> Response:
    """Ask that a partner be resumed, or that its keys be registered, with the proof that it holds them."""
    visit = require(request, *ASKS)
    only(request)
    partner, sent = _partner(request, visit), await read(request, Asking)
    office = office_of(visit)
    said: dict[str, Any] = {"by": visit.person.id, "reason": sent.reason}
    if (sent.kind == "keys") != (sent.challenge is not None and sent.answer is not None):
        raise Malformed(
            "kind が keys のときは challenge と answer の両方を、resume のときはどちらも送らないでください",
            "keys take challenge and answer, a resumption neither",
            pointer="/challenge",
        )
    if sent.kind == "resume":
        asked = await steps.ask_resume(office, visit.coop, partner, **said)
    else:
        secret = office.possession_key(visit.coop)
        client = opened(secret, sent.challenge, coop=visit.coop)["client"]
        whose = {"coop": visit.coop, "partner": partner, "client": client}
        proof = proved(secret, sent.challenge, sent.answer, **whose, now=visit.now)
        asked = await steps.ask_keys(office, visit.coop, partner, client, proof, **said)
    return answer(_shown(asked), 201, Location=f"/api/{visit.coop}/partners/{partner}/requests/{asked.id}")


async def approve(request: Request) -> Response:
    """Approve what another person asked for; it is done with that."""
    visit = require(request, *DECIDES)
    only(request)
    one = await _found(request, visit)
    return answer(_shown(await steps.approve(office_of(visit), one, by=visit.person.id)))


async def refuse(request: Request) -> Response:
    """Refuse what another person asked for."""
    visit = require(request, *DECIDES)
    only(request)
    sent, one = await read(request, Reasoned), await _found(request, visit)
    return answer(_shown(await steps.refuse(office_of(visit), one, by=visit.person.id, reason=sent.reason)))


async def withdraw(request: Request) -> Response:
    """Take back what was asked for."""
    visit = require(request, *ASKS)
    only(request)
    sent, one = await read(request, Reasoned), await _found(request, visit)
    return answer(_shown(await steps.withdraw(office_of(visit), one, by=visit.person.id, reason=sent.reason)))


async def end(request: Request) -> Response:
    """End a key, at once."""
    visit = require(request, *SUSPENDS)
    only(request)
    partner, sent = _partner(request, visit), await read(request, EndingKey)
    check_reason(sent.reason)
    office = office_of(visit)
    await office.in_force.refresh(visit.coop)
    snapshot = office.in_force.current(visit.coop)
    said: dict[str, Any] = {"client": sent.client, "by": visit.person.id, "reason": sent.reason}
    try:
        entry = await end_key(office.log, snapshot, partner, sent.kid, **said, clock=office.clock)
    except KeyError:
        raise Refused(
            "key",
            f"`{sent.client}` に、終わっていない鍵 `{sent.kid}` はありません。提供先の鍵を確かめてください",
            f"`{sent.client}` has no key `{sent.kid}` that has not ended; see the partner's keys",
        ) from None
    except StaleBase:
        raise refused("revision") from None
    return answer({"entry": entry})


_OF: Final = "/{coop}/partners/{partner}"
ROUTES: Final = (
    Route(f"{_OF}/requests", listed, methods=["GET"]),
    Route(f"{_OF}/requests", ask, methods=["POST"]),
    Route(f"{_OF}/challenges", challenge, methods=["POST"]),
    Route(f"{_OF}/requests/{{request}}", look, methods=["GET"]),
    *(
        Route(f"{_OF}/requests/{{request}}/{step.__name__}", step, methods=["POST"])
        for step in (approve, refuse, withdraw)
    ),
    Route(f"{_OF}/ended-keys", end, methods=["POST"]),
)
LIMITS: Final = {("POST", f"{_OF}/requests"): 64 * 1024, ("POST", f"{_OF}/challenges"): 32 * 1024}


def _partner(request: Request, visit: Visit) -> str:
    """Return the path's partner. Raises Refusal 404 where no published version names it."""
    partner: str = request.path_params["partner"]
    versions = visit.desk.current(visit.coop).versions
    if all(partner not in version.policy.partners for version in versions):
        raise Refusal(404)
    return partner


async def _found(request: Request, visit: Visit) -> PartnerRequest:
    one = await office_of(visit).partner_requests.get(visit.coop, request.path_params["request"])
    if one is None or one.partner != request.path_params["partner"]:
        raise Refusal(404)
    return one


def _shown(one: PartnerRequest) -> ShownRequest:
    return ShownRequest(
        id=one.id,
        coop=one.coop,
        kind=one.kind,
        state=one.state,
        partner=one.partner,
        client=one.client or None,
        keys=tuple(
            ShownKey(kid=key["kid"], use=key["use"], alg=key["alg"], thumbprint=thumbprint(key)) for key in one.keys
        ),
        asker=one.asker,
        reason=one.reason,
        asked=instant(one.asked),
        decider=one.decider,
        said=one.said,
        decided=None if one.decided is None else instant(one.decided),
        entry=one.entry,
    )
