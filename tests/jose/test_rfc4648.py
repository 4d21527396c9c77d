"""One value, one spelling."""

import base64
import contextlib
from itertools import product

import pytest
from hypothesis import given, strategies as st

from gateway.jose import rfc4648


def test_the_example_of_rfc_7515_appendix_c() -> None:
    assert rfc4648.encode(bytes([3, 236, 255, 224, 193])) == "A-z_4ME"
    assert rfc4648.decode("A-z_4ME") == bytes([3, 236, 255, 224, 193])


@given(st.binary(max_size=100))
def test_it_is_base64url_without_padding_and_is_read_back(data: bytes) -> None:
    text = rfc4648.encode(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert rfc4648.decode(text) == data
    assert rfc4648.encode(memoryview(data)) == text


@pytest.mark.parametrize(
    "text", ["A-z_4ME=", "A+z/4ME", "A-z_4MF", "A-z_4", "A-z_4ME\n", " A-z_4ME", "A-z_é", "=", "===="]
)
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        rfc4648.decode(text)


@given(st.text(max_size=30))
def test_what_is_read_is_what_would_be_written(text: str) -> None:
    try:
        data = rfc4648.decode(text)
    except ValueError:
        return
    assert rfc4648.encode(data) == text


def test_all_texts_of_two_characters_that_are_read_are_those_of_one_byte() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    read = {}
    for text in map("".join, product(alphabet, repeat=2)):
        with contextlib.suppress(ValueError):
            read[text] = rfc4648.decode(text)
    assert read == {rfc4648.encode(bytes([byte])): bytes([byte]) for byte in range(256)}


@given(st.text(alphabet="ABQgwEIMUYckos048-_xyz", max_size=7))
def test_what_is_refused_is_what_would_be_written_otherwise(text: str) -> None:
    try:
        again = rfc4648.encode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        again = ""
    if again == text:
        rfc4648.decode(text)
    else:
        with pytest.raises(ValueError):
            rfc4648.decode(text)
