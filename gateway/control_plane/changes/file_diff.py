"""How the files of two versions differ, as the unified diff that reviewers know; a line ends at its line feed alone."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Literal

from gateway.ports import Files

Sign = Literal["+", "~", "-", ""]
"""New, otherwise, gone; as it was."""

_NOWHERE = "/dev/null"
_OPEN_END = "\\ No newline at end of file\n"


def signs(before: Files, after: Files) -> dict[str, Sign]:
    """Return what became of every file of either side, by its name, in order."""
    return {name: _sign(name, before, after) for name in sorted(before.keys() | after.keys())}


def changed_files(before: Files, after: Files) -> dict[str, str]:
    """Return the unified diff of every file that differs, is new or is gone, by its name."""
    return {name: _diff(name, before, after) for name, sign in signs(before, after).items() if sign}


def _sign(name: str, before: Files, after: Files) -> Sign:
    if name not in before:
        return "+"
    if name not in after:
        return "-"
    return "" if before[name] == after[name] else "~"


def _diff(name: str, before: Files, after: Files) -> str:
    old = f"a/{name}" if name in before else _NOWHERE
    new = f"b/{name}" if name in after else _NOWHERE
    lines = unified_diff(list(_lines(before.get(name, ""))), list(_lines(after.get(name, ""))), old, new)
    told = "".join(one if one.endswith("\n") else f"{one}\n{_OPEN_END}" for one in lines)
    # An empty file that comes or goes has no line to show.
    return told or f"--- {old}\n+++ {new}\n"


def _lines(text: str) -> Iterator[str]:
    *whole, rest = text.split("\n")
    yield from (f"{one}\n" for one in whole)
    if rest:
        yield rest
