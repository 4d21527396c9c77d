"""上限超過の要求 by the API: what was asked for beyond daily limits, a draft that raises one, a dismissal with its reason.

The same acts as on the page (console/quotas/), by the same rules.
"""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import Body, Reasoned, only, read
from gateway.console.api.shown import answer, stands
from gateway.console.navigation import POLICY
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.quotas.acts import dismiss, propose
from gateway.control_plane.quotas.queue import Queued, queued, queued_of
from gateway.core.changes.overrun import Overrun, State
from gateway.tlog.entries import instant


class Raising(Body, frozen=True, kw_only=True):
    """A higher limit; without `members_per_day`, the one under which all of it would have passed."""

    reason: str
    title: str = ""
    members_per_day: int | None = None


class ShownOverrun(msgspec.Struct, frozen=True, kw_only=True):
    """What one client asked for beyond the limit on one JST day."""

    client: str
    day: str
    state: State
    asked: int
    requests: int
    first: str
    last: str
    proposal: str | None
    decider: str | None
    said: str
    decided: str | None


class ShownQueued(msgspec.Struct, frozen=True, kw_only=True):
    """A grant that was asked for beyond its limit; `wanted` is the limit under which what is open would have passed."""

    grant: str
    partner: str
    agreement: str
    purpose: str
    department: str
    state: State
    members_per_day: int | None
    wanted: int | None
    overruns: tuple[ShownOverrun, ...]


async def listed(request: Request) -> Response:
    """Return every grant that was asked for beyond its limit, what waits first."""
    visit = require(request, *POLICY)
    only(request)
    return answer({"grants": [shown(one) for one in await queued(office_of(visit), visit.coop)]})


async def look(request: Request) -> Response:
    """Return one of them."""
    visit = require(request, *POLICY)
    only(request)
    return answer(shown(await _found(request, visit)))


async def raise_it(request: Request) -> Response:
    """Begin a draft that raises the limit."""
    visit = require(request, "admin")
    only(request)
    one, sent = await _found(request, visit), await read(request, Raising)
    begun = await propose(
        office_of(visit),
        visit.coop,
        one.grant,
        most="" if sent.members_per_day is None else str(sent.members_per_day),
        title=sent.title,
        reason=sent.reason,
        by=visit.person.id,
    )
    return stands(begun, 201)


async def leave_it(request: Request) -> Response:
    """Leave the limit as it is, with the reason."""
    visit = require(request, "admin")
    only(request)
    one, sent = await _found(request, visit), await read(request, Reasoned)
    await dismiss(office_of(visit), visit.coop, one.grant, reason=sent.reason, by=visit.person.id)
    return answer(shown(await _found(request, visit)))


def shown(one: Queued) -> ShownQueued:
    """Return what is answered of one grant; the command line prints the same."""
    return ShownQueued(
        grant=one.grant,
        partner=one.partner,
        agreement=one.agreement,
        purpose=one.purpose,
        department=one.department,
        state=one.state,
        members_per_day=one.most,
        wanted=one.wanted,
        overruns=tuple(map(_shown, one.overruns)),
    )


_ONE: Final = "/{coop}/over-quota/{grant}"
ROUTES: Final = (
    Route("/{coop}/over-quota", listed, methods=["GET"]),
    Route(_ONE, look, methods=["GET"]),
    Route(f"{_ONE}/propose", raise_it, methods=["POST"]),
    Route(f"{_ONE}/dismiss", leave_it, methods=["POST"]),
)


async def _found(request: Request, visit: Visit) -> Queued:
    one = await queued_of(office_of(visit), visit.coop, request.path_params["grant"])
    if one is None:
        raise Refusal(404)
    return one


def _shown(one: Overrun) -> ShownOverrun:
    return ShownOverrun(
        client=one.client,
        day=one.day.isoformat(),
        state=one.state,
        asked=one.asked,
        requests=one.requests,
        first=instant(one.first),
        last=instant(one.last),
        proposal=one.proposal,
        decider=one.decider,
        said=one.said,
        decided=None if one.decided is None else instant(one.decided),
    )
