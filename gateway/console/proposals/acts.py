"""変更申請の操作: amend, submit, approve, send back, withdraw, publish; each a POST, shown with what it would change.

No rule is here: control_plane/changes/proposals.py refuses, and its words are shown on the page that the act was tried from.
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
from gateway.console.proposals.proposal_view import show
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.refusals import FilesRefused, refused
from gateway.core.changes.proposal import EVENTS, FROM, Event, Proposal, Rule, State, refusal
from gateway.core.days import JST, Moment
from gateway.core.refused import Refused
from gateway.ports import Unavailable

PAST: Final = {
    "amend": "amended",
    "submit": "submitted",
    "approve": "approved",
    "reject": "rejected",
    "withdraw": "withdrawn",
    "publish": "published",
}
NEXT: Final[dict[State, Event]] = {"draft": "submit", "submitted": "approve", "approved": "publish"}
"""What a proposal waits for."""
TOLD: Final[frozenset[Rule]] = frozenset({"own", "author", "department", "base", "effective"})
"""Why somebody cannot take the next step, where they would wonder; that it is another's role needs no telling."""


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
    step = _STEPS.get(event)
    if step is None:
        raise Refusal(404)
    stored = await _proposal(visit, request.path_params["proposal"])
    if str(stored.revision) != form.text("revision"):
        return await _shown(request, visit, stored, told=visit.texts("acts.moved"))
    try:
        await step(office_of(visit), stored, form, visit.person.id)
    except Refused as told:
        now = await _proposal(visit, stored.id)
        return await _shown(request, visit, now, told=_words(visit, told))
    return done(visit, f"proposals/{stored.id}", f"acts.{PAST[event]}")


async def _amend(office: Office, proposal: Proposal, form: Form, by: str) -> Proposal:
    """Change title, reason or effective time, and follow the version published last; the grants stay as they were changed."""
    files = await office.proposals.files(proposal.coop, proposal.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    wish = Wish(
        files=files,
        title=form.text("title"),
        department=proposal.department,
        effective=instant_of(form.text("effective")),
        reason=form.text("reason"),
    )
    return await steps.amend(office, proposal, wish, by=by)


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
    "amend": _amend,
    "submit": _submit,
    "approve": _approve,
    "reject": _reject,
    "withdraw": _withdraw,
    "publish": _publish,
}

ROUTES: Final = (
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
    snapshot = office.in_force.current(visit.coop)
    base = last_version(snapshot)
    digest, seen, wrong = None, None, None
    if proposal.state in NEXT or proposal.preview is not None:
        try:
            digest, body = await steps.foreseen(office, proposal)
            seen = Preview.from_bytes(body)
        except FilesRefused as refused_files:
            wrong = refused_files
    names = snapshot.policy_at(Moment(visit.now))
    may = {event for event in EVENTS if _fault(visit, event, proposal, visit.person.id, base=base) is None}
    return page(
        request,
        "proposal_acts.html",
        status=409 if told else 200,
        proposal=proposal,
        preview=None if seen is None else show(seen, names, lang=visit.texts.language),
        findings=() if seen is None else seen.findings,
        digest=digest,
        wrong=wrong,
        told=told,
        # Of what breaks a rule of the files, only the return is open.
        may=may if digest else may & {"amend", "reject", "withdraw"},
        next=NEXT.get(proposal.state),
        who=_who(visit, proposal, base=base),
        barred=_barred(visit, proposal, base=base),
        behind=proposal.state in FROM["amend"] and (proposal.base != base or _overtaken(visit, proposal, seen)),
        effective=_typed(proposal.effective),
    )


def _overtaken(visit: Visit, proposal: Proposal, seen: Preview | None) -> bool:
    """Tell whether a version that was to come has come into force since the preview: it compares with another one."""
    at = visit.now if proposal.effective is None else max(visit.now, proposal.effective)
    policy = visit.desk.current(visit.coop).policy_at(Moment(at))
    return seen is not None and proposal.state != "draft" and seen.before != (None if policy is None else policy.digest)


def _fault(visit: Visit, event: Event, proposal: Proposal, person: str, *, base: str | None) -> Rule | None:
    """Return the first rule that an act would break, given a reason and a preview seen: what the page offers by."""
    # A draft has no preview yet: it is made when the page is shown.
    seen = proposal if proposal.preview else replace(proposal, preview="-")
    return refusal(event, seen, by=person, at=visit.now, roles=visit.roles, base=base, preview=seen.preview, reason="-")


def _who(visit: Visit, proposal: Proposal, *, base: str | None) -> list[str]:
    """Return the names of the others who can take the next step, whenever nothing but time or a version is in its way."""
    event = NEXT.get(proposal.state)
    others = (one for one in visit.people.values() if one.active and one.id != visit.person.id)
    passable = {None, "base", "effective"}
    return sorted(
        one.name
        for one in others
        if event is not None and _fault(visit, event, proposal, one.id, base=base) in passable
    )


def _barred(visit: Visit, proposal: Proposal, *, base: str | None) -> str | None:
    """Return why this person cannot take the next step, where that is worth telling."""
    event = NEXT.get(proposal.state)
    rule = None if event is None else _fault(visit, event, proposal, visit.person.id, base=base)
    if rule is None or rule not in TOLD:
        return None
    return _words(visit, refused(rule, state=proposal.state, department=proposal.department))


def instant_of(text: str) -> datetime | None:
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


def _typed(effective: datetime | None) -> str:
    """Return an instant as a date-and-time field takes it."""
    return "" if effective is None else effective.astimezone(JST).replace(tzinfo=None).isoformat(timespec="minutes")


def _words(visit: Visit, told: Refused) -> str:
    return told.ja if visit.texts.language == "ja" else told.en
