"""The gateway's own steps in this process, on the database, keys and member system of the served one.

Nothing is sampled: each step is called many times on its own and its CPU time divided by the calls, so that a step's
figure holds only that step. Those that wait are called as the gateway calls them, 32 at a time.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import TypeVar

from starlette.requests import Request
from starlette.types import Message

from bench import machine
from bench.load import CONNECTIONS
from bench.partner import Asked
from gateway.adapters.clock import system_clock
from gateway.app.desk import build_desk, sources_of, telemetry_of
from gateway.app.storage import stores
from gateway.data_plane.desk import Desk
from gateway.settings import Settings
from gateway.web.server import keep_large_buffers

_T = TypeVar("_T")
_R = TypeVar("_R")
_PARTS = 5


@asynccontextmanager
async def desk_of(settings: Settings) -> AsyncIterator[Desk]:
    """Open a desk beside the served gateway, and keep this process on the measured core meanwhile."""
    keep_large_buffers()
    sources = sources_of(settings, clock=system_clock)
    with machine.on(machine.cores()[0]):
        async with stores(settings) as opened:
            yield build_desk(settings, opened, dict(sources), telemetry_of(settings))
    for source in sources.values():
        await source.close()


def framed(asked: Asked, number: int) -> Request:
    """Return a request as the server hands it to the transfer endpoint, its body at hand."""
    lines = asked.on_the_wire("127.0.0.1").partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/transfers",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)],
        "client": ("127.0.0.1", 50_000),
        "state": {"request_id": f"{time.time_ns():016x}{number:016x}"},
    }
    body: Message = {"type": "http.request", "body": asked.sent.jws.encode(), "more_body": False}

    async def receive() -> Message:
        return body

    return Request(scope, receive)


def each(work: Callable[[_T], _R], items: Sequence[_T]) -> tuple[list[_R], float]:
    """Do the work on every item; return the results and the CPU µs of one, the median of five parts."""
    results: list[_R] = []
    figures = []
    for part in _parts(items):
        gc.freeze()
        began = time.process_time()
        results += [work(item) for item in part]
        figures.append(1e6 * (time.process_time() - began) / len(part))
    return results, median(figures)


async def each_of(work: Callable[[_T], Awaitable[_R]], items: Sequence[_T]) -> tuple[list[_R], float]:
    """The same for work that waits: 32 at a time, each beginning the next item as soon as it is done with one."""
    results: dict[int, _R] = {}

    async def one_after_another(waiting: Iterator[tuple[int, _T]]) -> None:
        for number, item in waiting:
            results[number] = await work(item)

    figures = []
    for part in _parts(list(enumerate(items))):
        waiting = iter(part)
        gc.freeze()
        began = time.process_time()
        await asyncio.gather(*(one_after_another(waiting) for _ in range(CONNECTIONS)))
        figures.append(1e6 * (time.process_time() - began) / len(part))
    return [results[number] for number in range(len(items))], median(figures)


def _parts(items: Sequence[_T]) -> list[Sequence[_T]]:
    size = -(-len(items) // _PARTS)
    return [items[start : start + size] for start in range(0, len(items), size)]
