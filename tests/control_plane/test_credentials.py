"""Passwords and TOTP secrets of local accounts: what is refused, and what is kept of them."""

import base64

import pyotp
import pytest
from hypothesis import given, strategies as st

from gateway.console.entrance.totp import accepted_step, step_at
from gateway.control_plane.people.credentials import (
    PasswordRefused,
    TotpUnreadable,
    accept_password,
    hash_password,
    open_totp,
    seal_totp,
    totp_key,
    verify_password,
)
from gateway.ports import CoopSecrets
from tests.clock import NOON

SECRETS = CoopSecrets(subject=b"s" * 32, pairwise=b"p" * 32, requests=b"r" * 32, cursors=b"c" * 32)
OTHER = CoopSecrets(subject=b"s" * 32, pairwise=b"p" * 32, requests=b"R" * 32, cursors=b"c" * 32)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "short"),
        ("elevenchars", "short"),
        ("ｶ" * 11, "short"),
        ("x" * 257, "long"),
        ("my name is Sato.H", "id"),
        ("ＳＡＴＯ．Ｈ の秘密の言葉です", "id"),
    ],
)
def test_a_password_that_is_refused_is_not_repeated(password: str, fault: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        accept_password(password, person="sato.h")
    assert refused.value.fault == fault
    assert not password or password not in str(refused.value)
    assert refused.value.ja in str(refused.value)
    assert refused.value.en in str(refused.value)


@pytest.mark.parametrize("password", ["twelve chars", "合言葉は十二文字以上なら何でも", "aaaaaaaaaaaa", "x" * 256])
def test_length_alone_counts(password: str) -> None:
    accept_password(password, person="sato")


def test_a_short_id_may_stand_in_a_password() -> None:
    accept_password("correct horse battery", person="a")


def test_a_password_is_kept_as_an_argon2id_hash_with_its_own_salt() -> None:
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$")
    assert hashed != hash_password("correct horse battery")
    assert verify_password(hashed, "correct horse battery")
    assert verify_password(hashed, "ｃｏｒｒｅｃｔ horse battery"), "full and half width are one keyboard apart"
    assert not verify_password(hashed, "correct horse batterz")
    assert not verify_password(hashed, "")
    assert not verify_password(hashed, "correct horse battery" + "y" * 256)


@pytest.mark.parametrize("hashed", ["", "$argon2id$", "correct horse battery", "$2b$12$abc"])
def test_what_is_no_hash_is_matched_by_no_password(hashed: str) -> None:
    assert not verify_password(hashed, hashed or "correct horse battery")


def test_bytes_that_are_no_text_are_not_all_the_same() -> None:
    assert not verify_password(hash_password("correct horse \udc80"), "correct horse \udc81")


@given(st.binary(max_size=64))
def test_a_totp_secret_is_sealed_and_opened(secret: bytes) -> None:
    sealed = seal_totp(secret, totp_key(SECRETS))
    assert sealed != seal_totp(secret, totp_key(SECRETS))
    assert open_totp(sealed, totp_key(SECRETS)) == secret
    for other in (totp_key(OTHER), SECRETS.requests):
        with pytest.raises(TotpUnreadable):
            open_totp(sealed, other)


@pytest.mark.parametrize("sealed", [b"", b"short", b"\x00" * 28, b"\x00" * 60])
def test_what_was_never_sealed_is_not_opened(sealed: bytes) -> None:
    with pytest.raises(TotpUnreadable, match="--totp"):
        open_totp(sealed, totp_key(SECRETS))


def test_the_codes_of_an_authenticator_are_those_of_the_sealed_secret() -> None:
    secret = pyotp.random_base32()
    opened = open_totp(seal_totp(base64.b32decode(secret), totp_key(SECRETS)), totp_key(SECRETS))
    code = pyotp.TOTP(secret).at(NOON)
    assert accepted_step(opened, code, at=NOON, after=0) == step_at(NOON)
