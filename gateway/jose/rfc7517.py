"""Which public keys are accepted, and how public keys are written (RFC 7517; security-profile §3).

Acceptance is by allowlist: a key has exactly the members of its kind, in canonical form, or the whole set is refused.
That is also what makes the thumbprint an identity: one key has one spelling here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd, prod
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gateway.jose import rfc4648
from gateway.jose.intake import KID
from gateway.jose.rfc7638 import thumbprint

Use = Literal["sig", "enc"]
Native = EllipticCurvePublicKey | RSAPublicKey | X25519PublicKey

MOST_PER_USE = 5
EXPONENT = 65537
LONGEST_RSA = 4096
SHORTEST_RSA: Mapping[str, int] = {"PS256": 2048, "RSA-OAEP-256": 3072}
X25519_PRIME = 2**255 - 19

# (kty, crv) → the members that are the key, and the one algorithm for each use
_KINDS: Mapping[tuple[object, object], tuple[frozenset[str], Mapping[object, str]]] = {
    ("EC", "P-256"): (frozenset({"crv", "x", "y"}), {"sig": "ES256", "enc": "ECDH-ES+A256KW"}),
    ("OKP", "X25519"): (frozenset({"crv", "x"}), {"enc": "ECDH-ES+A256KW"}),
    ("RSA", None): (frozenset({"n", "e"}), {"sig": "PS256", "enc": "RSA-OAEP-256"}),
}
_NAMED = frozenset({"kty", "kid", "use", "alg"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
_DPOP = frozenset({"kty", "crv", "x", "y"})
# A modulus with a small factor is nobody's secret, and a signature under it could be denied (NIST SP 800-89 §5.3.3).
_SMALL_PRIMES = prod(number for number in range(2, 752) if all(number % lower for lower in range(2, number)))
# Any scalar shows a low-order point: clamping makes it a multiple of the cofactor, and the agreement is then all zeros.
_LOW_ORDER_PROBE = X25519PrivateKey.from_private_bytes(bytes(31) + b"\x40")


class KeyRefused(ValueError):
    """A key, and with it the whole set, is not accepted.

    `reason` is a fixed code; `key` is the bad key's `kid`, or its place in the set from 0 where it has no usable one, or
    None where the set itself is at fault. Both are shown to the operator who uploads the set.
    """

    def __init__(self, reason: str, key: str | int | None = None) -> None:
        super().__init__(reason, key)
        self.reason = reason
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublicKey:
    """A public key that was accepted, ready for use: nothing is loaded or parsed again when it verifies or encrypts."""

    kid: str
    use: Use
    alg: str
    thumbprint: str
    """RFC 7638, base64url: equal for two partners' keys exactly when they are the same key."""
    jwk: Mapping[str, str]
    """The public members, as published."""
    native: Native


def accept_partner_set(jwks: object) -> tuple[PublicKey, ...]:
    """Accept a partner's whole key set, or refuse the whole set; raises KeyRefused.

    `jwks` is a decoded JWK Set, one to five keys of each use. The caller compares thumbprints across partners.
    """
    listed = jwks.get("keys") if isinstance(jwks, dict) and jwks.keys() == {"keys"} else None
    if not isinstance(listed, list):
        raise KeyRefused("set")
    if len(listed) > 2 * MOST_PER_USE:
        raise KeyRefused("count")
    accepted: list[PublicKey] = []
    for place, jwk in enumerate(listed):
        try:
            key = accept_key(jwk)
        except KeyRefused as refused:
            raise KeyRefused(refused.reason, place if refused.key is None else refused.key) from None
        if any(key.kid == other.kid for other in accepted):
            raise KeyRefused("kid-repeated", key.kid)
        if any(key.thumbprint == other.thumbprint for other in accepted):
            raise KeyRefused("key-repeated", key.kid)  # for one use or for both
        accepted.append(key)
    for use in ("sig", "enc"):
        if not 1 <= sum(key.use == use for key in accepted) <= MOST_PER_USE:
            raise KeyRefused("count-" + use)
    return tuple(accepted)


def accept_key(jwk: object) -> PublicKey:
    """Accept one registered public key with its `kid`, `use` and `alg`, or refuse it; raises KeyRefused."""
    if not isinstance(jwk, dict):
        raise KeyRefused("not-an-object")
    kid, use, alg, kty = (jwk.get(name) for name in ("kid", "use", "alg", "kty"))
    name = kid if isinstance(kid, str) and KID.fullmatch(kid) else None
    if kty == "oct" or "k" in jwk:
        raise KeyRefused("symmetric", name)
    if not jwk.keys().isdisjoint(_PRIVATE):
        raise KeyRefused("private", name)
    if name is None:
        raise KeyRefused("kid")
    if not all(isinstance(value, str) for value in jwk.values()):
        raise KeyRefused("members", name)
    kind = _KINDS.get((kty, jwk.get("crv")))
    if kind is None:
        raise KeyRefused("kind", name)
    members, algorithms = kind
    if use not in ("sig", "enc"):
        raise KeyRefused("use", name)
    if alg is None or alg != algorithms.get(use):
        raise KeyRefused("alg", name)
    if jwk.keys() != members | _NAMED:
        raise KeyRefused("members", name)
    try:
        native = _native(jwk)
    except KeyRefused as refused:
        raise KeyRefused(refused.reason, name) from None
    return PublicKey(kid=name, use=use, alg=alg, thumbprint=thumbprint(jwk), jwk=dict(jwk), native=native)


def accept_dpop_jwk(jwk: object) -> PublicKey:
    """Accept the key a proof carries: exactly `{kty, crv, x, y}`, P-256; its `kid` is its thumbprint (RFC 9449 §4.2)."""
    if not isinstance(jwk, dict) or jwk.keys() != _DPOP:
        raise KeyRefused("members")
    x, y = jwk["x"], jwk["y"]
    if jwk["kty"] != "EC" or jwk["crv"] != "P-256" or not isinstance(x, str) or not isinstance(y, str):
        raise KeyRefused("kind")
    return _dpop_key(x, y)


@lru_cache(maxsize=4096)
def _dpop_key(x: str, y: str) -> PublicKey:
    # A client proves each request with the same key: the point is checked once, while the key stays among the recent.
    jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    digest = thumbprint(jwk)
    return PublicKey(kid=digest, use="sig", alg="ES256", thumbprint=digest, jwk=jwk, native=_p256(jwk))


def public_jwk(
    key: Native | Ed25519PublicKey | EllipticCurvePrivateKey | RSAPrivateKey | X25519PrivateKey | Ed25519PrivateKey,
    *,
    kid: str,
    use: Use,
    alg: str,
) -> dict[str, str]:
    """Write the public half of a key as a JWK; private members are never written.

    Raises ValueError for an elliptic-curve key that is not on P-256.
    """
    public = key if isinstance(key, Native | Ed25519PublicKey) else key.public_key()
    members: dict[str, str]
    match public:
        case EllipticCurvePublicKey():
            if public.curve.name != SECP256R1.name:
                raise ValueError("the key is not on P-256")
            point = public.public_numbers()
            members = {"kty": "EC", "crv": "P-256"}
            members |= {axis: rfc4648.encode(getattr(point, axis).to_bytes(32, "big")) for axis in ("x", "y")}
        case RSAPublicKey():
            numbers = public.public_numbers()
            members = {"kty": "RSA", "n": _uint(numbers.n), "e": _uint(numbers.e)}
        case X25519PublicKey():
            members = {"kty": "OKP", "crv": "X25519", "x": rfc4648.encode(public.public_bytes_raw())}
        case Ed25519PublicKey():
            members = {"kty": "OKP", "crv": "Ed25519", "x": rfc4648.encode(public.public_bytes_raw())}
    return members | {"kid": kid, "use": use, "alg": alg}


def jwk_set(keys: Iterable[Mapping[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Write public JWKs as a JWK Set (RFC 7517 §5)."""
    return {"keys": [dict(jwk) for jwk in keys]}


def _native(jwk: Mapping[str, str]) -> Native:
    match jwk["kty"]:
        case "EC":
            return _p256(jwk)
        case "OKP":
            return _x25519(jwk)
        case _:
            return _rsa(jwk)


def _p256(jwk: Mapping[str, str]) -> EllipticCurvePublicKey:
    point = b"\x04" + _exactly_32(jwk["x"]) + _exactly_32(jwk["y"])
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        raise KeyRefused("point") from None


def _x25519(jwk: Mapping[str, str]) -> X25519PublicKey:
    raw = _exactly_32(jwk["x"])
    if int.from_bytes(raw, "little") >= X25519_PRIME:
        raise KeyRefused("encoding")  # a second spelling of another key would have a thumbprint of its own
    public = X25519PublicKey.from_public_bytes(raw)
    try:
        _LOW_ORDER_PROBE.exchange(public)
    except ValueError:
        raise KeyRefused("point") from None
    return public


def _rsa(jwk: Mapping[str, str]) -> RSAPublicKey:
    n, e = _decode_uint(jwk["n"]), _decode_uint(jwk["e"])
    if not SHORTEST_RSA[jwk["alg"]] <= n.bit_length() <= LONGEST_RSA or gcd(n, _SMALL_PRIMES) != 1:
        raise KeyRefused("modulus")
    if e != EXPONENT:
        raise KeyRefused("exponent")
    return RSAPublicNumbers(e, n).public_key()


def _exactly_32(text: str) -> bytes:
    raw = _decode(text)
    if len(raw) != 32:
        raise KeyRefused("encoding")
    return raw


def _decode_uint(text: str) -> int:
    raw = _decode(text)
    if not raw or raw[0] == 0:  # RFC 7518 §2: no leading zero octets
        raise KeyRefused("encoding")
    return int.from_bytes(raw, "big")


def _decode(text: str) -> bytes:
    try:
        return rfc4648.decode(text)
    except ValueError:
        raise KeyRefused("encoding") from None


def _uint(number: int) -> str:
    return rfc4648.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))
