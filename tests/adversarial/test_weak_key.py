"""Attack: a partner registers a key that others could compute or that is not its own, to repudiate what it signs.

The whole set is refused when one key in it is, and nothing of it enters the log.
"""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import OKPKey, RSAKey

from gateway.control_plane.partners.acts import KeyInUse
from gateway.jose.rfc7517 import KeyRefused
from tests.house import House
from tests.simulators.partner import Partner, b64u, key

Jwk = dict[str, Any]
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def sig(**changes: Any) -> Jwk:
    return {**key("sig-1", "sig", "ES256").as_dict(private=False), **changes}


def enc(**changes: Any) -> Jwk:
    return {**key("enc-1", "enc", "ECDH-ES+A256KW").as_dict(private=False), **changes}


def both(**changes: Any) -> list[Jwk]:
    """One key twice: as it is and otherwise named."""
    one = sig()
    return [one, {**one, **changes}]


def rsa_key(bits: int, exponent: int = 65537, **changes: Any) -> Jwk:
    numbers = rsa.generate_private_key(public_exponent=exponent, key_size=bits).public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    named = {"kty": "RSA", "n": b64u(numbers.n.to_bytes(size)), "e": b64u(numbers.e.to_bytes(3).lstrip(b"\0"))}
    return {**named, "kid": "sig-1", "use": "sig", "alg": "PS256", **changes}


def modulus(n: int) -> Jwk:
    return {
        "kty": "RSA", "n": b64u(n.to_bytes((n.bit_length() + 7) // 8)), "e": "AQAB",
        "kid": "sig-1", "use": "sig", "alg": "PS256",
    }  # fmt: skip


def other_curve(curve: ec.EllipticCurve, name: str, size: int, alg: str) -> Jwk:
    point = ec.generate_private_key(curve).public_key().public_numbers()
    axes = {axis: b64u(getattr(point, axis).to_bytes(size)) for axis in ("x", "y")}
    return {"kty": "EC", "crv": name, **axes, "kid": "sig-1", "use": "sig", "alg": alg}


def off_curve() -> Jwk:
    good = sig()
    return {**good, "y": good["x"]}


def short_coordinate() -> Jwk:
    return sig(x=b64u(b"\1" * 31))


def private() -> Jwk:
    return key("sig-1", "sig", "ES256").as_dict(private=True)


SETS: dict[str, Callable[[], list[Jwk]]] = {
    "RSA of 1,024 bits": lambda: [rsa_key(1024), enc()],
    "RSA with e = 3": lambda: [rsa_key(2048, 3), enc()],
    "a modulus with a small factor": lambda: [modulus(3 * (2**2047 + 1) | 1), enc()],
    "an even modulus": lambda: [modulus(2**2047), enc()],
    "a modulus of 8,192 bits": lambda: [modulus(2**8191 + 1), enc()],
    "RSA that would encrypt with 2,048 bits": lambda: [
        sig(), rsa_key(2048, kid="enc-1", use="enc", alg="RSA-OAEP-256"),
    ],
    "RSA for RS256": lambda: [rsa_key(2048, alg="RS256"), enc()],
    "P-384": lambda: [other_curve(ec.SECP384R1(), "P-384", 48, "ES384"), enc()],
    "secp256k1": lambda: [other_curve(ec.SECP256K1(), "secp256k1", 32, "ES256K"), enc()],
    "secp256k1 called P-256": lambda: [other_curve(ec.SECP256K1(), "P-256", 32, "ES256"), enc()],
    "Ed25519": lambda: [OKPKey.generate_key("Ed25519", {"kid": "s", "use": "sig", "alg": "EdDSA"}).as_dict(), enc()],
    "a point off the curve": lambda: [off_curve(), enc()],
    "a coordinate of 31 bytes": lambda: [short_coordinate(), enc()],
    "the point at infinity": lambda: [sig(x=b64u(bytes(32)), y=b64u(bytes(32))), enc()],
    "X25519 of low order": lambda: [
        sig(), {"kty": "OKP", "crv": "X25519", "x": b64u(bytes(32)), "kid": "e", "use": "enc", "alg": "ECDH-ES+A256KW"},
    ],
    "X25519 of low order, spelt otherwise": lambda: [
        sig(),
        {"kty": "OKP", "crv": "X25519", "x": b64u((2**255 - 19).to_bytes(32, "little")), "kid": "e", "use": "enc",
         "alg": "ECDH-ES+A256KW"},
    ],
    "a private key": lambda: [private(), enc()],
    "a private encryption key": lambda: [sig(), key("enc-1", "enc", "ECDH-ES+A256KW").as_dict(private=True)],
    "a symmetric key": lambda: [{"kty": "oct", "k": "AAAA", "kid": "s", "use": "sig", "alg": "HS256"}, enc()],
    "one key for both uses": lambda: both(kid="enc-1", use="enc", alg="ECDH-ES+A256KW"),
    "one key under two names": lambda: [*both(kid="sig-2"), enc()],
    "two keys under one name": lambda: [sig(), sig(), enc()],
    "no kid": lambda: [{name: value for name, value in sig().items() if name != "kid"}, enc()],
    "no use": lambda: [{name: value for name, value in sig().items() if name != "use"}, enc()],
    "no alg": lambda: [{name: value for name, value in sig().items() if name != "alg"}, enc()],
    "alg none": lambda: [sig(alg="none"), enc()],
    "use and alg that disagree": lambda: [sig(use="enc"), enc()],
    "a member that means something elsewhere": lambda: [sig(x5u="https://evil.example"), enc()],
    "no encryption key": lambda: [sig()],
    "no signature key": lambda: [enc()],
    "six signature keys": lambda: [*(sig(kid=f"sig-{n}") for n in range(6)), enc()],
    "nothing": list,
}  # fmt: skip


class Registering(Partner):
    """A partner that hands in a set of its own making."""

    keys: list[Jwk]

    def jwks(self) -> Jwk:
        return {"keys": self.keys}


@pytest.mark.parametrize("attack", SETS)
async def test_a_weak_or_foreign_key_refuses_the_whole_set(house: House, attack: str) -> None:
    before = await house.entries()
    made = Registering(house.http, "sunnet-demo", "kyoritsusha", "a", now=lambda: house.clock().timestamp())
    made.keys = SETS[attack]()
    with pytest.raises(KeyRefused):
        await house.register(made, "sunnet")
    assert await house.entries() == before


async def test_a_key_cannot_be_registered_for_two_partners(house: House, sunnet: Partner) -> None:
    """Either could then say that the other had signed."""
    before = len(await house.entries())
    copied = Registering(house.http, "jccu-demo", "kyoritsusha", "a", now=lambda: house.clock().timestamp())
    copied.keys = [sunnet.sig.as_dict(private=False), enc()]
    with pytest.raises(KeyInUse):
        await house.register(copied, "jccu")
    renamed = {**sunnet.sig.as_dict(private=False), "kid": "mine"}
    copied.keys = [renamed, enc()]
    with pytest.raises(KeyInUse):
        await house.register(copied, "jccu")
    assert len(await house.entries()) == before


async def test_an_encryption_key_of_one_partner_is_no_key_of_another(house: House, sunnet: Partner) -> None:
    copied = Registering(house.http, "jccu-demo", "kyoritsusha", "a", now=lambda: house.clock().timestamp())
    copied.keys = [sunnet.enc.as_dict(private=False), sig(kid="sig-7")]
    with pytest.raises(KeyInUse):
        await house.register(copied, "jccu")


@pytest.mark.parametrize("bits", [2048, 3072])
async def test_a_registered_rsa_key_may_sign(house: House, bits: int) -> None:
    """The strong ones are accepted, so that the refusals above are for weakness alone."""
    strong = RSAKey.generate_key(bits, {"kid": "sig-1", "use": "sig", "alg": "PS256"})
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01", sig=strong)
    answer = await sunnet.pull("P4", ["name"], ["00000101"])
    assert answer.released["00000101"] == {"name": "髙﨑 花子"}
