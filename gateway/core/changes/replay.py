"""What was really asked, decided again under another policy: who would newly receive which field, and who no longer.

Only the first three gates are asked again. The log names no members, so what a changed population, freshness limit or
notice coverage does to them is not told member by member: `other_rule` counts the requests that it concerns. Nor does
the log say which registered key signed a request: the client's valid key at `at` stands for it, and a client without
one is refused on both sides, as it then would be. Members are counted once per request (延べ), not as persons.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from gateway.core.agreement_gate import signing_keys
from gateway.core.days import Moment
from gateway.core.decide import decide
from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Transform
from gateway.core.request import Bound, DataRequest, Page
from gateway.core.rows import CODE
from gateway.core.state import Snapshot


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question that partners asked, and how often."""

    partner: str
    client: str
    agreement: str
    purpose: str
    product: str | None = None
    case: bool = False
    """Whether a case number was given."""
    page: bool = False
    """Whether a page of the population was asked for; such an answer carries the member code where it is granted as is."""
    fields: tuple[str, ...]
    """Sorted."""
    requests: int = 1
    asked: int = 0
    """Members asked for in all requests; of a page, the records it read, and none where it was refused."""
    released: int = 0


Outcome = Literal["released", "withheld", "changed", "unchanged"]


class FieldEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one field for one partner and purpose."""

    partner: str
    purpose: str
    field: str
    outcome: Outcome
    """Newly released, newly withheld, released with another transform, or as before."""
    before: Transform | None
    after: Transform | None
    requests: int
    members: int
    """Members whose field it would concern: those released; where nothing was allowed before, those asked for."""


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is answered otherwise: refused before and allowed now, or the other way about."""

    question: Asked
    allowed: bool
    """Whether it is allowed now."""
    reasons: tuple[str, ...]
    """Why it is refused now, or was before; `gate:subject:state`, sorted."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of policy would have made of the requests."""

    requests: int
    members: int
    """Members released."""
    fields: tuple[FieldEffect, ...]
    """Sorted by partner, purpose and field."""
    turned: tuple[Turned, ...]
    refused: int
    """Requests that are refused under both."""
    other_rule: int
    """Requests allowed under both, of which other members may be released, or fewer a day."""


class _Answer(msgspec.Struct, frozen=True):
    allowed: bool
    fields: Mapping[str, Transform]
    reasons: tuple[str, ...] = ()
    rule: tuple[Any, ...] = ()


def replay(asked: Iterable[Asked], *, old: Snapshot, new: Snapshot, at: datetime) -> Replayed:
    """Return what would become of each question if it were asked at `at`: under one snapshot, and under another.

    INVARIANT: the same questions and snapshots, whatever their order, make an equal result. Raises ValueError for the
    snapshots of two co-ops.
    """
    if old.coop != new.coop:
        raise ValueError(f"`{old.coop}` and `{new.coop}` are two co-ops; compare snapshots of one")
    requests: Counter[tuple[str, str, str, Transform | None, Transform | None]] = Counter()
    members: Counter[tuple[str, str, str, Transform | None, Transform | None]] = Counter()
    turned, total, released, refused, other_rule = [], 0, 0, 0, 0
    for one in asked:
        total += one.requests
        released += one.released
        before, after = _answer(one, old, at), _answer(one, new, at)
        if before.allowed != after.allowed:
            turned.append(Turned(question=one, allowed=after.allowed, reasons=before.reasons or after.reasons))
        elif not after.allowed:
            refused += one.requests
        elif before.rule != after.rule:
            other_rule += one.requests
        for name in before.fields.keys() | after.fields.keys():
            key = one.partner, one.purpose, name, before.fields.get(name), after.fields.get(name)
            requests[key] += one.requests
            members[key] += one.released if before.allowed else one.asked
    effects = [
        FieldEffect(
            partner=partner,
            purpose=purpose,
            field=field,
            outcome=_outcome(was, now),
            before=was,
            after=now,
            requests=times,
            members=members[partner, purpose, field, was, now],
        )
        for (partner, purpose, field, was, now), times in requests.items()
    ]
    return Replayed(
        requests=total,
        members=released,
        fields=tuple(sorted(effects, key=lambda e: (e.partner, e.purpose, e.field, e.before or "", e.after or ""))),
        turned=tuple(sorted(turned, key=lambda t: msgspec.json.encode(t.question))),
        refused=refused,
        other_rule=other_rule,
    )


def _outcome(before: Transform | None, after: Transform | None) -> Outcome:
    if before == after:
        return "unchanged"
    if before is None:
        return "released"
    return "withheld" if after is None else "changed"


def _answer(question: Asked, snapshot: Snapshot, at: datetime) -> _Answer:
    request = DataRequest(
        coop=snapshot.coop,
        purpose=question.purpose,
        agreement=question.agreement,
        product=question.product,
        # Which number and which members it was makes no difference to the first three gates.
        case="replayed" if question.case else None,
        fields=question.fields,
        members=None if question.page else (),
        page=Page(limit=1) if question.page else None,
    )
    bound = Bound(
        coop=request.coop,
        purpose=request.purpose,
        agreement=request.agreement,
        product=request.product,
        fields=frozenset(request.fields),
    )
    keys = signing_keys(snapshot.partner(question.partner), question.client, Moment(at))
    decision = decide(
        request,
        bound,
        partner=question.partner,
        client=question.client,
        signed_with=min((key.kid for key in keys), default=""),
        snapshot=snapshot,
        at=at,
    )
    match decision:
        case Denial():
            return _Answer(allowed=False, fields={}, reasons=decision.reasons)
        case Permit():
            grant = decision.grant
            fields: dict[str, Transform] = {
                name: transform for name, transform in decision.fields.items() if transform != "drop"
            }
            if question.page and grant.fields.get(CODE) == "as_is":
                fields[CODE] = "as_is"
            rule = (decision.members, grant.population, grant.max_age_days, grant.filters, grant.members_per_day)
            return _Answer(allowed=True, fields=fields, rule=rule)
