"""What waits for a decision: by grant, what was asked for against what is granted, and the limit that would have held it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from gateway.control_plane.drafting.grant import limit_of
from gateway.control_plane.office import Office, last_version
from gateway.core.changes.comparison import grant_name
from gateway.core.changes.overrun import STATES, WAITING, Overrun, State, enough
from gateway.core.days import Moment
from gateway.core.policy import Agreement, Grant, Policy
from gateway.core.state import Snapshot

_URGENCY: Final = STATES
"""What waits for somebody, first."""


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """One grant and what was asked for beyond its daily limit; never by whom of the members."""

    grant: str
    """Its id, the agreement's before it: `<agreement>.<name>`."""
    partner: str
    agreement: str
    name: str
    purpose: str
    department: str
    """Whose admins decide."""
    most: int | None
    """The limit in force; None where it is granted no longer, or without a limit by now."""
    state: State
    """That of whatever waits, else of the newest day."""
    overruns: tuple[Overrun, ...]
    """The newest day first."""
    used: Mapping[date, int]
    """Members released on the days that are open."""
    wanted: int | None
    """The limit under which everything open would have passed; None where nothing is open."""

    @property
    def open(self) -> tuple[Overrun, ...]:
        """Those that nobody has decided on."""
        return tuple(one for one in self.overruns if one.state == "open")

    @property
    def asked(self) -> int:
        """The members of the largest refused request, of those that are open, else of all."""
        return max(one.asked for one in self.open or self.overruns)

    @property
    def requests(self) -> int:
        """How many requests were refused, of those that are open, else of all."""
        return sum(one.requests for one in self.open or self.overruns)

    @property
    def proposals(self) -> tuple[str, ...]:
        """The drafts that were begun for it, the newest first."""
        return tuple(dict.fromkeys(one.proposal for one in self.overruns if one.proposal is not None))


async def queued(office: Office, coop: str) -> list[Queued]:
    """Return every grant that was asked for beyond its limit, what waits first. Raises Unavailable."""
    await office.in_force.refresh(coop)
    snapshot = office.in_force.current(coop)
    grants: defaultdict[str, list[Overrun]] = defaultdict(list)
    for one in await office.overruns.all(coop):
        grants[one.grant].append(one)
    found = [await _queued(office, snapshot, grant, overruns) for grant, overruns in grants.items()]
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (_URGENCY.index(one.state), -one.overruns[0].day.toordinal(), one.grant))


async def queued_of(office: Office, coop: str, grant: str) -> Queued | None:
    """Return one grant's, None where nothing was asked for beyond its limit. Raises Unavailable."""
    await office.in_force.refresh(coop)
    overruns = await office.overruns.all(coop, grant=grant)
    return await _queued(office, office.in_force.current(coop), grant, overruns) if overruns else None


async def ceiling(office: Office, one: Queued, coop: str) -> int | None:
    """Return the agreement's own limit, as the version published last has it; None for none. Raises Refused, Unavailable."""
    base = last_version(office.in_force.current(coop))
    files = None if base is None else await office.proposals.files_of_version(coop, base)
    if files is None:
        return None
    try:
        return limit_of(files, coop, one.partner, one.agreement, policy_files=office.policy_files)
    except KeyError:
        return None


def find(policy: Policy | None, grant: str) -> tuple[Agreement, Grant] | None:
    """Return a grant with its agreement."""
    for agreement in policy.agreements.values() if policy is not None else ():
        for one in agreement.grants:
            if one.id == grant:
                return agreement, one
    return None


async def _queued(office: Office, snapshot: Snapshot, grant: str, overruns: Sequence[Overrun]) -> Queued | None:
    in_force = find(snapshot.policy_at(Moment(office.clock())), grant)
    told = in_force or next((one for v in reversed(snapshot.versions) if (one := find(v.policy, grant))), None)
    if told is None:
        return None
    agreement, granted = told
    waiting = [one for one in overruns if one.state == "open"]
    days = sorted({one.day for one in waiting})
    used = {day: await office.log.quota_used(snapshot.coop, grant, day.isoformat()) for day in days}
    most = in_force[1].members_per_day if in_force else None
    return Queued(
        grant=grant,
        partner=agreement.partner,
        agreement=agreement.id,
        name=grant_name(agreement, granted),
        purpose=granted.purpose,
        department=agreement.department,
        most=most,
        state=_standing(overruns),
        overruns=tuple(overruns),
        used=used,
        wanted=max((enough(most, used[one.day], one.asked) for one in waiting), default=None)
        if most is not None
        else None,
    )


def _standing(overruns: Sequence[Overrun]) -> State:
    waiting = [one.state for one in overruns if one.state in WAITING]
    return min(waiting, key=_URGENCY.index, default=overruns[0].state)
