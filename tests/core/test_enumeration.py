"""The enumeration budget as a rule over counts: from 200 a day on, 2 % are told and 10 % stop."""

from datetime import date

import pytest

from gateway.core.detection.enumeration import ORDER, TOLD, Verdict, verdict, weightier

DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("asked", "unknown", "found"),
    [
        (0, 0, "none"),
        (199, 199, "none"),
        (200, 3, "none"),
        (200, 4, "alert"),
        (200, 19, "alert"),
        (200, 20, "stop"),
        (10_000, 199, "none"),
        (10_000, 200, "alert"),
        (10_000, 999, "alert"),
        (10_000, 1_000, "stop"),
    ],
)
def test_the_share_of_unknown_persons_decides_from_two_hundred_on(asked: int, unknown: int, found: Verdict):
    assert verdict(asked=asked, unknown=unknown, day=DAY) == found


def test_what_was_told_is_never_taken_back():
    assert [weightier(one, other) for one in ORDER for other in ORDER] == [
        *("none", "alert", "stop"),
        *("alert", "alert", "stop"),
        *("stop", "stop", "stop"),
    ]
    assert list(TOLD) == ["stop", "alert"], "of one minute the first reason tells the weightier"
