"""An agreement wider than the notice, or lacking what it must show, is refused in its place and by its rule."""

import pytest

from gateway.adapters.policy_files.words_agreement import AGREEMENT

SUNNET = "policies/kyoritsusha/agreements/sunnet.yaml"
KYOSAI = "policies/kyoritsusha/agreements/coop-kyosai.yaml"
DELI = "policies/coopdeli/agreements/jccu.yaml"
FIELDS = "policies/kyoritsusha/fields.yaml"
SUPERVISION = (
    "    supervision: {last: {date: 2026-09-10, method: 質問票, result: 適}, due: 2027-03-10, grace_days: 30}\n"
)
JOINT = "法27条5項3号"
PS = "policy-semantics"

EARLIER = """\
  kyoritsusha-sunnet-00:
    basis: joint_use
    contract: {form: 覚書, title: 旧, signed: 2025-03-20, department: 宅配事業部}
    term: {from: 2025-04-01, to: 2026-04-01}
    grants: {}
"""

# file, old, new → state, a piece of the line where it must be told, rule
ONE_EDIT = {
    "overlap of one basis": (
        SUNNET,
        "  kyoritsusha-sunnet-01:\n",
        EARLIER + "  kyoritsusha-sunnet-01:\n",
        "overlapping",
        "term: {from: 2026-04-01",
        PS,
    ),
    "secrecy": (SUNNET, "      secrecy: 第3条\n", "", "missing_clause", "    clauses:", JOINT),
    "no_reprovision": (SUNNET, "      no_reprovision: 第4条\n", "", "missing_clause", "    clauses:", JOINT),
    "incident_liability": (SUNNET, "      incident_liability: 第9条\n", "", "missing_clause", "    clauses:", JOINT),
    "matter ア": (SUNNET, "      user_requirement: 第2条\n", "", "missing_clause", "clauses:", "通則編3-6-3(3)(ア)"),
    "matter イ": (
        SUNNET,
        "      contacts: {responsible: 【見本】, inquiries: 【見本】, article: 第5条}\n",
        "",
        "missing_clause",
        "    clauses:",
        "通則編3-6-3(3)(イ)",
    ),
    "matter ウ": (SUNNET, "      return_erase: 第11条\n", "", "missing_clause", "clauses:", "通則編3-6-3(3)(ウ)"),
    "matter エ": (SUNNET, "      breach_measures: 第8条\n", "", "missing_clause", "clauses:", "通則編3-6-3(3)(エ)"),
    "matter オ": (SUNNET, "      incident_report: 第9条2項\n", "", "missing_clause", "clauses:", "通則編3-6-3(3)(オ)"),
    "matter カ": (SUNNET, "      end_procedure: 第12条\n", "", "missing_clause", "clauses:", "通則編3-6-3(3)(カ)"),
    "no selection": (
        SUNNET,
        "basis: joint_use",
        "basis: entrustment\n    evidence: {}",
        "missing_evidence",
        "evidence: {}",
        "法27条5項1号",
    ),
    "no supervision": (SUNNET, SUPERVISION, "", "no_supervision", "kyoritsusha-sunnet-01:", PS),
    "before any notice": (
        SUNNET,
        "term: {from: 2026-04-01, to: 2027-03-31}",
        "term: {from: 2010-04-01, to: 2011-03-31}",
        "no_notice",
        "term:",
        JOINT,
    ),
    "foreign programme": (SUNNET, "programme: sukusuku", "programme: kosodate", "no_notice", "term:", JOINT),
    "basis not published": (SUNNET, "basis: joint_use", "basis: life", "no_ground", "-sunnet-01:", "法27条1項"),
    "ground of another basis": (
        SUNNET,
        "basis: joint_use",
        "basis: law\n    ground: T1",
        "no_ground",
        "kyoritsusha-sunnet-01:",
        "法27条1項",
    ),
    "direct contact without decision": (
        SUNNET,
        "basis: joint_use",
        "basis: entrustment\n    ground: T3",
        "ground_undecided",
        "kyoritsusha-sunnet-01:",
        "K-T3",
    ),
    "direct contact with more than contact fields": (
        SUNNET,
        "basis: joint_use",
        "basis: entrustment\n    ground: T3",
        "not_contact",
        "order_course: as_is",
        "K-T3",
    ),
    "purpose × product twice": (SUNNET, "purpose: P3", "purpose: P4  # again", "twice", "# again", PS),
    "unknown field": (SUNNET, "email: as_is", "e_mail: as_is", "unknown_field", "e_mail", PS),
    "transform on the wrong type": (SUNNET, "name: as_is", "name: prefecture", "wrong_transform", "name: pref", PS),
    "pairwise id of a name": (SUNNET, "name: as_is", "name: pairwise_id", "wrong_transform", "pairwise_id", PS),
    "field of another product": (SUNNET, "products: [G1]", "products: [G2]", "wider_product", "order_course", PS),
    "special care": (SUNNET, "email: as_is", "care_level: as_is", "field_undecided", "care_level", PS),
    "financial": (SUNNET, "email: as_is", "receivable_yen: as_is", "field_undecided", "receivable_yen", PS),
    "free text": (SUNNET, "email: as_is", "inquiry_text: as_is", "field_undecided", "inquiry_text", PS),
    "about a child": (SUNNET, "email: as_is", "child_birth_date: birth_year", "field_undecided", "child_birth", PS),
    "population over nothing": (SUNNET, "field: municipality_code", "field: town", "population_unknown", "town", PS),
    "population of the wrong type": (KYOSAI, "in: [true]", 'in: ["true"]', "population_form", '"true"', PS),
    "population with two conditions in one": (
        SUNNET,
        'prefix_in: ["06"]',
        'prefix_in: ["06"], in: ["062031"]',
        "population_form",
        "prefix_in",
        PS,
    ),
    "population outside the code list": (
        SUNNET,
        'population: [{field: municipality_code, prefix_in: ["06"]}]',
        'population: [{field: sex, in: ["3"]}]',
        "population_form",
        "field: sex",
        PS,
    ),
    "unknown purpose": (SUNNET, "purpose: P3", "purpose: P14", "unknown_purpose", "P14", PS),
    "employment": (SUNNET, "purpose: P3", "purpose: P13", "purpose_never", "P13", "K-P13"),
    "purpose under review": (SUNNET, "purpose: P3", "purpose: P1", "purpose_undecided", "P1", "K-P1"),
    "no common subject": (SUNNET, "purpose: P3", "purpose: P9", "no_subject", "P9", "K-P9"),
    "no product class": (SUNNET, "        products: [G1]\n", "", "product_required", "delivery:", PS),
    "unknown product": (SUNNET, "products: [G1]", "products: [G1, G9]", "unknown_product", "G9", PS),
    "financial under another purpose": (SUNNET, "email: as_is", "bank_account: as_is", "class_purpose", "bank_", PS),
    "unresolved open item": (SUNNET, "email: as_is", "share_yen: as_is", "unresolved", "share_yen", "K-I8"),
    "product class where none are": (
        DELI,
        "purpose: P4",
        "purpose: P4\n        products: [G1]",
        "no_products",
        "G1",
        PS,
    ),
    "purpose with uses": (DELI, "purpose: P4", "purpose: P2", "use_required", "purpose: P2", "D-P2"),
    "purpose of law": (DELI, "purpose: P4", "purpose: P8", "purpose_basis", "purpose: P8", "D-P8"),
}


@pytest.mark.parametrize("case", ONE_EDIT)
def test_one_wrong_thing_is_refused_in_its_place(room, expect, case):
    file, old, new, state, needle, rule = ONE_EDIT[case]
    room.edit(file, old, new)
    expect(state, file, needle, rule)


def test_an_item_that_excludes_a_class_does_not_state_the_field(room, expect):
    room.edit(FIELDS, "care_level: {item: I8", "care_level: {item: I11")
    room.edit(SUNNET, "email: as_is", "care_level: as_is")
    expect("item_not_stated", SUNNET, "care_level", JOINT)


def test_the_coop_is_never_its_own_partner(room, expect):
    room.copy("partners/sunnet.yaml", "partners/kyoritsusha.yaml", "id: sunnet", "id: kyoritsusha")
    own = "policies/kyoritsusha/agreements/kyoritsusha.yaml"
    room.copy(SUNNET, own, "sunnet", "kyoritsusha")
    expect("own_partner", own, "kyoritsusha-kyoritsusha-01", PS)


def test_a_partner_that_is_the_controller_by_name_is_its_own_partner(room, expect):
    room.edit("partners/coop-tohoku.yaml", "name: 株式会社コープ東北", "name: 生活協同組合共立社")
    expect("own_partner", "partners/coop-tohoku.yaml", "name: 生活協同組合共立社", PS)


def test_a_partner_without_file_is_unknown(room, expect):
    (room.partners / "sunnet.yaml").unlink()
    expect("unknown_partner", SUNNET, "kyoritsusha-sunnet-01", PS)


def test_a_partner_outside_the_notice_is_no_joint_user(room, expect):
    other = "policies/kyoritsusha/agreements/coop-service.yaml"
    room.copy(SUNNET, other, "sunnet", "coop-service")
    expect("not_a_user", other, "kyoritsusha-coop-service-01", JOINT)


def test_a_partner_abroad_needs_a_decision(room, expect):
    room.edit("partners/sunnet.yaml", "country: JP", "country: US")
    expect("abroad", SUNNET, "kyoritsusha-sunnet-01", "法28条")
    decision = (
        "coop: kyoritsusha\ndecisions:\n  sunnet-abroad:\n    kind: abroad\n    partner: sunnet\n    ground: consent\n"
        "    by: A\n    approved_by: B\n    reason: R\n    from: 2026-04-01\n"
    )
    room.add("policies/kyoritsusha/decisions/abroad.yaml", decision)
    assert not [f for f in room.lint("kyoritsusha") if f.severity == "error"]


@pytest.mark.clause("D-U5")
def test_an_insurance_agency_needs_its_insurer(room, expect):
    hoken = "policies/coopdeli/agreements/coopdeli-hoken.yaml"
    room.copy(DELI, hoken, "jccu", "coopdeli-hoken")
    expect("filter_required", hoken, "after-service:", PS, says="insurer")
    room.edit(hoken, "purpose: P4", "purpose: P4\n        filters: {insurer: A}")
    assert not [f for f in room.lint("coopdeli") if f.severity == "error"]


def test_an_agreement_of_an_incomplete_notice_stands_but_is_told(expect):
    expect("incomplete", DELI, "coopdeli-jccu-01:", JOINT, severity="warning")


@pytest.mark.clause("D-P6", "K-P7")
def test_a_direct_identifier_under_a_profile_without_is_told(room, expect):
    room.edit(DELI, "purpose: P4", "purpose: P6")
    expect("direct_identifier", DELI, "name: as_is", "D-P6", severity="warning")


@pytest.mark.parametrize(
    ("basis", "article", "missing"),
    [
        ("entrustment", "法27条5項1号", {"selection"}),
        ("law", "法27条1項1号", {"law", "document_number", "received_on"}),
        ("life", "法27条1項2号", {"decided_by", "approved_by", "why_consent_is_difficult", "subjects", "expires"}),
        (
            "public_health",
            "法27条1項3号",
            {"decided_by", "approved_by", "why_consent_is_difficult", "subjects", "expires"},
        ),
        ("gov_cooperation", "法27条1項4号", {"agency", "law", "why_consent_would_hinder"}),
        ("consent", "法27条1項", {"consent_text", "consent_version", "consent_obtained_by", "consent_withdrawal"}),
    ],
)
def test_each_basis_is_refused_without_its_evidence_and_stands_with_it(room, basis, article, missing):
    room.edit(DELI, "basis: joint_use", f"basis: {basis}")
    found = [f for f in room.lint("coopdeli") if f.state == "missing_evidence"]
    assert {f.subject for f in found} == missing
    assert {f.rule for f in found} == {article}
    given = dict.fromkeys(missing, "記録") | {"selection": "{criteria: c, date: 2026-01-05, result: r}"}
    given |= {"received_on": "2026-04-02", "expires": '"2026-12-01T18:00:00+09:00"', "approved_by": "別の人"}
    record = ", ".join(f"{name}: {given[name]}" for name in sorted(missing))
    room.edit(DELI, f"basis: {basis}", f"basis: {basis}\n    evidence: {{{record}}}")
    assert not [f for f in room.lint("coopdeli") if f.severity == "error"]


def test_every_word_about_agreements_is_used_by_a_test():
    told = {case[3] for case in ONE_EDIT.values()}
    elsewhere = {"own_partner", "unknown_partner", "not_a_user", "abroad", "filter_required", "incomplete"}
    elsewhere |= {"direct_identifier", "item_not_stated", "unknown_ground"}
    # test_policy_end_of_use.py
    elsewhere |= {"end_before_begin", "erased_before_end", "not_erased"}
    assert told | elsewhere == AGREEMENT.keys()
