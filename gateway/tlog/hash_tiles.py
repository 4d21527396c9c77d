"""The hash tiles of a tree: computed as it grows, read again to prove something about it (c2sp.org/tlog-tiles)."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice

import msgspec

from gateway.tlog.merkle import HASH_SIZE, Frontier, fold
from gateway.tlog.tiles import WIDTH, Read, parse_path, read_tile, split_hashes, tile_path, width_of


class Tile(msgspec.Struct, frozen=True):
    """The hashes at positions [index × 256, index × 256 + width) of a level, joined."""

    level: int
    index: int
    data: bytes

    @property
    def width(self) -> int:
        return len(self.data) // HASH_SIZE

    @property
    def path(self) -> str:
        return tile_path(self.level, self.index, width=self.width)


class OpenTiles:
    """The tiles of a growing tree that are not yet full, one for each level: flat memory, whatever the tree's size."""

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[list[bytes]] = [[]]

    @classmethod
    def resume(cls, size: int, read: Read) -> "OpenTiles":
        """Go on from the partial tiles that stand at the right edge of a tree of `size` leaves.

        ValueError when one of them is missing or has another width. They are not proved here: whoever signs the next
        root demands its consistency with the last one.
        """
        tree = cls()
        tree.size = size
        tree._levels.clear()
        while (hashes := size >> (8 * len(tree._levels))) or not tree._levels:
            level = len(tree._levels)
            index, width = divmod(hashes, WIDTH)
            data = read(tile_path(level, index, width=width)) if width else b""
            if data is None or len(data) != width * HASH_SIZE:
                raise ValueError(f"the partial tile {index} at level {level} is missing or not {width} wide")
            tree._levels.append(split_hashes(data))
        return tree

    def add(self, leaves: Iterable[bytes]) -> Iterator[Tile]:
        """Take further leaf hashes; give each tile that they complete, lower levels first."""
        bottom, left = self._levels[0], iter(leaves)
        while taken := tuple(islice(left, WIDTH - len(bottom))):
            bottom += taken
            self.size += len(taken)
            if len(bottom) == WIDTH:
                yield from self._close()

    def _close(self) -> Iterator[Tile]:
        for level, hashes in enumerate(self._levels):
            if len(hashes) < WIDTH:
                return
            data = b"".join(hashes)
            hashes.clear()
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(subtree_root(data))
            yield Tile(level, (self.size >> (8 * (level + 1))) - 1, data)

    def partial(self) -> Iterator[Tile]:
        """Give the tiles that are not full, lower levels first: what stands at the right edge of the tree now."""
        for level, hashes in enumerate(self._levels):
            if hashes:
                yield Tile(level, self.size >> (8 * (level + 1)), b"".join(hashes))

    def root(self) -> bytes:
        """Give the root of the tree as it stands."""
        subtrees: list[bytes] = []
        for hashes in reversed(self._levels):
            subtrees += Frontier().extend(hashes).hashes
        return fold(subtrees)


def subtree_root(data: bytes) -> bytes:
    """Give the root over the hashes of a perfect subtree, a full tile or a part of one."""
    while len(data) > HASH_SIZE:
        pairs = range(0, len(data), 2 * HASH_SIZE)
        data = b"".join([sha256(b"\x01" + data[at : at + 2 * HASH_SIZE]).digest() for at in pairs])
    return data


def hash_tiles(leaves: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Give (path, bytes) of every hash tile of the tree with these leaf hashes; the partial ones last."""
    tree = OpenTiles()
    for tile in tree.add(leaves):
        yield tile.path, tile.data
    for tile in tree.partial():
        yield tile.path, tile.data


def range_hash(read: Read, low: int, high: int, *, size: int) -> bytes:
    """Give the root over leaves [low, high) from the tiles of a tree of `size` leaves.

    With `inclusion_ranges` and `consistency_ranges` this makes a proof out of a few tiles; what comes of altered tiles
    proves nothing and is refused by whoever verifies it. `low` is a multiple of the largest power of two in the range,
    as in every range of a proof. ValueError when a tile is missing. One tile may be asked for several times in a proof:
    let `read` remember.
    """
    subtrees: list[bytes] = []
    while low < high:
        height = (high - low).bit_length() - 1
        level, within = divmod(height, 8)
        index, position = divmod(low >> (8 * level), WIDTH)
        data = read_tile(read, level, index, size=size) or b""
        hashes = data[HASH_SIZE * position : HASH_SIZE * (position + (1 << within))]
        if len(hashes) != HASH_SIZE << within:
            raise ValueError(f"tile {index} at level {level} is missing or too short")
        subtrees.append(subtree_root(hashes))
        low += 1 << height
    return fold(subtrees)


def tiles_along(index: int, size: int) -> list[tuple[int, int]]:
    """Name (level, index) of every tile on the way from a leaf to the root of a tree and on its right edge.

    They are all that an inclusion proof of the leaf is made of, or a consistency proof from the tree that ends with it;
    with `index` = `size`, all that `OpenTiles.resume` reads.
    """
    named: list[tuple[int, int]] = []
    level = 0
    while size >> (8 * level):
        numbers = {index >> (8 * (level + 1)), size >> (8 * (level + 1))}
        named += [(level, number) for number in sorted(numbers) if width_of(level, number, size=size)]
        level += 1
    return named


def reading(tiles: Mapping[tuple[int, int], bytes]) -> Read:
    """Give the read function of tiles at hand, by (level, index): as wide as they are, or narrower."""

    def read(path: str) -> bytes | None:
        level, index, width = parse_path(path)
        data = tiles.get((level, index), b"")[: width * HASH_SIZE]
        return data if len(data) == width * HASH_SIZE else None

    return read
