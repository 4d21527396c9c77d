"""Rows → the events that may be taken in, in their order, and everything that is wrong with the others."""

import re
from collections.abc import Iterable, Iterator, Set as AbstractSet
from datetime import date, datetime, timedelta
from typing import Final, cast, get_args

import msgspec

from gateway.control_plane.members.faults import Fault, RowFault, fault
from gateway.control_plane.members.reading import Row
from gateway.core.days import JST, midnight
from gateway.core.members.events import HAPPENINGS, Happening, MemberEvent
from gateway.core.members.masters import Masters, imports
from gateway.core.members.restriction_grounds import GroundId, grounds_of
from gateway.core.members.rights import is_code
from gateway.core.state import RestrictionKind, Snapshot

KINDS: Final[tuple[RestrictionKind, ...]] = get_args(RestrictionKind)
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of rows: events in their order, rows that say again what one before them said, and what is wrong."""

    events: tuple[MemberEvent, ...]
    repeated: int
    faults: tuple[RowFault, ...]


def check(rows: Iterable[Row], *, snapshot: Snapshot, masters: Masters, now: datetime) -> Checked:
    """Return which rows may be taken in; `snapshot` tells which partners and purposes there are or were."""
    partners, purposes = _partners(snapshot), _purposes(snapshot)
    first: dict[str, dict[str, str]] = {}
    events: list[MemberEvent] = []
    faults: list[RowFault] = []
    repeated = 0
    for row in rows:
        if row.faults:
            faults += [fault(row.number, name, rule) for name, rule in row.faults]
            continue
        said = row.cells
        earlier = first.setdefault(said["event_id"], said) if _ID.fullmatch(said["event_id"]) else said
        if earlier is not said and earlier == said:
            repeated += 1
            continue
        wrong = list(_wrong(said, partners=partners, purposes=purposes, masters=masters, now=now))
        if earlier is not said:
            wrong.append(("event_id", "other_content"))
        if wrong:
            faults += [fault(row.number, name, rule) for name, rule in wrong]
        else:
            events.append(_event(said))
    return Checked(events=tuple(events), repeated=repeated, faults=tuple(faults))


def _partners(snapshot: Snapshot) -> AbstractSet[str]:
    return {partner for version in snapshot.versions for partner in version.policy.partners}


def _purposes(snapshot: Snapshot) -> AbstractSet[str]:
    """Return every purpose that a published version names: of a notice, or of a grant."""
    policies = [version.policy for version in snapshot.versions]
    published = {purpose for policy in policies for notice in policy.notices for purpose in notice.purposes}
    granted = {
        grant.purpose for policy in policies for agreement in policy.agreements.values() for grant in agreement.grants
    }
    return published | granted


def _wrong(
    said: dict[str, str], *, partners: AbstractSet[str], purposes: AbstractSet[str], masters: Masters, now: datetime
) -> Iterator[tuple[str, Fault]]:
    if not _ID.fullmatch(said["event_id"]):
        yield "event_id", "event_id"
    if not is_code(said["member_code"]):
        yield "member_code", "member_code"
    if said["event"] in HAPPENINGS:
        yield from _of_event(said, partners=partners, purposes=purposes, masters=masters)
    else:
        yield "event", "event"
    if said["at"]:
        received = _received(said["at"])
        if received is None:
            yield "at", "at"
        elif received > now:
            yield "at", "future"


def _of_event(
    said: dict[str, str], *, partners: AbstractSet[str], purposes: AbstractSet[str], masters: Masters
) -> Iterator[tuple[str, Fault]]:
    kind, ground = said["kind"], said["ground"]
    scoped = said["event"] in {"stop", "lift"}
    if scoped:
        if kind not in KINDS:
            yield "kind", "kind"
            return
        if said["partner"] and said["partner"] not in partners:
            yield "partner", "partner"
        if said["purpose"] and said["purpose"] not in purposes:
            yield "purpose", "purpose"
    else:
        if kind:
            yield "kind", "no_kind"
        yield from ((name, "no_scope") for name in ("partner", "purpose") if said[name])
    if ground and said["event"] == "correction":
        yield "ground", "no_ground"
    elif ground and ground not in grounds_of(cast("RestrictionKind", kind) if scoped else "stop_provide"):
        yield "ground", "ground"
    if not imports(masters, _event(said | {"ground": "", "partner": "", "purpose": ""}).event_kind):
        yield "event", "master"


def _received(text: str) -> datetime | None:
    """Return when an event was received; a day from its beginning, a time without an offset by Japan's clocks."""
    try:
        if _DAY.fullmatch(text):
            return midnight(date.fromisoformat(text))
        if not _TIME.fullmatch(text):
            return None
        when = datetime.fromisoformat(text)
        return when if when.tzinfo is not None else when.replace(tzinfo=JST)
    except ValueError:
        return None


def _event(said: dict[str, str]) -> MemberEvent:
    happening = cast("Happening", said["event"])
    received = _received(said["at"])
    return MemberEvent(
        id=said["event_id"],
        code=said["member_code"],
        happening=happening,
        kind=cast("RestrictionKind", said["kind"]) if happening in {"stop", "lift"} else None,
        partner=said["partner"] or None,
        purpose=said["purpose"] or None,
        ground=cast("GroundId", said["ground"]) if said["ground"] else None,
        received=received,
        until=received and (received + timedelta(days=1) if _DAY.fullmatch(said["at"]) else received),
    )
