"""What this client says: assertion, token form, DPoP proof and signed request, as values, without I/O.

Nothing here is sent twice: each function makes a new `jti`, so a retry always carries a fresh proof.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client.compact import b64u, point_jwk, sha256, sign, to_json
from gateway.client.config import Ask, Config
from gateway.client.errors import UsageError
from gateway.client.keys import Key

MEMBERS_PER_TRANSFER = 1_000
REQUEST_SECONDS = 300  # §6: exp at most iat + 300
DETAILS_TYPE = "urn:joint-use:member-data"

_ASSERTION_SECONDS = 120  # §4 allows 300; short enough to be worthless soon, long enough for a slow clock
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CODE = re.compile(r"[0-9A-Za-z-]{1,64}\Z")
_HEADERS = {
    "User-Agent": "joint-use-client",
    "Accept-Encoding": "identity",  # the receipt hashes the body as it was sealed
}


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it was signed and sent; it names members, so it does not print itself."""

    ask: Ask
    jws: str = field(repr=False)
    members: tuple[str, ...] | None = field(repr=False)
    limit: int | None
    issued: int
    expires: int

    @property
    def hash(self) -> bytes:
        """`rqh`: SHA-256 of the ASCII bytes of the JWS."""
        return sha256(self.jws.encode("ascii"))


def metadata_url(issuer: str) -> str:
    """Where an issuer's metadata stands. RFC 8414 §3.1: the well-known segment goes between host and path."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"


def authorization_details(config: Config, ask: Ask) -> dict[str, Any]:
    """The one entry a token is bound to (RFC 9396; profile §0)."""
    entry = {"type": DETAILS_TYPE, "coop": config.coop, "purpose": ask.purpose, "agreement": config.agreement}
    product = {"product": ask.product} if ask.product is not None else {}
    return {**entry, "fields": list(ask.fields), **product}


def assertion(config: Config, *, key: Key, now: int) -> str:
    """The client's signed word that it is the client (RFC 7523; RFC 10070: the audience is the issuer)."""
    claims = {
        "iss": config.client_id,
        "sub": config.client_id,
        "aud": config.issuer,
        "iat": now,
        "exp": now + _ASSERTION_SECONDS,
        "jti": secrets.token_urlsafe(24),
    }
    return sign(key.private, header={"kid": key.kid, "typ": "client-authentication+jwt"}, claims=claims)


def proof(
    key: ec.EllipticCurvePrivateKey,
    *,
    method: str,
    url: str,
    now: int,
    nonce: str | None,
    token: str | None = None,
) -> str:
    """A DPoP proof for one request (RFC 9449 §4.2), bound to the access token where there is one."""
    claims = {"jti": secrets.token_urlsafe(24), "htm": method, "htu": url, "iat": now}
    claims |= {"nonce": nonce} if nonce is not None else {}
    claims |= {"ath": b64u(sha256(token.encode("ascii")))} if token is not None else {}
    return sign(key, header={"typ": "dpop+jwt", "jwk": point_jwk(key.public_key())}, claims=claims)


def token_request(config: Config, ask: Ask, *, url: str, client_assertion: str, dpop: str) -> httpx2.Request:
    """POST to the token endpoint: client_credentials for exactly one authorization detail."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": client_assertion,
        "resource": config.resource,
        "authorization_details": to_json([authorization_details(config, ask)]).decode("utf-8"),
    }
    headers = {**_HEADERS, "DPoP": dpop, "Content-Type": "application/x-www-form-urlencoded"}
    return httpx2.Request("POST", url, headers=headers, content=urlencode(form).encode("ascii"))


def resource_request(
    method: str,
    url: str,
    *,
    token: str,
    dpop: str,
    jws: str | None = None,
) -> httpx2.Request:
    """A request under /v1: a GET, or a POST whose body is one signed request and nothing else."""
    headers = {**_HEADERS, "Authorization": f"DPoP {token}", "DPoP": dpop}
    if jws is None:
        return httpx2.Request(method, url, headers=headers)
    headers["Content-Type"] = "application/jwt"
    return httpx2.Request(method, url, headers=headers, content=jws.encode("ascii"))


def plain_request(url: str) -> httpx2.Request:
    return httpx2.Request("GET", url, headers=_HEADERS)


def check_members(members: Iterable[object]) -> tuple[str, ...]:
    """The codes as asked, at least one, each well-formed and asked once; a UsageError names the place, not the code.

    A number is refused: it has lost its leading zeros somewhere on the way.
    """
    if isinstance(members, str):
        raise UsageError("members must be a list of codes, not one text")
    codes: dict[str, int] = {}
    for index, code in enumerate(members):
        if not (isinstance(code, str) and _CODE.match(code)):
            raise UsageError(f"members[{index}] is no member code: 1 to 64 letters, digits or `-`, as text")
        if codes.setdefault(code, index) != index:
            raise UsageError(f"members[{index}] repeats an earlier code")
    if not codes:
        raise UsageError("members must name at least one code")
    return tuple(codes)


def batches(members: Iterable[str]) -> list[tuple[str, ...]]:
    """Any number of codes in portions of one transfer each; all are checked first, a repeated one is asked once."""
    codes = members if isinstance(members, str) else list(dict.fromkeys(members))
    checked = check_members(codes) if codes else ()
    return [checked[start : start + MEMBERS_PER_TRANSFER] for start in range(0, len(checked), MEMBERS_PER_TRANSFER)]


def signed_request(
    config: Config,
    ask: Ask,
    *,
    key: Key,
    now: int,
    members: tuple[str, ...] | None = None,
    page: dict[str, Any] | None = None,
    export: dict[str, str] | None = None,
) -> SignedRequest:
    """The partner's signed request (§6): by the registered key, for member codes, for one page or for an export."""
    claims: dict[str, Any] = {
        "iss": config.client_id,
        "aud": config.resource,
        "iat": now,
        "exp": now + REQUEST_SECONDS,
        "jti": secrets.token_urlsafe(24),
        "coop": config.coop,
        "purpose": ask.purpose,
        "agreement": config.agreement,
    }
    claims |= {"product": ask.product} if ask.product is not None else {}
    claims |= {"case": ask.case} if ask.case is not None else {}
    if export is not None:
        claims["export"] = export
    else:
        claims |= {"page": page} if page is not None else {"members": list(members or ())}
    claims["fields"] = list(ask.fields)
    jws = sign(key.private, header={"kid": key.kid, "typ": "data-request+jwt"}, claims=claims)
    limit = page["limit"] if page is not None else None
    return SignedRequest(ask, jws, members, limit, now, now + REQUEST_SECONDS)
