"""Counts are read in groups of three digits, in both languages; what is no count stands as it is."""

import pytest

from gateway.console.language import LANGUAGES, Language, grouped, texts_of


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_count_in_a_sentence_is_grouped(language: Language) -> None:
    assert "12,345" in texts_of(language)("over_quota.members", count=12_345)
    assert "1234" in texts_of(language)("member_events.content.help", most="1234")


def test_a_text_a_fraction_and_a_yes_are_no_counts() -> None:
    assert [grouped(one) for one in (999, 1_000, "1000", 1_000.5, True)] == ["999", "1,000", "1000", 1_000.5, True]
