"""Tables and documents as PDF, for paper and for whoever keeps files: A4, fonts embedded, headings on every page.

The layout is the constant program `document.typ`; what a document says reaches it as data and can be no code of it. A
character that no font at hand has is written as its number, `[U+E001]`, never as an empty box and never left out.
INVARIANT: the same document makes the same bytes on the same fonts: no clock, no file but the fonts. Slow work, without
the interpreter's lock: call it in a thread (`asyncio.to_thread(as_pdf, tables, lang=…, fonts=desk.fonts)`).
"""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal

import msgspec
import typst

from gateway.core.refused import Refused
from gateway.core.trial import TRIAL
from gateway.sheets.fonts import Lettering, lettering
from gateway.sheets.measure import breakable, columns_of, units
from gateway.sheets.tables import Language, Note, Said, Table, cell_text

MOST_CELLS: Final = 20_000
"""Of one document; more is some hundred pages, which nobody reads, and takes memory that the gateway needs."""

_PROGRAM: Final = Path(__file__).with_name("document.typ").read_bytes()
_SIZE: Final = 8.5
_WIDTH: Final = {False: 510.0, True: 757.0}
"""Points between the margins: upright, and across."""
_CELL_SIDES: Final = 7.0
"""Points of a cell that its text may not use."""
_LABEL: Final = 0.35
"""The most that the names of facts may take of the width."""
_ONE_AT_A_TIME: Final = Lock()
_NONE: Final = Said("(該当なし)", "(none)")
_UNSHAPED: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff")
"""They are no shape by themselves; variation selectors are not either."""


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """A heading within a document; level 1 is the document's title."""

    said: Said
    level: Literal[2, 3] = 2


class Paragraph(msgspec.Struct, frozen=True, kw_only=True):
    """A text; its line ends stay."""

    said: Said


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Names and what is said of each, one below the other."""

    rows: tuple[Note, ...]


Block = Heading | Paragraph | Facts | Table


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What a PDF says, from top to bottom. A table's notes stand above it, its title where it is not the document's."""

    title: Said
    blocks: tuple[Block, ...]
    trial: bool = False
    wide: bool | None = None
    """Whether pages lie across; None: where a table needs it."""


def as_pdf(tables: Sequence[Table], *, lang: Language = "ja", fonts: Path | None = None) -> bytes:
    """Return tables as PDF, one below the other, titled as the first. `fonts`: a folder; None: the usual ones.

    Raises FontsMissing; Refused where there are more cells than a document takes.
    """
    first = tables[0]
    return printed(Document(title=first.title, blocks=tuple(tables), trial=first.trial), lang=lang, fonts=fonts)


def printed(document: Document, *, lang: Language = "ja", fonts: Path | None = None) -> bytes:
    """Return a document as PDF. Raises FontsMissing; Refused where there are more cells than a document takes."""
    letters = lettering(fonts)
    data = json.dumps(_data(document, lang, letters), ensure_ascii=False)
    with _ONE_AT_A_TIME:
        compiler = typst.Compiler(
            input=_PROGRAM, font_paths=letters.loaded, ignore_system_fonts=True, sys_inputs={"data": data}
        )
        made = compiler.compile(format="pdf")
    if not isinstance(made, bytes):
        raise TypeError("a document is one file")
    return made


def _data(document: Document, lang: Language, letters: Lettering) -> dict[str, Any]:
    tables = [one for one in document.blocks if isinstance(one, Table)]
    if sum(len(one.rows) * len(one.columns) for one in tables) > MOST_CELLS:
        raise Refused(
            "too_long",
            f"{MOST_CELLS:,} セルを超える表は PDF にできません → 期間や条件で絞るか、CSV か Excel で出力してください",
            f"a table of more than {MOST_CELLS:,} cells is not printed; narrow it down, or export it as CSV or XLSX",
        )
    wide = document.wide
    if wide is None:
        wide = any(sum(_wanted(one, lang)) * _SIZE / 2 > _room(one, wide=False) for one in tables)
    title = f"{TRIAL}{document.title.text(lang)}" if document.trial else document.title.text(lang)
    blocks: list[dict[str, Any]] = []
    for block in document.blocks:
        match block:
            case Heading():
                blocks.append({"kind": "heading", "level": block.level, "said": _lines(block.said.text(lang), letters)})
            case Paragraph():
                blocks.append({"kind": "paragraph", "said": _lines(block.said.text(lang), letters)})
            case Facts():
                blocks += _facts(block.rows, lang, letters, wide=wide)
            case Table():
                if block.title != document.title:
                    blocks.append({"kind": "heading", "level": 2, "said": _lines(block.titled(lang), letters)})
                blocks += _facts(block.notes, lang, letters, wide=wide)
                blocks += _table(block, lang, letters, wide=wide)
    return {
        "name": title,
        "title": _lines(title, letters),
        "running": _lines(title, letters, room=_WIDTH[wide]),
        "lang": lang,
        "wide": wide,
        "size": _SIZE,
        "fonts": letters.families,
        "blocks": blocks,
    }


def _facts(rows: Sequence[Note], lang: Language, letters: Lettering, *, wide: bool) -> list[dict[str, Any]]:
    if not rows:
        return []
    names = [one.title.text(lang) for one in rows]
    width = _WIDTH[wide] - 8
    label = min(max(map(units, names)) * _SIZE / 2 + 2, width * _LABEL)
    made = [
        [_lines(name, letters, room=label), _lines(cell_text(one.said, lang), letters, room=width - label)]
        for name, one in zip(names, rows, strict=True)
    ]
    return [{"kind": "facts", "widths": [label, width - label], "rows": made}]


def _table(table: Table, lang: Language, letters: Lettering, *, wide: bool) -> list[dict[str, Any]]:
    if not table.rows:
        return [{"kind": "paragraph", "said": _lines(_NONE.text(lang), letters)}]
    room = _room(table, wide=wide)
    widths = [one * _SIZE / 2 for one in columns_of(_wanted(table, lang), room * 2 / _SIZE)]
    return [
        {
            "kind": "table",
            "widths": [one + _CELL_SIDES for one in widths],
            "right": [column.kind == "number" for column in table.columns],
            "head": [
                _lines(column.heading(lang), letters, room=width)
                for column, width in zip(table.columns, widths, strict=True)
            ],
            "rows": [
                [
                    {"said": _lines(_shown(cell, lang), letters, room=width)}
                    for cell, width in zip(row, widths, strict=True)
                ]
                for row in table.rows
            ],
        }
    ]


def _room(table: Table, *, wide: bool) -> float:
    """Return the points that the texts of a row share."""
    return _WIDTH[wide] - _CELL_SIDES * len(table.columns)


def _shown(cell: Any, lang: Language) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell_text(cell, lang)


def _wanted(table: Table, lang: Language) -> list[float]:
    """Return for each column the width of its widest line, in halves of a character."""
    return [
        max(
            (units(line) for text in _texts(table, at, lang) for line in text.splitlines()),
            default=0.0,
        )
        for at in range(len(table.columns))
    ]


def _texts(table: Table, at: int, lang: Language) -> list[str]:
    return [table.columns[at].heading(lang), *(_shown(row[at], lang) for row in table.rows)]


def _lines(text: str, letters: Lettering, *, room: float = _WIDTH[False]) -> list[str | list[str]]:
    """Return a text as lines, and a line in pieces where a word of it is wider than `room` points."""
    return [breakable(_spelt(line, letters), room * 2 / _SIZE) for line in text.splitlines() or [""]]


def _spelt(line: str, letters: Lettering) -> str:
    """Return a line in which a character without a shape is written as its number."""
    if all(letters.covers(one) for one in set(line)):
        return line
    return "".join(one if letters.covers(one) or _invisible(one) else _number(one) for one in line.replace("\t", " "))


def _invisible(character: str) -> bool:
    """Tell whether a character is meant to have no shape; not those that turn the order of reading around."""
    return (
        character in _UNSHAPED
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or unicodedata.category(character) == "Zs"
    )


def _number(character: str) -> str:
    return f"[U+{ord(character):04X}]"
