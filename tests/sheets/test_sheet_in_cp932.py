"""A sheet in cp932 has every character as it was, or is refused by the place of the first that cp932 does not have."""

import pytest

from gateway.sheets.csv_sheet import Unencodable, sheet

NOT_THERE = ["\xa2", "\xa3", "\xac", "\u2016", "\u2212", "\u301c", "\x80", "\uf8f0", "𠮷"]


@pytest.mark.parametrize("sign", NOT_THERE, ids=lambda sign: f"U+{ord(sign):04X}")
def test_what_cp932_would_show_as_another_is_refused_by_its_place(sign: str) -> None:
    with pytest.raises(Unencodable) as caught:
        sheet([["組合員", "住所"], ["髙﨑", f"1{sign}3 𠮷{sign}"]], encoding="cp932")
    assert (caught.value.row, caught.value.column) == (2, 2)
    assert caught.value.character == f"U+{ord(sign):04X}"
    assert sign in sheet([[sign]]).decode()


def test_the_full_width_ones_beside_them_are_there() -> None:
    text = "\uff5e\uff0d\uffe0\uffe1\uffe2\u2225\ue000\ue757髙﨑㈱ｶﾞ"
    assert sheet([[text]], encoding="cp932").decode("cp932") == f"{text}\r\n"
