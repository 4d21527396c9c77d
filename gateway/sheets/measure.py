"""How wide a text is on paper, at most, and how a table shares a page's width among its columns.

Widths are counted in halves of a character (half an em): so much is a narrow character of a Japanese font of one width.
Fonts of changing widths have wider ones, and what is said here is not less than any of theirs.
"""

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Final

_WIDEST: Final = frozenset("MWmw@%&")
_SMALL: Final = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ")
_LEAST: Final = 16.0
"""A column gets so much, or all that it wants where that is less, before others get more."""


def units(text: str) -> float:
    """Return the width of a line."""
    return sum(_unit(one) for one in text)


def _unit(character: str) -> float:
    if not character.isascii():
        return 2.0 if unicodedata.east_asian_width(character) != "H" else 1.0
    if character in _WIDEST:
        return 1.9
    return 1.5 if character.isupper() else 1.25


def columns_of(wanted: Sequence[float], room: float) -> list[float]:
    """Return the widths of columns, which are `room` in all: what each wants, or a share of what is left of the page."""
    total = sum(wanted)
    if total <= room:
        return [one + (room - total) / len(wanted) for one in wanted]
    least = [min(one, _LEAST) for one in wanted]
    if sum(least) >= room:
        return [one * room / sum(least) for one in least]
    # No text asks for more than half a page beyond its least: one long remark leaves the others their room.
    beyond = [min(one - low, room / 2) for one, low in zip(wanted, least, strict=True)]
    share = (room - sum(least)) / sum(beyond)
    return [low + more * share for low, more in zip(least, beyond, strict=True)]


def breakable(line: str, room: float) -> str | list[str]:
    """Return a line as it is, or in pieces between which it may be broken where a run of it is wider than `room`.

    A run is what the rules of line breaking keep together: a word of an alphabet, or signs that may not begin a line.
    """
    if units(line) <= room:
        return line
    runs = ["".join(run) for _, run in groupby(line, key=_sticks)]
    if not any(_sticks(run[0]) and units(run) > room for run in runs):
        return line
    return [piece for run in runs for piece in (map(_loose, run) if _sticks(run[0]) and units(run) > room else (run,))]


def _loose(character: str) -> str:
    """Return a character that a line may begin with: some signs may not even after a space, but after U+200B (LB 8)."""
    return f"\u200b{character}" if _wide(character) and unicodedata.category(character)[0] == "P" else character


def _sticks(character: str) -> bool:
    """Tell whether a character may be one that no line is broken before or after; too many are no harm."""
    if character.isspace():
        return False
    category = unicodedata.category(character)
    return not _wide(character) or category[0] in "PS" or category == "Lm" or character in _SMALL


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
