"""Stops for members (利用停止等): the entry says how many and commits to whom, never a code."""

import os
from collections.abc import Sequence
from datetime import datetime

from gateway.control_plane.govern import govern
from gateway.core.identity import SALT, Subject, commit, member_tag
from gateway.core.state import Effect, MembersLifted, MembersRestricted, Restriction, RestrictionKind
from gateway.jose import rfc4648
from gateway.ports import Clock, CoopSecrets, Log
from gateway.tlog.entries import Entry, Restrict, instant


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
) -> int:
    """Restrict members from now on, for one partner and purpose or for all; return the governance index."""
    tags, subjects, commitment = _committed(coop, codes, secrets)

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Restrict(
            coop=coop,
            time=instant(now),
            gov=gov,
            event="set",
            restriction=kind,
            partner=partner,
            purpose=purpose,
            start=instant(now),
            members=len(tags),
            commitment=commitment,
            by=by,
            reason=reason,
        )
        stop = Restriction(kind=kind, partner=partner, purpose=purpose, start=now)
        return entry, (MembersRestricted(tags=tags, restriction=stop),)

    return await govern(log, coop, act, clock=clock, subjects=subjects)


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
) -> int:
    """Lift members' restrictions of one kind, partner and purpose; return the governance index."""
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
