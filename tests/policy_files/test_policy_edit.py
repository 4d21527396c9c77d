"""An edit changes the value that it names; every other byte of the text stays, whatever its style."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from hypothesis import assume, given, settings, strategies as st

from gateway.adapters.policy_files.edit import set_value
from gateway.adapters.policy_files.flow import flow
from gateway.adapters.policy_files.strict_yaml import parse
from gateway.ports import EditRefused

SET = {
    "a number": ("a: 1\nb: 2\n", ("a",), 3, "a: 3\nb: 2\n"),
    "a comment on the line": ("a:   1   # 件\n", ("a",), 22, "a:   22   # 件\n"),
    "true": ("a: 1\n", ("a",), True, "a: true\n"),
    "text": ("氏名: 髙﨑 花子 # 例\n", ("氏名",), "𠮷野　次郎", "氏名: 𠮷野　次郎 # 例\n"),
    "a word that would be false": ("a: x\n", ("a",), "no", 'a: "no"\n'),
    "a leading zero": ("a: x\n", ("a",), "012", 'a: "012"\n'),
    "a day as text": ("a: x\n", ("a",), "2026-04-01", 'a: "2026-04-01"\n'),
    "a day": ("a: {to: 2027-03-31}\n", ("a", "to"), date(2028, 3, 31), "a: {to: 2028-03-31}\n"),
    "marks of YAML": ("a: x\n", ("a",), 'x: "y" # z', 'a: "x: \\"y\\" # z"\n'),
    "a comma in a block": ("a: x\n", ("a",), "x, y", "a: x, y\n"),
    "a comma in braces": ("{a: x}\n", ("a",), "x, y", '{a: "x, y"}\n'),
    "two lines": ("a: x\n", ("a",), "x\ny", 'a: "x\\ny"\n'),
    "nothing there": ("a:\nb: 2\n", ("a",), 1, "a: 1\nb: 2\n"),
    "a list": ("a: x\n", ("a",), ["x", "06"], 'a: [x, "06"]\n'),
    "a block list": ("a: # 一覧\n- x\n- y\nb: 1\n", ("a",), ["z"], "a: [z] # 一覧\nb: 1\n"),
    "a mapping": ("a: x\n", ("a",), {"1": "男", "null": None}, 'a: {"1": 男, "null": null}\n'),
    "a block": ("a:\n  b: 1\n\n# c\nd: 2\n", ("a",), 0, "a: 0\n\n# c\nd: 2\n"),
    "a literal": ("a: |\n  x\n  y\n\nb: 1\n", ("a",), "z", "a: z\n\nb: 1\n"),
    "a literal with its blank lines": ("a: |+\n  x\n\nb: 1\n", ("a",), "z", "a: z\nb: 1\n"),
    "text over two lines": ("a: 'x\n  y'\nb: 1\n", ("a",), "z", "a: z\nb: 1\n"),
    "lines that end in CR LF": ("a: 1\r\nb:\r\n  c: 2\r\n", ("b", "d"), 3, "a: 1\r\nb:\r\n  c: 2\r\n  d: 3\r\n"),
    "a mark of byte order": ("\ufeffa: 1\n", ("a",), 2, "\ufeffa: 2\n"),
    "a new key": ("a:\n    b: 1 # x\n\n# y\nc: 2\n", ("a", "d"), "e", "a:\n    b: 1 # x\n    d: e\n\n# y\nc: 2\n"),
    "a new key after the last line": ("a: 1", ("b",), 2, "a: 1\nb: 2"),
    "a new key that is quoted": ("a: {b: 1}\n", ("a", "no"), 2, 'a: {b: 1, "no": 2}\n'),
    "a new key in braces": ("a: {b: 1}  # x\n", ("a", "c"), "d", "a: {b: 1, c: d}  # x\n"),
    "a new key in empty braces": ("a: {}\n", ("a", "c"), "d", "a: {c: d}\n"),
    "a new key before a last comma": ("a: {\n  b: 1, # x\n}\n", ("a", "c"), 2, "a: {\n  b: 1, c: 2, # x\n}\n"),
    "the same in another style": ("a:\n- 'x'\n- \"y\"\n", ("a",), ["x", "y"], "a:\n- 'x'\n- \"y\"\n"),
    "mending what is wrong": ("a: no\nb: 012\n", ("a",), "no", 'a: "no"\nb: 012\n'),
}

OUT = {
    "a line": ("a: 1\nb: 2 # x\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
    "a block": ("# x\na:\n  b: 1\n  # y\n  c: 2\n# z\nd: 1\n", ("a",), "# x\n# z\nd: 1\n"),
    "the last line": ("a: 1\nb: 2", ("b",), "a: 1"),
    "the only key": ("# x\na: 1 # y\n# z\n", ("a",), "# x\n{}\n# z\n"),
    "the only key of a block": ("a: # x\n  b: 1\n# y\nc: 2\n", ("a", "b"), "a: {} # x\n# y\nc: 2\n"),
    "the only key of the last block": ("a:\r\n  b: 1", ("a", "b"), "a: {}"),
    "the only one in braces": ("a: { b: 1 }\n", ("a", "b"), "a: {}\n"),
    "the first in braces": ("a: {b: 1, c: 2}\n", ("a", "b"), "a: {c: 2}\n"),
    "the middle in braces": ("a: {b: 1, c: [x, y], d: 3}\n", ("a", "c"), "a: {b: 1, d: 3}\n"),
    "the last in braces": ("a: {b: 1, c: 2} # x\n", ("a", "c"), "a: {b: 1} # x\n"),
    "one of many lines in braces": (
        "a: {\n  b: 1,\n  c: 2, # x\n  d: 3\n}\n",
        ("a", "b"),
        "a: {\n  c: 2, # x\n  d: 3\n}\n",
    ),
    "a comment in braces": ("{a: 1, # about, a\n b: 2}\n", ("b",), "{a: 1 # about, a\n }\n"),
    "what is not there": ("a: 1\n", ("b",), "a: 1\n"),
}


@pytest.mark.parametrize("case", SET)
def test_a_value_is_set_and_every_other_byte_stays(case):
    text, path, value, wanted = SET[case]
    assert set_value(text, path, value) == wanted
    assert set_value(wanted, path, value) == wanted


@pytest.mark.parametrize("case", OUT)
def test_a_key_is_taken_out_with_its_lines_alone(case):
    text, path, wanted = OUT[case]
    assert set_value(text, path, None) == wanted
    assert set_value(wanted, path, None) == wanted


@pytest.mark.parametrize(
    ("text", "path", "missing"),
    [
        ("a: 1\n", ("b", "c"), "b"),
        ("a: {}\n", ("a", "b", "c"), "b"),
        ("a: 1\n", ("a", "b"), "b"),
        ("- a\n", ("a",), "a"),
    ],
)
def test_a_missing_mapping_is_told_by_its_key(text, path, missing):
    for value in (1, None):
        with pytest.raises(KeyError) as told:
            set_value(text, path, value)
        assert told.value.args == (missing,)


def test_missing_mappings_are_made_where_that_is_asked():
    text = "a:\n    b: 1\n"
    assert set_value(text, ("c", "d"), 2, make=True) == "a:\n    b: 1\nc:\n    d: 2\n"
    assert set_value(text, ("a", "no", "d"), 2, make=True) == 'a:\n    b: 1\n    "no":\n        d: 2\n'
    assert set_value("a: {b: 1}\n", ("a", "c", "d"), 2, make=True) == "a: {b: 1, c: {d: 2}}\n"
    assert set_value("# 新しい契約", ("a", "b"), 1, make=True) == "# 新しい契約\na:\n  b: 1\n"
    assert set_value("", ("a",), 1, make=True) == "a: 1\n"
    with pytest.raises(KeyError):
        set_value("a: x\n", ("a", "b"), 1, make=True)
    with pytest.raises(KeyError):
        set_value(text, ("c", "d"), None, make=True)


@pytest.mark.parametrize(
    "text",
    [
        "a: [1\n",
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "a: 1\na: 2\n",
        "no: 1\n",
        "",
        "a: \x07",
        "a: \ud800",
        "---\na: 1\n---\nb: 1\n",
    ],
)
def test_a_text_that_cannot_be_read_is_not_edited(text):
    with pytest.raises(EditRefused) as refused:
        set_value(text, ("b",), 1)
    assert refused.value.ja != refused.value.en


@pytest.mark.parametrize(
    "value", [1.5, 10**15, b"x", {1: 2}, {"a": {"b": object()}}, datetime(2026, 4, 1, tzinfo=UTC), "\ud800"]
)
def test_a_value_that_no_file_may_hold_is_not_written(value):
    with pytest.raises(EditRefused):
        set_value("a: 1\n", ("a",), value)


def test_an_edit_that_would_say_more_is_refused():
    # Without a line's end after it the literal says `x`; with one it would say `x\n`.
    with pytest.raises(EditRefused):
        set_value("a: |\n  x", ("b",), 1)
    with pytest.raises(EditRefused):
        set_value("a: 1\n", (), 1)


WORDS = ["no", "On", "012", "2026-04-01", "12:30", "x: y", "a #b", "", " ", "- x", "~", "null", "{x}", "𠮷野", "髙﨑　花子", "'", '"', "x\ny", "%", "見\u2028本", "\x85"]  # fmt: skip
TEXTS = st.sampled_from(WORDS) | st.text(max_size=8)
SCALARS = TEXTS | st.integers(-(10**15) + 1, 10**15 - 1) | st.booleans()
KEYS = st.sampled_from(["a", "b", "項目", "no", "12", "x y", "null", "コ: ド", "𠮷"])
VALUES = (
    SCALARS | st.lists(TEXTS, max_size=3) | st.dictionaries(KEYS, SCALARS | st.lists(TEXTS, max_size=2), max_size=3)
)


@settings(deadline=None, max_examples=80)
@given(VALUES, st.booleans())
def test_what_is_written_is_read_as_it_was(value, inside):
    def plain(part):
        if isinstance(part, dict):
            return {name: plain(one) for name, one in part.items()}
        return tuple(map(plain, part)) if isinstance(part, list) else part

    text = flow(value, inside=inside)
    parsed = parse(f"{{a: [{text}, {text}]}}" if inside else f"a: {text}\n")
    assert parsed.problems == ()
    assert repr(parsed.value["a"]) == repr((plain(value), plain(value)) if inside else plain(value))
    assert len(text.splitlines()) <= 1


@dataclass
class Drawn:
    """A text of random styles, and where in it each key of its block mappings stands."""

    newline: str
    lines: list[str] = field(default_factory=list)
    spans: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    """Path → first and last line of the key in a block."""
    plain: set[tuple[str, ...]] = field(default_factory=set)
    """Paths of values that stand as an edit would write them."""
    holders: set[tuple[str, ...]] = field(default_factory=set)
    """Paths of mappings."""

    def text(self, end: str) -> str:
        return self.newline.join(self.lines) + end

    def note(self) -> str:
        return f"# 注{len(self.lines)}, x: {{y}}"


@st.composite
def drawn(draw):
    room = Drawn(newline=draw(st.sampled_from(["\n", "\r\n"])))
    _block(draw, room, (), 0)
    for _ in range(draw(st.integers(0, 2))):
        room.lines.append(draw(st.sampled_from(["", room.note()])))
    while not room.lines[-1]:
        room.lines.pop()
    return room


def _block(draw, room, path, indent):
    room.holders.add(path)
    step = draw(st.integers(1, 4))
    for name in draw(st.lists(KEYS, unique=True, min_size=1, max_size=4)):
        for _ in range(draw(st.integers(0, 1))):
            room.lines.append(draw(st.sampled_from(["", " " * indent + room.note()])))
        at, first = (*path, name), len(room.lines)
        head = " " * indent + flow(name) if name not in {"no", "12", "null", "コ: ド"} else " " * indent + f'"{name}"'
        note = draw(st.sampled_from(["", " " + room.note()]))
        style = draw(st.sampled_from(["scalar", "double", "single", "literal", "list", "block", "braces", "lines"]))
        match style:
            case "scalar":
                room.lines.append(f"{head}: {flow(draw(SCALARS))}{note}")
                room.plain.add(at)
            case "double":
                room.lines.append(f'{head} :  "値{draw(st.integers(0, 99))}"{note}')
            case "single":
                room.lines.append(f"{head}: '値{draw(st.integers(0, 99))}'{note}")
            case "literal":
                room.lines += [f"{head}: {draw(st.sampled_from('|>'))}", f"{' ' * (indent + step)}値 # {first}"]
            case "list":
                room.lines += [f"{head}:{note}", *(f"{' ' * indent}- 値{n}" for n in range(draw(st.integers(1, 3))))]
            case "block" if len(path) < 3:
                room.lines.append(f"{head}:{note}")
                _block(draw, room, at, indent + step)
            case "lines":
                room.lines += [f"{head}: {{", f"{' ' * (indent + 1)}p: 1, {room.note()}"]
                room.lines += [
                    f"{' ' * (indent + 1)}q: 値,",
                    f"{' ' * (indent + 1)}r: [x, y] {room.note()}",
                    f"{' ' * (indent + 1)}}}{note}",
                ]
                room.holders.add(at)
            case _:
                pairs = draw(st.dictionaries(KEYS, SCALARS | st.lists(TEXTS, max_size=2), max_size=3))
                room.lines.append(f"{head}: {flow(pairs)}{note}")
                room.holders.add(at)
                room.plain |= {(*at, inner) for inner, one in pairs.items() if not isinstance(one, dict)}
        room.spans[at] = (first, len(room.lines) - 1)


def _at(value, path):
    for name in path:
        value = value[name]
    return value


def _with(value, path, new):
    rest = {name: one for name, one in value.items() if new is not None or path[1:] or name != path[0]}
    if path[1:]:
        return {**rest, path[0]: _with(value[path[0]], path[1:], new)}
    return rest if new is None else {**rest, path[0]: new}


ENDS = st.sampled_from(["", "\n"])


@settings(deadline=None, max_examples=80)
@given(drawn(), ENDS, SCALARS, st.data())
def test_only_the_lines_of_the_value_change(room, end, value, data):
    text = room.text(room.newline if end else "")
    before = parse(text)
    assert before.problems == ()
    path = data.draw(st.sampled_from(sorted(room.spans)))
    first, last = room.spans[path]
    after = set_value(text, path, value)
    assert repr(parse(after).value) == repr(_with(before.value, path, value))
    head = "".join(line + room.newline for line in room.lines[:first])
    assert after.startswith(head)
    assert after.endswith(text[len(room.newline.join(room.lines[: last + 1])) :])
    assert set_value(after, path, value) == after
    if path in room.plain:
        assert set_value(after, path, _at(before.value, path)) == text


@settings(deadline=None, max_examples=80)
@given(drawn(), ENDS, st.data())
def test_a_key_goes_with_its_lines_and_no_other(room, end, data):
    text = room.text(room.newline if end else "")
    before = parse(text).value
    path = data.draw(st.sampled_from(sorted(room.spans)))
    assume(len(_at(before, path[:-1])) > 1)
    first, last = room.spans[path]
    lines = room.lines[:first] + room.lines[last + 1 :]
    try:
        after = set_value(text, path, None)
    except EditRefused:
        # The literal above ends the text without a line's end, and would then say less.
        assert not end
        return
    assert after == room.newline.join(lines) + (room.newline if end else "")
    assert repr(parse(after).value) == repr(_with(before, path, None))
    assert set_value(after, path, None) == after


@settings(deadline=None, max_examples=80)
@given(drawn(), ENDS, VALUES, st.data())
def test_a_new_key_adds_itself_alone_and_taken_out_leaves_the_text_as_it_was(room, end, value, data):
    text = room.text(room.newline if end else "")
    before = parse(text).value
    path = (*data.draw(st.sampled_from(sorted(room.holders))), "新")
    try:
        after = set_value(text, path, value)
    except EditRefused:
        assert not end
        return
    added, old = after.split(room.newline), text.split(room.newline)
    assert set_value(after, path, value) == after
    if len(added) == len(old):
        assert sum(one != other for one, other in zip(added, old, strict=True)) == 1
    else:
        assert any(added[:at] + added[at + 1 :] == old for at in range(len(added)))
    again = set_value(after, path, None)
    assert repr(parse(again).value) == repr(before)
    assert again == text


@settings(deadline=None, max_examples=80)
@given(drawn(), st.data())
def test_every_key_can_be_taken_out_in_any_order_and_every_comment_elsewhere_stays(room, data):
    text = room.text(room.newline)
    holder = data.draw(st.sampled_from(sorted(room.holders)))
    names = list(_at(parse(text).value, holder))
    after = text
    for name in data.draw(st.permutations(names)):
        before = parse(after).value
        after = set_value(after, (*holder, name), None)
        assert repr(parse(after).value) == repr(_with(before, (*holder, name), None))
    assert _at(parse(after).value, holder) == {}
    spans = [room.spans[(*holder, name)] for name in names if (*holder, name) in room.spans]
    if holder in room.spans and not spans:  # braces: all that stands between them is one value
        spans = [room.spans[holder]]
    inside = {number for first, last in spans for number in range(first, last + 1)}
    kept = after.split(room.newline)
    for number, line in enumerate(room.lines):
        if number not in inside and line.lstrip().startswith("#"):
            assert line in kept


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from("ab: {}[],#\n-?|>'\"+\r\u2028"), max_size=40), st.sampled_from([("a",), ("b",), ("a", "b")]), st.sampled_from([1, None, "x"]), st.booleans())  # fmt: skip
def test_no_text_makes_an_edit_say_something_else(text, path, value, make):
    try:
        after = set_value(text, path, value, make=make)
    except (EditRefused, KeyError):
        return
    if after:
        assert _at(parse(after).value or {}, path[:-1]).get(path[-1]) == value
    assert set_value(after, path, value, make=make) == after
