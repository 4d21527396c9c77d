"""A policy version comes into force at an instant: two people, one entry, effect and entry in one transaction."""

import hashlib
import secrets
from datetime import datetime

from gateway.control_plane.govern import NotSo, govern
from gateway.core.plain_text import same_name, says
from gateway.core.state import Effect, PolicyPublished, Snapshot
from gateway.ports import Change, Clock, Log, Values
from gateway.tlog.entries import Entry, Publish, instant


class NotTwoPeople(ValueError):
    """The approver is the proposer."""


class PeopleDecide(ValueError):
    """The co-op has people with roles, so that a name alone publishes nothing any more."""


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
    content: str | None = None,
) -> int:
    """Publish a checked policy document on the state its proposer saw; return the governance index.

    `effective` None means at once; `content` is the digest of the files it was made of, where they are kept
    (ports/proposals.py). This is how versions are published before the co-op has people with roles; afterwards two
    people with accounts publish through proposals.py. Raises NotTwoPeople, PeopleDecide, ValueError for an effective
    time in the past, StaleBase, Unavailable.
    """
    if same_name(proposer, approver):
        raise NotTwoPeople(f"`{approver}` proposed this and cannot approve it; another person must")
    if not says(reason):
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

    kept = None
    if content is not None:
        values: Values = {
            "id": secrets.token_hex(8),
            "title": "二人の名による公布",
            "by": proposer,
            "approver": approver,
        }
        values |= {"content": content, "base": base, "reason": reason, "policy": digest}
        when = None if effective is None else int(effective.timestamp() * 1000)
        kept = Change(statement="version_kept", values={**values, "effective": when})
    try:
        return await govern(log, snapshot.coop, act, clock=clock, base=snapshot.gov, change=kept)
    except NotSo:
        raise PeopleDecide(
            "担当者に役割があるので、変更案の申請と承認で公布してください (gateway policy propose, submit, approve, publish)\n"
            "this co-op has people with roles: publish through a proposal (gateway policy propose, submit, approve, publish)"
        ) from None
