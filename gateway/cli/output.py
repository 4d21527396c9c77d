"""Printing and ending: tables or `--json`, and the documented exit codes."""

import asyncio
import json
import re
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast, get_args

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.adapters.key_files import KeysRefused
from gateway.app.alone import AlreadyServing
from gateway.control_plane.govern import StaleBase
from gateway.core.days import JST
from gateway.core.plain_text import says
from gateway.oversight.log.archive import ArchiveRefused
from gateway.oversight.log.export import NothingPublished
from gateway.oversight.log.prove import NotFound
from gateway.ports import Unavailable, Unpublishable, UnpublishableCode
from gateway.settings import PREFIX, Settings, read_settings

REFUSED, USAGE, UNAVAILABLE = 1, 2, 3
WIDE = 500
"""Columns of a table that goes into a pipe: nothing is cut there."""

Json = Annotated[bool, typer.Option("--json", help="機械が読む形で / as JSON")]
Language = Literal["ja", "en"]


def _language(text: str) -> Language:
    """Return the language that is asked for, or end with those there are: whoever misspells it is told, not guessed at."""
    if text not in get_args(Language):
        raise typer.BadParameter(f"`{text}` という言語はありません。ja か en です / there is no `{text}`; say ja or en")
    return cast("Language", text)


Lang = Annotated[
    Language,
    typer.Option("--lang", parser=_language, metavar="ja|en", help="表示の言語 / the language of what is said"),
]

_CODE = re.compile(r"[0-9A-Za-z-]{1,64}")
"""A member code, as partners may ask for it (security-profile.md §6)."""

_UNPUBLISHABLE: Mapping[UnpublishableCode, str] = {
    "tiles": "公開済みのハッシュが提供ログと合いません。記録から作り直すので、もう一度実行してください。",
    "root": "提供ログの記録が、書き込んだときのハッシュと合いません。データベースの記録が変えられたか、消されています。署名していません。",
    "shrunk": "提供ログの件数が、署名済みの件数より少ない。古いデータベースに戻されています。新しいほうに戻してください。署名していません。",
    "forked": "提供ログが、署名済みのものの続きではありません。記録が書き換えられたか、別のデータベースです。署名していません。",
    "state-missing": "最後に署名したチェックポイントの控えがありません。控えを戻してください。署名していません。",
    "state-unreadable": "最後に署名したチェックポイントの控えが読めません。控えを直してください。署名していません。",
    "state-unwritable": "最後に署名したチェックポイントの控えを書けません。署名していません。",
}

_REFUSALS: Mapping[type[Exception], str] = {
    AlreadyServing: "別のゲートウェイが、このデータベースで動いています",
    ArchiveRefused: "保管できません",
    KeysRefused: "鍵を使えません",
    NotFound: "その提供の記録はありません",
    NothingPublished: "チェックポイントがまだありません",
    StaleBase: "見ていたものより新しい決定があります。見直して、もう一度実行してください",
    ValueError: "実行できません",
}
"""What stands before a sentence that is in English alone; a type that is not named here says it in both."""

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)
_T = TypeVar("_T")


def fail(message: str, code: int = REFUSED) -> typer.Exit:
    """Print what is wrong on standard error; return the exit to raise."""
    err.print(message, style="red", markup=False, highlight=False)
    return typer.Exit(code)


def text_of(path: Path) -> str:
    """Return a file's text, standard input's for `-`; or end with the file that cannot be read."""
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise fail(f"`{path}` を読めません / cannot be read: {why}", USAGE) from None


def codes_of(path: Path) -> list[str]:
    """Return the member codes of a file or of standard input, one a line; or end where there are none, or a line is none.

    A code that no member can have (a heading, a comma, full-width digits) would be stopped without stopping anybody.
    """
    lines = [line.strip() for line in text_of(path).removeprefix("\ufeff").splitlines()]
    for number, line in enumerate(lines, 1):
        if line and not is_code(line):
            raise fail(f"{number}行目は組合員コードではありません / line {number} is no member code", USAGE)
    members = [line for line in lines if line]
    if not members:
        raise fail("組合員コードがありません / no member code was given", USAGE)
    return members


def is_code(text: str) -> bool:
    """Tell whether a text can be a member code."""
    return _CODE.fullmatch(text) is not None


def said(text: str) -> str:
    """Return what a person gives as name or reason; or end where it says nothing. For `typer.Option(callback=said)`."""
    if not says(text):
        raise typer.BadParameter("空です / it is empty")
    return text


def asked(question: str) -> str:
    """Return the line that a person answers with, on the terminal or standard input; the question is no output."""
    err.print(f"{question}: ", end="", markup=False, highlight=False)
    return sys.stdin.readline().strip()


def typed(expected: str, question: str) -> None:
    """Go on only where a person writes what is expected; else end, nothing done."""
    if asked(question) != expected:
        raise fail("確認できなかったので、何もしていません / not confirmed; nothing was done")


def settings() -> Settings:
    """Return the settings, or end with the variable that is wrong."""
    try:
        return read_settings()
    except ValidationError as refused:
        lines = [f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in refused.errors()]
        raise fail("\n".join(["設定を直してください / mend the settings:", *lines]), USAGE) from None
    except ValueError as refused:
        raise fail(f"設定を直してください / mend the settings: {refused}", USAGE) from None


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end, turning what may go wrong into a sentence and an exit code."""
    with explained():
        return asyncio.run(work)


@contextmanager
def explained() -> Iterator[None]:
    """Turn the failures that a person can mend into a sentence and an exit code."""
    try:
        yield
    except Unavailable as fault:
        raise fail(f"いまは使えません / not available now: {fault}", UNAVAILABLE) from None
    except Unpublishable as fault:
        raise fail(f"{_UNPUBLISHABLE[fault.code]}\n{fault}") from None
    except OverflowError as fault:
        raise fail(f"数または日付が範囲の外です / a number or date is out of range: {fault}", USAGE) from None
    except BrokenPipeError:  # whoever read the output has gone: typer's to end quietly
        raise
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        if fault.filename is None:  # an address to listen on, not a file: the system's sentence names it
            raise fail(f"使えません / cannot be used: {why}", USAGE) from None
        raise fail(f"`{fault.filename}` を読み書きできません / cannot be used: {why}", USAGE) from None
    except (AlreadyServing, StaleBase, NothingPublished, ValueError) as refused:
        ja = _REFUSALS.get(type(refused))
        raise fail(str(refused) if ja is None else f"{ja} / {refused}") from None


def in_japan(instant: datetime) -> str:
    """Return an instant as a person here reads it: Japan time, to the second."""
    return f"{instant.astimezone(JST):%Y-%m-%d %H:%M:%S}"


def as_rfc3339(instant: datetime) -> str:
    """Return an instant as `--json` says it: RFC 3339, in UTC."""
    return instant.astimezone(UTC).isoformat()


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool, title: str | None = None) -> None:
    """Print rows as a table, or as JSON."""
    if as_json:
        print(json.dumps([dict(row) for row in rows], ensure_ascii=False, indent=1, default=str))
        return
    table = Table(title=title)
    for column in rows[0] if rows else ():
        table.add_column(column, no_wrap=not out.is_terminal)
    for row in rows:
        # As text: what stands in square brackets is no markup.
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    where = out if out.is_terminal else Console(soft_wrap=True, width=WIDE)
    where.print(table)


def say(message: str, *, as_json: bool = False, **facts: object) -> None:
    """Print one sentence, or its facts as JSON."""
    if as_json:
        print(json.dumps(facts, ensure_ascii=False, default=str))
    else:
        out.print(message, markup=False, highlight=False)
