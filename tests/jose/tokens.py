"""Compact messages as a partner, or an attacker, would make them: nothing is checked here."""

import json
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway.jose import rfc4648
from gateway.jose.rfc7517 import PublicKey, accept_key, public_jwk

Json = Mapping[str, object]


@cache
def ec_key(name: str = "one") -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of that name, the same throughout a run."""
    return ec.derive_private_key(int.from_bytes(name.encode(), "big") + 2, ec.SECP256R1())


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the RSA key of that size, the same throughout a run."""
    return rsa.generate_private_key(65537, bits)


def ec_public(name: str = "one", *, kid: str = "k1") -> PublicKey:
    """Return the accepted signature key of that name."""
    return accept_key(public_jwk(ec_key(name), kid=kid, use="sig", alg="ES256"))


def rsa_public(*, kid: str = "k1") -> PublicKey:
    """Return the accepted PS256 key."""
    return accept_key(public_jwk(rsa_key(), kid=kid, use="sig", alg="PS256"))


def dpop_jwk(name: str = "proof") -> dict[str, str]:
    """Return the `jwk` member of a proof."""
    return {member: ec_public(name).jwk[member] for member in ("kty", "crv", "x", "y")}


def compact(
    header: Json | bytes, claims: Json | bytes, *, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None
) -> str:
    """Sign header and claims, or their exact bytes, whatever they say."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    signing_input = ".".join(map(rfc4648.encode, parts))
    return f"{signing_input}.{rfc4648.encode(signature(signing_input.encode(), key or ec_key()))}"


def signature(data: bytes, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return the ES256 or PS256 signature of the bytes."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, PSS(MGF1(hashes.SHA256()), 32), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def without(members: Json, *names: str) -> dict[str, object]:
    """Return a copy without the named members."""
    return {name: value for name, value in members.items() if name not in names}
