"""Gates 1 to 3: default deny; take any condition away and the release becomes a denial with its reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import Span, days, midnight
from gateway.core.decide import decide
from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Decision, Ground, Item, Policy, Purpose, User
from gateway.core.request import DataRequest
from gateway.core.state import PartnerState, Snapshot, Version
from tests import factories as make

FOREIGN = Decision(id="d-9", kind="abroad", span=make.YEAR, partner="sunnet")


def decided(
    policy: Policy | None = None, asked: DataRequest = make.REQUEST, state: Snapshot | None = None, **how: Any
) -> Permit | Denial:
    values: dict[str, Any] = {"partner": "sunnet", "client": "c-1", "signed_with": "sig-1", "at": make.NOON, **how}
    bound = values.pop("bound", make.bound(asked))
    return decide(asked, bound, snapshot=state or make.snapshot(policy), **values)


def reasons(decision: Permit | Denial) -> tuple[str, ...]:
    assert isinstance(decision, Denial)
    return decision.reasons


def test_the_valid_request_is_permitted() -> None:
    permit = decided()
    assert isinstance(permit, Permit)
    assert permit.fields == {"name": "as_is", "birth_date": "age_band", "phone": "phone_last4"}
    assert (permit.gov, permit.notice, permit.article) == (5, "2022-04-01", "法27条5項3号")


def with_notice(**changes: Any) -> Callable[[], Policy]:
    return lambda: make.policy(notices=(make.notice(**changes),))


def with_agreement(basis: Basis = Basis.JOINT_USE, **changes: Any) -> Callable[[], Policy]:
    return lambda: make.policy(agreements={"a-1": make.agreement(basis, **changes)})


def purposes(**changes: Purpose) -> dict[str, Purpose]:
    return {**make.notice().purposes, **changes}


NOTICE_CASES = {
    "before the first notice": (with_notice(effective=days(date(2026, 12, 1), None)), "notice:kyoritsusha:absent"),
    "after its last day": (with_notice(effective=days(None, date(2026, 11, 21))), "notice:2022-04-01:ended"),
    "not yet published": (with_notice(published=days(date(2026, 11, 23), None)), "notice:2022-04-01:unpublished"),
    "text not held": (with_notice(held=False), "notice:2022-04-01:not_held"),
    "incomplete": (with_notice(gaps=("items",)), "notice:2022-04-01:incomplete"),
    "not a user": (with_notice(users=()), "notice:sunnet:not_a_user"),
    "a user from tomorrow": (
        with_notice(users=(User(partner="sunnet", span=days(date(2026, 11, 23), None)),)),
        "notice:sunnet:not_a_user",
    ),
    "purpose not stated": (with_notice(purposes={}), "notice:P4:not_stated"),
    "purpose never joint": (
        with_notice(purposes=purposes(P4=Purpose(id="P4", joint="no"))),
        "notice:P4:not_joint",
    ),
    "purpose under review": (
        with_notice(purposes=purposes(P4=Purpose(id="P4", joint="review"))),
        "notice:P4:undecided",
    ),
    "purpose only by use": (
        with_notice(purposes=purposes(P4=Purpose(id="P4", joint="yes", uses_only=True))),
        "notice:P4:use_required",
    ),
    "purpose for other people": (
        with_notice(purposes=purposes(P4=Purpose(id="P4", joint="yes", subjects=frozenset({"staff"})))),
        "notice:P4:no_subject",
    ),
    "item not in the notice": (
        with_notice(items={k: v for k, v in make.notice().items.items() if k != "I6"}),
        "notice:phone:not_stated",
    ),
    "reading without a decision": (
        with_notice(items={**make.notice().items, "I6": Item(id="I6", fields=frozenset())}),
        "notice:phone:unresolved",
    ),
    "product not in the notice": (with_notice(products=frozenset({"G2"})), "notice:G1:not_stated"),
    "no product classes": (with_notice(products=frozenset()), "notice:2022-04-01:no_products"),
}


@pytest.mark.clause("D-02", "D-07d", "D-08", "K-03", "K-P5", "K-P9", "K-P13", "K-G*", "K-J0")
@pytest.mark.parametrize("case", NOTICE_CASES)
def test_gate_1(case: str) -> None:
    policy, reason = NOTICE_CASES[case]
    assert reasons(decided(policy())) == (reason,)


@pytest.mark.clause("K-S1")
@pytest.mark.parametrize("clause", REQUIRED[Basis.JOINT_USE].clauses)
def test_each_mandatory_clause_is_missed_by_name(clause: str) -> None:
    clauses = frozenset(REQUIRED[Basis.JOINT_USE].clauses) - {clause}
    assert reasons(decided(with_agreement(clauses=clauses)())) == (f"agreement:{clause}:missing",)


AGREEMENT_CASES: dict[str, tuple[Callable[[], Snapshot], str]] = {
    "the day after its term": (
        lambda: make.snapshot(with_agreement(term=days(None, date(2026, 11, 21)))()),
        "agreement:a-1:out_of_term",
    ),
    "no supervision": (lambda: make.snapshot(with_agreement(supervision=None)()), "agreement:supervision:missing"),
    "supervision past its grace": (
        lambda: make.snapshot(with_agreement(supervision=days(None, date(2026, 11, 21)))()),
        "agreement:a-1:overdue",
    ),
    "a partner without a state": (lambda: make.snapshot(partners={}), "agreement:sunnet:inactive"),
    "a suspended partner": (
        lambda: make.snapshot(partners={"sunnet": PartnerState(active=False, keys=(make.key("sig"), make.key("enc")))}),
        "agreement:sunnet:inactive",
    ),
    "no encryption key": (
        lambda: make.snapshot(partners={"sunnet": PartnerState(active=True, keys=(make.key("sig"),))}),
        "agreement:sunnet:no_key",
    ),
    "an expired encryption key": (
        lambda: make.snapshot(
            partners={
                "sunnet": PartnerState(
                    active=True, keys=(make.key("sig"), make.key("enc", span=Span(make.PAST, make.NOON)))
                )
            }
        ),
        "agreement:sunnet:no_key",
    ),
    "a retired signing key": (
        lambda: make.snapshot(
            partners={
                "sunnet": PartnerState(
                    active=True, keys=(make.key("sig", span=Span(make.PAST, make.NOON)), make.key("enc"))
                )
            }
        ),
        "agreement:c-1:no_signing_key",
    ),
    "abroad": (
        lambda: make.snapshot(
            make.policy(partners={"sunnet": replace(make.policy().partners["sunnet"], country="SG")})
        ),
        "agreement:sunnet:abroad",
    ),
    "a client of nobody": (
        lambda: make.snapshot(
            make.policy(partners={"sunnet": replace(make.policy().partners["sunnet"], clients=frozenset())})
        ),
        "agreement:c-1:unknown_client",
    ),
}


@pytest.mark.clause("D-03", "K-S1")
@pytest.mark.parametrize("case", AGREEMENT_CASES)
def test_gate_2(case: str) -> None:
    state, reason = AGREEMENT_CASES[case]
    assert reason in reasons(decided(state=state()))


def archived(on: date) -> Policy:
    partner = replace(make.policy().partners["sunnet"], receives=Span(None, midnight(on)))
    return make.policy(partners={"sunnet": partner})


def test_an_archived_partner_receives_nothing_from_that_day_on() -> None:
    assert reasons(decided(archived(date(2026, 11, 22)))) == ("agreement:sunnet:archived",)
    permit = decided(archived(date(2026, 11, 23)))
    assert isinstance(permit, Permit)
    assert permit.valid_until == midnight(date(2026, 11, 23))


def test_abroad_with_a_decision_is_permitted() -> None:
    partner = replace(make.policy().partners["sunnet"], country="SG")
    policy = make.policy(partners={"sunnet": partner}, decisions=(make.OPEN_ITEM, FOREIGN))
    assert isinstance(decided(policy), Permit)


@pytest.mark.clause("D-03", "D-P8", "D-T*", "K-T1", "K-T2", "K-T4", "K-X1")
@pytest.mark.parametrize("basis", [basis for basis in Basis if basis is not Basis.JOINT_USE])
def test_each_legal_basis_is_permitted_with_its_evidence_and_refused_without(basis: Basis) -> None:
    assert isinstance(decided(with_agreement(basis)()), Permit)
    for clause in REQUIRED[basis].clauses:
        kept = frozenset(REQUIRED[basis].clauses) - {clause}
        assert reasons(decided(with_agreement(basis, clauses=kept)())) == (f"agreement:{clause}:missing",)
    for fact in REQUIRED[basis].facts:
        kept = frozenset(REQUIRED[basis].facts) - {fact}
        assert reasons(decided(with_agreement(basis, evidence=kept)())) == (f"agreement:{fact}:missing",)
    if REQUIRED[basis].ends:
        open_ended = with_agreement(basis, evidence_span=Span())()
        assert reasons(decided(open_ended)) == ("agreement:expires:missing",)
        expired = with_agreement(basis, evidence_span=Span(None, make.NOON))()
        assert reasons(decided(expired)) == ("agreement:a-1:expired",)


@pytest.mark.parametrize("basis", [basis for basis in Basis if basis is not Basis.JOINT_USE])
def test_a_basis_the_notice_does_not_publish_is_denied(basis: Basis) -> None:
    policy = make.policy(notices=(make.notice(grounds={}),), agreements={"a-1": make.agreement(basis)})
    assert reasons(decided(policy)) == (f"notice:{basis.value}:not_stated",)


def test_outside_joint_use_completeness_users_mapping_and_items_are_not_asked() -> None:
    bare = make.notice(gaps=("items",), users=(), items={}, purposes=purposes(P4=Purpose(id="P4", joint="no")))
    assert isinstance(decided(make.policy(notices=(bare,), agreements={"a-1": make.agreement(Basis.LAW)})), Permit)


@pytest.mark.clause("K-T3")
def test_direct_contact_needs_its_decision_a_case_and_contact_fields() -> None:
    ground = Ground(id="T3", basis=Basis.ENTRUSTMENT, case_required=True, contact_only=True, review=True)
    notice = make.notice(grounds={"T3": ground})
    agreements = {"a-1": make.agreement(Basis.ENTRUSTMENT, ground="T3")}
    policy = make.policy(notices=(notice,), agreements=agreements)
    assert reasons(decided(policy)) == (
        "notice:T3:undecided",
        "notice:birth_date:not_contact",
        "notice:name:not_contact",
    )
    decision = Decision(id="d-3", kind="ground", span=make.YEAR, ground="T3")
    policy = replace(policy, decisions=(decision,))
    phone = make.request(fields=("phone",))
    assert reasons(decided(policy, phone)) == ("grant:P4:case_required",)
    assert isinstance(decided(policy, replace(phone, case="Q-1")), Permit)


GRANT_CASES: dict[str, tuple[DataRequest, str]] = {
    "a purpose not granted": (make.request(purpose="P6"), "grant:P6:not_granted"),
    "a product not granted": (make.request(product="G2"), "grant:P4:not_granted"),
    "a field not granted": (make.request(fields=("name", "postal_code")), "grant:postal_code:not_granted"),
}


@pytest.mark.clause("D-02", "K-03", "K-G*")
@pytest.mark.parametrize("case", GRANT_CASES)
def test_gate_3(case: str) -> None:
    asked, reason = GRANT_CASES[case]
    assert reasons(decided(asked=asked)) == (reason,)


@pytest.mark.clause("D-P5", "K-P12")
def test_a_case_number_is_demanded_where_the_purpose_does() -> None:
    policy = with_agreement(grants=(make.grant(purpose="P12"),))()
    asked = make.request(purpose="P12")
    assert reasons(decided(policy, asked)) == ("grant:P12:case_required",)
    assert isinstance(decided(policy, replace(asked, case="JIKO-2026/1")), Permit)


def test_all_reasons_of_the_first_failing_gate_and_none_of_a_later_one() -> None:
    policy = with_agreement(clauses=frozenset(), term=days(None, date(2026, 11, 21)), grants=())()
    found = reasons(decided(policy))
    assert found == tuple(sorted(found))
    assert all(one.startswith("agreement:") for one in found)
    assert len(found) == len(REQUIRED[Basis.JOINT_USE].clauses) + 1


@pytest.mark.clause("D-U3", "K-P8", "K-I10")
@pytest.mark.parametrize(
    ("name", "purpose", "needs"),
    [
        ("receivable_yen", "P6", {"field_use", "open_item"}),
        ("care_level", "P4", {"field_use", "open_item"}),
        ("inquiry_text", "P4", {"field_use", "open_item"}),
        ("child_birth_date", "P4", {"field_use", "open_item"}),
    ],
)
def test_financial_special_free_text_and_others_need_an_explicit_decision(
    name: str, purpose: str, needs: set[str]
) -> None:
    item = make.FIELDS[name].item
    decisions = {
        "open_item": Decision(id="o", kind="open_item", span=make.YEAR, item=item, fields=frozenset({name})),
        "field_use": Decision(
            id="u",
            kind="field_use",
            span=make.YEAR,
            fields=frozenset({name}),
            partner="sunnet",
            purposes=frozenset({purpose}),
        ),
    }
    agreements = {"a-1": make.agreement(grants=(make.grant(purpose=purpose, fields={name: "as_is"}),))}
    asked = make.request(purpose=purpose, fields=(name,))
    full = make.policy(agreements=agreements, decisions=tuple(decisions.values()))
    assert isinstance(decided(full, asked), Permit)
    for one in needs:
        less = replace(full, decisions=tuple(d for kind, d in decisions.items() if kind != one))
        assert isinstance(decided(less, asked), Denial)


@pytest.mark.clause("D-P1", "D-P3", "K-P1", "K-P6")
def test_a_financial_field_outside_its_purposes_is_lifted_by_no_decision() -> None:
    decisions = (
        Decision(id="o", kind="open_item", span=make.YEAR, item="I11", fields=frozenset({"receivable_yen"})),
        Decision(
            id="u",
            kind="field_use",
            span=make.YEAR,
            fields=frozenset({"receivable_yen"}),
            partner="sunnet",
            purposes=frozenset({"P4"}),
        ),
    )
    agreements = {"a-1": make.agreement(grants=(make.grant(fields={"receivable_yen": "as_is"}),))}
    policy = make.policy(agreements=agreements, decisions=decisions)
    assert reasons(decided(policy, make.request(fields=("receivable_yen",)))) == (
        "notice:receivable_yen:wrong_purpose",
    )


def test_an_unknown_field_is_malformed_before_every_gate() -> None:
    denial = decided(make.policy(notices=()), make.request(fields=("name", "nickname")))
    assert isinstance(denial, Denial)
    assert (denial.slug, denial.pointer, denial.reasons) == ("malformed", "/fields/1", ("request:fields:unknown",))


@pytest.mark.parametrize("name", ["coop", "purpose", "agreement", "product"])
def test_a_request_that_differs_from_its_token_is_denied(name: str) -> None:
    bound = replace(make.bound(make.REQUEST), **{name: "other"})
    assert reasons(decided(bound=bound)) == (f"request:{name}:mismatch",)


def test_a_field_outside_the_token_is_denied() -> None:
    bound = replace(make.bound(make.REQUEST), fields=frozenset({"name"}))
    assert reasons(decided(bound=bound)) == ("request:fields:mismatch",)


@pytest.mark.clause("D-U2", "D-U4")
def test_another_partners_agreement_is_unknown() -> None:
    policy = with_agreement(partner="jccu")()
    assert reasons(decided(policy)) == ("agreement:a-1:unknown",)


def test_no_policy_at_all() -> None:
    assert reasons(decided(state=Snapshot(coop="kyoritsusha"))) == ("notice:kyoritsusha:absent",)


def test_the_newest_notice_that_has_begun_governs_alone() -> None:
    newer = make.notice(version="2026-11-01", effective=days(date(2026, 11, 1), None), users=())
    assert reasons(decided(make.policy(notices=(make.notice(), newer)))) == ("notice:sunnet:not_a_user",)
    ended = replace(newer, effective=days(date(2026, 11, 1), date(2026, 11, 10)), users=make.notice().users)
    assert reasons(decided(make.policy(notices=(make.notice(), ended)))) == ("notice:2026-11-01:ended",)


def test_a_future_version_narrows_at_its_instant_without_any_job() -> None:
    narrow = make.policy(digest="1" * 64, notices=(make.notice(users=()),))
    later = make.NOON + timedelta(minutes=5)
    state = make.snapshot(
        versions=(
            Version(effective=make.PAST, index=0, policy=make.policy()),
            Version(effective=later, index=5, policy=narrow),
        )
    )
    permit = decided(state=state)
    assert isinstance(permit, Permit)
    assert permit.valid_until == later
    assert reasons(decided(state=state, at=later)) == ("notice:sunnet:not_a_user",)


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({"term": days(None, date(2026, 11, 23))}, datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ({"supervision": days(None, date(2026, 11, 30))}, datetime(2026, 11, 30, 15, tzinfo=UTC)),
    ],
)
def test_a_permit_stands_until_the_earliest_boundary(changes: dict[str, Any], until: datetime) -> None:
    permit = decided(with_agreement(**changes)())
    assert isinstance(permit, Permit)
    assert permit.valid_until == until
    assert isinstance(decided(with_agreement(**changes)(), at=until - timedelta(milliseconds=1)), Permit)
    assert isinstance(decided(with_agreement(**changes)(), at=until), Denial)


def test_the_newest_encryption_key_is_chosen() -> None:
    keys = (
        make.key("sig"),
        make.key("enc"),
        make.key("enc", kid="enc-2", span=Span(make.NOON - timedelta(days=1), None)),
    )
    permit = decided(state=make.snapshot(partners={"sunnet": PartnerState(active=True, keys=keys)}))
    assert isinstance(permit, Permit)
    assert permit.encryption.kid == "enc-2"
