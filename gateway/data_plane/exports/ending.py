"""The end of an export: confirmed or cancelled by the partner, or expired. Its parts are gone with the entry that says so."""

from datetime import timedelta
from typing import Final, Literal

import msgspec

from gateway.data_plane.api.inbound import consume
from gateway.data_plane.caller import Caller, check_caller, may_act
from gateway.data_plane.desk import DEADLINE, Desk
from gateway.data_plane.exports.asked import OPEN, own
from gateway.data_plane.passing import Inbound
from gateway.data_plane.transfer import ROUNDS
from gateway.ports import Bounced, Change, Committed, Export, Replayed, Submission, Unavailable, Verdict
from gateway.tlog import entries
from gateway.tlog.entries import instant
from gateway.web.problems import Problem

EVERY_S: Final = 30.0
REMEMBERED: Final = timedelta(days=30)
"""For so long a partner is told what became of its export."""

Event = Literal["confirmed", "cancelled", "expired"]


async def end(desk: Desk, inbound: Inbound, export: str) -> None:
    """End an export as its partner asks: confirmed where all of it was taken, else cancelled; once more changes nothing.

    Raises Problem, Unavailable.
    """
    caller = check_caller(desk, inbound)
    gov = -1
    for _ in range(ROUNDS):
        standing = await desk.standing(caller.coop, gov, deadline=caller.at + DEADLINE)
        if not may_act(standing.snapshot, caller):
            await consume(desk, caller)
            raise Problem("not-permitted")
        found = await own(desk, caller, export)
        if found is None or found.state not in {*OPEN, "failed"}:
            await consume(desk, caller)
            if found is None:
                raise Problem("not-found")
            return
        whole = found.state == "sealed" and found.taken == found.parts
        event: Event = "confirmed" if whole else "cancelled"
        by = _By(caller=caller, transfer=inbound.request_id, gov=standing.snapshot.gov)
        verdict = await _append(desk, found, event, by)
        if isinstance(verdict, Replayed):
            desk.summaries.add(caller.coop, caller.client, "replayed", desk.clock().timestamp())
            raise Problem("replayed")
        if isinstance(verdict, Committed):
            return
        gov = verdict.gov if isinstance(verdict, Bounced) else gov
    raise Problem("unavailable", retry_after=1)


async def expire(desk: Desk) -> None:
    """End what nobody has ended in time, and forget what ended long ago.

    Raises Unavailable, where one co-op's log is not at hand, once all other co-ops have had their turn.
    """
    failed: Unavailable | None = None
    for coop in list(desk.coops):
        now = desk.clock()
        try:
            for export in await desk.exports.overdue(coop, now):
                # Of several processes one ends it; for the others it has changed.
                await _append(desk, export, "expired")
            await desk.exports.forget(coop, now - REMEMBERED)
        except Unavailable as fault:
            failed = fault
    if failed is not None:
        raise failed


class _By(msgspec.Struct, frozen=True, kw_only=True):
    """Who ends an export, and under which governance entry."""

    caller: Caller
    transfer: str
    gov: int


async def _append(desk: Desk, export: Export, event: Event, by: _By | None = None) -> Verdict:
    """Commit the entry of an end and the end itself. Raises Unavailable."""
    at = desk.clock()
    entry = entries.Export(
        coop=export.coop,
        time=instant(at),
        gov=by.gov if by else None,
        event=event,
        export=export.id,
        transfer=by.transfer if by else None,
        partner=export.partner,
        client=export.client,
        purpose=export.purpose,
        product=export.product,
        agreement=export.agreement,
        proof=by.caller.jkt if by else None,
        parts=export.parts,
    )
    submission = Submission.of(
        entry,
        at,
        gov=entry.gov,
        replay=by.caller.replay if by else None,
        change=Change(statement=f"export_{event}", values={"id": export.id}),
    )
    verdict = await desk.append(export.coop, submission)
    if isinstance(verdict, Committed):
        desk.telemetry.count("exports", coop=export.coop, outcome=event)
    return verdict
