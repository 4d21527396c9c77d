"""The partners' signed requests on either database; see gateway.ports.KeptRequests for the contract."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import asking
from gateway.adapters.tables.log import LogRequest, metadata

_request = metadata.tables[LogRequest.__tablename__]


class StoredRequests:
    """The KeptRequests port on SQLite and PostgreSQL; the log writes and erases them."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def of_entry(self, coop: str, index: int) -> bytes | None:
        """Return the sealed request of an entry."""
        query = select(_request.c.jws).where(_request.c.origin == self._origin(coop), _request.c.idx == index)
        async with asking(self._engine) as db:
            found: bytes | None = await db.scalar(query)
        return found
