"""The terms of 速報 and 確報: the four vectors, closed days, and a refusal to say anything past the table of holidays."""

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from gateway.core.incidents.closed_days import FIRST, HOLIDAYS, LAST, BeyondTheTable, closed, next_open
from gateway.core.incidents.deadlines import NotCovered, deadlines, last_day, term


@pytest.mark.parametrize(
    ("known", "days", "raw", "due"),
    [
        (date(2026, 11, 21), 30, date(2026, 12, 20), date(2026, 12, 21)),
        (date(2026, 12, 1), 30, date(2026, 12, 30), date(2027, 1, 4)),
        (date(2026, 12, 1), 60, date(2027, 1, 29), date(2027, 1, 29)),
        (date(2027, 4, 5), 30, date(2027, 5, 4), date(2027, 5, 6)),
    ],
)
def test_the_day_known_is_day_one_and_a_closed_end_moves_to_the_next_open_day(
    known: date, days: int, raw: date, due: date
):
    assert (last_day(known, days), term(known, days)) == (raw, due)


def test_the_three_deadlines_of_an_incident():
    known = date(2026, 12, 1)
    by_accident = {one.name: (one.raw, one.due) for one in deadlines(known, wrongful=False)}
    assert by_accident == {
        "first": (date(2026, 12, 3), date(2026, 12, 3)),
        "first_latest": (date(2026, 12, 5), date(2026, 12, 5)),
        "final": (date(2026, 12, 30), date(2027, 1, 4)),
    }
    [final] = [one for one in deadlines(known, wrongful=True) if one.name == "final"]
    assert (final.days, final.due) == (60, date(2027, 1, 29))
    assert all(one.source and one.grade in {"V", "K"} for one in deadlines(known, wrongful=True))


def test_past_the_table_of_holidays_nothing_is_guessed():
    with pytest.raises(BeyondTheTable):
        term(date(2027, 12, 1), 60)
    # The raw end is in the table, and the next open day is not.
    with pytest.raises(BeyondTheTable):
        term(date(2027, 12, 1), 30)
    assert [one.due for one in deadlines(date(2027, 12, 1), wrongful=False)][2] is None
    for outside in (FIRST - timedelta(days=1), LAST + timedelta(days=1)):
        with pytest.raises(BeyondTheTable):
            closed(outside)


def test_before_the_duty_began_there_is_no_deadline():
    with pytest.raises(NotCovered):
        deadlines(date(2022, 3, 31), wrongful=False)


@pytest.mark.parametrize(
    ("day", "is_closed"),
    [
        (date(2026, 12, 28), False),
        (date(2026, 12, 29), True),
        (date(2027, 1, 3), True),
        (date(2027, 1, 4), False),
        (date(2026, 11, 21), True),
        (date(2026, 11, 23), True),
        (date(2026, 11, 24), False),
        (date(2026, 9, 22), True),
        (date(2027, 3, 22), True),
    ],
)
def test_offices_are_closed_at_weekends_on_holidays_and_at_the_end_of_the_year(day: date, is_closed: bool):
    assert closed(day) is is_closed


def test_a_holiday_on_a_sunday_has_its_substitute():
    for day in HOLIDAYS:
        if day.weekday() == 6:
            after = day
            while after in HOLIDAYS:
                after += timedelta(days=1)
            assert after - timedelta(days=1) > day, day


@given(known=st.dates(FIRST, LAST - timedelta(days=70)), days=st.sampled_from([30, 60]))
def test_a_term_never_ends_early_nor_on_a_closed_day(known: date, days: int):
    due = term(known, days)
    raw = last_day(known, days)
    assert due >= raw
    assert not closed(due)
    assert all(closed(raw + timedelta(days=n)) for n in range((due - raw).days))
    assert next_open(due) == due
