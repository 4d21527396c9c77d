"""What every page is made with: templates that escape everything, and the frame around them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.cookies import drop_cookie, set_cookie
from gateway.console.desk import StaffDesk
from gateway.console.flash import Flash, Tone, seal_flash
from gateway.console.gate import OPEN, SAFE, here
from gateway.console.language import Texts, day_text, grouped, moment, texts_of
from gateway.console.navigation import ENTRIES, current, shown
from gateway.console.refusal import TITLED, Refusal
from gateway.console.static_files import static_url
from gateway.console.visit import Visit, visit_of
from gateway.ports import IDLE

TEMPLATES: Final = Path(__file__).with_name("templates")

ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.filters["grouped"] = grouped


def page(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """Return a page; a message that waited for it is shown now and then forgotten."""
    desk: StaffDesk = request.app.state.desk
    visit = visit_of(request)
    body = ENVIRONMENT.get_template(template).render({**_frame(request, desk, visit), **values})
    response = Response(body, status, media_type="text/html; charset=utf-8")
    if visit is not None and visit.flash is not None:
        drop_cookie(response, desk, "flash")
    return response


def done(visit: Visit, path: str, key: str, *, tone: Tone = "good", **values: str | int) -> Response:
    """Return the answer to a mutation: on to a page of the co-op (a path without it), which shows the message `key`."""
    response = RedirectResponse(f"/{visit.coop}/{path}", 303)
    set_cookie(response, visit.desk, "flash", seal_flash(Flash(key, tone, values), visit.session))
    return response


def error_page(request: Request, refusal: Refusal) -> Response:
    """Return the page of a refusal: what is wrong, and how to go on."""
    status = refusal.status if refusal.status in TITLED else 500
    t = _texts(request)
    told = None if refusal.key is None else t(refusal.key, **refusal.values)
    return page(request, "error.html", status=status, code=status, told=told, nav_current=None)


def _texts(request: Request) -> Texts:
    texts: Texts = getattr(request.state, "texts", None) or texts_of("ja")
    return texts


def _frame(request: Request, desk: StaffDesk, visit: Visit | None) -> Mapping[str, Any]:
    """Return what base.html and every template may use."""
    t = _texts(request)
    path: str = request.scope["path"]
    people = {} if visit is None else visit.people

    def person(identifier: str) -> str:
        return people[identifier].name if identifier in people else identifier

    def csrf() -> Markup:
        token = "" if visit is None else visit.session.csrf
        return Markup('<input type="hidden" name="csrf" value="{}">').format(token) if token else Markup()

    def at(instant: datetime) -> Markup:
        return moment(instant, t.language, t.calendar)

    def day(instant: datetime) -> str:
        return day_text(instant, t.language, t.calendar)

    def query(**values: str) -> str:
        return "?" + urlencode({name: value for name, value in values.items() if value})

    return {
        "t": t,
        "lang": t.language,
        "calendar": t.calendar,
        "desk_demo": desk.demo,
        "visit": visit,
        "coop": "" if visit is None else visit.coop,
        "coop_name": "" if visit is None else desk.coops.get(visit.coop, visit.coop),
        "flash": None if visit is None else visit.flash,
        "nav": [] if visit is None else shown(ENTRIES, request.app.state.routes, visit.roles_now),
        "nav_current": current(path),
        "routes": request.app.state.routes,
        "here": here(request) if request.method in SAFE or path in OPEN else "/",
        "idle_s": int(IDLE.total_seconds()),
        "request_id": getattr(request.state, "request_id", ""),
        "static": static_url,
        "person": person,
        "csrf": csrf,
        "at": at,
        "day": day,
        "query": query,
    }
