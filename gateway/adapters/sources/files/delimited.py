"""CSV: read once from end to end for an index of whose record stands where; records are read again when asked.

Strict RFC 4180 with the layout's delimiter; lines end with LF or CRLF.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Final

from gateway.adapters.sources.files.index import Index
from gateway.adapters.sources.files.loading import Members, Wanted
from gateway.adapters.sources.files.opened import Changed, Opened
from gateway.adapters.sources.files.text import BOM, END_OF_FILE, Unreadable, decoder
from gateway.adapters.sources.files.totals import Totals, places_of

LONGEST: Final = 1 << 20
"""Bytes of a line or a record."""
_LENGTH_BITS: Final = 24
_LENGTH: Final = (1 << _LENGTH_BITS) - 1
_BLOCK: Final = 1 << 20


class Delimited:
    """A loaded CSV file. In memory: the index, whose places are offset and length of a record in one number."""

    def __init__(self, opened: Opened, wanted: Wanted, columns: tuple[str, ...], index: Index) -> None:
        """Take what `load` found."""
        self.opened = opened
        self.columns = frozenset(columns)
        self.index = index
        self._names = columns
        self._encoding = wanted.layout.encoding
        self._delimiter = wanted.layout.delimiter

    def lines(self, places: Sequence[int], columns: Sequence[str]) -> Iterator[list[str]]:
        """Return each record's values in the asked columns. Raises Changed."""
        picked = places_of(self._names, columns)
        texts = (data.decode(self._encoding) for data in _each(self.opened, places))
        rows = csv.reader(texts, delimiter=self._delimiter, strict=True)
        try:
            for row in rows:
                if len(row) != len(self._names):
                    raise Changed
                yield [row[at] for at in picked]
        except (csv.Error, UnicodeDecodeError):  # every record was readable when the file was loaded
            raise Changed from None

    def numbers(self, places: Iterable[int]) -> dict[int, int]:
        """Return the line that each record begins at."""
        return _line_numbers(self.opened, places)


def load(opened: Opened, wanted: Wanted) -> Delimited:
    """Read the whole file. Raises FileRefused."""
    layout = wanted.layout
    with closing(opened.stream()) as stream:
        lines = _Lines(opened, stream, layout.encoding)
        rows = _Rows(opened, lines, csv.reader(lines, delimiter=layout.delimiter, strict=True))
        columns = _header(opened, rows) if layout.header else layout.columns
        if missing := wanted.missing(columns):
            first = (1,) if layout.header else ()
            raise opened.refuse("columns_missing", *first, columns=missing)
        members = Members(opened, wanted)
        totals = None if layout.trailer is None else Totals(opened, layout.trailer, wanted.forms)
        _members(opened, rows, wanted, columns=columns, members=members, totals=totals)
    if totals is None and lines.unended:
        raise opened.refuse("end", lines.number)
    if not columns or not lines.number:
        raise opened.refuse("empty")
    index = members.indexed(lambda places: _line_numbers(opened, places))
    return Delimited(opened, wanted, columns, index)


def _members(
    opened: Opened, rows: "_Rows", wanted: Wanted, *, columns: tuple[str, ...], members: Members, totals: Totals | None
) -> None:
    trailer = wanted.layout.trailer
    code_at = columns.index(wanted.code)
    summed = places_of(columns, totals.columns) if totals is not None else []
    behind = None if trailer is None else trailer.end
    ended = False
    for row in rows:
        if ended:
            if behind is None or not row or not row[0].startswith(behind):
                raise opened.refuse("trailer_after", rows.number)
            behind = None
            continue
        if trailer is not None and totals is not None and row and row[0].startswith(trailer.mark):
            totals.agree(lambda at, _, row=row: row[at] if at < len(row) else "", rows.number)  # type: ignore[misc]
            ended = True
            continue
        if len(row) != len(columns):
            raise opened.refuse("fields", rows.number, expected=len(columns), found=len(row))
        members.add(row[code_at], rows.place, rows.number)
        if totals is not None:
            totals.add((row[at] for at in summed), rows.number)
    if trailer is not None and not ended:
        raise opened.refuse("trailer_missing")
    if behind is not None:
        raise opened.refuse("end_missing")


def _header(opened: Opened, rows: "_Rows") -> tuple[str, ...]:
    names = tuple(next(iter(rows), ()))
    if not names:
        raise opened.refuse("empty")
    for at, name in enumerate(names):
        # By its number: what stands where a header should be may be a member's record.
        if not name.strip() or name in names[:at]:
            raise opened.refuse("columns_twice", 1, expected=at + 1)
    return names


class _Lines:
    """The lines of a file as text, strictly; it knows how far it has come."""

    def __init__(self, opened: Opened, stream: io.BufferedReader, encoding: str) -> None:
        self._opened = opened
        self._stream = stream
        self._decode = decoder(encoding)
        self.number = 0
        self.at = 0
        self.unended = False
        if stream.read(len(BOM)) != BOM:
            stream.seek(0)
        elif encoding != "utf-8":
            raise opened.refuse("bom", 1)
        else:
            self.at = len(BOM)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST + 1)
        if not line or (line == END_OF_FILE and self.at + 1 == self._opened.size):
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST:
            raise self._opened.refuse("long", self.number)
        self.at += len(line)
        self.unended = not line.endswith(b"\n")
        try:
            return self._decode(line)
        except Unreadable as fault:
            raise self._opened.refuse(fault.kind, self.number) from None


class _Rows:
    """The records, with where each stands."""

    def __init__(self, opened: Opened, lines: _Lines, rows: Iterator[list[str]]) -> None:
        self._opened = opened
        self._lines = lines
        self._rows = rows
        self.number = 0
        """The line that the record began at."""
        self.place = 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        start, self.number = self._lines.at, self._lines.number + 1
        try:
            row = next(self._rows)
        except csv.Error:
            # A line alone that is longer than a field may be has such a field; several are one that nothing closes.
            endless = self._lines.number == self.number and self._lines.at - start > csv.field_size_limit()
            raise self._opened.refuse("long" if endless else "quotes", self.number) from None
        length = self._lines.at - start
        if length > LONGEST:
            raise self._opened.refuse("long", self.number)
        self.place = start << _LENGTH_BITS | length
        return row


def _each(opened: Opened, places: Sequence[int]) -> Iterator[bytes]:
    """Return the bytes of each record; those that stand side by side are read together."""
    block, start = b"", 0
    for number, place in enumerate(places):
        at, length = place >> _LENGTH_BITS, place & _LENGTH
        if not start <= at or at + length > start + len(block):
            end = at + length
            for later in places[number + 1 :]:
                if later >> _LENGTH_BITS != end or end - at > _BLOCK:
                    break
                end += later & _LENGTH
            block, start = opened.read(at, end - at), at
        yield block[at - start : at - start + length]


def _line_numbers(opened: Opened, places: Iterable[int]) -> dict[int, int]:
    """Return the line that each record begins at: how many line ends stand before it, and one."""
    numbers: dict[int, int] = {}
    line, at = 1, 0
    for place in sorted(places):
        start = place >> _LENGTH_BITS
        while at < start:
            data = opened.read(at, min(_BLOCK, start - at))
            line += data.count(b"\n")
            at += len(data)
        numbers[place] = line
    return numbers
