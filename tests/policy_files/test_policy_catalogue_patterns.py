"""The patterns that a catalogue may have: run on members' values, so none may cost more than a moment."""

import re

import pytest
from hypothesis import example, given, strategies as st

from gateway.adapters.policy_files.content import plain_pattern

PLAIN = [
    "^[0-9]{8}$",
    "[A-Z]{2}[0-9]{6}",
    r"\d{3}-?\d{4}",
    "^0[0-9]{9,10}$",
    "[^ ]{1,60}",
    "^[A-Za-z0-9._-]+$",
    "あ[ぁ-ん]*",
]
COSTLY = [
    "(a|a)*",
    "(?:a+)+",
    r"(a)\1",
    "(?=a)a",
    "a|b",
    "a?a?a?",
    "[0-9]{0,200}[0-9]{0,200}[0-9]{0,200}",
    "a**",
    "a{9999}",
    "(",
]


@pytest.mark.parametrize("pattern", PLAIN)
def test_one_character_after_another_is_plain(pattern: str):
    assert plain_pattern(pattern)


@pytest.mark.parametrize("pattern", COSTLY)
def test_groups_alternatives_and_many_lengths_are_not(pattern: str):
    assert not plain_pattern(pattern)


@given(st.text("ab01[]{}()|?*+.,^$\\-d", max_size=24))
@example("[a-b]*[a-b]*$")
def test_whatever_is_plain_is_read_and_answers_at_once(pattern: str):
    if plain_pattern(pattern):
        # Two parts of variable length on 254 characters: some ten thousand steps, never millions.
        re.compile(pattern).search("ab01" * 63 + "!")
