"""A table as people take it away: titled, with its basis and its date above it, as CSV or JSON (XLSX: workbook.py).

Builders say everything in both languages once; the language is chosen where a file is written. INVARIANT: the same
tables make the same bytes. CSV and XLSX are for people: title and notes stand above the headings. JSON is for programs:
codes instead of words, instants with their offset.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from gateway.core.days import JST
from gateway.core.trial import TRIAL
from gateway.sheets.csv_sheet import Encoding, sheet

Language = Literal["ja", "en"]
Kind = Literal["text", "number", "day", "instant"]


class Said(msgspec.Struct, frozen=True):
    """What is said in both languages, and the code that programs know it by, where it has one."""

    ja: str
    en: str
    code: str = ""

    def text(self, lang: Language) -> str:
        """Return it in one language."""
        return self.ja if lang == "ja" else self.en


Cell = str | int | date | datetime | Said | None
"""`datetime` for a column of instants, aware; `date` for one of days; `int` for one of numbers; None: nothing."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column: its name for programs, its heading, and what its cells are."""

    key: str
    title: Said
    kind: Kind = "text"

    def heading(self, lang: Language) -> str:
        """Return the heading; of instants it says which clock they are by."""
        said = self.title.text(lang)
        if self.kind != "instant":
            return said
        return f"{said}(日本時間)" if lang == "ja" else f"{said} (Japan time)"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A line above a table: its basis, its period, as of when, which version."""

    key: str
    title: Said
    said: Cell


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under headings. Raises ValueError where a row has not one cell for each column."""

    key: str
    title: Said
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[Note, ...] = ()
    trial: bool = False
    """It holds test data, and says so (【試験】)."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"`{self.key}`: a row has {len(row)} cells, and there are {len(self.columns)} columns")

    def titled(self, lang: Language) -> str:
        """Return the title, marked where it holds test data."""
        said = self.title.text(lang)
        return f"{TRIAL}{said}" if self.trial else said


def as_csv(tables: Sequence[Table], *, lang: Language = "ja", encoding: Encoding = "utf-8") -> bytes:
    """Return tables as CSV, one below the other. Raises Unencodable, which names the place."""
    rows: list[Sequence[str | int]] = []
    for table in tables:
        if rows:
            rows.append(())
        rows += _rows(table, lang)
    return sheet(rows, encoding=encoding)


def as_json(tables: Sequence[Table]) -> bytes:
    """Return tables as UTF-8 JSON: `{"tables": [{"key", "title", "trial", "notes", "columns", "rows"}]}`, rows by column."""
    made = [
        {
            "key": table.key,
            "title": _plain(table.title),
            "trial": table.trial,
            "notes": [{"key": one.key, "title": _plain(one.title), "said": _plain(one.said)} for one in table.notes],
            "columns": [{"key": one.key, "title": _plain(one.title), "kind": one.kind} for one in table.columns],
            "rows": [
                {column.key: _plain(cell) for column, cell in zip(table.columns, row, strict=True)}
                for row in table.rows
            ],
        }
        for table in tables
    ]
    return (json.dumps({"tables": made}, ensure_ascii=False, indent=1) + "\n").encode()


def cell_text(cell: Cell, lang: Language) -> str:
    """Return a cell as text: days as `2026-11-22`, instants to the second by the clock of Japan."""
    match cell:
        case None:
            return ""
        case Said():
            return cell.text(lang)
        case datetime():
            return f"{cell.astimezone(JST):%Y-%m-%d %H:%M:%S}"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def _rows(table: Table, lang: Language) -> Iterator[Sequence[str | int]]:
    yield (table.titled(lang),)
    for note in table.notes:
        yield note.title.text(lang), cell_text(note.said, lang)
    yield ()
    yield [column.heading(lang) for column in table.columns]
    for row in table.rows:
        yield [cell if isinstance(cell, int) else cell_text(cell, lang) for cell in row]


def _plain(cell: Cell) -> Any:
    match cell:
        case Said():
            return cell.code or {"ja": cell.ja, "en": cell.en}
        case datetime():
            return cell.astimezone(JST).isoformat()
        case date():
            return cell.isoformat()
        case _:
            return cell
