"""How a population stands in a file: CSV, NDJSON or Parquet, one record a member, written in batches of even memory.

Values are written as they came, character for character: leading zeros, line breaks and quotes, 髙, 﨑, 𠮷 and 外字. The
columns are `member` and the fields in the order they were asked for. What a format cannot tell apart it cannot keep: in CSV
a null and an empty text are the same empty cell.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, Protocol, TypeAlias

import msgspec

from gateway.client.compact import json_object
from gateway.client.errors import FileError, Unencodable, UsageError

Name = Literal["csv", "ndjson", "parquet"]
Encoding = Literal["utf-8", "utf-8-sig", "cp932"]
Kind = Literal["text", "integer", "boolean"]
OnUnencodable = Literal["refuse", "geta"]

MEMBER: Final = "member"
GETA: Final = "〓"
_NOT_OF_CP932: Final = re.compile("[\x80\xa2\xa3\xac\u2016\u2212\u301c\uf8f0-\uf8f3]")
"""What Python writes as cp932 though it is not there: six signs become other, full-width ones; the rest bytes of no character."""
BATCH: Final = 10_000  # records written at a time, and in one row group
_PLAIN: Final[Mapping[object, str]] = {None: "", True: "true", False: "false"}

Row: TypeAlias = Any
"""A record as a format holds it, from a part or from a file: cells, a line, or a mapping."""


class Format(Protocol):
    """One way to write records, and to read what was written so."""

    replaced: int
    """How many characters were written as 〓 for want of their own."""

    def row(self, member: str, data: Mapping[str, Any]) -> Row:
        """A released record, as this format holds it."""
        ...

    def writer(self, file: BinaryIO, name: str) -> tuple[Callable[[Sequence[Row]], None], Callable[[], None]]:
        """How to add rows to a new file called `name`, and how to end it. Adding raises FileError."""
        ...

    def check(self, records: Iterable[tuple[str, Mapping[str, Any]]], *, first: int, name: str) -> None:
        """Refuse records that could not be written, of which the first is that one of the file. Raises FileError."""
        ...

    def read(self, path: Path) -> Iterator[tuple[str, Row]]:
        """Each member of a file that was written so, and its row. Raises FileError where it was not."""
        ...


class Csv:
    """RFC 4180: a header line, CRLF, quotes where they are needed; nothing is put before a value to keep a spreadsheet quiet."""

    def __init__(self, fields: Sequence[str], encoding: Encoding, on_unencodable: OnUnencodable) -> None:
        self._header = [MEMBER, *fields]
        self._encoding = encoding
        self._geta = on_unencodable == "geta"
        self.replaced = 0

    def row(self, member: str, data: Mapping[str, Any]) -> Row:
        """The cells of a record."""
        return [member, *(_cell(data.get(name)) for name in self._header[1:])]

    def writer(self, file: BinaryIO, name: str) -> tuple[Callable[[Sequence[Row]], None], Callable[[], None]]:
        """Add lines, after the header."""
        file.write(b"\xef\xbb\xbf" * (self._encoding == "utf-8-sig") + _lines([self._header]).encode("ascii"))
        written = 0

        def add(rows: Sequence[Row]) -> None:
            nonlocal written
            file.write(self._encoded(rows, first=written + 1, name=name))
            written += len(rows)

        return add, lambda: None

    def check(self, records: Iterable[tuple[str, Mapping[str, Any]]], *, first: int, name: str) -> None:
        """Refuse a character that the encoding does not have, unless a mark is to stand for it."""
        if self._encoding == "cp932" and not self._geta:
            self._encoded([self.row(*one) for one in records], first=first, name=name)

    def read(self, path: Path) -> Iterator[tuple[str, Row]]:
        """Each record's cells."""
        try:
            with path.open(encoding=self._encoding, newline="") as file:
                rows = csv.reader(file, strict=True)
                if next(rows, None) != self._header:
                    raise FileError(str(path), "has other columns than are asked for, or is no such CSV")
                for number, cells in enumerate(rows, 1):
                    if len(cells) != len(self._header):
                        raise FileError(str(path), f"record {number} is not as long as the header")
                    yield cells[0], cells
        except UnicodeDecodeError:
            raise FileError(str(path), f"is not in {self._encoding}") from None
        except csv.Error:
            raise FileError(str(path), "is no such CSV") from None
        except OSError as error:
            raise _unreadable(path, error) from None

    def _encoded(self, rows: Sequence[Row], *, first: int, name: str) -> bytes:
        encoding = "utf-8" if self._encoding == "utf-8-sig" else self._encoding
        table = _lines(rows)
        if _writes(encoding, table):
            return table.encode(encoding)
        mended = []
        for number, cells in enumerate(rows, first):
            mended.append([*cells])
            for at, cell in enumerate(cells):
                strange = [character for character in cell if not _writes(encoding, character)]
                if strange and not self._geta:
                    raise Unencodable(name, record=number, field=self._header[at], encoding=encoding)
                if strange:
                    self.replaced += len(strange)
                    mended[-1][at] = "".join(GETA if character in strange else character for character in cell)
        return _lines(mended).encode(encoding)


class Ndjson:
    """One JSON object a line, `{"member": …, "data": {…}}`, in UTF-8: what the gateway said, types and nulls included."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = tuple(fields)
        self.replaced = 0

    def row(self, member: str, data: Mapping[str, Any]) -> Row:
        """A record's line."""
        ordered = {name: data[name] for name in self._fields if name in data}
        return msgspec.json.encode({MEMBER: member, "data": ordered})

    def writer(self, file: BinaryIO, name: str) -> tuple[Callable[[Sequence[Row]], None], Callable[[], None]]:
        """Add lines."""
        del name

        def add(rows: Sequence[Row]) -> None:
            file.write(b"".join(row + b"\n" for row in rows))

        return add, lambda: None

    def check(self, records: Iterable[tuple[str, Mapping[str, Any]]], *, first: int, name: str) -> None:
        """Every text has its place in UTF-8."""

    def read(self, path: Path) -> Iterator[tuple[str, Row]]:
        """Each record's line."""
        allowed = set(self._fields)
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    row = line.rstrip(b"\r\n")
                    match _object(row):
                        case {"member": str(member), "data": dict(data)} if data.keys() <= allowed:
                            yield member, row
                        case _:
                            raise FileError(str(path), f"line {number} is no record of the fields that are asked for")
        except OSError as error:
            raise _unreadable(path, error) from None


class Parquet:
    """Apache Parquet: texts, 64-bit integers and booleans as the grant's schema has them, 10,000 records in a row group."""

    def __init__(self, fields: Sequence[str], kinds: Mapping[str, Kind]) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise UsageError("Parquet files need pyarrow: pip install pyarrow") from None
        self._pa, self._pq = pa, pq
        types = {"text": pa.string(), "integer": pa.int64(), "boolean": pa.bool_()}
        self._fields = [pa.field(MEMBER, pa.string(), nullable=False)]
        self._fields += [pa.field(name, types[kinds.get(name, "text")]) for name in fields]
        self._schema = pa.schema(self._fields)
        self.replaced = 0

    def row(self, member: str, data: Mapping[str, Any]) -> Row:
        """A record's values by column."""
        return {**data, MEMBER: member}

    def writer(self, file: BinaryIO, name: str) -> tuple[Callable[[Sequence[Row]], None], Callable[[], None]]:
        """Add row groups."""
        out = self._pq.ParquetWriter(file, self._schema)
        written = 0

        def add(rows: Sequence[Row]) -> None:
            nonlocal written
            out.write_table(self._table(rows, first=written + 1, name=name))
            written += len(rows)

        return add, out.close

    def check(self, records: Iterable[tuple[str, Mapping[str, Any]]], *, first: int, name: str) -> None:
        """Refuse a value of another type than the grant's schema has."""
        self._table([self.row(*one) for one in records], first=first, name=name)

    def read(self, path: Path) -> Iterator[tuple[str, Row]]:
        """Each record's values by column."""
        try:
            with self._pq.ParquetFile(path) as file:
                if file.schema_arrow != self._schema:
                    raise FileError(str(path), "has other columns than are asked for, or of other types")
                for batch in file.iter_batches(BATCH):
                    for row in batch.to_pylist():
                        yield row[MEMBER], row
        except self._pa.ArrowInvalid:
            raise FileError(str(path), "is no Parquet file") from None
        except OSError as error:
            raise _unreadable(path, error) from None

    def _table(self, rows: Sequence[Row], *, first: int, name: str) -> Any:
        columns = []
        for field in self._fields:
            values = [row.get(field.name) for row in rows]
            try:
                columns.append(self._pa.array(values, type=field.type))
            except (self._pa.ArrowException, TypeError, ValueError, OverflowError):
                pass  # told below by its place: the error itself has the value
            else:
                continue
            at = next((n for n, value in enumerate(values, first) if not self._fits(value, field)), first)
            raise FileError(
                name, f"record {at}, field `{field.name}`: a value is not of the type that the grant's schema has"
            )
        return self._pa.table(columns, schema=self._schema)

    def _fits(self, value: Any, field: Any) -> bool:
        try:
            self._pa.array([value], type=field.type)
        except (self._pa.ArrowException, TypeError, ValueError, OverflowError):
            return False
        return True


def kinds_of(schema: Mapping[str, Any]) -> dict[str, Kind]:
    """The types of a grant's fields, of its JSON Schema; what is neither whole number nor truth value is a text."""
    kinds: Mapping[object, Kind] = {"integer": "integer", "boolean": "boolean"}
    found: dict[str, Kind] = {}
    properties = schema.get("properties")
    for name, said in properties.items() if isinstance(properties, dict) else ():
        choices = said.get("anyOf", [said]) if isinstance(said, dict) else []
        named = [choice.get("type") for choice in choices if isinstance(choice, dict)]
        found[name] = next((kinds[one] for one in named if one in kinds), "text")
    return found


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return _PLAIN[value] if value is None or isinstance(value, bool) else str(value)


def _lines(rows: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _writes(encoding: str, text: str) -> bool:
    """Tell whether an encoding has every character of a text, as itself."""
    if encoding == "cp932" and _NOT_OF_CP932.search(text):
        return False
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        return json_object(line)
    except ValueError:
        return None


def _unreadable(path: Path, error: OSError) -> FileError:
    return FileError(str(path), f"cannot be read ({error.strerror})")
