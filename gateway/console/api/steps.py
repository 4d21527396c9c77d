"""申請・承認・差戻し・取下げ・公布: each a POST that names the revision, and the preview or the reason that it needs."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.acts import office_of
from gateway.console.api.inbound import Meant, Said, Seen, only, read
from gateway.console.api.proposals import as_seen
from gateway.console.api.shown import stands
from gateway.console.visit import Visit, require
from gateway.control_plane import proposals as steps


async def submit(request: Request) -> Response:
    """Ask for approval, having seen the preview."""
    visit = _acting(request)
    sent = await read(request, Seen)
    one = await as_seen(request, visit, sent.revision)
    return stands(await steps.submit(office_of(visit), one, preview=sent.preview, by=visit.person.id))


async def approve(request: Request) -> Response:
    """Approve what was submitted, having seen its preview."""
    visit = _acting(request)
    sent = await read(request, Seen)
    one = await as_seen(request, visit, sent.revision)
    return stands(await steps.approve(office_of(visit), one, preview=sent.preview, by=visit.person.id))


async def reject(request: Request) -> Response:
    """Send a proposal back to its author, with a reason."""
    visit = _acting(request)
    sent = await read(request, Said)
    one = await as_seen(request, visit, sent.revision)
    return stands(await steps.reject(office_of(visit), one, reason=sent.reason, by=visit.person.id))


async def withdraw(request: Request) -> Response:
    """End a proposal that is not to be published."""
    visit = _acting(request)
    sent = await read(request, Said)
    one = await as_seen(request, visit, sent.revision)
    return stands(await steps.withdraw(office_of(visit), one, reason=sent.reason, by=visit.person.id))


async def publish(request: Request) -> Response:
    """Put an approved proposal in force, now or at its effective time."""
    visit = _acting(request)
    sent = await read(request, Meant)
    one = await as_seen(request, visit, sent.revision)
    return stands(await steps.publish(office_of(visit), one, by=visit.person.id))


ROUTES: Final = tuple(
    Route(f"/{{coop}}/proposals/{{proposal}}/{step.__name__}", step, methods=["POST"])
    for step in (submit, approve, reject, withdraw, publish)
)


def _acting(request: Request) -> Visit:
    only(request)
    return require(request, "admin", "manager")
