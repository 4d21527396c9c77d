"""The witness over HTTP: asked as its specification says, believed only under its key, each fault with its name."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.adapters import bounded_post
from gateway.adapters.anchors.witness_http import HttpWitness
from gateway.ports import Unavailable
from gateway.tlog.cosignature import Quorum, cosignatures, parse_witness_vkey
from gateway.tlog.merkle import consistency_proof, leaf_hash
from tests.clock import SettableClock
from tests.simulators.witness import SimulatedWitness, running_witness
from tests.tlog.exported_log import ORIGIN, SIGNER, make_signer, release, signed_head

ENTRIES = [release(number) for number in range(40)]


def note(size: int) -> bytes:
    return signed_head(ENTRIES[:size])


async def prove(old: int, new: int) -> Sequence[bytes]:
    return consistency_proof(old, new, lambda index: leaf_hash(ENTRIES[index]))


class Desk:
    """A simulated witness and the adapter that asks it."""

    def __init__(self, witness: SimulatedWitness, adapter: HttpWitness, clock: SettableClock) -> None:
        self.witness = witness
        self.faults = witness.faults
        self.adapter = adapter
        self.clock = clock

    async def fault(self, size: int = 5) -> str:
        with pytest.raises(Unavailable) as raised:
            await self.adapter.cosign(note(size), prove)
        return str(raised.value)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = SettableClock()
    logs = {ORIGIN: Ed25519PublicKey.from_public_bytes(SIGNER.key.public)}
    simulated = SimulatedWitness(name="witness.example/w1", now=lambda: clock().timestamp(), logs=logs)
    async with running_witness(simulated) as witness, bounded_post.client() as http:
        key = parse_witness_vkey(witness.vkey)
        yield Desk(witness, HttpWitness(witness.url, key=key, http=http, clock=clock, within_s=2.0), clock)


async def test_a_first_checkpoint_needs_no_proof(desk: Desk):
    line = await desk.adapter.cosign(note(5), prove)
    assert desk.witness.bodies == [b"old 0\n\n" + note(5)]
    (found,) = cosignatures(note(5) + line.encode(), [parse_witness_vkey(desk.witness.vkey)])
    assert (found.line, found.time) == (line, int(desk.clock().timestamp()))


async def test_each_next_one_is_proved_from_the_last(desk: Desk):
    for size in (5, 6, 6, 17, 40):
        await desk.adapter.cosign(note(size), prove)
    assert [body.partition(b"\n")[0] for body in desk.witness.bodies] == [
        b"old 0",
        b"old 5",
        b"old 6",
        b"old 6",
        b"old 17",
    ]
    assert desk.witness.seen[ORIGIN][0] == 40


async def test_after_a_restart_the_witness_tells_how_far_it_has_seen(desk: Desk):
    await desk.adapter.cosign(note(17), prove)
    async with bounded_post.client() as http:
        key = parse_witness_vkey(desk.witness.vkey)
        restarted = HttpWitness(desk.witness.url, key=key, http=http, clock=desk.clock)
        assert await restarted.cosign(note(40), prove)
    assert [body.partition(b"\n")[0] for body in desk.witness.bodies] == [b"old 0", b"old 0", b"old 17"]


async def test_two_witnesses_make_a_quorum_of_two(desk: Desk):
    logs = desk.witness.logs
    other = SimulatedWitness(name="witness.example/w2", now=desk.witness.now, logs=logs)
    async with running_witness(other), bounded_post.client() as http:
        keys = tuple(parse_witness_vkey(each.vkey) for each in (desk.witness, other))
        second = HttpWitness(other.url, key=keys[1], http=http, clock=desk.clock)
        first_line = await desk.adapter.cosign(note(5), prove)
        cosigned = note(5) + first_line.encode()
        assert not Quorum(keys, 2).satisfied_by(cosigned)
        assert Quorum(keys, 2).satisfied_by(cosigned + (await second.cosign(note(5), prove)).encode())


async def test_lines_of_others_are_ignored(desk: Desk):
    stranger = SimulatedWitness(name="stranger.example", now=desk.witness.now, logs={})
    desk.witness.bend = lambda line: stranger.line(b"whatever\n") + line
    line = await desk.adapter.cosign(note(5), prove)
    assert line.startswith("\u2014 witness.example/w1 ")
    assert line.count("\n") == 1


async def test_a_witness_that_is_down(desk: Desk):
    desk.faults.down = True
    assert "cannot be reached" in await desk.fault()


async def test_a_witness_that_does_not_answer_in_time(desk: Desk):
    desk.faults.hold = asyncio.Event()
    async with bounded_post.client() as http:
        key = parse_witness_vkey(desk.witness.vkey)
        slow = HttpWitness(desk.witness.url, key=key, http=http, clock=desk.clock, within_s=0.05)
        with pytest.raises(Unavailable, match="did not answer in time"):
            await slow.cosign(note(5), prove)
    desk.faults.hold.set()


async def test_an_answer_that_never_ends(desk: Desk):
    desk.faults.endless = True
    assert await desk.fault() == "its answer is longer than 65536 bytes"


async def test_a_wrong_signature(desk: Desk):
    desk.witness.bend = lambda _: desk.witness.line(b"another text\n")
    assert "does not verify" in await desk.fault()


async def test_a_signature_of_another_key_under_its_name(desk: Desk):
    other = SimulatedWitness(name=desk.witness.name, now=desk.witness.now, logs={})
    desk.witness.bend = lambda _: other.line(note(5).partition(b"\n\n")[0] + b"\n")
    assert await desk.fault() == "its answer holds no signature of the configured key"


@pytest.mark.parametrize("answer", [b"", b"\n", b"hello", b"\xff\xfe", "\u2014 witness.example/w1\n".encode()])
async def test_what_is_no_signature(desk: Desk, answer):
    desk.witness.bend = lambda _: answer
    assert "no cosignature" in await desk.fault() or "no signature" in await desk.fault()


@pytest.mark.parametrize("off", [-301, 301, 2**62])
async def test_clocks_that_disagree(desk: Desk, off):
    at = int(desk.clock().timestamp()) + off
    desk.witness.bend = lambda _: desk.witness.line(note(5).partition(b"\n\n")[0] + b"\n", at=at)
    assert "clock" in await desk.fault()


async def test_a_log_that_it_does_not_know(desk: Desk):
    desk.witness.logs.clear()
    assert "does not know this log (404)" in await desk.fault()


async def test_a_key_that_it_does_not_know(desk: Desk):
    desk.witness.logs[ORIGIN] = Ed25519PrivateKey.generate().public_key()
    assert "another key (403)" in await desk.fault()


async def test_a_proof_that_is_wrong(desk: Desk):
    await desk.adapter.cosign(note(5), prove)

    async def wrong(old: int, new: int) -> Sequence[bytes]:
        return [bytes(32), *await prove(old, new)]

    with pytest.raises(Unavailable, match=r"\(422\)"):
        await desk.adapter.cosign(note(17), wrong)


async def test_a_log_that_was_forked(desk: Desk):
    await desk.adapter.cosign(note(5), prove)
    forked = signed_head([*ENTRIES[:4], release(99)])
    with pytest.raises(Unavailable, match=r"another root for the first 5 entries \(409\)"):
        await desk.adapter.cosign(forked, prove)


async def test_an_older_database_restored(desk: Desk):
    await desk.adapter.cosign(note(17), prove)
    assert "it has seen 17 entries and the log has 5" in await desk.fault(5)
    # It is asked anew each time: only its own answer counts.
    assert "it has seen 17 entries and the log has 5" in await desk.fault(5)
    assert await desk.adapter.cosign(note(17), prove)


async def test_a_witness_that_names_another_size_each_time(desk: Desk):
    desk.witness.fickle = True
    assert await desk.fault() == "it names another size at each try"
    assert len(desk.witness.bodies) == 3


@pytest.mark.parametrize(
    ("kind", "body"), [("text/plain", b"5\n"), ("text/x.tlog.size", b"05\n"), ("text/x.tlog.size", b"-1\n")]
)
async def test_a_conflict_without_a_size(desk: Desk, kind, body):
    desk.witness.conflict = kind, body
    assert await desk.fault() == "it answered 409 without the size that it has seen"


@pytest.mark.parametrize("status", [301, 429, 500])
async def test_another_status(desk: Desk, status):
    desk.faults.status = status
    assert await desk.fault() == f"it answered {status}"


async def test_a_checkpoint_that_the_log_did_not_sign_is_no_witness_matter(desk: Desk):
    with pytest.raises(Unavailable, match="403"):
        await desk.adapter.cosign(signed_head(ENTRIES[:5], signer=make_signer(9)), prove)
