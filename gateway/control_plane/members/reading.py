"""Bytes of member events → rows, whole or not at all: the encoding, the columns and the control total must be right.

CSV: a heading, one event a line, and `#total,N` as its last line; `#reason,…` may stand before that. JSON: one object
with `events`, `total` and, where the door asks for it, `reason`. INVARIANT: no refusal has a value of the file in it.
"""

import csv
import io
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, Literal, get_args

import msgspec

from gateway.control_plane.members.faults import Fault
from gateway.core.refused import Refused
from gateway.jose.intake import Malformed, strict_object

Form = Literal["csv", "json"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
Encoding = Literal["utf-8", "cp932"]
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)
REQUIRED: Final = ("event_id", "member_code", "event")
COLUMNS: Final = (*REQUIRED, "kind", "partner", "purpose", "ground", "at")
MOST: Final = 10_000
"""Events of one import."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a file."""
_MOST_DIGITS: Final = 9
_KANA: Final = "\u0800"
"""From here on characters have three bytes in UTF-8; what is below may be half-width kana of cp932, in pairs."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it was told: every column that there is, "" where it says nothing; or what keeps it from being read."""

    number: int
    cells: dict[str, str] = {}
    faults: tuple[tuple[str, Fault], ...] = ()
    """(Field, what is wrong) where it is no row at all."""

    def __repr__(self) -> str:
        """What is known of a member does not print itself."""
        return f"<Row {self.number}>"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a file tells."""

    rows: tuple[Row, ...]
    digest: bytes
    """SHA-256 of its bytes."""
    reason: str | None = None


def read(data: bytes, *, form: Form, encoding: Encoding = "utf-8", count: int | None = None) -> Told:
    """Return what a file tells; `count` is the control total where the file has none. Raises Refused."""
    if len(data) > LARGEST:
        raise _refused(
            "size",
            f"{LARGEST // 1024 // 1024} MiBを超えています。分けて取り込んでください",
            f"it is larger than {LARGEST // 1024 // 1024} MiB; take it in in parts",
        )
    rows, total, reason = _json(data) if form == "json" else _csv(_decoded(data, encoding))
    if len(rows) > MOST:
        raise _refused(
            "size",
            f"一度に{MOST:,}件までです。分けて取り込んでください",
            f"at most {MOST:,} events at a time; split it",
        )
    for stated in (total, count):
        if stated is not None and stated != len(rows):
            raise _refused(
                "total",
                f"件数が合いません。制御合計は{stated}件、実際は{len(rows)}件です。途中で切れていないか確かめてください",
                f"the control total says {stated} events, and there are {len(rows)}; see whether the file is cut short",
            )
    if total is None and count is None:
        raise _refused(
            "total",
            "件数の合計がありません。CSVなら最後の行に #total,件数 を、JSONなら total を入れてください",
            "there is no control total; end a CSV file with the line #total,N, or give a JSON object its `total`",
        )
    return Told(rows=rows, digest=sha256(data).digest(), reason=reason)


def _refused(rule: str, ja: str, en: str) -> Refused:
    return Refused(f"file:{rule}", ja, en)


def _decoded(data: bytes, encoding: Encoding) -> str:
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
    else:
        line = _utf8_inside(data) if encoding == "cp932" else 0
        if not line:
            return text
    raise _refused(
        "encoding",
        f"{line}行目が{encoding}として読めません。文字コードを確かめてください(utf-8 か cp932)",
        f"line {line} is not {encoding}; see which encoding it is in (utf-8 or cp932)",
    )


def _utf8_inside(data: bytes) -> int:
    """Return the first line that is UTF-8 with kana or kanji; 0 for none. As cp932 it often reads, as other characters."""
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            if not line.isascii() and max(line.decode()) >= _KANA:
                return number
        except UnicodeDecodeError:
            continue
    return 0


_Read = tuple[tuple[Row, ...], int | None, str | None]
"""Rows, the control total, the reason."""


def _csv(text: str) -> _Read:
    lines = _lines(text)
    heading = [cell.strip() for cell in next(lines, (1, ()))[1]]
    _check_heading(heading)
    rows: list[Row] = []
    total: int | None = None
    reason: str | None = None
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if total is not None:
            raise _refused(
                "total", "合計の行の後に行があります。合計は最後の行に書いてください", "there are rows after the total"
            )
        match cells[0].strip():
            case "#total":
                total = _total([cell.strip() for cell in cells[1:]])
            case "#reason" if reason is not None:
                raise _refused(
                    "reason",
                    f"{number}行目: 理由の行が2つあります。#reason は1行だけにしてください",
                    f"line {number}: there is a reason already; write one line of #reason",
                )
            case "#reason":
                reason = ",".join(cells[1:]).strip().rstrip(",")
            case _:
                rows.append(_row(len(rows) + 1, heading, cells))
        if len(rows) > MOST:
            break
    return tuple(rows), total, reason


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line, and which it is. Raises Refused for what is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise _refused(
                "form",
                f'{reader.line_num}行目がCSVとして読めません。引用符(")の対応を確かめてください',
                f"line {reader.line_num} is no CSV; see whether its quotation marks match",
            ) from None
        yield reader.line_num, cells


def _check_heading(heading: list[str]) -> None:
    """Check the columns; what stands in a heading that is none may be a member's data, and is not said again."""
    for place, name in enumerate(heading, 1):
        if name not in COLUMNS or name in heading[: place - 1]:
            raise _refused(
                "columns",
                f"見出しの{place}列目が違います。1行目に書けるのは {', '.join(COLUMNS)} を1度ずつです",
                f"column {place} of the heading is not known, or twice; the first line takes {', '.join(COLUMNS)}, each once",
            )
    missing = [name for name in REQUIRED if name not in heading]
    if missing:
        raise _refused(
            "columns",
            f"列がありません: {', '.join(missing)}。1行目を見出しにして加えてください",
            f"columns are missing: {', '.join(missing)}; the first line is the heading",
        )


def _row(number: int, heading: list[str], cells: list[str]) -> Row:
    if len(cells) != len(heading):
        return Row(number=number, faults=(("", "cells"),))
    said = {name: cell.strip() for name, cell in zip(heading, cells, strict=True)}
    return Row(number=number, cells=dict.fromkeys(COLUMNS, "") | said)


def _total(cells: list[str]) -> int:
    """Return a trailer's number; spreadsheets fill a line up with commas."""
    if not cells or not _is_count(cells[0]) or any(cells[1:]):
        raise _refused("total", "合計の行は #total,件数 の形です", "the last line is #total,N")
    return int(cells[0])


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _json(data: bytes) -> _Read:
    try:
        told = strict_object(data.removeprefix(b"\xef\xbb\xbf"))
    except Malformed:
        raise _refused(
            "form",
            "JSONとして読めないか、同じキーが2度あるか、入れ子が深すぎます。UTF-8の1つのオブジェクトを送ってください",
            "it is not JSON, or repeats a key, or is nested too deeply; send one object, in UTF-8",
        ) from None
    events, total, reason = told.get("events"), told.get("total"), told.get("reason")
    if not told.keys() <= {"events", "total", "reason"} or not isinstance(events, list):
        raise _refused(
            "columns",
            "キーは events(配列)、total(件数)、reason(理由)です",
            "the keys are `events` (a list), `total` and `reason`",
        )
    if total is not None and (type(total) is not int or total < 0):
        raise _refused("total", "total は0以上の整数です", "`total` is an integer, 0 or more")
    if reason is not None and not isinstance(reason, str):
        raise _refused("columns", "reason は文字列です", "`reason` is a string")
    return tuple(_event(number, one) for number, one in enumerate(events, 1)), total, reason


def _event(number: int, one: object) -> Row:
    if not isinstance(one, dict):
        return Row(number=number, faults=(("", "object"),))
    if not one.keys() <= set(COLUMNS):
        return Row(number=number, faults=(("", "column"),))
    wrong: tuple[tuple[str, Fault], ...] = tuple(
        (name, "text") for name in COLUMNS if not isinstance(one.get(name, ""), str | None)
    )
    if wrong:
        return Row(number=number, faults=wrong)
    said = {name: (one.get(name) or "").strip() for name in COLUMNS}
    return Row(number=number, cells=said)
