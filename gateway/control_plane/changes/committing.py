"""One act of staff on a proposal becomes one entry and one changed row, decided on what is in force at its commit."""

from collections.abc import Callable
from datetime import datetime

from gateway.control_plane.office import Office, last_version
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import FROM, Event, Proposal, refusal
from gateway.core.refused import Refused
from gateway.core.state import Effect
from gateway.ports import Bounced, Change, Committed, Submission, Unavailable
from gateway.tlog.entries import Entry

ROUNDS = 8

Say = Callable[[int, datetime], tuple[Entry, tuple[Effect, ...]]]
"""(governance index in force, now) → the entry and what it puts in force."""


async def commit(
    office: Office,
    event: Event,
    proposal: Proposal,
    say: Say,
    change: Change,
    *,
    by: str,
    preview: str | None = None,
    reason: str = "",
) -> None:
    """Commit an act decided on what is in force; where governance moved, decide again on what is in force then."""
    coop = proposal.coop
    for _ in range(ROUNDS):
        await office.in_force.refresh(coop)
        snapshot = office.in_force.current(coop)
        # `begin` and `amend` have been looked at on what was, and now say something else.
        if event != "amend":
            await allowed(office, event, proposal, by=by, preview=preview, reason=reason)
        elif proposal.base != last_version(snapshot):
            raise refused("base")
        now = office.clock()
        said, effects = say(snapshot.gov, now)
        submission = Submission.of(said, now, gov=snapshot.gov, effects=effects, change=change)
        match await office.log.append(coop, submission):
            case Committed():
                return
            case Bounced():
                continue
            case _:
                raise await _why(office, event, proposal, by=by, preview=preview, reason=reason)
    raise Unavailable("governance changed too often for this act to be committed")


async def allowed(
    office: Office, event: Event, proposal: Proposal, *, by: str, preview: str | None = None, reason: str = ""
) -> None:
    """Raise Refused for the first rule that an act breaks as things stand."""
    coop = proposal.coop
    fault = refusal(
        event,
        proposal,
        by=by,
        at=office.clock(),
        roles=await office.staff.roles(coop),
        base=last_version(office.in_force.current(coop)),
        preview=preview,
        reason=reason,
    )
    if fault is not None:
        raise refused(fault, state=proposal.state, department=proposal.department)


async def _why(
    office: Office, event: Event, proposal: Proposal, *, by: str, preview: str | None, reason: str
) -> Refused:
    """Say why the row did not change: the rule that the act breaks by now, or that somebody was faster."""
    stored = await office.proposals.get(proposal.coop, proposal.id)
    if stored is not None and stored.state not in FROM[event]:
        return refused("state", state=stored.state)
    if stored is not None and stored.revision != proposal.revision:
        return refused("revision")
    try:
        await allowed(office, event, proposal, by=by, preview=preview, reason=reason)
    except Refused as fault:
        return fault
    # Nothing that is stored explains it: a role ended, or a person left, between the look and the commit.
    return refused("role", department=proposal.department)
