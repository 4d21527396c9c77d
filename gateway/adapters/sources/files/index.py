"""Where each member's record stands in a file: codes in ascending order, and a place for each, in memory.

Two flat runs of bytes hold it all: codes of one width, padded with NUL, which no code has, and places of eight bytes. For
codes of eight characters that is 16 bytes a member; UTF-8 sorts as Python sorts text.
"""

import heapq
import itertools
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

LONGEST: Final = 64
"""Bytes of a code; one endless code would widen every other."""
_RUN: Final = 1 << 16
_PLACE: Final = 8


class Twice(Exception):
    """Two records have one code."""

    def __init__(self, places: tuple[int, int]) -> None:
        super().__init__("two records have one code")
        self.places = places


class Index:
    """Codes in ascending order with their places; look-ups by bisection."""

    def __init__(self, width: int, codes: bytearray, places: "array[int]") -> None:
        """Take the padded codes and the places beside them."""
        self._width = width
        self._codes = codes
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, at: int) -> bytes:
        """Return the padded code at a position."""
        return bytes(self._codes[at * self._width : (at + 1) * self._width])

    def code(self, at: int) -> str:
        """Return the code at a position."""
        return self[at].rstrip(b"\0").decode()

    def find(self, code: str) -> int | None:
        """Return the position of a code; None where no record has it."""
        key = _key(code)
        if not key or b"\0" in key or len(key) > self._width:
            return None
        at = bisect_left(self, key := key.ljust(self._width, b"\0"))
        return at if at < len(self) and self[at] == key else None

    def following(self, code: str | None) -> int:
        """Return the first position whose code is greater; None: the first of all."""
        if code is None:
            return 0
        key = _key(code).ljust(self._width, b"\0")
        at: int = bisect_left(self, key)
        return at + (at < len(self) and self[at] == key)


class Indexing:
    """An index while a file is read: sorted runs, merged at the end, so that it never takes much more than it will."""

    def __init__(self) -> None:
        """Begin with no member."""
        self._codes: list[bytes] = []
        self._places: list[int] = []
        self._runs: list[tuple[int, bytes]] = []
        self.members = 0

    def add(self, code: str, place: int) -> int:
        """Note a member's record; return how many bytes the code has. Nothing is noted of one longer than LONGEST."""
        key = _key(code)
        if len(key) > LONGEST:
            return len(key)
        self._codes.append(key)
        self._places.append(place)
        self.members += 1
        if len(self._codes) == _RUN:
            self._end_run()
        return len(key)

    def done(self) -> Index:
        """Return the index. Raises Twice."""
        if self._codes:
            self._end_run()
        width = max((width for width, _ in self._runs), default=1)
        codes, places = bytearray(), array("Q")
        before, before_place = b"", 0
        for key, place in _merged(self._runs, width):
            if key == before:
                raise Twice((min(before_place, place), max(before_place, place)))
            codes += key
            places.append(place)
            before, before_place = key, place
        self._runs.clear()
        return Index(width, codes, places)

    def _end_run(self) -> None:
        width = max(map(len, self._codes))
        entries = sorted(
            code.ljust(width, b"\0") + place.to_bytes(_PLACE, "big")
            for code, place in zip(self._codes, self._places, strict=True)
        )
        self._runs.append((width, b"".join(entries)))
        self._codes, self._places = [], []


def _merged(runs: list[tuple[int, bytes]], width: int) -> Iterable[tuple[bytes, int]]:
    entries = [_entries(own, run, width) for own, run in runs]
    ends = [(run[:own].ljust(width, b"\0"), run[-own - _PLACE : -_PLACE].ljust(width, b"\0")) for own, run in runs]
    if all(one[1] < other[0] for one, other in itertools.pairwise(ends)):
        return itertools.chain.from_iterable(entries)  # a file in the order of its codes needs no merging
    return heapq.merge(*entries)


def _entries(own: int, run: bytes, width: int) -> Iterator[tuple[bytes, int]]:
    size = own + _PLACE
    for at in range(0, len(run), size):
        entry = run[at : at + size]
        yield entry[:own].ljust(width, b"\0"), int.from_bytes(entry[own:], "big")


def _key(code: str) -> bytes:
    return code.encode("utf-8", "surrogatepass")
