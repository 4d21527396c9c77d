"""変更申請の操作: draft, submit, approve, send back, withdraw, publish; each a POST, each shown with what it would change.

No rule is here: control_plane/proposals.py refuses, and its words are shown on the page that the act was tried from.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.navigation import POLICY
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane import proposals as steps
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.preview import Preview
from gateway.control_plane.refusals import FilesRefused, Refused
from gateway.core.days import JST
from gateway.core.proposal import EVENTS, Event, Proposal, refusal
from gateway.core.staff import held

PAST: Final = {
    "submit": "submitted",
    "approve": "approved",
    "reject": "rejected",
    "withdraw": "withdrawn",
    "publish": "published",
}


async def new(request: Request) -> Response:
    """Show the form of a new proposal."""
    visit = require(request, "admin")
    return page(request, "proposal_new.html", told=None, typed=Form(), departments=_departments(visit))


async def begin(request: Request) -> Response:
    """Begin a proposal on what was published last; its files are changed on the pages that it leads to."""
    visit = require(request, "admin")
    office, form = office_of(visit), visit.form
    try:
        base = last_version(office.in_force.current(visit.coop))
        files = None if base is None else await office.proposals.files_of_version(visit.coop, base)
        if files is None:
            raise Refused(
                "base",
                "元にする版のファイルが保管されていません。最初の版は gateway policy publish で公布してください",
                "the files of the version to begin with were not kept; publish the first one with gateway policy publish",
            )
        wish = steps.Wish(
            files=files,
            title=form.text("title"),
            department=form.text("department"),
            effective=_instant(form.text("effective")),
            reason=form.text("reason"),
        )
        begun = await steps.begin(office, visit.coop, wish, by=visit.person.id)
    except Refused as told:
        values = {"told": _words(visit, told), "typed": form, "departments": _departments(visit)}
        return page(request, "proposal_new.html", status=409, **values)
    return done(visit, f"proposals/{begun.id}", "acts.begun")


async def look(request: Request) -> Response:
    """Show what a proposal would change, and what this person may do with it now."""
    visit = require(request, *POLICY)
    proposal = await _proposal(visit, request.path_params["proposal"])
    if visit.desk.office is None:
        return page(request, "proposal.html", proposal=proposal)
    return await _shown(request, visit, proposal)


async def act(request: Request) -> Response:
    """Take one step with a proposal, on the revision that the person saw."""
    visit = require(request, "admin", "manager")
    form, event = visit.form, request.path_params["event"]
    stored = await _proposal(visit, request.path_params["proposal"])
    if str(stored.revision) != form.text("revision"):
        return await _shown(request, visit, stored, told=visit.texts("acts.moved"))
    step = _STEPS.get(event)
    if step is None:
        raise Refusal(404)
    try:
        await step(office_of(visit), stored, form, visit.person.id)
    except Refused as told:
        now = await _proposal(visit, stored.id)
        return await _shown(request, visit, now, told=_words(visit, told))
    return done(visit, f"proposals/{stored.id}", f"acts.{PAST[event]}")


async def _submit(office: Office, proposal: Proposal, form: Form, by: str) -> Proposal:
    return await steps.submit(office, proposal, preview=form.text("preview"), by=by)


async def _approve(office: Office, proposal: Proposal, form: Form, by: str) -> Proposal:
    return await steps.approve(office, proposal, preview=form.text("preview"), by=by)


async def _reject(office: Office, proposal: Proposal, form: Form, by: str) -> Proposal:
    return await steps.reject(office, proposal, reason=form.text("reason"), by=by)


async def _withdraw(office: Office, proposal: Proposal, form: Form, by: str) -> Proposal:
    return await steps.withdraw(office, proposal, reason=form.text("reason"), by=by)


async def _publish(office: Office, proposal: Proposal, form: Form, by: str) -> Proposal:  # noqa: ARG001
    return await steps.publish(office, proposal, by=by)


_STEPS: Final[dict[str, Callable[[Office, Proposal, Form, str], Awaitable[Proposal]]]] = {
    "submit": _submit,
    "approve": _approve,
    "reject": _reject,
    "withdraw": _withdraw,
    "publish": _publish,
}

ROUTES: Final = (
    Route("/{coop}/proposals/new", new, methods=["GET"]),
    Route("/{coop}/proposals/new", begin, methods=["POST"]),
    Route("/{coop}/proposals/{proposal}", look, methods=["GET"]),
    Route("/{coop}/proposals/{proposal}/{event}", act, methods=["POST"]),
)


def office_of(visit: Visit) -> Office:
    """Return what acts are done with. Raises Refusal 404 where this console only reads."""
    if visit.desk.office is None:
        raise Refusal(404)
    return visit.desk.office


async def _proposal(visit: Visit, proposal: str) -> Proposal:
    found = await visit.desk.proposals.get(visit.coop, proposal)
    if found is None:
        raise Refusal(404)
    return found


async def _shown(request: Request, visit: Visit, proposal: Proposal, *, told: str | None = None) -> Response:
    office = office_of(visit)
    may = await _may(office, visit, proposal)
    digest, preview, wrong = None, None, None
    if proposal.state in {"draft", "submitted", "approved"} or proposal.preview is not None:
        try:
            digest, body = await steps.foreseen(office, proposal)
            preview = Preview.from_bytes(body)
        except FilesRefused as refused:
            wrong = refused
    values = {"proposal": proposal, "preview": preview, "digest": digest, "wrong": wrong, "may": may, "told": told}
    policy = None if preview is None else office.in_force.current(visit.coop)
    return page(request, "proposal_acts.html", status=409 if told else 200, snapshot=policy, **values)


async def _may(office: Office, visit: Visit, proposal: Proposal) -> frozenset[Event]:
    """Return what this person may do now, given the preview and a reason: what the page offers."""
    base = last_version(office.in_force.current(visit.coop))
    # A draft has no preview yet: it is made when the page is shown.
    seen = proposal if proposal.preview else replace(proposal, preview="-")
    return frozenset(
        event
        for event in EVENTS
        if refusal(
            event,
            seen,
            by=visit.person.id,
            at=visit.now,
            roles=visit.roles,
            base=base,
            preview=seen.preview,
            reason="-",
        )
        is None
    )


def _departments(visit: Visit) -> list[str]:
    """Return where this person is an admin now."""
    named = {one.department for one in visit.roles if one.department is not None}
    return sorted(one for one in named if held(visit.roles, visit.person.id, "admin", visit.now, department=one))


def _instant(text: str) -> datetime | None:
    """Return what a date-and-time field sends, in Japan time; None where it is left empty. Raises Refused."""
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            "effective",
            "施行日時は 2026-12-01T00:00 の形で入れてください",
            "write the effective time as 2026-12-01T00:00, in Japan time",
        ) from None
    return when if when.tzinfo is not None else when.replace(tzinfo=JST)


def _words(visit: Visit, told: Refused) -> str:
    return told.ja if visit.texts.language == "ja" else told.en
