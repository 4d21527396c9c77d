"""One part of an export: made by the steps decide → fetch → minimize → protect, and held against what is in force later."""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag

from gateway.core.decide import deny
from gateway.core.outcome import Denial, Permit, Sealed
from gateway.core.reasons import reason
from gateway.data_plane.cursors import Mark
from gateway.data_plane.desk import Desk
from gateway.data_plane.fetch import fetch
from gateway.data_plane.minimize import minimize
from gateway.data_plane.passing import Asking, Facts, Fetched, Minimized, Standing
from gateway.data_plane.protect import protect
from gateway.data_plane.walks import SOURCE_PAGE
from gateway.jose.rfc5116 import seal, unseal
from gateway.ports import ExportPart, Unavailable
from gateway.tlog.sets import BITS, holds

MEMBERS: Final = 10_000
"""Of one part at most."""
BYTES: Final = 8 * 1024 * 1024
"""Of the records of one part at most."""
FRESH: Final = timedelta(minutes=15)
"""For so long a part may lie ready; records change at their source, too."""
_TOUCHED: Final = 200
"""Members of so many new restrictions are looked up; where there are more, a part is made again without looking."""


async def made(
    desk: Desk, asking: Asking, decision: Permit | Denial, standing: Standing, *, size: int = BYTES
) -> tuple[Sealed, Facts] | Denial:
    """Make the part of an export that an asking is for: sealed, and what must be known of it.

    `size` are the bytes that its records take at most, where it is more than one. Raises Unavailable.
    """
    start, part = asking.mark, asking.part
    assert start is not None
    assert part is not None
    fetched = await fetch(desk, asking, decision, None)
    if isinstance(fetched, Fetched) and not fetched.ordered:
        # Without an order nobody could tell which codes a part was of.
        desk.telemetry.note("source unordered", coop=asking.coop)
        fetched = deny("internal", [reason("fault", "source", "failed")], gov=fetched.permit.gov)
    minimized = await asyncio.to_thread(minimize, desk, asking, fetched, standing)
    while isinstance(minimized, Minimized) and len(minimized.results) > size and not part.again:
        smaller = int(asking.limit * 0.9 * size / len(minimized.results))
        if asking.limit <= 1:
            break
        asking = msgspec.structs.replace(asking, limit=max(1, smaller))
        if asking.limit < SOURCE_PAGE:
            fetched = await fetch(desk, asking, decision, None)
        minimized = await asyncio.to_thread(minimize, desk, asking, fetched, standing)
    sealed = await protect(desk, asking, minimized, None)
    if isinstance(sealed, Denial):
        return sealed
    assert isinstance(minimized, Minimized)
    if part.again and part.upto is None and "next" in minimized.paging:
        raise Unavailable("the last part of an export is the last no more")
    return sealed, _facts(start, minimized, sealed)


def _facts(start: Mark, minimized: Minimized, sealed: Sealed) -> Facts:
    onward, told = msgspec.msgpack.decode(minimized.standing, type=tuple[Mark, tuple[str, ...]])
    permit = sealed.permit
    return Facts(
        grant=permit.grant.id,
        notice=permit.notice,
        policy=permit.policy.digest,
        key=(permit.encryption.thumbprint, permit.encryption.kid),
        valid_until=sealed.valid_until,
        fields=dict(sealed.fields),
        asked=sealed.asked,
        released=sealed.released,
        not_available=sealed.not_available,
        refused=sealed.refused,
        removed=sealed.removed,
        subjects=sealed.subjects,
        chunks=sealed.chunks,
        commitment=sealed.commitment,
        walked=sealed.walked,
        start=start,
        onward=onward,
        told=told,
        last="next" not in minimized.paging,
    )


def stored(desk: Desk, asking: Asking, sealed: Sealed, facts: Facts) -> ExportPart:
    """Return a part as it is kept."""
    part = asking.part
    assert part is not None
    key = desk.coops[asking.coop].secrets.requests
    return ExportPart(
        n=part.n,
        body=sealed.body,
        digest=sealed.body_hash,
        records=sealed.released,
        facts=seal(key, msgspec.msgpack.encode(facts), _context(asking.coop, part.export, part.n)),
        gov=sealed.permit.gov,
        valid_until=sealed.valid_until,
        sealed=sealed.at,
    )


def facts_of(desk: Desk, coop: str, export: str, n: int, sealed: bytes) -> Facts:
    """Return what is known of a part. Raises Unavailable."""
    try:
        plain = unseal(desk.coops[coop].secrets.requests, sealed, _context(coop, export, n))
        return msgspec.msgpack.decode(plain, type=Facts)
    except (InvalidTag, msgspec.DecodeError):
        raise Unavailable("what is kept of a part cannot be read") from None


async def removed_before(desk: Desk, coop: str, export: str, n: int) -> tuple[str, ...]:
    """Return whom the parts before one tell to remove. Raises Unavailable."""
    removed: list[str] = []
    for number, sealed in await desk.exports.facts(coop, export, 1, n):
        removed += facts_of(desk, coop, export, number, sealed).told
    return tuple(removed)


async def stands(desk: Desk, part: ExportPart, facts: Facts, permit: Permit, standing: Standing) -> bool:
    """Tell whether a part made earlier is what would be made now, as far as policy, keys and restrictions go.

    Raises Unavailable.
    """
    key = permit.encryption.thumbprint, permit.encryption.kid
    under = permit.grant.id, permit.notice, permit.policy.digest, key
    return (
        under == (facts.grant, facts.notice, facts.policy, facts.key)
        and standing.at < facts.valid_until
        and standing.at - part.sealed <= FRESH
        and not await _touched(desk, permit.coop, part, facts, standing)
    )


async def _touched(desk: Desk, coop: str, part: ExportPart, facts: Facts, standing: Standing) -> bool:
    """Tell whether a restriction of a member in a part was set or lifted since it was made."""
    snapshot = standing.snapshot
    if snapshot.gov <= part.gov:
        return False
    tags = {tag for tag, index in snapshot.touched.items() if index > part.gov}
    if len(tags) > _TOUCHED:
        return True
    if any(subject.tag in tags for subject in facts.subjects):
        return True
    containers = {chunk.number: chunk.container for chunk in facts.chunks}
    for tag in tags if containers else ():
        ordinal = await desk.side_rows.ordinal(coop, tag)
        if ordinal is None or ordinal >> BITS not in containers:
            continue
        if holds(containers[ordinal >> BITS], ordinal):
            return True
    return False


def _context(coop: str, export: str, n: int) -> bytes:
    return msgspec.json.encode(["export part", coop, export, n])
