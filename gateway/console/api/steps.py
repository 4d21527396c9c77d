"""申請・承認・差戻し・取下げ・公布: each a POST that names the revision, and the preview or the reason that it needs."""

from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import Meant, Said, Seen, only, read
from gateway.console.api.proposals import as_seen
from gateway.console.api.shown import stands
from gateway.console.proposals.acts import office_of
from gateway.console.visit import Visit, require
from gateway.control_plane.changes import proposals as steps
from gateway.core.changes.proposal import Proposal

_B = TypeVar("_B", Seen, Said, Meant)


async def submit(request: Request) -> Response:
    """Ask for approval, having seen the preview."""
    visit, sent, one = await _acting(request, Seen)
    return stands(await steps.submit(office_of(visit), one, preview=sent.preview, by=visit.person.id))


async def approve(request: Request) -> Response:
    """Approve what was submitted, having seen its preview."""
    visit, sent, one = await _acting(request, Seen)
    return stands(await steps.approve(office_of(visit), one, preview=sent.preview, by=visit.person.id))


async def reject(request: Request) -> Response:
    """Send a proposal back to its author, with a reason."""
    visit, sent, one = await _acting(request, Said)
    return stands(await steps.reject(office_of(visit), one, reason=sent.reason, by=visit.person.id))


async def withdraw(request: Request) -> Response:
    """End a proposal that is not to be published."""
    visit, sent, one = await _acting(request, Said)
    return stands(await steps.withdraw(office_of(visit), one, reason=sent.reason, by=visit.person.id))


async def publish(request: Request) -> Response:
    """Put an approved proposal in force, now or at its effective time."""
    visit, _, one = await _acting(request, Meant)
    return stands(await steps.publish(office_of(visit), one, by=visit.person.id))


ROUTES: Final = tuple(
    Route(f"/{{coop}}/proposals/{{proposal}}/{step.__name__}", step, methods=["POST"])
    for step in (submit, approve, reject, withdraw, publish)
)


async def _acting(request: Request, kind: type[_B]) -> tuple[Visit, _B, Proposal]:
    """Return who acts, what they sent, and the proposal at the revision that they saw."""
    only(request)
    visit = require(request, "admin", "manager")
    sent = await read(request, kind)
    return visit, sent, await as_seen(request, visit, sent.revision)
