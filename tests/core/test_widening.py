"""No widening goes untold: what is said to be no wider releases nothing new, of any request and any record."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st
from msgspec.structs import replace

from gateway.core.bases import Basis
from gateway.core.changes.comparison import compare, widens
from gateway.core.changes.replay import Asked, replay
from gateway.core.changes.widening import WEAKER
from gateway.core.days import Span, days
from gateway.core.outcome import Permit
from gateway.core.policy import Decision, Ground, Policy, User
from gateway.core.request import DataRequest
from tests import factories as make
from tests.core.test_comparison import (
    ACTIVE,
    BORN_1980,
    BORN_1990,
    EARLIER,
    IN_06,
    IN_06_07,
    IN_062,
    LATER,
    OLD,
    agreeing,
    fields_of_grant,
    granting,
    noticing,
    purposing,
)
from tests.core.test_properties import decision_of, fitting, policies, records, released, requests

ALLOWED = ("birth_date", "delivery_day", "member_code", "municipality_code", "name", "phone", "postal_code")
POPULATIONS = st.lists(st.sampled_from([IN_06, IN_06_07, IN_062, ACTIVE, BORN_1980, BORN_1990]), max_size=2).map(tuple)
ADMITTED = st.fixed_dictionaries(
    {
        "status": st.just("active"),
        "subject": st.sampled_from(["member", "member", "member", "staff"]),
        "acquired_under": st.just("2022-04-01"),
        "municipality_code": st.sampled_from(["062031", "063011", "072010", "131016", None]),
    }
)
"""What the member gate reads, as most members have it: a population is then what tells them apart."""
SPANS = st.sampled_from([make.YEAR, LATER, EARLIER, days(None, date(2026, 11, 21)), Span()])


@st.composite
def bases(draw: st.DrawFn) -> Policy:
    """A policy under which most is released, or any."""
    if not draw(st.integers(0, 3)):
        return draw(policies())
    names = draw(st.sets(st.sampled_from(ALLOWED), min_size=2))
    fields = {name: draw(fitting(make.FIELDS[name])) for name in sorted(names)}
    population = draw(st.just(()) | POPULATIONS)
    return granting(fields=fields, population=population, max_age_days=draw(st.sampled_from([7, 60])))


@st.composite
def edits(draw: st.DrawFn, policy: Policy) -> Policy:
    """A policy after one or two random edits of what it grants, demands and publishes."""
    for _ in range(draw(st.integers(1, 2))):
        agreement, notice = policy.agreements["a-1"], policy.notices[0]
        grant, partner = agreement.grants[0], policy.partners["sunnet"]
        match draw(st.integers(0, 13)):
            case 0:
                name = draw(st.sampled_from(sorted(policy.fields)))
                policy = granting(policy, fields={**grant.fields, name: draw(fitting(policy.fields[name]))})
            case 1 | 2:
                left = draw(st.sets(st.sampled_from(sorted(grant.fields)), min_size=1))
                policy = granting(policy, fields={k: v for k, v in grant.fields.items() if k in left})
            case 3:
                name = draw(st.sampled_from(sorted(grant.fields)))
                policy = granting(policy, fields={**grant.fields, name: draw(fitting(policy.fields[name]))})
            case 4:
                policy = granting(policy, population=draw(POPULATIONS))
            case 5:
                policy = granting(policy, max_age_days=draw(st.integers(1, 60)))
            case 6:
                policy = granting(policy, products=draw(st.sets(st.sampled_from(["G1", "G2"])).map(frozenset)))
            case 7:
                changed = replace(agreement, term=draw(SPANS), supervision=draw(st.none() | SPANS))
                policy = replace(policy, agreements={"a-1": changed})
            case 8:
                clauses = draw(st.sets(st.sampled_from(sorted(make.agreement().clauses))).map(frozenset))
                policy = replace(policy, agreements={"a-1": replace(agreement, clauses=clauses)})
            case 9:
                kept = draw(st.sets(st.sampled_from(policy.decisions))) if policy.decisions else set()
                more = draw(policies()).decisions if draw(st.booleans()) else ()
                by_id = {one.id: one for one in (*more, *sorted(kept, key=lambda one: one.id))}
                policy = replace(policy, decisions=tuple(by_id.values()))
            case 10:
                purpose = replace(
                    notice.purposes["P4"],
                    joint=draw(st.sampled_from(["yes", "review", "no"])),
                    marketing=draw(st.booleans()),
                    case_required=draw(st.booleans()),
                    subjects=draw(st.sampled_from([None, frozenset({"member"}), frozenset({"staff"})])),
                )
                changes = {"purposes": {**notice.purposes, "P4": purpose}}
                policy = replace(policy, notices=(replace(notice, **changes),))
            case 11:
                changed_notice = replace(
                    notice,
                    published=draw(SPANS),
                    gaps=draw(st.sampled_from([(), ("items",)])),
                    products=draw(st.sampled_from([frozenset(), frozenset({"G1"}), frozenset({"G1", "G2"})])),
                    joint_subjects=draw(st.sampled_from([None, frozenset({"member"}), frozenset({"member", "staff"})])),
                )
                policy = replace(policy, notices=(changed_notice,))
            case 12:
                name = draw(st.sampled_from(sorted(policy.fields)))
                field = replace(
                    policy.fields[name],
                    nullable=draw(st.booleans()),
                    minor=draw(st.booleans()),
                    cls=draw(st.sampled_from(["ordinary", "special_care"])),
                    product=draw(st.sampled_from([None, "G1", "G2"])),
                )
                policy = replace(policy, fields={**policy.fields, name: field})
            case _:
                clients = draw(st.sampled_from([frozenset(), frozenset({"c-1"})]))
                country = draw(st.sampled_from(["JP", "DE"]))
                policy = replace(policy, partners={"sunnet": replace(partner, clients=clients, country=country)})
    return policy


def asked_of(question: DataRequest, *, page: bool = False) -> Asked:
    return Asked(
        partner="sunnet",
        client="c-1",
        agreement=question.agreement,
        purpose=question.purpose,
        product=question.product,
        page=page,
        fields=tuple(sorted(question.fields)),
        asked=3,
        released=2,
    )


def held_to(old: Policy, new: Policy, question: DataRequest, record: dict[str, Any], *, page: bool = False) -> None:
    """Assert that under `new` nothing leaves that did not leave under `old`, of a request and of a record."""
    told = replay([asked_of(question, page=page)], old=make.snapshot(old), new=make.snapshot(new), at=make.NOON)
    assert not any(one.allowed for one in told.turned)
    for effect in told.fields:
        assert effect.outcome != "released"
        if effect.outcome == "changed":
            assert effect.before is not None
            assert effect.after in WEAKER[effect.before]
    before, after = decision_of(old, question), decision_of(new, question)
    if isinstance(after, Permit):
        assert isinstance(before, Permit)
        now, was = released(after, record), released(before, record)
        if now is not None:
            assert was is not None, "a member is released who was not"
            for name, value in now.items():
                assert after.fields[name] in WEAKER[before.fields[name]] or value == was[name]


@settings(max_examples=150)
@given(st.data())
def test_where_no_difference_widens_nothing_new_is_released(data: st.DataObject) -> None:
    base = data.draw(bases())
    # To and fro: what an edit shuts, its way back opens.
    old, new = data.draw(st.permutations([base, data.draw(edits(base))]))
    assume(not any(map(widens, compare(old, new))))
    question = data.draw(requests(new.agreements["a-1"].grants[0]))
    record = data.draw(records()) | (data.draw(ADMITTED) if data.draw(st.integers(0, 3)) else {})
    held_to(old, new, question, record, page=data.draw(st.booleans()))


ENDED = days(None, date(2026, 11, 21))
CARE = Decision(
    id="d-2",
    kind="field_use",
    span=make.YEAR,
    fields=frozenset({"name"}),
    partner="sunnet",
    purposes=frozenset({"P4"}),
)

READING = Decision(id="d-3", kind="purpose", span=make.YEAR)
COHORT = Decision(id="d-4", kind="cohort", span=make.YEAR, versions=frozenset({"2018-03-08"}))


def deciding(**changes: Any) -> Policy:
    return replace(OLD, decisions=(replace(make.OPEN_ITEM, **changes),))


def catalogued(**changes: Any) -> Policy:
    return replace(OLD, fields={**OLD.fields, "name": replace(OLD.fields["name"], **changes)})


def itemised(**changes: Any) -> Policy:
    items = make.notice().items
    return noticing(items={**items, "I1": replace(items["I1"], **changes)})


def grounded(**changes: Any) -> Policy:
    law = Ground(id="law", basis=Basis.LAW)
    return replace(
        noticing(grounds={"law": replace(law, **changes)}), agreements={"a-1": make.agreement(basis=Basis.LAW)}
    )


VARIANTS: dict[str, list[Policy]] = {
    "grant.fields": [
        granting(fields=one) for one in (fields_of_grant(), fields_of_grant(name="mask"), {"name": "drop"})
    ],
    "grant.population": [
        granting(population=one) for one in ((), (IN_06,), (IN_06_07,), (IN_062,), (BORN_1980, IN_06))
    ],
    "grant.products": [granting(products=frozenset(one)) for one in (("G1",), ("G1", "G2"), ("G2",), ())],
    "grant.max_age_days": [granting(max_age_days=one) for one in (0, 1, 60)],
    "grant.purpose": [granting(purpose=one) for one in ("P4", "P6")],
    "agreement.term": [agreeing(term=one) for one in (make.YEAR, ENDED, EARLIER, Span())],
    "agreement.clauses": [agreeing(clauses=one) for one in (make.agreement().clauses, frozenset({"secrecy"}))],
    "agreement.supervision": [agreeing(supervision=one) for one in (None, make.YEAR, ENDED)],
    "agreement.evidence": [
        replace(
            noticing(grounds={"life": Ground(id="life", basis=Basis.LIFE)}),
            agreements={"a-1": make.agreement(basis=Basis.LIFE, **one)},
        )
        for one in ({}, {"evidence": frozenset({"subjects"})}, {"evidence_span": Span()}, {"evidence_span": ENDED})
    ],
    "agreement.basis": [OLD, replace(OLD, agreements={"a-1": make.agreement(basis=Basis.LAW)})],
    "purpose.joint": [purposing(joint=one) for one in ("yes", "review", "no")],
    "purpose.marketing": [purposing(marketing=one) for one in (False, True)],
    "purpose.case": [purposing(case_required=one) for one in (False, True)],
    "purpose.uses_only": [purposing(uses_only=one) for one in (False, True)],
    "purpose.subjects": [purposing(subjects=one) for one in (None, frozenset({"member"}), frozenset({"staff"}))],
    "purpose.bases": [purposing(bases=one) for one in (None, frozenset(), frozenset({Basis.JOINT_USE}))],
    "notice.published": [noticing(published=one) for one in (Span(), ENDED, LATER)],
    "notice.effective": [
        noticing(effective=one) for one in (Span(), ENDED, LATER, Span(make.NOON + timedelta(days=9)))
    ],
    "notice.gaps": [noticing(gaps=one) for one in ((), ("users",), ("items", "users"))],
    "notice.programmes": [noticing(programmes=one) for one in (None, frozenset({"sukusuku"}), frozenset({"other"}))],
    "notice.joint_subjects": [
        noticing(joint_subjects=one) for one in (None, frozenset({"member"}), frozenset({"staff"}))
    ],
    "notice.products": [noticing(products=frozenset(one)) for one in (("G1",), ("G1", "G2"), ("G2",), ())],
    "notice.held": [noticing(held=one) for one in (True, False)],
    "notice.classes": [
        replace(
            noticing(class_purposes=one),
            fields={**OLD.fields, "name": replace(OLD.fields["name"], cls="financial")},
            decisions=(make.OPEN_ITEM, CARE),
        )
        for one in ({}, {"financial": frozenset({"P1"})}, {"financial": frozenset({"P1", "P4"})})
    ],
    "notice.users": [
        noticing(users=one)
        for one in (
            (),
            make.notice().users,
            (User(partner="sunnet", span=ENDED),),
            (User(partner="sunnet", span=LATER, filter_required="insurer"),),
        )
    ],
    "item.fields": [itemised(fields=frozenset(one)) for one in ((), ("name",))],
    "item.never": [itemised(never=frozenset(one)) for one in ((), ("ordinary",))],
    "ground": [
        OLD,
        *(grounded(**one) for one in ({}, {"case_required": True}, {"contact_only": True}, {"review": True})),
    ],
    "decision.span": [deciding(span=one) for one in (make.YEAR, ENDED, EARLIER)],
    "decision.fields": [deciding(fields=frozenset(one)) for one in ((), ("delivery_day",))],
    "catalogue.nullable": [catalogued(nullable=one) for one in (True, False)],
    "catalogue.minor": [catalogued(minor=one) for one in (True, False)],
    "catalogue.subject": [catalogued(subject=one) for one in ("member", "gift")],
    "catalogue.product": [catalogued(product=one) for one in (None, "G1", "G2")],
    "catalogue.max_length": [catalogued(max_length=one) for one in (1, 60, None)],
    "catalogue.class": [catalogued(cls=one) for one in ("ordinary", "financial")],
    "partner.country": [
        replace(OLD, partners={"sunnet": replace(OLD.partners["sunnet"], country=one)}) for one in ("JP", "DE")
    ],
    "partner.clients": [
        replace(OLD, partners={"sunnet": replace(OLD.partners["sunnet"], clients=frozenset(one))})
        for one in ((), ("c-1",))
    ],
    "notice.subjects": [
        replace(grounded(), notices=(replace(grounded().notices[0], subjects=one),))
        for one in (None, frozenset({"member"}), frozenset({"staff"}))
    ],
    "user.filters": [
        noticing(users=(User(partner="sunnet", span=Span(), filter_required=one),)) for one in (None, "insurer")
    ],
    "decision.purposes": [
        replace(purposing(joint="review"), decisions=(make.OPEN_ITEM, replace(READING, purposes=frozenset(one))))
        for one in ((), ("P4",), ("P4", "P6"))
    ],
    "decision.versions": [
        replace(OLD, decisions=(make.OPEN_ITEM, replace(COHORT, versions=frozenset(one))))
        for one in ((), ("2018-03-08",), ("2010-01-01",))
    ],
    "decision.selectors": [
        replace(OLD, decisions=(make.OPEN_ITEM, replace(COHORT, selectors=one))) for one in ((), (IN_06,), (IN_062,))
    ],
    "catalogue.contact": [
        replace(grounded(contact_only=True), fields=catalogued(contact=one).fields) for one in (True, False)
    ],
    "catalogue.codes": [
        replace(OLD, fields={**OLD.fields, "delivery_day": replace(OLD.fields["delivery_day"], codes=one)})
        for one in (("1",), ("1", "2"), ("2",))
    ],
    "parts": [
        OLD,
        replace(OLD, notices=()),
        replace(OLD, decisions=()),
        replace(OLD, agreements={}),
        replace(OLD, partners={}),
        noticing(items={}),
        noticing(purposes={}),
        agreeing(grants=()),
    ],
}
"""What can be said otherwise → policies that differ in that alone, under some of which a question is refused."""

QUESTIONS = [
    make.request(fields=names, product=product, case=case)
    for names in (("name",), ("name", "phone", "delivery_day", "birth_date"))
    for product in ("G1", None)
    for case in (None, "C-1")
]
MEMBER: dict[str, Any] = {
    "member_code": "00000101",
    "name": "見本",
    "birth_date": "1985-01-01",
    "phone": "0235-22-5115",
    "delivery_day": "1",
    "municipality_code": "063011",
    "status": "active",
    "subject": "member",
    "programmes": [{"id": "sukusuku"}],
    "acquired_under": "2022-04-01",
    "as_of": "2026-11-21T20:00:00Z",
    "consents": [],
    "stops": [],
}
STOP = {"kind": "marketing_stop", "from": "2026-01-01T00:00:00Z"}
DIFFERENT: list[dict[str, Any]] = [
    {"municipality_code": "072010"},
    {"municipality_code": "062031"},
    {"birth_date": "1975-01-01"},
    {"as_of": "2026-11-01T00:00:00Z"},
    {"subject": "staff"},
    {"name": None},
    {"programmes": []},
    {"acquired_under": "2018-03-08"},
    {"stops": [STOP]},
]
MEMBERS = [MEMBER, *(MEMBER | one for one in DIFFERENT)]


@pytest.mark.parametrize("word", VARIANTS)
def test_of_two_that_differ_in_one_word_the_one_told_no_wider_releases_nothing_new(word: str) -> None:
    for old, new in permutations(VARIANTS[word], 2):
        assert compare(old, new)
        if not any(map(widens, compare(old, new))):
            for question in QUESTIONS:
                for member in MEMBERS:
                    held_to(old, new, question, member, page=question.case is None)


def test_the_edits_reach_both_wider_and_no_wider_policies_that_release() -> None:
    """A property of narrowing edits that never sees one that still releases would prove nothing."""
    seen: set[tuple[bool, bool]] = set()

    @settings(max_examples=150, derandomize=True)
    @given(st.data())
    def look(data: st.DataObject) -> None:
        base = data.draw(bases())
        old, new = data.draw(st.permutations([base, data.draw(edits(base))]))
        question = data.draw(requests(new.agreements["a-1"].grants[0]))
        different = compare(old, new)
        if different:
            seen.add((any(map(widens, different)), isinstance(decision_of(new, question), Permit)))

    look()
    assert seen == {(True, True), (True, False), (False, True), (False, False)}
