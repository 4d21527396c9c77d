"""A co-op's log as a plain tlog-tiles directory: what an auditor verifies without trusting the gateway."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gateway.ports import Log
from gateway.tlog.checkpoint import Checkpoint, parse
from gateway.tlog.hash_tiles import OpenTiles
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.tiles import CHECKPOINT_PATH, WIDTH, bundle_path, encode_bundle

Progress = Callable[[int, int], None]


class NothingPublished(Exception):
    """The log has no checkpoint yet."""


async def export(log: Log, coop: str, folder: Path, *, progress: Progress | None = None) -> Checkpoint:
    """Write entries, tiles and the newest checkpoint to a folder; return the checkpoint.

    The checkpoint is written last: a folder without one was not finished. Memory stays flat: one bundle at a time.
    Raises NothingPublished, Unavailable, OSError; ValueError where the log does not have the checkpoint's root.
    """
    note = await log.checkpoint(coop)
    if note is None:
        raise NothingPublished("the log has no checkpoint yet; start the gateway, or publish one")
    checkpoint = parse(note.split("\n\n", 1)[0] + "\n")
    tiles = OpenTiles()
    for first in range(0, checkpoint.size, WIDTH):
        width = min(WIDTH, checkpoint.size - first)
        entries = await log.entries(coop, first, width)
        if len(entries) != width:
            raise ValueError(f"the log ends at entry {first + len(entries)}, before its checkpoint's {checkpoint.size}")
        bundle = encode_bundle(entries)
        closed = list(tiles.add(leaf_hash(entry) for entry in entries))
        await asyncio.to_thread(_write, folder / bundle_path(first // WIDTH, width=width), bundle)
        for tile in closed:
            await asyncio.to_thread(_write, folder / tile.path, tile.data)
        if progress is not None:
            progress(first + width, checkpoint.size)
    for tile in tiles.partial():
        await asyncio.to_thread(_write, folder / tile.path, tile.data)
    if tiles.root() != checkpoint.root:
        raise ValueError("the entries do not have the checkpoint's root")
    await asyncio.to_thread(_write, folder / CHECKPOINT_PATH, note.encode())
    return checkpoint


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
