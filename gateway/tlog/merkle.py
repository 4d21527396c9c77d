"""The Merkle tree that makes one number answer for every entry of a log (RFC 6962 section 2.1, RFC 9162 section 2.1).

A tree is never held: it is a `Frontier` (the roots of its perfect subtrees), or a way to ask for the hash of one leaf.
Every hash is 32 bytes of SHA-256; `leaf` below always means a leaf *hash*, as `leaf_hash` gives it.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

MAX_SIZE: Final = 2**63 - 1  # what every database and every other implementation can hold

_SIZE: Final = struct.Struct(">Q")


def leaf_hash(entry: bytes) -> bytes:
    """Give the hash under which these exact bytes stand in a tree: SHA-256(00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of an inner node: SHA-256(01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier(msgspec.Struct, frozen=True):
    """All that is needed of a tree to go on appending to it: its size and the roots of its perfect subtrees.

    `hashes` runs from left to right, from the largest subtree to the smallest: one for each binary 1 in `size`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """Give the frontier of the tree with this leaf hash after all others."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Give the frontier of the tree with these leaf hashes after all others: about 1 µs each."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            node, full = leaf, size
            while full & 1:
                node = sha256(b"\x01" + hashes.pop() + node).digest()
                full >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """Give the root of the tree; SHA-256 of nothing for the empty one."""
        return fold(self.hashes)

    def to_bytes(self) -> bytes:
        """Give the stored form: big-endian uint64 size, then the hashes."""
        return _SIZE.pack(self.size) + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read the stored form; ValueError unless it has exactly the hashes that its size demands."""
        if len(data) < _SIZE.size:
            raise ValueError("a frontier begins with eight bytes of size")
        (size,) = _SIZE.unpack_from(data)
        if size > MAX_SIZE or len(data) != _SIZE.size + HASH_SIZE * size.bit_count():
            raise ValueError(f"a frontier of size {size} has another length")
        return cls(size, tuple(data[at : at + HASH_SIZE] for at in range(_SIZE.size, len(data), HASH_SIZE)))


def fold(subtrees: Sequence[bytes]) -> bytes:
    """Give the root over perfect subtrees that stand side by side, the largest first."""
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Give the root of the tree with exactly these leaf hashes."""
    return Frontier().extend(leaves).root()


def _split(size: int) -> int:
    """Give the largest power of two smaller than `size` (size > 1): where RFC 6962 parts a tree."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Name the subtrees [from, to) whose roots prove that a leaf is in a tree, in the order of the proof.

    ValueError unless 0 ≤ index < size. Source: RFC 6962 section 2.1.1, PATH.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of size {size} has no leaf {index}")
    ranges: list[tuple[int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Name the subtrees [from, to) whose roots prove that a tree only grew, in the order of the proof.

    ValueError unless 0 ≤ old ≤ new; empty when there is nothing to prove. Source: RFC 6962 section 2.1.2, PROOF.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of size {new} cannot have grown out of one of size {old}")
    if old in (0, new):
        return []
    ranges: list[tuple[int, int]] = []
    low, high = 0, new
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:  # the old tree's last subtree: when it is the whole old tree, the verifier has its root already
        ranges.append((low, high))
    return ranges[::-1]


def inclusion_proof(index: int, size: int, leaf_at: Callable[[int], bytes]) -> list[bytes]:
    """Prove that leaf `index` is in the tree of the first `size` leaves; `leaf_at` is asked for every other leaf."""
    return [root_of(map(leaf_at, range(*part))) for part in inclusion_ranges(index, size)]


def consistency_proof(old: int, new: int, leaf_at: Callable[[int], bytes]) -> list[bytes]:
    """Prove that the tree of the first `new` leaves begins with the tree of the first `old` ones."""
    return [root_of(map(leaf_at, range(*part))) for part in consistency_ranges(old, new)]


def verify_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes) -> bool:
    """Tell whether the proof shows this leaf hash at `index` of the tree with this size and root.

    Anything malformed is simply not a proof. Source: RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size or any(len(part) != HASH_SIZE for part in (leaf, root, *proof)):
        return False
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(proof: Sequence[bytes], *, old: int, old_root: bytes, new: int, new_root: bytes) -> bool:
    """Tell whether the proof shows that the new tree begins with every leaf of the old one, unchanged.

    The empty tree is the beginning of every tree, with the empty proof and its own root. Anything malformed is simply
    not a proof. Source: RFC 9162 section 2.1.4.2.
    """
    if not 0 <= old <= new or any(len(part) != HASH_SIZE for part in (old_root, new_root, *proof)):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old & (old - 1) == 0:  # a power of two: the old root is itself a node of the new tree
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    was = now = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root
