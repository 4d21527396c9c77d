"""What every request passes before a page: session, protection against forged requests, the co-op.

1. language                 a cookie of its own; Japanese without one
2. where it comes from      anything but a GET: `Origin` exact, or `Sec-Fetch-Site: same-origin`; neither may contradict
3. query and form           no NUL, which no database takes for text; a form is read strictly, once
4. the session              alive, and its person still active; otherwise to the sign-in page, whatever was asked for
5. the form's token         equal to the session's
6. the co-op                the person's own; any other is 404, and so is one that does not exist

INVARIANT: no page and no mutation of a co-op is reached without 2, 4, 5 and 6. Source: security-profile §8.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Final, Literal, cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.console.cookies import drop_cookie, read_cookie
from gateway.console.desk import StaffDesk
from gateway.console.entrance.sessions import close_session, live_session
from gateway.console.flash import Flash, open_flash
from gateway.console.forms import Form, NotAForm, read_form
from gateway.console.language import Calendar, Language, Texts, is_calendar, is_language, texts_of
from gateway.console.refusal import Refusal
from gateway.console.static_files import STATIC
from gateway.console.visit import Visit
from gateway.ports import Session

SIGN_IN: Final = "/sign-in"
LANGUAGE: Final = "/language"
ORGANISATION: Final = "/sign-in/organisation"
RETURN: Final = "/sign-in/organisation/return"
OPEN: Final = frozenset({SIGN_IN, LANGUAGE, ORGANISATION, RETURN})
"""Paths that need no session."""
OF_NO_COOP: Final = frozenset({"/", "/sign-out", *OPEN})
SAFE: Final = frozenset({"GET", "HEAD"})

_LONGEST: Final = 1_500
_LOCAL: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")

Foreign = Literal["origin", "fetch-site", "unknown"]


def foreign(headers: Mapping[str, str], origin: str) -> Foreign | None:
    """Tell why a request is not known to come from a page of ours; None where it is.

    Our pages send no referrer, so browsers give `Origin: null` for their forms: that says nothing for or against.
    """
    sent, site = headers.get("origin"), headers.get("sec-fetch-site")
    if sent not in {None, "null", origin}:
        return "origin"
    if site not in {None, "same-origin"}:
        return "fetch-site"
    return None if sent == origin or site == "same-origin" else "unknown"


class Gate:
    """The application of pages behind its gate."""

    def __init__(self, app: ASGIApp, desk: StaffDesk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(STATIC):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await self._pass(request)
        await (answer or self._app)(scope, receive, send)

    async def _pass(self, request: Request) -> Response | None:
        """Return an answer that ends the request here, or None where it may go on, with what is known in its state."""
        # 1
        named, counted = (read_cookie(request, self._desk, one) for one in ("language", "calendar"))
        request.state.texts = texts_of(
            cast("Language", named) if is_language(named) else "ja",
            cast("Calendar", counted) if is_calendar(counted) else "western",
        )
        # 2, 3
        if b"%00" in request.scope["query_string"]:
            raise Refusal(400)
        form = request.state.form = await self._form(request)
        # 4
        token = read_cookie(request, self._desk, "session")
        session = await live_session(self._desk, token)
        visit = None
        if session is not None:
            flash = open_flash(read_cookie(request, self._desk, "flash"), session)
            visit = await admitted(self._desk, session, texts=request.state.texts, form=form, flash=flash)
        path: str = request.scope["path"]
        if visit is None:
            return None if path in OPEN else _to_sign_in(request, self._desk, ended=token is not None)
        request.state.visit = visit
        # 5: whoever signs in has a form from before; the session it ends is not used
        if request.method not in SAFE and path != SIGN_IN:
            self._check_token(form, visit.session)
        # 6
        coop = path.removeprefix("/").partition("/")[0]
        if path not in OF_NO_COOP and not (coop == visit.coop and coop in self._desk.coops):
            raise Refusal(404)
        return None

    async def _form(self, request: Request) -> Form:
        if request.method in SAFE:
            return Form()
        fault = foreign(request.headers, self._desk.origin)
        if fault is not None:
            self._desk.telemetry.count("staff_request_forged", why=fault)
            raise Refusal(403, "refused.source")
        try:
            return read_form(await request.body(), request.headers.get("content-type"))
        except NotAForm:
            raise Refusal(400) from None

    def _check_token(self, form: Form, session: Session) -> None:
        sent = form.all("csrf")
        if len(sent) != 1 or not hmac.compare_digest(sent[0].encode(), session.csrf.encode()):
            self._desk.telemetry.count("staff_request_forged", why="token")
            raise Refusal(403, "refused.token")


async def admitted(
    desk: StaffDesk, session: Session, *, texts: Texts, form: Form | None = None, flash: Flash | None = None
) -> Visit | None:
    """Return who a living session lets in; None, and the session ends, for somebody who is not active any more."""
    people = {person.id: person for person in await desk.staff.people(session.coop)}
    person = people.get(session.person)
    if person is None or not person.active:
        await desk.staff.close_session(session.token_hash)
        return None
    return Visit(
        desk=desk,
        texts=texts,
        coop=session.coop,
        person=person,
        people=people,
        roles=tuple(await desk.staff.roles(session.coop)),
        session=session,
        form=form or Form(),
        flash=flash,
    )


def here(request: Request) -> str:
    """Return path and query as asked for."""
    query = request.scope["query_string"].decode("ascii", "replace")
    path: str = request.scope["raw_path"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def local(target: str) -> str | None:
    """Return a target that stays on this console, None for any other; no browser reads it as another host's."""
    return target if len(target) <= _LONGEST and _LOCAL.fullmatch(target) else None


def _to_sign_in(request: Request, desk: StaffDesk, *, ended: bool) -> Response:
    """The same answer for every co-op, existing or not: only who has signed in learns which there are."""
    asked = {"said": "ended"} if ended else {}
    if request.method in SAFE and request.scope["path"] != "/":
        asked["next"] = here(request)
    response = RedirectResponse(SIGN_IN + (f"?{urlencode(asked)}" if asked else ""), 303)
    if ended:
        drop_cookie(response, desk, "session")
    return response


async def end(desk: StaffDesk, request: Request) -> None:
    """Forget the session that a request came with, if any. Raises Unavailable."""
    await close_session(desk, read_cookie(request, desk, "session"))
