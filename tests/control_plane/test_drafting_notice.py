"""Forms on a notice make other files: the bytes that change and no others, and every refusal with the field's name."""

import hashlib
from collections.abc import Callable

import pytest

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.control_plane.drafting.decisions import DecisionTyped, end_decision, record_decision
from gateway.control_plane.drafting.notice import (
    ContactTyped,
    PartyTyped,
    PurposeTyped,
    set_contact,
    set_joint_purpose,
    set_mapping,
    set_responsible,
)
from gateway.control_plane.drafting.notice_users import ClassTyped, UserTyped, set_class, set_users
from gateway.control_plane.drafting.notice_version import VersionTyped, new_version, set_text
from gateway.control_plane.drafting.rewrite import Rewrite
from gateway.control_plane.refusals import FilesRefused
from tests.control_plane.completed_notice import (
    CHECKED,
    COOP,
    FOLDER,
    LINKED_PAGE,
    NEW,
    OLD,
    PARTY,
    PURPOSE,
    READING,
    REAL,
    TEXT,
    completed,
    versioned,
)
from tests.control_plane.matrix_files import files as kyoritsusha
from tests.control_plane.notice_edits import DECISION, FIELDS, NOTICE, changed, notice, policy, refused

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
