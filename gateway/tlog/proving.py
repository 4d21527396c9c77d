"""Proofs out of a log's tiles: a few files are read, however long the log is."""

from gateway.tlog.hash_tiles import range_hash
from gateway.tlog.merkle import consistency_ranges, inclusion_ranges
from gateway.tlog.tiles import Read


def inclusion(read: Read, index: int, size: int) -> tuple[bytes, ...]:
    """Prove that a leaf is in the tree of the first `size` leaves, from the leaf's sibling up.

    ValueError unless 0 ≤ index < size, and where a tile is missing or too short. Source: RFC 6962 section 2.1.1.
    """
    return _hashes(read, inclusion_ranges(index, size), size)


def consistency(read: Read, old: int, new: int) -> tuple[bytes, ...]:
    """Prove that the tree of the first `new` leaves begins with that of the first `old`; empty for nothing to prove.

    ValueError unless 0 ≤ old ≤ new, and where a tile is missing or too short. Source: RFC 6962 section 2.1.2.
    """
    return _hashes(read, consistency_ranges(old, new), new)


def _hashes(read: Read, ranges: list[tuple[int, int]], size: int) -> tuple[bytes, ...]:
    files: dict[str, bytes | None] = {}

    def once(path: str) -> bytes | None:  # neighbouring subtrees share their tiles
        if path not in files:
            files[path] = read(path)
        return files[path]

    return tuple(range_hash(once, low, high, size=size) for low, high in ranges)
