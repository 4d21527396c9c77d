"""What is typed into a field of a form, as the value that a policy file holds; what cannot be one is refused by name.

A field's name is what its label says, in both languages. Nothing is guessed: an empty field is None only where the
function says so.
"""

import re
from collections.abc import Collection
from datetime import date
from typing import Final

from gateway.core.plain_text import one_line, writable
from gateway.core.refused import Refused

Name = tuple[str, str]
"""What a field is called: (Japanese, English)."""

LONGEST: Final = 4_000
"""Characters that a text of a policy file may have."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def wrong(name: Name, ja: str, en: str) -> Refused:
    """Return the refusal of one field: which one, and how to mend it."""
    return Refused("field", f"「{name[0]}」: {ja}", f"“{name[1]}”: {en}")


def words(typed: str, name: Name, *, longest: int = LONGEST, lines: bool = False) -> str:
    """Return a text without the blanks around it. Raises Refused where there is none, or none that can be kept."""
    said = typed.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not said:
        raise wrong(name, "入力してください", "fill it in")
    if len(said) > longest:
        raise wrong(name, f"{longest}字までで入力してください", f"use at most {longest} characters")
    if not writable(said) or not (lines or one_line(said)):
        ja = "制御文字は使えません" if lines else "制御文字は使えません。1行で入力してください"
        raise wrong(name, ja, "no control characters" if lines else "no control characters, and one line")
    return said


def words_or_none(typed: str, name: Name, *, longest: int = LONGEST, lines: bool = False) -> str | None:
    """Return a text, None for an empty field. Raises Refused."""
    return words(typed, name, longest=longest, lines=lines) if typed.strip() else None


def formed(typed: str, name: Name, form: str, example: str, *, longest: int = LONGEST) -> str:
    """Return a text of a form, a regular expression for the whole of it. Raises Refused, with the example."""
    said = words(typed, name, longest=longest)
    if not re.fullmatch(form, said):
        raise wrong(name, f"{example} の形で入力してください", f"write it as {example}")
    return said


def one_of(typed: str, name: Name, among: Collection[str]) -> str:
    """Return one of the choices of a field. Raises Refused for anything else."""
    said = typed.strip()
    if said not in among:
        raise wrong(name, "一覧から選んでください", "choose from the list")
    return said


def some_of(typed: Collection[str], name: Name, among: Collection[str]) -> tuple[str, ...]:
    """Return what was chosen, in the order of the choices. Raises Refused for nothing, or for anything else."""
    if not typed or set(typed) - set(among):
        raise wrong(name, "一覧から一つ以上選んでください", "choose one or more from the list")
    return tuple(one for one in among if one in typed)


def day(typed: str, name: Name) -> date:
    """Return a calendar day. Raises Refused where none is given, or there is no such day."""
    said = typed.strip()
    try:
        if not _DAY.fullmatch(said):
            raise ValueError(said)
        return date.fromisoformat(said)
    except ValueError:
        raise wrong(
            name, "実在する日付を 2026-12-01 の形で入力してください", "write a day that there is, as 2026-12-01"
        ) from None


def day_or_none(typed: str, name: Name) -> date | None:
    """Return a calendar day, None for an empty field. Raises Refused."""
    return day(typed, name) if typed.strip() else None


def in_order(first: date | None, last: date | None, name: Name) -> None:
    """Check two days, both inclusive. Raises Refused, by the name of the last, where it is before the first."""
    if first is not None and last is not None and last < first:
        raise wrong(name, f"最初の日({first})以後にしてください", f"it is before the first day, {first}")


def number(typed: str, name: Name, *, least: int, most: int) -> int:
    """Return a whole number within its bounds. Raises Refused."""
    said = typed.strip()
    if not (said.isascii() and said.isdecimal() and len(said) <= 9 and least <= int(said) <= most):
        raise wrong(
            name, f"{least}から{most}までの整数を入力してください", f"write a whole number from {least} to {most}"
        )
    return int(said)
