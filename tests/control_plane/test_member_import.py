"""Member events taken in on both databases: one entry, once; what it puts in force, and what partners are told."""

import asyncio
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.app.keys import checkpoint_signers
from gateway.app.oversight import oversight_of
from gateway.control_plane.members.faults import RowsRefused
from gateway.control_plane.restrict import lift, restrict
from gateway.core.days import jst_day
from gateway.core.identity import member_tag
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.oversight.follow_ups import arising, told
from gateway.oversight.follow_ups.asked import tell_partners
from gateway.oversight.members.member_record import record
from gateway.oversight.reports.month import month
from gateway.oversight.reviews.periods import month_of
from gateway.ports import Unavailable
from gateway.tlog.codes import open_code
from gateway.tlog.entries import FollowUp, Restrict
from tests.clock import SettableClock
from tests.control_plane.events_told import csv_of, event, imported
from tests.house import COOP, ROOT, House, replica, running_house
from tests.tlog.exported_log import check_folder

MEMBER, ANOTHER, THIRD = "00000101", "00012406", "00000007"
SUNNET, JCCU = "kyoritsusha-sunnet-01", "kyoritsusha-jccu-01"
MASTERS = {COOP: {"stop_use": "core", "correction": "core", "protected": "gateway"}}
NIGHTLY = (
    event(1, MEMBER, "stop", "stop_use", ground="art35_5", at="2026-11-21"),
    event(2, ANOTHER, "withdrawal"),
    event(3, THIRD, "correction"),
    event(4, MEMBER, "stop", "marketing_stop", partner="sunnet", purpose="P4"),
)


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys, coops=(COOP,), masters=MASTERS) as made:
        yield made


async def said(house: House, kind: type[Any]) -> list[Any]:
    return [one for one in await house.entries() if isinstance(one, kind)]


def tag_of(house: House, code: str) -> bytes:
    return member_tag(house.stores.keys.coop_secrets(COOP).subject, COOP, code)


def stops_of(house: House, code: str) -> set[tuple[str, str | None, str | None]]:
    found = house.stores.snapshots.current(COOP).restrictions.get(tag_of(house, code), ())
    return {(one.kind, one.partner, one.purpose) for one in found}


async def held(house: House) -> OversightDesk:
    """Let two partners have pulled the members."""
    sunnet = await house.partner("sunnet", SUNNET)
    jccu = await house.partner("jccu", JCCU)
    await sunnet.pull("P4", ["name"], [MEMBER, ANOTHER, THIRD])
    await jccu.pull("P5", ["sex"], [ANOTHER])
    return oversight_of(house.settings, house.stores)


async def test_an_import_is_one_entry_that_counts_and_commits_and_names_nobody(house: House):
    made = await imported(house, NIGHTLY)
    counted = {"correction": 1, "marketing_stop:set": 1, "stop_use:set": 1, "withdrawal": 1}
    assert (made.members, made.events, made.told_before, made.faults) == (3, counted, 0, ())
    [entry] = await said(house, Restrict)
    assert (entry.event, entry.restriction, entry.members, entry.events) == ("imported", None, 3, counted)
    assert entry.digest == rfc4648.encode(sha256(csv_of(NIGHTLY)).digest())
    assert stops_of(house, MEMBER) == {("stop_use", None, None), ("marketing_stop", "sunnet", "P4")}
    assert stops_of(house, ANOTHER) == {("stop_provide", None, None)}
    assert stops_of(house, THIRD) == set()
    [stop] = house.stores.snapshots.current(COOP).restrictions[tag_of(house, ANOTHER)]
    assert stop.start == house.clock()
    assert house.stores.snapshots.current(COOP).gov == made.entry
    secrets = house.stores.keys.coop_secrets(COOP)
    kept = await house.stores.follow_ups.codes(COOP, made.entry or 0)
    assert {open_code(secrets.requests, COOP, tag, code) for tag, code in kept} == {MEMBER, ANOTHER, THIRD}


async def test_what_the_page_shows_as_an_example_is_taken_in(house: House):
    [block] = re.findall(r"```csv\n(.*?)```", (ROOT / "docs/member-events.md").read_text(encoding="utf-8"), re.DOTALL)
    made = await imported(house, block.encode())
    assert made.events == {"correction": 1, "marketing_stop:set": 1, "stop_use:lifted": 1, "withdrawal": 1}
    assert stops_of(house, MEMBER) == {("marketing_stop", None, None)}


async def test_a_file_sent_twice_changes_nothing_and_a_longer_one_takes_the_rest_in(house: House):
    await imported(house, NIGHTLY)
    again = await imported(house, NIGHTLY)
    assert (again.entry, again.taken, again.told_before) == (None, 0, 4)
    longer = (*NIGHTLY, event(5, MEMBER, "lift", "stop_use"), event(5, MEMBER, "lift", "stop_use"))
    rest = await imported(house, longer)
    assert (rest.events, rest.told_before, rest.repeated) == ({"stop_use:lifted": 1}, 4, 1)
    assert len(await said(house, Restrict)) == 2
    assert stops_of(house, MEMBER) == {("marketing_stop", "sunnet", "P4")}
    assert (await imported(house, ())).entry is None


async def test_a_trial_says_what_it_would_do_and_does_nothing(house: House):
    before = await house.entries()
    found = await imported(house, (*NIGHTLY, event(9, "", "stop", "stop_use")), trial=True)
    assert (found.trial, found.entry, found.taken, found.bad) == (True, None, 4, 1)
    assert await house.entries() == before


async def test_two_processes_that_take_the_same_file_in_make_one_entry(house: House):
    many = [event(number, f"{number:08}", "stop", "stop_use") for number in range(1, 201)]
    async with replica(house.settings, house.clock) as second:
        made = await asyncio.gather(*(imported(one, many) for one in (house, second, house, second)))
    [entry] = await said(house, Restrict)
    assert entry.events == {"stop_use:set": 200}
    assert sorted(one.taken for one in made) == [0, 0, 0, 200]
    assert [one.told_before for one in made if not one.taken] == [200] * 3


async def test_of_two_files_that_overlap_each_event_is_taken_in_once(house: House):
    files = [[event(n, f"{n:08}", "stop", "stop_use") for n in range(start, start + 100)] for start in (1, 51)]
    async with replica(house.settings, house.clock) as second:
        await asyncio.gather(imported(house, files[0]), imported(second, files[1]))
    await house.stores.snapshots.refresh(COOP)
    assert sum(one.events["stop_use:set"] for one in await said(house, Restrict)) == 150
    found = house.stores.snapshots.current(COOP).restrictions.values()
    assert [len(stops) for stops in found] == [1] * 150


async def test_a_database_that_fails_leaves_no_event_told(house: House):
    house.stores.log.append, append = _lost, house.stores.log.append  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await imported(house, NIGHTLY)
    house.stores.log.append = append  # type: ignore[method-assign]
    assert (await imported(house, NIGHTLY)).taken == 4


async def _lost(coop: str, submission: Any) -> Any:
    raise Unavailable("killed")


async def test_events_of_one_member_apply_in_their_order(house: House):
    await imported(house, [event(0, THIRD, "stop", "stop_use")])
    events = (
        event(1, MEMBER, "stop", "stop_use"),
        event(2, MEMBER, "lift", "stop_use"),
        event(3, ANOTHER, "lift", "stop_use"),
        event(4, ANOTHER, "stop", "stop_use"),
        event(5, THIRD, "lift", "stop_use"),
        event(6, THIRD, "stop", "stop_use"),
        event(7, THIRD, "withdrawal"),
        event(8, THIRD, "lift", "stop_provide"),
    )
    made = await imported(house, events)
    assert made.events == {"stop_provide:lifted": 1, "stop_use:lifted": 3, "stop_use:set": 3, "withdrawal": 1}
    assert stops_of(house, MEMBER) == set()
    assert stops_of(house, ANOTHER) == stops_of(house, THIRD) == {("stop_use", None, None)}
    assert len(house.stores.snapshots.current(COOP).restrictions[tag_of(house, THIRD)]) == 1


async def test_a_stop_a_withdrawal_and_a_correction_each_lead_to_their_follow_up(house: House):
    desk = await held(house)
    made = await imported(house, NIGHTLY)
    for _ in range(2):
        await arising.arise(desk, [COOP])
    opened = await desk.follow_ups.all(COOP)
    found = {(one.cause, one.duty, one.partner): await told.codes_of(desk, one) for one in opened}
    assert found == {
        ("restriction", "stop_using", "sunnet"): [MEMBER],
        ("withdrawal", "delete", "sunnet"): [ANOTHER],
        ("withdrawal", "delete", "jccu"): [ANOTHER],
        ("correction", "correct", "sunnet"): [THIRD],
    }
    assert {one.source for one in opened} == {made.entry}
    assert len(await said(house, FollowUp)) == 4


async def test_a_withdrawal_that_was_taken_back_at_once_tells_nobody(house: House):
    desk = await held(house)
    await imported(house, [event(1, ANOTHER, "withdrawal")])
    await imported(house, [event(2, ANOTHER, "lift", "stop_provide")])
    await imported(house, [event(3, MEMBER, "withdrawal"), event(4, MEMBER, "lift", "stop_provide")])
    await arising.arise(desk, [COOP])
    assert await desk.follow_ups.all(COOP) == []


async def test_a_member_s_record_and_the_month_say_what_an_import_did(house: House, tmp_path: Path):
    await held(house)
    desk = oversight_of(house.settings, house.stores)
    await imported(house, NIGHTLY)
    await imported(house, [event(5, MEMBER, "lift", "stop_use", ground="offer"), event(6, ANOTHER, "correction")])
    seen = await record(desk, COOP, MEMBER)
    assert [(one.event, one.restriction, one.partner, one.purpose, one.ground) for one in seen.stops] == [
        ("set", "marketing_stop", "sunnet", "P4", "core_system"),
        ("set", "stop_use", None, None, "art35_5"),
        ("lifted", "stop_use", None, None, "offer"),
    ]
    seen = await record(desk, COOP, ANOTHER)
    assert [(one.event, one.restriction) for one in seen.stops] == [
        ("set", "stop_provide"),
        ("told", "withdrawal"),
        ("told", "correction"),
    ]
    assert (await month(desk, COOP, month_of(jst_day(house.clock())))).restricted == (3, 1)
    await arising.arise(desk, [COOP])
    await house.export(tmp_path / "log")
    signer = checkpoint_signers(house.settings, house.stores.keys)[COOP]
    assert check_folder(tmp_path / "log", signer.key).ok


async def test_bad_rows_keep_the_file_out_unless_they_are_skipped(house: House):
    events = (*NIGHTLY, event(7, "x y", "stop", "stop_use"), event(8, MEMBER, "stop", "stop_use", partner="nobody"))
    with pytest.raises(RowsRefused) as refused:
        await imported(house, events)
    assert [(one.row, one.field, one.rule) for one in refused.value.faults] == [
        (5, "member_code", "member_code"),
        (6, "partner", "partner"),
    ]
    assert await said(house, Restrict) == []
    made = await imported(house, events, skip_bad_rows=True)
    assert (made.taken, made.bad) == (4, 2)


async def test_what_one_side_is_master_of_the_other_may_not_say(house: House):
    secrets = house.stores.keys.coop_secrets(COOP)
    words: dict[str, Any] = {"partner": None, "purpose": None, "by": "相談", "reason": "申出", "secrets": secrets}
    words |= {"clock": house.clock, "masters": house.settings.masters[COOP]}
    for act in (restrict, lift):
        with pytest.raises(Refused) as refused:
            await act(house.stores.log, COOP, [MEMBER], kind="stop_use", **words)
        assert refused.value.rule == "master"
        await act(house.stores.log, COOP, [MEMBER], kind="stop_provide", **words)
    desk = oversight_of(house.settings, house.stores)
    about: dict[str, Any] = {"partner": None, "purpose": None, "by": "相談", "reason": "訂正"}
    with pytest.raises(Refused) as refused:
        await tell_partners(desk, COOP, [MEMBER], asked="correction", **about)
    assert refused.value.rule == "master"
    with pytest.raises(RowsRefused) as rows:
        await imported(house, [event(1, MEMBER, "stop", "protected"), event(2, MEMBER, "stop", "stop_use")])
    assert [(one.row, one.rule) for one in rows.value.faults] == [(1, "master")]


async def test_no_code_and_no_event_s_number_is_told_to_telemetry_or_stands_in_the_log(house: House):
    canary, number = "9876543210ABC", "canary-number"
    events = [event(number, canary, "stop", "stop_use"), event("x", canary, "stop", "nothing", ground=canary)]
    with pytest.raises(RowsRefused) as refused:
        await imported(house, events)
    faults = "".join(map(repr, refused.value.faults)) + str(refused.value)
    await imported(house, events[:1])
    rows = await house.rows("SELECT entry FROM log_entry")
    told_of = repr(house.told) + faults + "".join(bytes(row[0]).decode() for row in rows)
    assert canary not in told_of
    assert number not in told_of
    stored = await house.rows("SELECT h FROM member_event")
    assert [len(row[0]) for row in stored] == [32]
