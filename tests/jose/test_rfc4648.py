"""One value, one spelling."""

import base64

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
