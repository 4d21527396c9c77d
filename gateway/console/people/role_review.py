"""権限棚卸し: every role with its use and what is odd about it; the signature, the countersignature, the leaver's drafts.

No rule is here: control_plane/people/role_review.py refuses, and its words are shown on the page that the act was tried from.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.navigation import POLICY
from gateway.console.pages import done, page
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.people import role_review as steps
from gateway.control_plane.refusals import refused
from gateway.core.refused import Refused
from gateway.core.staff import held


async def review(request: Request) -> Response:
    """Show everything that goes on, and whether it is signed."""
    visit = require(request, *POLICY)
    return await _shown(request, visit)


async def sign(request: Request) -> Response:
    """Sign the roles as they were seen."""
    visit = require(request, *steps.REVIEWERS)
    form = visit.form
    try:
        _, complete = await steps.sign(
            office_of(visit),
            visit.coop,
            digest=form.text("digest"),
            by=visit.person.id,
            reason=form.text("reason"),
        )
    except Refused as told:
        return await _shown(request, visit, told=told, typed=form)
    return done(visit, "people/review", "role_review.complete" if complete else "role_review.opened")


async def take_over(request: Request) -> Response:
    """Take a proposal over from people who left."""
    visit = require(request, "admin")
    office, form = office_of(visit), visit.form
    stored = await visit.desk.proposals.get(visit.coop, request.path_params["proposal"])
    if stored is None:
        raise Refusal(404)
    try:
        if str(stored.revision) != form.text("revision"):
            raise refused("revision")
        await steps.take_over(office, stored, by=visit.person.id)
    except Refused as told:
        return await _shown(request, visit, told=told)
    return done(visit, f"proposals/{stored.id}", "role_review.taken")


ROUTES: Final = (
    Route("/{coop}/people/review", review, methods=["GET"]),
    Route("/{coop}/people/review", sign, methods=["POST"]),
    Route("/{coop}/people/review/{proposal}", take_over, methods=["POST"]),
)


async def due(visit: Visit) -> steps.Standing | None:
    """Return how the co-op stands with its reviews, for whoever signs them; None for others. Raises Unavailable."""
    if visit.desk.office is None or not any(visit.holds(role) for role in steps.REVIEWERS):
        return None
    return await steps.standing(visit.desk.office.log, visit.coop, visit.roles, now=visit.now)


async def _shown(request: Request, visit: Visit, *, told: Refused | None = None, typed: Form | None = None) -> Response:
    seen = await steps.look(office_of(visit), visit.coop)
    waiting = [one for one in seen.standing.waiting if one.digest == seen.digest]
    return page(
        request,
        "role_review.html",
        status=409 if told else 200,
        seen=seen,
        told=None if told is None else told.ja if visit.texts.language == "ja" else told.en,
        reason="" if typed is None else typed.text("reason"),
        waiting=waiting,
        signed_myself=any(one.by == visit.person.id for one in waiting),
        signs=any(visit.holds(role) for role in steps.REVIEWERS),
        flagged=sum(bool(one.flags) for one in seen.lines),
        overdue=seen.standing.due <= visit.now,
        takes={
            one.id
            for one in seen.left
            if held(visit.roles, visit.person.id, "admin", visit.now, department=one.department)
        },
    )
