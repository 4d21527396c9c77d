"""POST /v1/transfers: the door of the seven steps."""

from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.data_plane.api.inbound import available, inbound_of, refuse_query
from gateway.data_plane.api.rate_limit import rate_limit
from gateway.data_plane.desk import Desk
from gateway.data_plane.transfer import transfer
from gateway.web.guard import CLIENT_LEFT

PATH = "/v1/transfers"
BODY_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Transfers:
    """The endpoint, as ASGI alone: the framework's request and response would cost more here than deciding does."""

    desk: Desk
    url: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk = self.desk
        refuse_query(scope)
        message = await receive()  # the guard has the whole body at hand
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        with available(desk, "transfer unavailable"), desk.telemetry.span("transfer"):
            released = await transfer(desk, inbound_of(scope, message["body"], self.url, desk.proxies))
        headers = [
            (b"content-type", released.media_type.encode()),
            (b"content-length", b"%d" % len(released.body)),
            (b"dpop-nonce", desk.nonces.issue(int(desk.clock().timestamp())).encode()),
            (b"transfer-receipt", released.receipt.encode()),
            *rate_limit(released.allowance, desk.clock()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": released.body, "more_body": False})
        if CLIENT_LEFT not in scope:
            desk.handed_over.add(released.coop, released.index)


def route(desk: Desk) -> Route:
    """Return the transfer endpoint's route."""
    return Route(PATH, _Transfers(desk, desk.issuer + PATH), methods=["POST"])
