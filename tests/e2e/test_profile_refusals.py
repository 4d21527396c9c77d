"""What the profile refuses is refused as it says and tells no more; an honest client's proof stays good where it says so."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey

from tests.e2e.independent_client import Client

FIELDS = ["member_code", "name"]
ONE = {"members": ["00000101"]}


async def post(client: Client, request: str, *, path: str = "/transfers", **changed: str | None) -> httpx2.Response:
    """Send a request with good headers, or with some of them changed or left out."""
    token = await client.token("P3", FIELDS, "G1")
    url = client.resource + path
    headers: dict[str, str | None] = {
        "Authorization": f"DPoP {token}",
        "DPoP": client.proof("POST", url, token),
        "Content-Type": "application/jwt",
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    sent = {name: value for name, value in headers.items() if value is not None}
    return await client.http.post(url, content=request, headers=sent)


def assert_problem(response: httpx2.Response, status: int, slug: str, **more: object) -> None:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    told = (response.status_code, problem["status"], problem["type"])
    assert told == (status, status, f"urn:joint-use:problem:{slug}")
    assert problem.keys() == {"type", "title", "status", "request_id"} | more.keys()
    assert more.items() <= problem.items()
    assert response.headers["Cache-Control"] == "no-store"
    assert ("DPoP-Nonce" in response.headers) == ('"use_dpop_nonce"' in response.headers.get("WWW-Authenticate", ""))


def assert_unauthenticated(response: httpx2.Response, client: Client, error: str) -> None:
    assert_problem(response, 401, "unauthenticated")
    _assert_challenge(response, client, error)


def _assert_challenge(response: httpx2.Response, client: Client, error: str) -> None:
    metadata = client.issuer + "/.well-known/oauth-protected-resource/v1"
    told = f'DPoP error="{error}", algs="ES256", resource_metadata="{metadata}"'
    assert response.headers["WWW-Authenticate"] == told


# ── who asks ──


@pytest.mark.parametrize("authorization", [None, "DPoP", "DPoP a.b.c", "Bearer {token}"])
async def test_a_token_is_presented_as_dpop_or_not_at_all(sunnet, authorization):
    token = await sunnet.token("P3", FIELDS, "G1")
    shown = authorization and authorization.format(token=token)
    response = await post(sunnet, sunnet.request("P3", FIELDS, "G1", **ONE), Authorization=shown)
    assert_unauthenticated(response, sunnet, "invalid_token")


PROOFS: dict[str, Callable[[Client, str], str | None]] = {
    "none": lambda client, token: None,
    "of another method": lambda client, token: client.proof("GET", client.resource + "/transfers", token),
    "of another address": lambda client, token: client.proof("POST", client.resource + "/grants", token),
    "of another token": lambda client, token: client.proof("POST", client.resource + "/transfers", token + "x"),
    "of no token": lambda client, token: client.proof("POST", client.resource + "/transfers"),
    "no proof": lambda client, token: token,
}


@pytest.mark.parametrize("made", PROOFS.values(), ids=PROOFS)
async def test_a_proof_is_for_this_request_and_token(sunnet, made):
    token = await sunnet.token("P3", FIELDS, "G1")
    response = await post(sunnet, sunnet.request("P3", FIELDS, "G1", **ONE), DPoP=made(sunnet, token))
    assert_unauthenticated(response, sunnet, "invalid_dpop_proof")


async def test_a_proof_is_made_with_the_key_that_the_token_is_bound_to(sunnet):
    await sunnet.token("P3", FIELDS, "G1")
    sunnet.proof_key = ECKey.generate_key("P-256")
    response = await post(sunnet, sunnet.request("P3", FIELDS, "G1", **ONE))
    assert_unauthenticated(response, sunnet, "invalid_dpop_proof")


@pytest.mark.parametrize("nonce", [None, "bm90LW91cnM"])
async def test_a_proof_without_a_current_nonce_is_challenged(sunnet, nonce):
    await sunnet.token("P3", FIELDS, "G1")
    sunnet.nonce = nonce
    response = await post(sunnet, sunnet.request("P3", FIELDS, "G1", **ONE))
    assert_unauthenticated(response, sunnet, "use_dpop_nonce")
    assert (await sunnet.pull("P3", FIELDS, "G1", **ONE)).released


async def test_a_proof_is_accepted_once(sunnet):
    token = await sunnet.token("P3", FIELDS, "G1")
    request, proof = (
        sunnet.request("P3", FIELDS, "G1", **ONE),
        sunnet.proof("POST", sunnet.resource + "/transfers", token),
    )
    assert (await post(sunnet, request, DPoP=proof)).status_code == 200
    assert_problem(await post(sunnet, request, DPoP=proof), 409, "replayed")
    retried = await post(sunnet, request)
    assert retried.status_code == 200, "the same signed request with a fresh proof is a legitimate retry"


# ── where and how ──


async def test_without_a_token_nobody_learns_which_paths_there_are(sunnet):
    for path in "/nothing", "/transfers/":
        assert_unauthenticated(await post(sunnet, "", path=path, Authorization=None), sunnet, "invalid_token")
        assert_problem(await post(sunnet, "", path=path), 404, "not-found")


async def test_a_wrong_method_is_told_the_right_one(sunnet):
    response = await sunnet.http.get(sunnet.resource + "/transfers")
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "POST"


REFUSED: dict[str, tuple[int, str, dict[str, Any], dict[str, Any]]] = {
    "a query": (400, "malformed", {"path": "/transfers?x=1"}, {}),
    "another content type": (415, "unsupported-media-type", {"Content_Type": "text/plain"}, {}),
    "a content encoding": (415, "unsupported-media-type", {"Content_Encoding": "identity"}, {}),
    "a body too large": (413, "too-large", {"request": "x" * 70_000}, {}),
    "no signed request": (401, "invalid-request-object", {"request": "x"}, {}),
    "members and page": (400, "malformed", {"page": {"limit": 1}}, {"pointer": "/members"}),
    "too many members": (400, "malformed", {"members": [str(n) for n in range(1_001)]}, {"pointer": "/members"}),
    "a member twice": (400, "malformed", {"members": ["1", "2", "1"]}, {"pointer": "/members/2"}),
    "no member code": (400, "malformed", {"members": ["*"]}, {"pointer": "/members/0"}),
    "a field in no catalogue": (400, "malformed", {"fields": ["name", "__class__"]}, {"pointer": "/fields/1"}),
    "a claim too many": (400, "malformed", {"note": "x"}, {"pointer": ""}),
    "a forged cursor": (
        400,
        "malformed",
        {"members": ..., "page": {"limit": 1, "cursor": "x"}},
        {"pointer": "/page/cursor"},
    ),
    "an audience that is no resource": (401, "invalid-request-object", {"aud": "issuer"}, {}),
    "another issuer": (401, "invalid-request-object", {"iss": "jccu-demo"}, {}),
    "a request from the past": (401, "invalid-request-object", {"iat": 1, "exp": 200}, {}),
}


@pytest.mark.parametrize(("status", "slug", "changed", "more"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_that_is_no_decision_leaves_the_proof_good(sunnet, status, slug, changed, more):
    token = await sunnet.token("P3", FIELDS, "G1")
    proof = sunnet.proof("POST", sunnet.resource + "/transfers", token)
    http = {name: changed[name] for name in ("path", "Content_Type", "Content_Encoding") if name in changed}
    claims = {name: value for name, value in (ONE | changed).items() if name not in {*http, "request"} and value != ...}
    request = changed.get("request") or sunnet.request("P3", claims.pop("fields", FIELDS), "G1", **claims)

    refused = await post(sunnet, request, DPoP=proof, **http)
    assert_problem(refused, status, slug, **more)
    if slug == "invalid-request-object":
        _assert_challenge(refused, sunnet, "invalid_request_object")
    good = await post(sunnet, sunnet.request("P3", FIELDS, "G1", **ONE), DPoP=proof)
    assert good.status_code == 200, good.text


async def test_a_request_is_signed_with_the_registered_key(sunnet):
    request = sunnet.request("P3", FIELDS, "G1", **ONE)
    other = sunnet.proof("POST", sunnet.resource, request)
    response = await post(sunnet, request.rpartition(".")[0] + "." + other.rpartition(".")[2])
    assert_problem(response, 401, "invalid-request-object")


# ── what for ──


@pytest.mark.parametrize(
    "asked",
    [("P4", FIELDS, "G1"), ("P3", [*FIELDS, "phone"], "G1"), ("P3", FIELDS, "G2"), ("P3", FIELDS, None)],
    ids=["purpose", "field", "product", "no product"],
)
async def test_a_request_stays_within_its_token(sunnet, asked):
    assert_problem(await post(sunnet, sunnet.request(*asked, **ONE)), 403, "not-permitted")


async def test_a_case_number_is_given_where_it_is_demanded(sunnet):
    token = await sunnet.token("P12", ["name"], "G1")
    response = await sunnet.send(sunnet.request("P12", ["name"], "G1", **ONE), token)
    assert_problem(response, 403, "not-permitted")
    assert (await sunnet.pull("P12", ["name"], "G1", case="A-1", **ONE)).released


async def test_another_partners_grant_is_as_one_that_does_not_exist(sunnet, installation, at, http):
    jccu = installation.client(http, at, "jccu")
    others = await jccu.get("/grants", await jccu.token("P12", ["name"], "G1"))
    token = await sunnet.token("P3", FIELDS, "G1")
    told = []
    for grant in others["grants"][0]["id"], "nothing":
        url = f"{sunnet.resource}/grants/{grant}/schema"
        headers = {"Authorization": f"DPoP {token}", "DPoP": sunnet.proof("GET", url, token)}
        response = await sunnet.http.get(url, headers=headers)
        assert_problem(response, 404, "not-found")
        told.append({name: value for name, value in response.json().items() if name != "request_id"})
    assert told[0] == told[1]
