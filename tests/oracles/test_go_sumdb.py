"""Go's verifier of its checksum database, which nobody here wrote, accepts our logs; neither it nor ours an altered one."""

from pathlib import Path
from typing import Any

import pytest

from gateway.tlog.cosignature import Quorum
from gateway.tlog.proof import SUFFIX, Proof, encode
from gateway.tlog.proving import inclusion
from gateway.tlog.tiles import bundle_path, encode_bundle
from tests.oracles.conftest import Sumdb
from tests.tlog.exported_log import (
    ORIGIN,
    SIGNER,
    START,
    bundles,
    check,
    export,
    make_signer,
    release,
    signed_head,
    write,
)
from tests.tlog.witnesses import NOON, witness

ENTRIES = [*START, *(release(number) for number in range(2, 700))]
LOG = export(ENTRIES)
VKEY = SIGNER.key.encode()
FORK = [*ENTRIES[:400], release(1_000_400), *ENTRIES[401:]]


def flipped(path: str, at: int) -> dict[str, bytes]:
    data = bytearray(LOG[path])
    data[at] ^= 1
    return {**LOG, path: bytes(data)}


def without(path: str) -> dict[str, bytes]:
    return {each: data for each, data in LOG.items() if each != path}


ALTERED: dict[str, tuple[str, dict[str, bytes]]] = {
    "a byte of a full tile": ("tiles", flipped("tile/0/001", 7 * 32)),
    "a byte of the tile at the right edge": ("tiles", flipped("tile/0/002.p/188", 5)),
    "a byte of a higher tile": ("tiles", flipped("tile/1/000.p/2", 40)),
    "a tile cut short": ("tiles", {**LOG, "tile/0/001": LOG["tile/0/001"][:-32]}),
    "a tile missing": ("tiles", without("tile/0/000")),
    "an entry and its hash in the tile": ("entries", {**export(FORK), "checkpoint": LOG["checkpoint"]}),
    "a byte of an entry": ("entries", flipped(bundle_path(1), 300)),
    "a byte of a length": ("entries", flipped(bundle_path(0), 1)),
    "a bundle missing": ("entries", without(bundle_path(1))),
    "a bundle cut short": ("entries", {**LOG, bundle_path(0): LOG[bundle_path(0)][:-1]}),
    "an entry left out": ("entries", {**LOG, **bundles([*ENTRIES[:9], *ENTRIES[10:], ENTRIES[-1]])}),
    "two entries in each other's place": (
        "entries",
        {**LOG, **bundles([*ENTRIES[:9], *ENTRIES[10:8:-1], *ENTRIES[11:]])},
    ),
    "an entry of another log": ("entries", {**LOG, bundle_path(0): encode_bundle([*ENTRIES[:255], release(9_999)])}),
    "another root, signed": ("entries", {**LOG, "checkpoint": signed_head(FORK)}),
    "another root, not signed": (
        "checkpoint",
        {**LOG, "checkpoint": LOG["checkpoint"].replace(b"\n700\n", b"\n699\n")},
    ),
    "another size, signed": ("entries", {**LOG, "checkpoint": signed_head(ENTRIES[:699])}),
    "the key of somebody else": ("checkpoint", {**LOG, "checkpoint": signed_head(ENTRIES, signer=make_signer(2))}),
    "the checkpoint of another log": ("checkpoint", {**LOG, "checkpoint": signed_head(ENTRIES, origin="gw/other")}),
    "no checkpoint": ("open", without("checkpoint")),
}


@pytest.mark.parametrize("size", [3, 255, 256, 257, 512, 513, 700])
def test_go_accepts_our_checkpoint_tiles_entries_and_what_they_prove(size, sumdb: Sumdb, tmp_path: Path):
    files = export(ENTRIES[:size])
    assert check(files).ok
    folder = write(tmp_path / "log", files)
    for old in {1, 2, size // 2 + 1, size}:
        (tmp_path / "since").write_bytes(signed_head(ENTRIES[:old]))
        assert sumdb.log(folder, VKEY, 0, size // 2, size - 1, since=tmp_path / "since") == ""


@pytest.mark.parametrize("what", ALTERED)
def test_neither_go_nor_we_accept(what, sumdb: Sumdb, tmp_path: Path):
    step, files = ALTERED[what]
    assert sumdb.log(write(tmp_path / "log", files), VKEY).startswith(step)
    assert not check(files).ok


def test_go_refuses_a_key_that_did_not_sign(sumdb: Sumdb, tmp_path: Path):
    told = sumdb.log(write(tmp_path / "log", LOG), make_signer(2).key.encode())
    assert told.startswith("checkpoint")


def test_neither_accepts_a_fork_of_what_was_signed_before(sumdb: Sumdb, tmp_path: Path):
    forked = export(FORK)
    folder = write(tmp_path / "log", forked)
    for old in (400, 401, 700):
        since = signed_head(ENTRIES[:old])
        (tmp_path / "since").write_bytes(since)
        accepted = old == 400
        assert (sumdb.log(folder, VKEY, since=tmp_path / "since") == "") is accepted
        assert check(forked, since=since).ok is accepted


def test_neither_accepts_a_log_that_was_longer(sumdb: Sumdb, tmp_path: Path):
    folder = write(tmp_path / "log", export(ENTRIES[:600]))
    (tmp_path / "since").write_bytes(LOG["checkpoint"])
    assert sumdb.log(folder, VKEY, since=tmp_path / "since").startswith("consistency")
    assert not check(export(ENTRIES[:600]), since=LOG["checkpoint"]).ok


def test_go_names_an_entry_that_is_not_there(sumdb: Sumdb, tmp_path: Path):
    assert sumdb.log(write(tmp_path / "log", LOG), VKEY, 699, 700).startswith("index")


def test_go_reads_a_checkpoint_that_witnesses_cosigned(sumdb: Sumdb, tmp_path: Path):
    one, two = witness(1), witness(2)
    text = LOG["checkpoint"].decode().split("\n\n", maxsplit=1)[0] + "\n"
    cosigned = LOG["checkpoint"] + (one.cosign(text, at=NOON) + two.cosign(text, at=NOON)).encode()
    assert sumdb.log(write(tmp_path / "log", {**LOG, "checkpoint": cosigned}), VKEY) == ""
    assert check({**LOG, "checkpoint": cosigned}, quorum=Quorum((one.key, two.key), 2)).ok


@pytest.mark.parametrize("index", [0, 255, 256, 699])
def test_go_accepts_our_proof_of_one_entry_and_no_other(index, sumdb: Sumdb, tmp_path: Path):
    def told(entry: bytes = ENTRIES[index], **parts: Any) -> str:
        made = {"index": index, "hashes": inclusion(LOG.get, index, 700), "checkpoint": LOG["checkpoint"], **parts}
        file = tmp_path / f"one{SUFFIX}"
        file.write_text(encode(Proof(**made)))
        (tmp_path / "entry").write_bytes(entry)
        return sumdb.proof(file, VKEY, tmp_path / "entry")

    assert told() == ""
    assert told(entry=ENTRIES[index] + b" ").startswith("inclusion")
    assert told(index=(index + 1) % 700).startswith("inclusion")
    assert told(index=700).startswith("inclusion")
    assert told(hashes=inclusion(LOG.get, index, 700)[:-1]).startswith("inclusion")
    assert told(checkpoint=signed_head(FORK)).startswith("inclusion")
    assert told(checkpoint=signed_head(ENTRIES, signer=make_signer(3))).startswith("checkpoint")
    assert ORIGIN in VKEY
