"""Attack: something that was good once is sent again: to the same process or another, at once or later.

A proof and an assertion are accepted once, over all replicas (I9). What was refused before anything was entered used
nothing up.
"""

import asyncio
from collections import Counter

import httpx2
import pytest

from gateway.tlog.entries import Denial, Release
from tests.answers import assert_oauth_error, assert_problem
from tests.house import COOP, House, replica
from tests.simulators.partner import ISSUER, RESOURCE, Partner

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]
URL = RESOURCE + "/transfers"
AT_ONCE = 50


def statuses(responses: list[httpx2.Response]) -> Counter[int]:
    return Counter(response.status_code for response in responses)


async def released(house: House) -> int:
    return sum(isinstance(entry, Release) for entry in await house.entries())


async def test_fifty_requests_with_one_proof_make_one_release(house_on_both: House) -> None:
    house = house_on_both
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", URL, token)
    requests = [sunnet.request("P4", FIELDS, members=MEMBER) for _ in range(AT_ONCE)]
    responses = await asyncio.gather(*(sunnet.post(one, token, proof=proof) for one in requests))
    assert statuses(responses) == {200: 1, 409: AT_ONCE - 1}
    for response in responses:
        if response.status_code == 409:
            assert_problem(response, "replayed")
    assert await released(house) == 1
    house.clock.advance(minutes=1)
    await house.summarise()
    assert (await house.denial()).summary["replayed"] == AT_ONCE - 1


async def test_fifty_requests_with_one_proof_over_two_replicas_make_one_release(house_on_both: House) -> None:
    house = house_on_both
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", URL, token)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    async with replica(house.settings, house.clock) as other:
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof, "Content-Type": "application/jwt"}
        doors = (house.http, other.http)
        sent = (doors[n % 2].post(URL, content=request, headers=headers) for n in range(AT_ONCE))
        assert statuses(list(await asyncio.gather(*sent))) == {200: 1, 409: AT_ONCE - 1}
        assert await released(house) == await released(other) == 1


async def test_a_used_proof_is_known_to_a_process_that_starts_later(house_on_both: House) -> None:
    house = house_on_both
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", URL, token)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    assert (await sunnet.post(request, token, proof=proof)).status_code == 200
    house.clock.advance(seconds=60)
    await house.stores.log.purge()
    async with replica(house.settings, house.clock) as other:
        sunnet.http = other.http
        assert_problem(await sunnet.post(request, token, proof=proof), "replayed")
        house.clock.advance(seconds=1)
        assert_problem(await sunnet.post(request, token, proof=proof), "unauthenticated", error="invalid_dpop_proof")


async def test_fifty_token_requests_with_one_assertion_make_one_token(house_on_both: House) -> None:
    house = house_on_both
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    await sunnet.token("P4", FIELDS)
    assertion, detail = sunnet.assertion(), sunnet.detail("P4", FIELDS)
    asked = (sunnet.ask_token(detail, client_assertion=assertion) for _ in range(AT_ONCE))
    assert statuses(list(await asyncio.gather(*asked))) == {200: 1, 401: AT_ONCE - 1}


async def test_an_assertion_seen_before_is_refused_until_it_has_expired(house: House, sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    assertion, detail = sunnet.assertion(exp=int(sunnet.now()) + 300), sunnet.detail("P4", FIELDS)
    assert (await sunnet.ask_token(detail, client_assertion=assertion)).status_code == 200
    for seconds in (0, 200, 109):
        house.clock.advance(seconds=seconds)
        await house.stores.log.purge()
        sunnet.nonce = house.desk.nonces.issue(int(house.clock().timestamp()))
        refused = await sunnet.ask_token(detail, client_assertion=assertion)
        assert_oauth_error(refused, "invalid_client", 401)
    assert [name for kind, name, told in house.told if "assertion:replayed" in told.values()] == ["tokens"] * 3


async def test_a_proof_seen_before_is_refused_at_the_token_endpoint(sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    proof, detail = sunnet.proof("POST", ISSUER + "/oauth/token"), sunnet.detail("P4", FIELDS)
    assert (await sunnet.ask_token(detail, proof=proof)).status_code == 200
    kept = sunnet.assertion()
    assert_oauth_error(await sunnet.ask_token(detail, proof=proof, client_assertion=kept), "invalid_dpop_proof")
    assert (await sunnet.ask_token(detail, client_assertion=kept)).status_code == 200, "both or none are consumed"


async def test_an_assertion_and_its_proof_seen_before_are_an_unknown_client(sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    detail = sunnet.detail("P4", FIELDS)
    proof, assertion = sunnet.proof("POST", ISSUER + "/oauth/token"), sunnet.assertion()
    assert (await sunnet.ask_token(detail, proof=proof, client_assertion=assertion)).status_code == 200
    again = await sunnet.ask_token(detail, proof=proof, client_assertion=assertion)
    assert_oauth_error(again, "invalid_client", 401)


async def test_an_assertion_may_be_sent_again_after_a_nonce_challenge(sunnet: Partner) -> None:
    assertion, detail = sunnet.assertion(), sunnet.detail("P4", FIELDS)
    assert_oauth_error(await sunnet.ask_token(detail, client_assertion=assertion), "use_dpop_nonce")
    assert (await sunnet.ask_token(detail, client_assertion=assertion)).status_code == 200


async def test_a_proof_of_a_get_is_accepted_once_whatever_it_reads(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("GET", RESOURCE + "/grants", token)
    responses = await asyncio.gather(*(sunnet.get("/grants", token, proof=proof) for _ in range(10)))
    assert statuses(list(responses)) == {200: 1, 409: 9}


async def test_the_same_signed_request_with_a_fresh_proof_is_a_new_attempt(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    first, second = [await sunnet.open(await sunnet.post(request, token), request) for _ in range(2)]
    assert first.claims["rqh"] == second.claims["rqh"]
    assert first.receipt["index"] + 1 == second.receipt["index"]
    assert await released(house) == 2


async def test_the_same_jti_under_another_key_is_another_proof(house: House, sunnet: Partner, jccu: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    theirs = await jccu.token("P5", ["sex"])
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    other = jccu.request("P5", ["sex"], members=MEMBER)
    assert (await sunnet.post(request, token, proof=sunnet.proof("POST", URL, token, jti="one"))).status_code == 200
    assert (await jccu.post(other, theirs, proof=jccu.proof("POST", URL, theirs, jti="one"))).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("not a request", {}, 401),
        (None, {"Content-Type": "application/json"}, 415),
        ("malformed", {}, 400),
    ],
)
async def test_a_refusal_of_the_message_leaves_the_proof_unused(
    house: House, sunnet: Partner, body: str | None, headers: dict[str, str], status: int
) -> None:
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", URL, token)
    good = sunnet.request("P4", FIELDS, members=MEMBER)
    bad = sunnet.request("P4", FIELDS, members=["*"]) if body == "malformed" else body or good
    assert (await sunnet.post(bad, token, proof=proof, headers=headers)).status_code == status
    assert (await sunnet.post(good, token, proof=proof)).status_code == 200


async def test_a_denial_uses_the_proof_up(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", URL, token)
    wrong = sunnet.request("P3", FIELDS, members=MEMBER)
    assert_problem(await sunnet.post(wrong, token, proof=proof), "not-permitted")
    good = sunnet.request("P4", FIELDS, members=MEMBER)
    assert_problem(await sunnet.post(good, token, proof=proof), "replayed")
    assert [type(entry) for entry in await house.entries()][-1] is Denial


async def test_a_replay_reads_the_source_but_releases_nothing(house: House, sunnet: Partner) -> None:
    """Replay is settled at the commit point, so that the honest request is never the one that loses."""
    token = await sunnet.token("P4", FIELDS)
    proof, request = sunnet.proof("POST", URL, token), sunnet.request("P4", FIELDS, members=MEMBER)
    first = await sunnet.post(request, token, proof=proof)
    before = await house.rows("SELECT count(*) FROM log_entry")
    again = await sunnet.post(request, token, proof=proof)
    assert len(again.content) < len(first.content)
    assert_problem(again, "replayed")
    assert await house.rows("SELECT count(*) FROM log_entry") == before
    assert len(house.sources[COOP].asked) == 2
