"""RFC 8785: one value, one sequence of bytes."""

import json
import sys

import pytest
from hypothesis import given, strategies as st

from gateway.tlog.jcs import canonical

# The published vectors of RFC 8785 and of its author's test suite, without their floating point numbers.
VECTORS = {
    "french": (
        {"peach": "This sorting order", "péché": "is wrong according to French", "pêche": "but canonicalization MUST"}
        | {"sin": "ingnore locale"},
        (
            '{"peach":"This sorting order","péché":"is wrong according to French",'
            '"pêche":"but canonicalization MUST","sin":"ingnore locale"}'
        ),
    ),
    "structures": (
        {"1": {"f": {"f": "hi", "F": 5}, "\n": 56}, "10": {}, "": "empty", "a": {}, "111": [{}], "A": {}},
        '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
    ),
    "unicode is not normalised": (
        {"Unnormalized Unicode": "\u1e0d\u0307"},
        '{"Unnormalized Unicode":"\u1e0d\u0307"}',
    ),
    "weird": (
        {
            "\u20ac": "Euro Sign",
            "1": "One",
            "\u0080": "Control\u007f",
            "\U0001f602": "Smiley",
            "\u00f6": "Latin Small Letter O With Diaeresis",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "</script>": "Browser Challenge",
        },
        (
            '{"1":"One","</script>":"Browser Challenge","\u0080":"Control\u007f",'
            '"\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\U0001f602":"Smiley",'
            '"\ufb33":"Hebrew Letter Dalet With Dagesh"}'
        ),
    ),
    "values": (
        {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]},
        '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ),
    "simple string": ("this is a test string 1235", '"this is a test string 1235"'),
}


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors(name):
    value, expected = VECTORS[name]
    assert canonical(value) == expected.encode()


def test_keys_are_sorted_by_utf16_code_units():  # RFC 8785 section 3.2.3
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical(value)).values()) == [2, 4, 6, 7, 1, 5, 3]


def test_keys_below_an_ascii_object_are_sorted_too():
    assert canonical({"z": [{"\uff0a": 1, "\U0001f600": 2}], "a": 0}) == '{"a":0,"z":[{"😀":2,"＊":1}]}'.encode()


def test_a_tuple_is_written_as_a_list():
    assert canonical((1, ("a",))) == canonical([1, ["a"]]) == b'[1,["a"]]'


@pytest.mark.parametrize("number", [0, -1, 2**53 - 1, -(2**53) + 1])
def test_integers_stand_as_they_are(number):
    assert canonical(number) == str(number).encode()


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63, 10**30])
def test_an_integer_that_a_double_cannot_hold_is_refused(number):
    with pytest.raises(ValueError, match="beyond"):
        canonical({"n": [number]})


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {"a"}, object()])
def test_what_is_not_json_here_is_refused(value):
    with pytest.raises(TypeError):
        canonical({"a": [value]})


@pytest.mark.parametrize("key", [1, None, True, b"a"])
def test_a_key_is_a_string(key):
    with pytest.raises(TypeError):
        canonical({"a": {key: 1}})


@pytest.mark.parametrize("value", ["\ud800", ["a\udc00b"], {"\ud83d": 1}, {"é": {"\udfff": 1}}])
def test_a_lone_surrogate_is_refused(value):
    with pytest.raises(ValueError, match="surrogates"):
        canonical(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_reading_it_back_gives_the_value_and_the_same_bytes(value):
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data


@given(json_values)
def test_it_is_what_the_standard_library_writes_with_sorted_keys(value):
    def in_order(item):
        if isinstance(item, dict):
            return {key: in_order(item[key]) for key in sorted(item, key=lambda key: key.encode("utf-16-be"))}
        return [in_order(each) for each in item] if isinstance(item, list) else item

    written = json.dumps(in_order(value), ensure_ascii=False, separators=(",", ":"))
    assert canonical(value) == written.encode()


def test_every_character_is_escaped_only_where_it_must_be():
    text = "".join(chr(point) for point in range(0x2100)) + chr(sys.maxunicode)
    assert canonical(text) == json.dumps(text, ensure_ascii=False).encode()
