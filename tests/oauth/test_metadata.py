"""The two metadata documents, member by member, and the challenge (security-profile §0, §6)."""

from gateway.oauth.rfc8414 import authorization_server_metadata
from gateway.oauth.rfc9728 import challenge, metadata_url, protected_resource_metadata

ISSUER, RESOURCE = "https://gw.example.coop", "https://gw.example.coop/v1"


def test_the_authorization_server() -> None:
    assert authorization_server_metadata(ISSUER, RESOURCE) == {
        "issuer": "https://gw.example.coop",
        "token_endpoint": "https://gw.example.coop/oauth/token",
        "jwks_uri": "https://gw.example.coop/oauth/jwks",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_details_types_supported": ["urn:joint-use:member-data"],
        "protected_resources": ["https://gw.example.coop/v1"],
    }


def test_the_protected_resource() -> None:
    assert protected_resource_metadata(ISSUER, RESOURCE) == {
        "resource": "https://gw.example.coop/v1",
        "authorization_servers": ["https://gw.example.coop"],
        "jwks_uri": "https://gw.example.coop/oauth/jwks",
        "bearer_methods_supported": ["header"],
        "resource_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "dpop_bound_access_tokens_required": True,
        "authorization_details_types_supported": ["urn:joint-use:member-data"],
    }


def test_the_demos_issuer() -> None:
    demo = "http://127.0.0.1:8400"
    assert authorization_server_metadata(demo, demo + "/v1")["token_endpoint"] == "http://127.0.0.1:8400/oauth/token"
    assert metadata_url(demo + "/v1") == "http://127.0.0.1:8400/.well-known/oauth-protected-resource/v1"


def test_the_challenge_names_the_error_and_the_document() -> None:
    assert challenge("use_dpop_nonce", RESOURCE) == (
        'DPoP error="use_dpop_nonce", algs="ES256", '
        'resource_metadata="https://gw.example.coop/.well-known/oauth-protected-resource/v1"'
    )
