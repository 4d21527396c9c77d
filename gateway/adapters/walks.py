"""What walks gave, on either database; see gateway.ports.Walks for the contract."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import reading, writing
from gateway.adapters.log.batch import ms
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.walks import WalkPage

_page = metadata.tables[str(WalkPage.__tablename__)]


class StoredWalks:
    """The Walks port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def answers(self, coop: str, walk: str, first: int, count: int) -> list[tuple[int, bytes]]:
        """Return the answers at consecutive places of a walk."""
        of = select(_page.c.nth, _page.c.given).where(_page.c.origin == self._origin(coop), _page.c.walk == walk)
        within = of.where(_page.c.nth >= first, _page.c.nth < first + count).order_by(
            _page.c.nth, _page.c.at, _page.c.h
        )
        async with reading(self._engine) as db:
            return [(nth, given) for nth, given in await db.execute(within)]

    async def purge(self, before: datetime) -> None:
        """Forget old answers."""
        async with writing(self._engine) as db:
            await db.execute(delete(_page).where(_page.c.at < ms(before)))
