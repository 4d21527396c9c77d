"""DPoP: each request proves possession of the key its token is bound to (RFC 9449; security-profile §5)."""

import hashlib
import hmac
import re

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.jose import rfc4648
from gateway.jose.intake import Malformed, is_text, is_time, parse_compact
from gateway.jose.rfc7515 import verify
from gateway.jose.rfc7517 import KeyRefused, accept_dpop_jwk
from gateway.oauth.rfc6749 import ErrorCode, OAuthError

PROOF_LIMIT = 4 * 1024
OLDEST = 60  # seconds a proof may be old
AHEAD = 30  # seconds that a partner's clock may run before ours
REPLAY_SECONDS = 180  # how long the caller remembers a proof: window, skew and the deadline of a transfer
NONCE_SECONDS = 60
NONCE_BUCKETS = 5  # the current one and four before it
_DAY = 86_400
_ALGS = frozenset({"ES256"})
_TYPS: frozenset[str | None] = frozenset({"dpop+jwt"})
_AUTHORIZATION = re.compile(r"DPoP +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(/[^?#]*)?")
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A verified proof: the thumbprint of its key, and what the caller must remember so that it is used once."""

    jkt: str
    jti: str


class Nonces:
    """Server nonces that every replica can check and none has to store (RFC 9449 §8).

    A nonce is an HMAC over the minute it was given out in. Its key is derived from one master of at least 32 bytes and
    the UTC day of that minute, so nothing is distributed and a nonce given out before midnight is good after it.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) < 32:
            raise ValueError("the nonce master is shorter than 32 bytes")
        self._master = master
        self._accepted: tuple[int, tuple[str, ...]] = (-1, ())

    def issue(self, now: int) -> str:
        """Return the nonce to give out at `now` (seconds since 1970)."""
        return self._window(now)[0]

    def valid(self, value: str, now: int) -> bool:
        """Whether a nonce was given out in the current minute or the four before it."""
        found = False
        for nonce in self._window(now):
            found |= hmac.compare_digest(value.encode(), nonce.encode())
        return found

    def _window(self, now: int) -> tuple[str, ...]:
        bucket, accepted = self._accepted
        if bucket != now // NONCE_SECONDS:
            bucket = now // NONCE_SECONDS
            accepted = tuple(self._nonce(bucket - age) for age in range(NONCE_BUCKETS))
            self._accepted = (bucket, accepted)
        return accepted

    def _nonce(self, bucket: int) -> str:
        day = bucket * NONCE_SECONDS // _DAY
        key = HKDF(SHA256(), 32, salt=None, info=b"dpop-nonce" + day.to_bytes(8, "big")).derive(self._master)
        return rfc4648.encode(hmac.digest(key, bucket.to_bytes(8, "big"), "sha256")[:16])


def check_proof(
    proof: str | None, *, htm: str, htu: str, now: int, nonces: Nonces, access_token: str | None, jkt: str | None
) -> Proof:
    """Verify a DPoP proof in the profile's order; raises OAuthError `invalid_dpop_proof` or `use_dpop_nonce`.

    `htm` and `htu` are the method and the configured URL of the route. At the resource `access_token` is the token as
    sent and `jkt` its `cnf.jkt`; at the token endpoint both are None. Status 401 at the resource, else 400. That
    (jkt, jti) is new is the caller's to check, last.
    """
    status = 400 if access_token is None else 401

    def refused(what: str, error: ErrorCode = "invalid_dpop_proof") -> OAuthError:
        return OAuthError(error, "proof:" + what, status=status)

    if proof is None:
        raise refused("missing")
    try:
        compact = parse_compact(proof, limit=PROOF_LIMIT, algs=_ALGS, typs=_TYPS, jwk=True)
        key = accept_dpop_jwk(compact.header["jwk"])
    except Malformed as malformed:
        raise refused(malformed.reason) from None
    except KeyRefused as bad:
        raise refused("jwk-" + bad.reason) from None
    if not verify(compact, key):
        raise refused("signature")
    claims = compact.claims
    if claims.get("htm") != htm:
        raise refused("htm")
    if not _same_url(claims.get("htu"), htu):
        raise refused("htu")
    iat = claims.get("iat")
    if not is_time(iat) or not now - OLDEST <= iat <= now + AHEAD:
        raise refused("iat")
    jti = claims.get("jti")
    if not is_text(jti, shortest=1, longest=256):
        raise refused("jti")
    if access_token is not None:
        if not _same(claims.get("ath"), rfc4648.encode(hashlib.sha256(access_token.encode()).digest())):
            raise refused("ath")
        if not _same(jkt, key.thumbprint):
            raise refused("jkt")
    # Last, so that a bad proof is never given a challenge.
    nonce = claims.get("nonce")
    if "nonce" in claims and not isinstance(nonce, str):
        raise refused("nonce-type")
    if not isinstance(nonce, str):
        raise refused("nonce-missing", "use_dpop_nonce")
    if not nonces.valid(nonce, now):
        raise refused("nonce-stale", "use_dpop_nonce")
    return Proof(jkt=key.thumbprint, jti=jti)


def access_token_of(authorization: str | None) -> str:
    """Return the token of an `Authorization: DPoP …` header; raises OAuthError `invalid_token` (RFC 9449 §7.1)."""
    # The usual form costs next to nothing; the expression decides about every other.
    if authorization is not None and authorization.startswith("DPoP ") and authorization.isascii():
        token = authorization[5:]
        if token.replace(".", "").replace("-", "").replace("_", "").isalnum():
            return token
    found = None if authorization is None else _AUTHORIZATION.fullmatch(authorization)
    if found is None:
        raise OAuthError("invalid_token", "token:missing" if authorization is None else "token:authorization")
    return found[1]


def replay_key(namespace: str, owner: str, jti: str) -> bytes:
    """Return the 32 bytes under which a use is remembered (security-profile §7): never the text of a token.

    Each part is preceded by its length, so that no two different uses share a key.
    """
    parts = (part.encode() for part in (namespace, owner, jti))
    return hashlib.sha256(b"".join(len(part).to_bytes(2, "big") + part for part in parts)).digest()


def _same(value: object, expected: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), expected.encode())


def _same_url(value: object, expected: str) -> bool:
    if value == expected:
        return "?" not in expected and "#" not in expected  # of a path in which the client wrote `%3F` or `%23`
    return isinstance(value, str) and (url := _normal(value)) is not None and url == _normal(expected)


def _normal(url: str) -> str | None:
    """Lower the scheme and host and drop the default port (RFC 3986 §6.2.3); None for what is no such URL."""
    parts = _URL.fullmatch(url) if url.isascii() else None
    if parts is None:
        return None
    scheme, authority, path = parts[1].lower(), parts[2].lower(), parts[3] or ""
    return f"{scheme}://{authority.removesuffix(_DEFAULT_PORT.get(scheme, ''))}{path}"
