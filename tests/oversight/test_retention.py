"""Side rows whose time has come go, in the transaction of the entry that says so; every entry and root stays as it is."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gateway.control_plane.restrict import lift, restrict
from gateway.core.identity import Chunk, Subject, commitment, member_tag
from gateway.jose import rfc4648
from gateway.oversight.log import retention
from gateway.oversight.log.retention import EraseRefused, Range, erasable_until, erase_before, erase_member, pending
from gateway.oversight.members import held
from gateway.ports import Committed, Submission
from gateway.tlog.entries import Access, Erase, decode, encode, instant
from gateway.tlog.merkle import leaf_hash, root_of
from gateway.tlog.sets import chunks_of
from tests.clock import NOON, SettableClock
from tests.house import COOP, House, running_house
from tests.tlog.exported_log import check_folder, release

OLD = NOON - timedelta(days=4 * 365)
TODAY = date(2026, 11, 22)
BY: dict[str, Any] = {"by": "情報管理", "reason": "保存期間"}
TABLES = ("log_subject", "transfer_chunk", "log_request")


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, published=False, keys=gateway_keys) as running:
        yield running


def released(number: int, time: datetime, *, partner: str = "sunnet") -> bytes:
    digest = rfc4648.encode(leaf_hash(str(number).encode()))
    return release(
        gov=-1,
        time=instant(time),
        until=instant(time + timedelta(hours=1)),
        transfer=f"t{number}",
        partner=partner,
        purpose="K-J1",
        agreement="a",
        commitment=digest,
        request=digest,
        body=digest,
    )


async def put(
    house: House,
    time: datetime,
    *,
    tags: Sequence[bytes] = (),
    chunks: tuple[Chunk, ...] = (),
    request: bytes | None = None,
    entry: bytes | None = None,
) -> int:
    """Commit a release of an instant, or another entry, with its side rows; return its index."""
    number = (await house.stores.log.head(COOP)).next_index
    entry = entry or released(number, time)
    verdict = await house.stores.log.append(
        COOP,
        Submission(
            entry=entry,
            leaf=leaf_hash(entry),
            kind=decode(entry).kind,
            transfer=f"t{number}",
            time=time,
            subjects=tuple(Subject(tag, os.urandom(32)) for tag in tags),
            chunks=chunks,
            request=request,
        ),
    )
    assert isinstance(verdict, Committed)
    return verdict.index


async def counts(house: House) -> dict[str, int]:
    return {name: int((await house.rows(f"SELECT count(*) FROM {name}"))[0][0]) for name in TABLES}


async def erase(house: House, until: int, **more: Any) -> list[Range]:
    stores = house.stores
    return await erase_before(
        stores.log,
        stores.erasable,
        COOP,
        until=until,
        rows=stores.side_rows,
        sets=stores.held_sets,
        clock=house.clock,
        **BY,
        **more,
    )


async def forget(house: House, tag: bytes) -> retention.Unlinked:
    stores = house.stores
    await stores.snapshots.refresh(COOP)
    return await erase_member(
        stores.log,
        stores.erasable,
        stores.snapshots.current(COOP),
        tag,
        rows=stores.side_rows,
        sets=stores.held_sets,
        clock=house.clock,
        **BY,
    )


async def boundary(house: House, months: int = 42) -> int:
    return await erasable_until(house.stores.side_rows, COOP, retention.months_before(TODAY, months))


def tag(number: int) -> bytes:
    return leaf_hash(f"member {number}".encode())


async def test_what_is_older_than_the_retention_goes_and_the_rest_stays(house: House) -> None:
    chunks = chunks_of(await house.stores.side_rows.ordinals(COOP, [tag(n) for n in range(20)]), randomness=os.urandom)
    await put(house, OLD, tags=[tag(1), tag(2)], request=b"sealed")
    await put(house, OLD, chunks=chunks, request=b"sealed")
    await put(house, NOON - timedelta(days=30), tags=[tag(3)], chunks=chunks, request=b"sealed")
    assert await boundary(house) == 2
    assert await erase(house, 2) == [
        Range(first=0, last=1, rows={"log_subject": 2, "transfer_chunk": 1, "log_request": 2})
    ]
    assert await counts(house) == {"log_subject": 1, "transfer_chunk": 1, "log_request": 1}
    entry = await house.last()
    assert isinstance(entry, Erase)
    assert (entry.event, entry.first, entry.last, entry.by) == ("side_rows", 0, 1, "情報管理")
    assert entry.counts == {"log_subject": 2, "transfer_chunk": 1, "log_request": 2}
    assert await erase(house, 2) == []
    assert len(await house.entries()) == 4


async def test_the_log_verifies_as_before_and_its_earlier_checkpoint_stands(house: House, tmp_path: Path) -> None:
    for n in range(300):
        time = OLD + timedelta(seconds=n)
        look = Access(coop=COOP, time=instant(time), look_up="history", by="監査", reason="照会")
        await put(house, time, tags=[tag(n)], entry=encode(look))
    before = await house.export(tmp_path / "before")
    entries = await house.stores.log.entries(COOP, 0, before.size)
    assert len(await erase(house, await boundary(house))) == 1
    assert await house.stores.log.entries(COOP, 0, before.size) == entries
    assert root_of(map(leaf_hash, entries)) == before.root
    after = await house.export(tmp_path / "after")
    assert after.size == before.size + 1

    key = house.stores.keys.note_signer(COOP, f"gw.example.coop/{COOP}").key
    earlier = (tmp_path / "before" / "checkpoint").read_bytes()
    report = check_folder(tmp_path / "after", key, since=earlier)
    assert report.ok, report.finding
    assert report.counts["erase"] == 1


async def test_many_rows_go_in_ranges_and_a_broken_off_erasure_goes_on(house: House) -> None:
    for _ in range(5):
        await put(house, OLD, tags=[tag(m) for m in range(4_000)])
    assert await counts(house) == {"log_subject": 20_000, "transfer_chunk": 0, "log_request": 0}

    def break_off(_: int, __: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await erase(house, 5, progress=break_off)
    left = (await counts(house))["log_subject"]
    assert 0 < left < 20_000
    told: list[tuple[int, int]] = []
    ranges = await erase(house, 5, progress=lambda done, total: told.append((done, total)))
    assert sum(one.rows["log_subject"] for one in ranges) == left
    assert all(sum(one.rows.values()) <= retention.ROWS for one in ranges)
    assert told[-1] == (5, 5)
    said = [entry for entry in await house.entries() if isinstance(entry, Erase)]
    spans = [(one.first, one.last) for one in said]
    assert [index for first, last in spans for index in range(first or 0, (last or 0) + 1)] == list(range(5))
    assert sum(one.counts["log_subject"] for one in said) == 20_000


async def test_of_two_erasures_at_once_no_row_is_counted_twice(house: House) -> None:
    for _ in range(3):
        await put(house, OLD, tags=[tag(m) for m in range(6_000)])
    outcomes = await asyncio.gather(erase(house, 3), erase(house, 3), return_exceptions=True)
    assert all(isinstance(one, list | EraseRefused) for one in outcomes)
    await erase(house, 3)
    said = [entry for entry in await house.entries() if isinstance(entry, Erase)]
    assert sum(one.counts["log_subject"] for one in said) == 18_000
    assert (await counts(house))["log_subject"] == 0


async def test_another_co_op_keeps_its_rows(house: House) -> None:
    await put(house, OLD, tags=[tag(1)])
    entry = released(1, OLD).replace(COOP.encode(), b"coopdeli").replace(b'"t1"', b'"u1"')
    await house.stores.log.append(
        "coopdeli",
        Submission(entry=entry, leaf=leaf_hash(entry), kind="release", time=OLD, subjects=(Subject(tag(1), tag(2)),)),
    )
    await erase(house, 1)
    assert (await counts(house))["log_subject"] == 1


async def test_nothing_near_the_day_is_taken_for_older(house: House) -> None:
    day = retention.months_before(TODAY, 42)
    edge = datetime(day.year, day.month, day.day, tzinfo=NOON.tzinfo) - timedelta(hours=9)
    for seconds in (-90, -60, -31, -1, -20, 0, 5):
        await put(house, edge + timedelta(seconds=seconds), tags=[tag(1)])
    # Entries' times may lie 30 seconds apart in the wrong order, so those of the last half minute wait for the next time.
    assert await boundary(house) == 3


async def test_counting_writes_nothing(house: House) -> None:
    await put(house, OLD, tags=[tag(1)])
    found = [one async for one in pending(house.stores.log, house.stores.erasable, COOP, 1)]
    assert found == [Range(first=0, last=0, rows={"log_subject": 1})]
    assert len(await house.entries()) == 1
    assert retention.summed(found) == {"log_subject": 1}


async def test_what_a_partner_holds_is_folded_before_its_rows_go(house: House) -> None:
    await put(house, OLD, tags=[tag(1)])
    await erase(house, 1)
    stores = house.stores
    kept = await held.held(
        stores.log, stores.side_rows, stores.held_sets, COOP, partner="sunnet", agreement="a", purpose="K-J1"
    )
    assert len(kept) == 1


# ── one member ──────────────────────────────────────────────────────────────────────────────────────────────────────

CODE = "00000101"
STOP: dict[str, Any] = {"kind": "stop_use", "partner": None, "purpose": None, "by": "窓口", "reason": "申出"}


async def test_one_member_is_unlinked_from_every_entry(house: House) -> None:
    stores = house.stores
    secrets = stores.keys.coop_secrets(COOP)
    mine = member_tag(secrets.subject, COOP, CODE)
    ordinals = await stores.side_rows.ordinals(COOP, [*(tag(n) for n in range(20)), mine])
    await put(house, NOON, tags=[mine, tag(1)])
    await put(house, NOON, chunks=chunks_of(ordinals, randomness=os.urandom))
    with pytest.raises(EraseRefused, match="stop_use"):
        await forget(house, mine)
    for wrong in ({**STOP, "kind": "stop_provide"}, {**STOP, "partner": "sunnet"}, {**STOP, "purpose": "K-J1"}):
        await restrict(stores.log, COOP, [CODE], **wrong, secrets=secrets, clock=house.clock)
        with pytest.raises(EraseRefused, match="stop_use"):
            await forget(house, mine)
    await restrict(stores.log, COOP, [CODE], **STOP, secrets=secrets, clock=house.clock)
    await held.advance(stores.log, stores.side_rows, stores.held_sets, COOP)
    assert await stores.erasable.holders(COOP, mine) == [("sunnet", "a", "K-J1")]
    assert set(await stores.side_rows.of_member(COOP, mine)) >= {0, 1}
    containers = await house.rows("SELECT container FROM transfer_chunk")

    done = await forget(house, mine)

    assert done.rows == {"log_subject": 5, "member_ordinal": 1, "member_code": 4}
    assert await stores.side_rows.of_member(COOP, mine) == []
    assert await stores.side_rows.ordinal(COOP, mine) is None
    assert await stores.erasable.of_tag(COOP, mine) == {}
    assert await stores.erasable.holders(COOP, mine) == []
    assert await house.rows("SELECT container FROM transfer_chunk") == containers
    assert await stores.side_rows.of_member(COOP, tag(1)) == [0, 1]
    entry = decode((await stores.log.entries(COOP, done.index, 1))[0])
    assert isinstance(entry, Erase)
    assert entry.event == "member"
    assert entry.commitment == rfc4648.encode(commitment(mine, done.salt))
    text = encode(entry).decode()
    assert CODE not in text
    assert mine.hex() not in text
    assert rfc4648.encode(mine) not in text
    # The number is nobody's for ever: whoever comes next gets a new one, the member included.
    assert await stores.side_rows.ordinals(COOP, [tag(99), mine]) == [21, 22]
    await stores.snapshots.refresh(COOP)
    assert mine in stores.snapshots.current(COOP).restrictions


async def test_a_member_whom_no_row_names_is_refused(house: House) -> None:
    secrets = house.stores.keys.coop_secrets(COOP)
    mine = member_tag(secrets.subject, COOP, CODE)
    await restrict(house.stores.log, COOP, [CODE], **STOP, secrets=secrets, clock=house.clock)
    await forget(house, mine)
    with pytest.raises(EraseRefused, match="no row"):
        await forget(house, mine)
    await lift(house.stores.log, COOP, [CODE], **STOP, secrets=secrets, clock=house.clock)
    with pytest.raises(EraseRefused, match="stop_use"):
        await forget(house, mine)


@given(day=st.dates(date(1990, 1, 1), date(2100, 1, 1)), months=st.integers(0, 600))
def test_months_before_are_calendar_months(day: date, months: int) -> None:
    before = retention.months_before(day, months)
    assert (day.year - before.year) * 12 + day.month - before.month == months
    assert before.day == day.day or (before.day < day.day and (before + timedelta(days=1)).day == 1)
