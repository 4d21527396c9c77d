"""A lift in a file of another day comes after a newer stop: the stop stands, and everything else is taken in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gateway.control_plane.restrict import restrict
from gateway.core.identity import member_tag
from gateway.core.members.events import MemberEvent, overtaken
from gateway.core.state import Effect, MembersRestricted, Restriction, Snapshot, apply
from gateway.tlog.entries import Restrict
from tests.clock import SettableClock
from tests.control_plane.events_told import event, imported
from tests.factories import NOON
from tests.house import COOP, House, running_house

MEMBER, ANOTHER = "00000101", "00012406"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys, coops=(COOP,)) as made:
        yield made


def stops_of(house: House, code: str) -> list[str]:
    tag = member_tag(house.stores.keys.coop_secrets(COOP).subject, COOP, code)
    return [one.kind for one in house.stores.snapshots.current(COOP).restrictions.get(tag, ())]


def stop(number: int, at: str, code: str = MEMBER) -> dict[str, str]:
    return event(number, code, "stop", "stop_use", at=at)


def lift(number: int, at: str, code: str = MEMBER) -> dict[str, str]:
    return event(number, code, "lift", "stop_use", at=at)


async def test_a_lift_between_two_stops_comes_last_and_lifts_neither(house: House) -> None:
    await imported(house, [stop(1, "2026-11-19")])
    await imported(house, [stop(3, "2026-11-21")])
    late = [lift(2, "2026-11-20"), lift(4, "2026-11-20", ANOTHER), event(5, ANOTHER, "stop", "marketing_stop")]
    trial = await imported(house, late, trial=True)
    assert (trial.overtaken, trial.taken, trial.entry) == (("ev-2",), 2, None)
    made = await imported(house, late)
    assert (made.overtaken, made.events) == (("ev-2",), {"marketing_stop:set": 1, "stop_use:lifted": 1})
    assert stops_of(house, MEMBER) == ["stop_use", "stop_use"]
    assert stops_of(house, ANOTHER) == ["marketing_stop"]
    # It was not told: sent again it is looked at again, and a lift of now is one of another number.
    again = await imported(house, late)
    assert (again.overtaken, again.told_before, again.entry) == (("ev-2",), 2, None)
    assert (await imported(house, [lift(6, "2026-11-22T11:00")])).events == {"stop_use:lifted": 1}
    assert stops_of(house, MEMBER) == []


@pytest.mark.parametrize(
    ("stopped", "lifted", "stands"),
    [
        ("2026-11-20", "2026-11-20", False),
        ("2026-11-20T09:00", "2026-11-20", False),
        ("2026-11-20", "2026-11-20T09:00", False),
        ("2026-11-20T09:00", "2026-11-20T08:59", True),
        ("2026-11-20T09:00", "2026-11-20T09:00", True),
        ("2026-11-20T09:00+09:00", "2026-11-20T00:01Z", False),
        ("2026-11-21", "2026-11-20", True),
        ("2026-11-21", "", False),
        ("", "2026-11-21", True),
        ("", "2026-11-22", False),
    ],
)
async def test_times_are_compared_as_they_are_said(house: House, stopped: str, lifted: str, *, stands: bool) -> None:
    await imported(house, [stop(1, stopped)])
    made = await imported(house, [lift(2, lifted)])
    assert (made.overtaken == ("ev-2",)) is stands
    assert (stops_of(house, MEMBER) == ["stop_use"]) is stands


@pytest.mark.parametrize("days", [("2026-11-19", "2026-11-21"), ("2026-11-21", "2026-11-19"), ("", "2026-11-19")])
async def test_of_two_stops_in_one_file_the_later_counts_in_whatever_order(house: House, days: tuple[str, str]) -> None:
    await imported(house, [stop(number, at) for number, at in enumerate(days)])
    assert (await imported(house, [lift(2, "2026-11-20")])).overtaken == ("ev-2",)
    assert stops_of(house, MEMBER) == ["stop_use"]


async def test_what_a_lift_in_the_same_file_ended_counts_no_more(house: House) -> None:
    await imported(house, [stop(1, "2026-11-21"), lift(2, "2026-11-21"), stop(3, "2026-11-18")])
    assert (await imported(house, [lift(4, "2026-11-19")])).overtaken == ()
    assert stops_of(house, MEMBER) == []


async def test_a_stop_that_was_set_here_counts_from_then(house: House, clock: SettableClock) -> None:
    secrets = house.stores.keys.coop_secrets(COOP)
    words: dict[str, Any] = {"kind": "stop_use", "partner": None, "purpose": None, "by": "窓口", "reason": "申出"}
    await restrict(house.stores.log, COOP, [MEMBER], **words, secrets=secrets, clock=house.clock)
    assert (await imported(house, [lift(1, "2026-11-22T11:59")])).overtaken == ("ev-1",)
    clock.advance(hours=2)
    assert (await imported(house, [lift(2, "2026-11-22T13:00")])).events == {"stop_use:lifted": 1}
    assert stops_of(house, MEMBER) == []


async def test_a_withdrawal_is_no_less_than_a_stop(house: House) -> None:
    await imported(house, [event(1, MEMBER, "withdrawal", at="2026-11-21")])
    made = await imported(house, [event(2, MEMBER, "lift", "stop_provide", at="2026-11-20")])
    assert (made.overtaken, made.entry) == (("ev-2",), None)
    assert stops_of(house, MEMBER) == ["stop_provide"]
    assert len([one for one in await house.entries() if isinstance(one, Restrict)]) == 1


async def test_a_stop_of_another_kind_partner_or_purpose_is_none_of_it(house: House) -> None:
    await imported(
        house, [stop(1, "2026-11-19"), event(2, MEMBER, "stop", "stop_use", partner="sunnet", at="2026-11-21")]
    )
    assert (await imported(house, [lift(3, "2026-11-20")])).overtaken == ()
    assert len(stops_of(house, MEMBER)) == 1


instants = st.integers(0, 5).map(lambda hours: NOON.replace(hour=hours))


@given(st.lists(st.none() | instants, min_size=1, max_size=4), instants)
def test_what_was_received_is_each_member_s_own(received: list[Any], lifted: Any) -> None:
    tags = tuple(bytes([n]) * 32 for n in range(len(received)))
    effect: Effect = MembersRestricted(
        tags=tags, restriction=Restriction(kind="stop_use", start=NOON), received=tuple(received)
    )
    after = apply(Snapshot(coop=COOP), 0, effect, lambda *_: pytest.fail("no policy is in it"))
    late = MemberEvent(id="e", code="c", happening="lift", kind="stop_use", received=lifted, until=lifted)
    for tag, when in zip(tags, received, strict=True):
        assert overtaken(late, after.restrictions[tag]) is ((when or NOON) >= lifted)
