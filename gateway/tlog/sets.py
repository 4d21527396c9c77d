"""Members by ordinal: sets of up to 65,536, the commitment to them, and reading a set that nobody vouches for.

A co-op numbers its members in the order in which they were first released; the number is secret and says nothing of a
person. The members of a large transfer are cut into chunks by the number's high bits; a chunk holds the lowest 16 bits
as one roaring container (transfer-log.md "Members and side rows"; portable form: RoaringFormatSpec).
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise

from pyroaring import BitMap

from gateway.core.identity import SALT, Chunk
from gateway.tlog.merkle import leaf_hash, root_of

BITS = 16
_LOW = (1 << BITS) - 1

_PLAIN = struct.pack("<IIH", 12346, 1, 0)
"""One container, its key 0, no runs; then cardinality − 1 (u16), the offset of what follows (u32, 16), the values."""
_RUNS = struct.pack("<IBH", 12347, 1, 0)
"""One container, it has runs, its key 0; then cardinality − 1 (u16), how many runs (u16), their start and length − 1."""
_MOST_LISTED = 4_096
"""A container without runs lists its values up to so many, and is 65,536 bits beyond."""


def parts(ordinals: Iterable[int]) -> Iterator[tuple[int, BitMap]]:
    """Cut a set of ordinals into (chunk number, lowest 16 bits of each), ascending."""
    left = BitMap(ordinals)
    while left:
        number = left.min() >> BITS
        base = number << BITS
        part = left & BitMap(range(base, base + _LOW + 1))
        left -= part
        yield number, part.shift(-base)


def joined(parts: Iterable[tuple[int, bytes]]) -> BitMap:
    """Return the set of ordinals that (chunk number, container) pairs of our own making hold."""
    return BitMap.union(BitMap(), *(BitMap.deserialize(container).shift(number << BITS) for number, container in parts))


def container_of(low: BitMap) -> bytes:
    """Return a set of lowest 16 bits as it is stored and hashed."""
    low.run_optimize()
    return low.serialize()


def holds(container: bytes, ordinal: int) -> bool:
    """Tell whether a container of our own making holds an ordinal of its chunk."""
    return ordinal & _LOW in BitMap.deserialize(container)


def chunks_of(ordinals: Iterable[int], *, randomness: Callable[[int], bytes]) -> tuple[Chunk, ...]:
    """Return the side rows of a large transfer, sorted by chunk number; `randomness` gives so many random bytes."""
    return tuple(
        Chunk(
            number=number,
            lo=(number << BITS) + low.min(),
            hi=(number << BITS) + low.max(),
            salt=randomness(SALT),
            container=container_of(low),
        )
        for number, low in parts(ordinals)
    )


def chunk_leaf(number: int, salt: bytes, container: bytes) -> bytes:
    """Return the leaf hash of one chunk: SHA-256(00 ‖ salt32 ‖ be32(number) ‖ container)."""
    return leaf_hash(salt + number.to_bytes(4) + container)


def commitment_of(chunks: Iterable[Chunk]) -> bytes:
    """Return the commitment to a large transfer's members: the RFC 6962 root over its chunks in their order."""
    return root_of(chunk_leaf(chunk.number, chunk.salt, chunk.container) for chunk in chunks)


def low_bits(container: bytes) -> list[int]:
    """Return the values of a container, ascending. Raises ValueError for any bytes that are not exactly one container.

    For containers that come from outside: roaring's own reader trusts them more than a verifier should.
    """
    if container.startswith(_PLAIN) and container[12:16] == struct.pack("<I", 16):
        size = _word(container, 10) + 1
        values = _words(container[16:]) if size <= _MOST_LISTED else _bits(container[16:])
    elif container.startswith(_RUNS):
        size = _word(container, 7) + 1
        runs = _words(container[11:])
        # Counted before they are written out: a few runs can claim more values than any memory holds.
        if len(runs) != 2 * _word(container, 9) or sum(runs[1::2]) + len(runs) // 2 != size:
            raise ValueError("a container does not have the runs it states")
        pairs = zip(runs[::2], runs[1::2], strict=True)
        values = [*chain.from_iterable(range(start, start + more + 1) for start, more in pairs)]
    else:
        raise ValueError("not a roaring container of one chunk")
    if len(values) != size or values[-1] > _LOW or any(one >= after for one, after in pairwise(values)):
        raise ValueError("a container's values are not as many as it states, or not in order")
    return values


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _words(data: bytes) -> list[int]:
    if len(data) % 2:
        raise ValueError("a container ends within a value")
    return list(struct.unpack(f"<{len(data) // 2}H", data))


def _bits(data: bytes) -> list[int]:
    if len(data) != (_LOW + 1) // 8:
        raise ValueError("a bit set is not 65,536 bits long")
    return [8 * at + bit for at, byte in enumerate(data) if byte for bit in range(8) if byte >> bit & 1]
