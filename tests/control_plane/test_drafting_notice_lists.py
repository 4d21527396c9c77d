"""Forms on what a notice lists: items and their fields, users and classes of them; and the decisions beside it."""

import pytest

from gateway.control_plane.drafting.decisions import KINDS, DecisionTyped, end_decision, record_decision
from gateway.control_plane.drafting.notice import set_joint_purpose
from gateway.control_plane.drafting.notice_items import (
    FieldTyped,
    ItemsTyped,
    ItemTyped,
    add_field,
    set_items,
)
from gateway.control_plane.drafting.notice_users import (
    ClassTyped,
    MemberTyped,
    UserTyped,
    members_of,
    set_class,
    set_users,
)
from gateway.control_plane.drafting.rewrite import said_by
from gateway.control_plane.refusals import FilesRefused
from gateway.core.refused import Refused
from gateway.ports import Files
from tests.control_plane.completed_notice import CHECKED, COOP, FLAGS, NEW, PHONE, PURPOSE, completed
from tests.control_plane.matrix_files import files as kyoritsusha
from tests.control_plane.notice_edits import DECISION, FIELDS, NOTICE, changed, notice, policy, refused

CLASS = "coopdeli-member-coops"

# ── items and fields ──────────────────────────────────────────────────────────────────────────────────────────────


def test_items_are_changed_one_by_one():
    files = completed()
    typed = ItemsTyped(
        items=(
            ItemTyped(id="I4", label="【試験】メールアドレス", remove=True),
            ItemTyped(id="I3", label="【試験】電話番号", kind="open_free_text", never=("special_care",)),
            ItemTyped(label="【試験】目的", kind="open"),
            ItemTyped(label=" "),
        ),
        belongs={"email": "I4", "phone": "I3"},
        itself=frozenset(),
    )
    again = set_items(files, COOP, NEW, typed, policy_files=CHECKED)
    assert changed(files, again) == {
        NOTICE: [
            "-    I3: {label: 【試験】電話番号, fields: [phone]}",
            "-    I4: {label: 【試験】メールアドレス, fields: [email]}",
            "+    I3: {label: 【試験】電話番号, open: true, free_text: true, never: [special_care]}",
            "+    I5: {label: 【試験】目的, open: true}",
        ]
    }
    # The field of the item that is gone belongs to none now: that is an error where it is saved.
    checked = CHECKED.check(COOP, again)
    assert [one.ja for one in checked.findings if one.severity == "error"] == [
        "項目 `I4` は公表事項にありません → 公表された項目を書く"
    ]
    with pytest.raises(FilesRefused):
        set_joint_purpose(again, COOP, NEW, PURPOSE, policy_files=CHECKED)


def test_an_item_that_there_is_not_and_a_field_that_there_is_not_are_refused():
    for belongs, told in (({"name": "I9"}, "項目 `I9`"), ({"nothing": "I1"}, "`nothing`")):
        typed = ItemsTyped(items=(), belongs=belongs, itself=frozenset())
        with pytest.raises(Refused) as caught:
            set_items(completed(), COOP, NEW, typed, policy_files=CHECKED)
        assert told in caught.value.ja


def test_a_field_moves_to_another_item():
    typed = ItemsTyped(items=(), belongs={"phone": "I4"}, itself=frozenset({"phone"}))
    files = set_items(completed(), COOP, NEW, typed, policy_files=CHECKED)
    assert [line[:22] for line in changed(completed(), files)[FIELDS]] == [
        "-  phone: {item: I3, t",
        "+  phone: {item: I4, t",
    ]
    assert "I4: {label: 【試験】メールアドレス, fields: [email, phone]}" in files[NOTICE]


FIELDS_OF_EVERY_TYPE: tuple[dict[str, object], ...] = (
    {"type": "code", "max_length": "8", "pattern": "^[0-9]{8}$", "example": "00012345"},
    {"type": "text", "max_length": "10", "example": "no"},
    {"type": "enum", "codes": "1=男\r\n2 = 女\n", "example": "1"},
    {"type": "date", "example": "2026-11-22"},
    {"type": "digits", "length": "7", "example": "0123456"},
    {"type": "jis_x0402", "length": "6", "example": "062031"},
    {"type": "phone", "max_length": "16", "example": "03-0000-0000"},
    {"type": "email", "max_length": "254", "example": "a@example.jp"},
    {"type": "boolean", "example": "true"},
    {"type": "integer", "example": "12"},
)


@pytest.mark.parametrize("typed", FIELDS_OF_EVERY_TYPE, ids=lambda typed: str(typed["type"]))
def test_a_field_of_every_type_is_added_and_nobody_receives_it(typed: dict[str, object]):
    own = {"field": "no", "item": "I1", "cls": "free_text", "subject": "household", "flags": ("minor",)}
    values = {**PHONE, "max_length": "", **own, **typed}
    files = add_field(completed(), COOP, NEW, FieldTyped(**values), policy_files=CHECKED)
    lines = changed(completed(), files)
    assert set(lines) == {FIELDS}
    assert len(lines[FIELDS]) == 1
    said = policy(files)
    field = said.fields["no"]
    assert (field.type, field.cls, field.subject, field.minor) == (typed["type"], "free_text", "household", True)
    assert all("no" not in grant.fields for one in said.agreements.values() for grant in one.grants)


def test_a_field_that_is_the_label_itself_is_said_to_be_in_the_notice():
    typed = FieldTyped(**{**PHONE, "field": "phone_2", "item": "I3"}, itself=True, flags=FLAGS)
    files = add_field(completed(), COOP, NEW, typed, policy_files=CHECKED)
    assert "I3: {label: 【試験】電話番号, fields: [phone, phone_2]}" in files[NOTICE]
    assert policy(files).digest


# ── users and classes ─────────────────────────────────────────────────────────────────────────────────────────────


def test_users_come_change_and_go():
    users = [
        UserTyped(id="U2", label="日本生協連", first="2026-04-01", last="2027-03-31"),
        UserTyped(id="U4", remove=True),
        UserTyped(label="コープ共済連", partner="coop-kyosai", first="2026-04-01"),
        UserTyped(label="コープデリグループ", members_of="others"),
        UserTyped(),
    ]
    files = set_users(completed(), COOP, NEW, users, policy_files=CHECKED)
    lines = changed(completed(), files)[NOTICE]
    assert lines == [
        "-    U2: {partner: jccu, label: 日本生協連}",
        "+    U2: {partner: jccu, label: 日本生協連, from: 2026-04-01, to: 2027-03-31}",
        "-    U4: {partner: coop-service, label: (株)コープサービス}",
        "+    U6: {partner: coop-kyosai, label: コープ共済連, from: 2026-04-01}",
        "+    U7: {members_of: others, label: コープデリグループ}",
        "+  others: {source: コープデリグループ, members: []}",
    ]
    assert policy(files).digest


def with_member(files: Files, member: MemberTyped) -> Files:
    """The class with one member typed anew or added, the others as they stand."""
    listed = said_by(files, COOP, policy_files=CHECKED).notice(NEW)["classes"][CLASS]
    stood = {one.partner: one for one in members_of(listed)} | {member.partner: member}
    typed = ClassTyped(source=listed["source"], members=tuple(stood.values()))
    return set_class(files, COOP, NEW, CLASS, typed, policy_files=CHECKED)


def test_a_class_has_members_on_their_days():
    files = with_member(completed(), MemberTyped(partner="ibaraki-coop", first="2023-04-01"))
    assert (
        "members: [{partner: coop-mirai, from: null}, {partner: ibaraki-coop, from: 2023-04-01}, {partner: tochigi-coop,"
    ) in files[NOTICE]
    assert {"ibaraki-coop"} <= {user.partner for user in notice(files).users}
    typed = ClassTyped(source="【試験】一覧", members=(MemberTyped(partner="coop-mirai", first=NEW, last=NEW),))
    files = set_class(files, COOP, NEW, CLASS, typed, policy_files=CHECKED)
    assert "members: [{partner: coop-mirai, from: 2022-04-01, to: 2022-04-01}]" in files[NOTICE]
    added = with_member(files, MemberTyped(partner="coop-nagano", first=NEW))
    assert "to: 2022-04-01}, {partner: coop-nagano, from: 2022-04-01}]" in added[NOTICE]


# ── decisions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def decided(**values: object) -> Files:
    typed = DecisionTyped(**{**DECISION, "decision": "ours", **values})
    return record_decision(kyoritsusha(), "kyoritsusha", typed, policy_files=CHECKED)


OURS = "policies/kyoritsusha/decisions/ours.yaml"
BY_KIND: dict[str, dict[str, object]] = {
    "item_field": {"item": "I1", "fields": ("name_kana",)},
    "open_item": {"item": "I8", "fields": ("share_yen",)},
    "purpose": {"purposes": ("P1", "P10")},
    "cohort": {"versions": ("2021-06-01",), "ground": "consent", "evidence": "再同意の記録\n2通"},
    "field_use": {"fields": ("inquiry_text",), "partner": "jccu", "purposes": ("P12",)},
    "abroad": {"partner": "jccu", "ground": "equivalent_system"},
    "ground": {"ground": "T3"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_of_every_kind_is_a_file_of_its_own(kind: str):
    files = decided(kind=kind, sample=True, last="2027-03-31", **BY_KIND[kind])
    assert set(files) - set(kyoritsusha()) == {OURS}
    assert files[OURS].startswith(f"coop: kyoritsusha\ndecisions:\n  ours:\n    kind: {kind}\n")
    assert files[OURS].endswith(
        "    by: 甲\n    approved_by: 乙\n    reason: 読み\n    from: 2026-04-01\n    to: 2027-03-31\n    sample: true\n"
    )
    one = next(one for one in policy(files, "kyoritsusha").decisions if one.id == "ours")
    assert (one.kind, one.span.end is not None) == (kind, True)


def test_a_decision_holds_what_its_kind_holds_and_nothing_else():
    assert decided(kind="purpose", item="I1", **BY_KIND["purpose"])[OURS].splitlines()[3:5] == [
        "    kind: purpose",
        "    purposes: [P1, P10]",
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"decision": "kana-of-name"}, "`kana-of-name` はすでにあります"),
        ({"decision": "readings"}, "`readings` はすでにあります"),
        ({"decision": "Ours"}, "「決定のID」"),
        ({"item": "I8"}, "「公表の項目」"),
        ({"fields": ()}, "「データ項目」"),
        ({"fields": ("nothing",)}, "「データ項目」"),
        ({"approved_by": "甲"}, "別の人に"),
        ({"by": ""}, "「判断した人」"),
        ({"reason": ""}, "「理由・根拠」"),
        ({"first": "2026-13-01"}, "「最初の日」"),
        ({"last": "2026-03-31"}, "「最後の日」"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_by_the_field(values: dict[str, object], told: str):
    assert told in refused(lambda: decided(**{"kind": "item_field", **BY_KIND["item_field"], **values})).ja


def test_a_decision_ends_on_a_day_wherever_it_stands():
    files = end_decision(kyoritsusha(), "kyoritsusha", "codes-of-address", "2026-12-31", policy_files=CHECKED)
    lines = changed(kyoritsusha(), files)
    assert lines == {"policies/kyoritsusha/decisions/readings.yaml": ["+    to: 2026-12-31"]}
    fault = refused(lambda: end_decision(files, "kyoritsusha", "codes-of-address", "2026-03-31", policy_files=CHECKED))
    assert "最初の日(2026-04-01)以後" in fault.ja
