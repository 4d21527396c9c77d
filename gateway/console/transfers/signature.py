"""How far the log is signed, for the start page: what no checkpoint covers yet could still be altered unnoticed."""

from datetime import datetime

import msgspec

from gateway.console.navigation import OVERSIGHT
from gateway.console.visit import Visit
from gateway.tlog.checkpoint import stated
from gateway.tlog.entries import decode


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries there are, how many of them the newest checkpoint covers, and since when the next one waits."""

    size: int
    signed: int
    since: datetime | None


async def signature(visit: Visit) -> Signature | None:
    """Return how far the log is signed; None for who is not asked to look after it. Raises Unavailable."""
    if visit.desk.oversight is None or not set(visit.roles_now) & set(OVERSIGHT):
        return None
    desk = visit.desk.overseeing
    note = await desk.publications.checkpoint(visit.coop)
    # After the checkpoint: it never covers more than there is.
    size = (await desk.log.head(visit.coop)).next_index
    signed = 0 if note is None else stated(note).size
    since = None
    if signed < size:
        try:
            since = datetime.fromisoformat(decode((await desk.log.entries(visit.coop, signed, 1))[0]).time)
        except ValueError:  # no entry of ours: `log verify` names it
            since = None
    return Signature(size=size, signed=signed, since=since)
