"""A co-op's member system as a view of a database (docs/source-sql.md): any that SQLAlchemy speaks to, read only.

One SELECT per question, with the columns of the plan alone; the text of a statement is the same for the same plan and
shape of question, so that the driver prepares it once.
"""

import asyncio
from datetime import datetime
from typing import Protocol

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from gateway.adapters.sources.sql_pages import Lost
from gateway.ports import Clock, Query, Records, Unavailable

_LATE = "the member system's database did not answer in time"


class _Door(Protocol):
    async def read(self, query: Query) -> Records: ...

    async def close(self) -> None: ...


class SqlSource:
    """The Source port over SQL: time-outs, bounded connections, one more try where a connection was lost."""

    def __init__(self, url: str, *, clock: Clock, timeout_s: float = 5.0, connections: int = 8) -> None:
        """Take where the database is, as SQLAlchemy writes it. Raises ValueError, without the URL: it has a password."""
        try:
            parts = make_url(url)
            self._door = _door(parts, timeout_s=timeout_s, connections=connections)
        except (ArgumentError, NoSuchModuleError):
            raise ValueError(
                "this is no database URL that SQLAlchemy knows: dialect+driver://user:password@host/name"
            ) from None
        except ModuleNotFoundError as missing:
            raise ValueError(f"the database's driver `{missing.name}` is not installed") from None
        self._clock = clock
        self._timeout_s = timeout_s

    async def read(self, query: Query, *, deadline: datetime) -> Records:
        """Return records of one SELECT. Raises Unavailable; its text never holds what was sent or received."""
        left = min((deadline - self._clock()).total_seconds(), self._timeout_s)
        if left <= 0:
            raise Unavailable(_LATE)
        try:
            async with asyncio.timeout(left):
                try:
                    return await self._door.read(query)
                except Lost:
                    # A database that was restarted has cut every connection; reading twice changes nothing.
                    return await self._door.read(query)
        except TimeoutError:
            raise Unavailable(_LATE) from None
        except Lost as fault:
            raise Unavailable(str(fault)) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._door.close()


def _door(url: URL, *, timeout_s: float, connections: int) -> _Door:
    if url.drivername in {"postgresql", "postgresql+asyncpg"}:
        from gateway.adapters.sources.sql_postgres import PostgresDoor

        return PostgresDoor(url, timeout_s=timeout_s, connections=connections)
    from gateway.adapters.sources.sql_engine import EngineDoor

    return EngineDoor(url, timeout_s=timeout_s, connections=connections)
