"""The matrix as CSV, for those who work in a spreadsheet: out, and back in as a list of changes, never half of it.

One row per field, one column per grant; an empty cell withholds. Labels are checked on the way back: a sheet sorted by
one column alone would otherwise grant another field than the one its reader saw. How a sheet is written: csv_sheet.py.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from gateway.control_plane.grants.matrix import Matrix, Row
from gateway.control_plane.grants.matrix_changes import CellChange, obstacle
from gateway.control_plane.grants.matrix_words import WITHHELD, told
from gateway.core.policy import Transform
from gateway.core.transforms import TRANSFORM_WORDS
from gateway.sheets.csv_sheet import BOM, Encoding, plain, sheet

HEAD = {"ja": ("公表項目", "データ項目", "名称"), "en": ("item", "field", "label")}
MAX_BYTES = 1_000_000
_WORDS: dict[str, Transform | None] = {
    "": None,
    **dict.fromkeys(WITHHELD, None),
    **{name: name for name in TRANSFORM_WORDS},
    **{word: name for name, words in TRANSFORM_WORDS.items() for word in words},
}


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """One error in a CSV file; rows and columns count from 1, 0 is the file or the row as a whole."""

    row: int
    column: int
    ja: str
    en: str


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """What a CSV file would change; no changes where there are errors."""

    changes: tuple[CellChange, ...] = ()
    errors: tuple[Wrong, ...] = ()


def export(of: Matrix, *, lang: Literal["ja", "en"] = "ja", encoding: Encoding = "utf-8") -> bytes:
    """Return the matrix as CSV: UTF-8 with a BOM, which spreadsheets need, or cp932.

    Japanese sheets hold the Japanese words, English ones the names of the transforms. Raises Unencodable where cp932
    lacks a character: nothing is replaced by `?`.
    """
    head = (*HEAD[lang], *(f"{of.agreement}.{name}" for _, name in of.granted))
    rows = (
        (
            row.item,
            row.id,
            row.ja if lang == "ja" else row.en,
            *(_word(row.cells[at].transform, lang) for at, _ in of.granted),
        )
        for row in of.rows
    )
    return sheet([head, *rows], encoding=encoding)


def read(of: Matrix, data: bytes) -> Import:
    """Return what a CSV file would change in a matrix, or everything that is wrong with it."""
    try:
        rows = _decoded(data)
    except _Unreadable as fault:
        return Import(errors=(Wrong(row=fault.row, column=0, ja=fault.ja, en=fault.en),))
    head, *body = rows
    columns, wrong = _columns(of, head)
    if wrong:
        return Import(errors=tuple(wrong))
    changes: list[CellChange] = []
    known = {row.id: row for row in of.rows}
    seen: dict[str, int] = {}
    for number, cells in enumerate(body, 2):
        if not any(cells):
            continue
        if len(cells) != len(head):
            wrong.append(
                _wrong(
                    number,
                    0,
                    f"列が {len(cells)} あります → {len(head)} 列にする",
                    f"has {len(cells)} columns; make it {len(head)}",
                )
            )
            continue
        row = known.get(cells[1])
        if row is None:
            wrong.append(
                _wrong(
                    number,
                    2,
                    "一覧にないデータ項目です → 出力したときの値に戻す",
                    "no such field; restore what was exported",
                )
            )
        elif row.id in seen:
            again = seen[row.id]
            wrong.append(
                _wrong(
                    number, 2, f"{again} 行目と同じ項目です → 一行にする", f"the field of row {again} again; keep one"
                )
            )
        else:
            seen[row.id] = number
            wrong += _labels(number, cells, row)
            made, faults = _cells(of, number, cells, row, columns)
            changes += made
            wrong += faults
    for name in (row.id for row in of.rows if row.id not in seen):
        wrong.append(
            _wrong(
                0, 0, f"`{name}` の行がありません → すべての行を残す", f"the row of `{name}` is missing; keep every row"
            )
        )
    return Import(errors=tuple(wrong)) if wrong else Import(changes=tuple(changes))


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Unreadable(Exception):
    def __init__(self, ja: str, en: str, row: int = 0) -> None:
        super().__init__(en)
        self.row, self.ja, self.en = row, ja, en


def _decoded(data: bytes) -> list[list[str]]:
    """Return the rows. The encoding is the one under which the file can be read and its first row is ours."""
    if len(data) > MAX_BYTES:
        raise _Unreadable(
            f"{MAX_BYTES:,} バイトを超えています → 出力したファイルを使う", "too large; use the exported file"
        )
    if data.startswith(BOM):
        text = _strict(data[len(BOM) :], "utf-8")
        if text is not None and (rows := _rows(text)):
            return rows
    else:
        for encoding in ("utf-8", "cp932"):
            text = _strict(data, encoding)
            if text is not None and (rows := _rows(text)) and tuple(rows[0][:3]) in HEAD.values():
                return rows
    raise _Unreadable(
        "文字コードか1行目を読み取れません → UTF-8 または Shift_JIS の CSV で保存し、1行目は "
        f"「{','.join(HEAD['ja'])}」で始める",
        f"encoding or first row cannot be read; save as CSV in UTF-8 or Shift_JIS, the first row beginning `{','.join(HEAD['en'])}`",
    )


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _rows(text: str) -> list[list[str]]:
    try:
        # The csv module needs line ends as they are; a bare CR of an old spreadsheet counts as one.
        return [[plain(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except csv.Error as error:
        raise _Unreadable(
            "引用符の対応が崩れています → CSV で保存し直す", f"not well-formed CSV ({error}); save it again"
        ) from None


def _columns(of: Matrix, head: Sequence[str]) -> tuple[dict[int, tuple[int, str]], list[Wrong]]:
    """Return position in the file → column of the matrix and grant, and what is wrong with the first row."""
    wrong = []
    if tuple(head[:3]) not in HEAD.values():
        text = ", ".join(HEAD["ja"])
        wrong.append(
            _wrong(1, 1, f"最初の3列は「{text}」です", f"the first three columns are: {', '.join(HEAD['en'])}")
        )
    wanted = {f"{of.agreement}.{name}": (at, name) for at, name in of.granted}
    found: dict[int, tuple[int, str]] = {}
    seen: set[str] = set()
    for position, name in enumerate(head[3:], 3):
        if name in seen:
            wrong.append(
                _wrong(1, position + 1, f"列 `{name}` が二度あります → 一つにする", f"`{name}` stands twice; keep one")
            )
        elif name not in wanted:
            wrong.append(
                _wrong(
                    1,
                    position + 1,
                    f"`{name}` はこの契約の提供範囲ではありません → 除く",
                    f"`{name}` is no grant of this agreement; remove it",
                )
            )
        else:
            found[position] = wanted[name]
        seen.add(name)
    wrong += [
        _wrong(1, 0, f"列 `{name}` がありません → 出力したときの列を残す", f"the column `{name}` is missing; keep it")
        for name in wanted
        if name not in seen
    ]
    return found, wrong


def _labels(number: int, cells: Sequence[str], row: Row) -> Iterator[Wrong]:
    if cells[0] != row.item:
        yield _wrong(
            number,
            1,
            f"`{row.id}` の公表項目は {row.item} です → 行のずれを直す",
            f"`{row.id}` is of {row.item}; mend the shift",
        )
    if cells[2] not in {row.ja, row.en}:
        yield _wrong(
            number, 3, f"`{row.id}` の名称は {row.ja} です → 行のずれを直す", f"`{row.id}` is {row.en}; mend the shift"
        )


def _cells(
    of: Matrix, number: int, cells: Sequence[str], row: Row, columns: dict[int, tuple[int, str]]
) -> tuple[list[CellChange], list[Wrong]]:
    changes, wrong = [], []
    for position, (at, grant) in columns.items():
        word = cells[position].strip()
        if word not in _WORDS:
            ja, en = (_list(row.transforms, lang) for lang in ("ja", "en"))
            wrong.append(
                _wrong(
                    number, position + 1, f"変換の言葉ではありません → {ja}", f"no word for a transform; one of: {en}"
                )
            )
            continue
        transform = _WORDS[word]
        if transform == row.cells[at].transform:
            continue
        if whys := obstacle(row, row.cells[at], transform):
            wrong.append(_wrong(number, position + 1, told(whys, "ja"), told(whys, "en")))
        else:
            changes.append(CellChange(agreement=of.agreement, grant=grant, field=row.id, transform=transform))
    return changes, wrong


def _list(transforms: Iterable[Transform], lang: str) -> str:
    if lang == "ja":
        return "、".join(TRANSFORM_WORDS[one][0] for one in transforms) + "、空欄"
    return ", ".join(transforms) + ", or empty"


def _word(transform: Transform | None, lang: str) -> str:
    if transform is None:
        return ""
    return TRANSFORM_WORDS[transform][0] if lang == "ja" else transform


def _wrong(row: int, column: int, ja: str, en: str) -> Wrong:
    place_ja = (f"{row} 行目" if row else "") + (f" {column} 列目" if column else "")
    place_en = " ".join(part for part in (f"row {row}" if row else "", f"column {column}" if column else "") if part)
    return Wrong(
        row=row, column=column, ja=f"{place_ja}: {ja}" if place_ja else ja, en=f"{place_en}: {en}" if place_en else en
    )
