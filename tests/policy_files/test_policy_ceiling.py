"""What the ceiling lets stand, the gates release; what it refuses, they deny: on random grants over the real notice."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve
from gateway.core.agreement_gate import check_agreement
from gateway.core.bases import REQUIRED, Basis
from gateway.core.ceiling import breaches
from gateway.core.days import ALWAYS, Moment
from gateway.core.grant_gate import check_grant
from gateway.core.notice_gate import check_notice, governing
from gateway.core.policy import Agreement, Grant, Policy
from gateway.core.state import PartnerState

AT = datetime(2026, 11, 22, tzinfo=UTC)
PURPOSES = ["P3", "P4", "P5", "P12"] * 3 + [f"P{number}" for number in range(1, 15)]
PRODUCTS = ["G1", "G1", "G1", "G2", "G3", "G4", "G5", "G9"]
PARTNERS = ["jccu", "sunnet", "coop-kyosai", "coop-tohoku", "coop-service"]
FIELDS = [
    "member_code", "name", "name_kana", "sex", "postal_code", "phone", "order_course", "kyosai_enrolled",
    "receivable_yen", "bank_account", "share_yen", "care_level", "child_birth_date", "inquiry_text",
]  # fmt: skip


@pytest.fixture(scope="module")
def policy(root) -> Policy:
    return resolve(load(root / "policies", root / "partners", "kyoritsusha", samples=True).document)


@st.composite
def agreements(draw) -> Agreement:
    basis = draw(st.sampled_from([Basis.JOINT_USE, Basis.JOINT_USE, Basis.ENTRUSTMENT, Basis.CONSENT, Basis.LIFE]))
    clauses = set(REQUIRED[basis].clauses)
    if clauses and draw(st.integers(0, 5)) == 0:
        clauses.remove(draw(st.sampled_from(sorted(clauses))))
    grant = Grant(
        id="one",
        purpose=draw(st.sampled_from(PURPOSES)),
        products=frozenset({draw(st.sampled_from(PRODUCTS))} if draw(st.integers(0, 8)) else set()),
        fields=dict.fromkeys(draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True)), "as_is"),
        max_age_days=7,
        retention_days=30,
    )
    return Agreement(
        id="a",
        partner=draw(st.sampled_from(PARTNERS)),
        basis=basis,
        term=ALWAYS,
        clauses=frozenset(clauses),
        evidence=frozenset(REQUIRED[basis].facts),
        supervision=ALWAYS if draw(st.integers(0, 5)) else None,
        ground=draw(st.sampled_from([None, "T3"])) if basis is Basis.ENTRUSTMENT else None,
        programme="sukusuku",
        grants=(grant,),
    )


@settings(max_examples=300, deadline=None)
@given(agreement=agreements())
def test_ceiling_and_gates_agree(policy, agreement):
    changed = msgspec.structs.replace(
        policy,
        agreements={agreement.id: agreement},
        partners={
            **policy.partners,
            "coop-service": msgspec.structs.replace(policy.partners["jccu"], id="coop-service"),
        },
    )
    allowed = not [breach for breach in breaches(changed) if not breach.caution]
    assert (not reasons(changed, agreement)) == allowed


def reasons(policy: Policy, agreement: Agreement) -> list[str]:
    """What the three gates say of a request for the whole grant, apart from the state of the partner and its keys."""
    moment = Moment(AT)
    notice = governing(policy, agreement.programme, moment)
    assert notice is not None
    (grant,) = agreement.grants
    purpose, product = grant.purpose, next(iter(grant.products), None)
    fields = [policy.fields[name] for name in grant.fields]
    who = policy.partners[agreement.partner]
    found = check_agreement(
        policy, agreement, partner=who, state=PartnerState(), client="c", signed_with="k", moment=moment
    )
    return [
        *check_notice(policy, notice, agreement, purpose=purpose, product=product, fields=fields, moment=moment),
        *(one for one in found if one.endswith(":missing")),
        *check_grant(
            policy, notice, agreement, purpose=purpose, product=product, case="1", fields=fields, moment=moment
        )[1],
    ]


def test_the_real_samples_may_be_published(policy):
    assert list(breaches(policy)) == []


def test_some_random_grants_are_allowed(policy):
    agreement = policy.agreements["kyoritsusha-sunnet-01"]
    assert not list(breaches(msgspec.structs.replace(policy, agreements={"a": agreement})))
