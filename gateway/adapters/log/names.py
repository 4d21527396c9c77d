"""Under which names a database holds logs of a co-op."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import asking
from gateway.adapters.tables.log import metadata

_head = metadata.tables["log_head"]


async def names_of(engine: AsyncEngine, coop: str) -> list[str]:
    """Return the first parts of the origins of a co-op's logs that have an entry, sorted. Raises Unavailable."""
    ending = f"/{coop}"
    held = select(_head.c.origin).where(_head.c.next_index > 0, _head.c.origin.endswith(ending, autoescape=True))
    async with asking(engine) as db:
        return sorted(origin.removesuffix(ending) for origin in await db.scalars(held))
