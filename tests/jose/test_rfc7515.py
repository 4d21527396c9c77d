"""Signing and verifying: the published example, the other libraries, and each way not to verify."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from gateway.jose import rfc4648
from gateway.jose.intake import Compact, Malformed, parse_compact
from gateway.jose.rfc7515 import sign, signer_from_private_key, verify
from gateway.jose.rfc7517 import PublicKey, accept_key, public_jwk
from tests.jose.tokens import compact, ec_key, ec_public, rsa_key, rsa_public

RFC_7515_A_3 = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
RFC_7515_A_3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "a3",
    "use": "sig",
    "alg": "ES256",
}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CLAIMS = {"iss": "client"}


def read(token: str, *algs: str) -> Compact:
    return parse_compact(
        token, limit=100_000, algs=frozenset(algs or ("ES256", "PS256")), typs=frozenset({None, "x+jwt"})
    )


def with_signature(seal: bytes) -> Compact:
    return read(f"{compact({'alg': 'ES256'}, CLAIMS).rpartition('.')[0]}.{rfc4648.encode(seal)}")


def test_rfc_7515_appendix_a_3() -> None:
    key = accept_key(RFC_7515_A_3_KEY)
    parts = read(RFC_7515_A_3)
    assert parts.claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert verify(parts, key)
    assert not verify(parts, ec_public())


def test_both_algorithms_verify_with_their_own_key_alone() -> None:
    es256 = read(compact({"alg": "ES256"}, CLAIMS))
    ps256 = read(compact({"alg": "PS256"}, CLAIMS, key=rsa_key()))
    assert verify(es256, ec_public())
    assert verify(ps256, rsa_public())
    assert not verify(es256, rsa_public())
    assert not verify(ps256, ec_public())
    assert not verify(es256, ec_public("two"))


def test_the_header_does_not_choose_the_algorithm() -> None:
    assert not verify(read(compact({"alg": "PS256"}, CLAIMS, key=ec_key())), ec_public())
    assert not verify(read(compact({"alg": "ES256"}, CLAIMS)), rsa_public())


def test_an_encryption_key_verifies_nothing() -> None:
    key = accept_key(public_jwk(ec_key(), kid="e1", use="enc", alg="ECDH-ES+A256KW"))
    assert not verify(read(compact({"alg": "ES256"}, CLAIMS)), key)


def test_a_failing_library_has_not_verified() -> None:
    lying = PublicKey(kid="k", use="sig", alg="ES256", thumbprint="", jwk={}, native=rsa_public().native)
    assert not verify(read(compact({"alg": "ES256"}, CLAIMS)), lying)


@pytest.mark.parametrize(("r", "s"), [(0, 0), (0, 1), (1, 0), (ORDER, 1), (1, ORDER), (ORDER, ORDER), (2**256 - 1, 1)])
def test_signatures_out_of_range(r: int, s: int) -> None:
    assert not verify(with_signature(r.to_bytes(32, "big") + s.to_bytes(32, "big")), ec_public())


@given(st.binary(min_size=64, max_size=64))
def test_random_signatures(seal: bytes) -> None:
    assert not verify(with_signature(seal), ec_public())


@given(st.data())
def test_a_changed_message_does_not_verify(data: st.DataObject) -> None:
    token = compact({"alg": "ES256"}, CLAIMS)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.characters(codec="ascii")) + token[place + 1 :]
    try:
        verified = verify(read(changed), ec_public())
    except Malformed:
        return
    assert verified == (changed == token)


@given(st.dictionaries(st.text(), st.text()), st.sampled_from(["one", "two"]))
def test_what_is_signed_verifies_here_and_in_two_other_libraries(claims: dict[str, str], name: str) -> None:
    payload = json.dumps(claims).encode()
    token = sign("x+jwt", payload, signer_from_private_key(ec_key(name), "k1"))
    parts = read(token)
    assert parts.claims == claims
    assert list(parts.header.items()) == [("alg", "ES256"), ("kid", "k1"), ("typ", "x+jwt")]
    key = ec_public(name)
    assert verify(parts, key)
    assert jws.deserialize_compact(token, ECKey.import_key(dict(key.jwk)), algorithms=["ES256"]).payload == payload
    other = JWS()
    other.deserialize(token, JWK(**key.jwk), alg="ES256")
    assert other.payload == payload


def test_what_another_library_signs_verifies_here() -> None:
    token = jws.serialize_compact(
        {"alg": "PS256", "kid": "k1"}, b"{}", RSAKey.import_key(rsa_key()), algorithms=["PS256"]
    )
    assert verify(read(token), rsa_public())


def test_a_header_names_its_own_signer_whatever_was_signed_before() -> None:
    for kid in ("k1", "k2", "k1"):
        header = read(sign("x+jwt", b"{}", signer_from_private_key(ec_key(), kid))).header
        assert header == {"alg": "ES256", "kid": kid, "typ": "x+jwt"}


def test_a_signer_is_p256_and_does_not_print_its_key() -> None:
    with pytest.raises(ValueError):
        signer_from_private_key(ec.generate_private_key(ec.SECP384R1()), "k1")
    signer = signer_from_private_key(ec_key(), "k1")
    assert (signer.kid, signer.alg, len(signer.sign(b"data"))) == ("k1", "ES256", 64)
    assert "key" not in repr(signer).lower().replace("gateway", "")
