"""The client believes a proof only if entry, receipt, log key and path all agree; made here with the gateway's own code."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import httpx2
import msgspec
import pytest

from gateway.client import AnswerRejected, LogProof, Receipt, UsageError
from gateway.client.log_proof import accept, log_key
from gateway.jose import rfc4648
from gateway.tlog.checkpoint import Checkpoint, sign
from gateway.tlog.merkle import inclusion_proof, leaf_hash, root_of
from gateway.tlog.proof import Proof, encode
from tests.tlog.exported_log import ENTRIES, ORIGIN, SIGNER, make_signer

LEAVES = [leaf_hash(entry) for entry in ENTRIES[:70]]
VKEY = SIGNER.key.encode()


def receipt(index: int, **changes: Any) -> Receipt:
    values = {
        "jws": "",
        "transfer_id": "t",
        "origin": ORIGIN,
        "index": index,
        "leaf_hash": LEAVES[index],
        "issued_at": datetime.fromtimestamp(0, UTC),
        "request_hash": b"",
        "body": b"",
    }
    return Receipt(**{**values, **changes})


def note(size: int, *signers: Any, origin: str = ORIGIN) -> bytes:
    return sign(Checkpoint(origin, size, root_of(LEAVES[:size])), signers or [SIGNER])


def answer(index: int, size: int, /, **changes: Any) -> httpx2.Response:
    hashes = tuple(inclusion_proof(index, size, LEAVES.__getitem__))
    proof = Proof(index=index, hashes=hashes, checkpoint=note(size))
    document = {"proof": encode(msgspec.structs.replace(proof, **changes)), "entry": rfc4648.encode(ENTRIES[index])}
    return httpx2.Response(200, content=msgspec.json.encode(document))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 64, 65, 70])
def test_every_entry_of_a_log_is_proved(size: int) -> None:
    for index in range(size):
        proved = accept(answer(index, size), receipt=receipt(index), key=log_key(VKEY))
        assert (proved.index, proved.size, proved.entry) == (index, size, ENTRIES[index])


def test_witnesses_signatures_are_left_aside() -> None:
    witnessed = note(70, make_signer(7, "witness.example"), SIGNER)
    assert accept(answer(5, 70, checkpoint=witnessed), receipt=receipt(5), key=log_key(VKEY)).size == 70


@pytest.mark.parametrize("line", ["w é", "w AAA", "é AAAA", "w", f"{ORIGIN} é"])
def test_a_signature_line_that_is_none_is_left_aside(line: str) -> None:
    text, _, lines = note(70).decode().partition("\n\n")
    strange = f"{text}\n\n\u2014 {line}\n{lines}".encode()
    assert accept(answer(5, 70, checkpoint=strange), receipt=receipt(5), key=log_key(VKEY)).size == 70


def check(response: httpx2.Response, vkey: str = VKEY, **changes: Any) -> str:
    with pytest.raises(AnswerRejected) as rejected:
        accept(response, receipt=receipt(5, **changes), key=log_key(vkey))
    return rejected.value.check


HASHES = tuple(inclusion_proof(5, 70, LEAVES.__getitem__))


@pytest.mark.parametrize(
    "hashes", [HASHES[1:], HASHES[:-1], HASHES[::-1], (*HASHES, LEAVES[0]), (), (LEAVES[0], *HASHES[1:])]
)
def test_another_path_is_rejected(hashes: tuple[bytes, ...]) -> None:
    assert check(answer(5, 70, hashes=hashes)) == "proof-path"


def test_another_entry_or_place_than_the_receipts_is_rejected() -> None:
    assert check(answer(6, 70)) == "proof-leaf_hash"
    assert check(answer(5, 70), leaf_hash=LEAVES[6]) == "proof-leaf_hash"
    assert check(answer(5, 70, index=6)) == "proof-index"


def test_another_checkpoint_is_rejected() -> None:
    assert check(answer(5, 70, checkpoint=note(69))) == "proof-path"
    assert check(answer(5, 70, checkpoint=note(5))) == "proof-path"
    assert check(answer(5, 70, checkpoint=note(70, make_signer(9)))) == "proof-signature"
    assert check(answer(5, 70, checkpoint=note(70).replace(b"\n70\n", b"\n71\n"))) == "proof-signature"
    elsewhere = make_signer(1, "gateway.example/coopdeli")
    other = note(70, elsewhere, origin="gateway.example/coopdeli")
    assert check(answer(5, 70, checkpoint=other)) == "proof-checkpoint"
    assert check(answer(5, 70), vkey=elsewhere.key.encode()) == "proof-checkpoint"
    assert check(answer(5, 70), origin="gateway.example/coopdeli") == "proof-checkpoint"
    assert check(answer(5, 70, checkpoint=b"x\n")) == "proof-checkpoint"


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"proof":1,"entry":"AA"}', b'{"proof":"x","entry":"AA"}', b'{"proof":"x","entry":"A="}'],
)
def test_what_is_no_proof_is_rejected(content: bytes) -> None:
    assert check(httpx2.Response(200, content=content)) == "proof"


@pytest.mark.parametrize(
    "vkey", ["", "x", VKEY.replace("+", " "), "other" + VKEY, f"a+{'0' * 8}+{b64encode(bytes(33)).decode()}"]
)
def test_what_is_no_key_of_a_log_is_refused(vkey: str) -> None:
    with pytest.raises(UsageError):
        log_key(vkey)


def test_it_prints_no_entry() -> None:
    assert repr(LogProof("text", b"entry", 5, 70)) == "<LogProof of entry 5 among 70>"
