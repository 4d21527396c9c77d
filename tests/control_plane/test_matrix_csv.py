"""The matrix as CSV: what goes out comes back as no change, and whatever is wrong is told by row and column."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec.structs import replace

from gateway.control_plane.grants.matrix import Matrix
from gateway.control_plane.grants.matrix_changes import CellChange
from gateway.control_plane.grants.matrix_csv import MAX_BYTES, export, read
from gateway.core.refused import Refused
from gateway.sheets.csv_sheet import neutral, plain
from tests.control_plane.matrix_files import AGREEMENT, drawn

FORMULA = "=+-@\t\r'＝＋－＠"


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def sheet(rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def edited(*cells: tuple[str, int, str]) -> bytes:
    """The exported sheet with some cells changed: (field, column, word)."""
    rows = rows_of(export(drawn()))
    for field, column, word in cells:
        next(row for row in rows if row[1] == field)[column] = word
    return sheet(rows)


def places(data: bytes, of: Matrix | None = None) -> list[tuple[int, int]]:
    said = read(drawn() if of is None else of, data)
    assert said.changes == ()
    for one in said.errors:
        assert one.ja != one.en
        assert not one.row or (str(one.row) in one.ja and str(one.row) in one.en)
    return [(one.row, one.column) for one in said.errors]


def labelled(label: str) -> Matrix:
    """The matrix with one field called so."""
    of = drawn()
    first = of.groups[0]
    row = replace(first.rows[0], ja=label, en=label)
    return replace(of, groups=(replace(first, rows=(row, *first.rows[1:])), *of.groups[1:]))


# ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sheet_has_a_row_per_field_and_a_column_per_grant():
    data = export(drawn())
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\r\n")
    rows = rows_of(data)
    assert rows[0] == [
        "公表項目",
        "データ項目",
        "名称",
        *(f"{AGREEMENT}.{name}" for name in ("introduction", "services", "trouble")),
    ]
    assert rows[1] == ["I1", "name", "氏名", "", "出力しない", "そのまま"]
    assert len(rows) == 1 + len(list(drawn().rows))


def test_the_english_sheet_names_the_transforms():
    rows = rows_of(export(drawn(), lang="en"))
    assert rows[0][:3] == ["item", "field", "label"]
    assert rows[1] == ["I1", "name", "Name", "", "drop", "as_is"]


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_what_goes_out_comes_back_as_no_change(lang, encoding):
    said = read(drawn(), export(drawn(), lang=lang, encoding=encoding))
    assert (said.changes, said.errors) == ((), ())


def test_what_cp932_lacks_is_refused_and_never_replaced():
    with pytest.raises(Refused) as refused:
        export(labelled("𠮷野"), encoding="cp932")
    assert "U+20BB7" in refused.value.ja
    assert "UTF-8" in refused.value.en


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_cell_begins_a_formula_and_each_comes_back(cell):
    sent = neutral(cell)
    assert sent[:1] not in set(FORMULA) - {"'"}
    assert plain(sent) == cell


@settings(max_examples=50)
@given(
    st.sampled_from(["", *FORMULA]),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
)
def test_labels_that_look_like_formulas_come_back(sign, rest):
    of = labelled(sign + rest)
    said = read(of, export(of))
    assert (said.changes, said.errors) == ((), ())


# ── in ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("word", ["都道府県まで", "prefecture"])
def test_a_changed_cell_is_a_change_in_either_word_and_any_of_the_encodings(encoding, word):
    rows = rows_of(edited(("municipality_code", 5, word)))
    said = read(drawn(), sheet(rows, encoding))
    assert said.errors == ()
    assert said.changes == (
        CellChange(agreement=AGREEMENT, grant="trouble", field="municipality_code", transform="prefecture"),
    )


@pytest.mark.parametrize("word", ["", "提供しない", "withheld", " "])
def test_an_empty_cell_withholds(word):
    said = read(drawn(), edited(("sex", 3, word)))
    assert [(one.field, one.transform) for one in said.changes] == [("sex", None)]


def test_blank_lines_at_the_end_mean_nothing():
    assert read(drawn(), export(drawn()) + b",,,,,\r\n\r\n").errors == ()


@st.composite
def choices(draw):
    of = drawn()
    wanted = {}
    for row in of.rows:
        for at, grant in of.granted:
            if row.cells[at].choices and draw(st.booleans()):
                options = [None, *(choice.transform for choice in row.cells[at].choices)]
                wanted[row.id, grant] = draw(st.sampled_from(options))
    return wanted


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(choices())
def test_a_sheet_of_what_is_wanted_changes_exactly_what_differs(wanted):
    of = drawn()
    rows = rows_of(export(of, lang="en"))
    columns = {name.rpartition(".")[2]: position for position, name in enumerate(rows[0])}
    for (field, grant), transform in wanted.items():
        next(row for row in rows if row[1] == field)[columns[grant]] = transform or ""
    said = read(of, sheet(rows))
    assert said.errors == ()
    now = {(row.id, grant): row.cells[at].transform for row in of.rows for at, grant in of.granted}
    assert {(one.field, one.grant): one.transform for one in said.changes} == {
        at: transform for at, transform in wanted.items() if now[at] != transform
    }


# ── what is wrong, and where ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "data",
    [
        "公表項目,データ項目,名称\r\n".encode("utf-16"),
        "公表項目,データ項目,名称\r\n".encode("euc-jp"),
        b"\xef\xbb\xbf" + "公表項目,データ項目,名称\r\n".encode("cp932"),
        b"\xef\xbb\xbf",
        b"",
        b"PK\x03\x04\x00\x00",
        b"a,b,c\r\n1,2,3\r\n",
    ],
)
def test_another_encoding_or_another_file_is_refused_with_the_mend(data):
    assert places(data) == [(0, 0)]
    assert "Shift_JIS" in read(drawn(), data).errors[0].en


def test_a_file_beyond_all_measure_is_refused_unread():
    assert places(export(drawn()) + b"," * MAX_BYTES) == [(0, 0)]


def test_quotes_that_do_not_close_are_refused():
    assert places(export(drawn()) + b'I1,"name') == [(0, 0)]


def test_columns_that_are_missing_foreign_or_doubled_are_told():
    rows = rows_of(export(drawn()))
    assert places(sheet([row[:5] for row in rows])) == [(1, 0)]
    rows[0][4] = rows[0][3]
    assert places(sheet(rows)) == [(1, 5), (1, 0)]
    rows[0][4] = "kyoritsusha-sunnet-01.delivery"
    assert places(sheet(rows)) == [(1, 5), (1, 0)]


def test_columns_may_stand_in_another_order():
    rows = [[*row[:3], row[5], row[4], row[3]] for row in rows_of(export(drawn()))]
    assert read(drawn(), sheet(rows)).changes == ()
    assert read(drawn(), sheet(rows)).errors == ()


def test_every_wrong_cell_is_told_and_no_change_is_made():
    data = edited(
        ("name", 3, "そのまま"),  # right, and still not taken
        ("name", 4, "匿名化"),
        ("sex", 3, "age_band"),
        ("bank_account", 5, "mask"),
    )
    rows = [row[1] for row in rows_of(data)]
    assert places(data) == [
        (rows.index("name") + 1, 5),
        (rows.index("sex") + 1, 4),
        (rows.index("bank_account") + 1, 6),
    ]
    assert "grant:bank_account:undecided" in read(drawn(), data).errors[2].ja


def test_rows_that_are_unknown_doubled_missing_short_or_shifted_are_told():
    rows = rows_of(export(drawn()))
    unknown = [*rows, ["I1", "nickname", "あだ名", "", "", ""]]
    assert places(sheet(unknown)) == [(len(rows) + 1, 2)]
    assert places(sheet([*rows, rows[1]])) == [(len(rows) + 1, 2)]
    assert places(sheet(rows[:-1])) == [(0, 0)]
    assert places(sheet([*rows[:-1], rows[-1][:4]])) == [(len(rows), 0), (0, 0)]
    shifted = [
        rows[0],
        *([*one[:1], *one[1:2], *two[2:]] for one, two in zip(rows[1:], rows[2:] + rows[1:2], strict=True)),
    ]
    assert (2, 3) in places(sheet(shifted))
    item = [rows[0], ["I9", *rows[1][1:]], *rows[2:]]
    assert places(sheet(item)) == [(2, 1)]


def test_nothing_of_a_foreign_cell_is_repeated():
    said = read(drawn(), edited(("name", 4, "組合員 髙﨑花子")))
    assert "髙﨑" not in said.errors[0].ja + said.errors[0].en
