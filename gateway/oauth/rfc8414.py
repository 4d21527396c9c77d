"""What the authorization server says about itself (RFC 8414; security-profile §0)."""

from gateway.oauth.rfc9396 import DETAIL_TYPE

WELL_KNOWN = "/.well-known/oauth-authorization-server"
TOKEN_PATH = "/oauth/token"  # noqa: S105 (a path, not a secret)
JWKS_PATH = "/oauth/jwks"


def authorization_server_metadata(issuer: str, resource: str) -> dict[str, object]:
    """Return the metadata document of the authorization server, from configuration alone."""
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_details_types_supported": [DETAIL_TYPE],
        "protected_resources": [resource],
    }
