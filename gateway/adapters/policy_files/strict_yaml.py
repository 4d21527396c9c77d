"""A policy file says exactly what a reader of it sees: YAML without its guesses.

YAML 1.1 reads `no` as false, `0123` as 83 and 12:30 as 750; anchors and tags say things that stand elsewhere. Here a
bare scalar is null, true, false, a whole number, a calendar day or text, and whatever YAML would read otherwise is
refused with the place where it stands.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
import yaml

Path = tuple[str | int, ...]

MAX_DEPTH = 32
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXT_TAG = "tag:yaml.org,2002:str"


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where something stands in a file; lines and columns count from 1."""

    line: int
    column: int


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a file that is not read, and where it stands."""

    state: str
    place: Place
    subject: str


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """The plain values of one file: dict, tuple, str, int, bool, date, None."""

    value: Any
    places: dict[Path, Place]
    """Path → where its key stands, or the list entry itself; () is the document."""
    problems: tuple[Problem, ...]

    def place(self, path: Path) -> Place:
        """Return where `path` stands, or the nearest enclosing part that does."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


@lru_cache(maxsize=512)
def parse(text: str) -> Parsed:
    """Return the values of one YAML document and everything in it that is refused.

    A refused scalar stays as its text, so that the rest of the file can still be checked; where the structure itself
    cannot be read the value is None. A change touches one file of many, so those read last are remembered; nobody writes
    to what was parsed.
    """
    try:
        problems = list(_structure(text))
        node = None if problems else yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        return Parsed(value=None, places={}, problems=(_syntax(error, text),))
    if node is None:
        empty = Problem(state="empty_file", place=Place(1, 1), subject="")
        return Parsed(value=None, places={}, problems=tuple(problems) or (empty,))
    places: dict[Path, Place] = {(): _place(node.start_mark)}
    value = _value(node, (), places, problems)
    return Parsed(value=value, places=places, problems=tuple(problems))


def _structure(text: str) -> Iterator[Problem]:
    """Yield what is refused before anything is built: a second document, references, tags, deep nesting."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.DocumentStartEvent():
                documents += 1
                if documents == 2:
                    yield Problem(state="second_document", place=_place(event.start_mark), subject="---")
            case yaml.AliasEvent():
                yield Problem(state="reference", place=_place(event.start_mark), subject=f"*{event.anchor}")
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                depth -= 1
            case yaml.ScalarEvent() | yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if event.anchor is not None:
                    yield Problem(state="reference", place=_place(event.start_mark), subject=f"&{event.anchor}")
                if event.tag is not None:
                    yield Problem(state="tag", place=_place(event.start_mark), subject=event.tag)
                if not isinstance(event, yaml.ScalarEvent):
                    depth += 1
                    if depth == MAX_DEPTH + 1:
                        # What follows is not read: the deeper, the longer each further bracket takes.
                        yield Problem(state="too_deep", place=_place(event.start_mark), subject=str(MAX_DEPTH))
                        return


def _value(node: yaml.Node, path: Path, places: dict[Path, Place], problems: list[Problem]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, places, problems)
    if isinstance(node, yaml.SequenceNode):
        values = []
        for position, child in enumerate(node.value):
            places[(*path, position)] = _place(child.start_mark)
            values.append(_value(child, (*path, position), places, problems))
        return tuple(values)
    assert isinstance(node, yaml.ScalarNode)
    value, state = _scalar(node)
    if state is not None:
        problems.append(Problem(state=state, place=_place(node.start_mark), subject=str(node.value)))
    return value


def _mapping(node: yaml.MappingNode, path: Path, places: dict[Path, Place], problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, child in node.value:
        place = _place(key_node.start_mark)
        key, _ = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else (None, None)
        if not isinstance(key, str) or (_bare(key_node) and key_node.tag != _TEXT_TAG):
            shown = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            problems.append(Problem(state="key_not_text", place=place, subject=shown))
            continue
        if key in values:
            problems.append(Problem(state="duplicate_key", place=place, subject=key))
            continue
        places[(*path, key)] = place
        values[key] = _value(child, (*path, key), places, problems)
    return values


def _scalar(node: yaml.ScalarNode) -> tuple[Any, str | None]:
    """Return a scalar's value and, where it may not stand bare, why."""
    text: str = node.value
    if not _bare(node):
        return text, None
    match text:
        case "null":
            return None, None
        case "true":
            return True, None
        case "false":
            return False, None
        case "" | "~":
            return None, "say_null"
    if _INTEGER.fullmatch(text):
        return int(text), None
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text), None
        except ValueError:
            return text, "no_such_day"
    if _LEADING_ZERO.fullmatch(text):
        return text, "leading_zero"
    match node.tag:
        case "tag:yaml.org,2002:str":
            return text, None
        case "tag:yaml.org,2002:bool":
            return text, "bare_word"
        case _:
            return text, "bare_value"


def _bare(node: yaml.ScalarNode) -> bool:
    return node.style not in {"'", '"', "|", ">"}


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return Problem(state="syntax", place=_place(error.problem_mark), subject=str(error.problem or ""))
    # A character YAML does not allow: libyaml tells its position in the text.
    before = text[: getattr(error, "position", 0) or 0]
    place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
    return Problem(state="syntax", place=place, subject=str(getattr(error, "reason", "")))
