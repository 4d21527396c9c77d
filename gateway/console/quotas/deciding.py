"""一件の上限超過の要求: asked for against granted, day by day; a button begins a draft that raises it, another leaves it.

No rule is here: control_plane/quotas refuses, and its words are shown on the page that the act was tried from.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.navigation import LOG, POLICY
from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.pages import done, page
from gateway.console.proposals.acts import office_of
from gateway.console.quotas.listing import PATH, TONES
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.office import Office
from gateway.control_plane.quotas.acts import dismiss, propose
from gateway.control_plane.quotas.queue import ceiling, queued_of
from gateway.core.changes.overrun import REASON
from gateway.core.days import Moment
from gateway.core.refused import Refused

ONE: Final = PATH + "/{grant}"


async def show(request: Request) -> Response:
    """Show what was asked for beyond one grant's limit."""
    visit = require(request, *POLICY)
    if visit.desk.office is None:
        return page(request, "no_log.html", key="over_quota.title")
    return await _shown(request, visit, visit.desk.office)


async def raise_it(request: Request) -> Response:
    """Begin a draft that raises the limit."""
    visit = require(request, "admin")
    office, form = office_of(visit), visit.form
    try:
        begun = await propose(
            office,
            visit.coop,
            request.path_params["grant"],
            most=form.text("most"),
            title=form.text("title"),
            reason=form.text("reason"),
            by=visit.person.id,
        )
    except Refused as fault:
        return await _shown(request, visit, office, tried="propose", fault=fault)
    return done(visit, f"proposals/{begun.id}", "over_quota.begun")


async def leave_it(request: Request) -> Response:
    """Leave the limit as it is, with the reason."""
    visit = require(request, "admin")
    office, grant = office_of(visit), request.path_params["grant"]
    try:
        await dismiss(office, visit.coop, grant, reason=visit.form.text("reason"), by=visit.person.id)
    except Refused as fault:
        return await _shown(request, visit, office, tried="dismiss", fault=fault)
    return done(visit, f"over-quota/{grant}", "over_quota.dismissed")


ROUTES: Final = (
    Route(ONE, show, methods=["GET"]),
    Route(f"{ONE}/propose", raise_it, methods=["POST"]),
    Route(f"{ONE}/dismiss", leave_it, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def _shown(
    request: Request, visit: Visit, office: Office, *, tried: str = "", fault: Refused | None = None
) -> Response:
    one = await queued_of(office, visit.coop, request.path_params["grant"])
    if one is None:
        raise Refusal(404)
    policy = office.in_force.current(visit.coop).policy_at(Moment(visit.now))
    most_of_all = await ceiling(office, one, visit.coop)
    purposes = {} if policy is None else await purposes_shown(visit, policy)
    decides = visit.holds("admin", department=one.department) and bool(one.open)
    raisable = one.most is not None and (most_of_all is None or most_of_all > one.most)
    return page(
        request,
        "over_quota_one.html",
        status=200 if fault is None else 409,
        one=one,
        tone=TONES[one.state],
        tones=TONES,
        partner=visit.partner_names.get(one.partner, one.partner),
        purpose=purposes.get(one.purpose, ""),
        ceiling=most_of_all,
        suggested=one.wanted if most_of_all is None or one.wanted is None else min(one.wanted, most_of_all),
        raisable=raisable,
        decides=decides,
        reads_log=bool(set(visit.roles_now) & set(LOG)),
        denied=f"grant:{one.grant}:{REASON}",
        refused=fault,
        tried=tried,
        typed=visit.form if tried else Form(),
    )
