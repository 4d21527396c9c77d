"""How the records of an export stand in its parts: as JSON objects, or as a table (RFC 4180)."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from io import StringIO
from typing import Any, Final

import msgspec

_STATUS: Final = b'"status":"released",'


def without_status(said: bytes) -> bytes:
    """Return what a page says of a released member without its status: in an export nobody is anything else."""
    # Where a member's name could hold this, its quotation marks would be escaped.
    return said.replace(_STATUS, b"", 1)


def csv_text(header: Sequence[str], records: Iterable[tuple[str, msgspec.Struct]]) -> str:
    """Return a table: a header line, then a line for each member and its values; null is an empty cell.

    For a machine to read: a cell that begins like a formula stays as it is.
    """
    table = StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([member, *map(_cell, msgspec.structs.astuple(data))] for member, data in records)
    return table.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else value
