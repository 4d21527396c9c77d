"""A server on a real socket that plays scripts: each connection the next one, each request the next step of it."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum


class Then(Enum):
    """What a step does beside sending bytes."""

    CLOSE = "end the connection in order"
    RESET = "end it with a reset"
    GONE = "wait until the client has ended it"


Act = bytes | Then | asyncio.Event | Callable[[], None]
Step = Iterable[Act]
"""What is done about one request: bytes are sent, an event is waited for, a function called."""


@dataclass
class Served:
    """What a scripted server has seen."""

    port: int
    requests: list[tuple[int, bytes]] = field(default_factory=list)
    """Number of the connection, from 0, and the whole request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    """An answer with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def scripted(*scripts: Sequence[Step], tls: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    """Serve; a connection beyond the scripts, or a request beyond a script's steps, is ended without a byte."""
    waiting = iter(enumerate(scripts))
    tasks: list[asyncio.Task[None] | None] = []

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        number, script = next(waiting, (len(scripts), ()))
        steps = iter(script)
        try:
            with contextlib.suppress(ConnectionError):  # the client has ended it
                while request := await _request(reader):
                    served.requests.append((number, request))
                    if not await _play(next(steps, (Then.CLOSE,)), reader, writer):
                        break
        finally:
            writer.close()

    listener = socket.create_server(("127.0.0.1", 0))
    served = Served(listener.getsockname()[1])
    server = await asyncio.start_server(connection, sock=listener, ssl=tls)
    try:
        yield served
    finally:
        server.close()
        await asyncio.gather(*[task for task in tasks if task])


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Return the next request, or nothing where the client has ended the connection before it."""
    first = await reader.read(1)
    if not first:
        return b""
    head = first + await reader.readuntil(b"\r\n\r\n")
    length = int(head.rpartition(b"Content-Length: ")[2])
    return head + await reader.readexactly(length)


async def _play(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Tell whether the connection goes on."""
    for act in step:
        match act:
            case bytes():
                writer.write(act)
                await writer.drain()
                await asyncio.sleep(0)  # what comes next is a segment of its own
            case asyncio.Event():
                await act.wait()
            case Then.GONE:
                with contextlib.suppress(ConnectionError):  # ended by a reset, where bytes were left unread
                    assert not await reader.read()
            case Then.RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return False
            case Then.CLOSE:
                return False
            case _:
                act()
    return True
