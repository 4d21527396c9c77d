"""Step 6: the commit point. No log, no release: the entry is durable before a Receipt exists.

Makes Receipt, and nothing else does.
"""

import msgspec

from gateway.core.days import jst_day, midnight_after
from gateway.core.decide import deny
from gateway.core.outcome import Allowance, Denial, Receipt, Sealed
from gateway.core.reasons import reason
from gateway.data_plane.desk import Desk
from gateway.data_plane.entries import denial_entry, release_entry
from gateway.data_plane.passing import Asking
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal
from gateway.jose.rfc7515 import sign
from gateway.ports import (
    Bounced,
    Change,
    Committed,
    OverQuota,
    Quota,
    Replayed,
    Submission,
    Unavailable,
    Unchanged,
    Verdict,
)
from gateway.web.problems import Problem

CONSUMES_THE_PROOF = frozenset({"not-permitted", "unavailable", "internal"})
"""Denials that use the proof up; after the others an honest client may send the same proof again."""


async def record(
    desk: Desk, asking: Asking, decided: Sealed | Denial, *, change: Change | None = None
) -> Receipt | Denial | Bounced:
    """Commit the entry of a release or denial. Raises Problem `replayed` or `unavailable`.

    Returns the Receipt of a release, the Denial itself (another one where the daily quota does not hold the members),
    or Bounced: nothing was written, and the request is to be decided again; so is one with a `change`, to be made by a
    release, that can no longer be made as it demands.
    """
    try:
        if isinstance(decided, Sealed) and asking.coop in desk.held_back:
            # Also what was sealed before, and what was fetched just before the anchors were overdue.
            decided = deny("unavailable", [reason("fault", "anchor", "overdue")], gov=decided.permit.gov)
        with desk.telemetry.span("commit"):
            if isinstance(decided, Denial):
                return await _deny(desk, asking, decided)
            return await _release(desk, asking, decided, change)
    except Unavailable as fault:
        desk.telemetry.note("log unavailable", coop=asking.coop, fault=str(fault))
        raise Problem("unavailable", retry_after=1) from None


async def _release(desk: Desk, asking: Asking, sealed: Sealed, change: Change | None) -> Receipt | Denial | Bounced:
    coop, permit = desk.coops[asking.coop], sealed.permit
    most = permit.grant.members_per_day
    day = jst_day(sealed.at).isoformat()
    submission = Submission.of(
        release_entry(asking, sealed),
        sealed.at,
        gov=permit.gov,
        valid_until=sealed.valid_until,
        deadline=asking.deadline,
        replay=asking.replay,
        quota=None if most is None else Quota(grant=permit.grant.id, day=day, members=sealed.released, most=most),
        subjects=sealed.subjects,
        chunks=sealed.chunks,
        walked=sealed.walked,
        change=change,
        request=seal(coop.secrets.requests, asking.jws, asking.transfer.encode()),
    )
    verdict = await desk.append(asking.coop, submission)
    match verdict:
        case Committed():
            receipt = _receipt(desk, asking, sealed, submission, verdict.index)
            if most is None or verdict.used is None:
                return receipt
            left = Allowance(most=most, used=verdict.used, resets=midnight_after(jst_day(sealed.at)))
            return msgspec.structs.replace(receipt, allowance=left)
        case OverQuota():
            over = deny("not-permitted", [reason("grant", permit.grant.id, "over_quota")], gov=permit.gov)
            return await _deny(desk, asking, over, over=sealed.released)
        case Unchanged():
            return Bounced(permit.gov)
        case _:
            return bounced(desk, asking, verdict)


async def _deny(desk: Desk, asking: Asking, denial: Denial, *, over: int = 0) -> Denial | Bounced:
    # Of this instant, with a deadline of its own: a source that fails when the request's has come is an entry still.
    at = desk.clock()
    if not desk.summaries.denial_is_entry(asking.client, at.timestamp()):
        desk.summaries.add(asking.coop, asking.client, denial.slug, at.timestamp())
        return denial
    submission = Submission.of(
        denial_entry(asking, denial, at, over=over),
        at,
        gov=denial.gov,
        valid_until=denial.valid_until,
        replay=asking.replay if denial.slug in CONSUMES_THE_PROOF else None,
    )
    verdict = await desk.append(asking.coop, submission)
    return denial if isinstance(verdict, Committed) else bounced(desk, asking, verdict)


def bounced(desk: Desk, asking: Asking, verdict: Verdict) -> Bounced:
    """Return what a request that was not committed is to be decided again under. Raises Problem `replayed`."""
    if isinstance(verdict, Replayed):
        desk.summaries.add(asking.coop, asking.client, "replayed", desk.clock().timestamp())
        raise Problem("replayed")
    assert isinstance(verdict, Bounced)
    desk.telemetry.count("bounced", coop=asking.coop)
    return verdict


def _receipt(desk: Desk, asking: Asking, sealed: Sealed, submission: Submission, index: int) -> Receipt:
    """Sign what the partner keeps as evidence: the log holds this entry, for this request and this answer."""
    claims = {
        "iss": desk.issuer,
        "aud": asking.client,
        "iat": int(submission.time.timestamp()),
        "jti": asking.transfer,
        "origin": desk.coops[asking.coop].origin,
        "index": index,
        "leaf_hash": rfc4648.encode(submission.leaf),
        "rqh": asking.rqh,
        "body": rfc4648.encode(sealed.body_hash),
    }
    jws = sign("transfer-receipt+jwt", msgspec.json.encode(claims), desk.response_signer)
    return Receipt(transfer=asking.transfer, index=index, jws=jws)
