"""How far each anchor has vouched for a log: rows of the table of projections; see gateway.ports.Coverage."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import reading, writing
from gateway.adapters.tables.log import metadata

_projection = metadata.tables["projection"]

_PREFIX: Final = "anchor:"
_GROW = text(
    "INSERT INTO projection (origin, name, next_index) VALUES (:origin, :name, :size) "
    "ON CONFLICT (origin, name) DO UPDATE SET next_index = excluded.next_index "
    "WHERE projection.next_index < excluded.next_index"
)


class StoredCoverage:
    """The Coverage port on the database of the log."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def covered(self, coop: str) -> dict[str, int]:
        """Return the size by anchor."""
        query = select(_projection.c.name, _projection.c.next_index).where(
            _projection.c.origin == self._origin(coop), _projection.c.name.startswith(_PREFIX, autoescape=True)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return {str(row.name).removeprefix(_PREFIX): int(row.next_index) for row in rows}

    async def cover(self, coop: str, anchor: str, size: int) -> None:
        """Record a size."""
        row = {"origin": self._origin(coop), "name": _PREFIX + anchor, "size": size}
        async with writing(self._engine) as connection:
            await connection.execute(_GROW, row)
