"""公表・許諾・実績の差 (gap report): what the notice allows, what agreements grant, what was really asked and released.

A row is a partner, a purpose and a field. What counts is where the three differ: granted and never released, released
in the period and granted no longer, granted and no longer within the notice, asked for in vain, published and not
granted. Only the log's own counts are read: how many members were asked for and released, never who (延べ人数).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

import msgspec

from gateway.control_plane.changes.asked import Looked, look_back
from gateway.core.bases import Basis
from gateway.core.changes.comparison import grant_name
from gateway.core.changes.replay import Asked
from gateway.core.days import ALWAYS, Moment
from gateway.core.notice_gate import check_notice, governing
from gateway.core.policy import Agreement, Policy, Transform
from gateway.core.rows import CODE
from gateway.core.state import Snapshot
from gateway.ports import Log
from gateway.tlog.entries import instant

DAYS: Final = 90
MOST: Final = 1_000_000
"""Entries read: a report may take longer than a preview."""

Kind = Literal["outside", "ended", "unreleased", "refused", "ungranted", "same"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""What deserves a look first, first; `same` is no gap."""
GAPS: Final[tuple[Kind, ...]] = ("outside", "ended", "unreleased", "refused")
"""Those that a reader sees unasked: what is published and not granted is default deny at work."""


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A grant in term that gives a field."""

    agreement: str
    grant: str
    """The grant's name in the agreement."""
    products: tuple[str, ...]
    transform: Transform


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """One partner, purpose and field."""

    kind: Kind
    partner: str
    purpose: str
    field: str
    item: str
    """The item of the notice that the field stands under."""
    noticed: bool
    """Whether the governing notice lets this partner have the field for this purpose."""
    granted: tuple[Granted, ...]
    requests: int
    """Requests of the period that asked for it, refused ones among them."""
    released: int
    """Members whose value was released, counted once a request."""


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """The report as of one instant."""

    coop: str
    policy: str | None
    """Digest of the version in force, None where there is none."""
    start: str
    """The period's beginning; later than was wished where not all of the log was read."""
    end: str
    log: Looked
    rows: tuple[Gap, ...]
    """Sorted by partner, purpose and field."""


_Key = tuple[str, str, str]


async def gaps(log: Log, snapshot: Snapshot, *, now: datetime, days: int = DAYS, most: int = MOST) -> Gaps:
    """Return where notice, grants and the releases of the last `days` differ, and where they do not. Raises Unavailable."""
    looked, asked = await look_back(
        log, snapshot.coop, since=now - timedelta(days=days), most=most, most_questions=most
    )
    policy = snapshot.policy_at(Moment(now))
    # Off the loop: every purpose of every partner is put to the first gate.
    rows = () if policy is None else await asyncio.to_thread(_rows, policy, asked, now)
    return Gaps(
        coop=snapshot.coop,
        policy=policy.digest if policy is not None else None,
        start=looked.reached,
        end=instant(now),
        log=looked,
        rows=rows,
    )


def _rows(policy: Policy, asked: Iterable[Asked], now: datetime) -> tuple[Gap, ...]:
    moment = Moment(now)
    noticed = set(_noticed(policy, moment))
    granted: defaultdict[_Key, list[Granted]] = defaultdict(list)
    for key, one in _granted(policy, moment):
        granted[key].append(one)
    requests: defaultdict[_Key, int] = defaultdict(int)
    released: defaultdict[_Key, int] = defaultdict(int)
    for question in asked:
        for key in _asked(question, policy):
            requests[key] += question.requests
            released[key] += question.released
    rows = []
    for key in sorted(noticed | granted.keys() | requests.keys()):
        partner, purpose, field = key
        known = policy.fields.get(field)
        rows.append(
            Gap(
                kind=_kind(
                    noticed=key in noticed, granted=granted.get(key, ()), released=released[key], of=requests[key]
                ),
                partner=partner,
                purpose=purpose,
                field=field,
                item="" if known is None else known.item,
                noticed=key in noticed,
                granted=tuple(granted.get(key, ())),
                requests=requests[key],
                released=released[key],
            )
        )
    return tuple(rows)


def _kind(*, noticed: bool, granted: Iterable[Granted], released: int, of: int) -> Kind:
    grants = list(granted)
    if not grants:
        return "ended" if released else "refused" if of else "ungranted"
    if not noticed:
        return "outside"
    # What is dropped may be asked for and is never given: nothing is missing.
    given = any(one.transform != "drop" for one in grants)
    return "same" if released or not given else "unreleased"


def _noticed(policy: Policy, moment: Moment) -> Iterator[_Key]:
    """Yield what the governing notice would let each partner have, by its agreements in term, else as a joint user."""
    for agreement in _possible(policy, moment):
        notice = governing(policy, agreement.programme, moment)
        if notice is None:
            continue
        for purpose in notice.purposes:
            reasons = check_notice(
                policy,
                notice,
                agreement,
                purpose=purpose,
                product=min(notice.products, default=None),
                fields=list(policy.fields.values()),
                moment=moment,
            )
            barred = {reason.split(":")[1] for reason in reasons}
            if barred <= policy.fields.keys():
                yield from ((agreement.partner, purpose, field) for field in policy.fields.keys() - barred)


def _possible(policy: Policy, moment: Moment) -> Iterator[Agreement]:
    joint = set()
    for agreement in policy.agreements.values():
        if moment.within(agreement.term):
            yield agreement
            if agreement.basis is Basis.JOINT_USE:
                joint.add(agreement.partner)
    users = {user.partner for notice in policy.notices for user in notice.users}
    for partner in sorted(users - joint):
        yield Agreement(
            id="",
            partner=partner,
            basis=Basis.JOINT_USE,
            term=ALWAYS,
            clauses=frozenset(),
            evidence=frozenset(),
            grants=(),
        )


def _granted(policy: Policy, moment: Moment) -> Iterator[tuple[_Key, Granted]]:
    for _, agreement in sorted(policy.agreements.items()):
        if not moment.within(agreement.term):
            continue
        for grant in agreement.grants:
            for field, transform in grant.fields.items():
                yield (
                    (agreement.partner, grant.purpose, field),
                    Granted(
                        agreement=agreement.id,
                        grant=grant_name(agreement, grant),
                        products=tuple(sorted(grant.products)),
                        transform=transform,
                    ),
                )


def _asked(question: Asked, policy: Policy) -> Iterator[_Key]:
    for field in question.fields:
        yield question.partner, question.purpose, field
    agreement = policy.agreements.get(question.agreement)
    grant = agreement.grant_for(question.purpose, question.product) if agreement is not None else None
    carries = grant is not None and grant.fields.get(CODE) == "as_is"
    if question.page and carries and CODE not in question.fields:
        # A page carries the code, asked for or not.
        yield question.partner, question.purpose, CODE
