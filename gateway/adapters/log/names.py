"""Under which names a database holds logs of a co-op, and whether a log is the one that was signed."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import asking
from gateway.adapters.tables.log import metadata
from gateway.tlog.checkpoint import Checkpoint

_head, _batch = (metadata.tables[name] for name in ("log_head", "log_batch"))


async def names_of(engine: AsyncEngine, coop: str) -> list[str]:
    """Return the first parts of the origins of a co-op's logs that have an entry, sorted. Raises Unavailable."""
    ending = f"/{coop}"
    held = select(_head.c.origin).where(_head.c.next_index > 0, _head.c.origin.endswith(ending, autoescape=True))
    async with asking(engine) as db:
        return sorted(origin.removesuffix(ending) for origin in await db.scalars(held))


async def holds(engine: AsyncEngine, signed: Checkpoint) -> bool:
    """Tell whether a log had the size and root that were signed, after one of its batches. Raises Unavailable.

    An older database has no such batch. Whether its entries still have that root is for the publisher to prove.
    """
    if not signed.size:
        return True
    upto = select(_batch).where(_batch.c.origin == signed.origin, _batch.c.first_idx < signed.size)
    async with asking(engine) as db:
        last = (await db.execute(upto.order_by(_batch.c.first_idx.desc()).limit(1))).first()
    return last is not None and (last.first_idx + last.n, bytes(last.root)) == (signed.size, signed.root)
