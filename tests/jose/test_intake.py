"""Rule by rule, what security-profile §2 refuses; each message is otherwise good."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from gateway.jose import rfc4648
from gateway.jose.intake import (
    MAX_DEPTH,
    Compact,
    Malformed,
    is_text,
    is_time,
    parse_compact,
    strict_json,
    strict_object,
)
from tests.jose.tokens import compact, rsa_key

ALGS = frozenset({"ES256", "PS256"})
TYPS = frozenset({None, "JWT"})
HEADER = {"alg": "ES256", "kid": "k1", "typ": "JWT"}
CLAIMS = {"iss": "client", "exp": 1_800_000_000}


def read(token: str, *, limit: int = 4096, jwk: bool = False) -> Compact:
    return parse_compact(token, limit=limit, algs=ALGS, typs=TYPS, jwk=jwk)


def reason(work: Callable[[], object]) -> str:
    with pytest.raises(Malformed) as caught:
        work()
    return caught.value.reason


def test_a_good_token_is_read_once_into_its_parts() -> None:
    token = compact(HEADER, CLAIMS)
    parts = read(token)
    assert (parts.header, parts.claims, parts.alg, parts.kid) == (HEADER, CLAIMS, "ES256", "k1")
    assert parts.signing_input == token.rpartition(".")[0].encode()
    assert len(parts.signature) == 64


def test_kid_and_typ_may_be_absent_where_the_use_allows_it() -> None:
    assert read(compact({"alg": "ES256"}, CLAIMS)).kid is None
    token = compact({"alg": "ES256"}, CLAIMS)
    with pytest.raises(Malformed):
        parse_compact(token, limit=4096, algs=ALGS, typs=frozenset({"JWT"}))


def test_the_limit_is_the_last_length_accepted() -> None:
    token = compact(HEADER, CLAIMS)
    assert read(token, limit=len(token)).claims == CLAIMS
    assert reason(lambda: read(token, limit=len(token) - 1)) == "too-long"


@pytest.mark.parametrize("token", ["", ".", "a.b", "a.b.c.d", compact(HEADER, CLAIMS) + "."])
def test_exactly_three_segments(token: str) -> None:
    assert reason(lambda: read(token)) == "segments"


def test_ascii_only() -> None:
    assert reason(lambda: read(compact(HEADER, CLAIMS) + "é")) == "not-ascii"


@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize("spoil", ["padding", "alphabet", "stray", "newline", "trailing-bits", "length"])
def test_each_segment_in_the_one_canonical_base64url(segment: int, spoil: str) -> None:
    # Contents chosen so that each segment ends in a partial group and holds both characters that differ by alphabet.
    parts = [rfc4648.encode(b'{"a":"\xfb\xff\xbf~~~???"}'[: 20 - segment]) for _ in range(3)]
    good = parts[segment]
    assert len(good) % 4 != 0
    parts[segment] = {
        "padding": good + "=" * (-len(good) % 4),
        "alphabet": good[:5] + "+" + good[6:],
        "stray": good[:5] + "!" + good[6:],
        "newline": good + "\n",
        "trailing-bits": good[:-1] + chr(ord(good[-1]) + 1),
        "length": good[: len(good) // 4 * 4 + 1],
    }[spoil]
    assert reason(lambda: read(".".join(parts))) == "base64url"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "json"),
        (b"[]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"null", "not-an-object"),
        (b'{"a":1}{}', "json"),
        (b'{"a":1,}', "json"),
        (b"{'a':1}", "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b'{"a":"\x01"}', "json"),
        (b'{"a":"\xff"}', "utf-8"),
        (b'{"a":"\xed\xa0\x80"}', "utf-8"),
        ('{"a":1}'.encode("utf-16"), "utf-8"),
        (b'{"a":1,"a":1}', "duplicate-member"),
        (b'{"a":1,"\\u0061":2}', "duplicate-member"),
        (b'{"a":[{"b":{"c":1,"c":2}}]}', "duplicate-member"),
        (b'{"a":NaN}', "number"),
        (b'{"a":Infinity}', "number"),
        (b'{"a":-Infinity}', "number"),
        (b'{"a":1.0}', "number"),
        (b'{"a":1e3}', "number"),
        (b'{"a":[12345678901234567]}', "number"),
        (b'{"a":-12345678901234567}', "number"),
        (b'{"a":' + b"9" * 5000 + b"}", "number"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":{"\\uDC00":1}}', "surrogate"),
        (b'{"a":"\\ude00\\ud83d"}', "surrogate"),
    ],
)
def test_json_that_two_readers_could_read_differently(text: bytes, why: str) -> None:
    assert reason(lambda: strict_object(text)) == why
    assert reason(lambda: read(compact(text, CLAIMS), limit=10_000)) == why
    assert reason(lambda: read(compact(HEADER, text), limit=10_000)) == why


def test_json_that_is_fine() -> None:
    assert strict_object(b' {"a":[1234567890123456,-1234567890123456,"\\ud83d\\ude00",null,true,{}]}\n') == {
        "a": [1234567890123456, -1234567890123456, "😀", None, True, {}]
    }


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_stops_at_eight(opening: str) -> None:
    closing = {"[": "]", '{"a":': "}"}[opening]
    strict_json((opening * MAX_DEPTH + "1" + closing * MAX_DEPTH).encode())
    deeper = MAX_DEPTH + 1
    assert reason(lambda: strict_json((opening * deeper + "1" + closing * deeper).encode())) == "depth"
    assert reason(lambda: strict_json((opening * 30_000).encode())) == "depth"


def test_brackets_in_strings_and_side_by_side_do_not_nest() -> None:
    text = json.dumps({"a": ['[[[[[["\\{{{{{{' for _ in range(40)], "b": [[[]]] * 40})
    assert strict_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", [b'"\\' * 30_000, b"[" * 9 + b'"' + b'\\"' * 30_000, b"]" * 60_000])
def test_the_depth_scan_stays_linear_on_broken_text(text: bytes) -> None:
    with pytest.raises(Malformed):
        strict_json(text)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "es256"}, "alg"),
        ({"alg": None}, "alg"),
        ({"alg": ["ES256"]}, "alg"),
        ({"typ": "jwt"}, "typ"),
        ({"typ": "application/JWT"}, "typ"),
        ({"typ": None}, "typ"),
        ({"typ": ["JWT"]}, "typ"),
        ({"kid": ""}, "kid"),
        ({"kid": "a" * 65}, "kid"),
        ({"kid": "k1\n"}, "kid"),
        ({"kid": "../k1"}, "kid"),
        ({"kid": "ｋ1"}, "kid"),
        ({"kid": 1}, "kid"),
        ({"kid": None}, "kid"),
        ({"crit": ["b64"]}, "header-member"),
        ({"b64": False}, "header-member"),
        ({"zip": "DEF"}, "header-member"),
        ({"jku": "https://attacker.example"}, "header-member"),
        ({"x5u": "https://attacker.example"}, "header-member"),
        ({"x5c": []}, "header-member"),
        ({"cty": "JWT"}, "header-member"),
        ({"jwk": {}}, "header-member"),
    ],
)
def test_header_members_and_their_exact_values(change: dict[str, object], why: str) -> None:
    assert reason(lambda: read(compact(HEADER | change, CLAIMS))) == why


def test_without_alg() -> None:
    assert reason(lambda: read(compact({"typ": "JWT"}, CLAIMS))) == "alg"


def test_jwk_is_demanded_exactly_where_it_is_allowed() -> None:
    assert read(compact(HEADER | {"jwk": {}}, CLAIMS), jwk=True).header["jwk"] == {}
    assert reason(lambda: read(compact(HEADER, CLAIMS), jwk=True)) == "jwk-missing"
    assert reason(lambda: read(compact(HEADER | {"jwk": {}, "x5c": []}, CLAIMS), jwk=True)) == "header-member"


@pytest.mark.parametrize("length", [0, 63, 65, 66, 70, 72])
def test_an_es256_signature_is_64_bytes(length: int) -> None:
    body = compact(HEADER, CLAIMS).rpartition(".")[0]
    assert reason(lambda: read(f"{body}.{rfc4648.encode(bytes(length))}")) == "signature-length"


def test_a_ps256_signature_is_as_long_as_its_key() -> None:
    header = HEADER | {"alg": "PS256"}
    assert len(read(compact(header, CLAIMS, key=rsa_key())).signature) == 256
    body = compact(header, CLAIMS).rpartition(".")[0]
    assert reason(lambda: read(body + ".")) == "signature-length"


def test_neither_the_value_nor_the_refusal_prints_what_came_in() -> None:
    canary = "4902-canary"
    assert canary not in repr(read(compact(HEADER, {"members": [canary]})))
    for text in (f'{{"{canary}":1,"{canary}":1}}', f'{{"a":{canary}}}', f'{{"a":"{canary}\\ud800"}}'):
        with pytest.raises(Malformed) as caught:
            strict_object(text.encode())
        assert canary not in repr(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_time_is_a_whole_number_and_true_is_not() -> None:
    assert is_time(0)
    assert not any(map(is_time, [True, False, "0", 0.0, None, [0]]))


def test_a_text_is_a_string_of_the_length_asked() -> None:
    assert is_text("ab", shortest=1, longest=2)
    assert not any(is_text(value, shortest=1, longest=2) for value in ("", "abc", 1, None, ["a"], b"a"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**16) + 1, 10**16 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def nesting(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(nesting, value.values()), default=0)
        case list():
            return 1 + max(map(nesting, value), default=0)
        case _:
            return 0


@given(JSON, st.sampled_from(["escaped", "plain"]))
def test_any_value_within_the_bounds_is_read_back(value: object, spelling: str) -> None:
    text = json.dumps(value, ensure_ascii=spelling == "escaped").encode()
    if nesting(value) > MAX_DEPTH:
        assert reason(lambda: strict_json(text)) == "depth"
    else:
        assert strict_json(text) == value


def spelt(value: object, data: st.DataObject) -> str:
    """One of the ways to write a value, good and bad: spaced, escaped, members twice, other numbers, half a surrogate."""
    gap = data.draw(st.sampled_from(["", "", "", " "]))
    odd = data.draw(st.sampled_from([None] * 12 + ["NaN", "1.0", "1e2", "-0", "01", str(10**16), '"\\ud800"', '"\\/"']))
    match value:
        case _ if odd is not None:
            return str(odd)
        case dict():
            pairs = [*value.items(), *data.draw(st.sampled_from([[], [], [*value.items()][:1]]))]
            texts = [f"{spelt_text(name, data)}:{gap}{spelt(one, data)}" for name, one in pairs]
            return "{" + f",{gap}".join(texts) + "}"
        case list():
            return "[" + f",{gap}".join(spelt(one, data) for one in value) + "]"
        case str():
            return spelt_text(value, data)
        case _:
            return json.dumps(value)


def spelt_text(text: str, data: st.DataObject) -> str:
    return json.dumps(text, ensure_ascii=data.draw(st.booleans()))


def read_slowly(text: str) -> object:
    """The rules as the profile states them, member by member and number by number."""

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError
        return dict(pairs)

    def whole(digits: str) -> int:
        if len(digits.lstrip("-")) > 16:
            raise ValueError
        return int(digits)

    def never(_: str) -> object:
        raise ValueError

    value = json.loads(text, object_pairs_hook=members, parse_int=whole, parse_float=never, parse_constant=never)
    json.dumps(value, ensure_ascii=False).encode()
    if nesting(value) > MAX_DEPTH:
        raise ValueError
    return value


@given(JSON, st.data())
def test_any_spelling_is_read_as_the_rules_say_and_refused_where_they_refuse(
    value: object, data: st.DataObject
) -> None:
    text = spelt(value, data)
    try:
        expected = read_slowly(text)
    except ValueError:
        with pytest.raises(Malformed):
            strict_json(text.encode())
        return
    found = strict_json(text.encode())
    assert (found, json.dumps(found)) == (expected, json.dumps(expected))  # `true` is not 1, nor is the order of names


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_malformed(data: bytes) -> None:
    try:
        value = strict_object(data)
    except Malformed:
        return
    assert value == json.loads(data)


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_=-]{0,40}(\.[A-Za-z0-9_=-]{0,40}){0,3}", fullmatch=True))
def test_random_tokens_raise_nothing_but_malformed(token: str) -> None:
    with pytest.raises(Malformed):
        read(token)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=66))
def test_random_segments_raise_nothing_but_malformed(head: bytes, payload: bytes, seal: bytes) -> None:
    with pytest.raises(Malformed):
        read(".".join(map(rfc4648.encode, (head, payload, seal))))


@given(st.data())
def test_no_single_changed_character_is_read_as_the_same_message(data: st.DataObject) -> None:
    token = compact(HEADER, CLAIMS)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.characters(codec="ascii")) + token[place + 1 :]
    try:
        parts = read(changed)
    except Malformed:
        return
    good = read(token)
    same = (parts.signing_input, parts.signature) == (good.signing_input, good.signature)
    assert same == (changed == token)
