"""試す (what-if): how the gates would answer a question, without anybody asking it: nothing is logged, nothing released.

The first three gates answer (core/decide.py), under the version in force at an instant or under a proposed one as if it
were in force then. No member is asked about, so what gate 4 asks of each member is not told. Agreements, keys and
policies count as of that instant; whether a partner is suspended is known as of now alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from gateway.control_plane.grants.matrix_words import Closed
from gateway.control_plane.grants.reason_words import gate_of, in_words
from gateway.core.agreement_gate import encryption_key, signing_keys
from gateway.core.bases import Basis
from gateway.core.changes.comparison import condition_text
from gateway.core.changes.sentence import sentence
from gateway.core.days import FOREVER, Moment
from gateway.core.decide import decide
from gateway.core.outcome import Denial, Permit, Slug
from gateway.core.policy import Policy, Transform
from gateway.core.reasons import Gate
from gateway.core.request import Bound, DataRequest
from gateway.core.state import PartnerState, Snapshot, Version

PurposeNames = Mapping[str, tuple[str, str]]
"""Purpose → its published name (Japanese, English)."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner would ask."""

    partner: str
    purpose: str
    product: str | None = None
    case: bool = False
    """Whether a case number would be given."""
    fields: tuple[str, ...]
    agreement: str | None = None
    """None: under each of its agreements."""


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """The first three gates would hold."""

    agreement: str
    basis: Basis
    article: str
    notice: str
    grant: str
    fields: Mapping[str, Transform]
    """The asked fields in the order asked."""
    population: tuple[str, ...]
    """Conditions in signs; none: everybody of the notice and purpose."""
    filters: Mapping[str, str]
    max_age_days: int
    retention_days: int
    members_per_day: int | None
    valid_until: datetime | None
    """When this answer may change; None: nothing that is known would change it."""
    said: tuple[str, str]
    """The whole grant as a sentence, (Japanese, English)."""


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing would be released, and why (提供しない理由)."""

    agreement: str | None
    """None: the partner has none."""
    basis: Basis | None
    notice: str | None
    slug: Slug
    gate: Gate
    """The gate that answers; what the later ones would say is not asked."""
    reasons: tuple[Closed, ...]
    valid_until: datetime | None


Answer = Allowed | Withheld


def proposed(snapshot: Snapshot, policy: Policy, at: datetime) -> Snapshot:
    """Return a snapshot in which `policy` comes into force at `at`. Raises ValueError for the policy of another co-op."""
    if policy.coop != snapshot.coop:
        raise ValueError(f"the policy is of `{policy.coop}`, not of `{snapshot.coop}`; try it there")
    version = Version(effective=at, index=snapshot.gov + 1, policy=policy)
    return msgspec.structs.replace(snapshot, versions=(*snapshot.versions, version))


def answers(
    question: Question, snapshot: Snapshot, *, at: datetime, purposes: PurposeNames | None = None
) -> tuple[Answer, ...]:
    """Return how the question would be answered at `at`, for each agreement that it could be asked under, by its id.

    INVARIANT: each is what core.decide answers; there is always one at least.
    """
    policy = snapshot.policy_at(Moment(at))
    return tuple(
        _answer(question, agreement, snapshot, at=at, purposes=purposes) for agreement in _agreements(question, policy)
    )


def client_of(policy: Policy | None, partner: str, state: PartnerState, at: datetime) -> str:
    """Return the client that stands for a partner: one with both keys valid if it has one, else its first by name.

    A partner without clients is asked for by its own name, which is then no client of it.
    """
    who = None if policy is None else policy.partners.get(partner)
    clients = sorted(who.clients) if who is not None else []
    moment = Moment(at)
    able = [
        one for one in clients if signing_keys(state, one, moment) and encryption_key(state, one, moment) is not None
    ]
    return next(iter([*able, *clients]), partner)


def _agreements(question: Question, policy: Policy | None) -> Sequence[str | None]:
    if question.agreement is not None:
        return [question.agreement]
    agreements = () if policy is None else policy.agreements.values()
    return sorted(one.id for one in agreements if one.partner == question.partner) or [None]


def _case(agreement: str | None, question: Question, policy: Policy | None) -> str:
    known = None if policy is None or agreement is None else policy.agreements.get(agreement)
    grant = None if known is None else known.grant_for(question.purpose, question.product)
    return "what-if" if grant is None or grant.case is None else grant.case


def _answer(
    question: Question, agreement: str | None, snapshot: Snapshot, *, at: datetime, purposes: PurposeNames | None
) -> Answer:
    # Where there is no agreement, the reason names the partner that has none.
    asked = DataRequest(
        coop=snapshot.coop,
        purpose=question.purpose,
        agreement=question.partner if agreement is None else agreement,
        product=question.product,
        # Which number it would be makes no difference, but where the grant names it; and no member is named.
        case=_case(agreement, question, snapshot.policy_at(Moment(at))) if question.case else None,
        fields=question.fields,
        members=(),
    )
    bound = Bound(
        coop=asked.coop,
        purpose=asked.purpose,
        agreement=asked.agreement,
        product=asked.product,
        fields=frozenset(asked.fields),
    )
    state = snapshot.partner(question.partner)
    client = client_of(snapshot.policy_at(Moment(at)), question.partner, state, at)
    decision = decide(
        asked,
        bound,
        partner=question.partner,
        client=client,
        signed_with=min((key.kid for key in signing_keys(state, client, Moment(at))), default=""),
        snapshot=snapshot,
        at=at,
    )
    match decision:
        case Permit():
            return _allowed(decision, purposes)
        case Denial():
            return _withheld(decision, agreement)


def _allowed(permit: Permit, purposes: PurposeNames | None) -> Allowed:
    grant = permit.grant
    return Allowed(
        agreement=permit.agreement,
        basis=permit.basis,
        article=permit.article,
        notice=permit.notice,
        grant=grant.id,
        fields=permit.fields,
        population=tuple(map(condition_text, grant.population)),
        filters=grant.filters,
        max_age_days=grant.max_age_days,
        retention_days=grant.retention_days,
        members_per_day=grant.members_per_day,
        valid_until=_until(permit.valid_until),
        said=sentence(permit.policy, permit.policy.agreements[permit.agreement], grant, purposes=purposes),
    )


def _withheld(denial: Denial, agreement: str | None) -> Withheld:
    return Withheld(
        agreement=agreement,
        basis=denial.basis,
        notice=denial.notice,
        slug=denial.slug,
        gate=gate_of(denial.reasons[0]),
        reasons=tuple(map(in_words, denial.reasons)),
        valid_until=_until(denial.valid_until),
    )


def _until(edge: datetime | None) -> datetime | None:
    return None if edge is None or edge >= FOREVER else edge
