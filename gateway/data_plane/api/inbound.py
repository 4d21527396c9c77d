"""A request as the values the steps read, and answers with what every 2xx carries."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.data_plane.caller import Caller, check_caller, may_act
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Inbound
from gateway.ports import Unavailable
from gateway.web.problems import Problem


async def inbound(request: Request, url: str, proxies: frozenset[str]) -> Inbound:
    """Return what authentication reads of a framework request; the guard has the whole body at hand already."""
    body = await request.body() if request.method == "POST" else b""
    return inbound_of(request.scope, body, url, proxies)


def inbound_of(scope: Scope, body: bytes, url: str, proxies: frozenset[str]) -> Inbound:
    """Return what authentication reads of a request's head and body."""
    headers = dict(scope["headers"])  # the guard lets none of the three through twice
    authorization, proof, content_type = map(headers.get, (b"authorization", b"dpop", b"content-type"))
    return Inbound(
        prefix=prefix_of(scope, proxies),
        request_id=scope["state"]["request_id"],
        method=scope["method"],
        url=url,
        authorization=None if authorization is None else authorization.decode("latin-1"),
        proof=None if proof is None else proof.decode("latin-1"),
        content_type=None if content_type is None else content_type.decode("latin-1"),
        body=body,
    )


def prefix_of(scope: Scope, proxies: frozenset[str]) -> str:
    """Return the client's network: /24 of IPv4, /64 of IPv6; from the socket, or from a listed proxy's last word."""
    address: str = scope["client"][0] if scope.get("client") else ""
    if address in proxies:
        # All such headers, since a proxy may add its own line to the client's: only the very last word is the proxy's.
        address = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).rpartition(",")[2].strip() or address
    return _network(address)


@lru_cache(maxsize=4_096)
def _network(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return address[:64]
    return str(ip_network((known, 24 if known.version == 4 else 64), strict=False))


def refuse_query(scope: Scope) -> None:
    """Raise Problem `malformed` where a route that takes no query was given one."""
    if scope["query_string"]:
        raise Problem("malformed")


def answer(desk: Desk, body: bytes, *, media_type: str, **headers: str) -> Response:
    """Return a 2xx with the nonce for the next proof."""
    nonce = desk.nonces.issue(int(desk.clock().timestamp()))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, headers={"DPoP-Nonce": nonce, **named}, media_type=media_type)


@contextmanager
def available(desk: Desk, otherwise: str, **of: str) -> Iterator[None]:
    """Raise Problem `unavailable` where something that is needed is not at hand, and note what could then not be done."""
    try:
        yield
    except Unavailable as fault:
        desk.telemetry.note(otherwise, fault=str(fault), **of)
        raise Problem("unavailable", retry_after=1) from None


async def reader(desk: Desk, request: Request, url: str) -> Caller:
    """Return who asks on a GET route, whose proof is consumed in a transaction of its own.

    Raises Problem `unauthenticated`, `rate-limited`, `replayed`, `not-permitted` (suspended, no key) or `unavailable`.
    """
    refuse_query(request.scope)
    caller = check_caller(desk, await inbound(request, url, desk.proxies))
    await consume(desk, caller)
    return caller


async def consume(desk: Desk, caller: Caller) -> None:
    """Use up the proof of whoever may act, in a transaction of its own. Raises Problem as `reader` does."""
    with available(desk, "replay check unavailable", coop=caller.coop):
        known = await desk.log.seen([caller.replay])
    if any(known):
        desk.summaries.add(caller.coop, caller.client, "replayed", desk.clock().timestamp())
        raise Problem("replayed")
    if not may_act(desk.snapshots.current(caller.coop), caller):
        raise Problem("not-permitted")
