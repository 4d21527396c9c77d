"""Whether an ID token says who sits at the browser: signed by the provider's key, for us, for this attempt, just now.

1. the shape        a compact JWS of JSON that no two readers could dispute; an algorithm of the list, no `crit`
2. the signature    by the one key of that `kid` that the provider publishes, of that algorithm's kind
3. the claims       `iss`, `aud`, `azp`, `exp`, `nbf`, `iat`, `nonce` (Authlib's, OpenID Connect Core §3.1.3.7)
4. how              `acr` of the configured list, or `amr` where that is configured; `auth_time` within `max_age`
5. who              the configured claim

Sources: OpenID Connect Core 1.0 §§2, 3.1.3.7; RFC 8725; security-profile §8. See docs/adr/0017-oidc.md.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeGuard

import msgspec

from gateway.jose import rfc4648
from gateway.jose.intake import strict_json
from gateway.ports import OrganisationSignIn

ALGORITHMS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""Accepted algorithm → the `kty` of its key."""
CURVES: Final = {"ES256": "P-256", "EdDSA": "Ed25519"}
SKEW_S: Final = 60
LONGEST: Final = 16 * 1024
LONGEST_SUBJECT: Final = 255
SHORTEST_RSA: Final = 2048

Fault = Literal["malformed", "algorithm", "key", "signature", "claims", "acr", "auth_time", "subject"]
Keys = Callable[[bool], Awaitable[Sequence[Mapping[str, Any]]]]
"""(fresh?) → the provider's keys."""


class TokenRefused(Exception):
    """The token does not let anybody in; `fault` is for our own records, nobody is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Final = fault


class _Signed(msgspec.Struct, frozen=True):
    header: dict[str, Any]
    claims: dict[str, Any]
    alg: str
    kid: str | None


async def subject_of(token: str, sign_in: OrganisationSignIn, keys: Keys, *, nonce: str, now: datetime) -> str:
    """Return who an ID token is about, as the configured claim says. Raises TokenRefused, Unavailable."""
    # 1
    signed = _read(token)
    # 2
    _verify(token, signed, await _key(signed, keys))
    # 3, 4
    at = int(now.timestamp())
    _check_claims(signed, sign_in, nonce=nonce, at=at)
    _check_how(signed.claims, sign_in, at=at)
    # 5
    subject = signed.claims.get(sign_in.claim)
    if not isinstance(subject, str) or not subject.strip() or len(subject) > LONGEST_SUBJECT:
        raise TokenRefused("subject")
    return subject


def _read(token: str) -> _Signed:
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3:
        raise TokenRefused("malformed")
    try:
        header, claims = (strict_json(rfc4648.decode(part)) for part in parts[:2])
    except ValueError:  # of either
        raise TokenRefused("malformed") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenRefused("malformed")
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str) or alg not in ALGORITHMS:
        raise TokenRefused("algorithm")
    if {"crit", "b64", "zip"} & set(header) or not isinstance(kid, str | None):
        raise TokenRefused("malformed")
    return _Signed(header, claims, alg, kid)


async def _key(signed: _Signed, keys: Keys) -> Mapping[str, Any]:
    """Return the one key that the token names; a provider that has begun a new one is asked once more."""
    for fresh in (False, True):
        found = [one for one in await keys(fresh) if _fits(one, signed)]
        if len(found) == 1:
            return found[0]
    raise TokenRefused("key")


def _fits(key: Mapping[str, Any], signed: _Signed) -> bool:
    return (
        key.get("kty") == ALGORITHMS[signed.alg]
        and key.get("use", "sig") == "sig"
        and key.get("alg", signed.alg) == signed.alg
        and key.get("crv") == CURVES.get(signed.alg)
        and (signed.kid is None or key.get("kid") == signed.kid)
    )


def _verify(token: str, signed: _Signed, key: Mapping[str, Any]) -> None:
    from jwt import PyJWK
    from jwt.api_jws import PyJWS

    try:
        native = PyJWK(dict(key), algorithm=signed.alg)
        short = getattr(native.key, "key_size", SHORTEST_RSA) < SHORTEST_RSA and signed.alg in {"RS256", "PS256"}
        if not short:
            PyJWS().decode(token, native, algorithms=[signed.alg])
            return
    except Exception:  # noqa: BLE001 (RFC 8725: a library that fails in whatever way has not verified)
        raise TokenRefused("signature") from None
    raise TokenRefused("key")


def _check_claims(signed: _Signed, sign_in: OrganisationSignIn, *, nonce: str, at: int) -> None:
    from authlib.oidc.core import CodeIDToken

    required = {"essential": True}
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        options={
            "iss": {**required, "value": sign_in.issuer},
            "aud": {**required, "value": sign_in.client_id},
            "exp": required,
            "iat": required,
            "nonce": {**required, "value": nonce},
        },
        params={"nonce": nonce, "client_id": sign_in.client_id, "max_age": sign_in.max_age_s},
    )
    try:
        claims.validate(now=at, leeway=SKEW_S)
    except Exception:  # noqa: BLE001 (as above: the library has errors of more than one family)
        raise TokenRefused("claims") from None
    # What the library takes as well: other types, and a token that is given out long before it is read.
    exact = isinstance(signed.claims["iss"], str) and signed.claims["iss"] == sign_in.issuer
    if not exact or not _whole(signed.claims["exp"]) or not _whole(signed.claims["iat"]):
        raise TokenRefused("claims")


def _check_how(claims: Mapping[str, Any], sign_in: OrganisationSignIn, *, at: int) -> None:
    acr, amr = claims.get("acr"), claims.get("amr")
    methods = amr if isinstance(amr, list) else []
    by_acr = isinstance(acr, str) and acr in sign_in.acr
    if not by_acr and not any(one in methods for one in sign_in.amr):
        raise TokenRefused("acr")
    since = claims.get("auth_time")
    if not _whole(since) or not at - sign_in.max_age_s - SKEW_S <= since <= at + SKEW_S:
        raise TokenRefused("auth_time")


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
