"""Sets of ordinals: cut, stored and read back unchanged; nothing else than one well-formed container is ever read."""

import os
import struct

import pytest
from hypothesis import example, given, strategies as st
from pyroaring import BitMap

from gateway.tlog.merkle import leaf_hash, root_of
from gateway.tlog.sets import chunk_leaf, chunks_of, commitment_of, container_of, holds, joined, low_bits, parts

ordinals = st.sets(st.integers(0, 2**19), min_size=1, max_size=200)
lows = st.one_of(
    st.sets(st.integers(0, 65_535), min_size=1, max_size=100),
    st.integers(0, 60_000).flatmap(lambda start: st.integers(1, 5_000).map(lambda n: set(range(start, start + n)))),
    st.integers(2, 15).map(lambda step: set(range(0, 65_536, step))),
)


@given(ordinals)
def test_parts_are_ascending_and_hold_exactly_the_ordinals(members: set[int]) -> None:
    cut = [(number, container_of(low)) for number, low in parts(members)]
    assert [number for number, _ in cut] == sorted({one >> 16 for one in members})
    assert set(joined(cut)) == members
    for number, container in cut:
        assert [(number << 16) + low for low in low_bits(container)] == sorted(
            one for one in members if one >> 16 == number
        )


@given(lows)
@example(set(range(65_536)))
@example({65_535})
def test_a_container_reads_as_roaring_itself_reads_it(low: set[int]) -> None:
    container = container_of(BitMap(low))
    assert low_bits(container) == sorted(low) == list(BitMap.deserialize(container))
    assert holds(container, (3 << 16) + min(low))


@given(lows, st.data())
def test_a_changed_container_is_refused_or_says_something_else(low: set[int], data: st.DataObject) -> None:
    container = bytearray(container_of(BitMap(low)))
    container[data.draw(st.integers(0, len(container) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = low_bits(bytes(container))
    except ValueError:
        return
    assert read != sorted(low)


@given(
    st.binary(max_size=64), st.sampled_from([b"", container_of(BitMap([1]))[:10], container_of(BitMap(range(9)))[:7]])
)
def test_any_bytes_are_a_container_or_a_value_error(noise: bytes, start: bytes) -> None:
    try:
        values = low_bits(start + noise)
    except ValueError:
        return
    assert values == sorted({*values})


@pytest.mark.parametrize(
    "container",
    [
        b"",
        BitMap().serialize(),
        BitMap([70_000]).serialize(),
        BitMap([1, 70_000]).serialize(),
        container_of(BitMap([1, 5, 9])) + b"\0",
        container_of(BitMap([1, 5, 9]))[:-1],
        container_of(BitMap(range(0, 65_536, 3)))[:-8],
        struct.pack("<IIHHIHH", 12346, 1, 0, 1, 16, 9, 5),
        struct.pack("<IIHHIHH", 12346, 1, 0, 1, 16, 5, 5),
        struct.pack("<IBHHHHHHH", 12347, 1, 0, 9, 2, 5, 4, 7, 4),
        struct.pack("<IBHHHHH", 12347, 1, 0, 9, 1, 65_530, 9),
        struct.pack("<IBHHH", 12347, 1, 0, 0, 0),
    ],
    ids=["nothing", "empty", "key", "two", "long", "short", "bits", "order", "twice", "overlap", "beyond", "no runs"],
)
def test_what_is_not_exactly_one_container_is_refused(container: bytes) -> None:
    with pytest.raises(ValueError):
        low_bits(container)


@given(ordinals)
def test_the_commitment_is_the_rfc_6962_root_over_salted_chunks(members: set[int]) -> None:
    chunks = chunks_of(members, randomness=os.urandom)
    leaves = [leaf_hash(chunk.salt + chunk.number.to_bytes(4, "big") + chunk.container) for chunk in chunks]
    assert leaves == [chunk_leaf(chunk.number, chunk.salt, chunk.container) for chunk in chunks]
    assert commitment_of(chunks) == root_of(leaves)
    assert len({chunk.salt for chunk in chunks}) == len(chunks)
    for chunk in chunks:
        mine = sorted(one for one in members if one >> 16 == chunk.number)
        assert (chunk.lo, chunk.hi) == (mine[0], mine[-1])


def test_members_released_one_after_another_cost_next_to_nothing() -> None:
    (chunk,) = chunks_of(range(70_000, 71_000), randomness=os.urandom)
    assert len(chunk.container) < 20
