"""How the files of two versions differ, as the unified diff that reviewers know; a line ends at its line feed alone."""

from collections.abc import Iterator
from difflib import unified_diff

from gateway.ports import Files

_NOWHERE = "/dev/null"
_OPEN_END = "\\ No newline at end of file\n"


def changed_files(before: Files, after: Files) -> dict[str, str]:
    """Return the unified diff of every file that differs, is new or is gone, by its name."""
    names = sorted(before.keys() | after.keys())
    return {name: _diff(name, before, after) for name in names if before.get(name) != after.get(name)}


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
