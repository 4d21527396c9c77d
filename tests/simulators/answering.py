"""A small HTTP server on a real socket, in the test's own loop: one handler, and the ways in which a service fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = tuple[int, str, bytes]
"""Status, media type, body."""


@dataclass(kw_only=True)
class Faults:
    """What a test may do to a service."""

    down: bool = False
    """The connection ends without an answer."""
    hold: asyncio.Event | None = None
    """No answer before this is set."""
    status: int | None = None
    """Answers this, with a body of no meaning."""
    endless: bool = False
    """The body never ends."""
    packed: bool = False
    """The body is said to be compressed."""
    asked: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """Those of the last request, in lower case."""


@asynccontextmanager
async def answering(faults: Faults, handler: Callable[[str, str, bytes], Awaitable[Answer]]) -> AsyncIterator[str]:
    """Serve `handler(path, media type, body)` on a free port; give the URL."""

    tasks: set[asyncio.Task[None] | None] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                path, headers, body = await _request(reader)
                faults.asked += 1
                faults.headers = headers
                if faults.hold is not None:
                    await faults.hold.wait()
                if faults.down:
                    break
                answer = (faults.status, "text/plain", b"no") if faults.status else None
                status, kind, content = answer or await handler(path, headers.get("content-type", ""), body)
                length = b"" if faults.endless else b"Content-Length: %d\r\n" % len(content)
                packed = b"Content-Encoding: gzip\r\n" if faults.packed else b""
                head = b"HTTP/1.1 %d X\r\nContent-Type: %s\r\n%s%s\r\n" % (status, kind.encode(), length, packed)
                writer.write(head + content)
                await writer.drain()
                while faults.endless:
                    writer.write(bytes(65_536))
                    await writer.drain()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in filter(None, tasks):
            task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
    return lines[0].split(" ")[1], headers, await reader.readexactly(int(headers.get("content-length", "0")))
