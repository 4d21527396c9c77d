"""Who may act for a co-op changes: somebody is added or leaves, a role is given or ends; each is one log entry.

What the entry says and what it changes are one transaction (ports/log.py, Change). The rules before it stand in
rules.py; whoever breaks one is refused, and nothing is written. Source: security-profile §8.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal

from gateway.control_plane.people.rules import (
    PeopleRefused,
    Rule,
    check_approver_remains,
    check_by,
    check_end,
    check_id,
    check_name,
    check_reason,
    check_role,
)
from gateway.core.days import Span
from gateway.core.staff import Role, RoleHeld
from gateway.ports import (
    Change,
    Clock,
    Committed,
    Log,
    Staff,
    Submission,
    Unavailable,
    Unchanged,
    Values,
)
from gateway.tlog import entries

BOOTSTRAP = "(初期設定: まだ誰も役割を持たない / set-up: nobody holds a role yet)"
"""Said in the reason of every entry before the first role, for its `by` is a name that nobody has checked."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def add_person(
    log: Log, staff: Staff, coop: str, person: str, name: str, *, by: str, reason: str, clock: Clock
) -> int:
    """Add a member of staff, who may do nothing yet; return the entry's index. Raises PeopleRefused, Unavailable."""
    check_id(person)
    check_name(name)
    check_reason(reason)
    begun = bool(await staff.roles(coop))
    check_by(by, people=await staff.people(coop), begun=begun)
    now = cut(clock())
    entry = entries.Staff(
        coop=coop, time=entries.instant(now), event="added", person=person, by=by, reason=said(reason, begun=begun)
    )
    change = Change(statement="person_added", values={"id": person, "name": name})
    return await enter(log, coop, entry, change, now=now, otherwise=("exists", person))


async def person_leaves(log: Log, staff: Staff, coop: str, person: str, *, by: str, reason: str, clock: Clock) -> int:
    """Let a person go: they act for the co-op no more, and their roles end; return the entry's index.

    Their sessions are forgotten after the entry is durable: a crash between the two leaves sessions of somebody who is
    not active, and whoever reads a session asks for that. Raises PeopleRefused, Unavailable.
    """
    check_id(person)
    check_reason(reason)
    roles, people = await staff.roles(coop), await staff.people(coop)
    check_by(by, people=people, begun=bool(roles))
    now = cut(clock())
    check_approver_remains([one for one in roles if one.person == person], roles=roles, at=now)
    if roles and [one.id for one in people if one.active] == [person]:
        raise PeopleRefused("last_person")
    entry = entries.Staff(
        coop=coop,
        time=entries.instant(now),
        event="left",
        person=person,
        by=by,
        reason=said(reason, begun=bool(roles)),
    )
    change = Change(statement="person_left", values={"id": person})
    index = await enter(log, coop, entry, change, now=now, otherwise=("unknown", person))
    await staff.close_sessions_of(coop, person)
    return index


async def give_role(
    log: Log,
    staff: Staff,
    coop: str,
    person: str,
    role: Role,
    *,
    department: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    deputy_for: str | None = None,
    by: str,
    reason: str,
    clock: Clock,
) -> tuple[int, RoleHeld]:
    """Give a person a role from `start` (None: now) up to, and without, `end`; return the entry's index and the role.

    Raises PeopleRefused, Unavailable.
    """
    check_id(person)
    check_reason(reason)
    roles = await staff.roles(coop)
    check_by(by, people=await staff.people(coop), begun=bool(roles))
    now = cut(clock())
    held = RoleHeld(
        # Numbered: of two people who give somebody the same role at once, the second finds the number taken.
        id=f"{person}-{role}-{1 + sum((one.person, one.role) == (person, role) for one in roles)}",
        person=person,
        role=role,
        department=department,
        span=Span(cut(start or now), None if end is None else cut(end)),
        deputy_for=deputy_for,
    )
    if roles and by == person:
        raise PeopleRefused("self")
    check_role(held, roles=roles, now=now)
    entry = _of_role("role_given", coop, held, now=now, by=by, reason=said(reason, begun=bool(roles)))
    values: Values = {
        "id": held.id,
        "person": person,
        "role": role,
        "department": department,
        "starts": None if held.span.start is None else _ms(held.span.start),
        "ends": None if held.span.end is None else _ms(held.span.end),
        "deputy_for": deputy_for,
    }
    change = Change(statement="role_given", values=values)
    return await enter(log, coop, entry, change, now=now, otherwise=("unknown", person)), held


async def end_role(
    log: Log,
    staff: Staff,
    coop: str,
    role: str,
    *,
    end: datetime | None = None,
    by: str,
    reason: str,
    clock: Clock,
) -> int:
    """End a role, known by its id, at an instant (None: now); return the entry's index.

    One that has not begun by then ends as it begins: it is never held. Raises PeopleRefused, Unavailable.
    """
    check_reason(reason)
    roles = await staff.roles(coop)
    check_by(by, people=await staff.people(coop), begun=bool(roles))
    now = cut(clock())
    one = [held for held in roles if held.id == role]
    ended, ends = check_end(one, role, end=None if end is None else cut(end), now=now)
    check_approver_remains(one, roles=roles, at=ends)
    entry = _of_role("role_ended", coop, ended, now=now, by=by, reason=reason)
    change = Change(statement="role_ended", values={"id": role, "ends": _ms(ends)})
    return await enter(log, coop, entry, change, now=now, otherwise=("ended", role))


def _of_role(
    event: Literal["role_given", "role_ended"], coop: str, held: RoleHeld, *, now: datetime, by: str, reason: str
) -> entries.Staff:
    start, end = held.span.start, held.span.end
    return entries.Staff(
        coop=coop,
        time=entries.instant(now),
        event=event,
        person=held.person,
        role=held.role,
        department=held.department,
        start=None if start is None else entries.instant(start),
        end=None if end is None else entries.instant(end),
        deputy_for=held.deputy_for,
        by=by,
        reason=reason,
    )


async def enter(
    log: Log, coop: str, entry: entries.Staff, change: Change | None, *, now: datetime, otherwise: tuple[Rule, str]
) -> int:
    """Commit an entry about staff with what it changes; return its index.

    Raises PeopleRefused (`otherwise`) where the rows are not as the change demands, Unavailable.
    """
    submission = Submission.of(entry, now, change=change)
    verdict = await log.append(coop, submission)
    if isinstance(verdict, Unchanged):
        raise PeopleRefused(*otherwise)
    if not isinstance(verdict, Committed):
        raise Unavailable("what becomes of a member of staff could not be entered in the log")
    return verdict.index


def said(reason: str, *, begun: bool) -> str:
    """Return a reason as its entry says it: before the first role, with what nobody has checked."""
    return reason if begun else f"{reason} {BOOTSTRAP}"


def cut(instant: datetime) -> datetime:
    """Return an instant in whole milliseconds, as entries and tables keep it."""
    instant = instant.astimezone(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _ms(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(milliseconds=1)
