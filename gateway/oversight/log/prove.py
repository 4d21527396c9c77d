"""The proof that the entry of one transfer is in the log: from the gateway's own tables, or from an exported log."""

from collections.abc import Callable

import msgspec

from gateway.ports import Log, Publications
from gateway.tlog.checkpoint import stated
from gateway.tlog.entries import decode
from gateway.tlog.hash_tiles import reading, tiles_along
from gateway.tlog.merkle import leaf_hash, verify_inclusion
from gateway.tlog.proof import Proof
from gateway.tlog.proving import inclusion
from gateway.tlog.tiles import CHECKPOINT_PATH, ENTRIES, WIDTH, Read, bundle_path, parse_bundle, width_of

Progress = Callable[[int, int], None]


class NotFound(ValueError):
    """The log has no entry of this transfer, or none yet that a published checkpoint holds."""


class Proven(msgspec.Struct, frozen=True):
    """An entry as stored and the proof that it is in the log."""

    entry: bytes
    proof: Proof


async def prove(publications: Publications, coop: str, transfer: str) -> Proven:
    """Return the proof of a transfer's entry under the newest published checkpoint.

    Raises NotFound; ValueError where entry and tiles are not those of the checkpoint; Unavailable.
    """
    logged = await publications.of_transfer(coop, transfer)
    note = await publications.checkpoint(coop)
    if logged is None or note is None or logged.index >= stated(note).size:
        raise NotFound(f"no published entry is of the transfer `{transfer}`")
    tiles = await publications.tiles(coop, tiles_along(logged.index, stated(note).size))
    return _proven(reading(tiles), note, logged.index, logged.entry)


async def prove_index(log: Log, publications: Publications, coop: str, index: int) -> Proven:
    """Return the proof of the entry at an index, of whatever kind it is, under the newest published checkpoint.

    Raises NotFound; ValueError where entry and tiles are not those of the checkpoint; Unavailable.
    """
    entries, note = await log.entries(coop, index, 1), await publications.checkpoint(coop)
    if not entries or note is None or index >= stated(note).size:
        raise NotFound(f"no published entry is at {index}")
    tiles = await publications.tiles(coop, tiles_along(index, stated(note).size))
    return _proven(reading(tiles), note, index, entries[0])


def prove_in_files(read: Read, transfer: str, *, progress: Progress | None = None) -> Proven:
    """Return the proof of a transfer's entry out of an exported log, whose bundles are searched from the first on.

    Nothing is verified but that the proof leads to the root that the checkpoint states. Raises NotFound; ValueError for
    files that are not those of one log; OSError of `read`.
    """
    note = read(CHECKPOINT_PATH)
    if note is None:
        raise ValueError("there is no checkpoint")
    text = note.decode()
    size = stated(text).size
    looks = b'"transfer":' + msgspec.json.encode(transfer)
    for number in range(-(-size // WIDTH)):
        data = _bundle(read, number, size)
        if looks in data:
            for offset, entry in enumerate(parse_bundle(data)):
                if looks in entry and getattr(decode(entry), "transfer", None) == transfer:
                    return _proven(read, text, number * WIDTH + offset, entry)
        if progress is not None:
            progress(min((number + 1) * WIDTH, size), size)
    raise NotFound(f"no entry is of the transfer `{transfer}`")


def _bundle(read: Read, number: int, size: int) -> bytes:
    data = read(bundle_path(number, width=width_of(ENTRIES, number, size=size))) or read(bundle_path(number))
    if data is None:
        raise ValueError(f"entry bundle {number} is missing")
    return data


def _proven(read: Read, note: str, index: int, entry: bytes) -> Proven:
    head = stated(note)
    hashes = inclusion(read, index, head.size)
    if not verify_inclusion(leaf_hash(entry), hashes, index=index, size=head.size, root=head.root):
        raise ValueError(f"entry {index} and the tiles are not those of the checkpoint; verify the log")
    return Proven(entry, Proof(index=index, hashes=hashes, checkpoint=note.encode()))
