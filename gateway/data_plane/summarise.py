"""Refusals too frequent to be entries one by one: one entry per client and minute, so nobody can flood the log."""

from datetime import UTC, datetime

from gateway.core.detection.enumeration import TOLD
from gateway.data_plane.desk import Desk
from gateway.ports import Committed, Submission, Unavailable
from gateway.tlog.entries import Denial, instant


async def summarise(desk: Desk, *, until: float) -> None:
    """Append an entry for each client's minute that ended before `until` (seconds since 1970; infinity at shutdown).

    What cannot be written now is kept for the next time.
    """
    for coop, client, minute, counts in desk.summaries.closed(until):
        now = desk.clock()
        partner = desk.partner_of(coop, client, now)
        began = datetime.fromtimestamp(minute * 60, UTC)
        # What a client is told of its enumeration budget is no refusal, and not counted as one.
        told = {f"enumeration_{verdict}": why for verdict, why in TOLD.items()}
        summary = {what: n for what, n in counts.items() if what not in told} | {"minute": minute}
        entry = Denial(
            coop=coop,
            time=instant(now),
            partner=partner,
            client=client,
            reasons=[why for what, why in told.items() if what in counts],
            summary=summary,
        )
        submission = Submission.of(entry, now)
        try:
            written = isinstance(await desk.append(coop, submission), Committed)
        except Unavailable as fault:
            desk.telemetry.note("summary not written", coop=coop, fault=str(fault), minute=began.isoformat())
            written = False
        if not written:
            desk.summaries.back(coop, client, minute, counts)
