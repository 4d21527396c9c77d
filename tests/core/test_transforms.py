"""Transforms: typed, null stays null, and no more is told than the name says."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gateway.core.transforms import age, age_band, bind, phone_last4

TODAY = date(2026, 11, 22)


def changed(transform: Any, value: Any) -> Any:
    change = bind(transform, today=TODAY, pairwise=lambda code: f"pairwise({code})")
    return value if change is None else change(value)


@pytest.mark.parametrize(
    ("transform", "value", "result"),
    [
        ("as_is", "髙﨑", "髙﨑"),
        ("mask", "髙﨑", "***"),
        ("prefecture", "062031", "06"),
        ("municipality", "062031", "06203"),
        ("postal_3", "9970011", "997"),
        ("birth_year", date(1984, 11, 22), "1984"),
        ("phone_last4", "0235‐22‐5115", "5115"),
        ("phone_last4", "090-12", None),
        ("phone_last4", "0235ー22ー5115", "5115"),
        ("phone_last4", "1234567", None),
        ("phone_last4", "12345678", "5678"),
        ("pairwise_id", "00000101", "pairwise(00000101)"),
    ],
)
def test_examples(transform: Any, value: Any, result: Any) -> None:
    assert changed(transform, value) == result


def test_a_dropped_field_has_no_value() -> None:
    with pytest.raises(ValueError, match="dropped"):
        changed("drop", "x")


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        (date(1984, 11, 22), date(2026, 11, 22), 42),
        (date(1984, 11, 23), date(2026, 11, 22), 41),
        (date(2000, 2, 29), date(2026, 2, 28), 25),
        (date(2000, 2, 29), date(2026, 3, 1), 26),
        (date(2000, 2, 29), date(2028, 2, 29), 28),
    ],
)
def test_age(born: date, today: date, years: int) -> None:
    assert age(born, today) == years


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (date(2026, 11, 22), "0-9"),
        (date(2027, 1, 1), "0-9"),
        (date(1996, 11, 23), "20-29"),
        (date(1996, 11, 22), "30-39"),
        (date(1936, 11, 23), "80-89"),
        (date(1936, 11, 22), "90+"),
        (date(1900, 1, 1), "90+"),
    ],
)
def test_age_bands(born: date, band: str) -> None:
    assert age_band(born, TODAY) == band


@given(st.dates(date(1890, 1, 1), date(2040, 1, 1)), st.integers(0, 40_000))
def test_nobody_grows_younger(born: date, later: int) -> None:
    lows = [int(age_band(born, day).rstrip("+").split("-")[0]) for day in (TODAY, TODAY + timedelta(days=later))]
    assert lows[0] <= lows[1]


@given(st.text())
def test_the_last_four_are_digits_or_nothing(number: str) -> None:
    last = phone_last4(number)
    assert last is None or (len(last) == 4 and last.isascii() and last.isdecimal())
