"""Forms on a notice make other files: the bytes that change and no others, and every refusal with the field's name."""

import hashlib
from collections.abc import Callable
from difflib import unified_diff
from typing import Any

import pytest

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.control_plane.drafting.decisions import KINDS, DecisionTyped, end_decision, record_decision
from gateway.control_plane.drafting.notice import (
    ContactTyped,
    PartyTyped,
    PurposeTyped,
    set_contact,
    set_joint_purpose,
    set_mapping,
    set_responsible,
)
from gateway.control_plane.drafting.notice_items import (
    FieldTyped,
    ItemsTyped,
    ItemTyped,
    add_field,
    set_field_item,
    set_items,
)
from gateway.control_plane.drafting.notice_users import (
    ClassTyped,
    MemberTyped,
    UserTyped,
    set_class,
    set_class_member,
    set_users,
)
from gateway.control_plane.drafting.notice_version import VersionTyped, new_version, set_text
from gateway.control_plane.drafting.rewrite import Rewrite
from gateway.control_plane.refusals import FilesRefused, Refused
from gateway.core.policy import Notice, Policy
from gateway.ports import Files
from tests.control_plane.completed_notice import (
    CHECKED,
    COOP,
    FLAGS,
    FOLDER,
    LINKED_PAGE,
    NEW,
    OLD,
    PARTY,
    PHONE,
    PURPOSE,
    READING,
    REAL,
    TEXT,
    completed,
    versioned,
)
from tests.control_plane.matrix_files import files as kyoritsusha

NOTICE = f"{FOLDER}/notices/{NEW}.yaml"
FIELDS = f"{FOLDER}/fields.yaml"
CLASS = "coopdeli-member-coops"
DECISION: dict[str, Any] = {
    "decision": "kana-of-name",
    "by": "甲",
    "approved_by": "乙",
    "reason": "読み",
    "first": "2026-04-01",
}


def changed(before: Files, after: Files) -> dict[str, list[str]]:
    """The lines that differ, by file: `-` and `+` before each."""
    found = {}
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, "").splitlines(), after.get(path, "").splitlines()
        lines = [line for line in unified_diff(old, new, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]
        if lines:
            found[path] = lines
    return found


def policy(files: Files, coop: str = COOP) -> Policy:
    checked = CHECKED.check(coop, files)
    assert checked.policy is not None, [one.ja for one in checked.findings if one.severity == "error"]
    return checked.policy


def notice(files: Files) -> Notice:
    return policy(files).notices[-1]


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


# ── a version and its text ────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_version_is_a_copy_with_its_own_text_and_the_old_one_ends_the_day_before():
    files = versioned()
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    assert changed(REAL, files)[f"{FOLDER}/notices/{OLD}.yaml"] == [
        "-effective: {from: 2017-06-21, to: null}",
        "-published: {from: 2017-06-21, to: null}",
        "+effective: {from: 2017-06-21, to: 2022-03-31}",
        "+published: {from: 2017-06-21, to: 2022-03-31}",
    ]
    copied = {"a": REAL[f"{FOLDER}/notices/{OLD}.yaml"]}
    assert [line for line in changed(copied, {"a": files[NOTICE]})["a"] if not line.startswith("-#")] == [
        '-version: "2017-06-21"',
        '+version: "2022-04-01"',
        "-effective: {from: 2017-06-21, to: null}",
        "-published: {from: 2017-06-21, to: null}",
        "+effective: {from: 2022-04-01, to: null}",
        "+published: {from: 2022-04-01, to: null}",
        "-  file: source/2017-06-21.txt",
        "+  file: source/2022-04-01.txt",
        "-  sha256: 46ceffc7bc448e004fc28cbacad28be45081ba2506adaaf2afe0f112d7f50b49",
        f"+  sha256: {sha256}",
        '-versions: [{version: "2017-06-21", quote: 2017年6月21日, text: held}]     # D-DT',
        (
            '+versions: [{version: "2017-06-21", quote: 2017年6月21日, text: held}, {version: "2022-04-01", '
            "quote: 【試験】2022年4月1日, text: held}]     # D-DT"
        ),
    ]
    assert files[f"{FOLDER}/source/{NEW}.txt"] == TEXT
    assert set(files) - set(REAL) == {NOTICE, f"{FOLDER}/source/{NEW}.txt"}
    assert [one.version for one in policy(files).notices] == [OLD, NEW]


def test_a_text_is_kept_as_typed_but_for_the_ends_of_its_lines():
    files = versioned(text=TEXT.replace("\n", "\r\n").rstrip())
    assert files[f"{FOLDER}/source/{NEW}.txt"] == TEXT


def test_a_version_between_two_ends_before_the_next_and_the_act_and_address_are_kept():
    files = versioned()
    between = TEXT.replace("【試験】2022年4月1日", "2020年1月1日")
    typed = VersionTyped(
        like=OLD,
        effective="2020-01-01",
        published="2019-12-01",
        quote="2020年1月1日",
        act="改訂",
        url="https://example.jp/privacy",
        text=between,
    )
    files, left_out = new_version(files, COOP, typed, policy_files=CHECKED)
    assert left_out == ()
    text = files[f"{FOLDER}/notices/2020-01-01.yaml"]
    assert "effective: {from: 2020-01-01, to: 2022-03-31}" in text
    assert "published: {from: 2019-12-01, to: 2022-03-31}" in text
    assert '{version: "2020-01-01", act: 改訂, quote: 2020年1月1日, text: held}' in text
    assert "url: https://example.jp/privacy" in text
    assert "to: 2019-12-31" in files[f"{FOLDER}/notices/{OLD}.yaml"]
    assert policy(files).digest


def test_what_the_new_text_does_not_say_any_more_is_left_out_and_is_a_gap():
    text = TEXT.replace(
        LINKED_PAGE, "\n2024年4月1日 改訂\n【試験】氏名\n【試験】管理責任者\n【試験】コープデリ連合会\n"
    )
    typed = VersionTyped(like=NEW, effective="2024-04-01", published="2024-04-01", quote="2024年4月1日", text=text)
    granted = f"{FOLDER}/agreements/jccu.yaml"  # what it grants would be wider than what is left
    ungranted = {path: text for path, text in completed().items() if path != granted}
    files, left_out = new_version(ungranted, COOP, typed, policy_files=CHECKED)
    assert left_out == ("joint_purposes", "items", "responsible_party")
    last = notice(files)
    assert set(last.gaps) == {"joint_purposes", "responsible_party.address", "responsible_party.representative"}
    assert set(last.items) == {"I1"}
    assert "  purpose: null\n" in files[f"{FOLDER}/notices/2024-04-01.yaml"]


def test_a_notice_of_many_parts_is_copied_too():
    text = kyoritsusha()["policies/kyoritsusha/source/2022-04-01.txt"] + "2026年  4月  1日 改訂\n"
    typed = VersionTyped(
        like="2022-04-01", effective="2026-04-01", published="2026-04-01", quote="2026年  4月  1日 改訂", text=text
    )
    files, left_out = new_version(kyoritsusha(), "kyoritsusha", typed, policy_files=CHECKED)
    assert left_out == ()
    versions = [one.version for one in policy(files, "kyoritsusha").notices]
    assert versions[-2:] == ["2022-04-01", "2026-04-01"]
    assert (
        'version: "2021-06-01", act: 改訂, quote: 2021年\u00a0 6月\u00a0 1日 改訂, text: header_only'
        in files["policies/kyoritsusha/notices/2026-04-01.yaml"]
    )


def test_the_text_of_a_version_is_mended_until_it_is_published():
    longer = TEXT + "追記\n"
    files = set_text(versioned(), COOP, NEW, longer, published={OLD}, policy_files=CHECKED)
    assert files[f"{FOLDER}/source/{NEW}.txt"] == longer
    assert hashlib.sha256(longer.encode()).hexdigest() in files[NOTICE]
    fault = refused(lambda: set_text(REAL, COOP, OLD, longer, published={OLD}, policy_files=CHECKED))
    assert "新しい版にしてください" in fault.ja


@pytest.mark.parametrize(
    ("typed", "ja", "en"),
    [
        ({"effective": "2022-02-30"}, "「適用開始日」", "“Effective from”"),
        ({"effective": "20220401"}, "「適用開始日」", "as 2026-12-01"),
        ({"published": ""}, "「公表した日」", "“Published on”"),
        ({"published": "2022-04-02"}, "最初の日(2022-04-02)以後", "before the first day, 2022-04-02"),
        ({"effective": OLD, "published": OLD}, "2017-06-21 の版はすでにあります", "a notice of 2017-06-21 already"),
        ({"quote": ""}, "「改訂日の公表の表記」: 入力", "fill it in"),
        ({"quote": "令和4年4月1日"}, "本文にそのままの表記がありません", "write it as published"),
        ({"text": " \n "}, "本文を貼り付けて", "paste the text"),
        ({"text": "字" * 100_001}, "100000字まで", "at most 100000 characters"),
        ({"text": "a\u202eb"}, "制御文字", "control characters"),
        ({"like": "2000-01-01"}, "この申請にありません", "no notice of 2000-01-01"),
    ],
)
def test_a_version_that_cannot_be_is_refused_by_the_field(typed: dict[str, str], ja: str, en: str):
    fault = refused(lambda: versioned(**typed))
    assert ja in fault.ja
    assert en in fault.en


# ── the matters of joint use ──────────────────────────────────────────────────────────────────────────────────────


def test_the_notice_is_completed_and_every_other_line_stays():
    lines = changed(versioned(), completed())
    assert lines[NOTICE] == [
        "-  P4: {text: アフターサービスや商品事故などへの対応, joint: unknown}",
        (
            '+  P4: {text: アフターサービスや商品事故などへの対応, joint: "yes", reading: {by: 【試験】個人情報管理部, '
            "approved_by: 【試験】管理責任者, date: 2026-03-20, sample: true, reason: 【試験】公表した共同利用の目的に当たる}}"
        ),
        "-  purpose: null",
        "-  items: null",
        "+  purpose: {id: J1, text: 【試験】アフターサービスと商品事故への対応のため。}",
        "-  responsible_parties: []                   # the text names nobody",
        (
            "+  responsible_parties: [{role: 【試験】管理責任者, name: {text: 【試験】コープデリ連合会, from: 2022-04-01}, "
            "address: {text: 【試験】埼玉県さいたま市試験区1丁目1-1, from: 2022-04-01}, "
            "representative: {text: 【試験】代表理事 試験 花子, from: 2022-04-01}}]                   # the text names nobody"
        ),
        "+  items:",
        "+    I1: {label: 【試験】氏名, fields: [name]}",
        "+    I2: {label: 【試験】組合員コード, fields: [member_code]}",
        "+    I3: {label: 【試験】電話番号, fields: [phone]}",
        "+    I4: {label: 【試験】メールアドレス, fields: [email]}",
    ]
    assert [line[:24] for line in lines[FIELDS]] == [
        "-  member_code: {item: n",
        "-  name: {item: null, ty",
        "+  member_code: {item: I",
        "+  name: {item: I1, type",
        "+  phone: {item: I3, typ",
        "+  email: {item: I4, typ",
    ]
    assert set(lines) == {NOTICE, FIELDS}
    assert notice(completed()).gaps == ()


def test_what_was_said_is_said_otherwise_or_not_any_more():
    files = completed()
    again = set_joint_purpose(files, COOP, NEW, "【試験】氏名", policy_files=CHECKED)
    assert changed(files, again)[NOTICE][1] == "+  purpose: {id: J1, text: 【試験】氏名}"
    nobody = set_responsible(files, COOP, NEW, PartyTyped(), policy_files=CHECKED)
    assert "  responsible_parties: []" in nobody[NOTICE]
    assert set(notice(nobody).gaps) == {f"responsible_party.{part}" for part in ("name", "address", "representative")}
    review = set_mapping(files, COOP, NEW, "P4", PurposeTyped(joint="review"), policy_files=CHECKED)
    assert "P4: {text: アフターサービスや商品事故などへの対応, joint: review}" in review[NOTICE]
    for act in (
        lambda: set_joint_purpose(files, COOP, NEW, PURPOSE, policy_files=CHECKED),
        lambda: set_responsible(files, COOP, NEW, PartyTyped(**PARTY), policy_files=CHECKED),
        lambda: set_mapping(files, COOP, NEW, "P4", PurposeTyped(**READING, sample=True), policy_files=CHECKED),
    ):
        assert act() == files


def test_outside_the_demo_a_sample_reading_is_written_over():
    live = CheckedFiles(samples=False)
    for typed, told in (
        (PurposeTyped(joint="review"), "joint: review}"),
        (
            PurposeTyped(**READING, sample=False),
            'joint: "yes", reading: {by: 【試験】個人情報管理部, approved_by: 【試験】管理責任者, date: 2026-03-20, reason:',
        ),
    ):
        files = set_mapping(completed(), COOP, NEW, "P4", typed, policy_files=live)
        assert f"P4: {{text: アフターサービスや商品事故などへの対応, {told}" in files[NOTICE]


def test_a_second_responsible_party_is_not_lost_and_a_code_is_kept():
    second = '{role: 【試験】管理責任者, name: null, address: null, representative: null, municipality_code: "110001"}'
    files = dict(completed())
    files[NOTICE] = files[NOTICE].replace("from: 2022-04-01}}]", f"from: 2022-04-01}}}}, {second}]")
    again = set_responsible(files, COOP, NEW, PartyTyped(**PARTY, municipality_code="110001"), policy_files=CHECKED)
    assert second in again[NOTICE]
    assert again[NOTICE].count('municipality_code: "110001"') == 2


def test_a_contact_desk_is_written_and_changed():
    typed = ContactTyped(
        clause="D-R2",
        desk="【試験】相談室",
        tel="03-0000-0000",
        hours="平日 午前9時から午後5時",
        open_days=("fri", "mon"),
        open_from="09:00",
        open_to="17:00",
    )
    files = set_contact(completed(), COOP, NEW, typed, policy_files=CHECKED)
    assert changed(completed(), files)[NOTICE][1] == (
        "+contact: {clause: D-R2, desk: 【試験】相談室, tel: 03-0000-0000, hours: 平日 午前9時から午後5時, "
        'open: {days: [mon, fri], from: 09:00, to: "17:00"}}                               # a class of places, no desk, no telephone'
    )
    assert policy(files).digest
    assert set_contact(files, COOP, NEW, typed, policy_files=CHECKED) == files


REFUSED: tuple[tuple[Callable[[], object], str], ...] = (
    (lambda: set_joint_purpose(REAL, COOP, OLD, " ", policy_files=CHECKED), "「共同利用の目的」"),
    (lambda: set_joint_purpose(REAL, COOP, OLD, "字" * 4_001, policy_files=CHECKED), "4000字まで"),
    (lambda: set_joint_purpose(REAL, COOP, "2000-01-01", "x", policy_files=CHECKED), "この申請にありません"),
    (lambda: set_responsible(REAL, COOP, OLD, PartyTyped(name="x"), policy_files=CHECKED), "管理責任者の呼び方"),
    (
        lambda: set_responsible(
            REAL, COOP, OLD, PartyTyped(role="x", name="a\nb", name_from=NEW), policy_files=CHECKED
        ),
        "「名称」: 制御文字は使えません。1行で",
    ),
    (lambda: set_mapping(REAL, COOP, OLD, "P99", PurposeTyped(joint="no"), policy_files=CHECKED), "`P99`"),
    (lambda: set_mapping(REAL, COOP, OLD, "P1", PurposeTyped(joint="yes"), policy_files=CHECKED), "「判断した人」"),
    (lambda: set_field_item(REAL, COOP, "name", "I1", policy_files=CHECKED), "「公表の項目」"),
    (lambda: set_field_item(REAL, COOP, "nothing", "I1", policy_files=CHECKED), "`nothing`"),
    (
        lambda: set_users(REAL, COOP, OLD, [UserTyped(id="U9", label="x")], policy_files=CHECKED),
        "共同利用者 `U9` はありません",
    ),
    (
        lambda: set_users(
            REAL, COOP, OLD, [UserTyped(label="x", partner="jccu", members_of="y")], policy_files=CHECKED
        ),
        "どちらか一方",
    ),
    (
        lambda: set_class(REAL, COOP, OLD, "nobody", ClassTyped(source="x", members=()), policy_files=CHECKED),
        "範囲 `nobody`",
    ),
    (lambda: end_decision(REAL, COOP, "nothing", NEW, policy_files=CHECKED), "`nothing`"),
    (
        lambda: record_decision(REAL, COOP, DecisionTyped(**DECISION, kind="wish"), policy_files=CHECKED),
        "「種類」",
    ),
    (
        lambda: record_decision(
            REAL, COOP, DecisionTyped(**DECISION, kind="ground", ground="T1"), policy_files=CHECKED
        ),
        "「根拠」",
    ),
)


@pytest.mark.parametrize(("act", "told"), REFUSED)
def test_what_cannot_be_written_is_refused_by_the_field(act: Callable[[], object], told: str):
    assert told in refused(act).ja


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
    files = set_field_item(completed(), COOP, "phone", "I4", policy_files=CHECKED)
    assert [line[:22] for line in changed(completed(), files)[FIELDS]] == [
        "-  phone: {item: I3, t",
        "+  phone: {item: I4, t",
    ]


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


def test_a_class_has_members_on_their_days():
    files = set_class_member(
        completed(), COOP, NEW, CLASS, MemberTyped(partner="ibaraki-coop", first="2023-04-01"), policy_files=CHECKED
    )
    assert (
        "members: [{partner: coop-mirai, from: null}, {partner: ibaraki-coop, from: 2023-04-01}, {partner: tochigi-coop,"
    ) in files[NOTICE]
    assert {"ibaraki-coop"} <= {user.partner for user in notice(files).users}
    typed = ClassTyped(source="【試験】一覧", members=(MemberTyped(partner="coop-mirai", first=NEW, last=NEW),))
    files = set_class(files, COOP, NEW, CLASS, typed, policy_files=CHECKED)
    assert "members: [{partner: coop-mirai, from: 2022-04-01, to: 2022-04-01}]" in files[NOTICE]
    added = set_class_member(
        files, COOP, NEW, CLASS, MemberTyped(partner="coop-nagano", first=NEW), policy_files=CHECKED
    )
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


# ── files that cannot be edited ───────────────────────────────────────────────────────────────────────────────────


def test_a_place_that_is_not_there_is_named():
    rewrite = Rewrite(REAL, COOP, policy_files=CHECKED)
    fault = refused(lambda: rewrite.set("fields.yaml", ("fields", "nothing", "item"), "I1"))
    assert "policies/coopdeli/fields.yaml: `fields.nothing.item`" in fault.ja
    fault = refused(lambda: rewrite.set("fields.yaml", ("fields", "name", "item"), 1.5))
    assert "policies/coopdeli/fields.yaml `fields.name.item`" in fault.ja
    assert rewrite.files == REAL


def test_files_with_errors_are_refused_whole():
    broken = {**REAL, FIELDS: REAL[FIELDS].replace("type: code", "type: coda")}
    with pytest.raises(FilesRefused) as caught:
        set_joint_purpose(broken, COOP, OLD, PURPOSE, policy_files=CHECKED)
    assert caught.value.findings
