"""Which keys are accepted, and that one bad key refuses the whole set (security-profile §3)."""

import copy

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, strategies as st
from jwcrypto.jwk import JWK

from gateway.jose import rfc4648
from gateway.jose.rfc7517 import (
    X25519_PRIME,
    KeyRefused,
    accept_dpop_jwk,
    accept_key,
    accept_partner_set,
    jwk_set,
    public_jwk,
)
from gateway.jose.rfc7638 import thumbprint
from tests.jose.tokens import dpop_jwk, ec_key, rsa_key, without

X25519 = X25519PrivateKey.from_private_bytes(bytes(range(32)))
SIG = public_jwk(ec_key("sig"), kid="sig-1", use="sig", alg="ES256")
ENC = public_jwk(ec_key("enc"), kid="enc-1", use="enc", alg="ECDH-ES+A256KW")
OKP = public_jwk(X25519, kid="enc-2", use="enc", alg="ECDH-ES+A256KW")
PS256 = public_jwk(rsa_key(), kid="sig-2", use="sig", alg="PS256")
OAEP = public_jwk(rsa_key(3072), kid="enc-3", use="enc", alg="RSA-OAEP-256")


def refusal(*keys: object) -> tuple[str, str | int | None]:
    with pytest.raises(KeyRefused) as caught:
        accept_partner_set({"keys": list(keys)})
    return caught.value.reason, caught.value.key


def number(value: int) -> str:
    return rfc4648.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def test_a_set_of_every_kind_is_accepted_as_it_stands() -> None:
    accepted = accept_partner_set({"keys": [SIG, ENC, OKP, PS256, OAEP]})
    assert [key.jwk for key in accepted] == [SIG, ENC, OKP, PS256, OAEP]
    assert [(key.kid, key.use, key.alg) for key in accepted] == [
        ("sig-1", "sig", "ES256"),
        ("enc-1", "enc", "ECDH-ES+A256KW"),
        ("enc-2", "enc", "ECDH-ES+A256KW"),
        ("sig-2", "sig", "PS256"),
        ("enc-3", "enc", "RSA-OAEP-256"),
    ]
    assert [key.thumbprint for key in accepted] == [thumbprint(key.jwk) for key in accepted]


def test_the_same_key_has_the_same_thumbprint_under_another_name() -> None:
    assert accept_key(SIG | {"kid": "other"}).thumbprint == accept_key(SIG).thumbprint


@pytest.mark.parametrize("jwks", [None, [], "{}", {}, {"keys": {}}, {"keys": None}, {"keys": [SIG, ENC], "more": 1}])
def test_what_is_no_set(jwks: object) -> None:
    with pytest.raises(KeyRefused) as caught:
        accept_partner_set(jwks)
    assert (caught.value.reason, caught.value.key) == ("set", None)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (SIG | {"kid": "x", "d": "AA"}, ("private", "x")),
        (PS256 | {"kid": "x", "p": "AA"}, ("private", "x")),
        ({"kty": "oct", "k": "AA", "kid": "x", "use": "sig", "alg": "HS256"}, ("symmetric", "x")),
        (SIG | {"kid": "x", "k": "AA"}, ("symmetric", "x")),
        ("text", ("not-an-object", 2)),
        (without(SIG, "kid"), ("kid", 2)),
        (SIG | {"kid": ""}, ("kid", 2)),
        (SIG | {"kid": "a/b"}, ("kid", 2)),
        (SIG | {"kid": "a" * 65}, ("kid", 2)),
        (SIG | {"kid": 1}, ("kid", 2)),
        (without(SIG | {"kid": "x"}, "use"), ("use", "x")),
        (SIG | {"kid": "x", "use": "both"}, ("use", "x")),
        (without(SIG | {"kid": "x"}, "alg"), ("alg", "x")),
        (SIG | {"kid": "x", "alg": "none"}, ("alg", "x")),
        (SIG | {"kid": "x", "alg": "ES384"}, ("alg", "x")),
        (SIG | {"kid": "x", "alg": "PS256"}, ("alg", "x")),
        (SIG | {"kid": "x", "alg": "ECDH-ES+A256KW"}, ("alg", "x")),
        (ENC | {"kid": "x", "alg": "ECDH-ES"}, ("alg", "x")),
        (OKP | {"kid": "x", "use": "sig"}, ("alg", "x")),
        (OKP | {"kid": "x", "use": "sig", "alg": "ES256"}, ("alg", "x")),
        (without(OKP | {"kid": "x", "use": "sig"}, "alg"), ("alg", "x")),
        (PS256 | {"kid": "x", "alg": "RS256"}, ("alg", "x")),
        (OAEP | {"kid": "x", "alg": "RSA-OAEP"}, ("alg", "x")),
        (OAEP | {"kid": "x", "alg": "RSA1_5"}, ("alg", "x")),
        (SIG | {"kid": "x", "kty": "RSA"}, ("kind", "x")),
        (SIG | {"kid": "x", "crv": "P-384"}, ("kind", "x")),
        (SIG | {"kid": "x", "crv": "secp256k1"}, ("kind", "x")),
        (OKP | {"kid": "x", "crv": "Ed25519"}, ("kind", "x")),
        (without(SIG | {"kid": "x"}, "kty"), ("kind", "x")),
        (PS256 | {"kid": "x", "crv": "P-256"}, ("kind", "x")),
        (without(SIG | {"kid": "x"}, "y"), ("members", "x")),
        (OKP | {"kid": "x", "y": "AA"}, ("members", "x")),
        (SIG | {"kid": "x", "n": "AA"}, ("members", "x")),
        (SIG | {"kid": "x", "x5c": []}, ("members", "x")),
        (SIG | {"kid": "x", "key_ops": "sign"}, ("members", "x")),
        (SIG | {"kid": "x", "x": 1}, ("members", "x")),
        (SIG | {"kid": "x", "crv": ["P-256"]}, ("members", "x")),
        (SIG | {"kid": "x", "x": SIG["x"] + "="}, ("encoding", "x")),
        (SIG | {"kid": "x", "x": rfc4648.encode(b"\0" + rfc4648.decode(SIG["x"]))}, ("encoding", "x")),
        (SIG | {"kid": "x", "x": rfc4648.encode(rfc4648.decode(SIG["x"])[1:])}, ("encoding", "x")),
        (SIG | {"kid": "x", "x": SIG["y"]}, ("point", "x")),
        (SIG | {"kid": "x", "x": rfc4648.encode(bytes(32)), "y": rfc4648.encode(bytes(32))}, ("point", "x")),
        (SIG | {"kid": "x", "x": rfc4648.encode(b"\xff" * 32)}, ("point", "x")),
        (PS256 | {"kid": "x", "e": "Aw"}, ("exponent", "x")),
        (PS256 | {"kid": "x", "e": "AQAC"}, ("exponent", "x")),
        (PS256 | {"kid": "x", "e": "AAEAAQ"}, ("encoding", "x")),
        (PS256 | {"kid": "x", "e": ""}, ("encoding", "x")),
        (PS256 | {"kid": "x", "n": rfc4648.encode(b"\0" + rfc4648.decode(PS256["n"]))}, ("encoding", "x")),
        (PS256 | {"kid": "x", "n": number(2**2047)}, ("modulus", "x")),
        (PS256 | {"kid": "x", "n": number(2**2047 - 1)}, ("modulus", "x")),
        (PS256 | {"kid": "x", "n": number(2**4096 + 1)}, ("modulus", "x")),
        (PS256 | {"kid": "x", "n": number(2**40_000 + 1)}, ("modulus", "x")),
        (PS256 | {"kid": "x", "n": number(751 * (2**2047 // 751 + 1 | 1))}, ("modulus", "x")),
        (OAEP | {"kid": "x", "n": PS256["n"]}, ("modulus", "x")),
    ],
)
def test_one_bad_key_refuses_the_set_and_is_named(bad: object, why: tuple[str, str | int]) -> None:
    assert refusal(SIG, ENC, bad) == why


@pytest.mark.parametrize(
    "u",
    [
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        X25519_PRIME - 1,
    ],
)
def test_low_order_points_of_x25519(u: int) -> None:
    # RFC 7748 §6.1 and its errata: the points that agree on nothing but zero.
    assert refusal(SIG, OKP | {"x": rfc4648.encode(u.to_bytes(32, "little"))}) == ("point", "enc-2")


@pytest.mark.parametrize("u", [X25519_PRIME, X25519_PRIME + 1, X25519_PRIME + 9, 2**255 + 9, 2**256 - 1])
def test_second_spellings_of_x25519_points(u: int) -> None:
    assert refusal(SIG, OKP | {"x": rfc4648.encode(u.to_bytes(32, "little"))}) == ("encoding", "enc-2")


def test_a_name_is_used_once() -> None:
    assert refusal(SIG, ENC, OKP | {"kid": "sig-1"}) == ("kid-repeated", "sig-1")


def test_a_key_is_listed_once_and_never_for_both_uses() -> None:
    assert refusal(SIG, ENC, SIG | {"kid": "sig-3"}) == ("key-repeated", "sig-3")
    both = ENC | {"kid": "sig-4", "use": "sig", "alg": "ES256"}
    assert refusal(SIG, ENC, both) == ("key-repeated", "sig-4")
    rsa_both = OAEP | {"kid": "sig-5", "use": "sig", "alg": "PS256"}
    assert refusal(SIG, OAEP, rsa_both) == ("key-repeated", "sig-5")


def test_one_to_five_of_each_use() -> None:
    sigs = [public_jwk(ec_key(f"s{i}"), kid=f"s{i}", use="sig", alg="ES256") for i in range(6)]
    assert len(accept_partner_set({"keys": [*sigs[:5], ENC]})) == 6
    assert refusal(*sigs, ENC) == ("count-sig", None)
    assert refusal(*sigs, *[ENC] * 5) == ("count", None)
    assert refusal(SIG) == ("count-enc", None)
    assert refusal(ENC) == ("count-sig", None)
    assert refusal() == ("count-sig", None)


def test_acceptance_keeps_nothing_of_the_callers() -> None:
    mine = copy.deepcopy(SIG)
    key = accept_key(mine)
    mine["kid"] = "changed"
    assert key.kid == key.jwk["kid"] == "sig-1"


def test_a_proof_key_is_named_by_its_thumbprint_and_prepared_once() -> None:
    key = accept_dpop_jwk(dpop_jwk())
    assert key.kid == key.thumbprint == thumbprint(dpop_jwk())
    assert (key.use, key.alg) == ("sig", "ES256")
    assert accept_dpop_jwk(dpop_jwk()) is key


@pytest.mark.parametrize(
    ("jwk", "why"),
    [
        (None, "members"),
        ([], "members"),
        (dpop_jwk() | {"d": "AA"}, "members"),
        (dpop_jwk() | {"kid": "x"}, "members"),
        (without(dpop_jwk(), "y"), "members"),
        (dpop_jwk() | {"kty": "OKP"}, "kind"),
        (dpop_jwk() | {"crv": "P-384"}, "kind"),
        (dpop_jwk() | {"x": 1}, "kind"),
        (dpop_jwk() | {"y": ["AA"]}, "kind"),
        (dpop_jwk() | {"x": "AA"}, "encoding"),
        (dpop_jwk() | {"x": dpop_jwk()["x"] + "="}, "encoding"),
        (dpop_jwk() | {"x": dpop_jwk()["y"]}, "point"),
        ({"kty": "oct", "k": "AA", "x": "", "y": ""}, "members"),
    ],
)
def test_proof_keys_that_are_refused(jwk: object, why: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        accept_dpop_jwk(jwk)
    assert caught.value.reason == why


@pytest.mark.parametrize(
    ("private", "use", "alg"),
    [
        (ec_key(), "sig", "ES256"),
        (rsa_key(), "sig", "PS256"),
        (X25519, "enc", "ECDH-ES+A256KW"),
        (Ed25519PrivateKey.from_private_bytes(bytes(32)), "sig", "Ed25519"),
    ],
)
def test_only_the_public_half_is_written(
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | X25519PrivateKey | Ed25519PrivateKey, use: str, alg: str
) -> None:
    assert use in ("sig", "enc")
    jwk = public_jwk(private, kid="k", use="sig" if use == "sig" else "enc", alg=alg)
    assert jwk == public_jwk(private.public_key(), kid="k", use="sig" if use == "sig" else "enc", alg=alg)
    assert "d" not in jwk
    assert JWK(**jwk).export_public(as_dict=True) == jwk


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP384R1()])
def test_no_other_curve_is_written_as_p_256(curve: ec.EllipticCurve) -> None:
    with pytest.raises(ValueError):
        public_jwk(ec.generate_private_key(curve), kid="k", use="sig", alg="ES256")


def test_a_set_is_written_in_order() -> None:
    assert jwk_set([SIG, ENC]) == {"keys": [SIG, ENC]}


def test_a_short_coordinate_keeps_its_leading_zeros() -> None:
    # One key in 256 has such a coordinate; written short, no strict reader would take it.
    for scalar in range(1, 2000):
        private = ec.derive_private_key(scalar, ec.SECP256R1())
        if private.public_key().public_numbers().x < 2**248:
            jwk = public_jwk(private, kid="k", use="sig", alg="ES256")
            assert rfc4648.decode(jwk["x"])[0] == 0
            assert accept_key(jwk).thumbprint == JWK(**jwk).thumbprint()
            return
    pytest.fail("no such key among the first")


VALUES = st.none() | st.integers() | st.text(max_size=8) | st.lists(st.none(), max_size=1)


@given(
    st.sampled_from([SIG, ENC, OKP, PS256, OAEP]), st.dictionaries(st.sampled_from([*SIG, "n", "e", "d", "k"]), VALUES)
)
def test_a_spoilt_key_raises_nothing_but_a_refusal(jwk: dict[str, object], change: dict[str, object]) -> None:
    try:
        key = accept_key(jwk | change)
    except KeyRefused:
        return
    assert key.jwk == jwk | change
