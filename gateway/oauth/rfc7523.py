"""private_key_jwt: a client proves itself by a signed assertion (RFC 7523 §2.2, §3, RFC 10070; security-profile §4).

In two steps, because the keys are the caller's: what the assertion claims to be (4–6), then whether it is (7–11).
Whatever fails, the partner hears the same `invalid_client`.
"""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from gateway.jose.intake import Compact, Malformed, is_text, is_time, parse_compact
from gateway.jose.rfc7515 import verify
from gateway.jose.rfc7517 import PublicKey
from gateway.oauth.rfc6749 import OAuthError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIMIT = 8 * 1024
LEEWAY = 10  # seconds after `exp`
LONGEST_LIFE = 300
AHEAD = 30  # seconds that a partner's clock may run before ours
_ALGS = frozenset({"ES256", "PS256"})
_TYPS = frozenset({None, "JWT", "client-authentication+jwt"})


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """An assertion that is well formed, and who it claims to come from; nothing of it is verified."""

    client_id: str
    kid: str
    compact: Compact


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """A verified client, and what the caller must remember so that the assertion is used once.

    `exp` is in seconds since 1970; the assertion is accepted until 10 seconds after it.
    """

    client_id: str
    jti: str
    exp: int


def peek_assertion(assertion_type: str | None, assertion: str | None) -> Presented:
    """Read who an assertion claims to come from, so that the caller can look the key up (checks 4–6)."""
    # 4 the parameters
    if assertion_type != ASSERTION_TYPE:
        raise _refused("type")
    if assertion is None:
        raise _refused("missing")
    # 5, 6 strict intake, `typ`
    try:
        compact = parse_compact(assertion, limit=ASSERTION_LIMIT, algs=_ALGS, typs=_TYPS)
    except Malformed as malformed:
        raise _refused(malformed.reason) from None
    client_id = compact.claims.get("sub")
    if not is_text(client_id, shortest=1, longest=256):
        raise _refused("sub")
    if compact.kid is None:
        raise _refused("kid")
    return Presented(client_id=client_id, kid=compact.kid, compact=compact)


def check_assertion(
    presented: Presented, *, key: PublicKey | None, issuer: str, now: int, client_id_param: str | None
) -> Assertion:
    """Verify an assertion (checks 7–11); raises OAuthError `invalid_client`.

    `key` is the one active signature key with that `kid` in that client's own set, or None where client or key is
    unknown: then a dummy is verified against, so that the time tells nobody which clients exist. Whether the client is
    active, and that `jti` is new, is the caller's to check.
    """
    compact, claims = presented.compact, presented.compact.claims
    # 7, 8 exactly one key, its own algorithm
    ours = key if key is not None and key.alg == compact.alg else None
    if not verify(compact, ours or _DUMMIES[compact.alg]) or ours is None:
        raise _refused("unknown-key" if ours is None else "signature")
    if claims.get("iss") != presented.client_id:
        raise _refused("iss")
    if client_id_param is not None and client_id_param != presented.client_id:
        raise _refused("client-id")
    # 9 the audience is this issuer: a string, so that no second server is addressed too
    if claims.get("aud") != issuer:
        raise _refused("aud")
    # 10, 11 times, identity
    exp = claims.get("exp")
    if not is_time(exp) or not now - LEEWAY < exp <= now + LONGEST_LIFE:
        raise _refused("exp")
    for name in ("iat", "nbf"):
        if name in claims and not (is_time(at := claims[name]) and at <= now + AHEAD):
            raise _refused(name)
    jti = claims.get("jti")
    if not is_text(jti, shortest=8, longest=128):
        raise _refused("jti")
    return Assertion(client_id=presented.client_id, jti=jti, exp=exp)


def _refused(what: str) -> OAuthError:
    return OAuthError("invalid_client", "assertion:" + what)


def _dummy(alg: str, native: EllipticCurvePublicKey | None = None) -> PublicKey:
    # Nobody's keys: a verification that succeeds under one is refused all the same.
    public = native or RSAPublicNumbers(65537, 2**2048 - 1).public_key()
    return PublicKey(kid="dummy", use="sig", alg=alg, thumbprint="", jwk={}, native=public)


_DUMMIES = {"ES256": _dummy("ES256", derive_private_key(1, SECP256R1()).public_key()), "PS256": _dummy("PS256")}
