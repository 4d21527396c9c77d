"""C2SP tlog-proof: the published texts are read and written, and an altered one proves nothing."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.tlog.checkpoint import OtherOrigin
from gateway.tlog.cosignature import Quorum
from gateway.tlog.merkle import leaf_hash, root_of, verify_consistency
from gateway.tlog.note import BadSignature, MalformedNote, NoKnownSignature
from gateway.tlog.proof import (
    NotIncluded,
    Proof,
    QuorumMissing,
    encode,
    encode_hashes,
    parse,
    parse_hashes,
    verify_proof,
)
from gateway.tlog.proving import consistency, inclusion
from tests.tlog.exported_log import ENTRIES, LOG, ORIGIN, SIGNER, export, flipped, make_signer, signed_head, without
from tests.tlog.test_merkle import CT_INCLUSION, CT_LEAVES
from tests.tlog.witnesses import NOON, witness

# The example of the specification; its base64 of `extra` and its signatures are shortened there and left out here.
SPEC = """\
c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

"""
# As the Go implementation of the format (transparency-dev/formats) writes them in its tests.
HASH_1 = "rzFuy5Go7nrpkhBwKy1HWPMM3eO/YePY54fXRoH5Cm4="  # SHA-256 of "hash1", and of "hash2"
HASH_2 = "5784L25ZFbP4hhm4ZiI+vx1RxMUyHMzeLp/3AKMlkIY="
GO = f"c2sp.org/tlog-proof@v1\nindex 5\n{HASH_1}\n{HASH_2}\n\ntest checkpoint\n"
GO_EXTRA = f"c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{HASH_1}\n\ncheckpoint data\n"
GO_EMPTY = "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n"


def proved(index: int, size: int = len(ENTRIES)) -> Proof:
    files = LOG if size == len(ENTRIES) else export(ENTRIES[:size])
    return Proof(index=index, hashes=inclusion(files.get, index, size), checkpoint=files["checkpoint"])


def test_the_example_of_the_specification_is_read_and_written_back():
    proof = parse(SPEC)
    assert (proof.index, len(proof.hashes), proof.extra) == (73894, 5, b"")
    assert proof.hashes[0].hex().startswith("8122b25e8619")
    assert proof.checkpoint.startswith(b"example.com/fancylog\n109482\n")
    assert encode(proof) == SPEC


def test_the_vectors_of_the_go_implementation():
    hashes = tuple(sha256(each).digest() for each in (b"hash1", b"hash2"))
    for text, proof in {
        GO: Proof(index=5, hashes=hashes, checkpoint=b"test checkpoint\n"),
        GO_EXTRA: Proof(index=10, hashes=hashes[:1], checkpoint=b"checkpoint data\n", extra=b"extra information"),
        GO_EMPTY: Proof(index=0, hashes=(), checkpoint=b"checkpoint\n"),
    }.items():
        assert parse(text) == proof
        assert encode(proof) == text


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=50),
    st.text(max_size=50),
)
def test_what_is_written_reads_back(index, hashes, extra, checkpoint):
    proof = Proof(index=index, hashes=tuple(hashes), extra=extra, checkpoint=checkpoint.encode())
    assert parse(encode(proof)) == proof
    assert parse_hashes(encode_hashes(hashes)) == tuple(hashes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        SPEC.replace("@v1", "@v2"),
        " " + SPEC,
        SPEC.replace("\n", "\r\n"),
        SPEC.split("\n\n", maxsplit=1)[0] + "\n",
        SPEC.replace("index 73894\n", ""),
        SPEC.replace("index 73894", "index"),
        SPEC.replace("index 73894", "index  73894"),
        SPEC.replace("index 73894", "index 073894"),
        SPEC.replace("index 73894", "index -5"),
        SPEC.replace("index 73894", "index +5"),
        SPEC.replace("index 73894", "index 73894 "),
        SPEC.replace("index 73894", "index ７"),
        SPEC.replace("index 73894", f"index {2**63}"),
        SPEC.replace("index 73894", "index 73894\nindex 73894"),
        SPEC.replace("index 73894", "index 73894\nextra YQ=="),
        SPEC.replace("index 73894", "extra !!\nindex 73894"),
        SPEC.replace("index 73894", "extra YQ==\nextra YQ==\nindex 73894"),
        SPEC.replace("index 73894", "Index 73894"),
        SPEC.replace("PlQ=", "PlR="),
        SPEC.replace("PlQ=", "PlQ"),
        SPEC.replace("PlQ=", "PlQ= "),
        SPEC.replace("gSKyXoYZUgZ6", ""),
        SPEC.replace("+", "-"),
        "c2sp.org/tlog-proof@v1\nindex 0\n" + 64 * f"{HASH_1}\n" + "\ncheckpoint\n",
    ],
)
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


def test_what_could_not_be_read_back_is_not_made_a_proof():
    for parts in ({"index": -1}, {"index": 2**63}, {"hashes": (b"short",)}, {"hashes": (bytes(32),) * 64}):
        with pytest.raises(ValueError):
            replace(proved(0), **parts)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 600), (255, 600), (256, 600), (599, 600), (300, 301)])
def test_a_proof_out_of_the_tiles_shows_the_entry(index, size):
    proof = parse(encode(proved(index, size)))
    head = verify_proof(proof, ENTRIES[index], known=[SIGNER.key], origin=ORIGIN)
    assert (head.size, head.root) == (size, root_of(map(leaf_hash, ENTRIES[:size])))


def test_the_published_paths_of_certificate_transparency_come_out_of_tiles():
    tile = b"".join(CT_LEAVES)
    for (index, size), path in CT_INCLUSION.items():
        assert list(inclusion({f"tile/0/000.p/{size}": tile[: 32 * size]}.get, index, size)) == path


@pytest.mark.parametrize(
    ("error", "altered", "entry"),
    [
        (NotIncluded, {}, ENTRIES[8]),
        (NotIncluded, {}, ENTRIES[7] + b" "),
        (NotIncluded, {"index": 8}, ENTRIES[7]),
        (NotIncluded, {"index": 600}, ENTRIES[7]),
        (NotIncluded, {"index": 2**63 - 1}, ENTRIES[7]),
        (NotIncluded, {"hashes": proved(7).hashes[:-1]}, ENTRIES[7]),
        (NotIncluded, {"hashes": (*proved(7).hashes, bytes(32))}, ENTRIES[7]),
        (NotIncluded, {"hashes": proved(7).hashes[::-1]}, ENTRIES[7]),
        (NotIncluded, {"checkpoint": signed_head(ENTRIES[:599])}, ENTRIES[7]),
        (BadSignature, {"checkpoint": LOG["checkpoint"].replace(b"\n600\n", b"\n601\n")}, ENTRIES[7]),
        (NoKnownSignature, {"checkpoint": signed_head(ENTRIES, signer=make_signer(2))}, ENTRIES[7]),
        (OtherOrigin, {"checkpoint": signed_head(ENTRIES, origin="gateway.example/other")}, ENTRIES[7]),
        (MalformedNote, {"checkpoint": b"checkpoint\n"}, ENTRIES[7]),
    ],
)
def test_an_altered_proof_is_refused_by_what_is_wrong_with_it(error, altered, entry):
    with pytest.raises(error):
        verify_proof(replace(proved(7), **altered), entry, known=[SIGNER.key], origin=ORIGIN)


def test_cosignatures_travel_with_the_proof_and_a_quorum_can_be_asked_for():
    one, two, three = (witness(number) for number in (1, 2, 3))
    text = LOG["checkpoint"].decode().split("\n\n")[0] + "\n"
    cosigned = LOG["checkpoint"] + (one.cosign(text, at=NOON) + two.cosign(text, at=NOON)).encode()
    proof = parse(encode(replace(proved(7), checkpoint=cosigned)))
    assert proof.checkpoint == cosigned
    keys = (one.key, two.key, three.key)
    ask: dict[str, Any] = {"known": [SIGNER.key], "origin": ORIGIN}
    assert verify_proof(proof, ENTRIES[7], quorum=Quorum(keys, 2), **ask).size == 600
    with pytest.raises(QuorumMissing):
        verify_proof(proof, ENTRIES[7], quorum=Quorum(keys, 3), **ask)
    with pytest.raises(QuorumMissing):
        verify_proof(proved(7), ENTRIES[7], quorum=Quorum(keys, 1), **ask)


@pytest.mark.parametrize(("old", "new"), [(0, 600), (1, 600), (256, 600), (300, 599), (512, 513), (600, 600)])
def test_growth_is_proved_out_of_the_tiles(old, new):
    leaves = [leaf_hash(entry) for entry in ENTRIES]
    proof = parse_hashes(encode_hashes(consistency(export(ENTRIES[:new]).get, old, new)))
    roots = {"old_root": root_of(leaves[:old]), "new_root": root_of(leaves[:new])}
    assert verify_consistency(proof, old=old, new=new, **roots)


@pytest.mark.parametrize(("index", "size"), [(-1, 600), (600, 600), (0, 0), (0, 1000)])
def test_what_is_not_in_the_log_is_not_proved(index, size):
    with pytest.raises(ValueError):
        inclusion(LOG.get, index, size)


def test_growth_backwards_or_past_the_end_is_not_proved():
    for old, new in ((2, 1), (-1, 1), (600, 1000)):
        with pytest.raises(ValueError):
            consistency(LOG.get, old, new)


def test_nothing_is_proved_from_a_missing_tile_nor_shown_by_an_altered_one():
    with pytest.raises(ValueError, match="missing"):
        inclusion(without("tile/0/000").get, 7, 600)
    forged = replace(proved(7), hashes=inclusion(flipped("tile/0/000", 8 * 32).get, 7, 600))
    with pytest.raises(NotIncluded):
        verify_proof(forged, ENTRIES[7], known=[SIGNER.key], origin=ORIGIN)


def test_a_proof_reads_each_tile_once():
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return LOG.get(path)

    inclusion(read, 7, 600)
    assert len(asked) == len(set(asked)) <= 4


@pytest.mark.parametrize("text", ["b25l\n", f"{HASH_1}", f"{HASH_1}\n\n", f"\n{HASH_1}\n", f"{HASH_1}\r\n", "a\n"])
def test_what_is_no_list_of_hashes_is_refused(text):
    with pytest.raises(ValueError):
        parse_hashes(text)
