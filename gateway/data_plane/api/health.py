"""/livez: the process answers. /readyz: it could release: clocks agree, log and state are at hand, none was rewritten."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.data_plane.desk import Desk
from gateway.ports import MAX_SKEW, Unavailable
from gateway.web.problems import Problem


def routes(desk: Desk) -> list[Route]:
    """Return both routes."""

    async def livez(_: Request) -> Response:
        return Response(b"ok", media_type="text/plain")

    async def readyz(_: Request) -> Response:
        # An older database may have lost releases, and stops of members with them: somebody has to look first.
        if desk.rewritten:
            raise Problem("unavailable", retry_after=10)
        try:
            if await desk.log.skew() >= MAX_SKEW.total_seconds():
                desk.telemetry.note("clock skew")
                raise Problem("unavailable", retry_after=10)
            for coop in list(desk.coops):
                head = await desk.log.head(coop)
                await desk.snapshots.at_least(coop, head.gov, deadline=desk.clock() + timedelta(seconds=2))
        except Unavailable:
            raise Problem("unavailable", retry_after=1) from None
        return Response(b"ready", media_type="text/plain")

    return [Route("/livez", livez, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
