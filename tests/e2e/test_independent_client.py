"""A partner that knows the security profile and nothing else gets what its agreement grants, and can prove it."""

import ast
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from tests.e2e import independent_client
from tests.e2e.conftest import Installation
from tests.e2e.exported_log import export
from tests.e2e.independent_client import TYPE, Answer, Client, Refused, digest, unb64u
from tests.e2e.serving import Site

FIELDS = ["member_code", "name", "phone"]
TAKASAKI, RESTRICTED, NULL_PHONE, NOBODY = "00000101", "00000301", "00000601", "99999999"


@pytest.fixture(params=["sunnet", "jccu"])
def partner(request: pytest.FixtureRequest, installation: Installation, at: Site, http: httpx2.AsyncClient) -> Client:
    return installation.client(http, at, request.param)


async def grants_of(client: Client, purpose: str, fields: list[str]) -> list[dict[str, Any]]:
    shown = await client.get("/grants", await client.token(purpose, fields, "G1"))
    grants: list[dict[str, Any]] = shown["grants"]
    return grants


def fields_of(grant: dict[str, Any]) -> list[str]:
    return [name for name, transform in grant["fields"].items() if transform != "drop"]


def test_the_client_stands_on_nothing_of_ours():
    nodes = list(ast.walk(ast.parse(Path(independent_client.__file__).read_text())))
    names = [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
    names += [node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)]
    theirs = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert theirs == {"httpx2", "joserfc", "jwcrypto"}


# ── what the gateway says of itself (§0) ──


async def test_the_metadata_name_everything_a_client_needs(at, http):
    server = await http.get(f"{at.issuer}/.well-known/oauth-authorization-server")
    resource = await http.get(f"{at.issuer}/.well-known/oauth-protected-resource/v1")
    keys = await http.get(f"{at.issuer}/oauth/jwks")
    assert server.json() == {
        "issuer": at.issuer,
        "token_endpoint": f"{at.issuer}/oauth/token",
        "jwks_uri": f"{at.issuer}/oauth/jwks",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_details_types_supported": [TYPE],
        "protected_resources": [f"{at.issuer}/v1"],
    }
    assert resource.json() == {
        "resource": f"{at.issuer}/v1",
        "authorization_servers": [at.issuer],
        "jwks_uri": f"{at.issuer}/oauth/jwks",
        "bearer_methods_supported": ["header"],
        "resource_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "dpop_bound_access_tokens_required": True,
        "authorization_details_types_supported": [TYPE],
    }
    assert keys.headers["Content-Type"] == "application/jwk-set+json"
    assert all("d" not in key and key["use"] == "sig" and key["alg"] == "ES256" for key in keys.json()["keys"])
    for response in server, resource, keys:
        assert "max-age" in response.headers["Cache-Control"]


# ── a token (§4) ──


async def test_a_token_is_given_for_the_assertion_that_met_the_challenge_and_for_no_assertion_twice(sunnet):
    detail, assertion = sunnet.detail("P3", FIELDS, "G1"), sunnet.assertion()
    challenge = await sunnet.ask_token(detail, assertion)
    assert (challenge.status_code, challenge.json()["error"]) == (400, "use_dpop_nonce")
    assert challenge.json().keys() == {"error", "error_description"}
    assert challenge.headers["DPoP-Nonce"] == sunnet.nonce

    given = await sunnet.ask_token(detail, assertion)
    assert given.status_code == 200
    token = given.json()
    assert token.pop("access_token").count(".") == 2
    assert token == {"token_type": "DPoP", "expires_in": 300, "authorization_details": [detail]}
    assert given.headers["Cache-Control"] == "no-store"
    assert given.headers["DPoP-Nonce"]

    again = await sunnet.ask_token(detail, assertion)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert "WWW-Authenticate" not in again.headers
    assert "DPoP-Nonce" not in again.headers


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "P13"},
        {"agreement": "kyoritsusha-jccu-01"},
        {"fields": ["member_code", "bank_account"]},
        {"product": "G5"},
        {"coop": "nobody"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_no_token_is_given_for_what_is_not_granted(sunnet, change):
    await sunnet.token("P3", FIELDS, "G1")  # leaves a nonce
    refused = await sunnet.ask_token(sunnet.detail("P3", FIELDS, "G1") | change, sunnet.assertion())
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_authorization_details")


# ── an answer (§6) ──


async def test_members_are_answered_in_the_order_asked_with_one_negative_for_all(sunnet):
    answer = await sunnet.pull("P3", FIELDS, "G1", members=[NOBODY, TAKASAKI, RESTRICTED, NULL_PHONE])
    first, second, third, fourth = answer.inner.claims["results"]
    assert first == {"member": NOBODY, "status": "not_available"}
    assert third == {"member": RESTRICTED, "status": "not_available"}
    assert second["data"] == {"member_code": TAKASAKI, "name": "髙﨑 花子", "phone": second["data"]["phone"]}
    assert fourth == {"member": NULL_PHONE, "status": "released", "data": fourth["data"]}
    assert fourth["data"]["phone"] is None
    assert list(second["data"]) == list(fourth["data"]) == FIELDS


async def test_an_answer_is_exactly_what_the_profile_says(partner, at):
    grant = next(one for one in await grants_of(partner, "P12", ["name"]) if not one["case_required"])
    product, fields = grant["products"][0], fields_of(grant)
    answer = await partner.pull(grant["purpose"], fields, product, members=[TAKASAKI, NOBODY])
    now = time.time()

    outer = dict(answer.outer)
    if partner.keys.enc["kty"] == "EC":
        assert outer.pop("epk").keys() == {"kty", "crv", "x", "y"}
        assert unb64u(outer.pop("apu")) == at.issuer.encode()
        assert unb64u(outer.pop("apv")) == partner.id.encode()
    assert outer == {"alg": partner.keys.enc["alg"], "enc": "A256GCM", "kid": "enc-1", "typ": "JWT", "cty": "JWT"}

    (key,) = (one for one in (await partner.published_keys())["keys"] if one["kid"] == answer.inner.header["kid"])
    assert answer.inner.header == {"alg": "ES256", "kid": key["kid"], "typ": "member-data+jwt"}
    claims = answer.inner.claims
    expected = {
        "iss": at.issuer,
        "aud": partner.id,
        "iat": claims["iat"],
        "exp": claims["iat"] + 600,
        "jti": answer.receipt.claims["jti"],
        "rqh": digest(answer.request.encode()),
        "coop": "kyoritsusha",
        "purpose": grant["purpose"],
        "agreement": grant["agreement"],
        "results": claims["results"],
        "terms": grant["terms"],
        "_pad": "0" * len(claims["_pad"]),
    }
    assert list(claims.items()) == list(expected.items())
    assert len(answer.inner.payload) % 1024 == 0

    receipt = answer.receipt.claims
    assert answer.receipt.header == {"alg": "ES256", "kid": key["kid"], "typ": "transfer-receipt+jwt"}
    assert set(receipt) == {"iss", "aud", "iat", "jti", "origin", "index", "leaf_hash", "rqh", "body"}
    assert len(unb64u(receipt["leaf_hash"])) == 32
    assert type(receipt["index"]) is int
    assert receipt["origin"].endswith("/kyoritsusha")
    assert now - 30 < receipt["iat"] <= now

    headers = answer.response.headers
    assert headers["DPoP-Nonce"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_every_grant_is_walked_to_its_end_and_every_record_fits_its_schema(partner):
    for grant in await grants_of(partner, "P12", ["name"]):
        token = await partner.token("P12", ["name"], "G1")
        schema = await partner.get(f"/grants/{grant['id']}/schema", token)
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        fields = fields_of(grant)
        assert set(schema["properties"]) == set(fields)
        case = {"case": "A-1"} if grant["case_required"] else {}
        pages = [page async for page in partner.walk(grant["purpose"], fields, grant["products"][0], limit=90, **case)]
        _assert_walked(pages, limit=90)
        released = [one for page in pages for one in page.inner.claims["results"]]
        assert released, grant["id"]
        for one in released:
            assert list(one["data"]) == fields
            validator.validate(one["data"])


def _assert_walked(pages: list[Answer], *, limit: int) -> None:
    seen = [one["member"] for page in pages for one in page.inner.claims["results"]]
    assert len(seen) == len(set(seen))
    indexes = [page.receipt.claims["index"] for page in pages]
    assert indexes == sorted(set(indexes))
    for page in pages:
        results, last = page.inner.claims["results"], page is pages[-1]
        assert len(results) <= limit
        assert {one["status"] for one in results} <= {"released"}
        assert ("since" in page.inner.claims, "removals" in page.inner.claims) == (last, last)


async def test_a_released_field_is_one_that_was_asked(partner):
    for grant in await grants_of(partner, "P12", ["name"]):
        case = {"case": "A-1"} if grant["case_required"] else {}
        for field in fields_of(grant):
            answer = await partner.pull(grant["purpose"], [field], grant["products"][0], members=[TAKASAKI], **case)
            assert all(list(data) == [field] for data in answer.released.values())


# ── the co-op whose notice is incomplete ──


async def test_nothing_leaves_under_an_incomplete_notice(installation, at, http):
    client = installation.client(http, at, "jccu", coop="coopdeli")
    with pytest.raises(Refused) as refused:
        await client.pull("P4", ["name"], None, members=[TAKASAKI])
    assert refused.value.response.status_code == 403
    assert refused.value.response.json()["type"] == "urn:joint-use:problem:not-permitted"
    log = export(at, "coopdeli", "coopdeli")
    (denial,) = log.of_kind("denial")
    assert "notice:2017-06-21:incomplete" in denial["reasons"]
    assert not log.of_kind("release")
