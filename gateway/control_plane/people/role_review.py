"""権限棚卸し: every role that goes on, with what a reviewer should look at; signed by one who may, countersigned by another.

Whoever signs is a manager or in compliance, so their own roles are among those reviewed: one signature opens a review,
another person's on the same roles within `PENDING` completes it. Each is an entry `staff`/`roles_reviewed`, with how many
roles there were and a digest of them: role, person by id, department, period. Source: console.md, security-profile §8.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from gateway.control_plane.changes.proposals import amend
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import Office
from gateway.control_plane.people.people import cut, enter
from gateway.control_plane.people.rules import PeopleRefused, check_by, check_reason
from gateway.core.changes.proposal import Proposal, State
from gateway.core.days import Moment
from gateway.core.staff import OF_A_DEPARTMENT, ROLES, Role, RoleHeld, held
from gateway.jose import rfc4648
from gateway.ports import Log, Person, Unavailable
from gateway.tlog import entries
from gateway.tlog.jcs import canonical

UNUSED: Final = timedelta(days=90)
SOON: Final = timedelta(days=30)
PENDING: Final = timedelta(days=30)
YEAR: Final = timedelta(days=365)
REVIEWERS: Final[tuple[Role, ...]] = ("manager", "compliance")
OPEN_STATES: Final[tuple[State, ...]] = ("draft", "submitted", "approved")
_ACTS: Final = ("proposal", "publish", "staff", "partner", "restrict", "follow_up", "review", "erase")
"""Kinds that name who did them and stay few; looking members up (`access`) may be many, and is left out."""

Flag = Literal["unused", "ends_soon", "drafts_and_approves"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A role that goes on, and what is known of its use."""

    role: RoleHeld
    person: Person
    last_act: datetime | None
    """When the person last did something that the log names them for."""
    flags: tuple[Flag, ...]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody signed; `opened` is who signed first, the same person in a first signature."""

    by: str
    opened: str
    digest: str
    count: int
    time: datetime


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the co-op stands with its reviews."""

    completed: datetime | None
    """When the last one was countersigned; None: never."""
    due: datetime
    """When the next one is to be complete: a year after the last; where there was none, after the first role began."""
    waiting: tuple[Signature, ...]
    """First signatures that nobody has countersigned, not older than `PENDING`."""


class RoleReview(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to review at an instant."""

    coop: str
    at: datetime
    lines: tuple[Line, ...]
    short: tuple[str, ...]
    """Departments in which roles are held and fewer than two people are managers in their own right."""
    left: tuple[Proposal, ...]
    """Open proposals whose author and last editor have both left."""
    digest: str
    standing: Standing


def digest_of(roles: Iterable[RoleHeld]) -> str:
    """Return what a signature is on: base64url of SHA-256 over the roles' canonical JSON (RFC 8785), by id."""
    said = [
        {
            "id": one.id,
            "person": one.person,
            "role": one.role,
            "department": one.department,
            "start": None if one.span.start is None else entries.instant(one.span.start),
            "end": None if one.span.end is None else entries.instant(one.span.end),
            "deputy_for": one.deputy_for,
        }
        for one in sorted(roles, key=lambda one: one.id)
    ]
    return rfc4648.encode(hashlib.sha256(canonical(said)).digest())


async def look(office: Office, coop: str) -> RoleReview:
    """Return everything that a reviewer looks at. Raises Unavailable."""
    now = office.clock()
    roles, people = await office.staff.roles(coop), {one.id: one for one in await office.staff.people(coop)}
    on = _going_on(roles, now)
    acts = await _last_acts(office.log, coop)
    both = {
        one.person for one in on if held(roles, one.person, "admin", now) and held(roles, one.person, "manager", now)
    }
    return RoleReview(
        coop=coop,
        at=now,
        lines=tuple(
            Line(
                role=one,
                person=people[one.person],
                last_act=acts.get(one.person),
                flags=_flags(one, people[one.person], acts.get(one.person), both=one.person in both, now=now),
            )
            for one in sorted(on, key=lambda one: (one.person, ROLES.index(one.role), one.department or "", one.id))
        ),
        short=_short(on, now),
        left=tuple(await _left(office, coop, people)),
        digest=digest_of(on),
        standing=await standing(office.log, coop, roles, now=now),
    )


async def standing(log: Log, coop: str, roles: Sequence[RoleHeld], *, now: datetime) -> Standing:
    """Return how a co-op stands with its reviews. Raises Unavailable."""
    completed, open_ones = None, dict[tuple[str, str], Signature]()
    for one in await _signatures(log, coop):
        key = one.digest, one.opened
        if one.by == one.opened:
            open_ones[key] = one
        elif key in open_ones and one.time - open_ones[key].time <= PENDING:
            # Whatever else was opened on the same roles is answered by it.
            open_ones = {of: other for of, other in open_ones.items() if of[0] != one.digest}
            completed = one.time
    first = min((one.span.start for one in roles if one.span.start is not None), default=now)
    return Standing(
        completed=completed,
        due=(completed or first) + YEAR,
        waiting=tuple(one for one in open_ones.values() if now - one.time <= PENDING),
    )


async def sign(office: Office, coop: str, *, digest: str, by: str, reason: str) -> tuple[int, bool]:
    """Sign the roles as they were seen (`digest`); return the entry's index, and whether that completes the review.

    Raises PeopleRefused, Unavailable.
    """
    check_reason(reason)
    roles, now = await office.staff.roles(coop), cut(office.clock())
    check_by(by, people=await office.staff.people(coop), begun=True)
    if not any(held(roles, by, role, now) for role in REVIEWERS):
        raise PeopleRefused("reviewer")
    on = _going_on(roles, now)
    if digest != digest_of(on):
        raise PeopleRefused("other_roles")
    waiting = [one for one in (await standing(office.log, coop, roles, now=now)).waiting if one.digest == digest]
    others = [one for one in waiting if one.by != by]
    if waiting and not others:
        raise PeopleRefused("signed")
    entry = entries.Staff(
        coop=coop,
        time=entries.instant(now),
        event="roles_reviewed",
        person=others[0].by if others else by,
        count=len(on),
        digest=digest,
        by=by,
        reason=reason,
    )
    return await enter(office.log, coop, entry, None, now=now, otherwise=("other_roles", "")), bool(others)


async def take_over(office: Office, proposal: Proposal, *, by: str) -> Proposal:
    """Make somebody the last editor of what others left behind: an `amend` that says what was said before.

    An approval is void from then on, as with any amendment. Raises Refused, FilesRefused, Unavailable.
    """
    files = await office.proposals.files(proposal.coop, proposal.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    wish = Wish(
        files=files,
        title=proposal.title,
        department=proposal.department,
        effective=proposal.effective,
        reason=proposal.reason,
    )
    return await amend(office, proposal, wish, by=by)


def _going_on(roles: Iterable[RoleHeld], now: datetime) -> list[RoleHeld]:
    """Return the roles that are held now or will be; one that ended as it began never is."""
    return [one for one in roles if one.span.end is None or one.span.end > max(now, one.span.start or now)]


def _flags(role: RoleHeld, person: Person, last_act: datetime | None, *, both: bool, now: datetime) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    seen = max((one for one in (person.signed_in, last_act) if one is not None), default=None)
    begun = role.span.start is None or role.span.start < now - UNUSED
    if begun and (seen is None or seen < now - UNUSED):
        flags.append("unused")
    if role.span.end is not None and role.span.end <= now + SOON:
        flags.append("ends_soon")
    if both and role.role in OF_A_DEPARTMENT:
        flags.append("drafts_and_approves")
    return tuple(flags)


def _short(roles: Iterable[RoleHeld], now: datetime) -> tuple[str, ...]:
    managers: dict[str, set[str]] = defaultdict(set)
    for one in roles:
        if one.department is not None:
            own = one.role == "manager" and one.deputy_for is None and Moment(now).within(one.span)
            managers[one.department] |= {one.person} if own else set()
    return tuple(sorted(name for name, people in managers.items() if len(people) < 2))


async def _left(office: Office, coop: str, people: Mapping[str, Person]) -> list[Proposal]:
    def gone(person: str) -> bool:
        return person in people and not people[person].active

    open_ones = await office.proposals.all(coop, states=OPEN_STATES)
    return [one for one in open_ones if gone(one.author) and gone(one.editor)]


async def _last_acts(log: Log, coop: str) -> dict[str, datetime]:
    last: dict[str, datetime] = {}
    for kind in _ACTS:
        for data in await log.of_kind(coop, kind):
            entry = entries.decode(data)
            at = datetime.fromisoformat(entry.time)
            for name in ("by", "proposer", "approver"):
                who = getattr(entry, name, None)
                if who is not None:
                    last[who] = max(at, last.get(who, at))
    return last


async def _signatures(log: Log, coop: str) -> list[Signature]:
    read = (entries.decode(data) for data in await log.of_kind(coop, "staff"))
    return [
        Signature(
            by=one.by,
            opened=one.person,
            digest=one.digest or "",
            count=one.count or 0,
            time=datetime.fromisoformat(one.time),
        )
        for one in read
        if isinstance(one, entries.Staff) and one.event == "roles_reviewed"
    ]
