"""ホーム: what waits for this person, what is on its way, what is in force."""

from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.cases import listing as case_listing
from gateway.console.follow_ups.listing import overdue_count
from gateway.console.incidents.shown import waiting as waiting_incidents
from gateway.console.navigation import POLICY
from gateway.console.notices.notice_tasks import open_tasks
from gateway.console.pages import page
from gateway.console.partners.partner_requests import waiting_requests
from gateway.console.people import role_review
from gateway.console.proposals.versions import version_at
from gateway.console.quotas.listing import open_grants
from gateway.console.reviews import review_home
from gateway.console.transfers import anomalies
from gateway.console.transfers.signature import signature
from gateway.console.visit import Visit, require
from gateway.core.changes.proposal import Proposal, State
from gateway.core.state import Snapshot, Version

OPEN_STATES: Final[tuple[State, ...]] = ("draft", "submitted", "approved")


async def home(request: Request) -> Response:
    """Show the start page of a co-op."""
    visit = require(request)
    open_ones = await visit.desk.proposals.all(visit.coop, states=OPEN_STATES)
    snapshot = visit.desk.current(visit.coop)
    in_force = version_at(snapshot, visit.now)
    # Nobody is led to a proposal that they may not read.
    reads = bool(set(visit.roles_now) & set(POLICY))
    return page(
        request,
        "home.html",
        mine=[one for one in open_ones if one.state == "draft" and visit.person.id in {one.author, one.editor}],
        sent=[one for one in open_ones if one.state != "draft" and visit.person.id in {one.author, one.editor}],
        waiting=waiting_for(visit, open_ones),
        requests=await waiting_requests(visit),
        to_come=to_come(visit, snapshot),
        approved=[one for one in open_ones if reads and one.state == "approved"],
        in_force=in_force,
        in_force_number=next((n for n, one in enumerate(snapshot.versions, start=1) if one is in_force), 0),
        drafts_itself=visit.holds("admin"),
        over_quota=await open_grants(visit),
        role_review=await role_review.due(visit),
        incidents=await waiting_incidents(visit),
        overdue_follow_ups=await overdue_count(visit),
        overdue_cases=await case_listing.overdue(visit),
        approves=visit.holds("manager"),
        reviewing=await review_home.waiting(visit),
        notice_tasks=await open_tasks(visit) if reads else [],
        unusual=await anomalies.waiting(request, visit),
        signature=await signature(visit),
    )


def waiting_for(visit: Visit, proposals: Iterable[Proposal]) -> list[Proposal]:
    """Return what this person may approve now: submitted in a department whose manager they are, by others alone."""
    return [
        one
        for one in proposals
        if one.state == "submitted"
        and visit.person.id not in {one.author, one.editor}
        and visit.holds("manager", department=one.department)
    ]


def to_come(visit: Visit, snapshot: Snapshot) -> list[Version]:
    """Return the published versions that come into force later, the next one first."""
    later = [one for one in snapshot.versions if one.effective > visit.now and not snapshot.superseded(one)]
    return sorted(later, key=lambda version: (version.effective, version.index))
