"""Notices, catalogue, decisions and partners that do not agree are refused in their place and by their rule."""

from contextlib import chdir
from pathlib import Path

import pytest

from gateway.adapters.policy_files.lint import lint
from gateway.adapters.policy_files.words_notice import NOTICE as WORDS

NOTICE = "policies/kyoritsusha/notices/2022-04-01.yaml"
FIELDS = "policies/kyoritsusha/fields.yaml"
SOURCE = "policies/kyoritsusha/source.yaml"
READINGS = "policies/kyoritsusha/decisions/readings.yaml"
USAGE = "policies/kyoritsusha/decisions/usage-items.yaml"
COHORT = "policies/kyoritsusha/decisions/earlier-members.yaml"
DELI = "policies/coopdeli/notices/2017-06-21.yaml"
JOINT = "法27条5項3号"
PS = "policy-semantics"
PARTIES = "  responsible_parties:                      # K-M1\n"
TWO_PARTIES = PARTIES + (
    "    - {role: 管理責任者, name: null, address: null, representative: {text: 渡邊 一弥, from: 2022-04-01}}\n"
)

ONE_EDIT = {
    "effective before published": (
        NOTICE,
        "published: {from: 2022-04-01",
        "published: {from: 2022-05-01",
        "before_published",
        "effective:",
        PS,
    ),
    "own version not listed": (
        NOTICE,
        '改訂", text: held',
        '改訂", text: header_only',
        "version_not_listed",
        "versions:",
        "K-DT",
    ),
    "a version held without text": (
        NOTICE,
        '改訂", text: header_only',
        '改訂", text: held',
        "version_without_text",
        "versions:",
        "K-DT",
    ),
    "a quotation mended": (DELI, "減失またはき損", "滅失またはき損", "not_quoted", "滅失またはき損", "D-00"),
    "a name with another 邊": (
        NOTICE,
        "text: 代表理事 渡邊 一弥",
        "text: 代表理事 渡邉 一弥",
        "not_quoted",
        "渡邉",
        "D-00",
    ),
    "a yes that nobody signed": (
        NOTICE,
        "のため, joint: review}",
        'のため, joint: "yes"}',
        "yes_unread",
        "  P1:",
        "K-P1",
    ),
    "one person reads and approves": (
        NOTICE,
        "approved_by: 【見本】管理責任者",
        "approved_by: 【見本】宅配事業部",
        "same_person",
        "approved_by: 【見本】宅配事業部",
        PS,
    ),
    "one person decides": (
        USAGE,
        "by: 【見本】宅配事業部",
        "by: 【見本】管理責任者",
        "same_person",
        "approved_by:",
        PS,
    ),
    "a user of no kind": (NOTICE, "U1: {partner: coop-kaihatsu, ", "U1: {", "user_form", "U1:", "K-U1"),
    "a class without list": (
        NOTICE,
        "U1: {partner: coop-kaihatsu,",
        "U1: {members_of: group,",
        "unknown_class",
        "U1:",
        PS,
    ),
    "a clause without text": (NOTICE, "  K-X1:\n", "  K-X2:\n", "unknown_clause", "coop: ", PS),
    "no member code": (
        FIELDS,
        'member_code: {item: I2, type: code, pattern: "^[0-9]{8}$"',
        "member_code: {item: I2, type: text",
        "no_member_code",
        "member_code:",
        "K-I2",
    ),
    "a field under no item": (FIELDS, "email: {item: I7", "email: {item: null", "no_item", "email:", JOINT),
    "a field of an unknown item": (FIELDS, "email: {item: I7", "email: {item: I12", "unknown_item", "email:", JOINT),
    "a field under two items": (NOTICE, "性別, fields: [sex]", "性別, fields: [sex, email]", "two_items", "I3:", JOINT),
    "a decision against the catalogue": (READINGS, "item: I1", "item: I5", "two_items", "fields: [name_kana]", JOINT),
    "a field of an unknown product": (FIELDS, "product: G3", "product: G8", "unknown_product", "care_level:", PS),
    "an item of unknown fields": (NOTICE, "性別, fields: [sex]", "性別, fields: [gender]", "unknown_field", "I3:", PS),
    "a class under an unknown purpose": (
        NOTICE,
        "financial: [P1, P6]",
        "financial: [P1, P60]",
        "unknown_purpose",
        "classes_by",
        PS,
    ),
    "a user without file": (NOTICE, "partner: coop-tohoku,", "partner: tohoku,", "unknown_partner", "  users:", PS),
    "a decision on an unknown field": (READINGS, "[name_kana]", "[kana]", "unknown_field", "[kana]", PS),
    "a decision on an unknown item": (USAGE, "item: I9", "item: I99", "unknown_item", "item: I99", JOINT),
    "a decision on an unknown version": (COHORT, '"2005-03-31"', '"2005-04-01"', "unknown_version", "versions:", PS),
    "a reading of an open item": (USAGE, "kind: open_item", "kind: item_field", "item_open", "item: I9", "K-I9"),
    "an opening of a closed item": (READINGS, "kind: item_field", "kind: open_item", "item_closed", "item: I1", "K-I1"),
    "two columns": (SOURCE, "status: status", "status: subject", "column_twice", "coop:", PS),
    "a column of nothing": (SOURCE, "facts:", "columns: {kana: KANA}\nfacts:", "unknown_field", "columns:", PS),
    "no code list": (FIELDS, "codes: {A: 毎週, B: 隔週}, ", "", "detail_missing", "order_course:", PS),
    "a length of a date": (
        FIELDS,
        "birth_date: {item: I4,",
        "birth_date: {item: I4, length: 8,",
        "detail_foreign",
        "birth_date:",
        PS,
    ),
    "a short municipality code": (
        FIELDS,
        "type: jis_x0402, length: 6",
        "type: jis_x0402, length: 4",
        "jis_length",
        "municipality",
        PS,
    ),
    "no regular expression": (FIELDS, "^[0-9]{8}$", "^[0-9{8}$", "pattern", "member_code:", PS),
    "a pattern of alternatives": (FIELDS, "^[0-9]{8}$", "^(a|a)*$", "pattern", "member_code:", PS),
    "a pattern in a group": (FIELDS, "^[0-9]{8}$", "^(?:[0-9]+)+$", "pattern", "member_code:", PS),
    "a pattern of three lengths": (FIELDS, "^[0-9]{8}$", "^[0-9]*[0-9]?[0-9]{0,9}$", "pattern", "member_code:", PS),
    "an example in the wrong type": (FIELDS, "example: true", 'example: "true"', "example", "kyosai_enrolled:", PS),
    "an example outside the codes": (FIELDS, 'example: "2"}', 'example: "3"}', "example", "sex:", PS),
    "an example against the pattern": (FIELDS, '"00012345"', '"12345"', "example", "member_code:", PS),
    "an example that is no day": (FIELDS, '"1984-11-22"', '"1984-11-32"', "example", "birth_date:", PS),
    "an example too short": (FIELDS, '"062031"', '"06203"', "example", "municipality_code:", PS),
}


@pytest.mark.parametrize("case", ONE_EDIT)
def test_one_wrong_thing_is_refused_in_its_place(room, expect, case):
    file, old, new, state, needle, rule = ONE_EDIT[case]
    room.edit(file, old, new)
    expect(state, file, needle, rule)


@pytest.mark.clause("K-I11")
def test_an_item_is_never_opened_for_a_class_it_excludes(room, expect):
    room.edit(FIELDS, "care_level: {item: I8", "care_level: {item: I11")
    room.copy(USAGE, "policies/kyoritsusha/decisions/care.yaml", "usage-items:", "care:")
    care = "policies/kyoritsusha/decisions/care.yaml"
    room.edit(
        care,
        "item: I9\n    fields: [order_course, delivery_day, kyosai_enrolled]",
        "item: I11\n    fields: [care_level]",
    )
    expect("class_never", care, "fields:", "K-I11")


@pytest.mark.parametrize(
    ("body", "state", "rule"),
    [
        ("kind: purpose\n    purposes: [P13]", "purpose_never", "K-P13"),
        ("kind: purpose\n    purposes: [P14]", "unknown_purpose", PS),
        ("kind: ground\n    ground: T9", "unknown_ground", "法27条1項"),
        ("kind: field_use\n    fields: [care_level]\n    partner: nobody\n    purposes: [P4]", "unknown_partner", PS),
    ],
)
def test_a_decision_decides_only_what_there_is(room, expect, body, state, rule):
    file = "policies/kyoritsusha/decisions/new.yaml"
    who = "by: A\n    approved_by: B\n    reason: R\n    from: 2026-04-01\n"
    room.add(file, f"coop: kyoritsusha\ndecisions:\n  new:\n    {body}\n    {who}")
    line = next(
        part
        for part in ("purposes:", "ground: T", "partner: ")
        if part in body and (part != "purposes:" or "field_use" not in body)
    )
    expect(state, file, line, rule)


@pytest.mark.clause("D-T3", "D-T4")
def test_one_person_may_not_break_the_glass_alone(room, expect):
    file = "policies/coopdeli/agreements/jccu.yaml"
    room.edit(file, "basis: joint_use", "basis: life\n    evidence:\n      decided_by: A\n      approved_by: A")
    expect("same_person", file, "approved_by: A", PS)


def test_two_partners_with_one_corporate_number_are_refused(room, expect):
    for name in ("jccu", "sunnet"):
        room.edit(f"partners/{name}.yaml", "corporate_number: null", 'corporate_number: "7000012050002"')
    expect("same_number", "partners/sunnet.yaml", "corporate_number", PS)
    assert [f.state for f in lint(room.partners)] == ["same_number"]


def test_two_partners_with_one_client_are_refused(room, expect):
    room.edit("partners/sunnet.yaml", "sunnet-demo", "jccu-demo")
    expect("same_client", "partners/sunnet.yaml", "clients:", PS)


def test_several_first_line_parties_are_told(room, expect):
    room.edit(NOTICE, PARTIES, TWO_PARTIES)
    expect("several_parties", NOTICE, "responsible_parties:", JOINT, severity="warning")


def test_an_item_without_any_field_is_told(room, expect):
    text = (room.root / FIELDS).read_text()
    (room.root / FIELDS).write_text("".join(line for line in text.splitlines(True) if "item: I3" not in line))
    expect("item_without_field", NOTICE, "I3:", "K-I3", severity="warning")


def test_what_a_reader_of_the_real_notices_should_look_at_is_told(expect):
    expect("open_item_empty", NOTICE, "I8:", "K-I8", severity="warning")
    expect("open_item_decided", NOTICE, "I9:", "K-I9", severity="warning")
    expect("open_item_empty", NOTICE, "I10:", "K-I10", severity="warning")
    expect("open_item_empty", NOTICE, "I11:", "K-I11", severity="warning")
    expect("header_only", NOTICE, "2018-03-08", "K-DT", severity="warning")
    expect("old_rule", DELI, "effective:", "D-DT", severity="warning")
    expect("undated_member", DELI, "coop-nagano", "D-U1", severity="warning")
    expect("gap", DELI, "items: null", JOINT, severity="warning")


def test_one_file_is_judged_among_its_neighbours_and_told_alone(room):
    assert {f.state for f in lint(room.root / DELI)} == {"gap", "old_rule", "undated_member"}
    assert lint(room.root / "policies/coopdeli/fields.yaml") == ()
    assert lint(room.root / "partners/jccu.yaml") == ()
    assert {f.state for f in lint(room.root / "policies/coopdeli/agreements/jccu.yaml")} == {"incomplete"}


def test_all_coops_are_judged_at_once(room):
    both = lint(room.policies)
    assert set(both) == {*room.lint("coopdeli"), *room.lint("kyoritsusha")}


def test_a_path_from_within_finds_the_partners(room):
    with chdir(room.policies):
        assert not [f for f in lint(Path("coopdeli")) if f.severity == "error"]


def test_every_word_about_notices_is_used_by_a_test():
    told = {case[3] for case in ONE_EDIT.values()}
    told |= {"class_never", "same_number", "same_client", "several_parties", "item_without_field"}
    told |= {"open_item_empty", "open_item_decided", "header_only", "old_rule", "undated_member", "gap"}
    told |= {"party_before_published"}  # test_policy_announced.py
    assert WORDS.keys() <= told
