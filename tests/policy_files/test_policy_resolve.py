"""The document as the core decides with it: days, classes, uses, gaps, grounds, terms."""

from datetime import UTC, datetime

import pytest

from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve
from gateway.core.bases import Basis
from gateway.core.changes.comparison import compare
from gateway.core.days import Moment, Span
from gateway.core.notice_gate import governing, ground_of
from gateway.core.policy import Policy, Predicate


def policy_of(room, coop) -> Policy:
    return resolve(load(room.policies, room.partners, coop, samples=True).document)


@pytest.fixture
def kyoritsusha(room):
    return policy_of(room, "kyoritsusha")


@pytest.fixture
def coopdeli(room):
    return policy_of(room, "coopdeli")


@pytest.mark.clause("K-DT")
def test_every_version_stands_in_time_and_the_newest_begun_governs(kyoritsusha):
    versions = [notice.version for notice in kyoritsusha.notices]
    assert versions == ["2005-03-31", "2011-10-26", "2017-06-01", "2018-03-08", "2021-06-01", "2022-04-01"]
    assert [notice.held for notice in kyoritsusha.notices] == [False] * 5 + [True]
    then = governing(kyoritsusha, "sukusuku", Moment(datetime(2021, 7, 1, tzinfo=UTC)))
    assert then is not None
    assert (then.version, then.held, len(then.gaps)) == ("2021-06-01", False, 6)
    # 2022-04-01 begins at midnight in Japan: 15:00 UTC the day before.
    assert kyoritsusha.notices[-1].effective == Span(datetime(2022, 3, 31, 15, tzinfo=UTC), None)


def test_a_complete_notice_has_no_gap_and_the_other_exactly_five(kyoritsusha, coopdeli):
    assert kyoritsusha.notices[-1].gaps == ()
    assert coopdeli.notices[-1].gaps == (
        "items",
        "joint_purposes",
        "responsible_party.name",
        "responsible_party.address",
        "responsible_party.representative",
    )


def test_a_purpose_with_uses_is_written_by_use_each_with_its_own_marketing(coopdeli):
    purposes = coopdeli.notices[-1].purposes
    assert purposes["P2"].uses_only
    uses = {code: one.marketing for code, one in purposes.items() if code.startswith("P2.")}
    assert uses == {"P2.guide": True, "P2.order": False, "P2.deliver": False, "P2.provide": False}
    assert not any(purposes[code].uses_only for code in uses)
    assert {one.joint for one in purposes.values()} == {"review"}
    assert purposes["P8"].bases == {Basis.LAW}
    assert purposes["P5"].case_required


def test_a_window_of_reconciliation_is_its_days_in_japan_and_what_opens_one_is_wider(room):
    before = policy_of(room, "kyoritsusha")
    window = "    reconciliation: {from: 2026-12-01, to: 2026-12-14}\n    limits: {members_per_day: 20000}"
    room.edit("policies/kyoritsusha/agreements/sunnet.yaml", "    limits: {members_per_day: 20000}", window)
    after = policy_of(room, "kyoritsusha")
    span = after.agreements["kyoritsusha-sunnet-01"].reconciliation
    assert span == Span(datetime(2026, 11, 30, 15, tzinfo=UTC), datetime(2026, 12, 14, 15, tzinfo=UTC))
    [opened], [closed] = compare(before, after), compare(after, before)
    assert (opened.what, opened.after, opened.wider) == ("agreement", "2026-12-01..2026-12-14", True)
    assert not closed.wider


@pytest.mark.clause("D-U1")
def test_members_of_a_class_are_users_on_their_own_days(room):
    def users():
        return {user.partner: user.span for user in policy_of(room, "coopdeli").notices[-1].users}

    assert set(users()) == {"jccu", "coop-kyosai", "coop-service", "coopdeli-hoken"}
    deli = "policies/coopdeli/notices/2017-06-21.yaml"
    room.edit(deli, "coop-gunma, from: null", "coop-gunma, from: 2021-03-21, to: 2021-12-31")
    room.edit(deli, "coop-mirai, from: null", "coop-mirai, from: 2013-03-21")
    found = users()
    assert found["coop-gunma"] == Span(datetime(2021, 3, 20, 15, tzinfo=UTC), datetime(2021, 12, 31, 15, tzinfo=UTC))
    # Nobody is a user before the notice that says so.
    assert found["coop-mirai"].start == datetime(2017, 6, 20, 15, tzinfo=UTC)


@pytest.mark.clause("K-02", "K-G*")
def test_subjects_products_programmes_and_classes_are_those_of_the_notice(kyoritsusha, coopdeli):
    notice = kyoritsusha.notices[-1]
    assert notice.programmes == {"sukusuku"}
    assert notice.joint_subjects == {"member"}
    assert notice.products == {"G1", "G2", "G3", "G4", "G5"}
    assert notice.class_purposes == {"financial": {"P1", "P6"}}
    assert notice.purposes["P13"].joint == "no"
    assert [item for item, one in notice.items.items() if one.open] == ["I8", "I9", "I10", "I11"]
    assert notice.items["I5"].fields == {"address_line"}
    assert notice.items["I11"].never == {"special_care"}
    deli = coopdeli.notices[-1]
    assert (deli.programmes, deli.subjects, deli.joint_subjects, deli.products) == (None, None, None, frozenset())
    assert {user.filter_required for user in deli.users if user.partner == "coopdeli-hoken"} == {"insurer"}


def test_terms_and_supervision_end_at_midnight_in_japan(kyoritsusha):
    agreement = kyoritsusha.agreements["kyoritsusha-sunnet-01"]
    assert agreement.term == Span(datetime(2026, 3, 31, 15, tzinfo=UTC), datetime(2027, 3, 31, 15, tzinfo=UTC))
    # Due 10 March with 30 days of grace: open through 9 April.
    assert agreement.supervision == Span(None, datetime(2027, 4, 9, 15, tzinfo=UTC))
    assert agreement.ground is None
    assert len(agreement.clauses) == 11


def test_a_grant_carries_its_limit_or_the_agreements_and_an_id_of_its_own(kyoritsusha):
    grants = {grant.id: grant for one in kyoritsusha.agreements.values() for grant in one.grants}
    assert len(grants) == sum(len(one.grants) for one in kyoritsusha.agreements.values())
    assert grants["kyoritsusha-jccu-01.introduction"].members_per_day == 5000
    assert grants["kyoritsusha-jccu-01.trouble"].members_per_day == 500
    population = grants["kyoritsusha-jccu-01.services"].population
    assert population == (Predicate(field="birth_date", highest="2006-04-01"),)
    assert grants["kyoritsusha-coop-kyosai-01.kyosai"].population[0].among == (True,)


def test_the_ground_of_a_basis_is_the_first_the_notice_states_unless_named(room):
    sunnet = "policies/kyoritsusha/agreements/sunnet.yaml"
    selection = "evidence: {selection: {criteria: c, date: 2026-01-05, result: r}}"
    room.edit(sunnet, "basis: joint_use", f"basis: entrustment\n    {selection}")
    policy = policy_of(room, "kyoritsusha")
    agreement = policy.agreements["kyoritsusha-sunnet-01"]
    assert agreement.basis is Basis.ENTRUSTMENT
    assert ground_of(policy.notices[-1], agreement) == policy.notices[-1].grounds["T2"]
    assert agreement.evidence == {"selection"}


def test_evidence_that_ends_ends_at_its_instant(room):
    record = (
        "decided_by: A, approved_by: B, why_consent_is_difficult: C, subjects: D, "
        'from: "2026-11-22T09:00+09:00", expires: "2026-11-23T09:00:00+09:00"'
    )
    room.edit("policies/coopdeli/agreements/jccu.yaml", "basis: joint_use", f"basis: life\n    evidence: {{{record}}}")
    policy = policy_of(room, "coopdeli")
    agreement = policy.agreements["coopdeli-jccu-01"]
    assert agreement.evidence_span == Span(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    assert ground_of(policy.notices[-1], agreement) == policy.notices[-1].grounds["T3"]


def test_the_source_names_every_fact_and_each_field_by_its_own_name(kyoritsusha):
    assert {kyoritsusha.source.column(name) for name in ("status", "as_of", "phone")} == {"status", "as_of", "phone"}


def test_a_narrower_notice_to_come_is_told_and_does_not_refuse(room):
    old, new = "policies/kyoritsusha/notices/2022-04-01.yaml", "policies/kyoritsusha/notices/2026-12-01.yaml"
    text = (room.root / old).read_text()
    text = text.replace('version: "2022-04-01"\nclause', 'version: "2026-12-01"\nclause')
    text = text.replace("effective: {from: 2022-04-01", "effective: {from: 2026-12-01")
    text = text.replace('{version: "2022-04-01", act: 改訂', '{version: "2026-12-01", act: 改訂')
    text = "".join(line for line in text.splitlines(True) if "partner: sunnet" not in line and "メール" not in line)
    room.add(new, text)
    loaded = load(room.policies, room.partners, "kyoritsusha", samples=True)
    told = {(f.state, f.subject) for f in loaded.findings if f.file.endswith("sunnet.yaml")}
    assert told == {("not_a_user", "sunnet"), ("item_not_stated", "email")}
    assert all("2026-12-01" in f.text("ja") for f in loaded.findings if f.file.endswith("sunnet.yaml"))
