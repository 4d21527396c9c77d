"""What was done to a log whose entries no longer hash to what its tiles say.

Runs once, on the way to a refusal, and may read the log again. Its answer guides the auditor's next step; that the log
is refused does not depend on it.
"""

from gateway.tlog.checkpoint import Checkpoint
from gateway.tlog.findings import Code, Refused
from gateway.tlog.hash_tiles import OpenTiles, subtree_root
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.tiles import WIDTH, Read, TruncatedBundle, read_bundle, read_tile, split_hashes, width_of


def explain(read_or_fail: Read, head: Checkpoint, tree: OpenTiles, leaves: list[bytes], stored: bytes) -> Refused:
    """Name what was done to the bundle with these leaf hashes, which differ from the stored level-0 tile.

    `tree` holds all that stands before the bundle, and is spent here.
    """

    def read(path: str) -> bytes | None:
        try:
            return read_or_fail(path)
        except OSError:  # what was found already is worth more than why it cannot be explained
            return None

    expected = split_hashes(stored)
    offset = 0
    while leaves[offset : offset + 1] == expected[offset : offset + 1]:
        offset += 1
    index = tree.size + offset

    if _tile_is_at_fault(read, head, tree, leaves):
        return Refused(Code.TILE_ALTERED, f"the level-0 tile has another hash for entry {index}", index=index)

    found = leaves[offset] if offset < len(leaves) else None
    lost = expected[offset] if offset < len(expected) else None
    belongs = None if found is None else _in_tiles(read, found, size=head.size)
    moved = None if lost is None else _in_bundles(read, lost, size=head.size)

    if belongs is not None and belongs < index:
        code, sentence = Code.ENTRY_DUPLICATED, f"at index {index} stands entry {belongs} once more"
    elif moved is not None and (found is None or belongs is not None):
        code, sentence = Code.ENTRY_REORDERED, f"entry {index} stands at index {moved} instead"
    elif moved is not None or lost is None:
        code, sentence = Code.ENTRY_INSERTED, f"at index {index} stands an entry that does not belong there"
    elif found is None or belongs is not None:
        code, sentence = Code.ENTRY_DELETED, f"entry {index} is missing"
    else:
        code, sentence = Code.ENTRY_ALTERED, f"entry {index} is not what was logged at that index"
    return Refused(code, sentence, index=index)


def _tile_is_at_fault(read: Read, head: Checkpoint, tree: OpenTiles, leaves: list[bytes]) -> bool:
    """Tell whether the entries agree with what stands above the tile: the next level, or the signed root."""
    tile = tree.size // WIDTH
    if len(leaves) != width_of(0, tile, size=head.size):
        return False
    if len(leaves) == WIDTH:
        parent, position = divmod(tile, WIDTH)
        above = split_hashes(read_tile(read, 1, parent, size=head.size) or b"")
        return above[position : position + 1] == [subtree_root(b"".join(leaves))]
    for _ in tree.add(leaves):
        pass
    return tree.root() == head.root


def _in_tiles(read: Read, leaf: bytes, *, size: int) -> int | None:
    """Find the index at which the level-0 tiles say that this leaf hash belongs."""
    for tile in range(-(-size // WIDTH)):
        data = read_tile(read, 0, tile, size=size)
        if data is None:
            return None
        if leaf in data and leaf in (hashes := split_hashes(data)):
            return tile * WIDTH + hashes.index(leaf)
    return None


def _in_bundles(read: Read, leaf: bytes, *, size: int) -> int | None:
    """Find the index at which an entry with this leaf hash stands now."""
    first = 0
    for bundle in range(-(-size // WIDTH)):
        try:
            entries = read_bundle(read, bundle, size=size)
        except TruncatedBundle:
            return None
        if entries is None:
            return None
        for offset, entry in enumerate(entries):
            if leaf_hash(entry) == leaf:
                return first + offset
        first += len(entries)
    return None
