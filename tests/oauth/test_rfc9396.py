"""authorization_details: one closed entry, and nothing that could be read in two ways."""

import json

import pytest
from hypothesis import given, strategies as st

from gateway.oauth.rfc6749 import OAuthError
from gateway.oauth.rfc9396 import DETAIL_TYPE, Detail, parse_details, read_details, write_details
from tests.jose.tokens import without

ENTRY: dict[str, object] = {
    "type": DETAIL_TYPE,
    "coop": "kyoritsusha",
    "purpose": "P4.guide",
    "agreement": "kyoritsusha-jccu-01",
    "fields": ["member_code", "name"],
}


def refusal(text: str | None) -> str:
    with pytest.raises(OAuthError) as caught:
        parse_details(text)
    assert (caught.value.error, caught.value.status) == ("invalid_authorization_details", 400)
    return caught.value.reason.removeprefix("details:")


@pytest.mark.parametrize("more", [{}, {"product": "G1"}, {"actions": ["read"]}, {"product": "G1", "actions": ["read"]}])
def test_an_entry_is_read_and_said_back_with_the_members_it_came_with(more: dict[str, object]) -> None:
    detail = parse_details(json.dumps([ENTRY | more]))
    assert (detail.coop, detail.purpose, detail.agreement) == ("kyoritsusha", "P4.guide", "kyoritsusha-jccu-01")
    assert (detail.fields, detail.product) == (("member_code", "name"), more.get("product"))
    assert json.loads(json.dumps(write_details(detail))) == [ENTRY | more]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "missing"),
        ("", "json"),
        ("{", "json"),
        (json.dumps(ENTRY), "one-entry"),
        ("[]", "one-entry"),
        ("[1]", "one-entry"),
        (json.dumps([ENTRY, ENTRY]), "one-entry"),
        (json.dumps([ENTRY])[:-2] + ',"coop":"x"}]', "duplicate-member"),
        ("[" * 9, "depth"),
        ('[{"type":"\\ud800"}]', "surrogate"),
        ('[{"type":1.0}]', "number"),
    ],
)
def test_what_is_not_one_entry(text: str | None, why: str) -> None:
    assert refusal(text) == why


@pytest.mark.parametrize("name", ENTRY)
def test_members_that_may_not_be_absent(name: str) -> None:
    assert refusal(json.dumps([without(ENTRY, name)])) == "entry"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "urn:joint-use:other"},
        {"type": None},
        {"coop": ""},
        {"coop": "a/b"},
        {"coop": "a\n"},
        {"coop": "a" * 65},
        {"coop": 1},
        {"coop": None},
        {"purpose": ["P1"]},
        {"agreement": "*"},
        {"product": None},
        {"product": ""},
        {"actions": None},
        {"actions": []},
        {"actions": ["write"]},
        {"actions": ["read", "read"]},
        {"actions": "read"},
        {"locations": ["https://gw.example.coop/v1"]},
        {"fields": []},
        {"fields": "name"},
        {"fields": [1]},
        {"fields": ["Name"]},
        {"fields": ["*"]},
        {"fields": ["name.kana"]},
        {"fields": ["__class__"]},
        {"fields": ["name\n"]},
        {"fields": ["a" * 65]},
        {"fields": [f"f{i}" for i in range(501)]},
    ],
)
def test_members_that_are_malformed_or_extra(change: dict[str, object]) -> None:
    assert refusal(json.dumps([ENTRY | change])) == "entry"


def test_a_field_is_asked_once() -> None:
    assert refusal(json.dumps([ENTRY | {"fields": ["name", "name"]}])) == "fields"


NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
FIELDS = st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True), min_size=1, max_size=20, unique=True)


@given(st.builds(Detail, coop=NAME, purpose=NAME, agreement=NAME, fields=FIELDS.map(tuple), product=st.none() | NAME))
def test_every_entry_is_read_back(detail: Detail) -> None:
    text = json.dumps(write_details(detail))
    assert parse_details(text) == detail == read_details(json.loads(text))


@given(st.none() | st.text(max_size=80))
def test_random_text_raises_nothing_but_a_refusal(text: str | None) -> None:
    assert refusal(text)
