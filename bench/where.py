"""Where the time of one member's request goes: every step, the HTTP edge, and what its cryptography must cost.

The edge is `GET /livez` with the headers of a transfer: the same server, guard and router with nothing behind them.
"Between" is what the served gateway spends beyond the sum: body and answer on the wire, background jobs, cold caches.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import ECDH, ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from bench.inside import desk_of, each, each_of, framed
from bench.load import fire
from bench.machine import Progress, cores, cpu_seconds, on
from bench.partner import Asked
from bench.world import World
from gateway.core.outcome import Denial, Permit, Receipt, Sealed
from gateway.data_plane.api.inbound import inbound
from gateway.data_plane.authenticate import authenticate
from gateway.data_plane.decide import decide
from gateway.data_plane.fetch import fetch
from gateway.data_plane.minimize import minimize
from gateway.data_plane.passing import Asking, Fetched, Minimized, Standing
from gateway.data_plane.protect import protect
from gateway.data_plane.record import record
from gateway.data_plane.release import release
from gateway.ports import Bounced


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """CPU µs of one request."""

    steps: dict[str, float]
    edge: float
    whole: float
    """As measured through HTTP in this run."""
    floor: dict[str, float]


async def where(world: World, whole: float, *, requests: int, progress: Progress) -> Where:
    """Measure steps, edge and floor; `whole` is what the served gateway needs for the same request."""
    progress("where: the steps")
    groups = [(world.codes[number % len(world.codes)],) for number in range(requests)]
    asked = world.partner.sign(members=groups)
    steps, sizes = await _steps(world, asked)
    progress("where: the HTTP edge")
    edge = await _edge(world, asked)
    progress("where: the cryptography")
    with on(cores()[0]):
        least = floor(**sizes)
    return Where(steps=steps, edge=edge, whole=whole, floor=least)


async def _steps(world: World, asked: list[Asked]) -> tuple[dict[str, float], dict[str, int]]:
    us: dict[str, float] = {}
    async with desk_of(world.settings) as desk:
        url = desk.resource + "/transfers"
        requests = [framed(one, number) for number, one in enumerate(asked)]
        inbounds, us["read"] = await each_of(lambda one: inbound(one, url, desk.proxies), requests)
        askings, us["authenticate"] = each(lambda one: authenticate(desk, one), inbounds)

        async def decided(asking: Asking) -> tuple[Asking, Standing, Permit]:
            standing = await desk.standing(asking.coop, -1, deadline=asking.deadline)
            permit = decide(desk, asking, standing)
            assert isinstance(permit, Permit)
            return asking, standing, permit

        stood, us["decide"] = await each_of(decided, askings)

        async def fetched(one: tuple[Asking, Standing, Permit]) -> tuple[Asking, Standing, Fetched | Denial]:
            return one[0], one[1], await fetch(desk, one[0], one[2], None)

        found, us["fetch"] = await each_of(fetched, stood)
        least, us["minimize"] = each(lambda one: (one[0], one[1], minimize(desk, one[0], one[2], one[1])), found)

        async def protected(
            one: tuple[Asking, Standing, Minimized | Denial],
        ) -> tuple[Asking, Standing, Sealed | Denial]:
            return one[0], one[1], await protect(desk, one[0], one[2], None)

        sealed, us["protect"] = await each_of(protected, least)

        async def recorded(
            one: tuple[Asking, Standing, Sealed | Denial],
        ) -> tuple[Asking, Sealed | Denial, Receipt | Denial | Bounced]:
            return one[0], one[2], await record(desk, one[0], one[2])

        receipts, us["record"] = await each_of(recorded, sealed)
        answers, us["release"] = each(lambda one: release(desk, *one), receipts)
    sizes = {"request": len(asked[0].sent.jws), "proof": len(asked[0].proof), "answer": len(answers[0].body)}
    return us, sizes


async def _edge(world: World, asked: list[Asked]) -> float:
    build = world.builds[0]
    wire = [one.on_the_wire(f"127.0.0.1:{build.port}").partition(b"\r\nContent-Type")[0] for one in asked]
    requests = [b"GET /livez" + head.removeprefix(b"POST /v1/transfers") + b"\r\n\r\n" for head in wire]
    await fire(build.port, requests)
    before = cpu_seconds(build.pid)
    await fire(build.port, requests)
    return 1e6 * (cpu_seconds(build.pid) - before) / len(requests)


def floor(*, request: int, proof: int, answer: int) -> dict[str, float]:
    """Return the CPU µs of the profile's cryptography alone, for messages of these sizes."""
    key, other, es256 = generate_private_key(SECP256R1()), generate_private_key(SECP256R1()), ECDSA(SHA256())
    public, payload, kek = key.public_key(), os.urandom(answer * 3 // 4), os.urandom(32)
    told, proven = os.urandom(request), os.urandom(proof)
    told_signature, proven_signature = key.sign(told, es256), key.sign(proven, es256)

    def seal() -> None:
        aes_key_wrap(kek, kek)
        AESGCM(kek).encrypt(kek[:12], payload, None)
        hashlib.sha256(payload).digest()

    work: dict[str, Callable[[], object]] = {
        "verify the proof": lambda: public.verify(proven_signature, proven, es256),
        "verify the signed request": lambda: public.verify(told_signature, told, es256),
        "sign the answer": lambda: key.sign(payload, es256),
        "sign the receipt": lambda: key.sign(proven, es256),
        "make an ephemeral key": lambda: generate_private_key(SECP256R1()),
        "agree on a key": lambda: other.exchange(ECDH(), public),
        "wrap it, encrypt, hash": seal,
    }
    return {name: each(lambda one: one(), [one] * 500)[1] for name, one in work.items()}
