"""使われていない提供範囲: what was granted and never asked for, and a draft that takes it out (データ最小化).

The rule is control_plane/grants/unused.py's, the files are narrowing.py's; a draft is begun for one department at a time,
whose managers approve it.
"""

from datetime import datetime
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.grants.period import CHOICES, MOST_DAYS, days_asked
from gateway.console.navigation import POLICY
from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.pages import done, page
from gateway.console.proposals.acts import office_of
from gateway.console.visit import Visit, require
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.grants.narrowing import narrowed
from gateway.control_plane.grants.unused import DAYS, TakeOut, Unused, UnusedGrant, unused
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import Proposal
from gateway.core.days import Moment
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.core.transforms import TRANSFORM_WORDS


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """What one department's agreements grant and nobody used."""

    name: str
    grants: tuple[UnusedGrant, ...]
    takes: tuple[TakeOut, ...]
    drafts: bool
    """Whether the reader may begin a draft for it."""


async def show(request: Request) -> Response:
    """Show what nobody asked for in the last `?days=…`."""
    visit = require(request, *POLICY)
    office = visit.desk.office
    if office is None:
        return page(request, "no_log.html", key="unused.title")
    days, wrong = days_asked(request, DAYS)
    return await _shown(request, visit, office, days, wrong=wrong)


async def narrow(request: Request) -> Response:
    """Begin a proposal without the chosen fields and grants."""
    visit = require(request, "admin")
    office, form = office_of(visit), visit.form
    days, _ = days_asked(request, DAYS)
    try:
        begun = await _begun(visit, office, form, days)
    except Refused as fault:
        return await _shown(request, visit, office, days, fault=fault, typed=form)
    return done(visit, f"proposals/{begun.id}", "unused.begun")


ROUTES: Final = (
    Route("/{coop}/unused", show, methods=["GET"]),
    Route("/{coop}/unused", narrow, methods=["POST"]),
)
"""For `PAGES` of app.py."""


def key_of(take: TakeOut) -> str:
    """Return what a check box sends for one narrowing."""
    return "/".join((take.agreement, take.grant, take.field or ""))


async def _begun(visit: Visit, office: Office, form: Form, days: int) -> Proposal:
    await office.in_force.refresh(visit.coop)
    snapshot = office.in_force.current(visit.coop)
    made = await unused(office.log, snapshot, now=visit.now, days=days)
    chosen, department = set(form.all("take")), form.text("department")
    policy = snapshot.policy_at(Moment(visit.now))
    takes = [
        one for one in made.narrowing if key_of(one) in chosen and _department(policy, one.agreement) == department
    ]
    if len(takes) != len(chosen):
        raise Refused(
            "selection",
            "選んだ項目の一部は、その後に求められたか、既に除かれています。一覧を確かめて選び直してください",
            "some of what was chosen has been asked for since, or is gone; look at the list and choose again",
        )
    base = last_version(snapshot)
    files = None if base is None else await office.proposals.files_of_version(visit.coop, base)
    if files is None:
        raise refused("base")
    wish = Wish(
        files=narrowed(files, takes, policy_files=office.policy_files, coop=visit.coop),
        title=form.text("title"),
        department=department,
        effective=None,
        reason=form.text("reason"),
    )
    return await steps.begin(office, visit.coop, wish, by=visit.person.id)


async def _shown(
    request: Request,
    visit: Visit,
    office: Office,
    days: int,
    *,
    wrong: bool = False,
    fault: Refused | None = None,
    typed: Form | None = None,
) -> Response:
    await office.in_force.refresh(visit.coop)
    snapshot = office.in_force.current(visit.coop)
    policy = snapshot.policy_at(Moment(visit.now))
    made = await unused(office.log, snapshot, now=visit.now, days=days)
    at = int(visit.texts.language != "ja")
    return page(
        request,
        "unused.html",
        status=200 if fault is None else 409,
        made=made,
        departments=_departments(visit, policy, made),
        days=days,
        wrong=wrong,
        most_days=MOST_DAYS,
        choices=CHOICES,
        refused=fault,
        typed=typed,
        key_of=key_of,
        named=visit.partner_names,
        fields=visit.field_names,
        purpose_texts={} if policy is None else await purposes_shown(visit, policy),
        words={name: both[at] for name, both in TRANSFORM_WORDS.items()},
        start=datetime.fromisoformat(made.start),
        end=datetime.fromisoformat(made.end),
        instant=datetime.fromisoformat,
    )


def _departments(visit: Visit, policy: Policy | None, made: Unused) -> list[Department]:
    names = sorted({_department(policy, one.agreement) for one in made.grants})
    return [
        Department(
            name=name,
            grants=tuple(one for one in made.grants if _department(policy, one.agreement) == name),
            takes=tuple(one for one in made.narrowing if _department(policy, one.agreement) == name),
            drafts=visit.holds("admin", department=name),
        )
        for name in names
    ]


def _department(policy: Policy | None, agreement: str) -> str:
    return policy.agreements[agreement].department if policy is not None and agreement in policy.agreements else ""
