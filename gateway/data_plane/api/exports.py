"""/v1/exports: a whole population ordered, made ahead in parts, and fetched part by part."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.data_plane.api.inbound import answer, available, inbound, inbound_of, reader, refuse_query
from gateway.data_plane.desk import Desk
from gateway.data_plane.exports.asked import OPEN, own, status_of
from gateway.data_plane.exports.ending import end
from gateway.data_plane.exports.handing_out import hand_out
from gateway.data_plane.exports.manifest import manifest
from gateway.data_plane.exports.order import order
from gateway.data_plane.passing import Answer
from gateway.tlog.entries import instant
from gateway.web.guard import CLIENT_LEFT
from gateway.web.problems import Problem

PATH: Final = "/v1/exports"
BODY_LIMIT: Final = 64 * 1024
JSON: Final = "application/json"
SOON_S: Final = 1
"""After so many seconds a part that is not sealed yet may be asked for again."""

ONE: Final = re.compile(r"/v1/exports/[^/]+")
OF_ONE: Final = re.compile(r"/v1/exports/[^/]+/(?:manifest|parts/[^/]+)")


def routes(desk: Desk) -> list[Route]:
    """Return the routes of exports."""

    async def ordered(request: Request) -> Response:
        refuse_query(request.scope)
        with available(desk, "export order unavailable"), desk.telemetry.span("export order"):
            taken = await order(desk, await inbound(request, desk.issuer + PATH, desk.proxies))
        said = {"export": taken.export, "state": "running", "form": taken.form, "expires": instant(taken.expires)}
        response = answer(desk, msgspec.json.encode(said), media_type=JSON, Location=f"{PATH}/{taken.export}")
        response.status_code = 202
        return response

    async def progress(request: Request) -> Response:
        export = request.path_params["export"]
        caller = await reader(desk, request, f"{desk.issuer}{PATH}/{export}")
        with available(desk, "export unavailable", coop=caller.coop):
            found = await own(desk, caller, export)
        if found is None:
            raise Problem("not-found")
        return answer(desk, status_of(found), media_type=JSON)

    async def listed(request: Request) -> Response:
        export = request.path_params["export"]
        caller = await reader(desk, request, f"{desk.issuer}{PATH}/{export}/manifest")
        with available(desk, "export unavailable", coop=caller.coop):
            found = await own(desk, caller, export)
            if found is None or found.state not in OPEN:
                raise Problem("not-found")
            return answer(desk, await manifest(desk, found), media_type="application/jwt")

    async def ended(request: Request) -> Response:
        export = request.path_params["export"]
        refuse_query(request.scope)
        with available(desk, "export not ended"):
            await end(desk, await inbound(request, f"{desk.issuer}{PATH}/{export}", desk.proxies), export)
        nonce = desk.nonces.issue(int(desk.clock().timestamp()))
        return Response(status_code=204, headers={"DPoP-Nonce": nonce})

    found = [
        Route(PATH, ordered, methods=["POST"]),
        Route(PATH + "/{export}", progress, methods=["GET"]),
        Route(PATH + "/{export}", ended, methods=["DELETE"]),
        Route(PATH + "/{export}/manifest", listed, methods=["GET"]),
        Route(PATH + "/{export}/parts/{n}", _Parts(desk), methods=["GET"]),
    ]
    # A part is a release: a HEAD would put one into the log of which nothing leaves.
    found[-1].methods = {"GET"}
    return found


def allowed(path: str) -> str | None:
    """Return the methods of a path of ours; None for any other path."""
    if path == PATH:
        return "POST"
    if OF_ONE.fullmatch(path):
        return "GET"
    return "GET, DELETE" if ONE.fullmatch(path) else None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts, as ASGI alone: only so it is known whether the last byte was handed over."""

    desk: Desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk = self.desk
        refuse_query(scope)
        export, n = scope["path_params"]["export"], scope["path_params"]["n"]
        asked = inbound_of(scope, b"", f"{desk.issuer}{PATH}/{export}/parts/{n}", desk.proxies)
        with available(desk, "export part unavailable"), desk.telemetry.span("export part out"):
            found = await hand_out(desk, asked, export, n)
        if not isinstance(found, Answer):
            waits = answer(desk, status_of(found), media_type=JSON, Retry_After=str(SOON_S))
            waits.status_code = 202
            await waits(scope, receive, send)
            return
        headers = {"Transfer_Receipt": found.receipt}
        await answer(desk, found.body, media_type=found.media_type, **headers)(scope, receive, send)
        if CLIENT_LEFT not in scope:
            desk.handed_over.add(found.coop, found.index)
