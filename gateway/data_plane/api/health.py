"""/livez: the process answers. /readyz: it could release: the log can be read and every co-op has a policy."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.data_plane.desk import Desk
from gateway.ports import Unavailable
from gateway.web.problems import Problem


def routes(desk: Desk) -> list[Route]:
    """Return both routes."""

    async def livez(_: Request) -> Response:
        return Response(b"ok", media_type="text/plain")

    async def readyz(_: Request) -> Response:
        try:
            for coop in desk.coops:
                head = await desk.log.head(coop)
                await desk.snapshots.at_least(coop, head.gov, deadline=desk.clock() + timedelta(seconds=2))
        except Unavailable:
            raise Problem("unavailable", retry_after=1) from None
        return Response(b"ready", media_type="text/plain")

    return [Route("/livez", livez, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
