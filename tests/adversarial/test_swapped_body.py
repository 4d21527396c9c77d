"""Attack: somebody between partner and gateway puts another body under a valid token and proof.

A proof does not cover the body; the body's own signature does, and the answer says which body it answers.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.answers import assert_problem
from tests.house import COOP, House
from tests.simulators.partner import RESOURCE, Partner, b64u, forge, key

FIELDS = ["member_code", "name"]
MEMBER, OTHER = ["00000101"], ["00000102"]
URL = RESOURCE + "/transfers"


def claims_of(jws: str) -> dict[str, object]:
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(jws.split(".")[1] + "=="))
    return decoded


def altered(jws: str, **changes: object) -> str:
    head, _, signature = jws.split(".")
    return f"{head}.{b64u(json.dumps({**claims_of(jws), **changes}).encode())}.{signature}"


SWAPS: dict[str, Callable[[Partner, str], bytes]] = {
    "another member": lambda p, sent: altered(sent, members=OTHER).encode(),
    "one member more": lambda p, sent: altered(sent, members=MEMBER + OTHER).encode(),
    "one field more": lambda p, sent: altered(sent, fields=[*FIELDS, "phone"]).encode(),
    "later exp": lambda p, sent: altered(sent, exp=int(p.now()) + 300).encode(),
    "the attacker's own": lambda p, sent: p.request(
        "P4", FIELDS, members=OTHER, with_key=key("sig-1", "sig", "ES256")
    ).encode(),
    "unsigned": lambda p, sent: forge({"alg": "none", "typ": "data-request+jwt"}, claims_of(sent)).encode(),
    "the claims in plain": lambda p, sent: json.dumps(claims_of(sent)).encode(),
    "as JSON serialization": lambda p, sent: json.dumps(
        dict(zip(("protected", "payload", "signature"), sent.split("."), strict=True))
    ).encode(),
    "nothing": lambda p, sent: b"",
    "a line feed behind": lambda p, sent: sent.encode() + b"\n",
    "a byte order mark before": lambda p, sent: b"\xef\xbb\xbf" + sent.encode(),
    "two requests": lambda p, sent: (sent + "\n" + sent).encode(),
    "bytes that are no text": lambda p, sent: bytes(range(256)),
    "a bit in the signature": lambda p, sent: sent[:-8].encode() + (b"A" if sent[-8] != "A" else b"B") + sent[-7:].encode(),
    "a request that expired": lambda p, sent: p.request(
        "P4", FIELDS, members=OTHER, iat=int(p.now()) - 300, exp=int(p.now()) - 10
    ).encode(),
    "a request from the future": lambda p, sent: p.request("P4", FIELDS, members=OTHER, iat=int(p.now()) + 31).encode(),
    "a request that lives too long": lambda p, sent: p.request("P4", FIELDS, members=OTHER, exp=int(p.now()) + 301).encode(),
    "a request that ends before it begins": lambda p, sent: p.request(
        "P4", FIELDS, members=OTHER, iat=int(p.now()) + 20, exp=int(p.now()) + 20
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("attack", SWAPS)
async def test_a_swapped_body_is_refused_and_logged_and_the_honest_one_still_passes(
    house: House, sunnet: Partner, attack: str
) -> None:
    token = await sunnet.token("P4", FIELDS)
    proof, sent = sunnet.proof("POST", URL, token), sunnet.request("P4", FIELDS, members=MEMBER)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof, "Content-Type": "application/jwt"}
    response = await sunnet.http.post(URL, content=SWAPS[attack](sunnet, sent), headers=headers)
    assert_problem(response, "invalid-request-object", error="invalid_request_object")
    assert (await house.denial()).reasons == ["request:object:unverified"]
    assert house.sources[COOP].asked == []
    assert (await sunnet.post(sent, token, proof=proof)).status_code == 200


async def test_an_older_true_request_under_a_new_proof_gives_the_attacker_nothing_and_the_partner_knows(
    house: House, sunnet: Partner
) -> None:
    """It is still the partner's own word, sealed to the partner's key; the answer's `rqh` tells which word it was."""
    token = await sunnet.token("P4", FIELDS)
    older, sent = (sunnet.request("P4", FIELDS, members=who) for who in (OTHER, MEMBER))
    response = await sunnet.post(older, token, proof=sunnet.proof("POST", URL, token))
    answer = await sunnet.open(response, older)
    with pytest.raises(AssertionError):
        await sunnet.open(response, sent)
    assert set(answer.released) == set(OTHER)


@pytest.mark.parametrize(
    ("purpose", "fields", "changes"),
    [
        ("P3", ["member_code", "name"], {}),
        ("P4", ["member_code", "name", "phone"], {}),
        ("P4", FIELDS, {"product": "G2"}),
        ("P4", FIELDS, {"product": ...}),
        ("P4", FIELDS, {"agreement": "kyoritsusha-jccu-01"}),
        ("P4", FIELDS, {"coop": "coopdeli"}),
    ],
)
async def test_a_true_request_under_the_token_of_another_is_denied(
    house: House, sunnet: Partner, purpose: str, fields: list[str], changes: dict[str, Any]
) -> None:
    token = await sunnet.token("P4", FIELDS)
    response = await sunnet.post(sunnet.request(purpose, fields, **{"members": MEMBER, **changes}), token)
    assert_problem(response, "not-permitted")
    assert all(reason.endswith(":mismatch") for reason in (await house.denial()).reasons)
    assert len(await house.entries("coopdeli")) == 1, "the other co-op's log says nothing of it"
