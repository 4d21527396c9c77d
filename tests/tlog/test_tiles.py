"""C2SP tlog-tiles: names, bundles, hash tiles, and proofs out of them."""

import pytest
from hypothesis import given, settings, strategies as st

from gateway.tlog.hash_tiles import OpenTiles, Tile, hash_tiles, range_hash
from gateway.tlog.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    root_of,
)
from gateway.tlog.tiles import (
    ENTRIES,
    WIDTH,
    TruncatedBundle,
    bundle_path,
    encode_bundle,
    parse_bundle,
    parse_path,
    read_bundle,
    read_tile,
    tile_path,
    width_of,
)

LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(70_000)]
FILES = dict(hash_tiles(LEAVES))  # the tree of the specification's example
NOTHING: dict[str, bytes] = {}


def test_the_path_of_the_specification():
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(63, 0, width=255) == "tile/63/000.p/255"
    assert bundle_path(1234067, width=8) == "tile/entries/x001/x234/067.p/8"
    assert bundle_path(999) == "tile/entries/999"
    assert bundle_path(1000) == "tile/entries/x001/000"


@given(st.integers(ENTRIES, 63), st.integers(0, 2**60), st.integers(1, 256))
def test_a_path_says_one_tile(level, index, width):
    assert parse_path(tile_path(level, index, width=width)) == (level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/x000/001",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/../001",
        "tile/0/001\n",
        "tile/0/００１",
        "tile/data/001",
    ],
)
def test_any_other_path_says_none(path):
    with pytest.raises(ValueError, match="not the path"):
        parse_path(path)


@pytest.mark.parametrize(("level", "index", "width"), [(-2, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_no_path_is_given_for_what_is_no_tile(level, index, width):
    with pytest.raises(ValueError, match="no tile"):
        tile_path(level, index, width=width)


def test_a_bundle_has_each_entry_after_its_length():
    assert encode_bundle([b"ab", b"", b"c"]) == b"\0\2ab\0\0\0\1c"
    assert encode_bundle([bytes(65_535)])[:2] == b"\xff\xff"
    with pytest.raises(ValueError, match="65536"):
        encode_bundle([bytes(65_536)])


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_is_read_as_it_was_written(entries):
    assert parse_bundle(encode_bundle(entries)) == entries


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.data())
def test_a_cut_bundle_says_how_many_entries_are_whole(entries, data):
    whole = encode_bundle(entries)
    cut = data.draw(st.integers(0, len(whole) - 1))
    ends = [len(encode_bundle(entries[:count])) for count in range(len(entries) + 1)]
    if cut in ends:
        assert parse_bundle(whole[:cut]) == entries[: ends.index(cut)]
    else:
        with pytest.raises(TruncatedBundle) as refused:
            parse_bundle(whole[:cut])
        assert refused.value.complete == sum(end <= cut for end in ends) - 1


def test_the_tiles_of_a_tree_of_70000():
    named = [parse_path(path) for path in FILES]
    assert sum(level == 0 and width == WIDTH for level, _, width in named) == 273
    assert {each for each in named if each[0] > 0 or each[2] < WIDTH} == {
        (0, 273, 112),
        (1, 0, 256),
        (1, 1, 17),
        (2, 0, 1),
    }
    assert len(FILES) == len(set(named)) == 273 + 4


def test_a_tree_of_256_has_a_full_tile_and_its_root_above():
    files = dict(hash_tiles(LEAVES[:256]))
    assert files == {"tile/0/000": b"".join(LEAVES[:256]), "tile/1/000.p/1": root_of(LEAVES[:256])}


def test_the_empty_tree_has_no_tiles():
    assert list(hash_tiles([])) == []


def test_each_hash_in_a_tile_is_the_root_over_its_leaves():
    assert FILES["tile/0/273.p/112"] == b"".join(LEAVES[273 * 256 :])
    assert FILES["tile/1/001.p/17"][-32:] == root_of(LEAVES[272 * 256 : 273 * 256])
    assert FILES["tile/2/000.p/1"] == root_of(LEAVES[:65_536])


def test_the_widths_of_the_specification():
    assert [width_of(level, 0, size=70_000) for level in range(4)] == [256, 256, 1, 0]
    assert [width_of(level, index, size=70_000) for level, index in ((0, 273), (1, 1), (0, 274), (2, 1))] == [
        *(112, 17),
        *(0, 0),
    ]
    assert width_of(ENTRIES, 273, size=70_000) == 112


@given(st.lists(st.integers(0, 700), max_size=5))
@settings(deadline=None)
def test_tiles_are_the_same_however_the_leaves_come(steps):
    tree, written, size = OpenTiles(), {}, 0
    for step in steps:
        for tile in tree.add(LEAVES[size : size + step]):
            written[tile.path] = tile.data
        size += step
        assert tree.root() == root_of(LEAVES[:size])
    written |= {tile.path: tile.data for tile in tree.partial()}
    assert written == dict(hash_tiles(LEAVES[:size]))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600, 65_535, 65_536, 65_537])
def test_a_tree_goes_on_from_its_partial_tiles(size):
    tree = OpenTiles.resume(size, dict(hash_tiles(LEAVES[:size])).get)
    assert tree.root() == root_of(LEAVES[:size])
    written = {tile.path: tile.data for tile in (*tree.add(LEAVES[size:]), *tree.partial())}
    assert tree.size == 70_000
    assert tree.root() == root_of(LEAVES)
    assert written.items() <= FILES.items()
    assert {path for path in FILES if path not in written} <= dict(hash_tiles(LEAVES[:size])).keys()


def test_a_tree_does_not_go_on_from_a_missing_or_other_tile():
    files = dict(hash_tiles(LEAVES[:600]))
    for other in (NOTHING, {"tile/0/002.p/88": files["tile/0/002.p/88"][:-32]}):
        with pytest.raises(ValueError, match="partial tile"):
            OpenTiles.resume(600, other.get)


def test_the_root_of_the_empty_tree():
    assert OpenTiles().root() == OpenTiles.resume(0, NOTHING.get).root() == EMPTY_ROOT


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 65_537, 70_000])
def test_proofs_out_of_tiles_are_those_over_all_leaves(size):
    files = dict(hash_tiles(LEAVES[:size]))
    for index in {0, size // 3, size - 1}:
        proof = [range_hash(files.get, *part, size=size) for part in inclusion_ranges(index, size)]
        assert proof == inclusion_proof(index, size, LEAVES.__getitem__)
    for old in {1, size // 2, size - size % 256, size}:
        proof = [range_hash(files.get, *part, size=size) for part in consistency_ranges(old, size)]
        assert proof == consistency_proof(old, size, LEAVES.__getitem__)


def test_no_proof_comes_out_of_a_missing_tile():
    with pytest.raises(ValueError, match="missing"):
        range_hash(NOTHING.get, 0, 256, size=256)


def test_a_full_tile_serves_for_the_partial_one_it_replaced():
    assert read_tile(FILES.get, 0, 0, size=100) == b"".join(LEAVES[:100])
    assert read_tile(FILES.get, 0, 274, size=70_145) is None
    grown = {bundle_path(0): encode_bundle([bytes([number]) for number in range(256)])}
    assert read_bundle(grown.get, 0, size=3) == [b"\0", b"\1", b"\2"]
    assert read_bundle(NOTHING.get, 0, size=3) is None
    assert read_bundle(NOTHING.get, 0, size=256) is None


def test_a_tile_knows_its_name():
    assert Tile(1, 1234067, bytes(32 * 5)).path == "tile/1/x001/x234/067.p/5"
