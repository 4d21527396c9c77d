"""Attack: a partner says it never asked. Its signed request is kept, encrypted, and shows that it did.

What is needed: the co-op's request key, the database row, and the log, whose `partner` entry holds the partner's key.
"""

import base64
import hashlib
import json

import pytest
from cryptography.exceptions import InvalidTag
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.jose.rfc5116 import unseal
from gateway.tlog.entries import Partner as PartnerEntry, Release
from tests.house import COOP, House
from tests.simulators.partner import RESOURCE, Partner, key

FIELDS = ["member_code", "name"]
MEMBERS = ["00000101", "00000102", "99999999"]


async def kept(house: House, transfer: str) -> bytes:
    ((index,),) = await house.rows(f"SELECT idx FROM log_entry WHERE transfer_id = '{transfer}'")
    origin = f"gw.example.coop/{COOP}"
    ((sealed,),) = await house.rows(f"SELECT jws FROM log_request WHERE origin = '{origin}' AND idx = {index}")
    return bytes(sealed)


def registered(entries: list[object], client: str, kid: str) -> ECKey:
    """The partner's public key as the log had it before the release."""
    (jwk,) = [
        entry.jwk
        for entry in entries
        if isinstance(entry, PartnerEntry)
        and entry.event == "key_added"
        and entry.client == client
        and entry.jwk["kid"] == kid
    ]
    return ECKey.import_key({**jwk})


async def test_the_kept_request_is_the_partners_own_word(house_on_both: House) -> None:
    house = house_on_both
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    answer = await sunnet.pull("P4", FIELDS, MEMBERS)
    entry = await house.release()
    sealed = await kept(house, entry.transfer)
    opened = unseal(house.stores.keys.coop_secrets(COOP).requests, sealed, entry.transfer.encode())
    assert opened.decode() == sunnet.sent
    digest = base64.urlsafe_b64encode(hashlib.sha256(opened).digest()).rstrip(b"=").decode()
    assert digest == entry.request == answer.claims["rqh"], "the entry, the answer and the request belong together"
    kid = json.loads(base64.urlsafe_b64decode(opened.split(b".")[0] + b"=="))["kid"]
    key_then = registered([*(await house.entries())[: answer.receipt["index"]]], entry.client, kid)
    claims = json.loads(jws.deserialize_compact(opened, key_then, algorithms=["ES256"]).payload)
    assert claims["members"] == MEMBERS
    assert claims["fields"] == FIELDS
    assert (claims["iss"], claims["aud"], claims["purpose"]) == ("sunnet-demo", RESOURCE, "P4")
    assert (entry.client, entry.purpose) == (claims["iss"], claims["purpose"])


async def test_the_proof_key_of_the_entry_is_the_one_that_asked(house: House, sunnet: Partner) -> None:
    await sunnet.pull("P4", FIELDS, MEMBERS)
    assert (await house.release()).proof == sunnet.dpop.thumbprint()


async def test_the_kept_request_shows_nobody_anything_without_the_key(house_on_both: House) -> None:
    house = house_on_both
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    await sunnet.pull("P4", FIELDS, MEMBERS)
    entry = await house.release()
    sealed = await kept(house, entry.transfer)
    for word in (sunnet.sent, *MEMBERS, sunnet.sent.split(".")[1][:40]):
        assert word.encode() not in sealed
    right = house.stores.keys.coop_secrets(COOP).requests
    wrong = house.stores.keys.coop_secrets("coopdeli").requests
    for secret, context, data in (
        (wrong, entry.transfer.encode(), sealed),
        (right, b"another transfer", sealed),
        (right, entry.transfer.encode(), sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with pytest.raises(InvalidTag):
            unseal(secret, data, context)


async def test_two_like_requests_are_kept_under_different_ciphertexts(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBERS)
    for _ in range(2):
        assert (await sunnet.post(request, token)).status_code == 200
    one, other = [await kept(house, e.transfer) for e in await house.entries() if isinstance(e, Release)]
    assert one[12:] != other[12:]


async def test_the_gateway_could_not_have_made_it_up(house: House, sunnet: Partner) -> None:
    """Whoever has all of the gateway's keys still has no request that verifies under the partner's registered key."""
    await sunnet.pull("P4", FIELDS, MEMBERS)
    made_up = sunnet.request("P4", FIELDS, members=["00000103"], with_key=key("sig-1", "sig", "ES256"))
    public = registered([*await house.entries()], "sunnet-demo", "sig-1")
    with pytest.raises(Exception, match="signature"):
        jws.deserialize_compact(made_up, public, algorithms=["ES256"])
