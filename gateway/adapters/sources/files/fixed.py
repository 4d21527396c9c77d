"""Fixed width, as between banks (全銀): a heading record, records of so many bytes, a trailer with totals.

Line ends are optional: where the first record is followed by one, each is. Widths are bytes of the encoding. Padding
is taken off on the right alone, full-width spaces as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from typing import Final

from gateway.adapters.sources.files.index import Index
from gateway.adapters.sources.files.loading import Members, Wanted
from gateway.adapters.sources.files.opened import Changed, Opened
from gateway.adapters.sources.files.text import BLANKS, BOM, END_OF_FILE, Unreadable, decoder
from gateway.adapters.sources.files.totals import Totals
from gateway.core.sources.file_layout import FileLayout

_LINE_ENDS: Final = (b"\r\n", b"\n")
_BLOCK: Final = 1 << 20
_ASCII_ENDS: Final = 0x80
"""No character of more than one byte has a smaller byte anywhere but at its end."""


class Fixed:
    """A loaded file of fixed width. In memory: the index, whose places are offsets."""

    def __init__(self, opened: Opened, wanted: Wanted, frame: "_Frame", index: Index) -> None:
        """Take what `load` found."""
        self.opened = opened
        self.index = index
        self._layout = wanted.layout
        self._frame = frame
        self._spans = {one.name: slice(one.at, one.at + one.length) for one in wanted.layout.fixed}
        self.columns = frozenset(self._spans)

    def lines(self, places: Sequence[int], columns: Sequence[str]) -> Iterator[list[str]]:
        """Return each record's values in the asked columns. Raises Changed."""
        spans = [self._spans[column] for column in columns]
        encoding = self._layout.encoding
        for record in self._each(places):
            try:
                yield [record[span].decode(encoding).rstrip(BLANKS) for span in spans]
            except UnicodeDecodeError:
                raise Changed from None

    def numbers(self, places: Iterable[int]) -> dict[int, int]:
        """Return the number of each record, the heading counted."""
        return {place: self._frame.number(place) for place in places}

    def _each(self, places: Sequence[int]) -> Iterator[bytes]:
        size, stride = self._layout.record, self._frame.stride
        block, start = b"", 0
        for number, place in enumerate(places):
            if not start <= place or place + size > start + len(block):
                end = place + size
                for later in places[number + 1 :]:
                    if later + size != end + stride or end - place > _BLOCK:
                        break
                    end += stride
                block, start = self.opened.read(place, end - place), place
            yield block[place - start : place - start + size]


class _Frame:
    """Where records stand: behind a BOM, one stride apart, up to the end or the mark of it."""

    def __init__(self, opened: Opened, layout: FileLayout) -> None:
        head = opened.read(0, min(opened.size, len(BOM) + 2 * layout.record))
        if head.startswith(BOM) and layout.encoding != "utf-8":
            raise opened.refuse("bom", 1)
        self.start = len(BOM) if head.startswith(BOM) else 0
        after = head[self.start + layout.record :]
        self.line_end = next((one for one in _LINE_ENDS if after.startswith(one)), b"")
        if not self.line_end and (b"\n" in head or b"\r" in head):  # there are line ends, elsewhere than declared
            raise opened.refuse("length", 1, expected=layout.record)
        self.stride = layout.record + len(self.line_end)
        self.end = opened.size
        if self.end > self.start and opened.read(self.end - 1, 1) == END_OF_FILE:
            self.end -= (self.end - 1 - self.start) % self.stride in {0, layout.record}

    def number(self, place: int) -> int:
        """Return the number of the record at an offset."""
        return (place - self.start) // self.stride + 1


def load(opened: Opened, wanted: Wanted) -> Fixed:
    """Read the whole file. Raises FileRefused."""
    layout = wanted.layout
    if missing := wanted.missing(one.name for one in layout.fixed):
        raise opened.refuse("columns_missing", columns=missing)
    frame = _Frame(opened, layout)
    if frame.end == frame.start:
        raise opened.refuse("empty")
    members = Members(opened, wanted)
    totals = None if layout.trailer is None else Totals(opened, layout.trailer, wanted.forms)
    _read(opened, wanted, frame, members, totals)
    index = members.indexed(lambda places: {place: frame.number(place) for place in places})
    return Fixed(opened, wanted, frame, index)


def _read(opened: Opened, wanted: Wanted, frame: _Frame, members: Members, totals: Totals | None) -> None:
    layout = wanted.layout
    heading = None if layout.heading is None else layout.heading.encode(layout.encoding)
    mark, behind = _marks(layout)
    spans = {one.name: slice(one.at, one.at + one.length) for one in layout.fixed}
    summed = [spans[column] for column in totals.columns] if totals is not None else []
    tiles = _tiles(layout)
    code = spans[wanted.code]
    decode = decoder(layout.encoding)
    ended = False
    for number, place, record in _records(opened, layout, frame):
        if ended:
            if behind is None or not record.startswith(behind):
                raise opened.refuse("trailer_after", number)
            behind = None
            continue
        try:
            decode(record)
        except Unreadable as fault:
            raise opened.refuse(fault.kind, number) from None
        if heading is not None and (number == 1) != record.startswith(heading):
            raise opened.refuse("heading_missing" if number == 1 else "heading_again", number)
        if heading is not None and number == 1:
            continue
        if mark is not None and totals is not None and record.startswith(mark):
            _agree(opened, layout, record, number, totals)
            ended = True
            continue
        if not record.isascii() and not _whole(record, tiles, layout.encoding):
            raise opened.refuse("cut", number)
        members.add(_text(record, code, layout), place, number)
        if totals is not None:
            totals.add((_text(record, span, layout) for span in summed), number)
    if mark is not None and not ended:
        raise opened.refuse("trailer_missing")
    if behind is not None:
        raise opened.refuse("end_missing")


def _records(opened: Opened, layout: FileLayout, frame: _Frame) -> Iterator[tuple[int, int, bytes]]:
    size, line_end = layout.record, frame.line_end
    number, place = 0, frame.start
    with closing(opened.stream()) as stream:
        stream.seek(place)
        while place < frame.end:
            number += 1
            data = stream.read(min(frame.stride, frame.end - place))
            record, ending = data[:size], data[size:]
            # The last line end may be left out; a record may not be short, nor hold the next one's beginning.
            if len(record) < size or ending not in {line_end, b""} or b"\n" in record or b"\r" in record:
                raise opened.refuse("length", number, expected=size)
            yield number, place, record
            place += frame.stride


def _marks(layout: FileLayout) -> tuple[bytes | None, bytes | None]:
    """Return what the trailer begins with, and the record behind it."""
    control, encoding = layout.trailer, layout.encoding
    if control is None:
        return None, None
    return control.mark.encode(encoding), None if control.end is None else control.end.encode(encoding)


def _agree(opened: Opened, layout: FileLayout, record: bytes, number: int, totals: Totals) -> None:
    def place(at: int, length: int) -> str:
        try:
            return record[at : at + length].decode(layout.encoding)
        except UnicodeDecodeError:
            raise opened.refuse("total_unreadable", number) from None

    totals.agree(place, number)


def _tiles(layout: FileLayout) -> list[slice]:
    """Return the pieces that the columns' bounds cut a record into."""
    bounds = {0, layout.record, *(edge for one in layout.fixed for edge in (one.at, one.at + one.length))}
    return [slice(start, end) for start, end in pairwise(sorted(bounds))]


def _whole(record: bytes, tiles: list[slice], encoding: str) -> bool:
    """Tell whether no bound stands inside a character: then the piece before it would end in half of one."""
    if all(record[tile.stop - 1] < _ASCII_ENDS for tile in tiles):  # the usual case: what is before a bound is padding
        return True
    try:
        for tile in tiles:
            record[tile].decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _text(record: bytes, span: slice, layout: FileLayout) -> str:
    return record[span].decode(layout.encoding).rstrip(BLANKS)
