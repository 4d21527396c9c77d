"""項目定義書: what a partner receives, as the grant's schema has it, and what changed since the version before."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import openpyxl
import pytest
from msgspec.structs import replace

from gateway.console.language import texts_of
from gateway.control_plane.grants.definition_tables import definition_tables
from gateway.control_plane.grants.definition_words import basis_said
from gateway.control_plane.grants.field_definitions import Definitions, Words, definitions, words_of
from gateway.core.bases import Basis
from gateway.core.grant_schema import grant_schema
from gateway.core.state import Snapshot, Version
from gateway.sheets.tables import Table, as_csv, as_json, cell_text
from gateway.sheets.workbook import as_workbook
from gateway.tlog.entries import Publish, instant
from tests.control_plane.matrix_files import CHECKED, COOP, files

PARTNER, AGREEMENT = "sunnet", "kyoritsusha-sunnet-01"
SUNNET, JCCU, FIELDS = (
    f"policies/{COOP}/agreements/sunnet.yaml",
    f"policies/{COOP}/agreements/jccu.yaml",
    f"policies/{COOP}/fields.yaml",
)
TODAY = date(2026, 11, 22)
BEGAN = datetime(2026, 10, 1, tzinfo=UTC)
CHANGED = (
    (SUNNET, "          delivery_day: as_is\n", ""),
    (SUNNET, "phone: phone_last4", "phone: mask"),
    (SUNNET, "retention_days: 90", "retention_days: 60"),
    (SUNNET, "          email: as_is\n", "          email: as_is\n          postal_code: postal_3\n"),
    (
        FIELDS,
        'type: text, max_length: 60, "null": never, class: ordinary, contact: true, identifies: true, ja: 氏名',
        'type: text, max_length: 80, "null": never, class: ordinary, contact: true, identifies: true, ja: 氏名',
    ),
)


@cache
def checked(*changes: tuple[str, str, str]):
    made = dict(files())
    for path, old, new in changes:
        assert old in made[path], old
        made[path] = made[path].replace(old, new)
    found = CHECKED.check(COOP, made)
    assert found.policy is not None, found.findings
    return found


def published(*versions) -> Snapshot:
    return Snapshot(
        coop=COOP,
        gov=len(versions),
        versions=tuple(
            Version(effective=BEGAN + timedelta(days=at), index=10 * at, policy=one.policy)
            for at, one in enumerate(versions)
        ),
    )


def defined(*versions, of: int = -1, **more) -> Definitions:
    snapshot = published(*versions)
    words = words_of(versions[of].document, PARTNER, AGREEMENT)
    return definitions(snapshot, snapshot.versions[of], PARTNER, AGREEMENT, today=TODAY, words=words, **more)


def rows(table: Table) -> list[dict[str, Any]]:
    return json.loads(as_json([table]))["tables"][0]["rows"]


def row(table: Table, **wanted: str) -> dict[str, Any]:
    [found] = [one for one in rows(table) if all(one[key] == value for key, value in wanted.items())]
    return found


@pytest.fixture(scope="module")
def sheets() -> dict[str, Table]:
    return {table.key: table for table in definition_tables(defined(checked(), checked(*CHANGED)), trial=True)}


# ── what is given ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_there_are_four_sheets(sheets):
    assert [table.title.ja for table in sheets.values()] == ["表紙", "項目定義", "コード値", "変更履歴"]
    assert all(table.trial for table in sheets.values())


def test_every_granted_field_of_every_grant_is_defined_as_its_schema_has_it():
    of = defined(checked())
    policy = checked().policy
    assert policy is not None
    for grant in policy.agreements[AGREEMENT].grants:
        lines = {line.field.id: line for line in of.lines if line.grant == grant}
        assert lines.keys() == grant.fields.keys()
        for name, schema in grant_schema(grant, policy.fields)["properties"].items():
            given = lines[name].released
            assert given is not None
            made = schema.get("anyOf", [schema])[0]
            assert given.nullable == ("anyOf" in schema)
            assert given.pattern == made.get("pattern")
            assert "maxLength" not in made or given.length == made["maxLength"]


@pytest.mark.parametrize(
    ("transform", "length", "example"),
    [
        ("as_is", 10, "1984-11-22"),
        ("birth_year", 4, "1984"),
        ("age_band", 5, "40-49"),
        ("mask", 3, "***"),
        ("drop", None, ""),
    ],
)
def test_a_transform_has_its_own_length_and_example(transform, length, example):
    of = defined(checked((SUNNET, "birth_date: age_band", f"birth_date: {transform}")))
    [line] = [one for one in of.lines if one.field.id == "birth_date"]
    assert line.example == example
    assert (None if line.released is None else line.released.length) == length


def test_a_field_says_where_it_comes_from_and_how_it_is_given(sheets):
    assert row(sheets["fields"], grant="trouble", field="postal_code") == {
        "change": "+",
        "grant": "trouble",
        "purpose": "P12",
        "products": "G1",
        "field": "postal_code",
        "ja": "郵便番号",
        "en": "Postal code",
        "item": "I5",
        "item_text": "住所",
        "class": "ordinary",
        "type": "digits",
        "max_length": 7,
        "null": "true",
        "transform": "postal_3",
        "meaning": {"ja": "上3桁にして渡す", "en": "given as the first three digits"},
        "given_type": "string",
        "given_max_length": 3,
        "given_pattern": "^[0-9]{3}$",
        "given_null": "true",
        "codes": None,
        "example": "997",
        "before": None,
    }


def test_a_grant_says_for_whom_how_fresh_and_how_long(sheets):
    said = row(sheets["cover"], grant="delivery")
    assert (said["purpose"], said["products"], said["max_age_days"], said["retention_days"]) == ("P4", "G1", 7, 60)
    assert said["whom"] == {
        "ja": "市区町村コードが「06」で始まるものである組合員",
        "en": "members with Municipality code beginning 06",
    }
    assert said["purpose_text"] == "商品のお届けまたはサービス提供(アフターサービスを含む)のため"
    assert row(sheets["cover"], grant="trouble")["whom"] == {"ja": "組合員すべて", "en": "all members"}


def test_code_lists_are_those_of_fields_given_as_they_are(sheets):
    assert [(one["field"], one["code"], one["label"]) for one in rows(sheets["codes"])] == [
        ("order_course", "A", "毎週"),
        ("order_course", "B", "隔週"),
    ]
    assert row(sheets["fields"], field="order_course")["codes"] == "A=毎週, B=隔週"


def test_examples_are_marked_and_test_data_too(sheets):
    text = as_csv([sheets["fields"]]).decode("utf-8-sig")
    assert text.startswith("【試験】項目定義\r\n")
    assert "例: 髙﨑 花子" in text
    assert "【見本】" not in as_csv([sheets["cover"]]).decode("utf-8-sig")


def test_the_cover_names_basis_version_and_those_who_approved():
    policy = checked().policy
    assert policy is not None
    entry = Publish(
        coop=COOP,
        time=instant(BEGAN),
        gov=0,
        policy=policy.digest,
        effective=instant(BEGAN),
        proposer="sato",
        approver="ito",
        reason="初版",
    )
    of = defined(checked(), publications=[entry])
    cover, *_, history = definition_tables(of, coop_name="共立社", name={"sato": "佐藤", "ito": "伊藤"}.__getitem__)
    said = {note.key: note.said for note in cover.notes}
    assert cell_text(said["term"], "ja") == "2026-04-01から2027-03-31まで"
    assert said["basis"] == basis_said(Basis.JOINT_USE)
    assert said["version"] == policy.digest
    assert said["effective"] == date(2026, 10, 1)
    assert (said["proposer"], said["approver"], said["reason"]) == ("佐藤", "伊藤", "初版")
    assert said["agreement"] == f"【試験】共同利用に関する覚書 (覚書) {AGREEMENT}"
    assert (rows(history)[0]["approver"], rows(history)[0]["reason"]) == ("伊藤", "初版")


@pytest.mark.parametrize("basis", Basis)
def test_a_basis_is_told_as_on_the_console(basis):
    assert basis_said(basis).ja == str(texts_of("ja")(f"partners.basis.{basis.value}"))


# ── what changed ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_changed_is_marked_field_by_field(sheets):
    marks = {(one["grant"], one["field"]): one["change"] for one in rows(sheets["fields"]) if one["change"] is not None}
    assert marks == {
        ("delivery", "delivery_day"): "-",
        ("order-taking", "phone"): "~",
        ("trouble", "postal_code"): "+",
        **{(grant, "name"): "~" for grant in ("delivery", "order-taking", "trouble")},
    }
    assert row(sheets["fields"], grant="order-taking", field="phone")["before"] == {
        "ja": "変換: 電話番号の下4桁 → 伏せ字",
        "en": "transform: last 4 of telephone → masked",
    }
    assert row(sheets["fields"], grant="trouble", field="name")["before"]["ja"] == "最大文字数: 60 → 80"
    assert [(one["grant"], one["change"]) for one in rows(sheets["cover"]) if one["change"]] == [("delivery", "~")]
    assert row(sheets["cover"], grant="delivery")["before"]["ja"] == "保存日数: 90 → 60"


def test_a_grant_that_is_gone_is_told_as_it_was():
    text = files()[SUNNET]
    gone = text[text.index("      trouble:") :]
    of = defined(checked(), checked((SUNNET, gone, "")))
    assert [(one.name, one.sign) for one in of.grants] == [("order-taking", None), ("delivery", None), ("trouble", "-")]
    assert {line.sign for line in of.lines if line.grant.purpose == "P12"} == {"-"}
    assert [one for one in rows(definition_tables(of)[2]) if one["field"] == "order_course"]


def test_the_history_lists_the_versions_that_changed_this_agreement_alone():
    of = defined(checked(), checked((JCCU, "retention_days: 14", "retention_days: 13")), checked(*CHANGED))
    assert [one.number for one in of.history] == [3, 1]
    history = rows(definition_tables(of)[3])
    assert [(one["change"], one["place"]["ja"]) for one in history] == [
        ("-", "提供範囲 > delivery > データ項目 > お届け曜日 (delivery_day)"),
        ("~", "提供範囲 > delivery > 保存日数"),
        ("~", "提供範囲 > order-taking > データ項目 > 電話番号 (phone)"),
        ("+", "提供範囲 > trouble > データ項目 > 郵便番号 (postal_code)"),
        ("~", "データ項目 > 氏名 (name) > 最大文字数"),
        ("+", "契約・覚書"),
    ]


def test_the_version_before_is_the_one_before_this_agreement_last_changed():
    other = checked((JCCU, "retention_days: 14", "retention_days: 13"))
    of = defined(checked(), checked(*CHANGED), other, of=1)
    assert of.against is not None
    assert of.against.policy.digest == checked().digest
    later = defined(checked(), checked(*CHANGED), checked(*CHANGED, (JCCU, "retention_days: 14", "retention_days: 13")))
    assert later.against is not None
    assert later.against.policy.digest == checked().digest
    assert any(line.sign for line in later.lines)


def test_what_comes_later_is_no_part_of_an_earlier_versions_history():
    of = defined(checked(), checked(*CHANGED), of=0)
    assert of.against is None
    assert {line.sign for line in of.lines} == {"+"}
    assert [one.number for one in of.history] == [1]


def test_any_two_versions_can_be_compared():
    snapshot = published(checked(), checked(*CHANGED))
    first, second = snapshot.versions
    back = definitions(snapshot, first, PARTNER, AGREEMENT, today=TODAY, against=second)
    signs = {(line.grant.id.rpartition(".")[2], line.field.id): line.sign for line in back.lines if line.sign}
    assert signs["delivery", "delivery_day"] == "+"
    assert signs["trouble", "postal_code"] == "-"
    same = definitions(snapshot, first, PARTNER, AGREEMENT, today=TODAY, against=first)
    assert not [line for line in same.lines if line.sign]


@pytest.mark.parametrize(("partner", "agreement"), [("jccu", AGREEMENT), (PARTNER, "kyoritsusha-sunnet-99")])
def test_an_agreement_of_others_is_none(partner, agreement):
    snapshot = published(checked())
    with pytest.raises(KeyError):
        definitions(snapshot, snapshot.versions[0], partner, agreement, today=TODAY)


def test_without_the_files_the_words_are_left_out_and_the_rest_is_told():
    of = replace(defined(checked()), words=Words())
    assert words_of(None, PARTNER, AGREEMENT) == Words()
    cover, fields, codes, _ = definition_tables(of)
    assert len(rows(fields)) == 8 + 4 + 4
    assert row(fields, field="order_course")["codes"] == "A, B"
    assert {one["label"] for one in rows(codes)} == {None}
    assert {note.key: note.said for note in cover.notes}["agreement"] == AGREEMENT


# ── as files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_workbook_reads_back_and_is_the_same_every_time(sheets):
    data = as_workbook(list(sheets.values()))
    again = definition_tables(defined(checked(), checked(*CHANGED)), trial=True)
    assert as_workbook(again) == data
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["【試験】表紙", "【試験】項目定義", "【試験】コード値", "【試験】変更履歴"]
    cells = [cell for page in book for line in page.iter_rows() for cell in line]
    assert "f" not in {cell.data_type for cell in cells}
    assert "例: 00012345" in {cell.value for cell in cells}


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_an_old_spreadsheet_can_write_all_of_it(sheets, lang):
    text = as_csv(list(sheets.values()), lang=lang, encoding="cp932").decode("cp932")
    assert "髙﨑 花子" in text
