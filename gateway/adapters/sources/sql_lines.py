"""Connections to PostgreSQL for one SELECT at a time: taken from a list and put back, without a round trip between.

A pool that resets each connection and shields each release costs more than the question itself (docs/adr/0024).
"""

import asyncio
from typing import Any

import asyncpg

_CLOSING_S = 2.0


class Lines:
    """At most `most` connections; one that was interrupted is ended beside the requests, and its place kept until then."""

    def __init__(self, dsn: str, *, session: dict[str, str], most: int, timeout_s: float) -> None:
        """Take where the database is; nothing connects yet."""
        self._dsn = dsn
        self._session = session
        self._timeout_s = timeout_s
        self._room = asyncio.Semaphore(most)
        self._free: list[asyncpg.Connection[Any]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def take(self) -> "asyncpg.Connection[Any]":
        """Return a connection that nobody else uses; give it back by `put`, or `end` it."""
        await self._room.acquire()
        try:
            while self._free:
                line = self._free.pop()
                if not line.is_closed():
                    return line
            return await asyncpg.connect(
                self._dsn,
                timeout=self._timeout_s,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=0,
                server_settings=self._session,
            )
        except BaseException:
            self._room.release()
            raise

    def put(self, line: "asyncpg.Connection[Any]") -> None:
        """Give back a connection on which nothing is under way."""
        if self._closed:
            line.terminate()
        else:
            self._free.append(line)
        self._room.release()

    def end(self, line: "asyncpg.Connection[Any]") -> None:
        """Give up a connection on which something may be under way: the server is told to stop it."""
        task = asyncio.get_running_loop().create_task(self._end(line))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def drop(self) -> None:
        """End the connections that nobody uses: after one was cut, each is suspected."""
        for line in self._free:
            line.terminate()
        self._free.clear()

    async def close(self) -> None:
        """End all of them."""
        self._closed = True
        self.drop()
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _end(self, line: "asyncpg.Connection[Any]") -> None:
        try:
            await line.close(timeout=_CLOSING_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            line.terminate()
        finally:
            self._room.release()
