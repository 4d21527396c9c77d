"""The listeners: their applications, and the jobs that go on beside the partners'."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Literal

from gateway.adapters.clock import system_clock
from gateway.app.alone import serving_alone
from gateway.app.anchoring import anchorings
from gateway.app.desk import build_desk, sources_of, telemetry_of, withdraw_strangers
from gateway.app.keys import announce_keys, checkpoint_signers, hold_subject_key, note_signers
from gateway.app.oversight import oversight_of
from gateway.app.storage import Stores, stores
from gateway.control_plane.quotas import counting
from gateway.data_plane import budget, handed_over
from gateway.data_plane.desk import Desk
from gateway.data_plane.exports import ending, making
from gateway.data_plane.snapshots import POLL_S
from gateway.data_plane.summarise import summarise
from gateway.oversight.follow_ups import arising
from gateway.oversight.log import searching
from gateway.oversight.log.checkpoints import EVERY_S, Publisher
from gateway.oversight.members import held
from gateway.ports import Clock, Source, Unavailable
from gateway.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gateway.web.guard import Guard

PURGE_S = 60.0
WALKS_S = 3_600.0
SUMMARY_S = 5.0
MEMBER_KEYS_S = 5.0
LAST_ROUND_S = 5.0

Only = Literal["partner", "staff"]
Work = Callable[[], Awaitable[None]]
Job = tuple[str, float, Work]
"""Its name, the pause after it in seconds, and what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """An application, and where it is to listen."""

    app: "Guard"
    host: str
    port: int
    origin: str


@asynccontextmanager
async def listeners(
    settings: Settings, *, only: Only | None = None, clock: Clock = system_clock
) -> AsyncIterator[list[Listener]]:
    """Build both listeners' applications on real stores and sources, or one; the console's where one is configured.

    Raises Unavailable, KeysRefused, SubjectKeyRefused, AlreadyServing, ValueError.
    """
    if only == "staff":
        with serving_alone(settings):
            async with stores(settings, clock=clock) as opened:
                yield [_console(settings, opened, alone=True)]
        return
    async with _partner(settings, clock=clock) as (guard, opened, sources):
        partner = Listener(app=guard, host=settings.host, port=settings.port, origin=settings.issuer)
        staff = [] if only == "partner" or settings.console is None else [_console(settings, opened, sources)]
        yield [partner, *staff]


@asynccontextmanager
async def partner_listener(settings: Settings, *, clock: Clock = system_clock) -> "AsyncIterator[Guard]":
    """Build the partner listener's application alone. Raises what `listeners` does."""
    async with _partner(settings, clock=clock) as (guard, _, _):
        yield guard


def _console(
    settings: Settings, opened: Stores, sources: dict[str, Source] | None = None, *, alone: bool = False
) -> Listener:
    from gateway.app.console import staff_listener

    app = staff_listener(settings, opened, sources=sources, alone=alone)
    return Listener(app=app, host=settings.console_host, port=settings.console_port, origin=settings.console or "")


@asynccontextmanager
async def _partner(settings: Settings, *, clock: Clock) -> "AsyncIterator[tuple[Guard, Stores, dict[str, Source]]]":
    async with desk_of(settings, clock=clock) as (desk, opened, ports):
        publisher = publisher_of(settings, desk, opened)
        await publisher.look()
        signers = note_signers(settings, opened.keys).items()
        await announce_keys(settings, opened, {coop: signer for coop, signer in signers if coop not in desk.rewritten})
        yield mounted(settings, desk, opened, publisher), opened, ports


@asynccontextmanager
async def desk_of(settings: Settings, *, clock: Clock) -> "AsyncIterator[tuple[Desk, Stores, dict[str, Source]]]":
    """Open the desk of one process on real stores and sources. Raises what `listeners` does."""
    telemetry = telemetry_of(settings)
    sources = sources_of(settings, clock=clock)
    ports: dict[str, Source] = dict(sources)
    try:
        with serving_alone(settings):
            async with stores(settings, clock=clock) as opened:
                for coop in settings.coops:
                    await hold_subject_key(settings, opened, coop)
                yield build_desk(settings, opened, ports, telemetry), opened, ports
    finally:
        for source in sources.values():
            await source.close()
        telemetry.close()


def publisher_of(settings: Settings, desk: Desk, stores: Stores) -> Publisher:
    """Return what publishes the logs of one process, and tells its desk which of them are not what was signed."""
    signers = checkpoint_signers(settings, stores.keys)
    return Publisher(stores.log, stores.publications, signers, telemetry=desk.telemetry, rewritten=desk.rewritten)


def mounted(settings: Settings, desk: Desk, stores: Stores, publisher: Publisher) -> "Guard":
    """Return the guarded application whose lifespan keeps the snapshot, checkpoints, summaries and purges going."""
    from gateway.data_plane.api.app import partner_app

    async def flush() -> None:
        await summarise(desk, until=desk.clock().timestamp())

    overseeing = oversight_of(settings, stores)

    async def fold() -> None:
        await held.advance_all(stores.log, stores.side_rows, stores.held_sets, settings.coops)

    async def count_named() -> None:
        await budget.count(desk, stores.held_sets, fold)

    async def count_overruns() -> None:
        known = [stores.snapshots.current(coop) for coop in settings.coops]
        await counting.advance_all(stores.search, stores.overruns, known)

    async def mark() -> None:
        await desk.handed_over.note(stores.deliveries)

    async def forget() -> None:
        await stores.walks.purge(stores.clock() - timedelta(days=settings.delta_days))

    worker = making.Worker(desk, members=settings.export_part_members)

    async def make() -> None:
        await worker.round()

    jobs: list[Job] = [
        ("snapshot", POLL_S, stores.snapshots.refresh_all),
        ("checkpoint", EVERY_S, publisher.round),
        ("held", held.EVERY_S, fold),
        ("search", searching.BESIDE_PARTNERS_S, searching.Folding(stores.log, stores.search, settings.coops).round),
        ("over quota", counting.EVERY_S, count_overruns),
        ("enumeration", budget.EVERY_S, count_named),
        ("deliveries", handed_over.EVERY_S, mark),
        ("follow-ups", arising.EVERY_S, lambda: arising.arise(overseeing, settings.coops)),
        ("summaries", SUMMARY_S, flush),
        ("member keys", MEMBER_KEYS_S, lambda: withdraw_strangers(desk)),
        ("purge", PURGE_S, stores.log.purge),
        ("walks", WALKS_S, forget),
        *([("exports", making.EVERY_S, make)] if settings.makes_exports else []),
        ("ended exports", ending.EVERY_S, lambda: ending.expire(desk)),
    ]

    @asynccontextmanager
    async def lifespan(_: "FastAPI") -> AsyncIterator[None]:
        async with anchorings(settings, stores, desk.telemetry, held_back=desk.held_back) as anchored:
            more = [job for one in anchored.values() for job in one.jobs()]
            stopping = asyncio.Event()
            async with going_on(desk, stopping, [*jobs, *more]):
                yield
                stopping.set()
        await summarise(desk, until=inf)
        with suppress(Unavailable):  # what is not noted by now is 送信未確認
            await mark()
        with suppress(Unavailable, TimeoutError):  # signed to its end: a backup from before this moment shows as older
            async with asyncio.timeout(LAST_ROUND_S):
                await publisher.round()

    return partner_app(desk, keys=stores.keys.public("response"), hosts=settings.hosts, lifespan=lifespan)


@asynccontextmanager
async def going_on(desk: Desk, stopping: asyncio.Event, jobs: Sequence[Job]) -> AsyncIterator[None]:
    """Keep jobs going; `stopping` is to be set before the end, which waits for them."""
    tasks = [asyncio.create_task(_repeat(desk, stopping, *job), name=job[0]) for job in jobs]
    yield
    # A round under way may end: cut off, it would leave a transaction to be found out about.
    _ended, late = await asyncio.wait(tasks, timeout=LAST_ROUND_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def _repeat(desk: Desk, stopping: asyncio.Event, name: str, seconds: float, work: Work) -> None:
    """Do a job until the process stops; a failure is noted by its kind and the job tried again."""
    while not stopping.is_set():
        try:
            await work()
        except Unavailable as fault:
            desk.telemetry.note("job failed", job=name, fault=str(fault))
        except Exception as fault:  # noqa: BLE001  # a job must outlive whatever befalls one round of it
            desk.telemetry.note("job failed", job=name, fault=type(fault).__name__)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping.wait()
