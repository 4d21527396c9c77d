"""A verifier that nobody here wrote accepts what we export, and we what it exports; neither accepts what was altered."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import PlainEd25519Signer, Vkey
from tlog_scales.tlog import ConsistencyProof, InclusionProof, InclusionProofInvalid
from tlog_scales.writer import TilesWriter

from gateway.tlog.checkpoint import open_ours
from gateway.tlog.hash_tiles import range_hash
from gateway.tlog.merkle import consistency_ranges, inclusion_ranges, leaf_hash, root_of
from gateway.tlog.tiles import bundle_path
from tests.tlog.exported_log import ORIGIN, SIGNER, START, check, export, release

ENTRIES = [*START, *(release(number) for number in range(2, 700))]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def written(folder: Path, files: dict[str, bytes]) -> TilesReader:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    reader = TilesReader(LocalBackend(folder))
    reader.set_size(reader.get_checkpoint().size)
    return reader


def theirs(folder: Path, *steps: int) -> dict[str, bytes]:
    """Let the other implementation write the log in as many commits."""
    writer = TilesWriter.create(folder, ORIGIN)
    first = 0
    for count in steps:
        for entry in ENTRIES[first : first + count]:
            writer.add_leaf(entry)
        first += count
        writer.commit([PlainEd25519Signer(ORIGIN, bytes([1]) * 32)])
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 700])
def test_it_accepts_our_checkpoint_tiles_and_entries(size, tmp_path):
    reader = written(tmp_path, export(ENTRIES[:size]))
    head = reader.get_checkpoint()
    head.verify(Vkey.from_string(SIGNER.key.encode()))
    assert (head.origin, head.size) == (ORIGIN, size)
    assert reader.calculate_root_hash() == head.root_hash
    for index in {0, size // 2, size - 1}:
        assert reader.get_entry(index) == ENTRIES[index]
        reader.get_inclusion_proof(index, size).check(LEAVES[index], head.root_hash)
    for old in {1, size // 2 + 1, size}:
        reader.get_consistency_proof(old, size).check(root_of(LEAVES[:old]), head.root_hash)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700])
def test_it_accepts_our_proofs(size):
    files = export(ENTRIES[:size])
    root = root_of(LEAVES[:size])
    for index in range(0, size, 97):
        proof = [range_hash(files.get, *part, size=size) for part in inclusion_ranges(index, size)]
        InclusionProof(index, size, proof).check(LEAVES[index], root)
    for old in range(1, size + 1, 61):
        proof = [range_hash(files.get, *part, size=size) for part in consistency_ranges(old, size)]
        ConsistencyProof(old, size, proof).check(root_of(LEAVES[:old]), root)


@pytest.mark.parametrize("steps", [(1,), (256,), (100, 200, 300, 100)])
def test_we_accept_its_log_and_write_the_same_files(steps, tmp_path):
    files = theirs(tmp_path / "log", *steps)
    assert check(files).ok
    ours = export(ENTRIES[: sum(steps)])
    assert ours.items() <= files.items()
    assert all(".p/" in path for path in files.keys() - ours.keys())  # those of the commits before


def test_neither_accepts_a_changed_tile(tmp_path):
    files = export(ENTRIES)
    tile = bytearray(files["tile/0/001"])
    tile[7 * 32] ^= 1
    files["tile/0/001"] = bytes(tile)
    assert not check(files).ok
    reader = written(tmp_path, files)
    proof = reader.get_inclusion_proof(256 + 6, 700)
    with pytest.raises(InclusionProofInvalid):
        proof.check(LEAVES[256 + 6], reader.get_checkpoint().root_hash)


def test_neither_accepts_a_changed_entry(tmp_path):
    files = export(ENTRIES)
    path = bundle_path(0)
    files[path] = files[path].replace(b"t-000003", b"t-000004")
    assert not check(files).ok
    reader = written(tmp_path, files)
    with pytest.raises(InclusionProofInvalid):
        reader.get_inclusion_proof(3, 700).check(leaf_hash(reader.get_entry(3)), reader.get_checkpoint().root_hash)


def test_neither_accepts_a_changed_checkpoint(tmp_path):
    files = export(ENTRIES)
    files["checkpoint"] = files["checkpoint"].replace(b"\n700\n", b"\n600\n")
    assert not check(files).ok
    with pytest.raises(InvalidSignature):
        written(tmp_path, files).get_checkpoint().verify(Vkey.from_string(SIGNER.key.encode()))


def test_both_sign_the_same_checkpoint(tmp_path):
    files = theirs(tmp_path / "log", 3)
    assert open_ours(files["checkpoint"], [SIGNER.key], origin=ORIGIN).root == root_of(LEAVES[:3])
