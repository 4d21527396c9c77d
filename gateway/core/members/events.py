"""組合員イベント: what a co-op's core system tells of its members, and what it puts in force here.

A withdrawal stops providing to everybody, and whoever holds the member erases it; a correction restricts nothing, and
whoever holds the member corrects it. Of one member events apply in the order in which they are told; what stands after the
last of them is put in force at the instant of the entry, never before it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final, Literal, get_args

import msgspec

from gateway.core.members.masters import EventKind
from gateway.core.members.restriction_grounds import GroundId
from gateway.core.state import (
    Effect,
    MembersLifted,
    MembersNotified,
    MembersRestricted,
    Restriction,
    RestrictionKind,
)

Happening = Literal["withdrawal", "correction", "stop", "lift"]
HAPPENINGS: Final[tuple[Happening, ...]] = get_args(Happening)
USUAL_GROUND: Final[GroundId] = "core_system"
"""What a stop rests on where the event does not say it."""


class MemberEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that passed the rules; `kind` is that of a stop or lift alone."""

    id: str
    code: str
    happening: Happening
    kind: RestrictionKind | None = None
    partner: str | None = None
    purpose: str | None = None
    ground: GroundId | None = None
    received: datetime | None = None
    """When the co-op received it: the beginning of the day, where only that is said."""
    until: datetime | None = None
    """By when it had received it: the end of that day."""

    @property
    def event_kind(self) -> EventKind:
        """The kind that a master is configured for."""
        if self.kind is not None:
            return self.kind
        return "correction" if self.happening == "correction" else "withdrawal"

    @property
    def counted_as(self) -> str:
        """What the entry counts it as: `stop_use:set`, `stop_use:lifted`, `withdrawal`, `correction`."""
        if self.kind is None:
            return self.happening
        return f"{self.kind}:{'set' if self.happening == 'stop' else 'lifted'}"

    def __repr__(self) -> str:
        """A member's code does not print itself."""
        return f"<MemberEvent {self.happening}>"


class _Scope(msgspec.Struct, frozen=True, order=True):
    """What a stop covers; "" for all partners, or all purposes."""

    kind: RestrictionKind
    partner: str = ""
    purpose: str = ""


_WITHDRAWN: Final = _Scope("stop_provide")


def overtaken(event: MemberEvent, standing: Sequence[Restriction]) -> bool:
    """Tell whether a lift was received before the stop that it would end, of those that stand for its member.

    Such a lift comes late: whoever asked for the stop afterwards wants it still. A stop that nobody said a time of counts from
    when it was put in force; a lift that says none ends whatever stands.
    """
    if event.happening != "lift" or event.until is None:
        return False
    what, until = (event.kind, event.partner, event.purpose), event.until
    return any(
        (one.kind, one.partner, one.purpose) == what and (one.received or one.start) >= until for one in standing
    )


def counts_of(events: Sequence[MemberEvent]) -> dict[str, int]:
    """Return how many events there are of each kind, as the entry counts them."""
    return dict(sorted(Counter(one.counted_as for one in events).items()))


def effects_of(events: Sequence[MemberEvent], tags: Mapping[str, bytes], now: datetime) -> tuple[Effect, ...]:
    """Return what events put in force, in the order in which it is to be applied; `tags` are the members' by code.

    Lifts stand before stops: of a member whose last event of a scope is a stop, that stop stands; of one whose last is a
    lift, nothing does, whatever was in force before. One effect for each scope and ground, however many the members.
    """
    last: dict[tuple[_Scope, bytes], MemberEvent] = {}
    received: dict[tuple[_Scope, bytes], datetime] = {}
    lifted: dict[tuple[_Scope, str], dict[bytes, None]] = defaultdict(dict)
    corrected: dict[bytes, None] = {}
    for one in events:
        tag = tags[one.code]
        if one.happening == "correction":
            corrected[tag] = None
            continue
        scope = _WITHDRAWN if one.kind is None else _Scope(one.kind, one.partner or "", one.purpose or "")
        last[scope, tag] = one
        # The latest of those that stand: without a time that is now, and none is later.
        received[scope, tag] = max(one.received or now, received.get((scope, tag), one.received or now))
        if one.happening == "lift":
            del received[scope, tag]
            lifted[scope, one.ground or ""][tag] = None
    stopped: dict[tuple[_Scope, str], dict[bytes, datetime | None]] = defaultdict(dict)
    withdrawn: list[bytes] = []
    for (scope, tag), one in last.items():
        if one.happening == "lift":
            continue
        when = received[scope, tag]
        stopped[scope, one.ground or USUAL_GROUND][tag] = None if when == now else when
        if one.happening == "withdrawal":
            withdrawn.append(tag)
    made: list[Effect] = [
        MembersLifted(
            tags=tuple(whom),
            kind=scope.kind,
            partner=scope.partner or None,
            purpose=scope.purpose or None,
            ground=ground or None,
        )
        for (scope, ground), whom in sorted(lifted.items())
    ]
    made += [
        MembersRestricted(
            tags=tuple(whom),
            restriction=Restriction(
                kind=scope.kind, partner=scope.partner or None, purpose=scope.purpose or None, start=now
            ),
            ground=ground,
            received=tuple(whom.values()) if any(whom.values()) else (),
        )
        for (scope, ground), whom in sorted(stopped.items(), key=itemgetter(0))
    ]
    if withdrawn:
        made.append(MembersNotified(tags=tuple(withdrawn), cause="withdrawal"))
    if corrected:
        made.append(MembersNotified(tags=tuple(corrected), cause="correction"))
    return tuple(made)
