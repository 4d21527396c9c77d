"""No grant is wider than the notice: what the agreements of a policy may not say (policy-semantics.md).

The gates deny at run time what is checked here beforehand, so that nobody approves what could never be released. An
agreement is held against every notice that governs within its term: what all of them forbid is a breach, what only
some of them forbid is a caution, since a narrower notice narrows releases in the instant it comes into force.
"""

from collections.abc import Iterator
from datetime import date
from itertools import combinations, pairwise

import msgspec

from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import Span
from gateway.core.notice_gate import ground_of, shared_subjects
from gateway.core.policy import Agreement, Field, Grant, Notice, Policy, Predicate, Purpose, Transform
from gateway.core.transforms import FITS

POPULATION_FACTS = frozenset({"status", "subject", "acquired_under"})
"""Gate facts a population may ask about besides catalogue fields."""

_ACTS = frozenset({Basis.LAW, Basis.LIFE, Basis.PUBLIC_HEALTH, Basis.GOV_COOPERATION})
"""Bases on which one act can stand by itself, beside another with the same partner."""


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a policy says that it may not say."""

    state: str
    path: tuple[str | int, ...]
    """Where in the policy: agreements by partner and id, decisions by id, notices by version."""
    subject: str
    other: str = ""
    notice: str = ""
    """The notice that alone forbids it, where another that governs within the term does not."""
    caution: bool = False
    """Whether it may stand: nothing wider than the notice is released under it."""


def breaches(policy: Policy) -> Iterator[Breach]:
    """Yield everything the policy's agreements may not say; nothing but cautions where it may be published."""
    for agreement in policy.agreements.values():
        yield from breaches_of(policy, agreement)
    yield from overlapping(policy)


def overlapping(policy: Policy) -> Iterator[Breach]:
    """Yield two agreements of one basis with one partner whose terms share a day."""
    for one, two in combinations(policy.agreements.values(), 2):
        # What carries its own end is an act of its own, with its own evidence: a request names the agreement it is under.
        ended = one.basis in _ACTS and (one.evidence_span.end is not None or two.evidence_span.end is not None)
        if (one.partner, one.basis) == (two.partner, two.basis) and not ended and _overlap(one.term, two.term):
            yield Breach(state="overlapping", path=(*_at(two), "term"), subject=two.id, other=one.id)


def breaches_of(policy: Policy, agreement: Agreement) -> Iterator[Breach]:
    """Yield what one agreement may not say beside the notices, catalogue and decisions, and by whose partner it is with.

    No other agreement and no other partner is looked at.
    """
    at = _at(agreement)
    partner = policy.partners.get(agreement.partner)
    if agreement.partner == policy.coop:
        yield Breach(state="own_partner", path=at, subject=agreement.partner)
    elif partner is None:
        yield Breach(state="unknown_partner", path=at, subject=agreement.partner)
    elif partner.country != "JP" and not _decided(policy, agreement, "abroad", partner=partner.id):
        yield Breach(state="abroad", path=at, subject=partner.id, other=partner.country)
    yield from _evidence(agreement)
    for grant in agreement.grants:
        yield from _grant(policy, agreement, grant)
    for one, two in combinations(agreement.grants, 2):
        if one.purpose == two.purpose and (one.products & two.products or not (one.products or two.products)):
            shared = ", ".join(sorted(one.products & two.products))
            where = (*_grant_at(agreement, two), "purpose")
            yield Breach(state="twice", path=where, subject=two.purpose, other=shared or one.purpose)
    yield from _against_notices(policy, agreement)


def _evidence(agreement: Agreement) -> Iterator[Breach]:
    at, needs = _at(agreement), REQUIRED[agreement.basis]
    for clause in needs.clauses:
        if clause not in agreement.clauses:
            yield Breach(state="missing_clause", path=(*at, "clauses"), subject=clause, other=needs.article)
    for fact in needs.facts:
        if fact not in agreement.evidence:
            yield Breach(state="missing_evidence", path=(*at, "evidence"), subject=fact, other=needs.article)
    if needs.ends and agreement.evidence_span.end is None:
        yield Breach(state="missing_evidence", path=(*at, "evidence"), subject="expires", other=needs.article)
    if needs.supervised and agreement.supervision is None:
        yield Breach(state="no_supervision", path=at, subject=agreement.id)


def _grant(policy: Policy, agreement: Agreement, grant: Grant) -> Iterator[Breach]:
    """Yield what is wrong with a grant whatever the notice says."""
    at = _grant_at(agreement, grant)
    for name, transform in grant.fields.items():
        field = policy.fields.get(name)
        if field is None:
            yield Breach(state="unknown_field", path=(*at, "fields", name), subject=name)
            continue
        if not _fits(field, transform):
            yield Breach(state="wrong_transform", path=(*at, "fields", name), subject=name, other=transform)
        if field.product is not None and field.product not in grant.products:
            yield Breach(state="wider_product", path=(*at, "fields", name), subject=name, other=field.product)
        guarded = field.cls != "ordinary" or field.about_others
        if guarded and not _decided(
            policy, agreement, "field_use", field=name, partner=agreement.partner, purpose=grant.purpose
        ):
            why = field.cls if field.cls != "ordinary" else ("minor" if field.minor else field.subject)
            yield Breach(state="field_undecided", path=(*at, "fields", name), subject=name, other=why)
    for position, predicate in enumerate(grant.population):
        yield from condition(policy, predicate, (*at, "population", position))


def _fits(field: Field, transform: Transform) -> bool:
    """Tell whether a transform takes values of this field."""
    match transform:
        case "pairwise_id":
            return field.id == "member_code"
        case "postal_3":
            return field.type == "digits" and field.length == 7 and field.cls == "ordinary"
    types = FITS[transform]
    return types is None or field.type in types


def condition(policy: Policy, predicate: Predicate, at: tuple[str | int, ...]) -> Iterator[Breach]:
    """Yield what is wrong with one condition of a population or cohort."""
    field = policy.fields.get(predicate.field)
    if field is None and predicate.field not in POPULATION_FACTS:
        yield Breach(state="population_unknown", path=at, subject=predicate.field)
        return
    kind = {"integer": int, "boolean": bool}.get(field.type, str) if field else str
    bounds = [bound for bound in (predicate.lowest, predicate.highest) if bound is not None]
    values = [*(predicate.among or ()), *bounds]
    codes = field.codes if field else ()
    right = (
        [predicate.among is not None, predicate.prefixes is not None, bool(bounds)].count(True) == 1
        and all(type(value) is kind and _formed(predicate.field, field, value) for value in values)
        and (predicate.prefixes is None or kind is str)
        and (not codes or predicate.among is None or set(predicate.among) <= set(codes))
    )
    if not right:
        yield Breach(state="population_form", path=at, subject=predicate.field)


def _formed(name: str, field: Field | None, value: object) -> bool:
    """Tell whether a value is written as the field's own are: days and digits are held against it as text."""
    if not isinstance(value, str):
        return True
    if name == "acquired_under" or (field is not None and field.type == "date"):
        return _is_day(value)
    if field is not None and field.type in {"digits", "jis_x0402"}:
        return value.isascii() and value.isdecimal() and len(value) == field.length
    return True


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


# ── grant ⊆ notice ────────────────────────────────────────────────────────────────────────────────────────────────


def _against_notices(policy: Policy, agreement: Agreement) -> Iterator[Breach]:
    held = [notice for notice in _governing(policy, agreement) if notice.held]
    if not held:
        yield Breach(state="no_notice", path=(*_at(agreement), "term"), subject=agreement.id)
        return
    verdicts = {notice.version: list(_within(policy, notice, agreement)) for notice in held}
    told: set[Breach] = set()
    for version, found in verdicts.items():
        for breach in found:
            if breach in told:
                continue
            told.add(breach)
            if all(breach in other for other in verdicts.values()):
                yield breach
            else:
                yield msgspec.structs.replace(breach, caution=True, notice=version)


def _governing(policy: Policy, agreement: Agreement) -> Iterator[Notice]:
    """Yield the notices that govern at some time within the term; each governs until the next begins."""
    speaking = [
        notice
        for notice in policy.notices
        if agreement.programme is None or notice.programmes is None or agreement.programme in notice.programmes
    ]
    for notice, following in pairwise([*speaking, None]):
        assert notice is not None
        ends = [edge for edge in (notice.effective.end, following and following.effective.start) if edge]
        if _overlap(Span(notice.effective.start, min(ends, default=None)), agreement.term):
            yield notice


def _within(policy: Policy, notice: Notice, agreement: Agreement) -> Iterator[Breach]:
    at = _at(agreement)
    if agreement.basis is Basis.JOINT_USE:
        if notice.gaps:
            yield Breach(state="incomplete", path=at, subject=agreement.id, other=notice.version, caution=True)
        if not any(u.partner == agreement.partner and _overlap(u.span, agreement.term) for u in notice.users):
            yield Breach(state="not_a_user", path=at, subject=agreement.partner)
    else:
        ground = ground_of(notice, agreement)
        if ground is None:
            yield Breach(state="no_ground", path=at, subject=agreement.ground or agreement.basis.value)
        elif ground.review and not _decided(policy, agreement, "ground", ground=ground.id):
            yield Breach(state="ground_undecided", path=at, subject=ground.id)
    for grant in agreement.grants:
        yield from _purpose(policy, notice, agreement, grant)
        yield from _products(notice, agreement, grant)
        for user in notice.users:
            if user.partner == agreement.partner and user.filter_required and user.filter_required not in grant.filters:
                where = _grant_at(agreement, grant)
                yield Breach(state="filter_required", path=where, subject=user.filter_required, other=user.partner)
        yield from _fields(policy, notice, agreement, grant)


def _purpose(policy: Policy, notice: Notice, agreement: Agreement, grant: Grant) -> Iterator[Breach]:
    where = (*_grant_at(agreement, grant), "purpose")
    purpose = notice.purposes.get(grant.purpose)
    if purpose is None:
        yield Breach(state="unknown_purpose", path=where, subject=grant.purpose)
        return
    if purpose.uses_only:
        yield Breach(state="use_required", path=where, subject=purpose.id)
    if purpose.bases is not None and agreement.basis not in purpose.bases:
        yield Breach(state="purpose_basis", path=where, subject=purpose.id, other=agreement.basis.value)
    if agreement.basis is Basis.JOINT_USE:
        yield from _joint(policy, notice, agreement, purpose, where)
    subjects = shared_subjects(notice, agreement.basis, purpose)
    if subjects is not None and not subjects:
        yield Breach(state="no_subject", path=where, subject=purpose.id)


def _joint(
    policy: Policy, notice: Notice, agreement: Agreement, purpose: Purpose, where: tuple[str, ...]
) -> Iterator[Breach]:
    if purpose.joint == "no":
        yield Breach(state="purpose_never", path=where, subject=purpose.id)
    # A notice that states no joint purposes is incomplete: nothing leaves under it, and there is nothing to decide on.
    elif (
        purpose.joint == "review"
        and "joint_purposes" not in notice.gaps
        and not _decided(policy, agreement, "purpose", purpose=purpose.id)
    ):
        yield Breach(state="purpose_undecided", path=where, subject=purpose.id)


def _products(notice: Notice, agreement: Agreement, grant: Grant) -> Iterator[Breach]:
    at = _grant_at(agreement, grant)
    if notice.products and not grant.products:
        yield Breach(state="product_required", path=at, subject=grant.id)
    elif grant.products and not notice.products:
        yield Breach(state="no_products", path=(*at, "products"), subject=grant.id)
    elif unknown := grant.products - notice.products:
        yield Breach(state="unknown_product", path=(*at, "products"), subject=", ".join(sorted(unknown)))


def _fields(policy: Policy, notice: Notice, agreement: Agreement, grant: Grant) -> Iterator[Breach]:
    # A console checks every field of every grant whenever one cell is saved: what holds for all of them is asked once.
    at = (*_grant_at(agreement, grant), "fields")
    purposes = {grant.purpose, grant.purpose.partition(".")[0]}
    ground = None if agreement.basis is Basis.JOINT_USE else ground_of(notice, agreement)
    by_items = agreement.basis is Basis.JOINT_USE and "items" not in notice.gaps
    for name in grant.fields:
        field = policy.fields.get(name)
        if field is None:
            continue
        named = notice.class_purposes.get(field.cls)
        if named is not None and not purposes & named:
            yield Breach(state="class_purpose", path=(*at, field.id), subject=field.id, other=grant.purpose)
        if ground is not None and ground.contact_only and not field.contact:
            yield Breach(state="not_contact", path=(*at, field.id), subject=field.id, other=ground.id)
        if by_items:
            yield from _item(policy, notice, agreement, field, (*at, field.id))


def _item(
    policy: Policy, notice: Notice, agreement: Agreement, field: Field, where: tuple[str, ...]
) -> Iterator[Breach]:
    item = notice.items.get(field.item)
    if item is None or field.cls in item.never:
        yield Breach(state="item_not_stated", path=where, subject=field.id, other=field.item)
    elif field.id not in item.fields:
        kind = "open_item" if item.open else "item_field"
        if not _decided(policy, agreement, kind, field=field.id, item=item.id):
            yield Breach(state="unresolved", path=where, subject=field.id, other=item.id)


def _at(agreement: Agreement) -> tuple[str, ...]:
    return ("agreements", agreement.partner, agreement.id)


def _grant_at(agreement: Agreement, grant: Grant) -> tuple[str, ...]:
    return (*_at(agreement), "grants", grant.id.rpartition(".")[2])


def _decided(
    policy: Policy,
    agreement: Agreement,
    kind: str,
    *,
    field: str | None = None,
    partner: str | None = None,
    purpose: str | None = None,
    item: str | None = None,
    ground: str | None = None,
) -> bool:
    """Tell whether a decision of this kind covers what is named on some day of the agreement's term."""
    return any(
        d.kind == kind
        and (field is None or field in d.fields)
        and (partner is None or partner == d.partner)
        and (purpose is None or purpose in d.purposes)
        and (item is None or item == d.item)
        and (ground is None or ground == d.ground)
        and _overlap(d.span, agreement.term)
        for d in policy.decisions
    )


def _overlap(one: Span, two: Span) -> bool:
    return _ends_after(one, two) and _ends_after(two, one)


def _ends_after(one: Span, two: Span) -> bool:
    return one.end is None or two.start is None or one.end > two.start
