"""What was handed over whole, on either database; see gateway.ports.Deliveries for the contract."""

from collections import defaultdict
from collections.abc import Callable, Collection

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import asking, writing
from gateway.adapters.search.folding import BITS, LOW, container, read_container
from gateway.adapters.search.writes import insert_of
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.search import Delivery

_delivery = metadata.tables[str(Delivery.__tablename__)]
_NONE = container(())
_AT_ONCE = 500


class StoredDeliveries:
    """The Deliveries port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def add(self, coop: str, indexes: Collection[int]) -> None:
        """Note releases."""
        blocks = _by_block(indexes)
        if not blocks:
            return
        origin = self._origin(coop)
        mine = _delivery.c.origin == origin
        async with writing(self._engine) as db:
            # In the order of the blocks, here and below, so that two processes cannot wait for each other.
            rows = [{"origin": origin, "block": block, "container": _NONE} for block in sorted(blocks)]
            await db.execute(insert_of(db)(_delivery).on_conflict_do_nothing(), rows)
            for block, lows in sorted(blocks.items()):
                this = mine, _delivery.c.block == block
                of = select(_delivery.c.container).where(*this).with_for_update()
                stored = bytes((await db.execute(of)).scalar_one())
                await db.execute(update(_delivery).where(*this).values(container=container(lows, stored)))

    async def delivered(self, coop: str, indexes: Collection[int]) -> set[int]:
        """Return those that were handed over."""
        blocks = _by_block(indexes)
        found: set[int] = set()
        numbers = sorted(blocks)
        for start in range(0, len(numbers), _AT_ONCE):
            of = select(_delivery.c.block, _delivery.c.container).where(
                _delivery.c.origin == self._origin(coop), _delivery.c.block.in_(numbers[start : start + _AT_ONCE])
            )
            async with asking(self._engine) as db:
                rows = (await db.execute(of)).all()
            for block, stored in rows:
                whole = read_container(bytes(stored))
                found.update((block << BITS) + low for low in blocks[block] if low in whole)
        return found


def _by_block(indexes: Collection[int]) -> dict[int, list[int]]:
    blocks: dict[int, list[int]] = defaultdict(list)
    for index in indexes:
        blocks[index >> BITS].append(index & LOW)
    return blocks
