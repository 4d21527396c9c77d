"""Signing with a prepared key; verifying with exactly one key and that key's own algorithm (RFC 7515)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from jwt.algorithms import Algorithm, ECAlgorithm, RSAPSSAlgorithm

from gateway.jose import rfc4648
from gateway.jose.intake import Compact
from gateway.jose.rfc7517 import PublicKey

_ES256 = ECAlgorithm(ECAlgorithm.SHA256, SECP256R1)
_ALGORITHMS: Mapping[str, Algorithm] = {"ES256": _ES256, "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256)}


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
        return _ALGORITHMS[key.alg].verify(compact.signing_input, key.native, compact.signature)
    except Exception:  # noqa: BLE001 (§2: a library that fails in whatever way has not verified)
        return False


def sign(header: Mapping[str, object], payload: bytes, signer: Signer) -> str:
    """Sign a payload as a compact JWS whose header is `alg` and `kid` of the signer, then the members given."""
    full = {"alg": signer.alg, "kid": signer.kid, **header}
    if full["alg"] != signer.alg or full["kid"] != signer.kid:
        raise ValueError("the header names another key than the signer's")
    signing_input = f"{rfc4648.encode(msgspec.json.encode(full))}.{rfc4648.encode(payload)}"
    return f"{signing_input}.{rfc4648.encode(signer.sign(signing_input.encode()))}"


@dataclass(frozen=True, slots=True, repr=False)
class _Es256Signer:
    kid: str
    key: EllipticCurvePrivateKey
    alg: str = "ES256"

    def sign(self, data: bytes) -> bytes:
        return _ES256.sign(data, self.key)


def signer_from_private_key(private_key: EllipticCurvePrivateKey, kid: str) -> Signer:
    """Return a signer for a P-256 private key held in memory."""
    if private_key.curve.name != SECP256R1.name:
        raise ValueError("ES256 needs a P-256 key")
    return _Es256Signer(kid, private_key)
