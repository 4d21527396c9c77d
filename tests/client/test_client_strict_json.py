"""What a hostile gateway could say that no file could hold is no JSON here, and the error has nothing of it."""

import traceback

import pytest

from gateway.client.compact import json_object

CANARY = "\u9234\u6728"


@pytest.mark.parametrize(
    "value",
    [r'"\ud800"', r'"\udc00\ud800"', r'{"\ud800": 1}', r'["x", "\udfff"]', "1e999", "-1e999", "NaN", "Infinity"],
)
def test_what_cannot_be_written_down_again_is_refused_without_its_text(value: str) -> None:
    with pytest.raises(ValueError, match="not a strict JSON object") as refused:
        json_object(f'{{"name": "{CANARY}", "other": {value}}}'.encode())
    assert type(refused.value) is ValueError
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_an_escape_that_spells_a_character_is_read() -> None:
    assert json_object(rb'{"name": "\u9234\ud842\udfb7", "n": 1.5}') == {"name": "\u9234\U00020bb7", "n": 1.5}
