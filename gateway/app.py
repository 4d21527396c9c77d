"""The composition root: the only place where ports meet adapters; one builder per use.

What only one use needs is imported in its builder, so that a command that reads the log does not load a web server.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.adapters.clock import system_clock
from gateway.adapters.database import sqlite_path
from gateway.adapters.key_files import KeyFiles
from gateway.adapters.telemetry import Diagnostics
from gateway.control_plane.gateway_keys import announce
from gateway.data_plane.desk import Coop, Desk
from gateway.data_plane.limits import Buckets, Rate, Summaries
from gateway.data_plane.snapshots import POLL_S, Snapshots
from gateway.data_plane.summarise import summarise
from gateway.jose.rfc7517 import public_jwk
from gateway.oauth.rfc9449 import Nonces
from gateway.oversight.checkpoints import EVERY_S, publish_grown
from gateway.ports import Clock, Source, Unavailable
from gateway.settings import Settings
from gateway.tlog.note import Ed25519Signer, NoteSigner

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gateway.adapters.log.postgres import PostgresLog
    from gateway.adapters.log.sqlite import SqliteLog
    from gateway.adapters.source_http import HttpSource
    from gateway.web.guard import Guard

PURGE_S = 60.0
SUMMARY_S = 5.0

AnyLog: TypeAlias = "SqliteLog | PostgresLog"
Work = Callable[[], Awaitable[None]]


class AlreadyServing(Exception):
    """Another process serves from the same SQLite file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What the command line and the listeners share: log, state in force, keys."""

    log: AnyLog
    snapshots: Snapshots
    keys: KeyFiles
    clock: Clock


def origin_of(settings: Settings, coop: str) -> str:
    """Return the origin of a co-op's log, `<gateway>/<coop>`."""
    return f"{settings.name}/{coop}"


def open_log(settings: Settings, *, clock: Clock = system_clock) -> AnyLog:
    """Return the log on the configured database, not yet started."""
    origin = partial(origin_of, settings)
    path = sqlite_path(settings.database_url)
    if path is not None:
        from gateway.adapters.log.sqlite import SqliteLog

        return SqliteLog(path, origin=origin, clock=clock)
    from gateway.adapters.log.postgres import PostgresLog

    return PostgresLog(settings.database_url, origin=origin, clock=clock)


@asynccontextmanager
async def stores(settings: Settings, *, clock: Clock = system_clock) -> AsyncIterator[Stores]:
    """Open the log and read the state in force; close it at the end. Raises Unavailable."""
    from gateway.adapters.policy_files.resolve import resolve_bytes

    log = open_log(settings, clock=clock)
    try:
        await log.start()
        snapshots = Snapshots(dict.fromkeys(settings.coops), log=log, resolve=resolve_bytes, clock=clock)
        await snapshots.refresh_all()
        yield Stores(log=log, snapshots=snapshots, keys=KeyFiles(settings.keys), clock=clock)
    finally:
        await log.close()


def note_signers(settings: Settings, keys: KeyFiles) -> dict[str, Ed25519Signer]:
    """Return the checkpoint signer of every co-op."""
    return {coop: keys.note_signer(coop, origin_of(settings, coop)) for coop in settings.coops}


def telemetry_of(settings: Settings) -> Diagnostics:
    """Return telemetry as configured: diagnostics alone, or OpenTelemetry too."""
    if not settings.telemetry:
        return Diagnostics()
    from gateway.adapters.open_telemetry import OpenTelemetry

    return OpenTelemetry()


def http_sources(settings: Settings, *, clock: Clock) -> "dict[str, HttpSource]":
    """Return the member system of every co-op, over HTTP."""
    import stamina

    from gateway.adapters.source_http import HttpSource

    # A source that fails is noted once, by the step that asked; each retry's own line would say it again.
    stamina.instrumentation.set_on_retry_hooks(())
    return {
        coop: HttpSource(
            settings.sources[coop].url,
            secret=settings.sources[coop].secret_file.read_text().strip(),
            clock=clock,
            timeout_s=settings.sources[coop].timeout_s,
            connections=settings.sources[coop].connections,
        )
        for coop in settings.coops
    }


def build_desk(settings: Settings, stores: Stores, sources: dict[str, Source], telemetry: Diagnostics) -> Desk:
    """Return the desk of one process. Raises KeysRefused."""
    rate = Rate(settings.requests_per_second, settings.burst)
    return Desk(
        issuer=settings.issuer,
        resource=settings.resource,
        clock=stores.clock,
        log=stores.log,
        snapshots=stores.snapshots,
        coops={
            coop: Coop(
                id=coop,
                origin=origin_of(settings, coop),
                source=sources[coop],
                secrets=stores.keys.coop_secrets(coop),
            )
            for coop in settings.coops
        },
        response_signer=stores.keys.signers("response")[-1],
        token_signer=stores.keys.signers("token")[-1],
        token_keys=stores.keys.verifiers("token"),
        nonces=Nonces(stores.keys.nonce_master()),
        proxies=frozenset(settings.proxies),
        # A partner's systems may share an address; what all of one network send is bounded at twice a client's rate.
        per_prefix=Buckets(Rate(2 * settings.requests_per_second, 2 * settings.burst)),
        per_client=Buckets(rate),
        per_purpose=Buckets(rate),
        summaries=Summaries(),
        telemetry=telemetry,
    )


@asynccontextmanager
async def partner_listener(settings: Settings, *, clock: Clock = system_clock) -> "AsyncIterator[Guard]":
    """Build the partner listener's application on real stores and sources. Raises Unavailable, KeysRefused."""
    telemetry = telemetry_of(settings)
    sources = http_sources(settings, clock=clock)
    try:
        with serving_alone(settings):
            async with stores(settings, clock=clock) as opened:
                desk = build_desk(settings, opened, dict(sources), telemetry)
                signers = note_signers(settings, opened.keys)
                await announce_keys(settings, opened, signers)
                yield mounted(settings, desk, opened, signers)
    finally:
        for source in sources.values():
            await source.close()
        telemetry.close()


def mounted(settings: Settings, desk: Desk, stores: Stores, signers: dict[str, Ed25519Signer]) -> "Guard":
    """Return the guarded application whose lifespan keeps the snapshot, checkpoints, summaries and purges going."""
    from gateway.data_plane.api.app import partner_app

    sizes: dict[str, int] = {}
    checkpoints: dict[str, NoteSigner] = dict(signers)

    async def flush() -> None:
        await summarise(desk, until=desk.clock().timestamp())

    jobs: list[tuple[str, float, Work]] = [
        ("snapshot", POLL_S, stores.snapshots.refresh_all),
        ("checkpoint", EVERY_S, lambda: publish_grown(stores.log, checkpoints, sizes)),
        ("summaries", SUMMARY_S, flush),
        ("purge", PURGE_S, stores.log.purge),
    ]

    @asynccontextmanager
    async def lifespan(_: "FastAPI") -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_repeat(desk, *job), name=job[0]) for job in jobs]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await summarise(desk, until=inf)

    return partner_app(desk, keys=stores.keys.public("response"), hosts=settings.hosts, lifespan=lifespan)


async def announce_keys(settings: Settings, stores: Stores, signers: dict[str, Ed25519Signer]) -> None:
    """Enter the gateway's own public keys in every log that does not know them yet. Raises Unavailable."""
    response = [("response", jwk) for jwk in stores.keys.public("response")]
    for coop, signer in signers.items():
        await announce(stores.log, coop, [*response, ("log", _log_jwk(signer))], by=settings.name, clock=stores.clock)  # type: ignore[list-item]


def _log_jwk(signer: Ed25519Signer) -> dict[str, str]:
    public = Ed25519PublicKey.from_public_bytes(signer.key.public)
    return public_jwk(public, kid=signer.key.key_id.hex(), use="sig", alg="EdDSA")


async def _repeat(desk: Desk, name: str, seconds: float, work: Work) -> None:
    """Do a job for ever; a failure is noted by its kind and the job tried again."""
    while True:
        try:
            await work()
        except Unavailable as fault:
            desk.telemetry.note("job failed", job=name, fault=str(fault))
        except Exception as fault:  # noqa: BLE001  # a job must outlive whatever befalls one round of it
            desk.telemetry.note("job failed", job=name, fault=type(fault).__name__)
        await asyncio.sleep(seconds)


@contextmanager
def serving_alone(settings: Settings) -> Iterator[None]:
    """Hold the lock that one serving process has on a SQLite file; PostgreSQL needs none. Raises AlreadyServing."""
    path = sqlite_path(settings.database_url)
    if path is None:
        yield
        return
    with Path(f"{path}.serving").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServing(
                f"another process serves from `{path}`; stop it, or use PostgreSQL to run several"
            ) from None
        yield
