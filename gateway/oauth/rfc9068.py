"""Access tokens: JWTs that the gateway issues and reads itself (RFC 9068, RFC 9449 §6.1; security-profile §4)."""

from collections.abc import Mapping

import msgspec

from gateway.jose import rfc7515
from gateway.jose.intake import Malformed, is_text, is_time, parse_compact
from gateway.jose.rfc7517 import PublicKey
from gateway.oauth.rfc6749 import TOKEN_SECONDS, OAuthError
from gateway.oauth.rfc9396 import Detail, read_details, write_details

TOKEN_LIMIT = 4 * 1024
AHEAD = 30  # seconds that another replica's clock may run before this one's
_ALGS = frozenset({"ES256"})
_TYPS: frozenset[str | None] = frozenset({"at+jwt"})
_JKT_CHARACTERS = 43  # SHA-256 in base64url


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A verified access token: who it was issued to, the proof key it is bound to, until when, and what for.

    `exp` is in seconds since 1970; from that second on the token is refused.
    """

    client_id: str
    jkt: str
    exp: int
    detail: Detail


def issue(
    signer: rfc7515.Signer, *, issuer: str, resource: str, client_id: str, jkt: str, detail: Detail, now: int, jti: str
) -> str:
    """Issue an access token for 300 seconds, bound to one proof key.

    Raises OAuthError `invalid_authorization_details` where so many fields are asked that no resource would read it.
    """
    claims = {
        "iss": issuer,
        "sub": client_id,
        "client_id": client_id,
        "aud": resource,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": jti,
        "cnf": {"jkt": jkt},
        "authorization_details": write_details(detail),
    }
    token = rfc7515.sign("at+jwt", msgspec.json.encode(claims), signer)
    if len(token) > TOKEN_LIMIT:
        raise OAuthError("invalid_authorization_details", "details:too-many")
    return token


def verify(token: str, *, keys: Mapping[str, PublicKey], issuer: str, resource: str, now: int) -> AccessToken:
    """Verify an access token against the gateway's token keys by `kid`; raises OAuthError `invalid_token`."""
    try:
        compact = parse_compact(token, limit=TOKEN_LIMIT, algs=_ALGS, typs=_TYPS)
    except Malformed as malformed:
        raise _refused(malformed.reason) from None
    key = keys.get(compact.kid or "")
    if key is None:
        raise _refused("kid")
    if not rfc7515.verify(compact, key):
        raise _refused("signature")
    claims = compact.claims
    if claims.get("iss") != issuer:
        raise _refused("iss")
    if claims.get("aud") != resource:
        raise _refused("aud")
    iat, exp = claims.get("iat"), claims.get("exp")
    if not is_time(iat) or iat > now + AHEAD:
        raise _refused("iat")
    if not is_time(exp) or not now < exp <= iat + TOKEN_SECONDS:
        raise _refused("exp")
    client_id, cnf = claims.get("client_id"), claims.get("cnf")
    if not is_text(client_id, shortest=1, longest=256) or claims.get("sub") != client_id:
        raise _refused("client-id")
    jkt = cnf.get("jkt") if isinstance(cnf, dict) else None
    if not is_text(jkt, shortest=_JKT_CHARACTERS, longest=_JKT_CHARACTERS):
        raise _refused("cnf")
    try:
        detail = read_details(claims.get("authorization_details"))
    except OAuthError:
        raise _refused("details") from None
    return AccessToken(client_id=client_id, jkt=jkt, exp=exp, detail=detail)


def _refused(what: str) -> OAuthError:
    return OAuthError("invalid_token", "token:" + what)
