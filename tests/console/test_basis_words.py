"""A legal basis has one name: every screen that names one begins with the words that sheets and reports use."""

import re

from gateway.console.language import LANGUAGES, texts_of
from gateway.core.bases import BASIS_WORDS

_NAMED = re.compile(rf"[\w.]+\.basis\.({'|'.join(BASIS_WORDS)})")


def test_every_screen_calls_a_basis_what_reports_call_it():
    seen = set()
    for language in LANGUAGES:
        said = texts_of(language)
        for key in sorted(said.keys):
            if found := _NAMED.fullmatch(key):
                basis = next(one for one in BASIS_WORDS if one.value == found[1])
                words = BASIS_WORDS[basis][language == "en"]
                assert said(key).casefold().startswith(words), (language, key)
                seen.add((language, basis))
    assert seen == {(language, basis) for language in LANGUAGES for basis in BASIS_WORDS}
