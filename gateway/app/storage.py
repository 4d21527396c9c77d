"""The stores that every command and listener works on, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from gateway.adapters.clock import system_clock
from gateway.adapters.database import sqlite_path
from gateway.adapters.key_files import KeyFiles
from gateway.control_plane.succession import UnderAnotherName, succeed
from gateway.data_plane.snapshots import Snapshots
from gateway.ports import ArchiveStore, Clock, LogFiles
from gateway.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from gateway.adapters.anchors.coverage import StoredCoverage
    from gateway.adapters.dossiers import StoredDossiers
    from gateway.adapters.exports import StoredExports
    from gateway.adapters.follow_ups import StoredFollowUps
    from gateway.adapters.kept_requests import StoredRequests
    from gateway.adapters.log.postgres import PostgresLog
    from gateway.adapters.log.sqlite import SqliteLog
    from gateway.adapters.members.erasable import SqlErasable
    from gateway.adapters.members.events import StoredMemberEvents
    from gateway.adapters.members.held_sets import SqlHeldSets
    from gateway.adapters.members.reached import SqlReached
    from gateway.adapters.members.side_rows import SqlSideRows
    from gateway.adapters.overruns import StoredOverruns
    from gateway.adapters.partner_requests import StoredPartnerRequests
    from gateway.adapters.proposals import StoredProposals
    from gateway.adapters.publications import StoredPublications
    from gateway.adapters.search.deliveries import StoredDeliveries
    from gateway.adapters.search.log_search import SqlLogSearch
    from gateway.adapters.search.saved_views import StoredViews
    from gateway.adapters.staff import StoredStaff
    from gateway.adapters.walks import StoredWalks


AnyLog: TypeAlias = "SqliteLog | PostgresLog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What the command line and the listeners share: log, what is published of it, its members, state in force, keys."""

    log: AnyLog
    publications: "StoredPublications"
    coverage: "StoredCoverage"
    side_rows: "SqlSideRows"
    reached: "SqlReached"
    held_sets: "SqlHeldSets"
    erasable: "SqlErasable"
    staff: "StoredStaff"
    proposals: "StoredProposals"
    partner_requests: "StoredPartnerRequests"
    overruns: "StoredOverruns"
    dossiers: "StoredDossiers"
    follow_ups: "StoredFollowUps"
    saved_views: "StoredViews"
    kept_requests: "StoredRequests"
    search: "SqlLogSearch"
    member_events: "StoredMemberEvents"
    deliveries: "StoredDeliveries"
    walks: "StoredWalks"
    exports: "StoredExports"
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


async def _hold_to_what_was_signed(settings: Settings, log: AnyLog, engine: "AsyncEngine") -> None:
    """Let nothing be appended, by whomever, to a log that is older than what was signed of it. Raises Unavailable.

    What is entered there would be lost with it when the newer one comes back. Whoever cannot read the signer's state is
    not held up; where partners are served the publisher looks closer.
    """
    from gateway.adapters.anchors.signer_state import last_stated
    from gateway.adapters.log.names import holds

    for coop in settings.coops:
        signed = last_stated(settings.signer_state or settings.keys / "signer-state", origin_of(settings, coop))
        if signed is not None and not await holds(engine, signed):
            log.refused.add(coop)


async def _begun(settings: Settings, log: AnyLog, engine: "AsyncEngine", coop: str, *, clock: Clock) -> None:
    """Begin a co-op's log where it succeeds another. Raises UnderAnotherName for one that it was not said to succeed, Unavailable."""
    from gateway.adapters.log.names import names_of

    others = [name for name in await names_of(engine, coop) if name != settings.name]
    if strangers := [name for name in others if name not in settings.succeeds]:
        raise UnderAnotherName(coop, settings.name, strangers)
    if not others or (await log.head(coop)).next_index:
        return
    name = next(name for name in settings.succeeds if name in others)
    before = open_log(settings.model_copy(update={"name": name}), clock=clock)
    try:
        await before.start()
        await succeed(log, before, coop, name=name, by=settings.name, clock=clock)
    finally:
        await before.close()


@asynccontextmanager
async def stores(settings: Settings, *, clock: Clock = system_clock) -> AsyncIterator[Stores]:
    """Open the log and read the state in force; close it at the end. Raises UnderAnotherName, Unavailable."""
    from gateway.adapters.anchors.coverage import StoredCoverage
    from gateway.adapters.dossiers import StoredDossiers
    from gateway.adapters.engine import engine_of
    from gateway.adapters.exports import StoredExports
    from gateway.adapters.follow_ups import StoredFollowUps
    from gateway.adapters.kept_requests import StoredRequests
    from gateway.adapters.members.erasable import SqlErasable
    from gateway.adapters.members.events import StoredMemberEvents
    from gateway.adapters.members.held_sets import SqlHeldSets
    from gateway.adapters.members.reached import SqlReached
    from gateway.adapters.members.side_rows import SqlSideRows
    from gateway.adapters.overruns import StoredOverruns
    from gateway.adapters.partner_requests import StoredPartnerRequests
    from gateway.adapters.policy_files.resolve import resolve_bytes
    from gateway.adapters.proposals import StoredProposals
    from gateway.adapters.publications import StoredPublications
    from gateway.adapters.search.deliveries import StoredDeliveries
    from gateway.adapters.search.log_search import SqlLogSearch
    from gateway.adapters.search.saved_views import StoredViews
    from gateway.adapters.staff import StoredStaff
    from gateway.adapters.walks import StoredWalks
    from gateway.oversight.log.log_rows import row_of

    log = open_log(settings, clock=clock)
    origin = partial(origin_of, settings)
    engine = engine_of(settings.database_url)
    try:
        await log.start()
        for coop in settings.coops:
            await _begun(settings, log, engine, coop, clock=clock)
        await _hold_to_what_was_signed(settings, log, engine)
        snapshots = Snapshots(dict.fromkeys(settings.coops), log=log, resolve=resolve_bytes, clock=clock)
        await snapshots.refresh_all()
        yield Stores(
            log=log,
            publications=StoredPublications(engine, origin=origin),
            coverage=StoredCoverage(engine, origin=origin),
            side_rows=SqlSideRows(engine, origin=origin),
            reached=SqlReached(engine, origin=origin),
            held_sets=SqlHeldSets(engine, origin=origin),
            erasable=SqlErasable(engine, origin=origin),
            staff=StoredStaff(engine, origin=origin),
            proposals=StoredProposals(engine, origin=origin),
            partner_requests=StoredPartnerRequests(engine, origin=origin),
            overruns=StoredOverruns(engine, origin=origin),
            dossiers=StoredDossiers(engine, origin=origin),
            follow_ups=StoredFollowUps(engine, origin=origin),
            saved_views=StoredViews(engine, origin=origin),
            kept_requests=StoredRequests(engine, origin=origin),
            member_events=StoredMemberEvents(engine, origin=origin),
            search=SqlLogSearch(engine, origin=origin, row_of=row_of),
            deliveries=StoredDeliveries(engine, origin=origin),
            walks=StoredWalks(engine, origin=origin),
            exports=StoredExports(engine, origin=origin),
            snapshots=snapshots,
            keys=KeyFiles(settings.keys),
            clock=clock,
        )
    finally:
        await log.close()
        await engine.dispose()


def log_files(where: str) -> AbstractContextManager[LogFiles]:
    """Return the files of an exported log, in a folder or behind an http(s) URL. Raises ValueError."""
    from gateway.adapters.log_reader import reader_of

    return reader_of(where)


def archive_at(target: str) -> ArchiveStore:
    """Return the archive that a folder or `s3://bucket/prefix` names. Raises ValueError."""
    from gateway.adapters.anchors.archive_store import archive_store

    return archive_store(target)
