"""The partner listener's application: every door mounted, the guard outermost."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.data_plane.api import (
    exports,
    follow_ups,
    grants,
    health,
    incidents,
    log,
    metadata,
    proof,
    token,
    transfers,
)
from gateway.data_plane.api.inbound import inbound
from gateway.data_plane.caller import check_caller
from gateway.data_plane.desk import Desk
from gateway.oauth.rfc8414 import TOKEN_PATH
from gateway.web.guard import Guard
from gateway.web.problems import HANDLERS, Problem

TOKEN_LIMIT = 16 * 1024
LIMITS = {
    ("POST", TOKEN_PATH): TOKEN_LIMIT,
    ("POST", transfers.PATH): transfers.BODY_LIMIT,
    ("POST", incidents.PATH): incidents.BODY_LIMIT,
    ("POST", exports.PATH): exports.BODY_LIMIT,
}

_OF_ONE = re.compile(r"/v1/(?:grants/[^/]+/schema|transfers/[^/]+/proof)")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def partner_app(desk: Desk, *, keys: list[dict[str, str]], hosts: frozenset[str], lifespan: Lifespan) -> Guard:
    """Return the guarded application of the partner listener; `keys` are the public response and receipt keys."""
    app = FastAPI(
        title="Joint-use gateway",
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={**HANDLERS},
        lifespan=lifespan,
    )
    doors: list[Route] = [
        transfers.route(desk),
        token.route(desk),
        proof.route(desk),
        *exports.routes(desk),
        *grants.routes(desk),
        incidents.route(desk),
        *follow_ups.routes(desk),
        *log.routes(desk),
        *metadata.routes(desk.issuer, desk.resource, keys),
        *health.routes(desk),
    ]
    app.router.routes.extend([*doors, _unknown(desk)])
    return Guard(
        _hot_doors_first(app, doors[:2]),
        hosts=hosts,
        body_limit=_body_limit,
        count=lambda slug: desk.telemetry.count("guard_refused", slug=slug),
        log=lambda kind, request_id: desk.telemetry.note("unforeseen", kind=kind, request_id=request_id),
    )


def _body_limit(method: str, path: str) -> int:
    if method == "POST" and follow_ups.ACK.fullmatch(path):
        return follow_ups.BODY_LIMIT
    return LIMITS.get((method, path), 0)


def _hot_doors_first(app: FastAPI, doors: list[Route]) -> ASGIApp:
    """Return an application that goes straight to the hot doors; everything else takes the framework's way.

    The framework's layers cost more there than deciding does. What a door raises, the guard answers.
    """
    straight = {("POST", door.path): door.app for door in doors}

    async def hot_doors_first(scope: Scope, receive: Receive, send: Send) -> None:
        door = straight.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        await (door or app)(scope, receive, send)

    return hot_doors_first


def _unknown(desk: Desk) -> Route:
    """Return the last route: under /v1 nobody learns without a token which paths there are."""
    methods = {transfers.PATH: "POST", grants.PATH: "GET", incidents.PATH: "POST", follow_ups.PATH: "GET"}

    async def unknown(request: Request) -> Response:
        path = request.scope["path"]
        allowed = methods.get(path) or ("GET" if _OF_ONE.fullmatch(path) else None)
        if follow_ups.ACK.fullmatch(path):
            allowed = "POST"
        allowed = allowed or exports.allowed(path)
        if allowed is not None:
            raise Problem("method-not-allowed", headers={"Allow": allowed})
        check_caller(desk, await inbound(request, desk.issuer + path, desk.proxies))
        raise Problem("not-found")

    route = Route("/v1/{path:path}", unknown)
    route.methods = None  # any: to a method that no list names the framework would answer 405 before anybody is known
    return route
