"""Signing with a prepared key; verifying with exactly one key and that key's own algorithm (RFC 7515).

ES256 is done on `cryptography` itself: PyJWT's object for it makes the digest anew for each signature and turns the two
numbers into hexadecimal text on their way, which costs a request 40 µs. PS256, which few partners use, is PyJWT's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import RSAPSSAlgorithm

from gateway.jose import rfc4648
from gateway.jose.intake import ES256_SIGNATURE, Compact
from gateway.jose.rfc7517 import PublicKey

_ES256 = ECDSA(SHA256())
_HALF = ES256_SIGNATURE // 2


class Signer(Protocol):
    """A private key of the gateway, wherever it is kept, that signs and is never seen.

    `sign` returns the signature in the form JWS wants; for ES256 64 bytes, r ‖ s (RFC 7518 §3.4). It blocks for the time
    of one signature, may be called from several threads at once, and raises when the key cannot be used: nothing leaves
    unsigned. Nobody retries.
    """

    @property
    def kid(self) -> str:
        """The name under which the public half is published."""
        ...

    @property
    def alg(self) -> str:
        """The JWS algorithm, `ES256`."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign bytes."""
        ...


def verify(compact: Compact, key: PublicKey) -> bool:
    """Whether this key, by its own algorithm, signed exactly this message; any failure on the way is a no."""
    if key.use != "sig" or key.alg != compact.alg:
        return False
    try:
        return _VERIFY[key.alg](compact.signing_input, key.native, compact.signature)
    except Exception:  # noqa: BLE001 (§2: a library that fails in whatever way has not verified)
        return False


def _verify_es256(data: bytes, key: EllipticCurvePublicKey, signature: bytes) -> bool:
    if len(signature) != ES256_SIGNATURE:
        return False
    r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
    key.verify(encode_dss_signature(r, s), data, _ES256)  # raises where it does not verify
    return True


_VERIFY: Mapping[str, Callable[[bytes, Any, bytes], bool]] = {
    "ES256": _verify_es256,
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256).verify,
}


def sign(typ: str, payload: bytes, signer: Signer) -> str:
    """Sign a payload as a compact JWS whose header is `alg` and `kid` of the signer, and `typ`."""
    signing_input = f"{_header(signer.alg, signer.kid, typ)}.{rfc4648.encode(payload)}"
    return f"{signing_input}.{rfc4648.encode(signer.sign(signing_input.encode()))}"


@lru_cache(maxsize=64)
def _header(alg: str, kid: str, typ: str) -> str:
    return rfc4648.encode(msgspec.json.encode({"alg": alg, "kid": kid, "typ": typ}))


@dataclass(frozen=True, slots=True, repr=False)
class _Es256Signer:
    kid: str
    key: EllipticCurvePrivateKey
    alg: str = "ES256"

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(data, _ES256))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def signer_from_private_key(private_key: EllipticCurvePrivateKey, kid: str) -> Signer:
    """Return a signer for a P-256 private key held in memory."""
    if private_key.curve.name != SECP256R1.name:
        raise ValueError("ES256 needs a P-256 key")
    return _Es256Signer(kid, private_key)
