"""The staff API's application: every route mounted behind the gate of tokens. Mounted by console/app.py under `/api`."""

from collections.abc import Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from gateway.console.api import (
    log_feed,
    member_events,
    over_quota,
    partner_requests,
    proposals,
    readings,
    role_reviews,
    sessions,
    steps,
)
from gateway.console.api.gate import DOCUMENT, PREFIX, SESSIONS, TokenGate
from gateway.console.api.inbound import only
from gateway.console.api.openapi import DOCUMENT as OPENAPI
from gateway.console.api.problems import HANDLERS
from gateway.console.api.shown import answer
from gateway.console.desk import StaffDesk
from gateway.console.entrance.sign_in import SignIn

BODY_LIMIT: Final = 16 * 1024
LIMITS: Final[Mapping[tuple[str, str], int]] = {
    ("POST", SESSIONS): 8 * 1024,
    ("POST", "/{coop}/proposals"): 192 * 1024,
    ("PUT", "/{coop}/proposals/{proposal}"): 192 * 1024,
    **partner_requests.LIMITS,
    **member_events.LIMITS,
}
"""Bytes of a body, by method and path of its route, where they are not `BODY_LIMIT`."""


async def document(request: Request) -> Response:
    """Return the OpenAPI document."""
    only(request)
    return answer(OPENAPI)


ROUTES: Final[tuple[Route, ...]] = (
    *sessions.ROUTES,
    Route(DOCUMENT, document, methods=["GET"]),
    *proposals.ROUTES,
    *steps.ROUTES,
    *readings.ROUTES,
    *partner_requests.ROUTES,
    *over_quota.ROUTES,
    *role_reviews.ROUTES,
    *member_events.ROUTES,
    *log_feed.ROUTES,
)


def staff_api(desk: StaffDesk, sign_in: SignIn) -> Mount:
    """Return the API behind its gate; `sign_in` is the counter that the console's form leads to as well."""
    gate = TokenGate(Router(ROUTES, redirect_slashes=False), desk)
    app = Starlette(routes=[Mount("/", app=gate)], exception_handlers=HANDLERS)
    app.state.desk = desk
    app.state.sign_in = sign_in
    return Mount(PREFIX, app=app)


def body_limit(method: str, path: str) -> int:
    """Return how many bytes of a body are read: those of a route that takes one, and of no other path."""
    below = path.removeprefix(PREFIX)
    if method in {"POST", "PUT"}:
        for route in ROUTES:
            if method in (route.methods or ()) and route.path_regex.fullmatch(below):
                return LIMITS.get((method, route.path), BODY_LIMIT)
    return 0
