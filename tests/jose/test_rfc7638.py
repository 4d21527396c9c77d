"""Thumbprints against the published ones and against another library."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwcrypto.jwk import JWK

from gateway.jose import rfc4648
from gateway.jose.rfc7517 import PublicKey, public_jwk
from gateway.jose.rfc7638 import thumbprint
from tests.jose.tokens import ec_public, rsa_public

RFC_7638_3_1 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"
    "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJ"
    "zKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
RFC_9449_4_1 = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
}


def test_rfc_7638_section_3_1() -> None:
    assert thumbprint(RFC_7638_3_1) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_rfc_9449_section_6_1() -> None:
    assert thumbprint(RFC_9449_4_1) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_rfc_8037_appendix_a_3() -> None:
    key = Ed25519PrivateKey.from_private_bytes(rfc4648.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
    jwk = public_jwk(key, kid="a3", use="sig", alg="Ed25519")
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_only_the_key_itself_counts() -> None:
    jwk = ec_public().jwk
    assert thumbprint(jwk) == thumbprint({**jwk, "kid": "other", "use": "enc", "alg": "x", "d": "y"})
    assert thumbprint(jwk) != thumbprint({**jwk, "x": jwk["y"]})


@pytest.mark.parametrize("key", [ec_public(), rsa_public()])
def test_another_library_agrees(key: PublicKey) -> None:
    assert JWK(**key.jwk).thumbprint() == key.thumbprint
    assert len(rfc4648.decode(key.thumbprint)) == hashlib.sha256().digest_size
