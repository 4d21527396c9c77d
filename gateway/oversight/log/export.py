"""A co-op's log as a plain tlog-tiles directory: what an auditor verifies without trusting the gateway."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.ports import Log, Publications
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.hash_tiles import OpenTiles
from gateway.tlog.merkle import HASH_SIZE, leaf_hash
from gateway.tlog.tiles import CHECKPOINT_PATH, WIDTH, bundle_path, encode_bundle

TIMESTAMPS: Final = "timestamps"

Progress = Callable[[int, int], None]


class NothingPublished(Exception):
    """The log has no checkpoint yet."""


async def export(
    log: Log,
    publications: Publications,
    coop: str,
    folder: Path,
    *,
    note: str | None = None,
    progress: Progress | None = None,
) -> Checkpoint:
    """Write entries, tiles, timestamps and the newest checkpoint, or that of `note`, to a folder; return the checkpoint.

    The checkpoint is written last: a folder without one was not finished. Memory stays flat: one bundle at a time.
    Every entry is held against its hash in the published tiles. Raises NothingPublished, Unavailable, OSError;
    ValueError where the log is not the one that its checkpoint says.
    """
    note = note or await publications.checkpoint(coop)
    if note is None:
        raise NothingPublished("the log has no checkpoint yet; start the gateway, or publish one")
    checkpoint = stated(note)
    tree = OpenTiles()
    for first in range(0, checkpoint.size, WIDTH):
        width = min(WIDTH, checkpoint.size - first)
        entries = await log.entries(coop, first, width)
        if len(entries) != width:
            raise ValueError(f"the log ends at entry {first + len(entries)}, before its checkpoint's {checkpoint.size}")
        leaves = [leaf_hash(entry) for entry in entries]
        published = await publications.tile(coop, 0, first // WIDTH)
        if published is not None:
            _compare(leaves, published, first)
        closed = list(tree.add(leaves))
        await asyncio.to_thread(_write, folder / bundle_path(first // WIDTH, width=width), encode_bundle(entries))
        for tile in closed:
            await asyncio.to_thread(_write, folder / tile.path, tile.data)
        if progress is not None:
            progress(first + width, checkpoint.size)
    for tile in tree.partial():
        await asyncio.to_thread(_write, folder / tile.path, tile.data)
    if tree.root() != checkpoint.root:
        raise ValueError("the entries do not have the checkpoint's root")
    await _write_timestamps(publications, coop, folder / TIMESTAMPS, checkpoint.size)
    await asyncio.to_thread(_write, folder / CHECKPOINT_PATH, note.encode())
    return checkpoint


def _compare(leaves: list[bytes], published: bytes, first: int) -> None:
    for nth, leaf in enumerate(leaves):
        if published[HASH_SIZE * nth : HASH_SIZE * (nth + 1)] not in {leaf, b""}:
            raise ValueError(f"entry {first + nth} is not the one whose hash was published")


async def _write_timestamps(publications: Publications, coop: str, folder: Path, size: int) -> None:
    """Write `<size>.checkpoint` and `<size>.tsr`, the RFC 3161 token over the SHA-256 of exactly that file."""
    after = -1
    while batch := await publications.timestamps(coop, after=after, count=64):
        for one in batch:
            if one.size <= size:
                await asyncio.to_thread(_write, folder / f"{one.size}.checkpoint", one.note)
                await asyncio.to_thread(_write, folder / f"{one.size}.tsr", one.token)
        after = batch[-1].size


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
