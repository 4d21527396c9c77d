"""Partners and agreements of a draft: what is written, byte for byte, and what is refused with nothing written."""

import difflib
from typing import Any

import pytest

from gateway.control_plane.drafting.agreement import (
    CLAUSES,
    Certificate,
    Check,
    End,
    NewAgreement,
    Paper,
    Selection,
    agreements_of,
    certify,
    change_clauses,
    change_paper,
    end_use,
    new_agreement,
    record_check,
    record_selection,
)
from gateway.control_plane.drafting.grant import Condition, NewGrant, new_grant, purposes_of
from gateway.control_plane.drafting.partner import PartnerTyped, change_partner, new_partner, partner_of, partners_of
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.core.bases import Basis
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.ports import Files
from tests.control_plane.matrix_files import CHECKED, COOP, files

PARTNER, AGREEMENT = "coop-kaihatsu", "kyoritsusha-coop-kaihatsu-01"
FILE = f"policies/{COOP}/agreements/{PARTNER}.yaml"
SUNNET, SUNNET_FILE = "kyoritsusha-sunnet-01", f"policies/{COOP}/agreements/sunnet.yaml"
PAPER = Paper(
    form="覚書",
    title="住まいの案内に関する覚書",
    signed="2026-11-20",
    department="宅配事業部",
    first="2026-12-01",
    last="2027-11-30",
)
ARTICLES = {clause: f"第{number}条" for number, clause in enumerate(CLAUSES, 2)}
WHOM = {"responsible": "総務部長", "inquiries": "総務課"}
GRANT = NewGrant(
    grant="housing",
    purpose="P4",
    products=("G4",),
    population=(
        Condition(field="municipality_code", how="prefix_in", values="06、07"),
        Condition(),
        Condition(field="kyosai_enrolled", how="in", values="true"),
    ),
    field="name",
    transform="as_is",
    max_age_days="7",
    retention_days="30",
)
WRITTEN = """\
coop: kyoritsusha
partner: coop-kaihatsu
agreements:
  kyoritsusha-coop-kaihatsu-01:
    basis: joint_use
    programme: sukusuku
    contract: {form: 覚書, title: 住まいの案内に関する覚書, signed: 2026-11-20, department: 宅配事業部}
    term: {from: 2026-12-01, to: 2027-11-30}
    clauses:
      secrecy: 第2条
      no_reprovision: 第3条
      incident_liability: 第4条
      user_requirement: 第5条
      contacts: {responsible: 総務部長, inquiries: 総務課, article: 第6条}
      leak_prevention: 第7条
      no_outside_purpose: 第8条
      return_erase: 第9条
      breach_measures: 第10条
      incident_report: 第11条
      end_procedure: 第12条
    supervision: {last: null, due: 2027-05-31, grace_days: 30}
    limits: {members_per_day: 500}
    grants:
      housing:
        purpose: P4
        products: [G4]
        population: [{field: municipality_code, prefix_in: ["06", "07"]}, {field: kyosai_enrolled, in: [true]}]
        max_age_days: 7
        retention_days: 30
        fields:
          name: as_is
"""


def wanted(**changes: Any) -> NewAgreement:
    values: dict[str, Any] = {
        "agreement": AGREEMENT,
        "basis": "joint_use",
        "programme": "sukusuku",
        "paper": PAPER,
        "clauses": ARTICLES | WHOM,
        "check": Check(due="2027-05-31", grace_days="30"),
        "members_per_day": "500",
    }
    return NewAgreement(**{**values, **changes})


def agreed(given: Files | None = None, **changes: Any) -> Files:
    return new_agreement(files() if given is None else given, COOP, PARTNER, wanted(**changes), policy_files=CHECKED)


def policy(of: Files) -> Policy:
    checked = CHECKED.check(COOP, of)
    assert checked.policy is not None, [one.en for one in checked.findings if one.severity == "error"]
    return checked.policy


def lines(before: Files, after: Files, file: str = SUNNET_FILE) -> list[str]:
    """The lines that differ, with their signs."""
    found = difflib.unified_diff(before.get(file, "").splitlines(), after[file].splitlines(), lineterm="", n=0)
    return [line for line in found if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


def here(act: Any, typed: Any, given: Files | None = None) -> Files:
    made: Files = act(files() if given is None else given, COOP, "sunnet", SUNNET, typed, policy_files=CHECKED)
    assert {name: text for name, text in made.items() if name != SUNNET_FILE} == {
        name: text for name, text in (given or files()).items() if name != SUNNET_FILE
    }
    return made


# ── what is written ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_agreement_and_its_first_grant_are_written_as_a_person_would():
    made = agreed()
    made = new_grant(made, COOP, PARTNER, AGREEMENT, GRANT, policy=policy(made), policy_files=CHECKED)
    assert made[FILE] == WRITTEN
    assert {name: text for name, text in made.items() if name != FILE} == files()
    assert policy(made).agreements[AGREEMENT].grants[0].population[0].prefixes == ("06", "07")


def test_a_second_agreement_and_grant_stand_beside_the_first_every_byte_of_which_stays():
    made = agreed()
    made = new_grant(made, COOP, PARTNER, AGREEMENT, GRANT, policy=policy(made), policy_files=CHECKED)
    later = PAPER.__class__(
        form="契約", title="更新", signed="2027-11-01", department="宅配事業部", first="2027-12-01", last=""
    )
    again = agreed(made, agreement="kyoritsusha-coop-kaihatsu-02", paper=later)
    assert again[FILE].startswith(WRITTEN)
    second = NewGrant(
        grant="trouble", purpose="P12", products=("G4",), field="phone", transform="mask", max_age_days="1",
        retention_days="5", members_per_day="9", insurer="A損害保険",
    )  # fmt: skip
    more = new_grant(made, COOP, PARTNER, AGREEMENT, second, policy=policy(made), policy_files=CHECKED)
    assert more[FILE].startswith(WRITTEN)
    assert [one.id for one in policy(more).agreements[AGREEMENT].grants] == [
        f"{AGREEMENT}.housing",
        f"{AGREEMENT}.trouble",
    ]


@pytest.mark.clause("D-P8", "D-T5")
@pytest.mark.parametrize(
    ("basis", "changes", "line"),
    [
        (
            "entrustment",
            {"selection": Selection(criteria="実績", selected="2026-10-01", selection_result="適", selected_by="佐藤")},
            "selection: {criteria: 実績, date: 2026-10-01, result: 適, by: 佐藤}",
        ),
        (
            "consent",
            {
                "evidence": {
                    "consent_text": "同意する",
                    "consent_version": "2026-04-01",
                    "consent_obtained_by": "申込書",
                    "consent_withdrawal": "電話",
                }
            },
            "consent_text: 同意する",
        ),
        (
            "law",
            {"evidence": {"law": "地方税法", "document_number": "税-0012", "received_on": "2026-11-19"}},
            "received_on: 2026-11-19",
        ),
    ],
)
def test_each_basis_has_its_evidence_and_no_more(basis: str, changes: dict[str, Any], line: str):
    made = agreed(basis=basis, programme="", **changes)
    assert line in made[FILE]
    assert ("supervision:" in made[FILE]) == (basis == "entrustment")
    assert policy(made).agreements[AGREEMENT].basis == Basis(basis)


def test_evidence_of_an_emergency_carries_its_own_end():
    evidence = {"decided_by": "A", "approved_by": "B", "why_consent_is_difficult": "不明", "subjects": "被災者"}
    made = agreed(basis="life", programme="", evidence=evidence | {"expires": "2026-12-24T18:00"})
    assert 'expires: "2026-12-24T18:00:00+09:00"' in made[FILE]


def test_a_check_replaces_the_last_one_and_moves_the_due_day():
    typed = Check(checked="2026-11-20", method="実地", result="適", due="2027-05-20", grace_days="30")
    assert lines(files(), here(record_check, typed)) == [
        "-    supervision: {last: {date: 2026-09-10, method: 質問票, result: 適}, due: 2027-03-10, grace_days: 30}",
        "+    supervision: {last: {date: 2026-11-20, method: 実地, result: 適}, due: 2027-05-20, grace_days: 30}",
    ]


def test_the_end_of_use_then_its_certificate_then_another_day():
    ended = here(end_use, End(end="2026-12-31", procedure="第12条による", erase_due="2027-01-31"))
    assert lines(files(), ended) == [
        "+    end: {date: 2026-12-31, procedure: 第12条による, return_erase: {due: 2027-01-31, certificate: null}}"
    ]
    proof = Certificate(certificate="消去-1", certified="2027-01-20", certified_by="情報管理責任者")
    certified = here(certify, proof, ended)
    assert "certificate: {number: 消去-1, date: 2027-01-20, by: 情報管理責任者}" in certified[SUNNET_FILE]
    moved = here(end_use, End(end="2027-01-10", procedure="第12条による", erase_due="2027-01-31"), certified)
    assert lines(certified, moved)[1] == lines(certified, moved)[0].replace("2026-12-31", "2027-01-10").replace(
        "-", "+", 1
    )
    assert not [one for one in CHECKED.check(COOP, moved).findings if one.severity == "error"]


def test_clauses_and_paper_change_where_they_stand_and_nowhere_else():
    articles = {
        name: said
        for name, said in agreements_of(files(), COOP, "sunnet", policy_files=CHECKED)[SUNNET].clauses.items()
        if isinstance(said, str)
    }
    typed = articles | {"contacts": "第5条2項", "responsible": "【見本】", "inquiries": "新担当", "secrecy": "第3条2項"}
    assert lines(files(), here(change_clauses, typed)) == [
        "-      secrecy: 第3条",
        "+      secrecy: 第3条2項",
        "-      contacts: {responsible: 【見本】, inquiries: 【見本】, article: 第5条}",
        "+      contacts: {responsible: 【見本】, inquiries: 新担当, article: 第5条2項}",
    ]
    gone = here(change_clauses, {**typed, "secrecy": "第3条", "breach_measures": " "})
    assert "-      breach_measures: 第8条" in lines(files(), gone)
    paper = Paper(
        form="覚書",
        title="【見本】共同利用に関する覚書",
        signed="2026-03-20",
        department="宅配事業部",
        first="2026-04-01",
    )
    assert lines(files(), here(change_paper, paper)) == [
        "-    term: {from: 2026-04-01, to: 2027-03-31}",
        "+    term: {from: 2026-04-01}",
    ]


@pytest.mark.clause("K-X1")
def test_a_selection_is_recorded_for_joint_use_too():
    typed = Selection(criteria="実績、体制", selected="2026-03-01", selection_result="適", selected_by="佐藤")
    assert lines(files(), here(record_selection, typed)) == [
        "+    evidence:",
        "+      selection: {criteria: 実績、体制, date: 2026-03-01, result: 適, by: 佐藤}",
    ]


def test_a_legal_entity_is_written_and_changed_byte_by_byte():
    typed = PartnerTyped(
        name="株式会社 東北総研",
        short_name="総研",
        corporate_number="7000012050002",
        address="山形県鶴岡市",
        clients="a-1\n\nb.2",
    )
    made = new_partner(files(), COOP, "tohoku-soken", typed, policy_files=CHECKED)
    assert made["partners/tohoku-soken.yaml"] == (
        "id: tohoku-soken\nname: 株式会社 東北総研\nshort_name: 総研\n"
        'corporate_number: "7000012050002"\ncountry: JP\naddress: 山形県鶴岡市\nrepresentative: null\n'
        "contacts: null\nclients: [{id: a-1}, {id: b.2}]\n"
    )
    assert partner_of(made, "tohoku-soken", policy_files=CHECKED).corporate_number == "7000012050002"
    again = PartnerTyped(
        name="株式会社 東北総研", short_name="総研", incidents="夜間窓口", clients="a-1\nb.2", archived="2027-04-01"
    )
    changed = change_partner(made, COOP, "tohoku-soken", again, policy_files=CHECKED)
    assert lines(made, changed, "partners/tohoku-soken.yaml") == [
        '-corporate_number: "7000012050002"',
        "+corporate_number: null",
        "-address: 山形県鶴岡市",
        "+address: null",
        "-contacts: null",
        "+contacts: {incidents: 夜間窓口}",
        "+archived: 2027-04-01",
    ]
    assert "tohoku-soken" in partners_of(changed, policy_files=CHECKED)


def test_saving_a_legal_entity_as_it_stands_changes_no_byte():
    for name, said in partners_of(files(), policy_files=CHECKED).items():
        typed = PartnerTyped(
            name=said.name,
            short_name=said.short_name,
            corporate_number=said.corporate_number or "",
            country=said.country,
            address=said.address or "",
            representative=said.representative or "",
            clients="\n".join(client.id for client in said.clients),
        )
        assert change_partner(files(), COOP, name, typed, policy_files=CHECKED) == files()


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"agreement": "覚書"}, "agreement"),
        ({"agreement": "a" * 49}, "agreement"),
        ({"agreement": "new"}, "agreement"),
        ({"basis": "whim"}, "basis"),
        ({"clauses": ARTICLES}, "responsible"),
        ({"clauses": ARTICLES | WHOM | {"contacts": ""}}, "article"),
        ({"check": Check()}, "due"),
        ({"check": Check(due="2027-05-31", grace_days="-1")}, "grace_days"),
        ({"check": Check(checked="2026-11-20", due="2027-05-31", grace_days="1")}, "method"),
        ({"check": Check(checked="2027-06-01", method="a", result="b", due="2027-05-31", grace_days="1")}, "due"),
        ({"members_per_day": "0"}, "members_per_day"),
        ({"members_per_day": "many"}, "members_per_day"),
        ({"selection": Selection(criteria="実績")}, "selected"),
        ({"basis": "law", "evidence": {"received_on": "昨日"}}, "received_on"),
        ({"basis": "life", "evidence": {"expires": "2026-13-01T00:00"}}, "expires"),
        ({"paper": Paper(form="口約束", first="2026-12-01")}, "form"),
        ({"programme": "す\u202e"}, "programme"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(changes: dict[str, Any], field: str):
    with pytest.raises(Refused) as told:
        agreed(**changes)
    assert told.value.rule == "field"
    assert NAMES[field][0] in told.value.ja
    assert NAMES[field][1] in told.value.en


def test_an_agreement_with_nobody_or_a_second_time_is_refused():
    with pytest.raises(Refused, match="has no file"):
        new_agreement(files(), COOP, "nobody", wanted(), policy_files=CHECKED)
    with pytest.raises(Refused, match="already"):
        agreed(agreed())


def test_a_field_is_needed_and_a_grant_is_named_once():
    made = agreed()
    for typed, field in (
        (NewGrant(grant="x", purpose="P4", max_age_days="1", retention_days="1", transform="as_is"), "field"),
        (NewGrant(grant="x", purpose="P4", max_age_days="1", retention_days="1", field="name"), "transform"),
        (NewGrant(grant="x", purpose="P99"), "purpose"),
        (NewGrant(grant="x", purpose="P4", max_age_days="3661"), "max_age_days"),
        (
            NewGrant(grant="x", purpose="P4", population=(Condition(field="nothing", how="in", values="1"),)),
            "condition",
        ),
        (
            NewGrant(grant="x", purpose="P4", population=(Condition(field="name", how="in", values=" ,、"),)),
            "condition",
        ),
    ):
        with pytest.raises(Refused) as told:
            new_grant(made, COOP, PARTNER, AGREEMENT, typed, policy=policy(made), policy_files=CHECKED)
        assert NAMES[field][1] in told.value.en
    once = new_grant(made, COOP, PARTNER, AGREEMENT, GRANT, policy=policy(made), policy_files=CHECKED)
    with pytest.raises(Refused, match="already"):
        new_grant(once, COOP, PARTNER, AGREEMENT, GRANT, policy=policy(once), policy_files=CHECKED)
    assert "P13" in purposes_of(policy(made))


def test_a_certificate_comes_after_the_end():
    with pytest.raises(Refused, match="record the end of use first"):
        here(certify, Certificate(certificate="1", certified="2027-01-20", certified_by="A"))


def test_a_file_that_cannot_be_read_is_told_by_its_name():
    for text, told in (("agreements: [1", "edit|read|mend"), ("agreements: 1\n", "another form")):
        with pytest.raises(Refused, match=told) as fault:
            agreements_of({SUNNET_FILE: text}, COOP, "sunnet", policy_files=CHECKED)
        assert SUNNET_FILE in fault.value.ja
    for text in ("id: [", "id: x\n"):
        with pytest.raises(Refused) as fault:
            partner_of({"partners/x.yaml": text}, "x", policy_files=CHECKED)
        assert "partners/x.yaml" in fault.value.ja + fault.value.rule
