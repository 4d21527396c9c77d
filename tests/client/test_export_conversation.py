"""Exports as this client orders, follows and ends them, and every part and manifest that it does not believe."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from gateway.client import AnswerRejected, ExportGone, NotPermitted, Refused, UsageError
from gateway.client.advice import advice
from tests.client.export_peer import EXPORT, NAME, ExportPeer, people
from tests.client.gateway_peer import OTHER_GATEWAY_KEY, b64u, problem

ORDERS, PART = "/v1/exports", f"/v1/exports/{EXPORT}/parts/1"


def test_a_population_comes_in_parts_and_the_last_one_ends_it():
    peer = ExportPeer(removals=[{"member": "00000099", "duty": "stop_using", "due": "2027-02-01"}])
    client = peer.client()
    export = client.export("P4", fields=["name", "postal_code"])
    assert (export.id, export.form, peer.asked[0]["export"]) == (EXPORT, "ndjson", {"form": "ndjson"})
    parts = [client.export_part(export, n) for n in (1, 2, 3)]
    assert all(part is not None for part in parts)
    members = [result.member for part in parts if part for result in part.results]
    assert members == list(peer.members)
    assert [(part.of, part.since, part.resync) for part in parts if part] == [
        (None, None, False),
        (None, None, False),
        (3, "mark-2", False),
    ]
    assert parts[2] is not None
    assert [(one.member, one.duty) for one in parts[2].removals] == [("00000099", "stop_using")]
    assert {part.receipt.transfer_id for part in parts if part} == {"tr-0", "tr-1", "tr-2"}
    manifest = client.export_manifest(export)
    assert [part.sha256 for part in manifest.parts] == [part.sha256 for part in parts if part]
    assert (manifest.total, manifest.final) == (5, True)
    client.end_export(export)
    assert peer.exports[EXPORT].state == "confirmed"
    assert client.export_progress(export).over


def test_a_csv_part_is_a_text_with_a_header():
    peer = ExportPeer()
    client = peer.client()
    part = client.export_part(client.export("P4", form="csv", fields=["name"]), 1)
    assert part is not None
    assert (part.csv, part.records) == (f"member,name\r\n00000000,{NAME}0\r\n00000001,{NAME}1\r\n", 2)


def test_a_delta_is_ordered_with_the_last_walks_token():
    peer = ExportPeer(resync=True, members=people(0))
    client = peer.client()
    part = client.export_part(client.export("P4", since="mark-1"), 1)
    assert peer.asked[0]["export"] == {"form": "ndjson", "since": "mark-1"}
    assert part is not None
    assert (part.records, part.of, part.resync) == (0, 1, True)


async def test_the_asynchronous_client_does_the_same():
    peer = ExportPeer(part_size=5)
    client = peer.async_client()
    export = await client.export("P4")
    part = await client.export_part(export, 1)
    assert part is not None
    assert (part.of, (await client.export_progress(export)).taken) == (1, 1)
    assert (await client.export_manifest(export)).total == 5
    await client.end_export(export)
    assert peer.exports[EXPORT].state == "confirmed"


def test_a_part_that_is_not_sealed_yet_is_waited_for_within_the_budget():
    peer = ExportPeer(not_yet=3)
    client = peer.client(retry_budget=2)
    export = client.export("P4")
    assert client.export_part(export, 1) is None
    assert peer.waits == [1, 1]
    assert client.export_part(export, 1) is not None


def test_a_token_that_ends_half_way_is_replaced():
    peer = ExportPeer()
    client = peer.client()
    export = client.export("P4")
    client.export_part(export, 1)
    peer.now += 400
    assert client.export_part(export, 2) is not None
    assert len(peer.tokens) == 2


def test_an_export_that_is_not_there_is_told_as_gone():
    peer = ExportPeer()
    client = peer.client()
    export = client.export("P4")
    client.end_export(export)
    with pytest.raises(ExportGone) as caught:
        client.export_part(export, 1)
    assert caught.value.status == 404
    assert "24" in advice(caught.value, lang="ja")


def test_an_order_that_is_refused_is_refused():
    peer = ExportPeer()
    peer.queued[ORDERS] = [problem("not-permitted", 403), problem("malformed", 400, pointer="/export/since")]
    client = peer.client()
    with pytest.raises(NotPermitted) as denied:
        client.export("P4")
    assert all("members_left" in advice(denied.value, lang=lang) for lang in ("ja", "en"))
    with pytest.raises(Refused) as caught:
        client.export("P4", since="forged")
    assert "--since" in advice(caught.value, lang="en")


@pytest.mark.parametrize("asked", [{"form": "xml"}, {"since": ""}, {"since": "m" * 2_049}])
def test_an_order_that_cannot_be_made_is_not_sent(asked: dict[str, Any]):
    peer = ExportPeer()
    with pytest.raises(UsageError):
        peer.client().export("P4", **asked)
    assert peer.seen == []


@pytest.mark.parametrize("n", [0, -1])
def test_parts_are_counted_from_one(n: int):
    peer = ExportPeer()
    client = peer.client()
    with pytest.raises(UsageError):
        client.export_part(client.export("P4"), n)


@pytest.mark.parametrize(
    "answer",
    [{}, {"export": "../x", "form": "ndjson", "expires": "x"}, {"export": EXPORT, "form": "csv", "expires": "x"}],
)
def test_an_order_that_was_taken_as_something_else_is_refused(answer: dict[str, Any]):
    peer = ExportPeer()
    peer.queued[ORDERS] = [httpx2.Response(202, json=answer)]
    with pytest.raises(AnswerRejected, match="export"):
        peer.client().export("P4")


CODE = "00000000"


@pytest.mark.parametrize(
    ("bent", "check"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "somebody"}, "aud"),
        ({"rqh": b64u(bytes(32))}, "rqh"),
        ({"coop": "coopdeli"}, "coop"),
        ({"purpose": "P12"}, "purpose"),
        ({"agreement": "other"}, "agreement"),
        ({"export": "ex-00000002"}, "export"),
        ({"jti": f"{EXPORT}.2"}, "jti"),
        ({"n": 2}, "n"),
        ({"n": True}, "n"),
        ({"iat": 0}, "iat"),
        ({"iat": 1_800_000_031}, "iat"),
        ({"exp": 1_799_999_000}, "exp"),
        ({"exp": 1_900_000_000}, "exp"),
        ({"of": 3, "since": "m", "removals": []}, "of"),
        ({"since": "m"}, "of"),
        ({"of": 1, "removals": []}, "since"),
        ({"of": 1, "since": "m"}, "page"),
        ({"of": 1, "since": "m", "removals": [{"member": "1", "duty": "forget", "due": "2027-01-01"}]}, "page"),
        ({"of": 1, "since": "m", "removals": [{"member": "1", "duty": "delete", "due": "soon"}]}, "page"),
        ({"terms": None}, "terms"),
        ({"results": None}, "results"),
        ({"csv": "member\r\n"}, "results"),
        ({"results": [{"member": CODE, "data": {"bank_account": "1"}}]}, "results"),
        ({"results": [{"member": CODE, "data": {}}, {"member": CODE, "data": {}}]}, "results"),
        ({"results": [{"member": CODE, "status": "not_available"}]}, "results"),
        ({"results": [{"member": 1, "data": {}}]}, "results"),
    ],
)
def test_a_part_that_is_not_the_part_that_was_fetched_is_refused(bent: dict[str, Any], check: str):
    peer = ExportPeer(bend_part=lambda claims: claims.update(bent))
    client = peer.client()
    export = client.export("P4")
    with pytest.raises(AnswerRejected) as caught:
        client.export_part(export, 1)
    assert caught.value.check == check
    assert CODE not in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        "",
        "name\r\n花子\r\n",
        "member,bank_account\r\n1,2\r\n",
        "member,name,name\r\n1,2,3\r\n",
        "member,name\r\n1\r\n",
        "member,name\r\n1,a\r\n1,b\r\n",
        'member,name\r\n1,"a\r\n',
    ],
)
def test_a_csv_part_that_is_no_such_table_is_refused(table: str):
    peer = ExportPeer(bend_part=lambda claims: claims.update(csv=table))
    client = peer.client()
    with pytest.raises(AnswerRejected) as caught:
        client.export_part(client.export("P4", form="csv"), 1)
    assert caught.value.check == "csv"


def keeping(kept: list[httpx2.Response]) -> Callable[[httpx2.Response], httpx2.Response]:
    """Bend nothing, and keep the answer to give it in another place."""

    def bend(response: httpx2.Response) -> httpx2.Response:
        kept.append(response)
        return response

    return bend


def test_swapped_parts_of_one_export_are_refused():
    peer = ExportPeer()
    client = peer.client()
    export = client.export("P4")
    kept: list[httpx2.Response] = []
    peer.bend_response = keeping(kept)
    client.export_part(export, 2)
    peer.queued[PART] = kept
    with pytest.raises(AnswerRejected) as caught:
        client.export_part(export, 1)
    assert caught.value.check == "jti"


def test_a_part_of_an_earlier_export_is_refused():
    peer = ExportPeer()
    client = peer.client()
    first, second = client.export("P4"), client.export("P4")
    kept: list[httpx2.Response] = []
    peer.bend_response = keeping(kept)
    client.export_part(first, 2)
    peer.queued[f"/v1/exports/{second.id}/parts/2"] = kept
    with pytest.raises(AnswerRejected) as caught:
        client.export_part(second, 2)
    assert caught.value.check == "rqh"


@pytest.mark.parametrize(
    ("bend", "check"),
    [
        (lambda response: httpx2.Response(200, headers=response.headers, content=response.content[:-9]), "jwe"),
        (lambda response: httpx2.Response(200, headers=response.headers, content=response.content[:99]), "jwe"),
        (
            lambda response: httpx2.Response(200, headers={"Content-Type": "text/csv"}, content=b"member"),
            "content-type",
        ),
        (lambda response: httpx2.Response(200, headers={"Content-Type": "application/jwt"}, content=b"a"), "receipt"),
    ],
)
def test_a_truncated_or_open_body_is_refused(bend: Any, check: str):
    peer = ExportPeer(bend_response=bend)
    client = peer.client()
    with pytest.raises(AnswerRejected) as caught:
        client.export_part(client.export("P4"), 1)
    assert caught.value.check == check


@pytest.mark.parametrize(
    ("bent", "check"),
    [
        ({"rqh": b64u(bytes(32))}, "receipt-rqh"),
        ({"body": b64u(bytes(32))}, "receipt-body"),
        ({"aud": "somebody"}, "receipt-aud"),
        ({"jti": None}, "receipt-jti"),
        ({"iat": 1_799_999_900}, "receipt-iat"),
    ],
)
def test_a_part_without_its_receipt_is_refused(bent: dict[str, Any], check: str):
    peer = ExportPeer(bend_receipt=lambda receipt: receipt.update(bent))
    client = peer.client()
    with pytest.raises(AnswerRejected) as caught:
        client.export_part(client.export("P4"), 1)
    assert caught.value.check == check


def test_a_part_by_a_key_that_is_not_published_is_refused():
    peer = ExportPeer()
    client = peer.client()
    export = client.export("P4")
    peer.signer = OTHER_GATEWAY_KEY
    with pytest.raises(AnswerRejected) as caught:
        client.export_part(export, 1)
    assert caught.value.check == "kid"


PARTS = [{"n": 1, "sha256": b64u(bytes(32)), "bytes": 9, "records": 2}]


@pytest.mark.parametrize(
    ("bent", "check"),
    [
        ({"iss": "https://other.example"}, "manifest-iss"),
        ({"aud": "somebody"}, "manifest-aud"),
        ({"jti": "ex-00000002"}, "manifest-jti"),
        ({"rqh": b64u(bytes(32))}, "manifest-rqh"),
        ({"purpose": "P12"}, "manifest-purpose"),
        ({"form": "csv"}, "manifest-form"),
        ({"iat": 0}, "manifest-iat"),
        ({"total": 3}, "manifest-total"),
        ({"total": None}, "manifest-total"),
        ({"final": "yes"}, "manifest-parts"),
        ({"parts": None}, "manifest-parts"),
        ({"parts": [PARTS[0] | {"n": 2}], "total": 2}, "manifest-parts"),
        ({"parts": [PARTS[0] | {"sha256": "AA"}], "total": 2}, "manifest-parts"),
        ({"parts": [PARTS[0] | {"records": -2}], "total": -2}, "manifest-parts"),
        ({"parts": [PARTS[0] | {"more": 1}], "total": 2}, "manifest-parts"),
    ],
)
def test_a_manifest_that_is_not_of_this_export_is_refused(bent: dict[str, Any], check: str):
    peer = ExportPeer(bend_manifest=lambda claims: claims.update(bent))
    client = peer.client()
    export = client.export("P4")
    client.export_part(export, 1)
    with pytest.raises(AnswerRejected) as caught:
        client.export_manifest(export)
    assert caught.value.check == check


def test_a_manifest_of_another_type_is_refused():
    peer = ExportPeer(bend_manifest_header=lambda header: header.update(typ="transfer-receipt+jwt"))
    client = peer.client()
    with pytest.raises(AnswerRejected) as caught:
        client.export_manifest(client.export("P4"))
    assert caught.value.check == "manifest-header"


def test_nothing_of_a_member_prints_itself():
    peer = ExportPeer()
    client = peer.client()
    export = client.export("P4")
    part = client.export_part(export, 1)
    assert NAME not in f"{part!r} {export!r} {client.export_manifest(export)!r}"
