"""The load generator: kept connections, requests that are bytes already, every status checked.

It does so little that it costs a tenth of what it measures: one write and one search per exchange, no HTTP library.
"""

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONNECTIONS = 32
SAMPLES = 4
ROUND_LIMIT_S = 60.0


class Failed(Exception):
    """An exchange did not end in 200; a benchmark of errors is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer kept for checking, with the number of the request it belongs to."""

    request: int
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of a sequence of requests; `latencies` in seconds, sorted.

    Each connection's first answer is left out of them: all connections ask at once there, as no partner's do.
    """

    seconds: float
    latencies: list[float]
    samples: list[Answer]

    def percentile(self, share: float) -> float:
        """Return the latency that this share of requests stayed under, in milliseconds."""
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class _Connection(asyncio.Protocol):
    """One kept connection: sends a request, reads its whole answer, goes on with the next."""

    def __init__(self, waiting: Iterator[tuple[int, bytes]], keep: range, done: "asyncio.Future[None]") -> None:
        self._waiting = waiting
        self._keep = keep
        self._done = done
        self._got = bytearray()
        self._whole = 0
        self._number = 0
        self._sent = 0.0
        self.latencies: list[float] = []
        self.samples: list[Answer] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvloop's is none by class
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._whole:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._got[:end]).lower()
            if not head.startswith(b"http/1.1 200"):
                self._fail(f"request {self._number} was answered `{bytes(self._got[:400])!r}`")
                return
            at = head.index(b"content-length: ") + 16
            self._whole = end + 4 + int(head[at : (head + b"\r").index(b"\r", at)])
        if len(self._got) >= self._whole:
            self.latencies.append(time.perf_counter() - self._sent)
            if self._number in self._keep:
                head, _, body = bytes(self._got).partition(b"\r\n\r\n")
                self.samples.append(Answer(self._number, head, body))
            self._got.clear()
            self._whole = 0
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection ended before the answer: {type(exc).__name__}")

    def _next(self) -> None:
        following = next(self._waiting, None)
        if following is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._number, request = following
        self._sent = time.perf_counter()
        self._transport.write(request)

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(Failed(why))


async def fire(port: int, requests: Sequence[bytes], *, connections: int = CONNECTIONS) -> Fired:
    """Send every request once over so many kept connections, each as soon as it is free. Raises Failed."""
    loop = asyncio.get_running_loop()
    waiting = iter(enumerate(requests))
    keep = range(0, len(requests), max(1, len(requests) // SAMPLES))
    ends = [loop.create_future() for _ in range(min(connections, len(requests)))]
    gc.disable()  # a pause here would be counted as the server's
    try:
        began = time.perf_counter()
        opened = [
            await loop.create_connection(lambda end=end: _Connection(waiting, keep, end), "127.0.0.1", port)  # type: ignore[misc]  # a default binds the loop's variable
            for end in ends
        ]
        async with asyncio.timeout(ROUND_LIMIT_S):
            await asyncio.gather(*ends)
        seconds = time.perf_counter() - began
    finally:
        gc.enable()
    made = [connection for _, connection in opened]
    return Fired(
        seconds=seconds,
        latencies=sorted(latency for connection in made for latency in connection.latencies[1:]),
        samples=[sample for connection in made for sample in connection.samples],
    )
