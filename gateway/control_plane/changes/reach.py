"""対象人数: how many members a new or widened grant would reach, counted by walking the population at the member system.

Only what gate 4 and the population's conditions read is asked for, none of the granted fields; of what comes, numbers
alone are kept. The walk ends after so many rows or seconds, and then says so. The partner counts as active, with keys:
a grant is prepared before its partner's keys are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

import msgspec

from gateway.control_plane.grants.what_if import proposed
from gateway.core.changes.comparison import compare, grant_name, grant_path
from gateway.core.changes.proposal import Proposal
from gateway.core.days import ALWAYS, Moment
from gateway.core.decide import decide
from gateway.core.member_gate import member_gate
from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Agreement, Grant, Policy
from gateway.core.request import Bound, DataRequest, Page
from gateway.core.rows import plan_rows
from gateway.core.state import ClientKey, PartnerState, Snapshot
from gateway.ports import Checked, Clock, Query, Source, Unavailable
from gateway.tlog.entries import instant
from gateway.tlog.jcs import canonical

PAGE: Final = 1_000
MOST_ROWS: Final = 100_000
SECONDS: Final = 15.0
_STAND_IN: Final = "stand-in"

TagOf = Callable[[str], bytes]
"""Member code → the tag by which the gateway's own stops name the member."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How many members one grant would reach for one product class."""

    partner: str
    agreement: str
    grant: str
    purpose: str
    product: str | None
    members: int
    """Members that could be released as of then."""
    read: int
    """Records of the population that were looked at."""
    malformed: int
    cut: Literal["", "rows", "time"]
    """Why not all of the population was walked."""
    barred: tuple[str, ...]
    """Why gates 1 to 3 would release nobody; `gate:subject:state`."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted for a proposal, as of one instant; nothing of any member."""

    kind: Literal["reach"] = "reach"
    coop: str
    proposal: str
    content: str
    """Digest of the files that it was counted for."""
    at: str
    made: str
    rows: tuple[Reach, ...]

    def canonical(self) -> bytes:
        """Return it as canonical JSON (RFC 8785)."""
        return canonical(msgspec.to_builtins(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Counted":
        """Return what canonical bytes hold. Raises ValueError where they hold something else."""
        return msgspec.json.decode(data, type=Counted)


Count = Callable[[Proposal, Checked, Snapshot], Awaitable[Counted]]
"""(a proposal, what its files say, what is in force) → whom it would reach; raises Unavailable."""


async def count(
    source: Source,
    snapshot: Snapshot,
    policy: Policy,
    proposal: Proposal,
    *,
    clock: Clock,
    tag_of: TagOf,
    most: int = MOST_ROWS,
    seconds: float = SECONDS,
) -> Counted:
    """Return whom each new or widened grant of a proposed policy would reach when it comes into force.

    The gates of notice, agreement and grant are asked as of then, the members as they are now: nobody's data of a later
    day is known. At most `most` records are read for one grant, and `seconds` spent on all. Raises Unavailable where the member system
    does not answer, ValueError for the policy of another co-op.
    """
    now = clock()
    at = now if proposal.effective is None else max(now, proposal.effective)
    before = snapshot.policy_at(Moment(at))
    walk = partial(_walk, source, tag_of=tag_of, clock=clock, most=most, ends=now + timedelta(seconds=seconds))
    rows = []
    for agreement, grant in _widened(before, policy):
        for product in (*sorted(grant.products),) or (None,):
            asked = _asked(snapshot, policy, agreement, grant, product, at=at)
            rows.append(await walk(asked, agreement, grant, product))
    return Counted(
        coop=proposal.coop,
        proposal=proposal.id,
        content=proposal.content,
        at=instant(at),
        made=instant(now),
        rows=tuple(rows),
    )


def _widened(before: Policy | None, policy: Policy) -> Iterator[tuple[Agreement, Grant]]:
    """Yield the grants that are new, or of which something could let more out."""
    paths = {one.path[:5] for one in compare(before, policy) if one.wider and "grants" in one.path[3:4]}
    for _, agreement in sorted(policy.agreements.items()):
        for grant in agreement.grants:
            if grant_path(agreement, grant) in paths:
                yield agreement, grant


def _asked(
    snapshot: Snapshot, policy: Policy, agreement: Agreement, grant: Grant, product: str | None, *, at: datetime
) -> Permit | Denial:
    """Return how gates 1 to 3 would answer a page of all that the grant gives."""
    partner = policy.partners[agreement.partner]
    able = msgspec.structs.replace(partner, clients=frozenset({_STAND_IN}))
    policy = msgspec.structs.replace(policy, partners={**policy.partners, partner.id: able})
    state = PartnerState(active=True, keys=(_key("sig"), _key("enc")))
    supposed = proposed(snapshot, policy, at)
    supposed = msgspec.structs.replace(supposed, partners={**snapshot.partners, partner.id: state})
    fields = tuple(sorted(grant.fields))
    bound = Bound(
        coop=policy.coop, purpose=grant.purpose, agreement=agreement.id, product=product, fields=frozenset(fields)
    )
    request = DataRequest(
        coop=policy.coop,
        purpose=grant.purpose,
        agreement=agreement.id,
        product=product,
        case=grant.case or "counted",
        fields=fields,
        members=None,
        page=Page(limit=1),
    )
    return decide(request, bound, partner=partner.id, client=_STAND_IN, signed_with=_STAND_IN, snapshot=supposed, at=at)


def _key(use: Literal["sig", "enc"]) -> ClientKey:
    return ClientKey(client=_STAND_IN, kid=_STAND_IN, use=use, alg="", thumbprint="", jwk={}, span=ALWAYS)


async def _walk(
    source: Source,
    permit: Permit | Denial,
    agreement: Agreement,
    grant: Grant,
    product: str | None,
    *,
    tag_of: TagOf,
    clock: Clock,
    most: int,
    ends: datetime,
) -> Reach:
    reach = Reach(
        partner=agreement.partner,
        agreement=agreement.id,
        grant=grant_name(agreement, grant),
        purpose=grant.purpose,
        product=product,
        members=0,
        read=0,
        malformed=0,
        cut="",
        barred=permit.reasons if isinstance(permit, Denial) else (),
    )
    if isinstance(permit, Denial):
        return reach
    query = _query(permit, product)
    while True:
        if clock() >= ends:
            return msgspec.structs.replace(reach, cut="time")
        if reach.read >= most:
            return msgspec.structs.replace(reach, cut="rows")
        try:
            records = await source.read(query, deadline=ends)
        except Unavailable:
            if clock() < ends:
                raise
            continue
        # Off the loop: others' pages wait on it.
        members = await asyncio.to_thread(_admitted, permit, records.rows, clock(), tag_of)
        reach = msgspec.structs.replace(
            reach,
            members=reach.members + members,
            read=reach.read + len(records.rows) + len(records.refused),
            malformed=reach.malformed + len(records.refused),
        )
        if records.next is None:
            return reach
        query = msgspec.structs.replace(query, after=records.next)


def _query(permit: Permit, product: str | None) -> Query:
    """Return the first page: the code, the facts of gate 4 and the fields of conditions, and no field more."""
    conditions = [*permit.grant.population, *(each for one in permit.members.cohorts for each in one.selectors)]
    fields = permit.policy.fields
    read = {"member_code", *(one.field for one in conditions if one.field in fields)}
    return Query(
        rows=plan_rows([fields[name] for name in sorted(read)], permit.policy.source),
        product=product,
        filters=permit.grant.filters,
        limit=PAGE,
        population=permit.grant.population,
    )


def _admitted(permit: Permit, rows: list[Any], now: datetime, tag_of: TagOf) -> int:
    return len(member_gate(permit, Moment(now), tag_of)(rows)[1])
