"""One value of a YAML text is set, added or taken out, and every other byte stays as it was.

The text is cut at the places that the reading of it gives, and read again when it is sewn: a text that would then say
anything but the old values with that one change is never returned.

a value that stands     is replaced where it stands; the comment on its line stays
a new key               comes last: in a block on a line of its own, as far in as its neighbours; in `{a: b}` as `, c: d`
a key taken out         goes with its lines, or with its part of `{…}`; comments on other lines stay; `{}` where none is left
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import yaml

from gateway.adapters.policy_files.flow import flow, key
from gateway.adapters.policy_files.seams import (
    blank_after,
    break_before,
    colon,
    comma,
    line_end,
    line_start,
    newline,
    next_line,
    step,
    value_end,
)
from gateway.adapters.policy_files.strict_yaml import Parsed, parse
from gateway.ports.proposals import EditRefused

BOM = "\ufeff"
_AMBIGUOUS = frozenset({"duplicate_key", "key_not_text"})
"""What hides a part of the text from the values it was read as."""


def set_value(text: str, path: tuple[str, ...], value: object | None, *, make: bool = False) -> str:
    """Return the text with the value at a path of keys set, or taken out (None); every other byte stays.

    A value that already stands so is left in its own style, a key that is not there is taken out already. Raises
    KeyError where the enclosing mapping is missing (with `make` it is made, unless something else stands there), and
    EditRefused where the text cannot be read, the value cannot be written, or the edit would say something else.
    """
    mark = BOM if text.startswith(BOM) else ""
    body = text.removeprefix(BOM)
    # 1. Read text and value. What is wrong with single values of the text may stay wrong; nothing of it may hide.
    before = _read(body, make=make)
    if value is not None:
        flow(value)
    # 2. What it shall say. KeyError where the enclosing mapping is missing.
    wanted = _changed(before.value, path, value, make=make)
    same = _exact(wanted) == _exact(before.value)
    if same and (value is None or not before.problems):
        return text
    # The same text may stand bare where it must be quoted: then it is mended below, and otherwise left as it is.
    # 3. Cut and sew.
    after = _edited(body, path, value)
    # 4. Read again: nothing but the change, and nothing wrong that was not wrong before.
    again = parse(after)
    if same and not _wrong(before) - _wrong(again):
        return text
    if _wrong(again) - _wrong(before) or _exact(again.value) != _exact(wanted):
        raise EditRefused(
            "この書き方のファイルでは、その値だけを変えられません。ファイルを直接編集してください",
            "the file is written so that this value alone cannot be changed; edit the file by hand",
        )
    return mark + after


def read_values(text: str) -> Mapping[str, Any]:
    """Return what a text says. Raises EditRefused where it cannot be read, or is no mapping."""
    value = _read(text.removeprefix(BOM), make=True).value
    if not isinstance(value, dict):
        raise EditRefused("ファイルの形が違います。直接編集してください", "the file has another form; edit it by hand")
    return value


def _read(text: str, *, make: bool) -> Parsed:
    try:
        parsed = parse(text)
    except UnicodeError:
        parsed = Parsed(value=None, places={}, problems=())
    if make and [problem.state for problem in parsed.problems] == ["empty_file"]:
        return Parsed(value={}, places={}, problems=parsed.problems)
    if not parsed.places or any(problem.state in _AMBIGUOUS for problem in parsed.problems):
        raise EditRefused(
            "ファイルが正しく読めないため、変更できません。先に指摘された誤りを直してください",
            "the file cannot be read as it stands; mend what is told of it first",
        )
    return parsed


def _wrong(parsed: Parsed) -> Counter[tuple[str, str]]:
    return Counter((problem.state, problem.subject) for problem in parsed.problems if problem.state != "empty_file")


def _changed(part: Any, path: tuple[str, ...], value: object | None, *, make: bool) -> dict[str, Any]:
    """Return the values of a text with the one change."""
    if not path:
        raise EditRefused("変える値のキーを指定してください", "name the key whose value shall change")
    if not isinstance(part, dict):
        raise KeyError(path[0])
    name, rest = path[0], path[1:]
    if rest:
        if name not in part and (not make or value is None):
            raise KeyError(name)
        return {**part, name: _changed(part.get(name, {}), rest, value, make=make)}
    if value is None:
        return {other: one for other, one in part.items() if other != name}
    return {**part, name: value}


def _exact(value: Any) -> Any:
    """Return a value so that two are equal only where the strict reading gives the same: true is not 1."""
    match value:
        case Mapping():
            return "mapping", frozenset((name, _exact(one)) for name, one in value.items())
        case list() | tuple():
            return "list", tuple(map(_exact, value))
        case str():
            return "text", str(value)
    return type(value).__name__, value


def _edited(text: str, path: tuple[str, ...], value: object | None) -> str:
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if root is None:
        ended = line_start(text, len(text)) == len(text)
        lines = [*([] if ended else [""]), *_lines(path, value, "", "  "), ""]
        return text + newline(text).join(lines)
    head: yaml.Node | None = None
    holder: yaml.Node = root
    for depth, name in enumerate(path):
        assert isinstance(holder, yaml.MappingNode)
        at = next((i for i, (one, _) in enumerate(holder.value) if one.value == name), None)
        if at is None:
            return _added(text, holder, path[depth:], value, step(root))
        if depth == len(path) - 1:
            return _removed(text, holder, head, at) if value is None else _replaced(text, holder, at, value)
        head, holder = holder.value[at]
    raise AssertionError(path)


def _replaced(text: str, holder: yaml.MappingNode, at: int, value: object) -> str:
    head, old = holder.value[at]
    new = flow(value, inside=bool(holder.flow_style))
    start, end = old.start_mark.index, value_end(text, old)
    if isinstance(old, yaml.CollectionNode) and not old.flow_style:
        # A block stands on the lines below its key; what follows the colon is a comment.
        mark = colon(text, head)
        return f"{text[:mark]} {new}{text[mark : line_end(text, mark)]}{text[line_end(text, end) :]}"
    if isinstance(old, yaml.ScalarNode) and old.style in {"|", ">"}:
        end = line_end(text, end)
    space = "" if text[start - 1].isspace() else " "
    return f"{text[:start]}{space}{new}{text[max(start, end) :]}"


def _added(text: str, holder: yaml.MappingNode, path: tuple[str, ...], value: object, deeper: str) -> str:
    if holder.flow_style:
        for name in reversed(path[1:]):
            value = {name: value}
        pair = f"{key(path[0], inside=True)}: {flow(value, inside=True)}"
        if not holder.value:
            at = holder.start_mark.index + 1
            return text[:at] + pair + text[at:]
        at = value_end(text, holder.value[-1][1])
        return f"{text[:at]}, {pair}{text[at:]}"
    at = line_end(text, value_end(text, holder.value[-1][1]))
    lines = _lines(path, value, " " * holder.start_mark.column, deeper)
    return text[:at] + newline(text).join(["", *lines]) + text[at:]


def _lines(path: tuple[str, ...], value: object, indent: str, deeper: str) -> list[str]:
    heads = [f"{indent}{deeper * depth}{key(name)}:" for depth, name in enumerate(path)]
    return [*heads[:-1], f"{heads[-1]} {flow(value)}"]


def _removed(text: str, holder: yaml.MappingNode, head: yaml.Node | None, at: int) -> str:
    if holder.flow_style:
        return _removed_inside(text, holder, at)
    start = line_start(text, holder.value[at][0].start_mark.index)
    end = line_end(text, value_end(text, holder.value[at][1]))
    if len(holder.value) == 1 and head is None:
        return f"{text[:start]}{{}}{text[end:]}"
    stop = next_line(text, end)
    if stop == end:
        # The last line has no end of its own: the line before it gives up its own.
        start = break_before(text, start)
    rest = text[:start] + text[stop:]
    if len(holder.value) > 1:
        return rest
    assert head is not None
    mark = colon(text, head)
    return f"{rest[:mark]} {{}}{rest[mark:]}"


def _removed_inside(text: str, holder: yaml.MappingNode, at: int) -> str:
    start = holder.value[at][0].start_mark.index
    end = value_end(text, holder.value[at][1])
    if at + 1 < len(holder.value):
        stop = blank_after(text, comma(text, end, holder.value[at + 1][0].start_mark.index) + 1)
        return _without_line(text, start, stop)
    if at:
        before = value_end(text, holder.value[at - 1][1])
        if "#" not in text[before:start]:
            return text[:before] + text[end:]
        # A comment between the two stays; the comma before it goes.
        mark = comma(text, before, start)
        return text[:mark] + _without_line(text[mark + 1 :], start - mark - 1, end - mark - 1)
    inner, close = holder.start_mark.index + 1, holder.end_mark.index - 1
    left = text[inner:start] + re.sub(r"\A\s*,", "", text[end:close])
    return text[:inner] + (left if left.strip() else "") + text[close:]


def _without_line(text: str, start: int, stop: int) -> str:
    """Return the text without a part, and without the line where nothing else stood on it."""
    first, last = line_start(text, start), line_end(text, stop)
    if not text[first:start].strip() and not text[stop:last].strip():
        return text[:first] + text[next_line(text, last) :]
    return text[:start] + text[stop:]
