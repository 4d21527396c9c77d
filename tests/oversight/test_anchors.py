"""Witnesses and time-stamps over a real log: what they give is kept, who fails is named, and a stop is the co-op's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.adapters import bounded_post
from gateway.app import anchoring
from gateway.app.anchoring import anchors_of
from gateway.app.keys import note_signers
from gateway.demo.awkward import AWKWARD
from gateway.oversight.log.anchors import QUORUM, TIMESTAMP, Anchoring, Anchors
from gateway.oversight.log.export import export
from gateway.ports import Committed, Submission
from gateway.tlog.checkpoint import stated
from gateway.tlog.cosignature import Quorum, parse_witness_vkey
from gateway.tlog.entries import Denial, Release, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.answers import assert_problem
from tests.clock import NOON, SettableClock
from tests.house import COOP, ROOT, House, running_house
from tests.simulators.timestamp_authority import SimulatedAuthority, make_authority, openssl, running_authority
from tests.simulators.witness import SimulatedWitness, running_witness

PAGE = ROOT / "docs" / "log-anchors.md"
HOURS = timedelta(hours=1)
MEMBER = [AWKWARD["takasaki"]]
FIELDS = ["member_code", "name"]


class Harbour:
    """A house, two witnesses and an authority around it, and the jobs of one process."""

    def __init__(self, house: House, witnesses: list[SimulatedWitness], authority: SimulatedAuthority) -> None:
        self.house = house
        self.clock = house.clock
        self.first, self.second = witnesses
        self.witnesses = witnesses
        self.authority = authority
        self.jobs: Anchoring

    @property
    def told(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [one for one in self.house.told if one[1].startswith("anchor")]

    def noted(self, event: str) -> list[dict[str, Any]]:
        return [attributes for kind, name, attributes in self.told if (kind, name) == ("note", event)]

    def process(self, anchors: Anchors) -> Anchoring:
        """The jobs of one more process."""
        return Anchoring(
            COOP,
            anchors,
            log=self.house.desk.log,
            publications=self.house.stores.publications,
            coverage=self.house.stores.coverage,
            clock=self.clock,
            telemetry=self.house.telemetry,
            held_back=self.house.desk.held_back,
        )

    async def append(self, count: int = 1) -> int:
        """Commit entries and publish their checkpoint; give the size of the log."""
        entry = encode(Denial(coop=COOP, time=instant(self.clock()), summary={"replayed": 1}))
        one = Submission(entry=entry, leaf=leaf_hash(entry), kind="denial", time=self.clock())
        done = await asyncio.gather(*[self.house.stores.log.append(COOP, one) for _ in range(count)])
        assert all(isinstance(verdict, Committed) for verdict in done)
        return (await self.house.publish_checkpoint()).size

    async def note(self) -> bytes:
        note = await self.house.stores.publications.checkpoint(COOP)
        assert note is not None
        return note.encode()

    async def covered(self) -> dict[str, int]:
        return await self.house.stores.coverage.covered(COOP)

    def quorum(self, threshold: int) -> Quorum:
        return Quorum(tuple(parse_witness_vkey(one.vkey) for one in self.witnesses), threshold)

    async def watched(self) -> list[str]:
        """Watch once; give which anchors were told to be overdue."""
        before = len(self.told)
        await self.jobs.watch()
        return [
            attributes["anchor"]
            for kind, name, attributes in self.told[before:]
            if (kind, name) == ("count", "anchor_overdue")
        ]


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_authority(tmp_path_factory.mktemp("tsa") / "good")


async def opened(
    stack: AsyncExitStack, url: str, tsa: Path, tmp_path: Path, clock: SettableClock, **told: Any
) -> Harbour:
    witnesses = [
        SimulatedWitness(name=f"witness.example/w{n}", now=lambda: clock().timestamp(), logs={}) for n in (1, 2)
    ]
    for one in witnesses:
        await stack.enter_async_context(running_witness(one))
    authority = await stack.enter_async_context(running_authority(SimulatedAuthority(folder=tsa)))
    published = told.pop("published", False)
    stamped = {"url": authority.url, "ca_file": str(authority.ca_file)}
    named = [{"url": one.url, "vkey": one.vkey} for one in witnesses]
    configured = {COOP: {"witnesses": named, "timestamp": stamped, **told}}
    house = await stack.enter_async_context(
        running_house(url, tmp_path, clock, coops=(COOP,), published=published, anchors=configured)
    )
    key = Ed25519PublicKey.from_public_bytes(note_signers(house.settings, house.stores.keys)[COOP].key.public)
    for one in witnesses:
        one.logs[f"gw.example.coop/{COOP}"] = key
    harbour = Harbour(house, witnesses, authority)
    http = await stack.enter_async_context(bounded_post.client())
    harbour.jobs = harbour.process(anchors_of(house.settings, COOP, http=http, clock=clock))
    return harbour


@pytest.fixture
async def harbour(database_url: str, tsa: Path, tmp_path: Path) -> AsyncIterator[Harbour]:
    async with AsyncExitStack() as stack:
        # The authority's clock is the machine's.
        yield await opened(stack, database_url, tsa, tmp_path, SettableClock(datetime.now(UTC)))


@pytest.fixture
async def on_sqlite(sqlite_url: str, tsa: Path, tmp_path: Path) -> AsyncIterator[Harbour]:
    async with AsyncExitStack() as stack:
        yield await opened(stack, sqlite_url, tsa, tmp_path, SettableClock(datetime.now(UTC)), quorum=1)


# Witnesses


async def test_each_checkpoint_is_cosigned_by_a_quorum_and_proved_from_the_last(harbour: Harbour) -> None:
    for more in (1, 4, 300):
        size = await harbour.append(more)
        assert not harbour.quorum(1).satisfied_by(await harbour.note())
        await harbour.jobs.witness()
        assert harbour.quorum(2).satisfied_by(await harbour.note())
        assert await harbour.covered() == {
            "witness witness.example/w1": size,
            "witness witness.example/w2": size,
            QUORUM: size,
        }
    assert [body.partition(b"\n")[0] for body in harbour.first.bodies] == [b"old 0", b"old 1", b"old 5"]
    assert harbour.told == []


async def test_a_log_that_does_not_grow_asks_nobody_again(harbour: Harbour) -> None:
    await harbour.jobs.witness()
    assert harbour.first.faults.asked == 0, "nothing is published yet"
    await harbour.append()
    for _ in range(3):
        await harbour.jobs.witness()
    assert (harbour.first.faults.asked, harbour.second.faults.asked) == (1, 1)


async def test_processes_that_ask_at_once_do_no_harm(harbour: Harbour) -> None:
    async with bounded_post.client() as http:
        other = harbour.process(anchors_of(harbour.house.settings, COOP, http=http, clock=harbour.clock))
        harbour.clock.now -= HOURS
        await harbour.append(3)
        harbour.clock.now += HOURS
        await asyncio.gather(harbour.jobs.witness(), other.witness(), harbour.jobs.timestamp(), other.timestamp())
        assert harbour.quorum(2).satisfied_by(await harbour.note())
        assert (await harbour.covered())[TIMESTAMP] == 3
        asked = harbour.first.faults.asked
        await harbour.jobs.witness()
        await other.witness()
        assert harbour.first.faults.asked == asked


async def test_one_witness_that_fails_holds_up_no_other_and_is_left_alone_for_longer_each_time(
    on_sqlite: Harbour,
) -> None:
    harbour = on_sqlite
    harbour.first.faults.down = True
    await harbour.append()
    asked = []
    for _ in range(130):
        await harbour.jobs.witness()
        asked.append(harbour.first.faults.asked)
        harbour.clock.advance(seconds=1)
    assert asked[-1] == 8, "after 0, 1, 3, 7, 15, 31, 63 and 127 seconds"
    assert harbour.second.faults.asked == 1
    assert harbour.quorum(1).satisfied_by(await harbour.note())
    assert (await harbour.covered())[QUORUM] == 1
    fault = harbour.noted("anchor failed")[0]
    assert fault["anchor"] == "witness witness.example/w1"
    assert "cannot be reached" in fault["fault"]


async def test_a_lying_witness_leaves_nothing_in_the_note(on_sqlite: Harbour) -> None:
    harbour = on_sqlite
    harbour.first.bend = lambda _: harbour.first.line(b"another text\n")
    await harbour.append()
    await harbour.jobs.witness()
    assert "does not verify" in harbour.noted("anchor failed")[0]["fault"]
    assert b"witness.example/w1" not in await harbour.note()
    assert b"witness.example/w2" in await harbour.note()


async def test_the_proof_needs_tiles(on_sqlite: Harbour) -> None:
    harbour = on_sqlite
    await harbour.append(3)
    await harbour.jobs.witness()
    await harbour.append(3)
    await harbour.house.stores.publications.forget(COOP)
    await harbour.jobs.witness()
    assert {one["fault"] for one in harbour.noted("anchor failed")} == {"tiles of the log are missing"}


# Time-stamps


async def test_a_time_stamp_an_interval_and_openssl_agrees(harbour: Harbour, tmp_path: Path) -> None:
    harbour.clock.now -= 3 * HOURS
    await harbour.append(2)
    harbour.clock.now += 3 * HOURS
    await harbour.jobs.witness()
    await harbour.jobs.timestamp()
    assert harbour.told == []
    assert (await harbour.covered())[TIMESTAMP] == 2
    await harbour.append()
    for _ in range(3):
        await harbour.jobs.timestamp()
    assert harbour.authority.faults.asked == 1, "the new entry has not waited for an hour"
    stores = harbour.house.stores
    await export(stores.log, stores.publications, COOP, tmp_path / "log")
    # As the auditor's page says it.
    (line,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("openssl ts -verify")]
    told = line.replace("tsa-ca.pem", str(harbour.authority.ca_file)).replace("log/", f"{tmp_path}/log/")
    assert (await openssl(*told.split()[1:]))[0] == 0


async def test_an_entry_waits_for_a_time_stamp_no_longer_than_the_interval(on_sqlite: Harbour) -> None:
    harbour = on_sqlite
    harbour.clock.now -= timedelta(minutes=60)
    await harbour.append()
    harbour.clock.now += timedelta(minutes=59)
    await harbour.jobs.timestamp()
    assert harbour.authority.faults.asked == 0
    harbour.clock.now += timedelta(minutes=1)
    await harbour.jobs.timestamp()
    assert (await harbour.covered())[TIMESTAMP] == 1


# Overdue


async def test_an_anchor_that_fails_for_four_hours_is_told_until_it_recovers(harbour: Harbour) -> None:
    harbour.clock.now -= 6 * HOURS
    harbour.first.faults.down = True
    harbour.authority.faults.down = True
    await harbour.append()
    await harbour.jobs.witness()
    await harbour.jobs.timestamp()
    harbour.clock.now += 4 * HOURS - timedelta(seconds=1)
    assert await harbour.watched() == []
    harbour.clock.now += timedelta(seconds=1)
    late = ["timestamp", "witness quorum", "witness witness.example/w1"]
    assert await harbour.watched() == late
    assert await harbour.watched() == late
    assert [one["anchor"] for one in harbour.noted("anchor overdue")] == late
    assert {one["hours"] for one in harbour.noted("anchor overdue")} == {4}
    harbour.clock.now += 2 * HOURS
    harbour.first.faults.down = False
    harbour.authority.faults.down = False
    await harbour.jobs.witness()
    await harbour.jobs.timestamp()
    assert await harbour.watched() == []
    assert [one["anchor"] for one in harbour.noted("anchor recovered")] == late
    assert harbour.house.desk.held_back == set(), "this co-op did not choose to stop"


async def test_a_log_that_does_not_grow_leaves_nobody_overdue(on_sqlite: Harbour) -> None:
    harbour = on_sqlite
    assert await harbour.watched() == []
    harbour.clock.now -= 2 * HOURS
    await harbour.append()
    harbour.clock.now += 2 * HOURS
    await harbour.jobs.witness()
    await harbour.jobs.timestamp()
    harbour.first.faults.down = harbour.second.faults.down = harbour.authority.faults.down = True
    harbour.clock.now += 900 * HOURS
    assert await harbour.watched() == []


async def test_a_restart_forgets_nothing(harbour: Harbour) -> None:
    harbour.second.faults.down = True
    await harbour.append()
    await harbour.jobs.witness()
    harbour.clock.now += 4 * HOURS
    async with bounded_post.client() as http:
        harbour.jobs = harbour.process(anchors_of(harbour.house.settings, COOP, http=http, clock=harbour.clock))
        assert await harbour.watched() == ["timestamp", "witness quorum", "witness witness.example/w2"]
        await harbour.jobs.witness()
        assert harbour.first.faults.asked == 1, "its cosignature is there already"


# The co-op's choice


async def released(house: House) -> httpx2.Response:
    sunnet = house.partners.get("sunnet") or await house.partner("sunnet", "kyoritsusha-sunnet-01")
    sunnet.tokens.clear()  # the test's hours are longer than a token's life
    token = await sunnet.token("P4", FIELDS)
    return await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token)


async def test_where_the_co_op_chose_so_nothing_is_released_while_an_anchor_is_overdue(
    database_url: str, tsa: Path, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        clock = SettableClock(NOON)
        more: dict[str, Any] = {"published": True, "stop_releases": True, "timestamp": None, "quorum": 1}
        harbour = await opened(stack, database_url, tsa, tmp_path, clock, **more)
        house = harbour.house
        assert_problem(await released(house), "unavailable", retry_after=5)
        assert (await house.denial()).reasons == ["fault:anchor:overdue"], "until it is known that none is overdue"
        await harbour.jobs.watch()
        assert (await released(house)).status_code == 200
        await house.publish_checkpoint()
        await harbour.jobs.witness()
        assert (await released(house)).status_code == 200
        await house.publish_checkpoint()
        harbour.first.faults.down = harbour.second.faults.down = True
        await harbour.jobs.witness()
        clock.advance(hours=4)
        await house.stores.snapshots.refresh_all()
        await harbour.jobs.watch()
        asked, entries = len(house.sources[COOP].asked), len(await house.entries())
        assert_problem(await released(house), "unavailable", retry_after=5)
        assert (await house.denial()).reasons == ["fault:anchor:overdue"]
        assert len(await house.entries()) == entries + 1
        assert len(house.sources[COOP].asked) == asked, "the source was not asked"
        harbour.second.faults.down = False
        await harbour.jobs.witness()
        await harbour.jobs.watch()
        assert (await released(house)).status_code == 200, "one of two is the quorum that it chose"
        assert isinstance(await house.last(), Release)


async def test_an_outage_alone_stops_no_release(sqlite_url: str, tsa: Path, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        clock = SettableClock(NOON)
        harbour = await opened(stack, sqlite_url, tsa, tmp_path, clock, published=True)
        clock.advance(hours=5)
        assert await harbour.watched() == [
            "timestamp",
            "witness quorum",
            "witness witness.example/w1",
            "witness witness.example/w2",
        ]
        assert (await released(harbour.house)).status_code == 200


async def test_the_jobs_are_those_of_what_is_configured(on_sqlite: Harbour) -> None:
    house = on_sqlite.house
    held: set[str] = set()
    async with anchoring.anchorings(house.settings, house.stores, house.telemetry, held_back=held) as anchored:
        jobs = anchored[COOP].jobs()
        assert [name for name, _, _ in jobs] == [f"{what} of {COOP}" for what in ("anchors", "witnesses", "timestamps")]
        await on_sqlite.append()
        for _, _, work in jobs:
            await work()
        assert on_sqlite.quorum(2).satisfied_by(await on_sqlite.note())
    unanchored = house.settings.model_copy(update={"anchors": {}})
    async with anchoring.anchorings(unanchored, house.stores, house.telemetry, held_back=held) as anchored:
        assert anchored == {}


async def test_what_is_exported_is_cosigned_where_the_quorum_answers(on_sqlite: Harbour, tmp_path: Path) -> None:
    stores = on_sqlite.house.stores
    size = await on_sqlite.append(2)
    on_sqlite.first.faults.down = True
    note = await on_sqlite.jobs.cosigned(least=size)
    assert note is not None
    await on_sqlite.append(2)
    assert await export(stores.log, stores.publications, COOP, tmp_path / "log", note=note) == stated(note)
    assert on_sqlite.quorum(1).satisfied_by((tmp_path / "log" / "checkpoint").read_bytes())
    on_sqlite.second.faults.down = True
    assert await on_sqlite.jobs.cosigned(least=4) is None
    assert await on_sqlite.jobs.cosigned(least=2) == note


async def test_the_serving_process_does_these_jobs(on_sqlite: Harbour) -> None:
    house = on_sqlite.house
    asked = asyncio.Event()

    def seen(line: bytes) -> bytes:
        asked.set()
        return line

    on_sqlite.first.bend = seen
    await on_sqlite.append()
    messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    serving = asyncio.create_task(house.guard({"type": "lifespan", "state": {}}, messages.get, sent.put))
    await messages.put({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    await asyncio.wait_for(asked.wait(), 20)
    await messages.put({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await serving
    assert not on_sqlite.noted("anchor failed")
