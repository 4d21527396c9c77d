"""A partner proves from its own files that the log holds its transfer; nobody else's is shown to it."""

import asyncio
from base64 import urlsafe_b64decode

import httpx2

from gateway.app.keys import note_signers
from gateway.client import Receipt
from gateway.client.log_proof import accept, log_key
from gateway.tlog.entries import Denial, Release, decode
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.proof import parse, verify_proof
from tests.answers import assert_problem
from tests.house import COOP, House
from tests.simulators.partner import Partner


async def ask(partner: Partner, transfer: str) -> httpx2.Response:
    return await partner.get(f"/transfers/{transfer}/proof", await partner.token("P4", ["name"]))


def verified(house: House, response: httpx2.Response, coop: str = COOP) -> tuple[int, bytes]:
    """Check an answer as its partner does, without the gateway; return the index and the entry."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert "dpop-nonce" in response.headers
    document = response.json()
    entry = urlsafe_b64decode(document["entry"] + "==")
    key = note_signers(house.settings, house.stores.keys)[coop].key
    proof = parse(document["proof"])
    assert verify_proof(proof, entry, known=[key], origin=key.name).size > proof.index
    return proof.index, entry


async def test_a_release_is_proved_against_its_receipt(house: House, sunnet: Partner) -> None:
    answers = [await sunnet.pull("P4", ["name"], ["00000101"]) for _ in range(5)]
    await house.publish_checkpoint()
    for answer in answers:
        index, entry = verified(house, await ask(sunnet, answer.receipt["jti"]))
        assert index == answer.receipt["index"]
        assert leaf_hash(entry) == urlsafe_b64decode(answer.receipt["leaf_hash"] + "=")
        assert isinstance(decode(entry), Release)


async def test_the_typed_client_accepts_it(house: House, sunnet: Partner) -> None:
    told = (await sunnet.pull("P4", ["name"], ["00000101"])).receipt
    await house.publish_checkpoint()
    receipt = Receipt(
        jws="",
        transfer_id=told["jti"],
        origin=told["origin"],
        index=told["index"],
        leaf_hash=urlsafe_b64decode(told["leaf_hash"] + "="),
        issued_at=house.clock(),
        request_hash=b"",
        body=b"",
    )
    vkey = note_signers(house.settings, house.stores.keys)[COOP].key.encode()
    proved = accept(await ask(sunnet, told["jti"]), receipt=receipt, key=log_key(vkey))
    assert proved.size == told["index"] + 1


async def test_a_denial_is_proved_too(house: House, sunnet: Partner) -> None:
    refused = await sunnet.ask("P4", ["name"], ["00000101"], agreement="other")
    await house.publish_checkpoint()
    _, entry = verified(house, await ask(sunnet, refused.json()["request_id"]))
    assert isinstance(decode(entry), Denial)


async def test_a_transfer_of_just_now_is_waited_for(house: House, sunnet: Partner) -> None:
    answer = await sunnet.pull("P4", ["name"], ["00000101"])
    asked = asyncio.create_task(ask(sunnet, answer.receipt["jti"]))
    await asyncio.sleep(0.1)
    await house.publish_checkpoint()
    verified(house, await asked)


async def test_a_log_that_is_not_published_is_unavailable(house: House, sunnet: Partner) -> None:
    await house.publish_checkpoint()
    answer = await sunnet.pull("P4", ["name"], ["00000101"])
    assert_problem(await ask(sunnet, answer.receipt["jti"]), "unavailable", retry_after=1)


async def test_anothers_transfer_is_as_unknown_as_one_that_never_was(house: House, sunnet: Partner) -> None:
    jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
    elsewhere = await house.partner("jccu", "coopdeli-jccu-01", "coopdeli")
    answer = await sunnet.pull("P4", ["name"], ["00000101"])
    await house.publish_checkpoint()
    await house.publish_checkpoint("coopdeli")
    token = await jccu.token("P5", ["birth_date"])
    for transfer in (answer.receipt["jti"], "0" * 32, "x", "'"):
        assert_problem(await jccu.get(f"/transfers/{transfer}/proof", token), "not-found")
    token = await sunnet.token("P4", ["name"])
    theirs = await elsewhere.ask("P4", ["name"], ["00000101"], product=None)
    assert_problem(await sunnet.get(f"/transfers/{theirs.json()['request_id']}/proof", token), "not-found")


async def test_it_asks_for_token_and_proof_as_every_door_under_v1(house: House, sunnet: Partner) -> None:
    answer = await sunnet.pull("P4", ["name"], ["00000101"])
    await house.publish_checkpoint()
    path, token = f"/transfers/{answer.receipt['jti']}/proof", await sunnet.token("P4", ["name"])
    assert_problem(await house.http.get(f"/v1{path}"), "unauthenticated", error="invalid_token")
    once = sunnet.proof("GET", sunnet.resource + path, token)
    assert (await sunnet.get(path, token, proof=once)).status_code == 200
    assert_problem(await sunnet.get(path, token, proof=once), "replayed")
    assert_problem(await house.http.post(f"/v1{path}"), "method-not-allowed", allow="GET")
    assert_problem(await house.http.get(f"/v1{path}?x=1"), "malformed")
    assert_problem(await house.http.get(f"/v1{path}/"), "unauthenticated", error="invalid_token")


async def test_an_entry_that_is_not_the_signed_one_is_not_proved(house: House, sunnet: Partner) -> None:
    answers = [await sunnet.pull("P4", ["name"], ["00000101"]) for _ in range(2)]
    await house.publish_checkpoint()
    index = answers[0].receipt["index"]
    off = (
        ["ALTER TABLE log_entry DISABLE TRIGGER ALL"]
        if "postgresql" in house.settings.database_url
        else ["DROP TRIGGER log_entry_update"]
    )
    where = "origin = 'gw.example.coop/kyoritsusha' AND idx"
    other = f"(SELECT entry FROM log_entry WHERE {where} = {index + 1})"
    await house.tamper(*off, f"UPDATE log_entry SET entry = {other} WHERE {where} = {index}")
    assert_problem(await ask(sunnet, answers[0].receipt["jti"]), "internal")
    verified(house, await ask(sunnet, answers[1].receipt["jti"]))
