"""Attack: words meant for another server are used here, or words meant for this one are made good for a second.

RFC 10070: `aud` of an assertion is the issuer, a string. The same holds for requests, and for `htu` of a proof.
"""

import base64
import json
from typing import Any

import pytest

from tests.answers import assert_oauth_error, assert_problem
from tests.house import House
from tests.simulators.partner import ISSUER, RESOURCE, Partner

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]
OTHER = "https://gw.other.example"

ASSERTION_AUDIENCES: dict[str, Any] = {
    "a list of the issuer": [ISSUER],
    "a list with a second server": [ISSUER, OTHER],
    "the token endpoint": ISSUER + "/oauth/token",
    "the resource": RESOURCE,
    "another server": OTHER,
    "a final slash": ISSUER + "/",
    "capitals": ISSUER.upper(),
    "the default port": ISSUER + ":443",
    "a user part": "https://gw.example.coop@evil.example",
    "a blank": " " + ISSUER,
    "null": None,
    "absent": ...,
    "an object": {"iss": ISSUER},
}


@pytest.mark.parametrize("aud", ASSERTION_AUDIENCES)
async def test_an_assertion_for_anybody_else_is_refused(sunnet: Partner, aud: str) -> None:
    await sunnet.token("P4", FIELDS)
    assertion = sunnet.assertion(aud=ASSERTION_AUDIENCES[aud])
    assert_oauth_error(
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), client_assertion=assertion), "invalid_client", 401
    )


@pytest.mark.parametrize("aud", [[RESOURCE], [RESOURCE, OTHER], ISSUER, OTHER + "/v1", RESOURCE + "/", None, ...])
async def test_a_request_for_anybody_else_is_refused_and_logged(house: House, sunnet: Partner, aud: Any) -> None:
    response = await sunnet.ask("P4", FIELDS, MEMBER, aud=aud)
    assert_problem(response, "invalid-request-object", error="invalid_request_object")
    assert (await house.denial()).reasons == ["request:object:unverified"]
    assert house.sources["kyoritsusha"].asked == []


@pytest.mark.parametrize(
    "htu",
    [
        OTHER + "/v1/transfers",
        RESOURCE,
        RESOURCE + "/grants",
        RESOURCE + "/transfers/",
        RESOURCE + "/transfers?a=b",
        RESOURCE + "/transfers#a",
        "http://gw.example.coop/v1/transfers",
        "https://gw.example.coop:8443/v1/transfers",
        "https://gw.example.coop@evil.example/v1/transfers",
        RESOURCE + "/%74ransfers",
        RESOURCE.upper() + "/TRANSFERS",
        None,
        ...,
        [RESOURCE + "/transfers"],
    ],
)
async def test_a_proof_for_another_address_is_refused(house: House, sunnet: Partner, htu: Any) -> None:
    token = await sunnet.token("P4", FIELDS)
    before = await house.entries()
    proof = sunnet.proof("POST", RESOURCE + "/transfers", token, htu=htu)
    response = await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token, proof=proof)
    assert_problem(response, "unauthenticated", error="invalid_dpop_proof")
    assert await house.entries() == before


async def test_a_proof_may_spell_scheme_host_and_default_port_otherwise(sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", "", token, htu="HTTPS://GW.example.coop:443/v1/transfers")
    response = await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token, proof=proof)
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["GET", "post", "PUT", "", None, ...])
async def test_a_proof_for_another_method_is_refused(sunnet: Partner, method: Any) -> None:
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", RESOURCE + "/transfers", token, htm=method)
    response = await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token, proof=proof)
    assert_problem(response, "unauthenticated", error="invalid_dpop_proof")


@pytest.mark.parametrize("resource", [OTHER, ISSUER, RESOURCE + "/", RESOURCE + "#a", OTHER + " " + RESOURCE])
async def test_no_token_is_issued_for_another_resource(sunnet: Partner, resource: str) -> None:
    await sunnet.token("P4", FIELDS)
    assert_oauth_error(await sunnet.ask_token(sunnet.detail("P4", FIELDS), resource=resource), "invalid_target")


async def test_the_issued_token_says_its_one_audience_and_purpose(sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == RESOURCE
    assert claims["iss"] == ISSUER
    assert len(claims["authorization_details"]) == 1
    assert claims["exp"] - claims["iat"] == 300
