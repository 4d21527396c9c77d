"""The token request and its answers (RFC 6749 §4.4, §5; security-profile §4, checks 1–3 and 15–16)."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl

import msgspec

ErrorCode = Literal[
    "invalid_request",
    "unsupported_grant_type",
    "invalid_client",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "invalid_target",
    "invalid_scope",
    "invalid_authorization_details",
    "temporarily_unavailable",
    "invalid_token",
    "invalid_request_object",
]

# The whole of what a partner is told: a fixed text and a status per code (RFC 6749 §5.2, RFC 9449 §5, §8, RFC 8707 §2).
_TOLD: Mapping[ErrorCode, tuple[str, int]] = {
    "invalid_request": ("The request is not a well-formed token request.", 400),
    "unsupported_grant_type": ("Only client_credentials is supported.", 400),
    "invalid_client": ("Client authentication failed.", 401),
    "invalid_dpop_proof": ("The DPoP proof is missing or not valid.", 400),
    "use_dpop_nonce": ("The DPoP proof must carry a current nonce.", 400),
    "invalid_target": ("The resource is not one this server protects.", 400),
    "invalid_scope": ("No scope is defined here; use authorization_details.", 400),
    "invalid_authorization_details": ("The authorization_details are not granted.", 400),
    "temporarily_unavailable": ("The server cannot answer now; try again later.", 503),
    "invalid_token": ("The access token is missing or not valid.", 401),
    "invalid_request_object": ("The signed request is not valid.", 401),
}

MAX_PARAMETERS = 20
TOKEN_SECONDS = 300
_FORM = re.compile(
    r'application/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?', re.IGNORECASE | re.ASCII
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class OAuthError(Exception):
    """A refusal: `error`, `description` and `status` are for the partner; `reason` is a fixed code for us alone."""

    def __init__(self, error: ErrorCode, reason: str, *, status: int | None = None) -> None:
        super().__init__(error, reason)
        self.error: ErrorCode = error
        self.reason = reason
        self.description, usual = _TOLD[error]
        self.status = usual if status is None else status


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a token request that mean something here; one sent without a value counts as absent."""

    client_assertion_type: str | None = None
    client_assertion: str | None = None
    client_id: str | None = None
    resource: str | None = None
    scope: str | None = None
    authorization_details: str | None = None

    def __repr__(self) -> str:
        """An assertion is a credential and does not print itself."""
        return "TokenRequest(…)"


def parse_token_request(body: bytes, *, content_type: str | None, has_authorization: bool) -> TokenRequest:
    """Read a token request and make checks 1 to 3; raises OAuthError `invalid_request` or `unsupported_grant_type`."""
    # 1 the form
    if content_type is None or not _FORM.fullmatch(content_type):
        raise OAuthError("invalid_request", "form:content-type")
    parameters = _parameters(body)
    # 2 the grant
    grant_type = parameters.get("grant_type")
    if grant_type is None:
        raise OAuthError("invalid_request", "grant-type:missing")
    if grant_type != "client_credentials":
        raise OAuthError("unsupported_grant_type", "grant-type:unsupported")
    # 3 no second way to authenticate
    if "client_secret" in parameters:
        raise OAuthError("invalid_request", "client:secret")
    if has_authorization:
        raise OAuthError("invalid_request", "client:authorization")
    return TokenRequest(
        **{name: parameters[name] for name in TokenRequest.__struct_fields__ if name in parameters},
    )


def check_target(request: TokenRequest, *, resource: str) -> None:
    """Make checks 15 and 16: the token is for this resource (RFC 8707) and carries no scope; raises OAuthError."""
    if request.resource is not None and request.resource != resource:
        raise OAuthError("invalid_target", "target:resource")
    if request.scope is not None:
        raise OAuthError("invalid_scope", "target:scope")


def error_body(error: OAuthError) -> bytes:
    """Write the body of a refusal: exactly `error` and `error_description` (RFC 6749 §5.2)."""
    return msgspec.json.encode({"error": error.error, "error_description": error.description})


def token_body(access_token: str, granted: object) -> bytes:
    """Write the body of a success; `granted` is the `authorization_details` array as granted (RFC 9396 §7)."""
    return msgspec.json.encode(
        {
            "access_token": access_token,
            "token_type": "DPoP",
            "expires_in": TOKEN_SECONDS,
            "authorization_details": granted,
        }
    )


def _parameters(body: bytes) -> dict[str, str]:
    try:
        text = body.decode()
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except UnicodeDecodeError:
        raise OAuthError("invalid_request", "form:utf-8") from None
    except ValueError:
        raise OAuthError("invalid_request", "form:syntax") from None
    if _BROKEN_ESCAPE.search(text):
        raise OAuthError("invalid_request", "form:syntax")
    if len({name for name, _ in pairs}) != len(pairs):
        raise OAuthError("invalid_request", "form:repeated")
    return {name: value for name, value in pairs if value}
