"""A sheet as CSV, for spreadsheets: no cell can be a formula, and no character is replaced where an encoding lacks it.

OWASP "CSV injection": a leading apostrophe keeps such a cell text, and is taken off again on the way back.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, get_args

from gateway.core.refused import Refused

Encoding = Literal["utf-8", "cp932"]
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)
BOM: Final = b"\xef\xbb\xbf"
"""Without it spreadsheets in Japan take UTF-8 for cp932."""

_NOT_OF_CP932: Final = re.compile("[\x80\xa2\xa3\xac\u2016\u2212\u301c\uf8f0-\uf8f3]")
"""What Python writes as cp932 though it is not there: six signs become other, full-width ones; the rest bytes of no character."""
_FORMULA: Final = re.compile(r"[\t\r\n]|[\s\u200b-\u200f\u2060\ufeff]*[=+\-@'＝＋－＠]")
"""What a spreadsheet may read as the beginning of a formula: wide signs too, behind what it may skip, and the apostrophe."""


class Unencodable(Refused):
    """cp932 lacks a character of a sheet; `row` and `column` count from 1."""

    def __init__(self, row: int, column: int, character: str) -> None:
        self.row = row
        self.column = column
        self.character = f"U+{ord(character):04X}"
        super().__init__(
            "encoding",
            f"{row} 行目 {column} 列目: Shift_JIS (cp932) にない文字 {self.character} があります → UTF-8 で出力してください",
            f"row {row} column {column}: cp932 lacks the character {self.character}; export as UTF-8",
        )


def sheet(rows: Iterable[Sequence[str | int]], *, encoding: Encoding = "utf-8") -> bytes:
    """Return rows as CSV with CRLF: UTF-8 with a BOM, or cp932. Texts are kept from being formulas, numbers are as they are.

    Raises Unencodable where cp932 lacks a character: nothing is replaced by `?`.
    """
    made = [[neutral(cell) if isinstance(cell, str) else str(cell) for cell in row] for row in rows]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(made)
    if encoding == "utf-8":
        return BOM + out.getvalue().encode()
    if _lacking(out.getvalue(), encoding) is None:
        return out.getvalue().encode(encoding)
    raise _first_lacking(made, encoding)


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; `plain` gives back what it was."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """Return a cell without the apostrophe that `neutral` put before it."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell, 1) else cell


def _first_lacking(rows: Sequence[Sequence[str]], encoding: Encoding) -> Unencodable:
    for row, cells in enumerate(rows, 1):
        for column, cell in enumerate(cells, 1):
            character = _lacking(cell, encoding)
            if character is not None:
                return Unencodable(row, column, character)
    raise AssertionError("every cell can be encoded, and all of them cannot")


def _lacking(text: str, encoding: Encoding) -> str | None:
    """Return the first character of a text that an encoding does not have as itself; None where it has all."""
    found = _NOT_OF_CP932.search(text) if encoding == "cp932" else None
    end = len(text) if found is None else found.start()
    try:
        text[:end].encode(encoding)
    except UnicodeEncodeError as error:
        return text[error.start]
    return None if found is None else found[0]
