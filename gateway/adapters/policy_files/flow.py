"""A value as it stands in one line of a policy file: in flow style, quoted where the strict reading demands it.

Text is written bare where strict_yaml reads the bare words as that very text, and otherwise between double quotes;
so `no`, `0123`, `2026-04-01`, `12:30` and what holds marks of YAML are quoted, and 氏名 is not.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime

from gateway.adapters.policy_files.strict_yaml import parse
from gateway.ports.proposals import EditRefused

MAX_DIGITS = 15
# What nobody sees, or YAML ends a line with, though JSON leaves it as it is.
_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def flow(value: object, *, inside: bool = False) -> str:
    """Return a value as one line of YAML; `inside` where it will stand within `[…]` or `{…}`.

    A value is text, a whole number of at most 15 digits, true or false, a calendar day, or a list or mapping of such
    values, where None is null. Raises EditRefused for anything else.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) < 10**MAX_DIGITS:
            return str(int(value))
        case str():
            return str(value) if _bare(value, inside=inside) else _quoted(value)
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(flow(one, inside=True) for one in value)}]"
        case Mapping():
            return (
                f"{{{', '.join(f'{key(name, inside=True)}: {flow(one, inside=True)}' for name, one in value.items())}}}"
            )
    raise EditRefused(
        "この値は書けません。文字列、15桁までの整数、true / false、日付、またはその一覧にしてください",
        "this value cannot be written; give text, a whole number of at most 15 digits, true or false, a day, or a list",
    )


def key(name: object, *, inside: bool = False) -> str:
    """Return a key as it stands before its colon. Raises EditRefused where it is no text."""
    if not isinstance(name, str):
        raise EditRefused("キーは文字列にしてください", "a key must be text")
    if not _UNPRINTED.search(name):
        parsed = parse(f"{{{name}: 0}}" if inside else f"{name}: 0")
        if not parsed.problems and parsed.value == {name: 0}:
            return str(name)
    return _quoted(name)


def _bare(text: str, *, inside: bool) -> bool:
    if _UNPRINTED.search(text):
        return False
    parsed = parse(f"{{a: {text}, b: [{text}, {text}]}}" if inside else f"a: {text}\nb: 0")
    whole = {"a": text, "b": (text, text)} if inside else {"a": text, "b": 0}
    return not parsed.problems and bool(parsed.value == whole)


def _quoted(text: str) -> str:
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
