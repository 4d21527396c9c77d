"""What would be answered is what core.decide answers, told in words; and every reason there is has a mend."""

import ast
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from gateway.control_plane.grants.reason_words import GATES, MENDS, gate_of, in_words
from gateway.control_plane.grants.what_if import Allowed, Question, Withheld, answers, client_of, proposed
from gateway.core.bases import Basis
from gateway.core.changes.sentence import sentence
from gateway.core.days import FOREVER, Moment, Span, days
from gateway.core.decide import decide
from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Partner, Policy, Predicate
from gateway.core.reasons import STATES
from gateway.core.request import DataRequest
from gateway.core.state import PartnerState, Snapshot, Version
from tests import factories as make
from tests.architecture.source_tree import GATEWAY
from tests.core.test_gates import NOTICE_CASES
from tests.core.test_properties import policies, requests

QUESTION = Question(partner="sunnet", purpose="P4", product="G1", fields=("name", "birth_date", "phone"))


def asked(snapshot: Snapshot | None = None, **changes: Any) -> Allowed | Withheld:
    (answer,) = answers(replace(QUESTION, **changes), snapshot or make.snapshot(), at=make.NOON)
    return answer


def rules(answer: Allowed | Withheld) -> list[str]:
    assert isinstance(answer, Withheld)
    return [one.rule for one in answer.reasons]


def decision(request: DataRequest, snapshot: Snapshot, at: Any = make.NOON) -> Permit | Denial:
    return decide(
        request,
        make.bound(request),
        partner="sunnet",
        client="c-1",
        signed_with="sig-1",
        snapshot=snapshot,
        at=at,
    )


def equal(answer: Allowed | Withheld, decided: Permit | Denial) -> None:
    until = decided.valid_until if decided.valid_until and decided.valid_until < FOREVER else None
    assert answer.valid_until == until
    match decided:
        case Permit():
            assert isinstance(answer, Allowed)
            assert (answer.fields, answer.grant, answer.notice) == (decided.fields, decided.grant.id, decided.notice)
            assert (answer.basis, answer.article) == (decided.basis, decided.article)
            agreement = decided.policy.agreements[decided.agreement]
            assert answer.said == sentence(decided.policy, agreement, decided.grant)
        case Denial():
            assert isinstance(answer, Withheld)
            assert tuple(rules(answer)) == decided.reasons
            assert (answer.slug, answer.notice, answer.basis) == (decided.slug, decided.notice, decided.basis)


# ── what decide answers ───────────────────────────────────────────────────────────────────────────────────────────


@given(st.data())
def test_the_answer_is_what_decide_answers_under_any_policy(data: st.DataObject) -> None:
    policy = data.draw(policies())
    request = data.draw(requests(policy.agreements["a-1"].grants[0]))
    request = replace(
        request,
        purpose=data.draw(st.sampled_from(["P4", "P4", "P4", "P6", "P12", "P13", "P20"])),
        product=data.draw(st.sampled_from(["G1", "G1", "G1", "G2", None])),
        case=data.draw(st.sampled_from([None, "2026/1"])),
    )
    at = make.NOON + timedelta(hours=data.draw(st.integers(-72, 72)))
    snapshot = make.snapshot(policy)
    question = Question(
        partner="sunnet",
        purpose=request.purpose,
        product=request.product,
        case=request.case is not None,
        fields=request.fields,
    )
    (answer,) = answers(question, snapshot, at=at)
    equal(answer, decision(request, snapshot, at))


def test_the_property_sees_both_answers() -> None:
    seen: set[type] = set()

    @settings(max_examples=300, derandomize=True)
    @given(st.data())
    def look(data: st.DataObject) -> None:
        policy = data.draw(policies())
        request = data.draw(requests(policy.agreements["a-1"].grants[0]))
        seen.add(type(asked(make.snapshot(policy), fields=request.fields)))

    look()
    assert seen == {Allowed, Withheld}


@given(policies(), policies())
def test_a_proposal_answers_as_if_it_were_in_force_then(one: Policy, two: Policy) -> None:
    two = replace(two, digest="1" * 64)
    snapshot = proposed(make.snapshot(one), two, make.NOON)
    alone = make.snapshot(two)
    (answer,) = answers(QUESTION, snapshot, at=make.NOON)
    equal(answer, decision(make.request(), snapshot))
    (other,) = answers(QUESTION, alone, at=make.NOON)
    assert type(answer) is type(other)
    assert isinstance(answer, Allowed) or rules(answer) == rules(other)


def test_a_proposal_of_another_coop_is_not_tried_here() -> None:
    with pytest.raises(ValueError, match="try it there"):
        proposed(make.snapshot(), make.policy(coop="coopdeli"), make.NOON)


def test_the_version_in_force_at_the_instant_answers() -> None:
    wider = make.policy(digest="1" * 64, agreements={"a-1": make.agreement(grants=())})
    begins = make.NOON + timedelta(days=1)
    versions = (
        Version(effective=make.PAST, index=0, policy=make.policy()),
        Version(effective=begins, index=7, policy=wider),
    )
    snapshot = make.snapshot(versions=versions)
    now = asked(snapshot)
    assert isinstance(now, Allowed)
    assert now.valid_until == begins
    (later,) = answers(QUESTION, snapshot, at=begins)
    assert rules(later) == ["grant:P4:not_granted"]
    (before,) = answers(QUESTION, snapshot, at=make.PAST - timedelta(days=1))
    assert rules(before) == ["notice:kyoritsusha:absent"]


def test_everything_that_is_given_is_told() -> None:
    population = (Predicate(field="status", among=("active",)),)
    grant = make.grant(population=population, members_per_day=500, filters={"insurer": "x"})
    answer = asked(make.snapshot(make.policy(agreements={"a-1": make.agreement(grants=(grant,))})))
    assert isinstance(answer, Allowed)
    assert answer.fields == {"name": "as_is", "birth_date": "age_band", "phone": "phone_last4"}
    assert (answer.max_age_days, answer.retention_days, answer.members_per_day) == (7, 90, 500)
    assert (answer.population, answer.filters) == (('status in ["active"]',), {"insurer": "x"})
    assert answer.said[0].startswith("サンネットに、P4のため")


# ── who asks, under which agreement ───────────────────────────────────────────────────────────────────────────────


def test_each_agreement_of_the_partner_answers_and_no_other() -> None:
    second = make.agreement(Basis.ENTRUSTMENT, id="a-2", grants=())
    foreign = make.agreement(id="a-0", partner="other")
    snapshot = make.snapshot(
        make.policy(agreements={"a-2": second, "a-1": make.agreement(), "a-0": foreign}),
    )
    first, other = answers(QUESTION, snapshot, at=make.NOON)
    assert (first.agreement, type(first)) == ("a-1", Allowed)
    assert (other.agreement, rules(other)) == ("a-2", ["grant:P4:not_granted"])
    (named,) = answers(replace(QUESTION, agreement="a-2"), snapshot, at=make.NOON)
    assert named == other


def test_a_partner_without_an_agreement_is_told_so() -> None:
    answer = asked(make.snapshot(make.policy(agreements={})))
    assert rules(answer) == ["agreement:sunnet:unknown"]
    assert answer.agreement is None
    assert rules(asked(partner="nobody")) == ["agreement:nobody:unknown"]


def test_the_client_that_can_ask_stands_for_the_partner() -> None:
    partner = Partner(
        id="sunnet", name="サンネット", corporate_number=None, country="JP", clients=frozenset({"a", "c-1"})
    )
    snapshot = make.snapshot(make.policy(partners={"sunnet": partner}))
    assert isinstance(asked(snapshot), Allowed)
    policy = snapshot.policy_at(Moment(make.NOON))
    assert client_of(policy, "sunnet", PartnerState(), make.NOON) == "a"
    without = replace(partner, clients=frozenset())
    assert rules(asked(make.snapshot(make.policy(partners={"sunnet": without})))) == [
        "agreement:sunnet:no_key",
        "agreement:sunnet:no_signing_key",
        "agreement:sunnet:unknown_client",
    ]


def test_keys_count_as_of_the_instant_and_a_suspension_as_of_now() -> None:
    ended = Span(make.PAST, make.NOON + timedelta(days=1))
    keys = (make.key("sig", span=ended), make.key("enc", span=ended))
    snapshot = make.snapshot(partners={"sunnet": PartnerState(active=True, keys=keys)})
    assert isinstance(asked(snapshot), Allowed)
    (later,) = answers(QUESTION, snapshot, at=make.NOON + timedelta(days=2))
    assert rules(later) == ["agreement:c-1:no_signing_key", "agreement:sunnet:no_key"]
    suspended = make.snapshot(partners={"sunnet": PartnerState(active=False, keys=keys)})
    assert rules(asked(suspended)) == ["agreement:sunnet:inactive"]


# ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_published_reason_has_a_mend_and_nothing_else_does() -> None:
    assert {(gate, state) for gate, states in STATES.items() for state in states} == set(MENDS)
    assert set(GATES) == set(STATES)


@pytest.mark.clause("D-06")
def test_every_reason_that_is_given_anywhere_has_words() -> None:
    given_states = set()
    for module in GATEWAY:
        for node in module.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reason":
                parts = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
                if len(parts) == 3 and parts[0] is not None and parts[2] is not None:
                    given_states.add((parts[0], parts[2]))
    assert len(given_states) > 30
    assert given_states <= set(MENDS)


@pytest.mark.parametrize(("gate", "state"), sorted(MENDS))
def test_a_reason_is_told_in_both_languages(gate: str, state: str) -> None:
    why = in_words(f"{gate}:x:{state}")
    assert gate_of(why.rule) == gate
    assert (why.ja, why.en) == tuple(f"x: {text}" for text in STATES[gate][state])
    for text in (why.en, why.mend_en, GATES[gate_of(why.rule)][1]):
        assert text.isascii()
    for text in (why.ja, why.mend_ja):
        assert not text.isascii()
        assert not text.endswith("。")


def test_what_is_no_reason_has_no_words() -> None:
    for rule in ("", "member:x:stopped", "notice:x:never"):
        with pytest.raises(KeyError):
            in_words(rule)


@pytest.mark.parametrize("case", NOTICE_CASES)
def test_the_notice_s_reasons_come_with_their_gate(case: str) -> None:
    policy, rule = NOTICE_CASES[case]
    answer = asked(make.snapshot(policy()))
    assert rules(answer) == [rule]
    assert isinstance(answer, Withheld)
    assert answer.gate == "notice"


def test_a_field_in_no_catalogue_is_malformed() -> None:
    answer = asked(fields=("shoe_size",))
    assert isinstance(answer, Withheld)
    assert (answer.slug, answer.gate, rules(answer)) == ("malformed", "request", ["request:fields:unknown"])


def test_a_case_number_may_be_what_is_missing() -> None:
    grant = make.grant(purpose="P12")
    snapshot = make.snapshot(make.policy(agreements={"a-1": make.agreement(grants=(grant,))}))
    assert rules(asked(snapshot, purpose="P12")) == ["grant:P12:case_required"]
    assert isinstance(asked(snapshot, purpose="P12", case=True), Allowed)


def test_the_day_after_the_term_is_told() -> None:
    policy = make.policy(agreements={"a-1": make.agreement(term=days(None, date(2026, 11, 21)))})
    assert rules(asked(make.snapshot(policy))) == ["agreement:a-1:out_of_term"]
