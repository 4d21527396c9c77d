"""Parquet: the column of codes is read for an index, everything else once to see that it is whole.

Columns are pruned, and row groups are the unit of reading: of those that were read last, up to HELD bytes stay in memory,
decoded, so that a walk does not unpack a group for each of its pages.
"""

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gateway.adapters.sources.files.index import Index
from gateway.adapters.sources.files.loading import Members, Wanted
from gateway.adapters.sources.files.opened import Changed, Opened
from gateway.adapters.sources.files.refusal import FileRefused
from gateway.core.sources.values import UNREADABLE

HELD: Final = 64 << 20
"""Bytes of decoded columns that are kept."""
LARGEST: Final = 256
"""MiB of a row group, unpacked: one is decoded at a time, however large it is."""
_BATCH: Final = 8_192


class Parquet:
    """A loaded Parquet file. In memory: the index, whose places are rows, and the columns that were read last."""

    def __init__(self, opened: Opened, metadata: Any, index: Index) -> None:
        """Take what `load` found."""
        self.opened = opened
        self.index = index
        self._metadata = metadata
        self.columns = frozenset(metadata.schema.to_arrow_schema().names)
        self._starts = [0, *accumulate(metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))]
        self._kept: OrderedDict[tuple[int, str], Any] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def lines(self, places: Sequence[int], columns: Sequence[str]) -> list[Sequence[Any]]:
        """Return each record's values in the asked columns. Raises Changed, and OSError."""
        by_group: dict[int, list[int]] = {}
        for at, row in enumerate(places):
            by_group.setdefault(bisect_right(self._starts, row) - 1, []).append(at)
        found: list[Sequence[Any]] = [()] * len(places)
        for group, asked in by_group.items():
            rows = pa.array([places[at] - self._starts[group] for at in asked], pa.int64())
            values = [_plain(array.take(rows)) for array in self._arrays(group, columns)]
            for at, line in zip(asked, zip(*values, strict=True), strict=True):
                found[at] = line
        return found

    def numbers(self, places: Iterable[int]) -> dict[int, int]:
        """Return the number of each row, from 1."""
        return {place: place + 1 for place in places}

    def _arrays(self, group: int, columns: Sequence[str]) -> list[Any]:
        with self._lock:
            missing = [column for column in columns if (group, column) not in self._kept]
            if missing:
                read = self._read(group, missing)
                for column in missing:
                    self._kept[group, column] = read[column]
                    self._size += read[column].nbytes
            for column in columns:
                self._kept.move_to_end((group, column))
            arrays = [self._kept[group, column] for column in columns]
            while self._size > HELD and len(self._kept) > len(columns):
                _, dropped = self._kept.popitem(last=False)
                self._size -= dropped.nbytes
            return arrays

    def _read(self, group: int, columns: list[str]) -> dict[str, Any]:
        try:
            with closing(self.opened.stream()) as stream:
                reader = pq.ParquetFile(pa.PythonFile(stream, mode="r"), metadata=self._metadata, pre_buffer=False)
                table = reader.read_row_group(group, columns=columns, use_threads=False)
            return {column: table.column(column) for column in columns}
        except Exception:  # noqa: BLE001  # it was whole when it was loaded; the library's text may hold values
            raise Changed from None


def load(opened: Opened, wanted: Wanted) -> Parquet:
    """Read the whole file. Raises FileRefused."""
    if wanted.layout.trailer is not None:
        raise opened.refuse("trailer_parquet")
    try:
        with closing(opened.stream()) as stream:
            return _load(opened, wanted, stream)
    except FileRefused:
        raise
    except Exception:  # noqa: BLE001  # whatever a broken file makes the library raise, whose text may hold values
        raise opened.refuse("parquet") from None


def _load(opened: Opened, wanted: Wanted, stream: Any) -> Parquet:
    reader = pq.ParquetFile(pa.PythonFile(stream, mode="r"), pre_buffer=False, page_checksum_verification=True)
    metadata = reader.metadata
    names = metadata.schema.to_arrow_schema().names
    for at, name in enumerate(names):
        if not name.strip() or name in names[:at]:
            raise opened.refuse("columns_twice", expected=at + 1)
    if missing := wanted.missing(names):
        raise opened.refuse("columns_missing", columns=missing)
    members = Members(opened, wanted)
    for group in range(metadata.num_row_groups):
        if metadata.row_group(group).total_byte_size > LARGEST << 20:
            raise opened.refuse("row_group", expected=LARGEST)
        for name in names:
            _column(reader, group, name, opened, members if name == wanted.code else None)
    if members.number != metadata.num_rows:
        raise opened.refuse("lied", expected=metadata.num_rows, found=members.number)
    index = members.indexed(lambda places: {place: place + 1 for place in places})
    return Parquet(opened, metadata, index)


def _column(reader: Any, group: int, name: str, opened: Opened, members: Members | None) -> None:
    """Read a column of a row group, a batch at a time: its pages are there, and its text is UTF-8."""
    rows = 0
    for batch in reader.iter_batches(batch_size=_BATCH, row_groups=[group], columns=[name], use_threads=False):
        batch.validate(full=True)
        rows += batch.num_rows
        if members is not None:
            for code in batch.column(0).to_pylist():
                members.add(code, members.number, members.number + 1)
    said = reader.metadata.row_group(group).num_rows
    if rows != said:
        raise opened.refuse("lied", expected=said, found=rows)


def _plain(array: Any) -> list[Any]:
    """Return Python's values; what stands below a microsecond has no place in one."""
    if pa.types.is_timestamp(array.type) and array.type.unit == "ns":
        # Down, not toward 1970: the last moment of a day before then is not the next day.
        count = array.cast(pa.int64())
        whole = pc.divide(count, 1_000)
        below = pc.less(count, pc.multiply(whole, 1_000)).cast(pa.int64())
        array = pc.subtract(whole, below).cast(pa.timestamp("us", tz=array.type.tz))
    try:
        values: list[Any] = array.to_pylist()
    except Exception:  # noqa: BLE001  # a day beyond Python's calendar, a zone that nobody knows; its text may hold values
        return [_value(one) for one in array]
    return values


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except Exception:  # noqa: BLE001  # as above: it costs its record alone
        return UNREADABLE
