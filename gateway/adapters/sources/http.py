"""A co-op's member system as a JSON service (docs/source-http.md): codes in the body, never in a URL.

Its client is the house's own (docs/adr/0012).
"""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import stamina

from gateway.adapters.sources.http1 import Lines
from gateway.adapters.sources.http1_line import Broken, Encoded, TooLarge
from gateway.core.policy import Predicate
from gateway.core.rows import NOT_JSON
from gateway.ports import Clock, Query, Records, Unavailable

ATTEMPTS = 3
FIRST_WAIT_S = 0.05
FAILURES_TO_OPEN = 5
OPEN_S = 2.0
MAX_ANSWER = 64 * 1024 * 1024
_AGAIN = frozenset({429, 502, 503, 504})


class _Answer(msgspec.Struct):
    records: msgspec.Raw
    next: str | None = None
    high_water: str | None = None


class _TryAgain(Exception):
    """An attempt failed in a way that another may not."""


class HttpSource:
    """The Source port over HTTP: time-outs, bounded concurrency, retries of idempotent reads, a circuit breaker."""

    def __init__(self, url: str, *, secret: str, clock: Clock, timeout_s: float = 5.0, connections: int = 64) -> None:
        """Take where it answers and the secret it knows the gateway by. Raises ValueError, which does not name it."""
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self._lines = Lines(url, headers=headers, most=MAX_ANSWER)
        self._clock = clock
        self._timeout_s = timeout_s
        self._limit = asyncio.Semaphore(connections)
        self._failures = 0
        self._closed_again_at = 0.0
        self._decoder = msgspec.json.Decoder(_Answer)

    async def read(self, query: Query, *, deadline: datetime) -> Records:
        """Return records in one batched call. Raises Unavailable; its text never holds what was sent or received."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._closed_again_at:
            raise Unavailable("the member system failed repeatedly and is left alone for a moment")
        path, body = _body(query)
        until = loop.time() + (deadline - self._clock()).total_seconds()
        try:
            if self._limit.locked():
                async with asyncio.timeout_at(until):
                    await self._limit.acquire()
            else:
                await self._limit.acquire()
            try:
                answer = await self._attempts(path, body, until)
            finally:
                self._limit.release()
        except (TimeoutError, _TryAgain) as fault:
            self._failed(loop.time())
            raise Unavailable(str(fault) or "the member system did not answer in time") from None
        self._failures = 0
        return _records(query, answer)

    async def close(self) -> None:
        """Close the connections."""
        self._lines.close()
        await asyncio.sleep(0)  # the loop closes the sockets

    async def _attempts(self, path: str, body: bytes, until: float) -> _Answer:
        try:
            return await self._attempt(path, body, until)
        except _TryAgain:
            # The usual case pays nothing for retries.
            await asyncio.sleep(FIRST_WAIT_S)
        async for attempt in stamina.retry_context(
            on=_TryAgain, attempts=ATTEMPTS - 1, wait_initial=2 * FIRST_WAIT_S, wait_max=0.5, timeout=None
        ):
            with attempt:
                return await self._attempt(path, body, until)
        raise AssertionError("a retry either returns or raises")

    async def _attempt(self, path: str, body: bytes, until: float) -> _Answer:
        end = min(until, asyncio.get_running_loop().time() + self._timeout_s)
        try:
            status, answer = await self._lines.post(path, body, until=end)
            if status == 200:
                return self._decoder.decode(answer)
        except (Broken, OSError) as fault:  # OSError: not connected, no TLS, or the time is up
            raise _TryAgain(f"the member system cannot be reached: {type(fault).__name__}") from None
        except TooLarge:
            raise Unavailable("the member system's answer is too large") from None
        except Encoded:
            raise Unavailable("the member system's answer has a Content-Encoding") from None
        except NOT_JSON:
            raise Unavailable("the member system's answer is not the JSON it should be") from None
        if status in _AGAIN:
            raise _TryAgain(f"the member system answered {status}")
        raise Unavailable(f"the member system answered {status}")

    def _failed(self, now: float) -> None:
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            # One caller after the pause finds out whether the system is back; the count stays until it is.
            self._closed_again_at = now + OPEN_S


def _body(query: Query) -> tuple[str, bytes]:
    asked: dict[str, Any] = {"fields": query.rows.columns}
    if query.product is not None:
        asked["product"] = query.product
    if query.filters:
        asked["filters"] = dict(query.filters)
    if query.codes is not None:
        return "/v1/members/query", msgspec.json.encode({"members": query.codes, **asked})
    population = [_condition(query, one) for one in query.population]
    page = {"limit": query.limit, "after": query.after, "population": population}
    return "/v1/members/page", msgspec.json.encode({**page, **asked})


def _condition(query: Query, one: Predicate) -> dict[str, Any]:
    column = query.rows.column_of[one.field]
    named = {"in": one.among, "prefix_in": one.prefixes, "from": one.lowest, "to": one.highest}
    return {"field": column} | {name: value for name, value in named.items() if value is not None}


def _records(query: Query, answer: _Answer) -> Records:
    try:
        rows, refused = query.rows.read(answer.records)
    except NOT_JSON:
        raise Unavailable("the member system's records are not a JSON array") from None
    return Records(rows=rows, refused=refused, raw=answer.records, next=answer.next, high_water=answer.high_water)
