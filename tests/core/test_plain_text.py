"""What a person writes as a reason says something that a reader sees."""

import pytest

from gateway.core.plain_text import one_line, says, writable

UNSEEN = ["\u200b", "\u200b\u200d\ufeff", " \u200b ", "\u2060", "\u00ad", "\u3164", "\u2800", "\ufe0f", "\u3000\u200c"]


@pytest.mark.parametrize("text", UNSEEN)
def test_characters_without_width_alone_are_no_text(text: str):
    assert not says(text)
    assert not one_line(text)
    assert not writable(text)


@pytest.mark.parametrize("text", ["申出", "髙\u200b橋", "辻\U000e0100", "か\u3099", "a", "・", "👨\u200d👩", "\ue000"])
def test_what_is_seen_may_have_them_within(text: str):
    assert says(text)
    assert one_line(text)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_nothing_may_be_kept_where_nothing_is_asked(text: str):
    assert writable(text)
    assert not says(text)
