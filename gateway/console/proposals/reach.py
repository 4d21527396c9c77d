"""対象人数を数える: how many members a proposal's new and widened grants would reach, counted when somebody asks for it.

The numbers are kept by their digest, which stands in the URL; whoever is given the address sees the same. They are of
the files that were counted: after an edit the page says that they are old.
"""

from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.changes.reach import Counted
from gateway.control_plane.changes.wishes import checked_files
from gateway.control_plane.office import Office
from gateway.control_plane.refusals import FilesRefused
from gateway.core.changes.proposal import FROM, Proposal
from gateway.core.refused import Refused
from gateway.core.staff import Role
from gateway.ports import Unavailable

COUNTS: Final[tuple[Role, ...]] = ("admin", "manager")


async def show(request: Request) -> Response:
    """Show what was counted, `?counted=<digest>`, or that nothing was yet."""
    visit = require(request, *POLICY)
    office, proposal = await _of(visit, request)
    return await _shown(request, visit, office, proposal, await _kept(office, proposal, request))


async def count(request: Request) -> Response:
    """Walk the population, keep the numbers, and lead to them."""
    visit = require(request, *COUNTS)
    office, proposal = await _of(visit, request)
    if office.count is None or proposal.state not in FROM["amend"]:
        raise Refusal(404)
    await office.in_force.refresh(visit.coop)
    try:
        checked = await checked_files(office, proposal)
        made = await office.count(proposal, checked, office.in_force.current(visit.coop))
    except FilesRefused as fault:
        return await _shown(request, visit, office, proposal, None, fault=fault)
    except Unavailable as fault:
        # The adapter's words name the place, never a member.
        visit.desk.telemetry.note("population not counted", coop=visit.coop, fault=str(fault))
        return await _shown(request, visit, office, proposal, None, fault=_away())
    visit.desk.telemetry.note("population counted", coop=visit.coop, by=visit.person.id, proposal=proposal.id)
    digest = await office.proposals.keep_preview(visit.coop, made.canonical())
    return RedirectResponse(f"/{visit.coop}/proposals/{proposal.id}/reach?counted={digest}", 303)


ROUTES: Final = (
    Route("/{coop}/proposals/{proposal}/reach", show, methods=["GET"]),
    Route("/{coop}/proposals/{proposal}/reach", count, methods=["POST"]),
)
"""For `PAGES` of app.py, before the acts on a proposal."""


def _away() -> Refused:
    return Refused(
        "source",
        "組合員システムが応答しないため、数えられませんでした。しばらく待って、もう一度数えてください",
        "the member system did not answer, so nothing was counted; wait a little and count again",
    )


async def _of(visit: Visit, request: Request) -> tuple[Office, Proposal]:
    office = office_of(visit)
    proposal = await visit.desk.proposals.get(visit.coop, request.path_params["proposal"])
    if proposal is None:
        raise Refusal(404)
    return office, proposal


async def _kept(office: Office, proposal: Proposal, request: Request) -> Counted | None:
    """Return the numbers that the URL names; what is kept under that name and is something else is not there."""
    digest = request.query_params.get("counted", "")
    if not digest:
        return None
    body = await office.proposals.preview(proposal.coop, digest)
    try:
        made = None if body is None else Counted.from_bytes(body)
    except ValueError:
        made = None
    if made is None or (made.coop, made.proposal) != (proposal.coop, proposal.id):
        raise Refusal(404)
    return made


async def _shown(
    request: Request,
    visit: Visit,
    office: Office,
    proposal: Proposal,
    made: Counted | None,
    *,
    fault: Refused | None = None,
) -> Response:
    may = office.count is not None and proposal.state in FROM["amend"] and any(visit.holds(role) for role in COUNTS)
    return page(
        request,
        "reach.html",
        status=200 if fault is None else 409,
        refused=fault,
        proposal=proposal,
        counted=made,
        old=made is not None and made.content != proposal.content,
        may=may,
        connected=office.count is not None,
        named=visit.partner_names,
        instant=datetime.fromisoformat,
    )
