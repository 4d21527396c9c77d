"""What everybody may ask of a log: an auditor follows it over HTTP, and no entry and no other co-op is shown."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app.keys import note_signers
from gateway.ports import Submission
from gateway.tlog.checkpoint import Checkpoint, open_ours
from gateway.tlog.merkle import leaf_hash, root_of, verify_consistency
from gateway.tlog.proof import parse_hashes
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import Partner

LOG = f"/log/{COOP}"


@pytest.fixture
async def shown(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[House]:
    """A log that is published, on SQLite: the database does not matter to how a path is read."""
    async with running_house(sqlite_url, tmp_path, clock) as running:
        await running.publish_checkpoint()
        yield running


async def leaves_of(house: House, coop: str = COOP) -> list[bytes]:
    return [leaf_hash(entry) for entry in await house.stores.log.entries(coop, 0, 1_000)]


async def grown(house: House, sunnet: Partner) -> Checkpoint:
    """The log a few entries longer, and published; whatever the process remembers is old by now."""
    for _ in range(3):
        await sunnet.pull("P4", ["name"], ["00000101"])
    house.clock.advance(seconds=2)
    return await house.publish_checkpoint()


async def test_an_auditor_follows_the_log(house: House, sunnet: Partner) -> None:
    old = await grown(house, sunnet)
    new = await grown(house, sunnet)
    response = await house.http.get(f"{LOG}/checkpoint")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=1"
    key = note_signers(house.settings, house.stores.keys)[COOP].key
    assert open_ours(response.content, [key], origin=key.name) == new
    tile = await house.http.get(f"{LOG}/tile/0/000.p/{new.size}")
    assert tile.content == b"".join(await leaves_of(house))
    assert root_of(await leaves_of(house)) == new.root
    assert tile.headers["content-type"] == "application/octet-stream"
    assert "immutable" not in tile.headers["cache-control"]
    narrower = await house.http.get(f"{LOG}/tile/0/000.p/{old.size}")
    assert narrower.content == tile.content[: 32 * old.size]
    proof = await house.http.get(f"{LOG}/consistency?from={old.size}&to={new.size}")
    assert proof.headers["content-type"] == "text/plain; charset=utf-8"
    hashes = parse_hashes(proof.text)
    assert verify_consistency(hashes, old=old.size, old_root=old.root, new=new.size, new_root=new.root)
    for nothing in (f"from=0&to={new.size}", "from=3&to=3", "from=0&to=0"):
        response = await house.http.get(f"{LOG}/consistency?{nothing}")
        assert (response.status_code, response.content) == (200, b"")


async def test_full_tiles_stand_for_ever(house: House) -> None:
    entries = [b'{"n":%d}' % n for n in range(300)]
    now = house.clock()
    submissions = [Submission(entry=entry, leaf=leaf_hash(entry), kind="denial", time=now) for entry in entries]
    await asyncio.gather(*(house.stores.log.append(COOP, one) for one in submissions))
    await house.publish_checkpoint()
    full = await house.http.get(f"{LOG}/tile/0/000")
    assert full.content == b"".join((await leaves_of(house))[:256])
    assert full.headers["cache-control"] == "public, max-age=31536000, immutable"
    above = await house.http.get(f"{LOG}/tile/1/000.p/1")
    assert above.content == root_of((await leaves_of(house))[:256])


@pytest.mark.parametrize(
    "path",
    [
        "/log/elsewhere/checkpoint",
        "/log/elsewhere/tile/0/000.p/1",
        "/log/elsewhere/consistency?from=0&to=1",
        f"{LOG}",
        f"{LOG}/",
        f"{LOG}/checkpoint/",
        f"{LOG}/tile/0/000",  # not full
        f"{LOG}/tile/0/000.p/255",
        f"{LOG}/tile/0/000.p/0",
        f"{LOG}/tile/0/000.p/01",
        f"{LOG}/tile/0/000.p/256",
        f"{LOG}/tile/0/000.p",
        f"{LOG}/tile/0/000.p/",
        f"{LOG}/tile/0/0",
        f"{LOG}/tile/0/0000",
        f"{LOG}/tile/0/x000/000",
        f"{LOG}/tile/0/001.p/1",
        f"{LOG}/tile/1/000.p/1",
        f"{LOG}/tile/63/000.p/1",
        f"{LOG}/tile/64/000.p/1",
        f"{LOG}/tile/00/000.p/1",
        f"{LOG}/tile/-1/000.p/1",
        f"{LOG}/tile/0/{'x999/' * 300}999.p/1",
        f"{LOG}/tile/0/%30%30%30.p/1",
        f"{LOG}/tile/entries/000.p/1",
        f"{LOG}/tile/entries/000",
        f"{LOG}/consistency?from=0&to=1000000",
        f"{LOG}/consistency?from=0&to=9999999999999999999",
        f"{LOG}/entries",
    ],
)
async def test_there_is_nothing_else(shown: House, path: str) -> None:
    assert_problem(await shown.http.get(path), "not-found")


@pytest.mark.parametrize(
    "path",
    [
        f"{LOG}/checkpoint?x=1",
        f"{LOG}/tile/0/000.p/1?x=1",
        f"{LOG}/consistency",
        f"{LOG}/consistency?from=1",
        f"{LOG}/consistency?to=2&from=1",
        f"{LOG}/consistency?from=2&to=1",
        f"{LOG}/consistency?from=1&to=2&x=1",
        f"{LOG}/consistency?from=1&to=02",
        f"{LOG}/consistency?from=-1&to=2",
        f"{LOG}/consistency?from=1&to=2%20",
        f"{LOG}/consistency?from=1&to=99999999999999999999",
    ],
)
async def test_a_query_that_is_not_exactly_so_is_malformed(shown: House, path: str) -> None:
    assert_problem(await shown.http.get(path), "malformed")


@pytest.mark.parametrize("path", [f"{LOG}/checkpoint", f"{LOG}/tile/0/000.p/1", f"{LOG}/consistency?from=0&to=1"])
async def test_they_are_only_read(shown: House, path: str) -> None:
    refused = await shown.http.post(path)
    assert_problem(refused, "method-not-allowed", allow=refused.headers["allow"])
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert_problem(await shown.http.post(path, content=b"x"), "too-large")


async def test_no_co_op_sees_another(house: House) -> None:
    await house.publish_checkpoint()
    await house.publish_checkpoint("coopdeli")
    mine, theirs = [(await house.http.get(f"/log/{coop}/tile/0/000.p/1")).content for coop in (COOP, "coopdeli")]
    assert [mine] == (await leaves_of(house))[:1]
    assert [theirs] == (await leaves_of(house, "coopdeli"))[:1]
    assert mine != theirs


async def test_before_the_first_checkpoint_and_without_a_database_it_says_so(house: House) -> None:
    assert_problem(await house.http.get(f"{LOG}/checkpoint"), "unavailable", retry_after=1)
    await house.publish_checkpoint()
    await house.tamper("DELETE FROM log_tile")
    assert_problem(await house.http.get(f"{LOG}/tile/0/000.p/1"), "unavailable", retry_after=10)
    await house.tamper("ALTER TABLE log_checkpoint RENAME TO elsewhere")
    house.clock.advance(seconds=2)
    assert_problem(await house.http.get(f"{LOG}/checkpoint"), "unavailable", retry_after=1)


async def test_a_network_that_asks_too_often_waits(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> None:
    async with running_house(sqlite_url, tmp_path, clock, requests_per_second=1.0, burst=2) as house:
        await house.publish_checkpoint()
        answers = [(await house.http.get(f"{LOG}/checkpoint")).status_code for _ in range(5)]
        assert answers == [200, 200, 200, 200, 429]
        assert_problem(await house.http.get(f"{LOG}/tile/0/000.p/1"), "rate-limited", retry_after=1)


async def test_a_log_that_was_rewritten_is_not_ready(shown: House) -> None:
    assert (await shown.http.get("/readyz")).status_code == 200
    shown.desk.rewritten.add(COOP)
    assert_problem(await shown.http.get("/readyz"), "unavailable", retry_after=10)
    assert (await shown.http.get("/livez")).status_code == 200
    shown.desk.rewritten.clear()
    assert (await shown.http.get("/readyz")).text == "ready"
