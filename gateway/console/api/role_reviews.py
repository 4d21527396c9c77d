"""権限棚卸し by the API: what there is to review, and a signature on it; the same rules as on the page."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import Reviewing, only, read
from gateway.console.api.shown import answer, role_review
from gateway.console.navigation import POLICY
from gateway.console.proposals.acts import office_of
from gateway.console.visit import require
from gateway.control_plane.people import role_review as steps


async def look(request: Request) -> Response:
    """Return every role that goes on with what a reviewer looks at, and the digest that a signature names."""
    visit = require(request, *POLICY)
    only(request)
    return answer(role_review(await steps.look(office_of(visit), visit.coop)))


async def sign(request: Request) -> Response:
    """Sign the roles as they were seen; another person's signature completes the review."""
    visit = require(request, *steps.REVIEWERS)
    only(request)
    sent = await read(request, Reviewing)
    index, complete = await steps.sign(
        office_of(visit), visit.coop, digest=sent.digest, by=visit.person.id, reason=sent.reason
    )
    return answer({"entry": index, "digest": sent.digest, "complete": complete}, 201)


ROUTES: Final = (
    Route("/{coop}/role-reviews", look, methods=["GET"]),
    Route("/{coop}/role-reviews", sign, methods=["POST"]),
)
