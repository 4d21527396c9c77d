"""The store of exports, on both databases: one worker at a time, one part after another, nothing half done."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.ports import Change, Committed, Export, ExportPart, Submission, Unchanged, Verdict
from gateway.tlog.entries import Export as Entry, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

OTHER = "coopdeli"
LEASE = timedelta(seconds=15)


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys, published=False) as running:
        yield running


async def act(house: House, event: str, export: str, coop: str = COOP, **values: str | int | bytes | None) -> Verdict:
    """Append an entry with a change of an export."""
    entry = encode(
        Entry(
            coop=coop,
            time=instant(house.clock()),
            event="ordered",
            export=export,
            partner="sunnet",
            client="sunnet-demo",
            purpose="P4",
            agreement="a",
        )
    )
    submission = Submission(
        entry=entry,
        leaf=leaf_hash(entry),
        kind="export",
        partner="sunnet",
        time=house.clock(),
        change=Change(statement=event, values={"id": export, **values}),
    )
    return await house.stores.log.append(coop, submission)


async def begin(
    house: House, export: str, coop: str = COOP, *, running: int = 9, client: str = "sunnet-demo"
) -> Verdict:
    now = int(house.clock().timestamp() * 1_000)
    day = 24 * 3_600 * 1_000
    texts = {"transfer": f"t-{export}", "partner": "sunnet", "purpose": "P4", "product": None, "agreement": "a"}
    texts |= {"client": client, "fields": '["name","phone"]', "form": "csv", "request": "r"}
    numbers = {"ordered": now, "expires": now + day, "running": running, "waiting": 9}
    return await act(house, "export_ordered", export, coop, **texts, **numbers)


def part(house: House, n: int, body: bytes = b"sealed") -> ExportPart:
    now = house.clock()
    return ExportPart(
        n=n,
        body=body,
        digest=body.ljust(32, b"\0"),
        records=2,
        facts=b"facts of %d" % n,
        gov=3,
        valid_until=now + timedelta(hours=1),
        sealed=now,
    )


async def take(house: House, worker: str, *coops: str) -> tuple[str, str] | None:
    now = house.clock()
    return await house.stores.exports.take(coops or (COOP, OTHER), worker=worker, now=now, until=now + LEASE)


async def add(house: House, export: str, n: int, worker: str, *, final: bool = False) -> bool:
    until = house.clock() + LEASE
    return await house.stores.exports.add(COOP, export, part(house, n), worker=worker, final=final, until=until)


async def got(house: House, export: str) -> Export:
    found = await house.stores.exports.get(COOP, export)
    assert found is not None
    return found


async def test_an_order_is_kept_as_it_was_made(house: House) -> None:
    house.clock.now = house.clock.now.replace(microsecond=0)
    verdict = await begin(house, "e1")
    assert isinstance(verdict, Committed)
    found = await got(house, "e1")
    assert (found.entry, found.transfer, found.fields, found.form) == (verdict.index, "t-e1", ("name", "phone"), "csv")
    assert (found.state, found.parts, found.records, found.taken, found.final) == ("running", 0, 0, 0, False)
    assert (found.ordered, found.expires) == (house.clock(), house.clock() + timedelta(days=1))
    assert await house.stores.exports.get(OTHER, "e1") is None


async def test_an_export_is_one_worker_s_until_its_lease_is_over(house: House) -> None:
    await begin(house, "e1")
    first, second = await asyncio.gather(take(house, "a"), take(house, "b"))
    assert sorted([first, second], key=str) == sorted([(COOP, "e1"), None], key=str)
    worker, other = ("a", "b") if first else ("b", "a")
    assert await take(house, other) is None
    until = house.clock() + 2 * LEASE
    assert await house.stores.exports.renew(COOP, "e1", worker=worker, until=until)
    assert not await house.stores.exports.renew(COOP, "e1", worker=other, until=until)
    house.clock.advance(seconds=16)
    assert await take(house, other) is None
    house.clock.advance(seconds=16)
    assert await take(house, other) == (COOP, "e1")
    assert not await add(house, "e1", 1, worker)
    assert await add(house, "e1", 1, other)


async def test_a_worker_takes_the_exports_of_its_own_co_ops(house: House) -> None:
    await begin(house, "e1", OTHER)
    assert await take(house, "a", COOP) is None
    assert await take(house, "a", OTHER) == (OTHER, "e1")


async def test_parts_come_one_after_another_and_each_once(house: House) -> None:
    await begin(house, "e1")
    await take(house, "a")
    assert not await add(house, "e1", 2, "a")
    assert await add(house, "e1", 1, "a")
    assert not await add(house, "e1", 1, "a")
    assert await add(house, "e1", 2, "a", final=True)
    assert not await add(house, "e1", 3, "a")
    found = await got(house, "e1")
    assert (found.state, found.parts, found.records, found.final) == ("sealed", 2, 4, True)
    exports = house.stores.exports
    assert [(one.n, one.size, one.records) for one in await exports.lines(COOP, "e1")] == [(1, 6, 2), (2, 6, 2)]
    assert await exports.facts(COOP, "e1", 1, 3) == [(1, b"facts of 1"), (2, b"facts of 2")]
    assert await exports.facts(COOP, "e1", 2, 3) == [(2, b"facts of 2")]
    assert await exports.part(COOP, "e1", 2) == part(house, 2)
    assert await exports.part(COOP, "e1", 3) is None
    house.clock.advance(minutes=1)
    assert await take(house, "b") is None


async def test_a_part_is_made_again_in_the_place_of_one_that_is_there(house: House) -> None:
    await begin(house, "e1")
    await take(house, "a")
    await add(house, "e1", 1, "a")
    exports, changed = house.stores.exports, part(house, 1, b"other")
    assert not await exports.remake(COOP, "e1", changed, instead_of=changed.digest)
    assert await exports.remake(COOP, "e1", changed, instead_of=part(house, 1).digest)
    assert not await exports.remake(COOP, "e1", changed, instead_of=part(house, 1).digest)
    assert isinstance(await act(house, "export_part_taken", "e1", n=1, digest=part(house, 1).digest), Unchanged)
    assert isinstance(await act(house, "export_part_taken", "e1", n=1, digest=changed.digest), Committed)
    assert (await got(house, "e1")).taken == 1


async def test_only_what_was_taken_whole_is_confirmed_and_an_end_takes_the_parts_away(house: House) -> None:
    for name in ("e1", "e2"):
        await begin(house, name)
        assert await take(house, "a") == (COOP, name)
        assert await add(house, name, 1, "a", final=True)
    assert isinstance(await act(house, "export_confirmed", "e1"), Unchanged)
    assert isinstance(await act(house, "export_expired", "e1"), Unchanged)
    await act(house, "export_part_taken", "e1", n=1, digest=part(house, 1).digest)
    assert isinstance(await act(house, "export_confirmed", "e1"), Committed)
    assert isinstance(await act(house, "export_cancelled", "e1"), Unchanged)
    assert [(await got(house, name)).state for name in ("e1", "e2")] == ["confirmed", "sealed"]
    assert (await house.stores.exports.lines(COOP, "e1"), len(await house.stores.exports.lines(COOP, "e2"))) == ([], 1)
    house.clock.advance(hours=24)
    exports = house.stores.exports
    assert isinstance(await act(house, "export_part_taken", "e2", n=1, digest=part(house, 1).digest), Unchanged)
    assert [one.id for one in await exports.overdue(COOP, house.clock())] == ["e2"]
    assert isinstance(await act(house, "export_expired", "e2"), Committed)
    assert await exports.overdue(COOP, house.clock()) == []
    await exports.forget(COOP, house.clock() + timedelta(seconds=1))
    assert await exports.get(COOP, "e1") is None


async def test_a_client_has_so_many_running_and_others_do_not_count(house: House) -> None:
    assert isinstance(await begin(house, "e1", running=2), Committed)
    assert isinstance(await begin(house, "e2", running=2), Committed)
    assert isinstance(await begin(house, "e3", running=2), Unchanged)
    assert isinstance(await begin(house, "e3", running=2, client="jccu-demo"), Committed)
    assert isinstance(await begin(house, "e3", OTHER, running=2), Committed)
    assert isinstance(await begin(house, "e1", running=9), Unchanged)


async def test_faults_put_it_off_and_so_many_end_it(house: House) -> None:
    await begin(house, "e1")
    exports = house.stores.exports
    for faults in (1, 2):
        assert await take(house, "a") == (COOP, "e1")
        later = house.clock() + timedelta(seconds=30)
        await exports.fault(COOP, "e1", worker="b", until=later, most=1)
        await exports.fault(COOP, "e1", worker="a", until=later, most=3)
        assert ((await got(house, "e1")).faults, await take(house, "a")) == (faults, None)
        house.clock.advance(seconds=31)
    await take(house, "a")
    await exports.fault(COOP, "e1", worker="a", until=house.clock(), most=None)
    assert (await got(house, "e1")).state == "running"
    house.clock.advance(seconds=1)
    await take(house, "a")
    await exports.fault(COOP, "e1", worker="a", until=house.clock(), most=3)
    assert (await got(house, "e1")).state == "failed"
    assert isinstance(await act(house, "export_cancelled", "e1"), Committed)
