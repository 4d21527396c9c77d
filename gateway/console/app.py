"""The staff listener's application: every page mounted behind its gate, the guard outermost."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from gateway.console import home, static_files
from gateway.console.api import app as api
from gateway.console.api.gate import PREFIX as API
from gateway.console.cases import listing as case_listing, steps as case_steps, taking as case_taking
from gateway.console.desk import StaffDesk
from gateway.console.drafts import (
    agreements as draft_agreements,
    begin,
    files,
    folder,
    grants as draft_grants,
    notice as draft_notice,
    partners as draft_partners,
    returning,
)
from gateway.console.emergencies import (
    acting as emergency_acting,
    asking as emergency_asking,
    listing as emergency_list,
)
from gateway.console.entrance import door, oidc
from gateway.console.entrance.sign_in import SignIn
from gateway.console.exports import export_definitions, export_policy, export_tables
from gateway.console.follow_ups import listing as follow_ups, one as follow_up
from gateway.console.forms import NotAForm
from gateway.console.gate import LANGUAGE, OF_NO_COOP, SIGN_IN, Gate
from gateway.console.grants import gaps, matrix, try_it, unused
from gateway.console.headers import protected
from gateway.console.incidents import (
    intake as incident_intake,
    listing as incidents,
    one as incident,
    report,
    scoping,
    telling,
)
from gateway.console.members import answers as member_answers, events as member_events, look_ups as member_look_ups
from gateway.console.notices import notices
from gateway.console.pages import error_page
from gateway.console.partners import partner_requests, partners
from gateway.console.people import people, role_review
from gateway.console.proposals import acts, proposals, reach, versions
from gateway.console.quotas import deciding as over_quota_deciding, listing as over_quota
from gateway.console.refusal import Refusal
from gateway.console.reports import home as reports, ledger, month, pack, provisions
from gateway.console.restrictions import restrictions
from gateway.console.reviews import findings, measures, review_items, reviews, verify
from gateway.console.transfers import anomalies, charts, entry, evidence, listing, log_files, tail, views
from gateway.ports import Unavailable
from gateway.web.guard import Guard

FORM_LIMIT: Final = 64 * 1024
LIMITS: Final[Mapping[str, int]] = {
    SIGN_IN: 8 * 1024,
    LANGUAGE: 8 * 1024,
    "/sign-out": 1024,
    matrix.EDITING: 192 * 1024,
    **files.LIMITS,
    **telling.LIMITS,
    **restrictions.LIMITS,
    follow_ups.PATH: 512 * 1024,
    **draft_notice.LIMITS,
    **member_events.LIMITS,
}
"""Bytes of a form, by the path of its route, where they are not `FORM_LIMIT`."""

PAGES: Final[tuple[Route, ...]] = (
    static_files.ROUTE,
    Route("/", door.front, methods=["GET"]),
    Route(SIGN_IN, door.show_sign_in, methods=["GET"]),
    Route(SIGN_IN, door.sign_in, methods=["POST"]),
    *oidc.ROUTES,
    Route("/sign-out", door.sign_out, methods=["POST"]),
    Route(LANGUAGE, door.choose_language, methods=["POST"]),
    Route("/{coop}/stay", door.stay, methods=["POST"]),
    Route("/{coop}/", home.home, methods=["GET"]),
    Route("/{coop}/versions", versions.versions, methods=["GET"]),
    Route("/{coop}/proposals", proposals.all_proposals, methods=["GET"]),
    *begin.ROUTES,
    *returning.ROUTES,
    *files.ROUTES,
    *folder.ROUTES,
    *draft_partners.ROUTES,
    *draft_agreements.ROUTES,
    *draft_grants.ROUTES,
    *draft_notice.ROUTES,
    *export_tables.ROUTES,
    *export_policy.ROUTES,
    *export_definitions.ROUTES,
    *matrix.ROUTES,
    *notices.ROUTES,
    *gaps.ROUTES,
    *unused.ROUTES,
    *over_quota.ROUTES,
    *over_quota_deciding.ROUTES,
    *emergency_list.ROUTES,
    *emergency_asking.ROUTES,
    *emergency_acting.ROUTES,
    *partners.ROUTES,
    *partner_requests.ROUTES,
    *try_it.ROUTES,
    *reports.ROUTES,
    *ledger.ROUTES,
    *month.ROUTES,
    *provisions.ROUTES,
    *pack.ROUTES,
    *restrictions.ROUTES,
    *follow_ups.ROUTES,
    *follow_up.ROUTES,
    *case_listing.ROUTES,
    *case_taking.ROUTES,
    *case_steps.ROUTES,
    # Before that of one look, whose token could be `events`.
    *member_events.ROUTES,
    *member_look_ups.ROUTES,
    *member_answers.ROUTES,
    *incidents.ROUTES,
    # Before that of one incident, whose name could be `new`.
    *incident_intake.ROUTES,
    *scoping.ROUTES,
    *report.ROUTES,
    *telling.ROUTES,
    *incident.ROUTES,
    Route("/{coop}/people", people.people, methods=["GET"]),
    *role_review.ROUTES,
    *review_items.ROUTES,
    *reviews.ROUTES,
    *findings.ROUTES,
    *measures.ROUTES,
    *verify.ROUTES,
    *listing.ROUTES,
    *views.ROUTES,
    *charts.ROUTES,
    *tail.ROUTES,
    *log_files.ROUTES,
    *evidence.ROUTES,
    *entry.ROUTES,
    *anomalies.ROUTES,
    *reach.ROUTES,
    # Last, for an act is whatever a form names below a proposal that is no page of its own.
    *acts.ROUTES,
)

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def staff_app(
    desk: StaffDesk, *, hosts: frozenset[str], lifespan: Lifespan | None = None, pages: Sequence[Route] = PAGES
) -> Guard:
    """Return the guarded application of the staff listener; `pages` are its routes.

    Raises ValueError for a co-op that is called as a page is.
    """
    reserved = {path.strip("/") for path in (*OF_NO_COOP, static_files.STATIC, API)}
    taken = sorted(reserved & set(desk.coops))
    if taken:
        raise ValueError(f"a co-op cannot be called `{taken[0]}`: a page of the console is; rename it")
    gate, sign_in = Gate(Router(pages, redirect_slashes=False), desk), SignIn(desk)
    app = Starlette(
        routes=[api.staff_api(desk, sign_in), Mount("/", app=gate)],
        exception_handlers={
            HTTPException: _answer,
            Refusal: _answer,
            Unavailable: _answer,
            NotAForm: _answer,
            Exception: _answer,
        },
        lifespan=lifespan,
    )
    app.state.desk = desk
    app.state.sign_in = sign_in
    app.state.routes = frozenset(route.path for route in pages)
    return Guard(
        protected(app, secure=desk.secure),
        hosts=hosts,
        body_limit=lambda method, path: body_limit(method, path, pages),
        count=lambda slug: desk.telemetry.count("guard_refused", slug=slug),
        log=lambda kind, request_id: desk.telemetry.note("unforeseen", kind=kind, request_id=request_id),
    )


def body_limit(method: str, path: str, pages: Sequence[Route] = PAGES) -> int:
    """Return how many bytes of a body are read: those of a page that takes a form, and of no other path."""
    if path.startswith(f"{API}/"):
        return api.body_limit(method, path)
    if method != "POST":
        return 0
    for route in pages:
        if "POST" in (route.methods or ()) and route.path_regex.fullmatch(path):
            return LIMITS.get(route.path, FORM_LIMIT)
    return 0


async def _answer(request: Request, error: Exception) -> Response:
    """Turn what a page let out into the page that says so; nothing of an unforeseen error's text is in it."""
    match error:
        case Refusal():
            return error_page(request, error)
        case HTTPException(status_code=404):
            return error_page(request, Refusal(404))
        case HTTPException(status_code=405):
            response = error_page(request, Refusal(405))
            response.headers["Allow"] = (error.headers or {}).get("Allow", "GET")
            return response
        case NotAForm():
            return error_page(request, Refusal(400))
        case Unavailable():
            request.app.state.desk.telemetry.note("page unavailable", fault=str(error))
            return error_page(request, Refusal(503))
        case _:
            return error_page(request, Refusal(500))
