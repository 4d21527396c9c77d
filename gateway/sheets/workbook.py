"""Tables as one XLSX workbook, a sheet each: read in a spreadsheet, filtered and printed as it stands.

Texts are written as texts: leading zeros stay, nothing is a formula or a link. Whatever a workbook says of its making is
constant, so that the same tables make the same bytes.
"""

import io
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gateway.core.days import JST
from gateway.core.refused import Refused
from gateway.core.trial import TRIAL
from gateway.sheets.tables import Language, Table, cell_text

FONT: Final = "游ゴシック"
LONGEST: Final = 32_767
"""Characters of a cell."""

_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_FIRST_YEAR: Final = 1900
"""Spreadsheets know no day before it: such a day is written as text."""
_MOST_FROZEN: Final = 12
"""Rows above the headings: more of them, and little of a small screen would be left to scroll."""
_NARROWEST, _WIDEST = 8, 48
_NO_NAME: Final = re.compile(r"[\[\]:*?/\\']")
_NAME: Final = 31
_OPTIONS: Final[dict[str, Any]] = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def as_workbook(tables: Sequence[Table], *, lang: Language = "ja") -> bytes:
    """Return tables as a workbook. Raises Refused where a text is longer than a cell can be."""
    out = io.BytesIO()
    # Of no theme, for a theme's font would be another; made anew, for the library writes into what it is given.
    font = {"font_name": FONT, "font_size": 10, "font_scheme": "none"}
    book = xlsxwriter.Workbook(out, {**_OPTIONS, "default_format_properties": font})
    book.set_properties({"title": tables[0].titled(lang), "created": _MADE})
    formats = {name: book.add_format({"valign": "top", **more}) for name, more in _FORMATS.items()}
    names: set[str] = set()
    for table in tables:
        name = _sheet_name(table, lang, names)
        _write(book.add_worksheet(name), table, lang, formats)
    book.close()
    return out.getvalue()


_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 14, "num_format": "@"},
    "note": {"num_format": "@"},
    "head": {"bold": True, "num_format": "@", "text_wrap": True, "bg_color": "#E7EEF5", "bottom": 1},
    "text": {"num_format": "@", "text_wrap": True},
    "number": {"num_format": "#,##0"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"},
}


def _write(page: Worksheet, table: Table, lang: Language, formats: dict[str, Format]) -> None:
    page.write_string(0, 0, table.titled(lang), formats["title"])
    for at, note in enumerate(table.notes, 1):
        page.write_string(at, 0, note.title.text(lang), formats["note"])
        page.write_string(at, 1, _checked(table, at, 1, cell_text(note.said, lang)), formats["note"])
    head = len(table.notes) + 2
    for at, column in enumerate(table.columns):
        page.write_string(head, at, column.heading(lang), formats["head"])
    for below, row in enumerate(table.rows, head + 1):
        for at, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            match cell:
                case int():
                    page.write_number(below, at, cell, formats["number"])
                case date() if cell.year >= _FIRST_YEAR:
                    page.write_datetime(below, at, _shown(cell), formats[column.kind])
                case None:
                    pass
                case _:
                    said = _checked(table, below, at, cell_text(cell, lang))
                    page.write_string(below, at, said, formats["text"])
    beside = [note.title.text(lang) for note in table.notes]
    for at, column in enumerate(table.columns):
        texts = [column.heading(lang), *(cell_text(row[at], lang) for row in table.rows)]
        page.set_column(at, at, _width(texts if at else [*texts, *beside]))
    if table.columns:
        if head <= _MOST_FROZEN:
            page.freeze_panes(head + 1, 0)
        page.autofilter(head, 0, head + len(table.rows), len(table.columns) - 1)
        page.repeat_rows(head)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_footer("&C&P / &N")


def _shown(cell: date) -> Any:
    """Return a day or an instant as spreadsheets keep it: without an offset, by the clock of Japan, to the second."""
    return cell.astimezone(JST).replace(tzinfo=None, microsecond=0) if isinstance(cell, datetime) else cell


def _checked(table: Table, row: int, column: int, text: str) -> str:
    """Return a text that a cell can hold; one that is too long would be left out in silence."""
    if len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    ja, en = f"{row + 1} 行目 {column + 1} 列目", f"row {row + 1} column {column + 1}"
    raise Refused(
        "too_long",
        f"{table.title.ja} {ja}: {LONGEST:,} 字を超える文字は Excel のセルに入りません → CSV で出力してください",
        f"{table.title.en} {en}: a cell takes {LONGEST:,} characters at most; export as CSV",
    )


def _width(texts: Sequence[str]) -> int:
    """Return a width in characters of the narrow kind that shows the widest line, within bounds."""
    lines = [line for text in texts for line in text.splitlines()]
    widest = max((sum(1 + (unicodedata.east_asian_width(one) in "WFA") for one in line) for line in lines), default=0)
    return min(max(widest + 2, _NARROWEST), _WIDEST)


def _sheet_name(table: Table, lang: Language, taken: set[str]) -> str:
    """Return a name that a sheet may have, and that no other has."""
    mark = TRIAL if table.trial else ""
    stem = _NO_NAME.sub(" ", table.title.text(lang)).strip()
    name, number = f"{mark}{stem}"[:_NAME], 1
    while name.casefold() in taken:
        number += 1
        end = f" {number}"
        name = f"{mark}{stem}"[: _NAME - len(end)] + end
    taken.add(name.casefold())
    return name
