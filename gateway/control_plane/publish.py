"""A policy version comes into force at an instant: two people, one entry, effect and entry in one transaction."""

import hashlib
from datetime import datetime

from gateway.control_plane.govern import govern
from gateway.core.state import Effect, PolicyPublished, Snapshot
from gateway.ports import Clock, Log
from gateway.tlog.entries import Entry, Publish, instant


class NotTwoPeople(ValueError):
    """The approver is the proposer."""


async def publish(
    log: Log,
    snapshot: Snapshot,
    document: bytes,
    *,
    proposer: str,
    approver: str,
    reason: str,
    effective: datetime | None,
    clock: Clock,
) -> int:
    """Publish a checked policy document on the state its proposer saw; return the governance index.

    `effective` None means at once. Raises NotTwoPeople, ValueError for an effective time in the past, StaleBase,
    Unavailable.
    """
    if proposer.strip().casefold() == approver.strip().casefold():
        raise NotTwoPeople(f"`{approver}` proposed this and cannot approve it; another person must")
    if not reason.strip():
        raise ValueError("a reason is required")
    if effective is not None and effective < clock():
        raise ValueError(f"the effective time {effective.isoformat()} has passed; leave it out, or name a future one")
    digest = hashlib.sha256(document).hexdigest()
    base = snapshot.versions[-1].policy.digest if snapshot.versions else None

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        begins = effective or now
        # Cut as the entry cuts it: whoever verifies the log knows no finer instant.
        begins = begins.replace(microsecond=begins.microsecond // 1000 * 1000)
        entry = Publish(
            coop=snapshot.coop,
            time=instant(now),
            gov=gov,
            policy=digest,
            base=base,
            effective=instant(begins),
            proposer=proposer,
            approver=approver,
            reason=reason,
        )
        return entry, (PolicyPublished(effective=begins, digest=digest, document=document),)

    return await govern(log, snapshot.coop, act, clock=clock, base=snapshot.gov)
