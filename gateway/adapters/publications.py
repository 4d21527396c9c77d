"""Tiles, checkpoints, cosignatures and timestamps, on either database; see gateway.ports.Publications for the contract."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256

from sqlalchemy import Text, cast, literal, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import reading, writing
from gateway.adapters.tables.log import metadata
from gateway.ports import Logged, Timestamped
from gateway.tlog.checkpoint import Checkpoint
from gateway.tlog.hash_tiles import Tile
from gateway.tlog.tiles import WIDTH

_tile, _checkpoint, _entry = (metadata.tables[name] for name in ("log_tile", "log_checkpoint", "log_entry"))

_GROW = text(
    "INSERT INTO log_tile (origin, level, n, width, data) VALUES (:origin, :level, :n, :width, :data) "
    "ON CONFLICT (origin, level, n) DO UPDATE SET width = excluded.width, data = excluded.data "
    "WHERE log_tile.width < excluded.width"
)
_PUBLISH = text(
    "INSERT INTO log_checkpoint (origin, size, root, note) VALUES (:origin, :size, :root, :note) ON CONFLICT DO NOTHING"
)
_ELECT = text("SELECT pg_try_advisory_xact_lock(:key)")


class StoredPublications:
    """The Publications port on the tables beside the log."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    @asynccontextmanager
    async def elected(self, coop: str) -> AsyncIterator[bool]:
        """Tell whether this process may publish."""
        if self._engine.dialect.name == "sqlite":
            # One process serves from a file, and a command that publishes beside it does the same work.
            yield True
            return
        # The server gives the lock up with the connection; a transaction that has read nothing holds up no vacuum.
        digest = sha256(b"publish " + self._origin(coop).encode()).digest()
        async with writing(self._engine) as connection:
            key = int.from_bytes(digest[:8], signed=True)
            yield bool(await connection.scalar(_ELECT, {"key": key}))

    async def integrated(self, coop: str) -> int:
        """Return how many leaves the tiles hold."""
        last = select(_tile.c.n, _tile.c.width).where(_tile.c.origin == self._origin(coop), _tile.c.level == 0)
        async with reading(self._engine) as connection:
            row = (await connection.execute(last.order_by(_tile.c.n.desc()).limit(1))).first()
        return 0 if row is None else int(row.n) * WIDTH + int(row.width)

    async def integrate(self, coop: str, tiles: Sequence[Tile]) -> None:
        """Store what the tree has grown."""
        rows = [
            {"origin": self._origin(coop), "level": one.level, "n": one.index, "width": one.width, "data": one.data}
            for one in tiles
        ]
        if rows:
            async with writing(self._engine) as connection:
                await connection.execute(_GROW, rows)

    async def forget(self, coop: str) -> None:
        """Delete all tiles."""
        async with writing(self._engine) as connection:
            await connection.execute(_tile.delete().where(_tile.c.origin == self._origin(coop)))

    async def tile(self, coop: str, level: int, number: int) -> bytes | None:
        """Return one tile."""
        return (await self.tiles(coop, [(level, number)])).get((level, number))

    async def tiles(self, coop: str, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Return several tiles."""
        query = select(_tile.c.level, _tile.c.n, _tile.c.data).where(
            _tile.c.origin == self._origin(coop), tuple_(_tile.c.level, _tile.c.n).in_(list(wanted))
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return {(row.level, row.n): bytes(row.data) for row in rows}

    async def publish(self, coop: str, checkpoint: Checkpoint, note: bytes) -> None:
        """Store a checkpoint."""
        row = {"origin": self._origin(coop), "size": checkpoint.size, "root": checkpoint.root, "note": note.decode()}
        async with writing(self._engine) as connection:
            await connection.execute(_PUBLISH, row)

    async def checkpoint(self, coop: str, *, size: int | None = None) -> str | None:
        """Return the newest note, or that of a size."""
        newest = select(_checkpoint.c.note).where(_checkpoint.c.origin == self._origin(coop))
        if size is not None:
            newest = newest.where(_checkpoint.c.size == size)
        async with reading(self._engine) as connection:
            note: str | None = await connection.scalar(newest.order_by(_checkpoint.c.size.desc()).limit(1))
        return note

    async def covering(self, coop: str, size: int) -> str | None:
        """Return the first note that goes so far."""
        this = (_checkpoint.c.origin == self._origin(coop)) & (_checkpoint.c.size >= size)
        async with reading(self._engine) as connection:
            note: str | None = await connection.scalar(
                select(_checkpoint.c.note).where(this).order_by(_checkpoint.c.size).limit(1)
            )
        return note

    async def add_cosignatures(self, coop: str, size: int, lines: Sequence[str]) -> None:
        """Add signature lines."""
        this = (_checkpoint.c.origin == self._origin(coop)) & (_checkpoint.c.size == size)
        async with writing(self._engine) as connection:
            note = await connection.scalar(select(_checkpoint.c.note).where(this).with_for_update())
            known = set((note or "").splitlines(keepends=True))
            fresh = "".join(line for line in dict.fromkeys(lines) if line not in known)
            if note is not None and fresh:
                added = _checkpoint.c.note + cast(literal(fresh), Text)
                await connection.execute(update(_checkpoint).where(this).values(note=added))

    async def set_timestamp(self, coop: str, size: int, token: bytes) -> None:
        """Store a timestamp."""
        this = (_checkpoint.c.origin == self._origin(coop)) & (_checkpoint.c.size == size)
        async with writing(self._engine) as connection:
            await connection.execute(update(_checkpoint).where(this).values(timestamp_token=token))

    async def timestamps(self, coop: str, *, after: int, count: int) -> list[Timestamped]:
        """Return timestamped checkpoints."""
        columns = _checkpoint.c.size, _checkpoint.c.note, _checkpoint.c.timestamp_token
        query = select(*columns).where(
            _checkpoint.c.origin == self._origin(coop),
            _checkpoint.c.size > after,
            _checkpoint.c.timestamp_token.is_not(None),
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.order_by(_checkpoint.c.size).limit(count))).all()
        return [Timestamped(row.size, _own(row.note), bytes(row.timestamp_token)) for row in rows]

    async def of_transfer(self, coop: str, transfer: str) -> Logged | None:
        """Return a transfer's entry."""
        query = select(_entry.c.idx, _entry.c.entry).where(
            _entry.c.origin == self._origin(coop), _entry.c.transfer_id == transfer
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Logged(int(row.idx), bytes(row.entry))


def _own(note: str) -> bytes:
    """Return a note with its first signature alone, which is the log's own: what `publish` was given."""
    body, _, lines = note.partition("\n\n")
    return f"{body}\n\n{lines.split(chr(10), 1)[0]}\n".encode()
