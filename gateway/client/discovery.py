"""The gateway's own publications (metadata, keys, grants) and its refusals, read strictly."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from gateway.client.claims import GatewayKeys
from gateway.client.compact import json_object, point
from gateway.client.config import Ask, Config, safe_url
from gateway.client.errors import AnswerRejected, NotPermitted, Refused
from gateway.client.protocol import DETAILS_TYPE
from gateway.client.results import Grant

_PROBLEM = re.compile(r"urn:joint-use:problem:([a-z][a-z-]{0,63})\Z")
_CODE = re.compile(r"[a-z][a-z_]{0,63}\Z")
_POINTER = re.compile(r"(?:/[a-z0-9_]{1,64}){1,8}\Z")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")
_CHALLENGE = re.compile(r'\berror="([a-z_]{1,64})"')


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the gateway's token endpoint and keys are."""

    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True, slots=True)
class Token:
    """An access token as granted: for which ask, until when (seconds of Unix time)."""

    ask: Ask
    expires: float
    value: str

    def __repr__(self) -> str:
        return f"<Token for purpose {self.ask.purpose}>"


def metadata(response: httpx2.Response, *, config: Config) -> Metadata:
    """RFC 8414 §3.3: the issuer published must equal the one configured; its endpoints must be its own.

    Raises Refused where the gateway refuses, AnswerRejected.
    """
    document = _document(response, check="metadata")
    if document.get("issuer") != config.issuer:
        raise AnswerRejected("metadata-issuer", "the metadata names another issuer than client.json")
    resources = document.get("protected_resources")
    if not isinstance(resources, list) or config.resource not in resources:
        raise AnswerRejected("metadata-resource", "the metadata does not name the resource of client.json")
    urls = [document.get("token_endpoint"), document.get("jwks_uri")]
    token_endpoint, jwks_uri = (url if isinstance(url, str) else "" for url in urls)
    if any(not safe_url(url) or origin(url) != origin(config.issuer) for url in (token_endpoint, jwks_uri)):
        raise AnswerRejected("metadata", "an endpoint is missing or lies outside the issuer")
    return Metadata(token_endpoint, jwks_uri)


def gateway_keys(response: httpx2.Response) -> GatewayKeys:
    """The published ES256 keys by `kid`; keys of other kinds are left aside, a repeated `kid` spoils the set.

    Raises Refused, AnswerRejected.
    """
    entries = _document(response, check="jwks").get("keys")
    if not isinstance(entries, list):
        raise AnswerRejected("jwks", "the key set has no list of keys")
    keys = {}
    for entry in entries:
        match entry:
            case {"kid": str(kid), "kty": "EC", "crv": "P-256"} if entry.get("use", "sig") == "sig":
                if kid in keys or "d" in entry or entry.get("alg", "ES256") != "ES256":
                    raise AnswerRejected("jwks", "a published key is repeated, private or for another algorithm")
                try:
                    keys[kid] = point(entry)
                except ValueError:
                    raise AnswerRejected("jwks", "a published key is malformed") from None
    return keys


def token(response: httpx2.Response, *, config: Config, ask: Ask, now: float) -> Token:
    """RFC 6749 §5.1, RFC 9396 §7: a DPoP token for exactly what was asked. Raises Refused, AnswerRejected."""
    document = _document(response, check="token")
    match document:
        case {"access_token": str(value), "token_type": str(kind), "expires_in": int(seconds)} if seconds > 0:
            if kind.lower() != "dpop" or not _TOKEN.match(value):
                raise AnswerRejected("token", "the token is not a DPoP token")
        case _:
            raise AnswerRejected("token", "the token answer is incomplete")
    match document.get("authorization_details"):
        case [
            {"type": str(kind), "coop": coop, "purpose": purpose, "agreement": agreement, "fields": list(fields)} as d
        ]:
            named = (kind, coop, purpose, agreement, d.get("product"))
            asked = (DETAILS_TYPE, config.coop, ask.purpose, config.agreement, ask.product)
            if named == asked and sorted(map(str, fields)) == sorted(ask.fields):
                return Token(ask, now + seconds, value)
    raise AnswerRejected("token", "the token is for something else than was asked")


def grants(response: httpx2.Response) -> tuple[Grant, ...]:
    """The client's own grants, as the gateway lists them. Raises Refused, AnswerRejected."""
    try:
        return msgspec.convert(_document(response, check="grants").get("grants"), tuple[Grant, ...])
    except msgspec.ValidationError:
        raise AnswerRejected("grants", "the list of grants is missing or malformed") from None


def schema(response: httpx2.Response) -> dict[str, Any]:
    return _document(response, check="schema")


def refusal(response: httpx2.Response) -> Refused:
    """The refusal as a typed error, from a problem document (RFC 9457) or an OAuth error (RFC 6749 §5.2).

    Only members of known shape are taken over; texts of the answer never are.
    """
    try:
        document = json_object(response.content)
    except ValueError:
        document = {}
    problem = _matched(_PROBLEM, document.get("type"))
    slug = problem or _matched(_CODE, document.get("error")) or "unexpected-answer"
    kind = NotPermitted if slug in {"not-permitted", "invalid_authorization_details"} else Refused
    return kind(
        slug=slug,
        status=response.status_code,
        request_id=_matched(_REQUEST_ID, document.get("request_id") or response.headers.get("x-request-id")),
        retry_after=retry_after(response),
        pointer=_matched(_POINTER, document.get("pointer")),
        error=challenge(response),
    )


def retry_after(response: httpx2.Response) -> int | None:
    """`Retry-After` in seconds; the profile uses no dates."""
    text = response.headers.get("retry-after", "")
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def challenge(response: httpx2.Response) -> str | None:
    """The error code of `WWW-Authenticate: DPoP …`, or of the token endpoint's answer to a missing nonce."""
    header = response.headers.get("www-authenticate", "")
    if response.status_code == 401 and header.lower().startswith("dpop "):
        found = _CHALLENGE.search(header)
        return found[1] if found else None
    if response.status_code == 400 and response.headers.get("dpop-nonce"):
        try:
            return _matched(_CODE, json_object(response.content).get("error"))
        except ValueError:
            return None
    return None


def origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _document(response: httpx2.Response, *, check: str) -> dict[str, Any]:
    if response.status_code != 200:
        raise refusal(response)
    try:
        return json_object(response.content)
    except ValueError:
        raise AnswerRejected(check, "the answer is not one JSON object") from None


def _matched(pattern: re.Pattern[str], value: Any) -> str | None:
    found = pattern.match(value) if isinstance(value, str) else None
    return found[found.re.groups] if found else None
