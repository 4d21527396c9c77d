"""The stage of the story: the co-op's member system, the gateway and the partners' clients, in one event loop."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette

from gateway.adapters.policy_files.document import PolicyDocument
from gateway.app import serving
from gateway.app.storage import Stores
from gateway.client import AsyncClient, Page, Receipt, Transfer
from gateway.client.config import Config, load_config
from gateway.client.keys import Keys, load_keys
from gateway.control_plane.restrict import lift, restrict
from gateway.core.days import Moment
from gateway.core.policy import Policy
from gateway.core.state import Snapshot
from gateway.demo.enrol import OPERATOR
from gateway.demo.member_system import server
from gateway.demo.people import Member
from gateway.demo.state import COOP, CannotStart
from gateway.settings import Settings, SourceSettings
from gateway.tlog.entries import Entry, decode
from gateway.web.server import bind, serve

HOST = "127.0.0.1"


def listen(port: int, what: str) -> socket.socket:
    """Return a listening socket on the loopback address; port 0 takes a free one. Raises CannotStart."""
    try:
        return bind(HOST, port)
    except OSError as fault:
        if fault.errno != errno.EADDRINUSE:
            raise
        raise CannotStart(
            f"ポート {port} は使われています。ほかの `gateway demo` を Ctrl-C で終えるか、{what} で別の番号を指定してください。",
            f"port {port} is in use: end the other `gateway demo` with Ctrl-C, or choose another with {what}.",
        ) from None


class PartnerSystem:
    """One partner's own system: its keys, its typed client over real HTTP, and what it last saw on the wire."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: Config = load_config(folder / "client.json")
        self.keys: Keys = load_keys(folder)
        self.seen: httpx2.Response | None = None
        self._http = self.connection()
        self.client = AsyncClient(self.config, self.keys, http=self._http)

    def connection(self, transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
        """Return a connection whose answers `seen` keeps; the caller closes it."""
        hooks = {"response": [self._see]}
        return httpx2.AsyncClient(transport=transport, trust_env=False, timeout=30, event_hooks=hooks)

    async def _see(self, response: httpx2.Response) -> None:
        await response.aread()
        self.seen = response

    def with_config(self, config: Config, *, http: httpx2.AsyncClient | None = None) -> AsyncClient:
        """Return the same partner's client set up in another way."""
        return AsyncClient(config, self.keys, http=http or self._http)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


@dataclass(kw_only=True)
class Stage:
    """Everything the acts play with; `office` is the co-op's staff, beside the serving gateway."""

    state: Path
    settings: Settings
    office: Stores
    people: dict[str, Member]
    documents: dict[str, PolicyDocument]
    """What is published, with its texts."""
    member_system: Starlette
    partners: dict[str, PartnerSystem]
    moved: bool
    """Whether the samples' dates were moved to this year."""
    receipts: list[Receipt] = field(default_factory=list)
    """Every receipt a partner was given from 共立社's log."""

    @property
    def member_system_url(self) -> str:
        """Where the member system answers."""
        source = self.settings.sources[COOP]
        assert isinstance(source, SourceSettings)  # the demo's is over HTTP
        return source.url

    def short_name(self, partner: str) -> str:
        """Return what a partner is called for short."""
        return self.documents[COOP].partners[partner].short_name

    async def pull(
        self,
        partner: str,
        purpose: str,
        codes: Sequence[str],
        *,
        fields: Sequence[str] | None = None,
        case: str | None = None,
    ) -> Transfer:
        """Let a partner pull members, and keep the receipt. Raises ClientError."""
        transfer = await self.partners[partner].client.pull(purpose, codes, fields=fields, case=case)
        self.receipts.append(transfer.receipt)
        return transfer

    async def walk(self, partner: str, purpose: str, *, limit: int) -> AsyncIterator[Page]:
        """Let a partner walk its population, and keep the receipts. Raises ClientError."""
        async for page in self.partners[partner].client.pages(purpose, limit=limit):
            self.receipts.append(page.receipt)
            yield page

    async def stop(self, member: str, *, reason: str, lifted: bool = False) -> int:
        """Stop the provision of a member to all, or lift such a stop; return the index of its entry."""
        return await (lift if lifted else restrict)(
            self.office.log,
            COOP,
            [member],
            kind="stop_provide",
            partner=None,
            purpose=None,
            by=OPERATOR,
            reason=reason,
            secrets=self.office.keys.coop_secrets(COOP),
            clock=self.office.clock,
        )

    async def entries(self, coop: str = COOP) -> list[Entry]:
        """Return every entry of a co-op's log, as its own staff reads it."""
        return [decode(entry) for entry in await self.office.log.entries(coop, 0, 1_000_000)]

    async def entry(self, index: int, coop: str = COOP) -> Entry:
        """Return one entry of a co-op's log."""
        return decode((await self.office.log.entries(coop, index, 1))[0])

    async def snapshot(self, coop: str = COOP) -> Snapshot:
        """Return what is in force."""
        await self.office.snapshots.refresh(coop)
        return self.office.snapshots.current(coop)

    async def policy(self, coop: str = COOP) -> Policy:
        """Return the policy in force."""
        policy = (await self.snapshot(coop)).policy_at(Moment(self.office.clock()))
        assert policy is not None
        return policy


class Unsignalled(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving_members(system: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the member system while the context is open."""
    running = Unsignalled(server(system, host=HOST, port=0).config)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    try:
        yield
    finally:
        running.should_exit = True
        await task


@asynccontextmanager
async def serving_gateway(settings: Settings, doors: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve the gateway's partner API and its console, on a door each, while the context is open."""
    stop = asyncio.Event()
    async with serving.listeners(settings) as listening:
        tasks = [
            asyncio.create_task(serve(one.app, listener=door, stop=stop, count=lambda _: None))
            for one, door in zip(listening, doors, strict=True)
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)
