"""A bare scalar is null, true, false, a whole number, a calendar day or text; everything else is refused in its place."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gateway.adapters.policy_files.strict_yaml import Place, parse

READ: dict[str, Any] = {
    "a: null": None,
    "a: true": True,
    "a: 0": 0,
    "a: -5": -5,
    "a: 2026-04-01": date(2026, 4, 1),
    'a: "2026-04-01"': "2026-04-01",
    'a: "012"': "012",
    "a: 'no'": "no",
    "a: 宅配事業部": "宅配事業部",
    "a: 0235‐22‐5115": "0235‐22‐5115",
    "a: [1, [x]]": (1, ("x",)),
    "a: {b: {}}": {"b": {}},
    "a: |\n  x\n": "x\n",
}

REFUSED = {
    "a: no": ("bare_word", 1, 4, "no"),
    "a: yes": ("bare_word", 1, 4, "yes"),
    "a: On": ("bare_word", 1, 4, "On"),
    "a: off": ("bare_word", 1, 4, "off"),
    "a: TRUE": ("bare_word", 1, 4, "TRUE"),
    "b: 1\na: 0123": ("leading_zero", 2, 4, "0123"),
    "a: 00012389": ("leading_zero", 1, 4, "00012389"),
    "a: 12:30": ("bare_value", 1, 4, "12:30"),
    "a: 1.5": ("bare_value", 1, 4, "1.5"),
    "a: 0x1f": ("bare_value", 1, 4, "0x1f"),
    "a: 1_000": ("bare_value", 1, 4, "1_000"),
    "a: .inf": ("bare_value", 1, 4, ".inf"),
    "a: 1234567890123456": ("bare_value", 1, 4, "1234567890123456"),
    "a: 2026-04-01T00:00:00Z": ("bare_value", 1, 4, "2026-04-01T00:00:00Z"),
    "a: 2026-02-30": ("no_such_day", 1, 4, "2026-02-30"),
    "a:": ("say_null", 1, 3, ""),
    "a: ~": ("say_null", 1, 4, "~"),
    "no: 1": ("key_not_text", 1, 1, "no"),
    "12: 1": ("key_not_text", 1, 1, "12"),
    "2026-04-01: 1": ("key_not_text", 1, 1, "2026-04-01"),
    "null: 1": ("key_not_text", 1, 1, "null"),
    "[a]: 1": ("key_not_text", 1, 1, "?"),
    "<<: {a: 1}": ("key_not_text", 1, 1, "<<"),
    "a: 1\nb: 2\na: 3": ("duplicate_key", 3, 1, "a"),
    "a: &x 1": ("reference", 1, 4, "&x"),
    "a: !!str 1": ("tag", 1, 4, "tag:yaml.org,2002:str"),
    "---\na: 1\n---\nb: 2": ("second_document", 3, 1, "---"),
    "a: " + "[" * 40 + "]" * 40: ("too_deep", 1, 35, "32"),
    # Not read any further: each bracket more would take longer than the one before.
    "a: " + "[" * 90_000: ("too_deep", 1, 35, "32"),
    "": ("empty_file", 1, 1, ""),
}


@pytest.mark.parametrize("text", READ)
def test_a_scalar_is_what_a_reader_sees(text):
    parsed = parse(text)
    assert parsed.problems == ()
    assert parsed.value == {"a": READ[text]}
    assert type(parsed.value["a"]) is type(READ[text])


@pytest.mark.parametrize("text", REFUSED)
def test_what_yaml_would_guess_is_refused_in_its_place(text):
    (problem,) = parse(text).problems
    assert (problem.state, problem.place.line, problem.place.column, problem.subject) == REFUSED[text]


@pytest.mark.parametrize(("text", "line"), [("a: [1\n", 2), ("b: 1\na: \x07\n", 2), ("a: 1\n b: 2\n", 2), ("a: *x", 1)])
def test_what_is_no_yaml_is_refused_at_its_line(text, line):
    parsed = parse(text)
    assert parsed.value is None
    assert [problem.place.line for problem in parsed.problems] == [line]


def test_everything_refused_is_told_at_once_and_the_rest_is_still_read():
    parsed = parse("a: no\nb: 01\nb: 2\nc: x\n")
    assert [p.state for p in parsed.problems] == ["bare_word", "leading_zero", "duplicate_key"]
    assert parsed.value == {"a": "no", "b": "01", "c": "x"}


def test_each_part_knows_where_it_stands():
    places = parse("a:\n  - x\n  - {b: 1}\nc: 2\n").places
    assert places["a", 1] == Place(3, 5)
    assert places["a", 1, "b"] == Place(3, 6)
    assert places[("c",)] == Place(4, 1)


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_the_reader(text):
    parsed = parse(text)
    assert parsed.problems or parsed.places


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.text(st.characters(codec="ascii", categories=["L", "N", "Zs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), inner)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES)
def test_json_is_read_as_it_stands(value):
    def tuples(part):
        if isinstance(part, list):
            return tuple(tuples(one) for one in part)
        return {key: tuples(one) for key, one in part.items()} if isinstance(part, dict) else part

    parsed = parse(json.dumps(value))
    assert parsed.problems == ()
    assert parsed.value == tuples(value)
