"""What every request of the staff API passes before its route: where it comes from, its token, the co-op.

1. where it comes from   a page of another origin is refused, whatever it holds
2. the token             `Authorization: Bearer`, of a session that is alive and whose person is still active
3. the co-op             the person's own; any other is 404, and so is one that does not exist

Cookies are never read here, so that no browser can be made to act: what it sends of itself counts for nothing, and no
token against forged requests is asked for. INVARIANT: but for signing in, no route is reached without 1, 2 and 3.
Source: security-profile §8, RFC 6750 §2.1.
"""

import re
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.console.api.problems import NotSignedIn
from gateway.console.desk import StaffDesk
from gateway.console.entrance.sessions import live_session
from gateway.console.gate import admitted, foreign
from gateway.console.language import texts_of
from gateway.console.refusal import Refusal
from gateway.core.refused import Refused

PREFIX: Final = "/api"
SESSIONS: Final = "/sessions"
DOCUMENT: Final = "/openapi.json"
OF_NO_COOP: Final = frozenset({SESSIONS, DOCUMENT})

_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/-]+=*)", re.ASCII)


class TokenGate:
    """The application of routes behind its gate."""

    def __init__(self, app: ASGIApp, desk: StaffDesk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._pass(Request(scope, receive))
        await self._app(scope, receive, send)

    async def _pass(self, request: Request) -> None:
        """Let a request go on, with who asks in its state. Raises Refused, NotSignedIn, Refusal 404, Unavailable."""
        # 1
        self._check_source(request)
        # 2
        path = request.scope["path"].removeprefix(PREFIX)
        if (request.method, path) == ("POST", SESSIONS):
            return
        token = bearer(request)
        if token is None:
            raise NotSignedIn
        session = await live_session(self._desk, token)
        visit = None if session is None else await admitted(self._desk, session, texts=texts_of("ja"))
        if visit is None:
            raise NotSignedIn(challenge='Bearer error="invalid_token"')
        request.state.visit = visit
        # 3
        coop = path.removeprefix("/").partition("/")[0]
        if path not in OF_NO_COOP and not (coop == visit.coop and coop in self._desk.coops):
            raise Refusal(404)

    def _check_source(self, request: Request) -> None:
        """Programs send neither `Origin` nor `Sec-Fetch-Site`; whoever sends them is a browser, and says which page."""
        fault = foreign(request.headers, self._desk.origin)
        if fault is None or (fault == "unknown" and "origin" not in request.headers):
            return
        self._desk.telemetry.count("staff_request_forged", why=fault)
        raise Refused(
            "source",
            "他のサイトの画面からは受け付けません。プログラムから送るときは Origin を付けないでください",
            "pages of other sites are not heard; a program sends no Origin",
        )


def bearer(request: Request) -> str | None:
    """Return the token of a request, None where it has none in the one form there is."""
    found = _BEARER.fullmatch(request.headers.get("authorization", ""))
    return None if found is None else found[1]
