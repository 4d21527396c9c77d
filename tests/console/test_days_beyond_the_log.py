"""Days at both ends of the calendar: a review of them is refused in words, an incident that began then is counted."""

import pytest

from tests.console.acting_room import HERE, Employed, Furnishing, Room
from tests.console.simulated import words
from tests.house import COOP

PEOPLE: tuple[Employed, ...] = (
    (COOP, "sato", "佐藤 起子", "admin", HERE),
    (COOP, "homu", "法務 次郎", "compliance", None),
)


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing(PEOPLE)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("0001-01-01", "2026-11-20", "始まりの日を1970-01-01以後に"),
        ("0001-01-02", "0001-01-31", "始まりの日を1970-01-01以後に"),
        ("0001-01-01", "", "始まりの日を1970-01-01以後に"),
        ("9999-12-31", "", "まだ終わっていない期間"),
        ("9999-12-01", "9999-12-31", "まだ終わっていない期間"),
    ],
)
async def test_a_review_of_days_that_no_log_has_is_refused_in_words(room: Room, first: str, last: str, told: str):
    homu = await room.person("homu")
    await homu.go("reviews")
    answer = await homu.press("/reviews", {"first": first, "last": last})
    assert answer.status_code == 409
    assert told in words(answer)


@pytest.mark.parametrize(("first", "last"), [("0001-01-01", "2026-11-22"), ("0001-01-02", "9999-12-31")])
async def test_an_incident_is_counted_from_the_first_day_of_the_calendar_on(room: Room, first: str, last: str):
    homu = await room.person("homu")
    await homu.go("incidents/new")
    said = {"title": "端末の紛失", "what": "盗まれた", "known": "2026-11-21", "known_by": "宅配", "source": "own"}
    answer = await homu.press("incidents/new", {**said, "discovered": first})
    assert answer.status_code == 303, words(answer)
    await homu.go(str(answer.headers["location"]).removeprefix(f"/{COOP}/") + "/scope")
    assert homu.form("/scope").fields["first"] == first
    assert (await homu.press("/scope", {"first": first, "last": last})).status_code == 303
