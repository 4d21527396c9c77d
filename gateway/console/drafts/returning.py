"""巻き戻し: a draft that says what an earlier version said; from there it goes the way of every other change."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.begin import departments_of
from gateway.console.pages import done, page
from gateway.console.proposals.acts import office_of
from gateway.console.proposals.versions import Row, rows_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.changes import proposals as steps
from gateway.core.refused import Refused


async def returning(request: Request) -> Response:
    """Ask for department and reason (GET), or begin the draft (POST)."""
    visit = require(request, "admin")
    row, refused = _row(request, visit), None
    if request.method == "POST":
        form = visit.form
        try:
            begun = await steps.begin_return(
                office_of(visit),
                visit.coop,
                row.version.policy.digest,
                department=form.text("department"),
                reason=form.text("reason"),
                by=visit.person.id,
            )
        except Refused as fault:
            refused = fault
        else:
            return done(visit, f"proposals/{begun.id}", "returning.begun", number=row.number)
    return page(
        request,
        "version_return.html",
        status=409 if refused else 200,
        row=row,
        refused=refused,
        typed=visit.form,
        departments=departments_of(visit),
    )


ROUTES: Final = (Route("/{coop}/versions/{version}/return", returning, methods=["GET", "POST"]),)
"""For `PAGES` of app.py."""


def _row(request: Request, visit: Visit) -> Row:
    """Return the version that the URL names by its digest, the newest of those that say the same. Raises Refusal 404."""
    rows = rows_of(visit.desk.current(visit.coop), visit.now)
    asked = request.path_params["version"]
    found = next((row for row in rows if row.version.policy.digest == asked), None)
    if found is None:
        raise Refusal(404)
    return found
