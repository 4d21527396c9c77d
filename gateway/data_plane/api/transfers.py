"""POST /v1/transfers: the door of the seven steps; a plain endpoint, since it is the hot one."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.data_plane.api.inbound import answer, inbound, refuse_query
from gateway.data_plane.desk import Desk
from gateway.data_plane.transfer import transfer
from gateway.ports import Unavailable
from gateway.web.problems import Problem

PATH = "/v1/transfers"
BODY_LIMIT = 64 * 1024


def route(desk: Desk) -> Route:
    """Return the transfer endpoint's route."""
    url = desk.issuer + PATH

    async def transfers(request: Request) -> Response:
        refuse_query(request)
        try:
            with desk.telemetry.span("transfer"):
                released = await transfer(desk, await inbound(request, url, desk.proxies))
        except Unavailable as fault:
            desk.telemetry.note("transfer unavailable", fault=str(fault))
            raise Problem("unavailable", retry_after=1) from None
        return answer(desk, released.body, media_type=released.media_type, Transfer_Receipt=released.receipt)

    return Route(PATH, transfers, methods=["POST"])
