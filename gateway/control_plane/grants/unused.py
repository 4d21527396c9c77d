"""What was granted and never asked for over a period, and what to take out of the grants for it (データ最小化).

A field counts as asked for where a release or a denial names it, under the agreement, purpose and product class of the
grant. Whether a field that was asked for ever held a value cannot be known from the log: values are not in it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from gateway.control_plane.changes.asked import Looked, look_back
from gateway.core.changes.comparison import grant_name
from gateway.core.changes.replay import Asked
from gateway.core.days import Moment
from gateway.core.policy import Agreement, Grant, Policy, Transform
from gateway.core.rows import CODE
from gateway.core.state import Snapshot
from gateway.ports import Log
from gateway.tlog.entries import instant

DAYS = 90
MOST = 1_000_000
"""Entries read: a report may take longer than a preview."""


class TakeOut(msgspec.Struct, frozen=True, kw_only=True):
    """One narrowing: a field of a grant, or with no field the whole grant, is to go."""

    partner: str
    """Its file: `policies/<coop>/agreements/<partner>.yaml`."""
    agreement: str
    grant: str
    """The grant's name in the agreement."""
    field: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The path of keys in the agreement's file that is to be taken out (ports/proposals.py, `PolicyFiles.set`)."""
        grant = ("agreements", self.agreement, "grants", self.grant)
        return grant if self.field is None else (*grant, "fields", self.field)


class UnusedField(msgspec.Struct, frozen=True, kw_only=True):
    """A granted field that nobody asked for in the period."""

    field: str
    transform: Transform
    granted: str
    """Since when it has been granted without a break, as entries write an instant."""
    whole: bool
    """Whether that is the whole period; what is granted for less is listed, not proposed to be taken out."""


class UnusedGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant of which nobody asked for some fields, or for any."""

    partner: str
    agreement: str
    grant: str
    purpose: str
    products: tuple[str, ...]
    requests: int
    """How often anything was asked for under it."""
    fields: tuple[UnusedField, ...]


class Unused(msgspec.Struct, frozen=True, kw_only=True):
    """What was never asked for, and what would take it out."""

    coop: str
    policy: str | None
    """Digest of the version in force, None where there is none."""
    start: str
    """The period's beginning; later than was wished where not all of the log was read."""
    end: str
    log: Looked
    grants: tuple[UnusedGrant, ...]
    narrowing: tuple[TakeOut, ...]
    """Nothing where not all of the log was read: what was asked for earlier is unknown then."""


async def unused(log: Log, snapshot: Snapshot, *, now: datetime, days: int = DAYS, most: int = MOST) -> Unused:
    """Return what the version in force grants, in agreements in term, and nobody asked for in the last `days`.

    Where that is more than `most` entries, the period is the shorter one that was read, and nothing is proposed. Raises
    Unavailable.
    """
    # Whatever a partner asks often or seldom, it has asked: no question is left out.
    looked, asked = await look_back(
        log, snapshot.coop, since=now - timedelta(days=days), most=most, most_questions=most
    )
    moment = Moment(now)
    policy = snapshot.policy_at(moment)
    found: list[UnusedGrant] = []
    narrowing: list[TakeOut] = []
    if policy is not None:
        names, times = _asked_for(policy, asked)
        for _, agreement in sorted(policy.agreements.items()):
            if not moment.within(agreement.term):
                continue
            for grant in sorted(agreement.grants, key=lambda one: one.id):
                key = (agreement.id, grant.id)
                idle = tuple(
                    _unused(snapshot, agreement, grant, name, now=now, start=looked.reached)
                    for name in sorted(grant.fields.keys() - names[key])
                )
                if idle:
                    found.append(_told(agreement, grant, idle, requests=times[key]))
                    narrowing += () if looked.cut else _take_out(agreement, grant, idle)
    return Unused(
        coop=snapshot.coop,
        policy=policy.digest if policy else None,
        start=looked.reached,
        end=instant(now),
        log=looked,
        grants=tuple(found),
        narrowing=tuple(narrowing),
    )


def _asked_for(
    policy: Policy, asked: Iterable[Asked]
) -> tuple[defaultdict[tuple[str, str], set[str]], defaultdict[tuple[str, str], int]]:
    """Return, by agreement and grant, the fields that were asked for and how often anything was."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    times: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in asked:
        agreement = policy.agreements.get(one.agreement)
        grant = (
            agreement.grant_for(one.purpose, one.product) if agreement and agreement.partner == one.partner else None
        )
        if grant is None:
            continue
        key = (one.agreement, grant.id)
        times[key] += one.requests
        names[key].update(one.fields)
        if one.page and grant.fields.get(CODE) == "as_is":
            # A page carries the code: without it in the grant the partner would get another identifier.
            names[key].add(CODE)
    return names, times


def _unused(
    snapshot: Snapshot, agreement: Agreement, grant: Grant, name: str, *, now: datetime, start: str
) -> UnusedField:
    since = instant(_granted_since(snapshot, agreement, grant, name, now))
    return UnusedField(field=name, transform=grant.fields[name], granted=since, whole=since <= start)


def _granted_since(snapshot: Snapshot, agreement: Agreement, grant: Grant, name: str, now: datetime) -> datetime:
    """Return when the newest version began from which on each one granted the field so, within the agreement's term."""
    since = now
    begun = [one for one in snapshot.versions if one.effective <= now and not snapshot.superseded(one)]
    in_force = {version.effective: version for version in sorted(begun, key=lambda v: (v.effective, v.index))}
    for effective, version in sorted(in_force.items(), reverse=True):
        held = version.policy.agreements.get(agreement.id)
        same = [one for one in held.grants if one.id == grant.id] if held and held.partner == agreement.partner else []
        if not any(one.purpose == grant.purpose and name in one.fields for one in same):
            break
        since = effective
    return max(since, agreement.term.start or datetime.min.replace(tzinfo=UTC))


def _told(agreement: Agreement, grant: Grant, idle: tuple[UnusedField, ...], *, requests: int) -> UnusedGrant:
    return UnusedGrant(
        partner=agreement.partner,
        agreement=agreement.id,
        grant=grant_name(agreement, grant),
        purpose=grant.purpose,
        products=tuple(sorted(grant.products)),
        requests=requests,
        fields=idle,
    )


def _take_out(agreement: Agreement, grant: Grant, idle: tuple[UnusedField, ...]) -> list[TakeOut]:
    fields = [one.field for one in idle if one.whole]
    name = grant_name(agreement, grant)
    if len(fields) == len(grant.fields):
        return [TakeOut(partner=agreement.partner, agreement=agreement.id, grant=name)]
    return [TakeOut(partner=agreement.partner, agreement=agreement.id, grant=name, field=field) for field in fields]
