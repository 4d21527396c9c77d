"""The time-stamping authority over HTTP: kept is only what was verified, and each fault has its name."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters import bounded_post
from gateway.adapters.anchors.timestamp_http import HttpTimestamps
from gateway.ports import Unavailable
from gateway.tlog.timestamp import ask, check, read_authority
from tests.clock import SettableClock
from tests.simulators.timestamp_authority import POLICY, SimulatedAuthority, make_authority, openssl, running_authority
from tests.tlog.exported_log import release, signed_head

NOTE = signed_head([release()])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_authority(tmp_path_factory.mktemp("tsa") / "good")


class Desk:
    """A simulated authority and the adapter that asks it."""

    def __init__(self, simulated: SimulatedAuthority, clock: SettableClock, adapter: HttpTimestamps) -> None:
        self.simulated = simulated
        self.faults = simulated.faults
        self.clock = clock
        self.adapter = adapter

    async def fault(self) -> str:
        with pytest.raises(Unavailable) as raised:
            await self.adapter.stamp(NOTE)
        return str(raised.value)


@pytest.fixture
async def desk(folder: Path) -> AsyncIterator[Desk]:
    clock = SettableClock(datetime.now(UTC))
    authority = read_authority((folder / "ca.pem").read_bytes())
    async with running_authority(SimulatedAuthority(folder=folder)) as simulated, bounded_post.client() as http:
        yield Desk(
            simulated, clock, HttpTimestamps(simulated.url, authority=authority, http=http, clock=clock, within_s=2.0)
        )


async def test_what_is_given_verifies_here_and_with_openssl(desk: Desk, folder: Path, tmp_path: Path):
    answer = await desk.adapter.stamp(NOTE)
    assert check(answer, NOTE, authority=read_authority((folder / "ca.pem").read_bytes())).policy == POLICY
    (tmp_path / "note").write_bytes(NOTE)
    (tmp_path / "answer").write_bytes(answer)
    words = ["-in", str(tmp_path / "answer"), "-data", str(tmp_path / "note"), "-CAfile", str(folder / "ca.pem")]
    assert (await openssl("ts", "-verify", *words))[0] == 0


async def test_an_authority_that_is_down(desk: Desk):
    desk.faults.down = True
    assert "cannot be reached" in await desk.fault()


async def test_an_authority_that_refuses_connections(folder: Path):
    async with bounded_post.client() as http:
        authority = read_authority((folder / "ca.pem").read_bytes())
        adapter = HttpTimestamps("http://127.0.0.1:1/", authority=authority, http=http, clock=SettableClock())
        with pytest.raises(Unavailable, match="cannot be reached: ConnectError"):
            await adapter.stamp(NOTE)


async def test_an_authority_that_does_not_answer_in_time(folder: Path):
    faults_end = asyncio.Event()
    async with running_authority(SimulatedAuthority(folder=folder)) as simulated, bounded_post.client() as http:
        simulated.faults.hold = faults_end
        authority = read_authority((folder / "ca.pem").read_bytes())
        adapter = HttpTimestamps(simulated.url, authority=authority, http=http, clock=SettableClock(), within_s=0.05)
        with pytest.raises(Unavailable, match="did not answer in time"):
            await adapter.stamp(NOTE)
        faults_end.set()


async def test_an_answer_that_never_ends(desk: Desk):
    desk.faults.endless = True
    assert await desk.fault() == "its answer is longer than 65536 bytes"


async def test_an_answer_that_is_packed(desk: Desk):
    desk.faults.packed = True
    assert await desk.fault() == "its answer has a Content-Encoding"


@pytest.mark.parametrize("status", [302, 404, 500, 503])
async def test_another_status(desk: Desk, status):
    desk.faults.status = status
    assert await desk.fault() == f"it answered {status}"


async def test_a_time_stamp_of_something_else(desk: Desk):
    other = ask(b"something else").der
    desk.simulated.bend_query = lambda _: other
    assert "something else" in await desk.fault()


async def test_an_old_answer_again(desk: Desk):
    old = await desk.adapter.stamp(NOTE)
    desk.simulated.bend_answer = lambda _: old
    assert "nonce" in await desk.fault()


async def test_a_refusal(desk: Desk):
    desk.simulated.bend_query = lambda _: b"\x30\x03\x02\x01\x01"
    assert "did not grant" in await desk.fault()


async def test_an_altered_answer(desk: Desk):
    desk.simulated.bend_answer = lambda answer: answer[:-1] + bytes([answer[-1] ^ 1])
    assert "does not verify" in await desk.fault()


async def test_garbage(desk: Desk):
    desk.simulated.bend_answer = lambda _: b"<html>"
    assert "no time-stamp" in await desk.fault()


async def test_clocks_that_disagree(desk: Desk):
    desk.clock.now += timedelta(minutes=6)
    assert "clock" in await desk.fault()
