"""An answer becomes data only after every check: each test breaks one thing, and no data comes back."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from joserfc import jws

from gateway.client import AnswerRejected
from tests.client.gateway_peer import CLIENT, GATEWAY_KEY, KEYS, OTHER_GATEWAY_KEY, PEOPLE, Peer, b64u

ASKED = ["00000001", "99999999", "00000002"]


def refuse(peer: Peer, check: str) -> None:
    with pytest.raises(AnswerRejected) as caught:
        peer.client().pull("P4", ASKED)
    assert caught.value.check == check


def setting(**members: Any):
    def bend(target: dict[str, Any]) -> None:
        target.update(members)

    return bend


def without(name: str):
    def bend(target: dict[str, Any]) -> None:
        del target[name]

    return bend


def test_a_proven_answer_is_data_with_its_receipt():
    peer = Peer()
    transfer = peer.client().pull("P4", ASKED)
    assert transfer.id == "tr-1"
    assert [(result.member, result.status) for result in transfer] == [
        ("00000001", "released"),
        ("99999999", "not_available"),
        ("00000002", "released"),
    ]
    assert transfer.released["00000001"] == {"member_code": "00000001", **PEOPLE["00000001"]}
    assert transfer.not_available == ("99999999",)
    assert (transfer.terms.retention, transfer.terms.reprovision) == ("P90D", False)


def test_the_receipt_is_kept_as_it_was_signed():
    peer = Peer()
    bodies = []

    def keep(response: httpx2.Response) -> httpx2.Response:
        bodies.append(response.content)
        return response

    peer.bend_response = keep
    receipt = peer.client().pull("P4", ASKED).receipt
    assert jws.deserialize_compact(receipt.jws, GATEWAY_KEY, algorithms=["ES256"]).headers()["kid"] == "gw-1"
    assert (receipt.transfer_id, receipt.origin, receipt.index) == ("tr-1", "gw.example.coop/kyoritsusha", 0)
    assert (receipt.leaf_hash, receipt.issued_at) == (bytes(32), datetime.fromtimestamp(peer.now, UTC))
    assert receipt.body == hashlib.sha256(bodies[0]).digest()
    assert receipt.request_hash == hashlib.sha256(peer.seen[-1].content).digest()


@pytest.mark.parametrize("claim", ["iss", "aud", "rqh", "coop", "purpose", "agreement"])
def test_a_claim_that_names_something_else_is_refused(claim: str):
    refuse(Peer(bend_claims=setting(**{claim: "somebody-else"})), claim)


@pytest.mark.parametrize(
    "claim", ["iss", "aud", "iat", "exp", "jti", "rqh", "coop", "purpose", "agreement", "results", "terms"]
)
def test_a_missing_claim_is_refused(claim: str):
    refuse(Peer(bend_claims=without(claim)), claim)


def test_an_audience_in_an_array_is_refused():
    refuse(Peer(bend_claims=setting(aud=[CLIENT])), "aud")


@pytest.mark.parametrize(
    ("bent", "check"),
    [
        ({"iat": 1_800_000_000 + 31}, "iat"),
        ({"iat": 1_800_000_000 - 31}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": 1_800_000_000.0}, "iat"),
        ({"exp": 1_800_000_000 - 30}, "exp"),
        ({"exp": 1_800_000_000 + 601}, "exp"),
        ({"exp": "1800000600"}, "exp"),
        ({"iat": 1_800_000_000 - 29, "exp": 1_800_000_000 - 30}, "exp"),
    ],
)
def test_times_outside_the_skew_or_of_another_type_are_refused(bent: dict[str, Any], check: str):
    refuse(Peer(bend_claims=setting(**bent)), check)


@pytest.mark.parametrize(
    "results",
    [
        [],
        [{"member": "00000001", "status": "not_available"}],
        [{"member": code, "status": "not_available"} for code in reversed(ASKED)],
        [{"member": code, "status": "not_available", "data": {}} for code in ASKED],
        [{"member": code, "status": "released"} for code in ASKED],
        [{"member": code, "status": "released", "data": None} for code in ASKED],
        [{"member": code, "status": "restricted"} for code in ASKED],
        [{"member": code, "status": "released", "data": {"bank_account": "1"}} for code in ASKED],
        [{"member": code, "status": "not_available", "why": "stopped"} for code in ASKED],
        ASKED,
        {},
    ],
)
def test_results_other_than_those_asked_for_are_refused(results: object):
    refuse(Peer(bend_claims=setting(results=results)), "results")


@pytest.mark.parametrize("terms", [{}, {"retention": "P90D"}, {"retention": "P90D", "reprovision": "no"}])
def test_incomplete_terms_are_refused(terms: object):
    refuse(Peer(bend_claims=setting(terms=terms)), "terms")


@pytest.mark.parametrize(
    "bent", [{"typ": "JWT"}, {"typ": "transfer-receipt+jwt"}, {"cty": "JWT"}, {"jku": "https://x.example"}]
)
def test_an_inner_header_that_is_not_exactly_the_profiles_is_refused(bent: dict[str, Any]):
    refuse(Peer(bend_header=setting(**bent)), "header")


@pytest.mark.parametrize("name", ["kid", "typ"])
def test_an_inner_header_that_lacks_a_member_is_refused(name: str):
    refuse(Peer(bend_header=without(name)), "header")


@pytest.mark.parametrize("bent", [{"alg": "none"}, {"alg": "HS256"}, {"kid": 7}, {"kid": None}])
def test_an_inner_statement_by_other_means_than_a_published_key_is_refused(bent: dict[str, Any]):
    peer = Peer()
    header = json.dumps({"alg": "ES256", "kid": "gw-1", "typ": "member-data+jwt", **bent})
    peer.bend_response = replaced(content=peer.seal(f"{b64u(header.encode())}.{b64u(b'{}')}."))
    refuse(peer, "header")


def test_a_key_the_gateway_does_not_publish_is_refused_after_one_more_look():
    peer = Peer(signer=OTHER_GATEWAY_KEY)
    refuse(peer, "kid")
    assert peer.count("/oauth/jwks") == 2


def test_a_key_published_since_the_last_look_is_found():
    peer = Peer()
    client = peer.client()
    client.pull("P4", ASKED)
    peer.keys, peer.signer = [GATEWAY_KEY, OTHER_GATEWAY_KEY], OTHER_GATEWAY_KEY
    client.pull("P4", ASKED)
    client.pull("P4", ASKED)
    assert peer.count("/oauth/jwks") == 2


def test_a_signature_by_another_key_under_a_known_kid_is_refused():
    refuse(Peer(signer=OTHER_GATEWAY_KEY, bend_header=setting(kid="gw-1")), "signature")


@pytest.mark.parametrize(
    ("bent", "check"),
    [
        ({"apu": b64u(b"https://other.example")}, "jwe-apu"),
        ({"apv": b64u(b"another-client")}, "jwe-apv"),
        ({"kid": "not-ours"}, "jwe-kid"),
        ({"alg": "ECDH-ES+A128KW"}, "jwe-header"),
        ({"enc": "A128GCM"}, "jwe-header"),
        ({"typ": "JOSE"}, "jwe-header"),
        ({"cty": "json"}, "jwe-header"),
        ({"zip": "DEF"}, "jwe-header"),
        ({"x": 1}, "jwe-header"),
    ],
)
def test_an_outer_header_that_is_not_exactly_the_profiles_is_refused(bent: dict[str, Any], check: str):
    refuse(Peer(bend_jwe=setting(**bent)), check)


@pytest.mark.parametrize("name", ["kid", "typ", "cty", "apu", "apv"])
def test_an_outer_header_that_lacks_a_member_is_refused(name: str):
    refuse(Peer(bend_jwe=without(name)), "jwe-header")


def replaced(**parts: Any):
    def bend(response: httpx2.Response) -> httpx2.Response:
        headers = dict(response.headers) | parts.get("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None and name != "content-length"}
        return httpx2.Response(200, headers=headers, content=parts.get("content", response.content))

    return bend


def test_a_signed_answer_that_is_not_sealed_is_refused():
    peer = Peer()
    plain = peer.sign({"alg": "ES256", "kid": "gw-1", "typ": "member-data+jwt"}, {"iss": "x"})
    peer.bend_response = replaced(content=plain.encode())
    refuse(peer, "jwe")


@pytest.mark.parametrize("content", [b"", b"....", b"a.b.c.d.e", b'{"results": []}', "髙".encode(), b"=.=.=.=.="])
def test_a_body_that_is_no_sealed_answer_is_refused(content: bytes):
    refuse(Peer(bend_response=replaced(content=content)), "jwe")


def test_a_body_that_is_not_announced_as_sealed_is_refused():
    refuse(Peer(bend_response=replaced(headers={"content-type": "application/json"})), "content-type")


def test_a_body_sealed_for_an_earlier_request_is_refused():
    peer = Peer()
    client = peer.client()
    kept: list[httpx2.Response] = []

    def keep(response: httpx2.Response) -> httpx2.Response:
        kept.append(response)
        return response

    peer.bend_response = keep
    client.pull("P4", ASKED)
    peer.bend_response = lambda _: kept[0]
    with pytest.raises(AnswerRejected) as caught:
        client.pull("P4", ASKED)
    assert caught.value.check == "rqh"


def test_a_body_changed_on_the_way_does_not_open():
    def flip(response: httpx2.Response) -> httpx2.Response:
        head, _, tag = response.content.decode().rpartition(".")
        changed = ("A" if tag[0] != "A" else "B") + tag[1:]
        return replaced(content=f"{head}.{changed}".encode())(response)

    refuse(Peer(bend_response=flip), "jwe-open")


def test_no_receipt_no_data():
    refuse(Peer(bend_response=replaced(headers={"transfer-receipt": None})), "receipt")


def test_two_receipts_are_refused():
    def twice(response: httpx2.Response) -> httpx2.Response:
        receipt = ("Transfer-Receipt", response.headers["transfer-receipt"])
        headers = [("Content-Type", "application/jwt"), receipt, receipt]
        return httpx2.Response(200, headers=headers, content=response.content)

    refuse(Peer(bend_response=twice), "receipt")


def test_a_receipt_for_another_body_is_refused():
    refuse(Peer(bend_receipt=setting(body=b64u(bytes(32)))), "receipt-body")


@pytest.mark.parametrize("claim", ["iss", "aud", "iat", "jti", "origin", "index", "leaf_hash", "rqh", "body"])
def test_a_receipt_that_lacks_a_claim_is_refused(claim: str):
    refuse(Peer(bend_receipt=without(claim)), f"receipt-{claim}")


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://other.example"),
        ("aud", "another-client"),
        ("jti", "tr-2"),
        ("rqh", b64u(bytes(32))),
        ("index", -1),
        ("index", "0"),
        ("index", True),
        ("leaf_hash", b64u(bytes(31))),
        ("leaf_hash", "=" * 43),
        ("origin", ""),
        ("iat", 1_800_000_000 + 31),
        ("iat", 1_799_999_000),
    ],
)
def test_a_receipt_that_says_something_else_is_refused(claim: str, value: object):
    refuse(Peer(bend_receipt=setting(**{claim: value})), f"receipt-{claim}")


def test_a_statement_of_another_type_is_no_receipt():
    refuse(Peer(bend_receipt_header=setting(typ="member-data+jwt")), "receipt-header")


def test_a_receipt_under_an_unpublished_key_is_refused():
    refuse(Peer(bend_receipt_header=setting(kid="gw-9")), "receipt-kid")


def test_a_receipt_that_is_no_statement_is_refused():
    refuse(Peer(bend_response=replaced(headers={"transfer-receipt": "yes"})), "receipt-header")


def test_what_holds_member_data_prints_none_of_it():
    peer = Peer()
    client = peer.client()
    transfer = client.pull("P4", ASKED)
    [*_, page] = client.pages("P4")
    shown = repr([transfer, transfer.results, transfer.receipt, page, page.removals])
    assert "2 released, 1 not available" in shown
    for canary in ("髙﨑", "00000001", "99999999", "00000099"):
        assert canary not in shown


def test_no_private_key_prints_itself():
    shown = repr(KEYS)
    scalar = KEYS.sig.private.private_numbers().private_value
    assert KEYS.sig.kid in shown
    assert str(scalar) not in shown
    assert "private" not in shown
