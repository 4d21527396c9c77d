"""How a local account signs in: a password as an argon2id hash, a TOTP secret sealed with a key of the co-op's.

The sealing key is derived from the co-op's `requests` secret (RFC 5869) and used for nothing else. Where that secret is
destroyed (`gateway keys destroy`) no TOTP secret can be opened any more: each person is given a new one.
Sources: RFC 9106, RFC 6238, NIST SP 800-63B (length counts, composition does not), security-profile §8.
"""

import os
import unicodedata
from functools import cache
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.ports import CoopSecrets

SHORTEST: Final = 12
LONGEST: Final = 256
_TELLING: Final = 3
"""A shorter id stands in many a good password by chance."""
_NONCE: Final = 12
_INFO: Final = b"staff totp"

_hasher: Final = PasswordHasher()

Fault = Literal["short", "long", "id"]

_WORDS: Final[dict[Fault, tuple[str, str]]] = {
    "short": (
        f"パスワードが短すぎます。{SHORTEST}字以上にしてください",
        f"the password is too short: take {SHORTEST} characters or more",
    ),
    "long": (f"パスワードが長すぎます。{LONGEST}字までです", f"the password is too long: {LONGEST} characters at most"),
    "id": (
        "パスワードに担当者IDを含めないでください",
        "the password holds the person's id: choose one that does not",
    ),
}


class PasswordRefused(ValueError):
    """A password breaks a rule, `fault`; the text says which and the mend, never the password."""

    def __init__(self, fault: Fault) -> None:
        self.fault: Final = fault
        self.ja, self.en = _WORDS[fault]
        super().__init__(f"{self.ja} / {self.en}")


class TotpUnreadable(ValueError):
    """A sealed TOTP secret was sealed with another key, perhaps one that is gone, or is none."""

    def __init__(self) -> None:
        super().__init__(
            "確認コードの秘密を読めません。`gateway staff password … --totp` で作り直してください / "
            "the TOTP secret cannot be opened: make a new one with `gateway staff password … --totp`"
        )


def accept_password(password: str, *, person: str) -> None:
    """Check a new password: long enough, and without the person's id. Raises PasswordRefused."""
    same = unicodedata.normalize("NFKC", password)
    if len(same) < SHORTEST:
        raise PasswordRefused("short")
    if len(password) > LONGEST:
        raise PasswordRefused("long")
    if len(person) >= _TELLING and person.casefold() in same.casefold():
        raise PasswordRefused("id")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password in PHC form, with a salt of its own."""
    return _hasher.hash(_normal(password))


@cache
def nobodys_hash() -> str:
    """Return the hash of no person's password: verifying against it takes as long as against a person's own."""
    return hash_password("nobody has this password")


def verify_password(hashed: str, password: str) -> bool:
    """Tell whether a password is the one that was hashed; where there is no hash, it is not."""
    if len(password) > LONGEST:
        return False
    try:
        _hasher.verify(hashed, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return True


def totp_key(secrets: CoopSecrets) -> bytes:
    """Return the key that a co-op's TOTP secrets are sealed with."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(secrets.requests)


def seal_totp(secret: bytes, key: bytes) -> bytes:
    """Return a TOTP secret encrypted for the database: nonce‖ciphertext of AES-256-GCM."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret, _INFO)


def open_totp(sealed: bytes, key: bytes) -> bytes:
    """Return the TOTP secret that was sealed. Raises TotpUnreadable."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _INFO)
    except (InvalidTag, ValueError):
        raise TotpUnreadable from None


def _normal(password: str) -> bytes:
    """Return a password as any keyboard types it: full and half width are the same (SP 800-63B: NFKC)."""
    # What a terminal that is not UTF-8 gave stays what it was.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
