"""Where a YAML text can be cut: ends of values and lines, the marks between entries.

Places are counted in characters from the start of the text, as the nodes of the reading count them. YAML ends lines
at more characters than most editors do; so does this.
"""

import re

import yaml

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BLANK = " \t\r\n\x85\u2028\u2029"
# Up to the comma between two entries; one in a comment does not count.
_COMMA = re.compile(r"(?:[^,#]|#[^\r\n\x85\u2028\u2029]*+)*+,")


def newline(text: str) -> str:
    """Return how the lines of a text end."""
    found = _BREAK.search(text)
    return found[0] if found is not None else "\n"


def line_start(text: str, at: int) -> int:
    """Return where the line of a place begins."""
    return max(text.rfind(end, 0, at) for end in "\n\r\x85\u2028\u2029") + 1


def line_end(text: str, at: int) -> int:
    """Return where the line of a place ends, before what ends it."""
    found = _BREAK.search(text, at)
    return len(text) if found is None else found.start()


def next_line(text: str, end: int) -> int:
    """Return where the next line begins, from the end of one; the end itself where the text is over."""
    found = _BREAK.match(text, end)
    return end if found is None else found.end()


def break_before(text: str, at: int) -> int:
    """Return where the line before ends, from the beginning of one; the beginning itself where there is none."""
    if text[:at].endswith("\r\n"):
        return at - 2
    return at - 1 if at and _BREAK.match(text, at - 1) else at


def blank_after(text: str, at: int) -> int:
    """Return where the blanks that follow a place on its line are over."""
    while text[at : at + 1] in {" ", "\t"}:
        at += 1
    return at


def comma(text: str, start: int, stop: int) -> int:
    """Return the place of the comma between two entries of a flow mapping."""
    found = _COMMA.match(text, start, stop)
    assert found is not None
    return found.end() - 1


def colon(text: str, key: yaml.Node) -> int:
    """Return the place after the colon of a key."""
    return text.index(":", key.end_mark.index) + 1


def value_end(text: str, node: yaml.Node) -> int:
    """Return where what a value says ends; the marks of a block also take in the comments and blank lines after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return value_end(text, last[1] if isinstance(node, yaml.MappingNode) else last)
    end: int = node.end_mark.index
    if not isinstance(node, yaml.ScalarNode) or node.style not in {"|", ">"}:
        return end
    start = node.start_mark.index
    header = text[start : line_end(text, start)].partition("#")[0]
    # `|+` keeps the blank lines that follow; otherwise they say nothing.
    return break_before(text, end) if "+" in header else len(text[:end].rstrip(_BLANK))


def step(node: yaml.Node) -> str:
    """Return by how much further in a text's inner blocks stand."""
    for _, inner in node.value if isinstance(node, yaml.MappingNode) and not node.flow_style else ():
        if isinstance(inner, yaml.MappingNode) and not inner.flow_style:
            return " " * (inner.start_mark.column - node.start_mark.column)
        if deeper := step(inner):
            return deeper
    return "" if node.start_mark.column else "  "
