"""A file that is not of its shape is refused with file, line and mend; all of it at once, nothing half-loaded."""

import pytest

from gateway.adapters.policy_files.finding import PolicyRefused
from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.words_shape import SHAPE

SUNNET = "policies/kyoritsusha/agreements/sunnet.yaml"
NOTICE = "policies/kyoritsusha/notices/2022-04-01.yaml"
FIELDS = "policies/kyoritsusha/fields.yaml"
JCCU = "partners/jccu.yaml"
PS = "policy-semantics"

ONE_EDIT = {
    "unknown key": (SUNNET, "retention_days: 90", "retain_days: 90", "unknown_key", "retain_days", PS),
    "missing key": (SUNNET, "        retention_days: 90\n", "", "missing_key", "delivery:", PS),
    "duplicate key": (SUNNET, "secrecy: 第3条", "secrecy: 第3条\n      secrecy: 第9条", "duplicate_key", "第9条", PS),
    "text for a number": (SUNNET, "retention_days: 90", 'retention_days: "90"', "wrong_type", '"90"', PS),
    "text for a day": (SUNNET, "to: 2027-03-31", 'to: "2027-03-31"', "wrong_type", '"2027-03-31"', PS),
    "a day for text": (NOTICE, 'version: "2022-04-01"', "version: 2022-04-01", "text_meant", "version: 2022", PS),
    "true for text": (NOTICE, "title: 個人情報保護方針", "title: true", "text_meant", "title:", PS),
    "a bare yes": (NOTICE, 'joint: "yes"', "joint: yes", "bare_word", "joint: yes", PS),
    "a bare no": (NOTICE, 'joint: "no"', "joint: no", "bare_word", "joint: no", PS),
    "a bare code": (SUNNET, 'prefix_in: ["06"]', "prefix_in: [06]", "leading_zero", "[06]", PS),
    "bare hours": (NOTICE, 'from: "09:30"', "from: 9:30", "bare_value", "9:30", PS),
    "a bare null key": (FIELDS, '"null": never', "null: never", "key_not_text", "null: never", PS),
    "no such day": (SUNNET, "to: 2027-03-31", "to: 2027-02-31", "no_such_day", "2027-02-31", PS),
    "an empty value": (SUNNET, "retention_days: 90", "retention_days:", "say_null", "retention_days:", PS),
    "an anchor": (SUNNET, "secrecy: 第3条", "secrecy: &s 第3条", "reference", "&s", PS),
    "a tag": (SUNNET, "secrecy: 第3条", "secrecy: !!str 第3条", "tag", "!!str", PS),
    "no yaml": (SUNNET, "products: [G1]", "products: [G1", "syntax", "population: [", PS),
    "a second document": (
        SUNNET,
        "coop: kyoritsusha",
        "---\ncoop: kyoritsusha\n---\na: 1",
        "second_document",
        "---",
        PS,
    ),
    "too deep": (SUNNET, "products: [G1]", f"products: {'[' * 40}{']' * 40}", "too_deep", "[[[", PS),
    "an unknown transform": (SUNNET, "name: as_is", "name: hash", "not_one_of", "name: hash", PS),
    "an unknown basis": (SUNNET, "basis: joint_use", "basis: joint", "not_one_of", "basis:", PS),
    "a form": (SUNNET, "purpose: P4", "purpose: 4th", "wrong_form", "4th", PS),
    "a negative number": (SUNNET, "retention_days: 90", "retention_days: -1", "wrong_form", "retention_days: -1", PS),
    "days reversed": (SUNNET, "to: 2027-03-31", "to: 2026-03-31", "days_reversed", "term:", PS),
    "a reconciliation of weeks": (
        SUNNET,
        "basis: joint_use",
        "basis: joint_use\n    reconciliation: {from: 2026-12-01, to: 2026-12-15}",
        "days_many",
        "reconciliation:",
        PS,
    ),
    "a reconciliation reversed": (
        SUNNET,
        "basis: joint_use",
        "basis: joint_use\n    reconciliation: {from: 2026-12-02, to: 2026-12-01}",
        "days_reversed",
        "reconciliation:",
        PS,
    ),
    "no such instant": (
        SUNNET,
        "basis: joint_use",
        'basis: joint_use\n    evidence: {expires: "2026-02-30T10:00+09:00"}',
        "no_such_instant",
        "2026-02-30T10",
        PS,
    ),
    "check digit": (JCCU, "corporate_number: null", 'corporate_number: "1000012050002"', "check_digit", "corp", PS),
    "another co-op's file": (SUNNET, "coop: kyoritsusha", "coop: coopdeli", "misfiled", "coop:", PS),
    "another partner's file": (SUNNET, "partner: sunnet", "partner: jccu", "misfiled", "partner:", PS),
    "another version's file": (NOTICE, 'version: "2022-04-01"', 'version: "2022-04-02"', "misfiled", "version:", PS),
    "a notice dated otherwise": (
        NOTICE,
        "effective: {from: 2022-04-01",
        "effective: {from: 2022-05-01",
        "misfiled",
        "effective:",
        PS,
    ),
    "an altered archive": (NOTICE, "sha256: f", "sha256: 0", "archive_changed", "sha256:", "D-00"),
    "no archive": (NOTICE, "file: source/2022-04-01.txt", "file: source/2022.txt", "no_archive", "file:", "D-00"),
}


@pytest.mark.parametrize("case", ONE_EDIT)
def test_one_wrong_thing_is_refused_in_its_place(room, expect, case):
    file, old, new, state, needle, rule = ONE_EDIT[case]
    room.edit(file, old, new)
    told = {"second_document": "---", "misfiled": ""}.get(state)
    if state == "second_document":
        # The line of the second mark; the first stands two lines above.
        found = [f for f in room.lint("kyoritsusha") if f.state == state]
        assert [(f.file, f.line) for f in found] == [(str(room.root / file), room.line(file, "---") + 2)]
    else:
        expect(state, file, needle, rule, says=told)


def test_the_mend_of_a_bare_word_says_to_quote_it(room, expect):
    room.edit(NOTICE, 'joint: "yes"', "joint: yes")
    finding = expect("bare_word", NOTICE, "joint: yes", PS)
    assert finding.mend_en == 'quote it: `"yes"`'
    assert "引用符" in finding.mend_ja


def test_the_corporate_number_of_the_tax_agency_passes_its_check_digit(room):
    room.edit(JCCU, "corporate_number: null", 'corporate_number: "7000012050002"')
    assert not [f for f in room.lint("kyoritsusha") if f.severity == "error"]


@pytest.mark.parametrize(
    "name", ["field.yaml", "agreements/sunnet.yml", "decisions/old/x.yaml", "notices/2022-04-01.json", "source/a.pdf"]
)
def test_a_file_that_nobody_reads_is_refused(room, name):
    room.add(f"policies/kyoritsusha/{name}", "a: 1\n")
    (finding,) = (f for f in room.lint("kyoritsusha") if f.severity == "error")
    assert (finding.state, finding.subject, finding.line) == ("foreign_file", name, 1)


def test_notes_and_editors_files_are_left_alone(room):
    for name in ("README.md", ".sunnet.yaml.swp", "agreements/sunnet.yaml~"):
        room.add(f"policies/kyoritsusha/{name}", "x")
    assert not [f for f in room.lint("kyoritsusha") if f.severity == "error"]


@pytest.mark.parametrize("name", ["fields.yaml", "source.yaml", "notices/2022-04-01.yaml"])
def test_a_file_that_is_needed_is_missed(room, name):
    (room.policies / "kyoritsusha" / name).unlink()
    (finding,) = (f for f in room.lint("kyoritsusha") if f.severity == "error")
    assert (finding.state, finding.subject) == ("missing_file", name.partition("/")[0])


def test_a_coop_without_folder_is_refused(room):
    with pytest.raises(PolicyRefused) as refused:
        load(room.policies, room.partners, "nobody", samples=True)
    assert [f.state for f in refused.value.findings] == ["missing_file"]


def test_a_file_in_another_encoding_is_refused(room):
    (room.policies / "kyoritsusha/fields.yaml").write_bytes("coop: 共立社\n".encode("cp932"))
    assert [f.state for f in room.lint("kyoritsusha") if f.severity == "error"] == ["unreadable"]


def test_an_empty_file_is_refused(room):
    room.add(FIELDS, "# nothing\n")
    assert [f.state for f in room.lint("kyoritsusha") if f.severity == "error"] == ["empty_file"]


@pytest.mark.parametrize("file", ["decisions/again.yaml", "agreements/coop-tohoku.yaml"])
def test_an_id_that_two_files_use_is_refused(room, file):
    source = "decisions/readings.yaml" if "decisions" in file else "agreements/sunnet.yaml"
    room.copy(
        f"policies/kyoritsusha/{source}", f"policies/kyoritsusha/{file}", "partner: sunnet", "partner: coop-tohoku"
    )
    found = [f for f in room.lint("kyoritsusha") if f.state == "duplicate_key"]
    assert found
    names = {"kana-of-name", "codes-of-address", "kyoritsusha-sunnet-01"}
    assert {f.subject for f in found} <= names


def test_all_findings_of_all_files_come_at_once_and_nothing_is_loaded(room):
    room.edit(SUNNET, "retention_days: 90", "retain_days: 90")
    room.edit("policies/kyoritsusha/agreements/jccu.yaml", "purpose: P12", "purpose: P13")
    room.edit("policies/kyoritsusha/decisions/readings.yaml", "fields: [name_kana]", "fields: [kana]")
    with pytest.raises(PolicyRefused) as refused:
        load(room.policies, room.partners, "kyoritsusha", samples=True)
    states = {f.state for f in refused.value.findings if f.severity == "error"}
    assert states >= {"unknown_key", "missing_key", "purpose_never", "unknown_field"}
    assert len({f.file for f in refused.value.findings if f.severity == "error"}) == 4
    assert "unknown key `retain_days`" in str(refused.value)


def test_every_word_about_shapes_is_used_by_a_test():
    told = {case[3] for case in ONE_EDIT.values()}
    # test_policy_source_map.py
    told |= {"era_needed", "yes_and_no", "fixed_columns", "fixed_outside", "csv_columns", "no_such_fact", "two_places"}
    assert told | {"foreign_file", "missing_file", "unreadable", "empty_file"} == SHAPE.keys()
