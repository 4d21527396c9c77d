"""Attack: the gateway says it never sent. The partner's receipt and an export of the log show that it did.

Offline: the partner needs its own files, the exported folder and the log's public key; no answer of the gateway.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.app.keys import announce_keys, note_signers
from gateway.tlog.checkpoint import open_ours
from gateway.tlog.entries import Key, Release, decode
from gateway.tlog.merkle import inclusion_proof, leaf_hash, verify_inclusion
from gateway.tlog.note import parse_vkey
from gateway.tlog.tiles import parse_bundle
from tests.house import COOP, House
from tests.simulators.partner import Partner, key, sign
from tests.tlog.exported_log import check_folder

FIELDS = ["member_code", "name"]
MEMBERS = ["00000101", "99999999"]


def b64u_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


async def exported(house: House, folder: Path) -> str:
    """Export the log with the gateway's keys in it; return the key to verify it with."""
    await house.export(folder)
    return note_signers(house.settings, house.stores.keys)[COOP].key.encode()


def entries_of(folder: Path) -> list[bytes]:
    (bundle,) = (folder / "tile" / "entries" / "000.p").iterdir()
    return parse_bundle(bundle.read_bytes())


def settle(receipt: str, *, sent: str, body: bytes, folder: Path, vkey: str) -> Release:
    """What a court does: receipt → key entry → receipt's claims → entry at its index → signed checkpoint."""
    known = parse_vkey(vkey)

    assert check_folder(folder, known).ok
    entries = entries_of(folder)
    keys = {
        entry.jwk["kid"]: ECKey.import_key({**entry.jwk})
        for entry in map(decode, entries)
        if isinstance(entry, Key) and entry.use == "response"
    }
    kid = json.loads(b64u_bytes(receipt.split(".", maxsplit=1)[0]))["kid"]
    opened = jws.deserialize_compact(receipt, keys[kid], algorithms=["ES256"])
    assert opened.headers()["typ"] == "transfer-receipt+jwt"
    claims: dict[str, Any] = json.loads(opened.payload)
    assert claims["origin"] == known.name
    assert claims["rqh"] == digest(sent.encode())
    assert claims["body"] == digest(body)
    index = claims["index"]
    leaf = leaf_hash(entries[index])
    assert b64u_bytes(claims["leaf_hash"]) == leaf
    head = open_ours((folder / "checkpoint").read_bytes(), [known], origin=known.name)
    leaves = [leaf_hash(entry) for entry in entries]
    proof = inclusion_proof(index, head.size, leaves.__getitem__)
    assert verify_inclusion(leaf, proof, index=index, size=head.size, root=head.root)
    entry = decode(entries[index])
    assert isinstance(entry, Release)
    assert (entry.transfer, entry.client) == (claims["jti"], claims["aud"])
    assert (entry.request, entry.body) == (claims["rqh"], claims["body"])
    return entry


async def test_a_receipt_settles_what_was_sent_without_the_gateway(house_on_both: House, tmp_path: Path) -> None:
    house, folder = house_on_both, tmp_path / "log"
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    await announce_keys(house.settings, house.stores, note_signers(house.settings, house.stores.keys))
    response = await sunnet.ask("P4", FIELDS, MEMBERS)
    sent = sunnet.sent
    await sunnet.pull("P4", FIELDS, MEMBERS)
    vkey = await exported(house, folder)
    receipt = response.headers["transfer-receipt"]
    entry = settle(receipt, sent=sent, body=response.content, folder=folder, vkey=vkey)
    assert (entry.counts.asked, entry.counts.released, entry.counts.not_available) == (2, 1, 1)
    assert list(entry.fields) == sorted(FIELDS)


async def test_a_receipt_holds_no_personal_data_and_does_not_end(house: House, sunnet: Partner) -> None:
    response = await sunnet.ask("P4", FIELDS, MEMBERS)
    claims = json.loads(b64u_bytes(response.headers["transfer-receipt"].split(".")[1]))
    assert set(claims) == {"iss", "aud", "iat", "jti", "origin", "index", "leaf_hash", "rqh", "body"}
    assert all(member not in json.dumps(claims) for member in MEMBERS)


async def test_a_receipt_made_up_by_a_partner_settles_nothing(house: House, sunnet: Partner, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    await announce_keys(house.settings, house.stores, note_signers(house.settings, house.stores.keys))
    response = await sunnet.ask("P4", FIELDS, MEMBERS)
    vkey = await exported(house, folder)
    head, payload, signature = response.headers["transfer-receipt"].split(".")
    claims = json.loads(b64u_bytes(payload))
    kid = json.loads(b64u_bytes(head))["kid"]
    header = {"alg": "ES256", "kid": kid, "typ": "transfer-receipt+jwt"}
    forged = sign(header, claims, key(kid, "sig", "ES256"))
    encoded = base64.urlsafe_b64encode(json.dumps({**claims, "index": 0}).encode()).rstrip(b"=").decode()
    for receipt in (forged, f"{head}.{encoded}.{signature}"):
        with pytest.raises(Exception, match="signature"):
            settle(receipt, sent=sunnet.sent, body=response.content, folder=folder, vkey=vkey)
    true = response.headers["transfer-receipt"]
    with pytest.raises(AssertionError):
        settle(true, sent=sunnet.sent, body=response.content + b" ", folder=folder, vkey=vkey)


async def test_the_receipt_key_is_the_one_in_the_log_and_the_published_set(house: House, sunnet: Partner) -> None:
    await announce_keys(house.settings, house.stores, note_signers(house.settings, house.stores.keys))
    published = (await house.http.get("https://gw.example.coop/oauth/jwks")).json()["keys"]
    logged = [e.jwk for e in await house.entries() if isinstance(e, Key) and e.use == "response"]
    assert published == logged
    token_kid = house.desk.token_signer.kid
    assert token_kid not in {jwk["kid"] for jwk in published}, "token keys are the gateway's own business"
    assert all("d" not in jwk for jwk in logged)
