"""What a file of members looks like, as an interface between two systems has it (`source.yaml`, `file`)."""

from collections.abc import Mapping
from typing import Literal

import msgspec


class FixedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a fixed-width record, in bytes of the file's encoding."""

    name: str
    at: int
    """Offset of the first byte, from 0."""
    length: int


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A trailer record and the totals in it."""

    mark: str
    """What the trailer record begins with, and no member's record does."""
    count: FixedColumn
    """Where the number of member records stands; in a delimited file `at` is the number of the field, from 0."""
    sums: Mapping[str, FixedColumn] = {}
    """Column of whole numbers → where their sum stands."""
    end: str | None = None
    """What the one record behind the trailer begins with, where there is one (全銀's エンドレコード)."""


class FileLayout(msgspec.Struct, frozen=True, kw_only=True):
    """How a file of all members is written; one that is not so is refused whole."""

    pattern: str
    """The file's name in the folder of the settings, `*` for what changes (`members_*.csv`); the last in order counts."""
    format: Literal["csv", "fixed", "parquet"]
    encoding: Literal["utf-8", "cp932"] = "utf-8"
    delimiter: str = ","
    header: bool = True
    """Whether the first record of a delimited file names its columns; a fixed-width one begins with it: `heading`."""
    heading: str | None = None
    """What a leading record of a fixed-width file begins with, which is no member."""
    columns: tuple[str, ...] = ()
    """The columns of a delimited file without a header, in order."""
    fixed: tuple[FixedColumn, ...] = ()
    record: int = 0
    """Bytes of a fixed-width record, without the line end."""
    trailer: Control | None = None
    products: Mapping[str, str] = {}
    """Product class → the boolean column that says whether a member uses it."""
    filters: Mapping[str, str] = {}
    """Further filter of an agreement → the column that must equal it."""
