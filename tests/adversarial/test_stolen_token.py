"""Attack: someone has a partner's access token, and all that a wire or a log could show, but not its DPoP key."""

import base64
import json
from collections.abc import Callable

import pytest

from gateway.jose.rfc7515 import Signer
from gateway.oauth import rfc9068
from gateway.oauth.rfc9396 import Detail
from tests.answers import assert_problem
from tests.house import House
from tests.simulators.partner import ISSUER, RESOURCE, Partner, b64u, forge

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]
URL = RESOURCE + "/transfers"


def thief(owner: Partner) -> Partner:
    """The same client but for the private halves of its keys."""
    made = Partner(owner.http, owner.client_id, owner.coop, owner.agreement, now=owner.now, nonce=owner.nonce)
    made.enc = owner.enc
    return made


def public(owner: Partner) -> dict[str, str]:
    jwk = owner.dpop.as_dict(private=False)
    return {name: str(jwk[name]) for name in ("kty", "crv", "x", "y")}


PROOFS: dict[str, Callable[[Partner, Partner, str], str]] = {
    "the thief's own key": lambda thief, owner, token: thief.proof("POST", URL, token),
    "the owner's public key over the thief's signature": lambda thief, owner, token: thief.proof(
        "POST", URL, token, header={"jwk": public(owner)}
    ),
    "the owner's public key and no signature": lambda thief, owner, token: forge(
        {"alg": "none", "typ": "dpop+jwt", "jwk": public(owner)}, {"htm": "POST", "htu": URL}
    ),
    "the registered signature key": lambda thief, owner, token: owner.proof(
        "POST",
        URL,
        token,
        header={"jwk": {n: owner.sig.as_dict(private=False)[n] for n in ("kty", "crv", "x", "y")}},
        with_key=owner.sig,
    ),
    "a proof of the token endpoint": lambda thief, owner, token: owner.proof("POST", ISSUER + "/oauth/token"),
    "a proof for another token": lambda thief, owner, token: owner.proof("POST", URL, token + "x"),
    "a proof without a token": lambda thief, owner, token: owner.proof("POST", URL),
    "a proof with the token itself as ath": lambda thief, owner, token: owner.proof("POST", URL, token, ath=token),
    "a proof of an hour ago": lambda thief, owner, token: owner.proof("POST", URL, token, iat=int(owner.now()) - 3600),
    "a proof of 61 seconds ago": lambda thief, owner, token: owner.proof("POST", URL, token, iat=int(owner.now()) - 61),
    "a proof of the future": lambda thief, owner, token: owner.proof("POST", URL, token, iat=int(owner.now()) + 31),
    "a proof whose nonce is a number": lambda thief, owner, token: owner.proof("POST", URL, token, nonce=7),
    "an assertion": lambda thief, owner, token: owner.assertion(),
    "the token as its own proof": lambda thief, owner, token: token,
    "nonsense": lambda thief, owner, token: "e30.e30.e30",
}


@pytest.mark.parametrize("attack", PROOFS)
async def test_a_stolen_token_is_worthless_without_its_key(house: House, sunnet: Partner, attack: str) -> None:
    token = await sunnet.token("P4", FIELDS)
    before = await house.entries()
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    response = await sunnet.post(request, token, proof=PROOFS[attack](thief(sunnet), sunnet, token))
    assert_problem(response, "unauthenticated", error="invalid_dpop_proof")
    assert await house.entries() == before
    assert house.sources["kyoritsusha"].asked == []
    assert (await sunnet.post(request, token)).status_code == 200, "the owner is not locked out"


@pytest.mark.parametrize("nonce", [..., "", "stale", "x" * 300])
async def test_only_a_proof_that_is_otherwise_good_is_given_a_challenge(
    house: House, sunnet: Partner, nonce: object
) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    good = await sunnet.post(request, token, proof=sunnet.proof("POST", URL, token, nonce=nonce))
    assert_problem(good, "unauthenticated", error="use_dpop_nonce")
    bad = await sunnet.post(request, token, proof=thief(sunnet).proof("POST", URL, token, nonce=nonce))
    assert_problem(bad, "unauthenticated", error="invalid_dpop_proof")


async def test_a_nonce_of_more_than_five_minutes_ago_is_challenged(house: House, sunnet: Partner) -> None:
    nonce = house.desk.nonces.issue(int(house.clock().timestamp()))
    house.clock.advance(seconds=30)
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBER, exp=int(sunnet.now()) + 300)
    house.clock.advance(seconds=269)
    response = await sunnet.post(request, token, proof=sunnet.proof("POST", URL, token, nonce=nonce))
    assert response.status_code == 200
    house.clock.advance(seconds=1)
    response = await sunnet.post(request, token, proof=sunnet.proof("POST", URL, token, nonce=nonce))
    assert_problem(response, "unauthenticated", error="use_dpop_nonce")


@pytest.mark.parametrize(
    "scheme",
    ["Bearer {}", "bearer {}", "DPoP", "DPoP ", "DPoP {} x", "Basic {}", "{}", "DPoP {},DPoP {}", 'DPoP token="{}"'],
)
async def test_a_token_under_another_scheme_is_refused(house: House, sunnet: Partner, scheme: str) -> None:
    token = await sunnet.token("P4", FIELDS)
    headers = {"Authorization": scheme.format(token, token)}
    response = await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token, headers=headers)
    assert_problem(response, "unauthenticated", error="invalid_token")


def changed(token: str, claims: dict[str, object]) -> str:
    head, payload, signature = token.split(".")
    old = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{head}.{b64u(json.dumps({**old, **claims}).encode())}.{signature}"


def without_a_signature(token: str) -> str:
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return forge({"alg": "none", "typ": "at+jwt"}, payload)


TOKENS: dict[str, Callable[[House, Partner, str], str]] = {
    "claims changed": lambda house, owner, token: changed(token, {"client_id": "jccu-demo", "sub": "jccu-demo"}),
    "bound to the thief's key": lambda house, owner, token: changed(token, {"cnf": {"jkt": "A" * 43}}),
    "no signature": lambda house, owner, token: without_a_signature(token),
    "signed by the response key": lambda house, owner, token: issued(house, owner, house.desk.response_signer),
    "an assertion": lambda house, owner, token: owner.assertion(),
    "a proof": lambda house, owner, token: owner.proof("POST", URL, token),
    "for another resource": lambda house, owner, token: issued(
        house, owner, house.desk.token_signer, resource="https://gw.other.example/v1"
    ),
    "of another issuer": lambda house, owner, token: issued(
        house, owner, house.desk.token_signer, issuer="https://gw.other.example"
    ),
    "expired": lambda house, owner, token: issued(
        house, owner, house.desk.token_signer, now=int(house.clock().timestamp()) - 300
    ),
    "of a client that no partner has": lambda house, owner, token: issued(
        house, owner, house.desk.token_signer, client_id="nobody"
    ),
    "for a co-op that is not here": lambda house, owner, token: issued(
        house, owner, house.desk.token_signer, coop="elsewhere"
    ),
    "too long": lambda house, owner, token: token + "A" * 4_096,
}


def issued(house: House, owner: Partner, signer: Signer, **changes: object) -> str:
    detail = Detail(
        coop=str(changes.pop("coop", owner.coop)), purpose="P4", agreement=owner.agreement, fields=tuple(FIELDS)
    )
    jkt = owner.dpop.thumbprint()
    now = int(house.clock().timestamp())
    claims: dict[str, object] = {"issuer": ISSUER, "resource": RESOURCE, "client_id": owner.client_id, "now": now}
    return rfc9068.issue(signer, jkt=jkt, detail=detail, jti="j" * 32, **{**claims, **changes})  # type: ignore[arg-type]  # a bag of claims


@pytest.mark.parametrize("attack", TOKENS)
async def test_a_token_that_was_not_issued_for_this_is_refused(house: House, sunnet: Partner, attack: str) -> None:
    await sunnet.token("P4", FIELDS)
    before = await house.entries()
    token = TOKENS[attack](house, sunnet, await sunnet.token("P4", FIELDS))
    response = await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token)
    assert_problem(response, "unauthenticated", error="invalid_token")
    assert await house.entries() == before


async def test_a_stolen_token_reads_no_grants_either(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    response = await thief(sunnet).get("/grants", token)
    assert_problem(response, "unauthenticated", error="invalid_dpop_proof")


async def test_the_thief_cannot_have_a_token_of_his_own(house: House, sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    one = thief(sunnet)
    response = await one.ask_token(one.detail("P4", FIELDS))
    assert response.json()["error"] == "invalid_client"


async def test_a_token_dies_after_five_minutes(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    for seconds in (200, 99):
        house.clock.advance(seconds=seconds)
        await sunnet.ask("P4", FIELDS, MEMBER)  # a fresh nonce
        assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200
    house.clock.advance(seconds=1)
    assert_problem(
        await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token),
        "unauthenticated",
        error="invalid_token",
    )
