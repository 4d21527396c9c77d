"""Encryption against the RFCs' vectors and two decryptors that nobody here wrote."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings, strategies as st
from joserfc import jwe
from joserfc.jwk import import_key
from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from gateway.jose import rfc4648
from gateway.jose.rfc7516 import concat_kdf, encrypt, seal
from gateway.jose.rfc7517 import accept_key, public_jwk
from tests.jose.tokens import ec_key, ec_public, rsa_key

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | X25519PrivateKey

KINDS: dict[str, tuple[Private, str]] = {
    "P-256": (ec_key("enc"), "ECDH-ES+A256KW"),
    "X25519": (X25519PrivateKey.from_private_bytes(bytes(range(32))), "ECDH-ES+A256KW"),
    "RSA": (rsa_key(3072), "RSA-OAEP-256"),
}
FRODO = (
    "You can trust us to stick with you through thick and thin–to the bitter end. And you can trust us to keep any secret "
    "of yours–closer than you keep it yourself. But you cannot trust us to let you face trouble alone, and go off without "
    "a word. We are your friends, Frodo."
)
APU, APV = "https://gw.example.coop", "jccu-client"


def sealed(kind: str, plaintext: bytes) -> str:
    private, alg = KINDS[kind]
    key = accept_key(public_jwk(private, kid="enc-1", use="enc", alg=alg))
    return encrypt(plaintext, key, typ="JWT", cty="JWT", apu=APU.encode(), apv=APV.encode())


def pem(kind: str) -> bytes:
    return KINDS[kind][0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def joserfc_decrypts(kind: str, token: str) -> bytes | None:
    key = import_key(JWK.from_pem(pem(kind)).export(as_dict=True))
    registry = jwe.JWERegistry(algorithms=[KINDS[kind][1], "A256GCM"])
    registry.max_ciphertext_length = 1 << 20  # its default of 64 KiB is below a page of members
    return jwe.decrypt_compact(token, key, registry=registry).plaintext


def jwcrypto_decrypts(kind: str, token: str) -> bytes:
    message = JWE(algs=[KINDS[kind][1], "A256GCM"])
    message.deserialize(token, JWK.from_pem(pem(kind)))
    payload: bytes = message.payload
    return payload


def test_rfc_7518_appendix_c() -> None:
    alice = ec.derive_private_key(
        int.from_bytes(rfc4648.decode("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"), "big"), ec.SECP256R1()
    )
    bob = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(),
        b"\x04"
        + rfc4648.decode("weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ")
        + rfc4648.decode("e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"),
    )
    z = alice.exchange(ec.ECDH(), bob)
    assert list(z[:8]) == [158, 86, 217, 29, 129, 113, 53, 211]
    derived = concat_kdf(z, algorithm=b"A128GCM", apu=b"Alice", apv=b"Bob", bits=128)
    assert rfc4648.encode(derived) == "VqqN6vgjbSBcIijNcacQGg"


def test_rfc_7520_section_5_5_derivation_without_party_information() -> None:
    ours = ec.derive_private_key(
        int.from_bytes(rfc4648.decode("AtH35vJsQ9SGjYfOsjUxYXQKrPH3FjZHmEtSKoSN8cM"), "big"), ec.SECP256R1()
    )
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(),
        b"\x04"
        + rfc4648.decode("Ze2loSV3wrroKUN_4zhwGhCqo3Xhu1td4QjeQ5wIVR0")
        + rfc4648.decode("HlLtdXARY_f55A3fnzQbPcm6hgr34Mp8p-nuzQCE0Zw"),
    )
    z = ours.exchange(ec.ECDH(), theirs)
    derived = concat_kdf(z, algorithm=b"A128CBC-HS256", apu=b"", apv=b"", bits=256)
    assert rfc4648.encode(derived) == "hzHdlfQIAEehb8Hrd_mFRhKsKLEzPfshfXs9l6areCc"


def test_rfc_7520_section_5_2_content_encryption() -> None:
    token = seal(
        b'{"alg":"RSA-OAEP","kid":"samwise.gamgee@hobbiton.example","enc":"A256GCM"}',
        FRODO.encode(),
        encrypted_key=b"\x00",  # the published one is of an algorithm that is not ours
        cek=rfc4648.decode("mYMfsggkTAm0TbvtlFh2hyoXnbEzJQjMxmgLN3d8xXA"),
        iv=rfc4648.decode("-nBoKLH0YkLZPSI9"),
    )
    assert token == (
        "eyJhbGciOiJSU0EtT0FFUCIsImtpZCI6InNhbXdpc2UuZ2FtZ2VlQGhvYmJpdG9uLmV4YW1wbGUiLCJlbmMiOiJBMjU2R0NNIn0"
        ".AA.-nBoKLH0YkLZPSI9."
        "o4k2cnGN8rSSw3IDo1YuySkqeS_t2m1GXklSgqBdpACm6UJuJowOHC5ytjqYgRL-I-soPlwqMUf4UgRWWeaOGNw6vGW-xyM01lTYxrXfVzIIa"
        "RdhYtEMRBvBWbEwP7ua1DRfvaOjgZv6Ifa3brcAM64d8p5lhhNcizPersuhw5f-pGYzseva-TUaL8iWnctc-sSwy7SQmRkfhDjwbz0fz6kFov"
        "Egj64X1I5s7E6GLp5fnbYGLa1QUiML7Cc2GxgvI7zqWo0YIEc7aCflLG1-8BboVWFdZKLK9vNoycrYHumwzKluLWEbSVmaPpOslY2n525DxDf"
        "WaVFUfKQxMF56vn4B9QMpWAbnypNimbM8zVOw"
        ".UCGiqJxhBI3IFVdPalHHvA"
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 1024, 300_001])
def test_two_other_libraries_decrypt_it(kind: str, size: int) -> None:
    plaintext = bytes(i % 251 for i in range(size))
    token = sealed(kind, plaintext)
    assert joserfc_decrypts(kind, token) == plaintext
    assert jwcrypto_decrypts(kind, token) == plaintext


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["P-256", "X25519"]),
    st.binary(min_size=1, max_size=200),
    st.binary(max_size=40),
    st.binary(max_size=40),
)
def test_any_plaintext_and_any_party_names(kind: str, plaintext: bytes, apu: bytes, apv: bytes) -> None:
    private, alg = KINDS[kind]
    key = accept_key(public_jwk(private, kid="enc-1", use="enc", alg=alg))
    token = encrypt(plaintext, key, typ="JWT", cty="JWT", apu=apu, apv=apv)
    assert jwcrypto_decrypts(kind, token) == plaintext


def header_of(token: str) -> dict[str, object]:
    header: dict[str, object] = json.loads(rfc4648.decode(token.partition(".")[0]))
    return header


@pytest.mark.parametrize(("kind", "epk"), [("P-256", ["kty", "crv", "x", "y"]), ("X25519", ["kty", "crv", "x"])])
def test_the_header_of_a_key_agreement(kind: str, epk: list[str]) -> None:
    header = header_of(sealed(kind, b"{}"))
    ephemeral = header.pop("epk")
    assert isinstance(ephemeral, dict)
    assert list(ephemeral) == epk
    assert list(header.items()) == [
        ("alg", "ECDH-ES+A256KW"),
        ("enc", "A256GCM"),
        ("kid", "enc-1"),
        ("typ", "JWT"),
        ("cty", "JWT"),
        ("apu", rfc4648.encode(APU.encode())),
        ("apv", rfc4648.encode(APV.encode())),
    ]
    assert list(header_of(sealed(kind, b"{}"))) == ["alg", "enc", "kid", "typ", "cty", "epk", "apu", "apv"]


def test_the_header_of_rsa() -> None:
    assert list(header_of(sealed("RSA", b"{}")).items()) == [
        ("alg", "RSA-OAEP-256"),
        ("enc", "A256GCM"),
        ("kid", "enc-1"),
        ("typ", "JWT"),
        ("cty", "JWT"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_secret_is_used_twice(kind: str) -> None:
    one, two = (sealed(kind, b"the same").split(".") for _ in range(2))
    assert all(a != b for a, b in zip(one[1:], two[1:], strict=True))
    assert (header_of(".".join(one)) == header_of(".".join(two))) == (kind == "RSA")


@pytest.mark.parametrize("part", range(5))
def test_a_changed_part_does_not_decrypt(part: int) -> None:
    parts = sealed("P-256", b"secret").split(".")
    raw = bytearray(rfc4648.decode(parts[part]))
    raw[-3] ^= 1
    parts[part] = rfc4648.encode(bytes(raw))
    with pytest.raises(JWException):
        jwcrypto_decrypts("P-256", ".".join(parts))


def test_a_signature_key_encrypts_nothing() -> None:
    with pytest.raises(ValueError):
        encrypt(b"", ec_public(), typ="JWT", cty="JWT", apu=b"", apv=b"")
