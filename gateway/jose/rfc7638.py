"""The thumbprint by which a key is the same key, whatever it is called (RFC 7638)."""

import hashlib
import json
from collections.abc import Mapping

from gateway.jose import rfc4648

_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}


def thumbprint(jwk: Mapping[str, object]) -> str:
    """Return the base64url SHA-256 of a key's required members in their fixed order (RFC 7638 §3; §3.2, RFC 8037 §2).

    Two spellings of one key would differ here, so only keys in canonical form are accepted (rfc7517).
    """
    members = {name: jwk[name] for name in _REQUIRED[str(jwk["kty"])]}
    return rfc4648.encode(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())
