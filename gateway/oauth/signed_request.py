"""The partner-signed request, up to the claims that say what is asked (security-profile §6).

It is the evidence of the asking, so it is signed by the partner's registered key and not by the proof key. What it asks
for is read by `gateway.core.request` from the claims returned here.
"""

from collections.abc import Mapping

import msgspec

from gateway.core.request import MalformedClaim
from gateway.jose.intake import Malformed, is_text, is_time, parse_compact
from gateway.jose.rfc7515 import verify
from gateway.jose.rfc7517 import PublicKey
from gateway.oauth.rfc6749 import OAuthError

REQUEST_LIMIT = 64 * 1024
LEEWAY = 10  # seconds after `exp`
LONGEST_LIFE = 300
AHEAD = 30  # seconds that a partner's clock may run before ours
_ALGS = frozenset({"ES256", "PS256"})
DATA_REQUEST = "data-request+jwt"


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a partner's registered key signed: which key, and all the claims, as they came."""

    kid: str
    claims: dict[str, object]

    def __repr__(self) -> str:
        """The claims carry member codes, which do not print themselves."""
        return f"SignedRequest(kid={self.kid!r})"


def check_request(
    body: bytes,
    *,
    keys: Mapping[str, PublicKey],
    client_id: str,
    resource: str,
    now: int,
    typ: str = DATA_REQUEST,
) -> SignedRequest:
    """Verify a signed request.

    `keys` are the active signature keys of the authenticated client, by `kid`; `typ` is what is signed. In this order: intake, `typ`, `kid`,
    signature, `iss`, `aud`, times; each raises OAuthError `invalid_request_object`. Then `jti`, which is recorded, not
    replay-checked: MalformedClaim. Every other claim is the caller's to check.
    """
    try:  # latin-1 reads any bytes; what is not ASCII the intake refuses
        compact = parse_compact(body.decode("latin-1"), limit=REQUEST_LIMIT, algs=_ALGS, typs=frozenset({typ}))
    except Malformed as malformed:
        raise _refused(malformed.reason) from None
    key = keys.get(compact.kid or "")
    if key is None:
        raise _refused("kid")
    if not verify(compact, key):
        raise _refused("signature")
    claims = compact.claims
    if claims.get("iss") != client_id:
        raise _refused("iss")
    if claims.get("aud") != resource:
        raise _refused("aud")
    iat, exp = claims.get("iat"), claims.get("exp")
    if not is_time(iat) or iat > now + AHEAD:
        raise _refused("iat")
    if not is_time(exp) or not (now - LEEWAY < exp and iat < exp <= iat + LONGEST_LIFE):
        raise _refused("exp")
    if not is_text(claims.get("jti"), shortest=8, longest=128):
        raise MalformedClaim("/jti")
    return SignedRequest(kid=key.kid, claims=claims)


def _refused(what: str) -> OAuthError:
    return OAuthError("invalid_request_object", "request:" + what)
