"""一件の緊急提供: who asked for what until when, what would leave in words, and what this person may do about it now.

No rule is here: control_plane/emergencies refuses, and its words are shown on the page that the act was tried from.
"""

from collections.abc import Awaitable
from typing import Any, Final, Literal, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.emergencies.listing import PATH, TONES
from gateway.console.forms import Form
from gateway.console.navigation import LOG, POLICY
from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.pages import done, page
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.emergencies import acts
from gateway.control_plane.emergencies.record import Kept
from gateway.control_plane.office import Office
from gateway.core.bases import REQUIRED
from gateway.core.refused import Refused
from gateway.core.staff import Role
from gateway.oversight.members.held import held

Act = Literal["approve", "refuse", "withdraw", "close"]
_ROLES: Final[dict[Act, Role]] = {
    "approve": "manager",
    "refuse": "manager",
    "withdraw": "admin",
    "close": "compliance",
}
_DONE: Final[dict[Act, str]] = {
    "approve": "emergencies.done.approved",
    "refuse": "emergencies.done.refused",
    "withdraw": "emergencies.done.withdrawn",
    "close": "emergencies.done.closed",
}


async def look(request: Request) -> Response:
    """Show one of them."""
    visit = require(request, *POLICY)
    return await _shown(request, visit, await _one(visit, request))


async def act(request: Request) -> Response:
    """Approve it, send it back, take it back, or close it after its end."""
    name = next((one for one in get_args(Act) if one == request.path_params["act"]), None)
    if name is None:
        raise Refusal(404)
    visit = require(request, _ROLES[name])
    one = await _one(visit, request)
    try:
        await _tried(office_of(visit), one, name, visit.form, by=visit.person.id)
    except Refused as fault:
        return await _shown(request, visit, await _one(visit, request), refused=fault, tried=name)
    return done(visit, f"emergencies/{one.dossier.id}", _DONE[name])


ROUTES: Final = (
    Route(f"{PATH}/{{emergency}}", look, methods=["GET"]),
    Route(f"{PATH}/{{emergency}}/{{act}}", act, methods=["POST"]),
)


def _tried(office: Office, one: Kept, name: Act, form: Form, *, by: str) -> Awaitable[Kept]:
    reason = form.text("reason")
    match name:
        case "approve":
            return acts.approve(office, one, preview=form.text("preview"), reason=reason, by=by)
        case "refuse":
            return acts.refuse(office, one, reason=reason, by=by)
        case "withdraw":
            return acts.withdraw(office, one, reason=reason, by=by)
        case "close":
            finding = form.text("finding") if form.text("found") == "finding" else ""
            if form.text("found") not in {"none", "finding"} or (form.text("found") == "finding" and not finding):
                raise Refused(
                    "finding",
                    "「指摘なし」か「指摘あり」を選び、指摘があればその内容を書いてください",
                    "choose whether there is a finding, and if so say which",
                )
            return acts.close(office, one, looked=form.text("looked"), finding=finding, by=by)


async def _one(visit: Visit, request: Request) -> Kept:
    found = await acts.kept(office_of(visit), visit.coop, request.path_params["emergency"])
    if found is None:
        raise Refusal(404)
    return found


async def _shown(
    request: Request, visit: Visit, one: Kept, *, refused: Refused | None = None, tried: str = ""
) -> Response:
    office, at = office_of(visit), int(visit.texts.language != "ja")
    policy = visit.policy
    fields = {} if policy is None else {field.id: (field.ja, field.en)[at] for field in policy.fields.values()}
    purposes = {} if policy is None else await purposes_shown(visit, policy)
    foreseen = await _foreseen(office, one)
    return page(
        request,
        "emergency.html",
        status=409 if refused else 200,
        refused=refused,
        tried=tried,
        typed=visit.form,
        one=one,
        said=one.said,
        tone=TONES[one.standing],
        article=REQUIRED[one.said.basis].article,
        partner=visit.partner_names.get(one.said.partner, one.said.partner),
        purpose=purposes.get(one.said.purpose, ""),
        fields=[fields.get(name, name) for name in one.said.fields],
        sentence=None if foreseen is None else _sentence(foreseen, one, at),
        warnings=() if foreseen is None else [found for found in foreseen.findings if found.severity != "error"],
        holds=await _held(visit, one),
        reads_log=bool(set(visit.roles_now) & set(LOG)) and "/{coop}/transfers" in request.app.state.routes,
        may=_may(visit, one),
        barred=_barred(visit, one),
    )


def _may(visit: Visit, one: Kept) -> frozenset[str]:
    """Return the acts that are offered; what is offered may be refused all the same."""
    here = {"department": one.said.department}
    found: set[Act] = set()
    manages, by = visit.holds("manager", **here), visit.person.id
    if one.standing in {"asked", "approved"} and manages and by != one.dossier.author:
        found |= {"approve", "refuse"}
    if one.standing in {"asked", "approved", "lapsed", "refused"} and one.dossier.state in {"asked", "refused"}:
        found |= {"withdraw"} if visit.holds("admin", **here) else set()
    if one.standing == "to_review" and visit.holds("compliance") and by not in {one.dossier.author, one.said.approver}:
        found.add("close")
    return frozenset(found)


def _barred(visit: Visit, one: Kept) -> str:
    """Return the key of why somebody of the right role cannot take the next step: they would wonder."""
    if one.standing == "asked" and visit.person.id == one.dossier.author:
        return "emergencies.barred.own"
    if one.standing == "to_review" and visit.holds("compliance") and "close" not in _may(visit, one):
        return "emergencies.barred.third"
    return ""


async def _foreseen(office: Office, one: Kept) -> Preview | None:
    digest = None if one.proposal is None else one.proposal.preview
    body = None if digest is None else await office.proposals.preview(one.dossier.coop, digest)
    return None if body is None else Preview.from_bytes(body)


def _sentence(foreseen: Preview, one: Kept, at: int) -> str | None:
    """Return what the grant gives, in words: made of the files, not of what was typed."""
    for grant in foreseen.grants:
        if grant.agreement == one.said.agreement and grant.after is not None:
            return grant.after[at]
    return None


async def _held(visit: Visit, one: Kept) -> int | None:
    """Return of how many members the partner holds data under it; None where nothing was ever in force."""
    if one.standing not in {"in_force", "to_review", "closed"}:
        return None
    desk, said = visit.desk.overseeing, one.said
    whom: dict[str, Any] = {"partner": said.partner, "agreement": said.agreement, "purpose": said.purpose}
    return len(await held(desk.log, desk.side_rows, desk.held_sets, visit.coop, **whom))
