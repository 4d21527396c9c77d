"""利用停止等: how many members are restricted now, and, once the look is in the log with its reason, who."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from gateway.core.days import Moment, Span
from gateway.core.identity import SALT, Subject, commit
from gateway.core.plain_text import LONGEST_REASON, is_reason
from gateway.core.refused import Refused
from gateway.core.state import Restriction, RestrictionKind, Snapshot
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.oversight.log.noting import note
from gateway.ports import Unavailable
from gateway.tlog.codes import open_code
from gateway.tlog.entries import Access, instant


class Scope(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What a restriction covers; empty for all partners, or all purposes."""

    kind: RestrictionKind
    partner: str = ""
    purpose: str = ""


class Restricted(msgspec.Struct, frozen=True, kw_only=True):
    """One restriction of one member; `code` None where its side row is erased."""

    code: str | None
    scope: Scope
    start: datetime

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Restricted {self.scope.kind}>"


def in_force(ones: Sequence[Restriction], now: datetime) -> tuple[Restriction, ...]:
    """Return what restricts a member now; what was set again meanwhile is one, since the first: lifting it ends all of it."""
    found: dict[tuple[Scope, datetime | None], Restriction] = {}
    for one in sorted(ones, key=lambda one: one.start):
        if Moment(now).within(Span(one.start, one.end)):
            found.setdefault((_scope(one), one.end), one)
    return tuple(found.values())


def counted(snapshot: Snapshot, now: datetime) -> Mapping[Scope, int]:
    """Return how many members each restriction covers now, sorted."""
    found = Counter(
        scope for ones in snapshot.restrictions.values() for scope in {_scope(one) for one in in_force(ones, now)}
    )
    return dict(sorted(found.items()))


def persons(snapshot: Snapshot, now: datetime) -> int:
    """Return how many members are restricted now in any way."""
    return sum(1 for ones in snapshot.restrictions.values() if in_force(ones, now))


async def note_look(
    desk: OversightDesk, coop: str, tags: Collection[bytes], *, by: str, reason: str, view: str | None = None
) -> None:
    """Enter that somebody looks at whom restrictions or a follow-up are about, the members as a commitment.

    Raises Refused without a reason, Unavailable.
    """
    if not is_reason(reason):
        raise Refused(
            "reason", f"理由を{LONGEST_REASON}字までで書いてください", f"say why, in up to {LONGEST_REASON} characters"
        )
    subjects = tuple(Subject(tag, os.urandom(SALT)) for tag in tags)
    entry = Access(
        coop=coop,
        time=instant(desk.clock()),
        look_up="restrictions",
        view=view,
        members=len(subjects),
        commitment=rfc4648.encode(commit([one.tag for one in subjects], [one.salt for one in subjects])),
        by=by,
        reason=reason,
    )
    await note(desk.log, coop, entry, subjects=subjects)


async def members(desk: OversightDesk, coop: str, *, by: str, reason: str) -> list[Restricted]:
    """Return who is restricted now, the newest first; the look is in the log before. Raises Refused, Unavailable."""
    now, secrets = desk.clock(), desk.secrets(coop)
    restrictions = {
        tag: ones for tag, every in desk.current(coop).restrictions.items() if (ones := in_force(every, now))
    }
    await note_look(desk, coop, restrictions, by=by, reason=reason)
    codes: dict[bytes, str] = {}
    for tag, sealed in await desk.follow_ups.restricted(coop):
        if tag in restrictions:
            try:
                codes[tag] = open_code(secrets.requests, coop, tag, sealed)
            except ValueError as fault:
                raise Unavailable(str(fault)) from None
    found = [
        Restricted(code=codes.get(tag), scope=_scope(one), start=one.start)
        for tag, ones in restrictions.items()
        for one in ones
    ]
    return sorted(found, key=lambda one: (one.start, one.code or ""), reverse=True)


def _scope(one: Restriction) -> Scope:
    return Scope(kind=one.kind, partner=one.partner or "", purpose=one.purpose or "")
