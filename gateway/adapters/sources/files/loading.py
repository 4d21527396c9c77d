"""What a file is loaded for, and what each kind of file gives when it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from gateway.adapters.sources.files.index import LONGEST, Index, Indexing, Twice
from gateway.adapters.sources.files.opened import Opened
from gateway.core.sources.file_layout import FileLayout
from gateway.core.sources.source_map import ValueForm
from gateway.core.sources.values import PLAIN, reader_of


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How the file is written, and which columns it must have."""

    layout: FileLayout
    code: str
    """The column of the member code."""
    needed: frozenset[str]
    forms: Mapping[str, ValueForm]

    def missing(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that a file with these does not have and must: what it is read by among them."""
        summed = () if self.layout.trailer is None else self.layout.trailer.sums
        return tuple(sorted({self.code, *self.needed, *summed} - {*columns}))


class Loaded(Protocol):
    """A file that is whole: which members it has, and their records when asked."""

    opened: Opened
    columns: frozenset[str]
    index: Index

    def lines(self, places: Sequence[int], columns: Sequence[str]) -> Iterable[Sequence[Any]]:
        """Return each record's values in the asked columns. Raises Changed, and OSError."""
        ...

    def numbers(self, places: Iterable[int]) -> dict[int, int]:
        """Return the number of each record in the file, from 1 as an editor counts lines."""
        ...


class Members:
    """The members of a file while it is read."""

    def __init__(self, opened: Opened, wanted: Wanted) -> None:
        """Begin with none."""
        self._opened = opened
        self._read = reader_of("code", wanted.forms.get(wanted.code, PLAIN))
        self._indexing = Indexing()
        self._counted = wanted.layout.trailer is not None

    @property
    def number(self) -> int:
        """How many there are so far."""
        return self._indexing.members

    def add(self, code: Any, place: int, record: int) -> None:
        """Note whose a record is. Raises FileRefused."""
        try:
            text = self._read(code)
        except ValueError:
            raise self._opened.refuse("code_unreadable", record) from None
        if text is None:
            raise self._opened.refuse("code_empty", record)
        if "\0" in text:
            raise self._opened.refuse("nul", record)
        if self._indexing.add(text, place) > LONGEST:
            raise self._opened.refuse("code_long", record)

    def indexed(self, numbers: Callable[[Iterable[int]], dict[int, int]]) -> Index:
        """Return all of them. Raises FileRefused, with the records that `numbers` tells of places."""
        if not self.number and not self._counted:
            # An export that stopped behind its header: taken for a co-op without members, all would be taken back.
            raise self._opened.refuse("empty")
        try:
            return self._indexing.done()
        except Twice as twice:
            where = sorted(numbers(twice.places).values())
        raise self._opened.refuse("code_twice", *where)
