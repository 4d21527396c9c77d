"""No cell of a CSV file begins a formula, whatever stands before its sign that a spreadsheet does not count."""

import pytest
from hypothesis import given, strategies as st

from gateway.sheets.csv_sheet import neutral, plain, sheet

SIGNS = "=+-@＝＋－＠'"
SKIPPED = [" ", "\u3000", "\u00a0", "\n", "\r\n", "\u2028", "\u200b", "\u200f", "\u2060", "\ufeff", " \u200b \n"]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", *SKIPPED])
def test_a_sign_behind_what_is_not_seen_begins_no_formula(before: str, sign: str):
    cell = f'{before}{sign}HYPERLINK("https://evil.example","開く")'
    assert neutral(cell) == f"'{cell}"
    assert plain(neutral(cell)) == cell


@pytest.mark.parametrize("cell", ["", " ", "\u3000氏名", "1+1", "a=b", "口座 -1", "、=1"])
def test_what_begins_with_something_else_is_as_it_was(cell: str):
    assert neutral(cell) == cell == plain(cell)


def test_a_number_below_zero_is_a_number():
    assert sheet([[-14, "-14"]]).decode("utf-8-sig") == "-14,'-14\r\n"


@given(st.text(alphabet=[*SIGNS, *"\t\r\n \u3000\u200b\ufeffa1"], max_size=6))
def test_every_cell_comes_back_as_it_was(cell: str):
    assert plain(neutral(cell)) == cell
