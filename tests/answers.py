"""What a refusal looks like from outside: exactly the members of its document and the headers that go with it."""

import httpx2

from gateway.web.problems import TABLE, Slug
from tests.simulators.partner import ISSUER

METADATA = f"{ISSUER}/.well-known/oauth-protected-resource/v1"
FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
TELLING = ("www-authenticate", "dpop-nonce", "retry-after", "allow", "transfer-receipt", "location", "server")


def assert_problem(
    response: httpx2.Response,
    slug: Slug,
    *,
    error: str | None = None,
    pointer: str | None = None,
    retry_after: int | None = None,
    allow: str | None = None,
) -> None:
    """Assert that a response is this refusal, whole, and says nothing else; `error` is the challenge's."""
    status, title = TABLE[slug]
    told = {"type": f"urn:joint-use:problem:{slug}", "title": title, "status": status}
    told["request_id"] = response.headers["x-request-id"]
    if pointer is not None:
        told["pointer"] = pointer
    if retry_after is not None:
        told["retry_after"] = retry_after
    assert response.json() == told
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert_headers(response, error=error, retry_after=retry_after, allow=allow)


def assert_oauth_error(
    response: httpx2.Response, error: str, status: int = 400, *, retry_after: int | None = None
) -> None:
    """Assert that the token endpoint refused with this code; 401 carries no challenge there."""
    assert set(response.json()) == {"error", "error_description"}
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["content-type"] == "application/json"
    assert_headers(response, nonce=error == "use_dpop_nonce", retry_after=retry_after)


def assert_headers(
    response: httpx2.Response,
    *,
    error: str | None = None,
    nonce: bool | None = None,
    retry_after: int | None = None,
    allow: str | None = None,
) -> None:
    """Assert the headers that tell something, each exactly where it belongs."""
    expected = dict.fromkeys(TELLING)
    headers = {name: response.headers.get(name) for name in TELLING}
    told: dict[str, str | None] = {**expected, "allow": allow}
    if error is not None:
        told["www-authenticate"] = f'DPoP error="{error}", algs="ES256", resource_metadata="{METADATA}"'
    if retry_after is not None:
        told["retry-after"] = str(retry_after)
    if nonce or error == "use_dpop_nonce":
        assert headers["dpop-nonce"]
        told["dpop-nonce"] = headers["dpop-nonce"]
    assert headers == told
    for name, value in FIXED.items():
        assert response.headers[name] == value
