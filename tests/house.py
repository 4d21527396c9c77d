"""The real application from app/ on real stores, with simulators as ports: one call, then each test changes one thing."""

import dataclasses
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import msgspec

from gateway.adapters.database import sqlite_path
from gateway.adapters.policy_files.load import load
from gateway.adapters.telemetry import Diagnostics
from gateway.app import serving, storage
from gateway.app.desk import build_desk
from gateway.app.keys import checkpoint_signers
from gateway.app.storage import Stores
from gateway.control_plane.changes.publish import publish
from gateway.control_plane.partners.acts import add_key, set_state
from gateway.control_plane.restrict import restrict
from gateway.core.days import jst_day
from gateway.core.state import RestrictionKind
from gateway.data_plane.desk import Desk
from gateway.data_plane.summarise import summarise
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from gateway.jose.rfc7517 import accept_partner_set
from gateway.oversight.log.checkpoints import publish_checkpoint
from gateway.oversight.log.export import export
from gateway.ports import Source
from gateway.settings import Settings
from gateway.tlog.checkpoint import Checkpoint
from gateway.tlog.entries import Denial, Entry, Release, decode
from gateway.web.guard import Guard
from tests.clock import SettableClock
from tests.simulators.log import SimulatedLog
from tests.simulators.partner import ISSUER, Partner
from tests.simulators.signer import SimulatedSigner
from tests.simulators.source import SimulatedSource

ROOT = Path(__file__).parent.parent
COOP = "kyoritsusha"
MEMBERS = 300
_TABLES: dict[Any, Table] = {}


class Silent(Diagnostics):
    """Telemetry that keeps what it was told, so that a test can look for what must not be there."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, Any]]] = []

    def count(self, name: str, **attributes: str | int) -> None:
        self.told.append(("count", name, attributes))

    def note(self, event: str, **attributes: str | int) -> None:
        self.told.append(("note", event, attributes))


@dataclass
class House:
    """A running gateway and what is around it."""

    settings: Settings
    clock: SettableClock
    stores: Stores
    desk: Desk
    http: httpx2.AsyncClient
    guard: Guard
    sources: dict[str, SimulatedSource]
    log: SimulatedLog
    signer: SimulatedSigner
    telemetry: Diagnostics
    partners: dict[str, Partner] = field(default_factory=dict)

    @property
    def told(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What telemetry was told."""
        assert isinstance(self.telemetry, Silent)
        return self.telemetry.told

    async def entries(self, coop: str = COOP) -> list[Entry]:
        """Every entry of a log."""
        return [decode(entry) for entry in await self.stores.log.entries(coop, 0, 1_000_000)]

    async def last(self, coop: str = COOP) -> Entry:
        return (await self.entries(coop))[-1]

    async def denial(self, coop: str = COOP) -> Denial:
        """The last entry, which is a denial."""
        entry = await self.last(coop)
        assert isinstance(entry, Denial), entry.kind
        return entry

    async def release(self, coop: str = COOP) -> Release:
        """The last entry, which is a release."""
        entry = await self.last(coop)
        assert isinstance(entry, Release), entry.kind
        return entry

    async def partner(self, partner: str, agreement: str, coop: str = COOP, **keys: Any) -> Partner:
        """A partner with registered keys, active."""
        client = f"{partner}-demo"
        made = Partner(self.http, client, coop, agreement, now=lambda: self.clock().timestamp(), **keys)
        await self.register(made, partner, coop)
        await set_state(self.stores.log, coop, partner, active=True, by="運用", reason="試験", clock=self.clock)
        await self.stores.snapshots.refresh(coop)
        self.partners[partner] = made
        return made

    async def stop(self, *codes: str, coop: str = COOP, kind: RestrictionKind = "stop_provide") -> int:
        """Set a stop for members, towards every partner and for every purpose; return its entry's index."""
        secrets = self.stores.keys.coop_secrets(coop)
        words: dict[str, Any] = {"partner": None, "purpose": None, "by": "相談", "reason": "申出"}
        return await restrict(self.stores.log, coop, codes, kind=kind, **words, secrets=secrets, clock=self.clock)

    async def summarise(self) -> None:
        """Write the summary of each minute that has ended."""
        await summarise(self.desk, until=self.clock().timestamp())

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read the database behind the gateway's back."""
        path = sqlite_path(self.settings.database_url)
        if path is not None:
            with closing(sqlite3.connect(path)) as db:
                return db.execute(query).fetchall()
        connection = await asyncpg.connect(self.settings.database_url.replace("+asyncpg", "", 1))
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    async def tamper(self, *statements: str) -> None:
        """Write to the database behind the gateway's back, as its owner."""
        path = sqlite_path(self.settings.database_url)
        if path is not None:
            with closing(sqlite3.connect(path)) as db:
                db.executescript(";".join(statements))
            return
        connection = await asyncpg.connect(self.settings.database_url.replace("+asyncpg", "", 1))
        try:
            await connection.execute(";".join(statements))
        finally:
            await connection.close()

    async def publish_checkpoint(self, coop: str = COOP) -> Checkpoint:
        """Sign and publish the head of a log, as the publisher does."""
        signer = checkpoint_signers(self.settings, self.stores.keys)[coop]
        return await publish_checkpoint(self.stores.log, self.stores.publications, coop, signer)

    async def export(self, folder: Path, coop: str = COOP) -> Checkpoint:
        """Write a log to a folder, up to a fresh checkpoint."""
        await self.publish_checkpoint(coop)
        return await export(self.stores.log, self.stores.publications, coop, folder)

    async def register(self, made: Partner, partner: str, coop: str = COOP) -> None:
        for key in accept_partner_set(made.jwks()):
            await self.stores.snapshots.refresh(coop)
            await add_key(
                self.stores.log,
                self.stores.snapshots.current(coop),
                partner,
                made.client_id,
                key,
                by="運用",
                reason="試験",
                clock=self.clock,
            )
        await self.stores.snapshots.refresh(coop)

    async def publish(
        self, coop: str = COOP, change: Callable[[dict[str, Any]], None] | None = None, **more: Any
    ) -> int:
        """Publish the real files of a co-op, with their samples, changed as told."""
        document = document_of(coop)
        if change is not None:
            plain = msgspec.json.decode(document)
            change(plain)
            document = msgspec.json.encode(plain, order="sorted")
        await self.stores.snapshots.refresh(coop)
        index = await publish(
            self.stores.log,
            self.stores.snapshots.current(coop),
            document,
            **{
                "proposer": "起案",
                "approver": "承認",
                "reason": "試験",
                "effective": None,
                "clock": self.clock,
                **more,
            },
        )
        await self.stores.snapshots.refresh(coop)
        return index


@cache
def document_of(coop: str) -> bytes:
    """The canonical policy document of a co-op's real files."""
    return load(ROOT / "policies", ROOT / "partners", coop, samples=True).document.canonical()


def environment_of(folder: Path, database_url: str, *coops: str) -> dict[str, str]:
    """What tells the command line of a gateway in a folder, whose member system nobody asks; `keys init` comes first."""
    (folder / "secret").write_text("s" * 32)
    source = {"url": "http://127.0.0.1:9", "secret_file": str(folder / "secret")}
    return {
        "GATEWAY_NAME": "gw.example.coop",
        "GATEWAY_ISSUER": "http://127.0.0.1:8400",
        "GATEWAY_DEMO": "true",
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_KEYS": str(folder / "keys"),
        "GATEWAY_POLICIES": str(ROOT / "policies"),
        "GATEWAY_PARTNERS": str(ROOT / "partners"),
        "GATEWAY_COOPS": json.dumps(coops),
        "GATEWAY_SOURCES": json.dumps(dict.fromkeys(coops, source)),
    }


def members_table(clock: SettableClock, count: int = MEMBERS) -> Table:
    today = jst_day(clock())
    if (count, today) not in _TABLES:
        _TABLES[count, today] = Table(make_members(count, today=today))
    return _TABLES[count, today]


@asynccontextmanager
async def running_house(
    url: str,
    folder: Path,
    clock: SettableClock,
    *,
    coops: tuple[str, ...] = (COOP, "coopdeli"),
    published: bool = True,
    telemetry: Diagnostics | None = None,
    **changes: Any,
) -> AsyncIterator[House]:
    """Run a gateway on a migrated database with the real policies published."""
    secret = folder / "secret"
    secret.write_text("s" * 32)
    settings = Settings(
        name="gw.example.coop",
        issuer=ISSUER,
        database_url=url,
        policies=ROOT / "policies",
        partners=ROOT / "partners",
        coops=coops,
        sources={coop: {"url": "http://127.0.0.1:1", "secret_file": str(secret)} for coop in coops},
        **{
            "keys": folder / "keys",
            "signer_state": folder / "signer-state",
            "requests_per_second": 10_000.0,
            "burst": 10_000,
            **changes,
        },
    )
    async with replica(settings, clock, telemetry=telemetry or Silent()) as house:
        if published:
            for coop in coops:
                await house.publish(coop)
        yield house


@asynccontextmanager
async def replica(
    settings: Settings, clock: SettableClock, *, telemetry: Diagnostics | None = None
) -> AsyncIterator[House]:
    """Run one more process of a gateway: the same settings, keys and database, everything else its own."""
    telemetry = telemetry or Silent()
    async with storage.stores(settings, clock=clock) as stores:
        stores.keys.create(settings.coops)
        sources = {coop: SimulatedSource(members_table(clock)) for coop in settings.coops}
        ports: dict[str, Source] = dict(sources)
        desk = build_desk(settings, stores, ports, telemetry)
        log, signer = SimulatedLog(stores.log), SimulatedSigner(desk.response_signer)
        desk = dataclasses.replace(desk, log=log, response_signer=signer)
        guard = serving.mounted(settings, desk, stores, serving.publisher_of(settings, desk, stores))
        transport = httpx2.ASGITransport(app=guard)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            yield House(settings, clock, stores, desk, http, guard, sources, log, signer, telemetry)
