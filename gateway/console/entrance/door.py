"""The pages around a session: signing in and out, staying signed in, the language."""

from typing import Final, cast

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.cookies import YEAR_S, Cookie, drop_cookie, set_cookie
from gateway.console.desk import StaffDesk
from gateway.console.entrance.sign_in import SignIn
from gateway.console.forms import Form, NotAForm
from gateway.console.gate import SIGN_IN, end, local
from gateway.console.language import is_calendar, is_language
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import visit_of

SAID: Final = frozenset({"ended", "out"})
"""What the sign-in page may be told to say, in its URL."""


async def front(request: Request) -> Response:
    """Lead to the person's own co-op."""
    visit = visit_of(request)
    return RedirectResponse(SIGN_IN if visit is None else f"/{visit.coop}/", 303)


async def show_sign_in(request: Request) -> Response:
    """Show the form, or lead on whoever has signed in already."""
    visit = visit_of(request)
    if visit is not None:
        return RedirectResponse(f"/{visit.coop}/", 303)
    said = request.query_params.get("said", "")
    onward = local(request.query_params.get("next", "")) or ""
    return sign_in_page(request, said=said if said in SAID else "", onward=onward, coop=segment(onward))


async def sign_in(request: Request) -> Response:
    """Sign in; on to the page that was asked for before, if it is the co-op's own."""
    desk: StaffDesk = request.app.state.desk
    counter: SignIn = request.app.state.sign_in
    form: Form = request.state.form
    try:
        coop, person, onward = form.text("coop"), form.text("person"), local(form.text("next")) or ""
        password, code = form.raw("password"), form.text("code").replace(" ", "")
    except NotAForm:
        raise Refusal(400) from None
    token = await counter.sign_in(coop, person, password=password, code=code)
    if token is None:
        return sign_in_page(request, status=403, said="refused", onward=onward, coop=coop, person=person)
    await end(desk, request)
    response = RedirectResponse(own_page(coop, onward), 303)
    set_cookie(response, desk, "session", token)
    return response


async def sign_out(request: Request) -> Response:
    """End the session."""
    desk: StaffDesk = request.app.state.desk
    await end(desk, request)
    response = RedirectResponse(f"{SIGN_IN}?said=out", 303)
    for cookie in ("session", "flash"):
        drop_cookie(response, desk, cookie)
    return response


async def stay(_: Request) -> Response:
    """Say that the session goes on: that it was asked for has prolonged it."""
    return Response(status_code=204)


async def choose_language(request: Request) -> Response:
    """Keep the language, or how years are counted, for a year, and return to the same URL."""
    form: Form = request.state.form
    try:
        language, calendar, back = form.text("language"), form.text("calendar"), local(form.text("back")) or "/"
    except NotAForm:
        raise Refusal(400) from None
    kept: tuple[Cookie, str]
    if is_language(language) and not calendar:
        kept = "language", language
    elif is_calendar(calendar) and not language:
        kept = "calendar", calendar
    else:
        raise Refusal(400)
    response = RedirectResponse(back, 303)
    set_cookie(response, cast("StaffDesk", request.app.state.desk), *kept, max_age=YEAR_S)
    return response


def sign_in_page(
    request: Request, *, said: str, onward: str, coop: str, person: str = "", status: int = 200
) -> Response:
    """Return the sign-in page, which says `sign_in.said.<said>` where that is not empty."""
    desk: StaffDesk = request.app.state.desk
    values: dict[str, object] = {"said": said, "onward": onward, "typed_coop": coop, "typed_person": person}
    values["organisation"] = bool(desk.organisations)
    values["local"] = any(desk.takes_passwords(one) for one in desk.coops)
    if request.scope["path"] != SIGN_IN:
        values["here"] = SIGN_IN  # what stands in that URL is not written into a page
    # The frame must not greet a person of an earlier session whom this attempt was not for.
    request.state.visit = None
    return page(request, "sign_in.html", status=status, **values)


def own_page(coop: str, onward: str) -> str:
    """Return the page that was asked for before signing in if it is the co-op's own, its first page otherwise."""
    return onward if onward.startswith(f"/{coop}/") else f"/{coop}/"


def segment(path: str) -> str:
    """Return the co-op that a path names, whether there is one or not."""
    return path.removeprefix("/").partition("/")[0]
