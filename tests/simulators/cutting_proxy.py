"""A PostgreSQL connection that is lost at a chosen moment: a proxy between the gateway and the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path

COMMIT = b"COMMIT\x00"


class Cut(Enum):
    NEVER = "never"
    BEFORE_COMMIT = "failed, not persisted"
    AFTER_COMMIT = "failed, but persisted"


class CuttingProxy:
    """Cuts one connection where the client next sends `at`; with `down`, refuses new ones.

    From where a client sends `silent_at`, nothing is answered on any connection, and none is closed before `silence_ends`.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self.cut = Cut.NEVER
        self.at = COMMIT
        self.down = False
        self.silent_at: bytes | None = None
        self.silence_ends = asyncio.Event()
        self._silent = False
        self.has_cut = asyncio.Event()
        self._server = server
        self._swallow = False
        self._committed = asyncio.Event()

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self.folder}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.close()
            return
        up_reader, up_writer = await asyncio.open_unix_connection(str(self._server / ".s.PGSQL.5432"))
        ways = [
            asyncio.create_task(self._forward(reader, up_writer)),
            asyncio.create_task(self._back(up_reader, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for side in (writer, up_writer):
            side.close()

    async def _forward(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self._silent = self._silent or (self.silent_at is not None and self.silent_at in data)
            if self._silent:
                await self.silence_ends.wait()
                return
            cut, self.cut = (self.cut, Cut.NEVER) if self.at in data else (Cut.NEVER, self.cut)
            if cut is Cut.AFTER_COMMIT:
                self._swallow = True
                up.write(data)
                await up.drain()
                await self._committed.wait()
            if cut is not Cut.NEVER:
                self.has_cut.set()
                return
            up.write(data)
            await up.drain()

    async def _back(self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await up_reader.read(65_536):
            if self._swallow:
                # The server says that it has committed; the gateway never hears it.
                self._swallow = False
                self._committed.set()
                await asyncio.Event().wait()
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cutting_proxy(folder: Path, server: Path) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(folder, server)
    listening = await asyncio.start_unix_server(proxy.handle, str(folder / ".s.PGSQL.5432"))
    try:
        yield proxy
    finally:
        listening.close()
