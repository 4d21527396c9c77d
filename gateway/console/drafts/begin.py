"""変更を申請する: a draft begins with the version published last, or with the files that stand on this server.

The server's files are offered where no version's files are kept to begin with: before the first one, and after one that
was published in two names. Title, reason and department may come with the URL; they are only typed in, nothing is done.
"""

from datetime import datetime
from typing import Final, Literal

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.folder import files_on_server, none_on_server
from gateway.console.forms import Form
from gateway.console.pages import done, page
from gateway.console.proposals.acts import instant_of, office_of
from gateway.console.visit import Visit, require
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import REASON, TITLE, Wish
from gateway.control_plane.office import last_version
from gateway.core.changes.proposal import Proposal
from gateway.core.refused import Refused
from gateway.core.staff import held

Source = Literal["version", "folder", ""]
"""What a draft begins with; "": this console has nothing to begin with."""

_PREFILLED: Final = {"title": TITLE, "reason": REASON, "department": TITLE}
"""What a URL may type in, and how many characters of it."""


async def new(request: Request) -> Response:
    """Show the form of a new proposal."""
    visit = require(request, "admin")
    return await _shown(request, visit, _typed(request.query_params))


async def begin(request: Request) -> Response:
    """Begin a proposal; its files are changed on the pages that it leads to."""
    visit = require(request, "admin")
    try:
        begun = await _begun(visit)
    except Refused as fault:
        return await _shown(request, visit, visit.form, fault)
    return done(visit, f"proposals/{begun.id}", "acts.begun")


ROUTES: Final = (
    Route("/{coop}/proposals/new", new, methods=["GET"]),
    Route("/{coop}/proposals/new", begin, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def _begun(visit: Visit) -> Proposal:
    office, form = office_of(visit), visit.form
    title, department, reason = form.text("title"), form.text("department"), form.text("reason")
    effective: datetime | None = instant_of(form.text("effective"))
    by = visit.person.id
    if form.text("source") != "folder":
        return await steps.begin_with(
            office, visit.coop, None, title=title, department=department, effective=effective, reason=reason, by=by
        )
    files = await files_on_server(visit)
    if files is None:
        raise none_on_server()
    wish = Wish(files=files, title=title, department=department, effective=effective, reason=reason)
    return await steps.begin(office, visit.coop, wish, by=by)


async def _shown(request: Request, visit: Visit, typed: Form, refused: Refused | None = None) -> Response:
    source: Source = ""
    try:
        source = await _source(visit)
    except Refused as fault:
        refused = refused or fault
    return page(
        request,
        "proposal_new.html",
        status=409 if refused and request.method == "POST" else 200,
        refused=refused,
        typed=typed,
        source=source,
        departments=departments_of(visit),
    )


async def _source(visit: Visit) -> Source:
    """Return what a draft of this co-op begins with. Raises Refused where the server's files cannot be taken in."""
    base = last_version(visit.desk.current(visit.coop))
    if base is not None and await visit.desk.proposals.files_of_version(visit.coop, base) is not None:
        return "version"
    return "folder" if await files_on_server(visit) is not None else ""


def _typed(query: QueryParams) -> Form:
    return Form({name: (query.get(name, "")[:most],) for name, most in _PREFILLED.items()})


def departments_of(visit: Visit) -> list[str]:
    """Return where this person is an admin now."""
    named = {one.department for one in visit.roles if one.department is not None}
    return sorted(one for one in named if held(visit.roles, visit.person.id, "admin", visit.now, department=one))
