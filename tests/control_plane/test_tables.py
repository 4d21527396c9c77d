"""Tables as files: the same bytes every time, texts that stay what they were, and nothing that runs in a spreadsheet."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime

import openpyxl
import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.core.refused import Refused
from gateway.sheets.csv_sheet import BOM, Unencodable
from gateway.sheets.tables import Column, Note, Said, Table, as_csv, as_json
from gateway.sheets.workbook import FONT, LONGEST, as_workbook

RARE = "髙﨑𠮷邊"
FORMULA = '=HYPERLINK("http://evil.example","押す")'
DAY, INSTANT = date(2026, 11, 22), datetime(2026, 11, 22, 5, 5, 6, 789_000, tzinfo=UTC)
TABLE = Table(
    key="people",
    title=Said("担当者", "People"),
    columns=(
        Column(key="code", title=Said("番号", "Code")),
        Column(key="name", title=Said("氏名", "Name")),
        Column(key="state", title=Said("状態", "State")),
        Column(key="count", title=Said("件数", "Count"), kind="number"),
        Column(key="day", title=Said("日", "Day"), kind="day"),
        Column(key="at", title=Said("時刻", "Time"), kind="instant"),
    ),
    rows=(
        ("00012345", RARE, Said("起案中", "draft", "draft"), 12_345, DAY, INSTANT),
        ("0", FORMULA, Said("公布済み", "published", "published"), -5, None, None),
    ),
    notes=(Note(key="basis", title=Said("根拠", "Basis"), said="共同利用(法27条5項3号・第三者提供に当たらない)"),),
)
PLAIN = replace(TABLE, rows=(("00012345", "髙﨑邊", None, 1, DAY, INSTANT),))


def csv_rows(data: bytes, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(encoding), newline="")))


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def named(text: str) -> Table:
    return replace(PLAIN, rows=((text, "", None, 0, None, None),))


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_csv_has_title_notes_headings_and_rows():
    data = as_csv([TABLE])
    assert data.startswith(BOM)
    assert data.endswith(b"\r\n")
    assert csv_rows(data) == [
        ["担当者"],
        ["根拠", "共同利用(法27条5項3号・第三者提供に当たらない)"],
        [],
        ["番号", "氏名", "状態", "件数", "日", "時刻(日本時間)"],
        ["00012345", RARE, "起案中", "12345", "2026-11-22", "2026-11-22 14:05:06"],
        ["0", f"'{FORMULA}", "公布済み", "-5", "", ""],
    ]


def test_csv_speaks_the_readers_language():
    rows = csv_rows(as_csv([TABLE], lang="en"))
    assert rows[0] == ["People"]
    assert rows[3][2:] == ["State", "Count", "Day", "Time (Japan time)"]
    assert rows[4][2] == "draft"


def test_several_tables_stand_below_one_another():
    rows = csv_rows(as_csv([PLAIN, replace(PLAIN, title=Said("別", "Other"))]))
    assert [row for row in rows if row in (["担当者"], ["別"])] == [["担当者"], ["別"]]
    assert rows[rows.index(["別"]) - 1] == []


def test_test_data_is_marked_first():
    assert csv_rows(as_csv([replace(TABLE, trial=True)]))[0] == ["【試験】担当者"]


def test_cp932_is_what_old_spreadsheets_read():
    data = as_csv([PLAIN], encoding="cp932")
    assert csv_rows(data, "cp932")[4][:2] == ["00012345", "髙﨑邊"]
    assert not data.startswith(BOM)


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_character_that_cp932_lacks_is_refused_with_its_place(lang):
    with pytest.raises(Unencodable) as caught:
        as_csv([TABLE], lang=lang, encoding="cp932")
    assert (caught.value.row, caught.value.column, caught.value.character) == (5, 2, "U+20BB7")
    assert "5 行目 2 列目" in caught.value.ja
    assert "row 5 column 2" in caught.value.en


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "'"])
def test_no_cell_of_a_csv_begins_a_formula(start):
    cell = csv_rows(as_csv([named(f"{start}1+1")]))[4][0]
    assert cell == f"'{start}1+1"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_whatever_a_text_is_no_cell_runs(text):
    for row in csv_rows(as_csv([named(text)])):
        assert not [cell for cell in row if cell[:1] and cell[0] in "=+-@\t\r＝＋－＠"]


# ── XLSX ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_workbook_reads_back_what_was_written():
    page = opened(as_workbook([TABLE])).worksheets[0]
    assert page["A1"].value == page.title == "担当者"
    assert [cell.value for cell in page[4]] == ["番号", "氏名", "状態", "件数", "日", "時刻(日本時間)"]
    assert [cell.value for cell in page[5]] == [
        "00012345",
        RARE,
        "起案中",
        12_345,
        datetime(2026, 11, 22),  # noqa: DTZ001 -- a spreadsheet knows no offset
        datetime(2026, 11, 22, 14, 5, 6),  # noqa: DTZ001
    ]
    assert [cell.value for cell in page[6]] == ["0", FORMULA, "公布済み", -5, None, None]
    assert page["A5"].number_format == page["B6"].number_format == "@"
    assert (page["E5"].number_format, page["F5"].number_format) == ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss")


def test_no_cell_of_a_workbook_is_a_formula_or_a_link():
    data = as_workbook([TABLE, replace(named("=1+1"), title=Said("=2+2", "=2+2")), named("http://evil.example")])
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name)
            assert b"<hyperlink" not in parts.read(name)
    book = opened(data)
    kinds = {cell.data_type for page in book for row in page.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s", "n", "d"}


def test_headings_are_frozen_and_filtered_and_the_font_is_japanese():
    page = opened(as_workbook([TABLE])).worksheets[0]
    assert page.freeze_panes == "A5"
    assert page.auto_filter.ref == "A4:F6"
    fonts = [cell.font for row in page.iter_rows() for cell in row]
    assert {(font.name, font.scheme) for font in fonts} == {(FONT, None)}
    assert page.column_dimensions["B"].width > page.column_dimensions["D"].width
    assert page.print_title_rows == "$4:$4"


def test_under_a_long_head_nothing_is_frozen_for_little_would_be_left_to_scroll():
    table = replace(TABLE, notes=TABLE.notes * 12)
    page = opened(as_workbook([table])).worksheets[0]
    assert page.freeze_panes is None
    assert page.auto_filter.ref == "A15:F17"


def test_an_empty_table_is_its_headings():
    page = opened(as_workbook([replace(TABLE, rows=())])).worksheets[0]
    assert page.max_row == 4
    assert page.auto_filter.ref == "A4:F4"


def test_sheets_have_names_that_a_spreadsheet_takes():
    titles = ["担当者", "担当者", "a/b:c[d]*?\\", "長" * 40, "長" * 40, "'"]
    book = opened(as_workbook([replace(TABLE, title=Said(one, one)) for one in titles]))
    assert book.sheetnames[:2] == ["担当者", "担当者 2"]
    assert len(set(book.sheetnames)) == len(titles)
    assert all(0 < len(name) <= 31 for name in book.sheetnames)
    assert opened(as_workbook([replace(TABLE, trial=True)])).sheetnames == ["【試験】担当者"]


def test_a_day_before_spreadsheets_began_is_text():
    table = replace(PLAIN, rows=(("", "", None, 0, date(1868, 10, 23), None),))
    assert opened(as_workbook([table])).worksheets[0]["E5"].value == "1868-10-23"


def test_a_text_too_long_for_a_cell_is_refused_with_its_place():
    with pytest.raises(Refused) as caught:
        as_workbook([named("𠮷" * (LONGEST // 2 + 1))])
    assert caught.value.rule == "too_long"
    assert "5 行目 1 列目" in caught.value.ja
    assert "row 5 column 1" in caught.value.en
    assert opened(as_workbook([named("長" * LONGEST)])).worksheets[0]["A5"].value == "長" * LONGEST


# ── JSON, and all of them ─────────────────────────────────────────────────────────────────────────────────────────


def test_json_has_codes_and_exact_instants():
    [table] = json.loads(as_json([replace(TABLE, trial=True)]))["tables"]
    assert (table["key"], table["title"], table["trial"]) == ("people", {"ja": "担当者", "en": "People"}, True)
    assert table["notes"][0]["key"] == "basis"
    assert table["columns"][5] == {"key": "at", "title": {"ja": "時刻", "en": "Time"}, "kind": "instant"}
    assert table["rows"][0] == {
        "code": "00012345",
        "name": RARE,
        "state": "draft",
        "count": 12_345,
        "day": "2026-11-22",
        "at": "2026-11-22T14:05:06.789000+09:00",
    }
    assert table["rows"][1]["name"] == FORMULA


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_same_tables_make_the_same_bytes(lang):
    again = [replace(TABLE, rows=tuple(TABLE.rows)), PLAIN]
    assert as_workbook([TABLE, PLAIN], lang=lang) == as_workbook(again, lang=lang)
    assert as_csv([TABLE, PLAIN], lang=lang) == as_csv(again, lang=lang)
    assert as_json([TABLE, PLAIN]) == as_json(again)


def test_a_workbook_says_nothing_of_when_and_by_whom_it_was_made():
    with zipfile.ZipFile(io.BytesIO(as_workbook([TABLE]))) as parts:
        assert {one.date_time for one in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
    assert core.count("2000-01-01T00:00:00Z") == 2
    assert "<dc:creator></dc:creator>" in core


def test_a_row_has_a_cell_for_each_column():
    with pytest.raises(ValueError, match="`people`: a row has 1 cells, and there are 6 columns"):
        replace(TABLE, rows=(("x",),))
