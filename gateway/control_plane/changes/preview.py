"""What a proposed policy version would change, before anybody approves it: read from the log and the versions, only read.

The preview is kept as canonical JSON, and its digest stands in the entries of submission and approval: who approves has
seen these bytes. INVARIANT: the same inputs make the same bytes.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.control_plane.changes.asked import MOST_ENTRIES, Looked, look_back
from gateway.control_plane.changes.synthetic import Sampled, sampled
from gateway.control_plane.notices.changes import Worded
from gateway.core.changes.comparison import Difference, Path, compare, grant_path
from gateway.core.changes.replay import Replayed, replay
from gateway.core.changes.sentence import sentence
from gateway.core.days import Moment, jst_day
from gateway.core.notices.change import of_proposal
from gateway.core.notices.matters import NoticeChange
from gateway.core.policy import Agreement, Grant, Policy
from gateway.core.state import Snapshot, Version
from gateway.ports import Log, Told
from gateway.tlog.entries import instant
from gateway.tlog.jcs import canonical

DAYS = 30

Held = Callable[[str, str, str], Awaitable[int]]
"""(partner, agreement, purpose) → how many members' data the partner holds now; raises Unavailable."""


class Receives(msgspec.Struct, frozen=True, kw_only=True):
    """A partner that would newly receive fields for a purpose, or more of them, and of how many it holds data now."""

    partner: str
    agreement: str
    purpose: str
    fields: tuple[str, ...]
    held: int


class ChangedGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant that is new, gone or changed: in words, (Japanese, English), and with a made-up member."""

    partner: str
    agreement: str
    grant: str
    before: tuple[str, str] | None
    after: tuple[str, str] | None
    member: tuple[Sampled, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a proposed version would change at one instant, as things stood at another."""

    coop: str
    policy: str
    """Digest of the proposed version."""
    base: str | None
    """Digest of the version published last."""
    before: str | None
    """Digest of the version that would be in force without the proposed one, with which it is compared."""
    gov: int
    """The governance entry as of which this was foreseen."""
    made: str
    at: str
    """When the version is to come into force, or when the preview was made if that is later."""
    differences: tuple[Difference, ...]
    findings: tuple[Told, ...]
    log: Looked
    replayed: Replayed
    receives: tuple[Receives, ...]
    grants: tuple[ChangedGrant, ...]
    notices: tuple[NoticeChange, ...] = ()
    """What changes of the notice, in law (core/notices/change.py)."""

    def canonical(self) -> bytes:
        """Return the preview as canonical JSON (RFC 8785)."""
        return canonical(msgspec.to_builtins(self))

    @property
    def digest(self) -> str:
        """The lower-case hexadecimal SHA-256 of the canonical bytes."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @staticmethod
    def from_bytes(data: bytes) -> "Preview":
        """Return the preview that canonical bytes hold. Raises ValueError where they hold none."""
        return msgspec.json.decode(data, type=Preview)


async def preview(
    log: Log,
    snapshot: Snapshot,
    policy: Policy,
    *,
    findings: Sequence[Told],
    held: Held,
    now: datetime,
    effective: datetime | None = None,
    days: int = DAYS,
    most: int = MOST_ENTRIES,
    purposes: Mapping[str, tuple[str, str]] | None = None,
    worded: Worded | None = None,
) -> Preview:
    """Return what would change if `policy` came into force at `effective`, at once where that is None or has passed.

    The requests of the last `days` are replayed, those of the newest `most` entries at most; how far that reached is
    told. `purposes` gives the published names of purposes, (Japanese, English) by code; `worded` the words of the
    notices of either policy. Raises ValueError for the policy of another co-op, Unavailable.
    """
    if policy.coop != snapshot.coop:
        raise ValueError(f"the policy is of `{policy.coop}`, not of `{snapshot.coop}`; propose it there")
    at = now if effective is None else max(now, effective)
    before = snapshot.policy_at(Moment(at))
    proposed = Version(effective=at, index=snapshot.gov + 1, policy=policy)
    after = msgspec.structs.replace(snapshot, versions=(*snapshot.versions, proposed))
    differences = compare(before, policy)
    looked, asked = await look_back(log, snapshot.coop, since=now - timedelta(days=days), most=most)
    # Off the loop: releases go on there meanwhile, and so many decisions take a while.
    replayed = await asyncio.to_thread(replay, asked, old=snapshot, new=after, at=at)
    return Preview(
        coop=snapshot.coop,
        policy=policy.digest,
        base=snapshot.versions[-1].policy.digest if snapshot.versions else None,
        before=before.digest if before else None,
        gov=snapshot.gov,
        made=instant(now),
        at=instant(at),
        differences=differences,
        findings=tuple(sorted(findings, key=msgspec.structs.astuple)),
        log=looked,
        replayed=replayed,
        receives=await _receives(policy, differences, held),
        grants=tuple(_changed(before, policy, differences, at=at, purposes=purposes)),
        notices=await _notices(before, policy, worded, now=now),
    )


async def _notices(
    before: Policy | None, policy: Policy, worded: Worded | None, *, now: datetime
) -> tuple[NoticeChange, ...]:
    if before is None:
        return ()
    said, says = ({}, {}) if worded is None else (await worded(before), await worded(policy))
    return of_proposal(before, policy, said=said, says=says, today=jst_day(now))


async def _receives(policy: Policy, differences: Sequence[Difference], held: Held) -> tuple[Receives, ...]:
    """Return who would newly receive which fields, or receive more of them; for each, of whom it holds data is asked once."""
    gained: dict[tuple[str, str, str], set[str]] = {}
    granted = _grants(policy)
    for one in differences:
        if one.what == "field" and one.wider:
            agreement, grant = granted[one.path[:5]]
            gained.setdefault((agreement.partner, agreement.id, grant.purpose), set()).add(one.path[-1])
    return tuple(
        [
            Receives(
                partner=partner,
                agreement=agreement,
                purpose=purpose,
                fields=tuple(sorted(fields)),
                held=await held(partner, agreement, purpose),
            )
            for (partner, agreement, purpose), fields in sorted(gained.items())
        ]
    )


def _changed(
    old: Policy | None,
    new: Policy,
    differences: Sequence[Difference],
    *,
    at: datetime,
    purposes: Mapping[str, tuple[str, str]] | None,
) -> list[ChangedGrant]:
    were, are = {} if old is None else _grants(old), _grants(new)
    found = []
    for path in sorted({one.path[:5] for one in differences if one.what in {"grant", "field"}}):
        before, after = were.get(path), are.get(path)
        found.append(
            ChangedGrant(
                partner=path[1],
                agreement=path[2],
                grant=path[4],
                before=None if old is None or before is None else sentence(old, *before, purposes=purposes),
                after=None if after is None else sentence(new, *after, purposes=purposes),
                member=sampled(
                    old,
                    before[1] if before else None,
                    new,
                    after[1] if after else None,
                    partner=path[1],
                    today=jst_day(at),
                ),
            )
        )
    return found


def _grants(policy: Policy) -> dict[Path, tuple[Agreement, Grant]]:
    return {
        grant_path(agreement, grant): (agreement, grant)
        for agreement in policy.agreements.values()
        for grant in agreement.grants
    }
