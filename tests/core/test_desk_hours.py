"""The contact desk's hours: when it opens next, to the minute and over the week."""

from datetime import datetime, timedelta

import pytest

from gateway.core.days import JST
from gateway.core.members.desk_hours import is_open, next_opening, opening

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat"]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=JST)


@pytest.mark.clause("K-R2")
def test_on_a_sunday_the_desk_opens_on_monday_morning():
    hours = opening(WEEK, "09:30", "17:30")
    assert hours is not None
    assert next_opening(hours, at(22, 12)) == at(23, 9, 30)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(21, 9, 29), at(21, 9, 30)),
        (at(21, 9, 30), None),
        (at(21, 17, 29), None),
        (at(21, 17, 30), at(23, 9, 30)),
        (at(20, 23, 59), at(21, 9, 30)),
    ],
)
def test_to_the_minute(now: datetime, opens: datetime | None):
    hours = opening(WEEK, "09:30", "17:30")
    assert hours is not None
    assert next_opening(hours, now) == opens
    assert is_open(hours, now) is (opens is None)


def test_a_desk_of_one_day_a_week_opens_within_a_week():
    hours = opening(["wed"], "10:00", "12:00")
    assert hours is not None
    assert next_opening(hours, at(25, 12)) == at(25, 10) + timedelta(days=7)


@pytest.mark.parametrize(
    ("days", "opens", "closes"),
    [([], "09:00", "17:00"), (["someday"], "09:00", "17:00"), (["mon"], "17:00", "09:00"), (["mon"], "朝", "夕")],
)
def test_hours_that_cannot_be_read_are_none(days: list[str], opens: str, closes: str):
    assert opening(days, opens, closes) is None
