"""The log as a folder of plain files that never change (c2sp.org/tlog-tiles).

    checkpoint                   the signed size and root
    tile/entries/<N>[.p/<W>]     entry bundle: up to 256 entries, each after its length in two bytes
    tile/<L>/<N>[.p/<W>]         hash tile: up to 256 hashes, each the root over 256^L leaves

A tile that is not full carries its width W and is replaced by a wider one as the log grows; a full one stands for ever.
"""

import re
import struct
from collections.abc import Callable, Iterable
from typing import Final

from gateway.tlog.merkle import HASH_SIZE

WIDTH: Final = 256  # tiles of height 8
MAX_ENTRY: Final = 0xFFFF  # what a length of two bytes can say
ENTRIES: Final = -1  # the level under which a path names an entry bundle

CHECKPOINT_PATH: Final = "checkpoint"

Read = Callable[[str], bytes | None]
"""Gives the bytes of a file of the log by its path, None when there is none."""

_LENGTH: Final = struct.Struct(">H")
_PATH: Final = re.compile(r"tile/(entries|[1-5]?[0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TruncatedBundle(ValueError):
    """The bundle ends within an entry; `complete` entries stand before it."""

    def __init__(self, complete: int) -> None:
        super().__init__("the entry bundle ends within an entry")
        self.complete = complete


def tile_path(level: int, index: int, *, width: int = WIDTH) -> str:
    """Name the file of a hash tile, or with level ENTRIES that of an entry bundle: `tile/1/x001/234.p/5`.

    ValueError unless 0 ≤ level ≤ 63, index ≥ 0 and 1 ≤ width ≤ 256.
    """
    if not (ENTRIES <= level <= 63 and index >= 0 and 1 <= width <= WIDTH):
        raise ValueError(f"there is no tile {index} of width {width} at level {level}")
    index, last = divmod(index, 1000)
    segments = f"{last:03}"
    while index:
        index, part = divmod(index, 1000)
        segments = f"x{part:03}/{segments}"
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level == ENTRIES else level}/{segments}{partial}"


def bundle_path(index: int, *, width: int = WIDTH) -> str:
    """Name the file of an entry bundle: `tile/entries/x001/234.p/5`."""
    return tile_path(ENTRIES, index, width=width)


def parse_path(path: str) -> tuple[int, int, int]:
    """Give (level, index, width) of a tile's or a bundle's file name; ValueError for any other spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise ValueError("this is not the path of a tile")
    level = ENTRIES if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("/", "").replace("x", ""))
    width = int(match[3]) if match[3] else WIDTH
    if tile_path(level, index, width=width) != path:  # a superfluous x000, or .p/256 and above
        raise ValueError("this is not the path of a tile")
    return level, index, width


def width_of(level: int, index: int, *, size: int) -> int:
    """Give how many hashes (or entries) a tile has in a tree of `size` leaves: 0 when there is no such tile."""
    hashes = size >> (8 * max(level, 0))
    return min(max(hashes - index * WIDTH, 0), WIDTH)


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Give the entry bundle of these entries: each after its length as big-endian uint16; ValueError over 65,535."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes does not fit a bundle")
        parts += (_LENGTH.pack(len(entry)), entry)
    return b"".join(parts)


def parse_bundle(data: bytes) -> list[bytes]:
    """Give the entries of a bundle, however many it holds; TruncatedBundle when it ends within one."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        start = at + _LENGTH.size
        at = start + (data[at] << 8 | data[at + 1]) if start <= end else end + 1
        if at > end:
            raise TruncatedBundle(len(entries))
        entries.append(data[start:at])
    return entries


def split_hashes(data: bytes) -> list[bytes]:
    """Give the hashes of a tile one by one."""
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def read_tile(read: Read, level: int, index: int, *, size: int) -> bytes | None:
    """Read a hash tile as a tree of `size` leaves has it; None when it is missing.

    A partial tile may have been deleted once the full one stood (c2sp.org/tlog-tiles, "Partial Tiles"): its beginning
    serves as well.
    """
    width = width_of(level, index, size=size)
    data = read(tile_path(level, index, width=width))
    if data is None and width < WIDTH:
        whole = read(tile_path(level, index))
        return whole and whole[: width * HASH_SIZE]
    return data


def read_bundle(read: Read, index: int, *, size: int) -> list[bytes] | None:
    """Read the entries of a bundle as a log of `size` entries has it; None when it is missing.

    Falls back on the full bundle as `read_tile` does. The number of entries is as found: it is for the caller to judge.
    Raises TruncatedBundle.
    """
    width = width_of(ENTRIES, index, size=size)
    data = read(bundle_path(index, width=width))
    if data is not None:
        return parse_bundle(data)
    whole = read(bundle_path(index)) if width < WIDTH else None
    return None if whole is None else parse_bundle(whole)[:width]
