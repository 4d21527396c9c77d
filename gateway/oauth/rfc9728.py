"""What the protected resource says about itself, and how it asks for a token (RFC 9728; security-profile §0, §6)."""

from urllib.parse import urlsplit

from gateway.oauth.rfc6749 import ErrorCode
from gateway.oauth.rfc8414 import JWKS_PATH
from gateway.oauth.rfc9396 import DETAIL_TYPE

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def protected_resource_metadata(issuer: str, resource: str) -> dict[str, object]:
    """Return the metadata document of the protected resource, from configuration alone."""
    return {
        "resource": resource,
        "authorization_servers": [issuer],
        "jwks_uri": issuer + JWKS_PATH,
        "bearer_methods_supported": ["header"],
        "resource_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "dpop_bound_access_tokens_required": True,
        "authorization_details_types_supported": [DETAIL_TYPE],
    }


def metadata_url(resource: str) -> str:
    """Return where that document is: the well-known path goes between the host and the resource's path (§3.1)."""
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path}"


def challenge(error: ErrorCode, resource: str) -> str:
    """Return the value of `WWW-Authenticate` on a 401 of the resource (§5.1, RFC 9449 §7.1)."""
    return f'DPoP error="{error}", algs="ES256", resource_metadata="{metadata_url(resource)}"'
