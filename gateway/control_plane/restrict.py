"""Stops for members (利用停止等): the entry says how many and commits to whom, never a code.

The codes are kept sealed beside the entry, erasable, since partners that hold the members are told of them by code.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from gateway.control_plane.govern import govern
from gateway.core.identity import SALT, Subject, commit, member_tag
from gateway.core.members.masters import Masters, check_staff
from gateway.core.members.restriction_grounds import GROUNDS, GroundId
from gateway.core.state import Effect, MembersLifted, MembersRestricted, Restriction, RestrictionKind
from gateway.jose import rfc4648
from gateway.ports import Clock, CoopSecrets, Log, MemberCode
from gateway.tlog.codes import seal_code
from gateway.tlog.entries import Entry, Restrict, instant

BOTH: Final[Masters] = MappingProxyType({})
"""No side is the only one that may say anything."""


async def restrict(
    log: Log,
    coop: str,
    codes: Sequence[str],
    *,
    kind: RestrictionKind,
    partner: str | None,
    purpose: str | None,
    by: str,
    reason: str,
    secrets: CoopSecrets,
    clock: Clock,
    ground: GroundId | None = None,
    masters: Masters = BOTH,
) -> int:
    """Restrict members from now on, for one partner and purpose or for all; return the governance index.

    Raises Refused where the core system is the master of this kind, ValueError for a ground that no restriction of this
    kind can rest on.
    """
    check_staff(masters, kind)
    if ground is not None and kind not in GROUNDS[ground].kinds:
        raise ValueError(
            f"「{GROUNDS[ground].article}」はこの種類の根拠になりません / {GROUNDS[ground].article} is no ground of `{kind}`"
        )
    tags, subjects, commitment = _committed(coop, codes, secrets)
    kept = tuple(
        MemberCode(tag, seal_code(secrets.requests, coop, tag, code))
        for tag, code in zip(tags, dict.fromkeys(codes), strict=True)
    )

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Restrict(
            coop=coop,
            time=instant(now),
            gov=gov,
            event="set",
            restriction=kind,
            partner=partner,
            purpose=purpose,
            ground=ground,
            start=instant(now),
            members=len(tags),
            commitment=commitment,
            by=by,
            reason=reason,
        )
        stop = Restriction(kind=kind, partner=partner, purpose=purpose, start=now)
        return entry, (MembersRestricted(tags=tags, restriction=stop),)

    return await govern(log, coop, act, clock=clock, subjects=subjects, codes=kept)


async def lift(
    log: Log,
    coop: str,
    codes: Sequence[str],
    *,
    kind: RestrictionKind,
    partner: str | None,
    purpose: str | None,
    by: str,
    reason: str,
    secrets: CoopSecrets,
    clock: Clock,
    ground: GroundId | None = None,
    masters: Masters = BOTH,
) -> int:
    """Lift members' restrictions of one kind, partner and purpose; return the governance index.

    Raises Refused where the core system is the master of this kind.
    """
    check_staff(masters, kind)
    tags, subjects, commitment = _committed(coop, codes, secrets)

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Restrict(
            coop=coop,
            time=instant(now),
            gov=gov,
            event="lifted",
            restriction=kind,
            partner=partner,
            purpose=purpose,
            ground=ground,
            members=len(tags),
            commitment=commitment,
            by=by,
            reason=reason,
        )
        return entry, (MembersLifted(tags=tags, kind=kind, partner=partner, purpose=purpose),)

    return await govern(log, coop, act, clock=clock, subjects=subjects)


def _committed(
    coop: str, codes: Sequence[str], secrets: CoopSecrets
) -> tuple[tuple[bytes, ...], tuple[Subject, ...], str]:
    tags = tuple(member_tag(secrets.subject, coop, code) for code in dict.fromkeys(codes))
    subjects = tuple(Subject(tag, os.urandom(SALT)) for tag in tags)
    return tags, subjects, rfc4648.encode(commit(tags, [one.salt for one in subjects]))
