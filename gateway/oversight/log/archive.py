"""A co-op's log kept apart from its database, in a store that only ever gains files; each is read back.

What an earlier archive copied is not copied again. The new entries are joined to the tree that the archive holds, so
a database whose history was rewritten, or that is an older one restored, is refused and nothing is written.
"""

from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from gateway.ports import ArchiveStore, Log, Publications
from gateway.tlog.checkpoint import Checkpoint, open_ours
from gateway.tlog.hash_tiles import OpenTiles
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.note import NoteVerifier
from gateway.tlog.tiles import CHECKPOINT_PATH, WIDTH, bundle_path, encode_bundle, tile_path, width_of

TIMESTAMPS = "timestamps"
_PAGE = 100

Progress = Callable[[int, int], None]


class ArchiveRefused(ValueError):
    """The archive and the log do not belong together; nothing that stands in the archive was changed."""


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """The archive now holds the log up to `size`; `since` is where the earlier archive ended, `files` are the new ones."""

    size: int
    since: int
    files: int
    timestamps: int


async def archive(
    log: Log,
    publications: Publications,
    coop: str,
    store: ArchiveStore,
    *,
    known: Sequence[NoteVerifier],
    origin: str,
    progress: Progress | None = None,
) -> Archived:
    """Copy what is new of a log up to its newest checkpoint, which is written when all that it says is there, and only the
    time-stamps after it: each is of what the archive holds. Return what was done.

    `known` are the log's keys. Broken off at any point, it goes on where it was: a file that is there already is read
    and compared, and never written again. The entries are hashed before the first of them is written, so that a file
    which must never change is right when it is made. Memory is flat: one bundle at a time. Raises ArchiveRefused,
    Unavailable.
    """
    note = await publications.checkpoint(coop)
    if note is None:
        raise ArchiveRefused("the log has no checkpoint yet; start the gateway, or publish one")
    head = open_ours(note.encode(), known, origin=origin)
    was = await store.read(CHECKPOINT_PATH)
    earlier = None if was is None else _earlier(was, known, origin, head)
    since = earlier.size if earlier is not None else 0
    total = 2 * (head.size - since)

    def done(count: int) -> None:
        if progress is not None:
            progress(count, total)

    tree = await _resumed(store, earlier)
    async for first, entries in _bundles(log, coop, since, head.size):
        for _ in tree.add(_leaves(first, entries, since)):
            pass
        done(tree.size - since)
    if tree.root() != head.root:
        raise ArchiveRefused("the log's entries do not continue what the archive holds up to the log's own checkpoint")

    files = 0
    tree = await _resumed(store, earlier)
    async for first, entries in _bundles(log, coop, since, head.size):
        path = bundle_path(first // WIDTH, width=len(entries))
        files += await _keep(store, path, encode_bundle(entries))
        for tile in tree.add(_leaves(first, entries, since)):
            files += await _keep(store, tile.path, tile.data)
        done(head.size + tree.size - 2 * since)
    for tile in tree.partial() if head.size > since else ():
        files += await _keep(store, tile.path, tile.data)
    if earlier is None or head.size > since:
        if await store.read(CHECKPOINT_PATH) != was:
            raise ArchiveRefused("another archive of this log went on meanwhile; its checkpoint was left as it is")
        await store.replace(CHECKPOINT_PATH, note.encode())
        await _read_back(store, CHECKPOINT_PATH, note.encode())
    timestamps = await _timestamps(publications, coop, store, size=head.size)
    return Archived(size=head.size, since=since, files=files, timestamps=timestamps)


def _earlier(note: bytes, known: Sequence[NoteVerifier], origin: str, head: Checkpoint) -> Checkpoint:
    """Return the archive's own checkpoint. Raises ArchiveRefused where the log is not one that it grew into."""
    try:
        earlier = open_ours(note, known, origin=origin)
    except ValueError as error:
        raise ArchiveRefused("the checkpoint in the archive is not one that this log's key signed") from error
    if earlier.size > head.size:
        raise ArchiveRefused(
            f"the archive holds {earlier.size} entries and the log only {head.size}: this is an older database"
        )
    if earlier.size == head.size and earlier.root != head.root:
        raise ArchiveRefused(f"the archive holds {earlier.size} other entries: the log's history was rewritten")
    return earlier


async def _resumed(store: ArchiveStore, earlier: Checkpoint | None) -> OpenTiles:
    """Take up the tree where the archive's checkpoint left it."""
    if earlier is None:
        return OpenTiles()
    edge: dict[str, bytes | None] = {}
    level = 0
    while hashes := earlier.size >> (8 * level):
        if width := hashes % WIDTH:
            path = tile_path(level, hashes // WIDTH, width=width)
            edge[path] = await store.read(path)
        level += 1
    try:
        tree = OpenTiles.resume(earlier.size, edge.get)
    except ValueError as error:
        raise ArchiveRefused(f"the archive is not whole: {error}") from error
    if tree.root() != earlier.root:
        raise ArchiveRefused("the tiles in the archive do not have the root of its checkpoint")
    return tree


async def _bundles(log: Log, coop: str, since: int, size: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Give (first index, entries) of each bundle that grew, from the one in which the earlier archive ended."""
    start = since - since % WIDTH if size > since else size
    for first in range(start, size, WIDTH):
        width = width_of(-1, first // WIDTH, size=size)
        entries = await log.entries(coop, first, width)
        if len(entries) != width:
            raise ArchiveRefused(f"the log ends at entry {first + len(entries)}, before its checkpoint's {size}")
        yield first, entries


def _leaves(first: int, entries: Sequence[bytes], since: int) -> list[bytes]:
    """Return the leaf hashes of those entries of a bundle that the tree does not hold yet."""
    return [leaf_hash(entry) for entry in entries[max(since - first, 0) :]]


async def _timestamps(publications: Publications, coop: str, store: ArchiveStore, *, size: int) -> int:
    """Copy the timestamped checkpoints of up to `size` entries beyond the last one that is there; tokens are obtained in the
    order of size. The token comes before the checkpoint, by whose name a reader finds both.
    """
    there = set(await store.names(TIMESTAMPS))
    whole = [name.removesuffix(".tsr") for name in there if name.endswith(".tsr")]
    after = max((int(one) for one in whole if one.isdecimal() and f"{one}.checkpoint" in there), default=-1)
    copied = 0
    while page := [one for one in await publications.timestamps(coop, after=after, count=_PAGE) if one.size <= size]:
        for one in page:
            await _keep(store, f"{TIMESTAMPS}/{one.size}.tsr", one.token)
            copied += await _keep(store, f"{TIMESTAMPS}/{one.size}.checkpoint", one.note)
            after = one.size
    return copied


async def _keep(store: ArchiveStore, path: str, data: bytes) -> bool:
    """Write a file that stands for ever and read it back; tell whether it was new. Raises ArchiveRefused."""
    created = await store.create(path, data)
    await _read_back(store, path, data)
    return created


async def _read_back(store: ArchiveStore, path: str, data: bytes) -> None:
    if await store.read(path) != data:
        raise ArchiveRefused(f"`{path}` in the archive is not what the log says; it was left as it is")
