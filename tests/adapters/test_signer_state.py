"""What was last signed, outside the database: one root for a size, each checkpoint the continuation of the one before."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.adapters.anchors.signer_state import RememberingSigner
from gateway.ports import Unpublishable
from gateway.tlog.checkpoint import Checkpoint, sign, stated
from gateway.tlog.merkle import consistency_proof, leaf_hash, root_of
from tests.tlog.exported_log import ORIGIN, SIGNER, make_signer

LEAVES = [leaf_hash(b"%d" % n) for n in range(100)]
OTHERS = [*LEAVES[:20], *(leaf_hash(b"other %d" % n) for n in range(80))]


@pytest.fixture
def signer(tmp_path: Path) -> RememberingSigner:
    return RememberingSigner(SIGNER, tmp_path / "keys" / "state")


def at(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root_of(leaves[:size]))


def proof(old: int, new: int, leaves: list[bytes] = LEAVES) -> list[bytes]:
    return consistency_proof(old, new, leaves.__getitem__)


def signed(signer: RememberingSigner, *sizes: int) -> bytes:
    """Sign one size after another; return the last note."""
    for size in sizes:
        last = signer.last()
        grown = proof(stated(last.decode()).size, size) if last else []
        assert signer.sign(at(size), grown, since=last) is not None
    note = signer.last()
    assert note is not None
    return note


def refusal(signer: RememberingSigner, checkpoint: Checkpoint, grown: list[bytes]) -> str:
    """Ask for a signature that is refused; return the code."""
    before = signer.last()
    with pytest.raises(Unpublishable) as refused:
        signer.sign(checkpoint, grown, since=before)
    assert signer.last() == before, "what was last signed stays"
    return refused.value.code


def test_what_was_signed_is_remembered_by_whoever_comes_next(signer: RememberingSigner, tmp_path: Path) -> None:
    assert signer.last() is None
    note = signed(signer, 0, 1, 7, 7, 64)
    assert RememberingSigner(SIGNER, tmp_path / "keys" / "state").last() == note == sign(at(64), [SIGNER])
    assert signer.path.parent.stat().st_mode & 0o077 == 0


def test_each_log_has_a_state_of_its_own(signer: RememberingSigner) -> None:
    signed(signer, 64)
    other = RememberingSigner(make_signer(2, "gateway.example/coopdeli"), signer.path.parent)
    assert other.last() is None
    assert other.path.parent == signer.path.parent


def test_a_smaller_log_is_refused(signer: RememberingSigner) -> None:
    signed(signer, 64)
    for size in (0, 63):
        assert refusal(signer, at(size), proof(size, 64)) == "shrunk"


def test_another_root_for_the_same_size_is_refused(signer: RememberingSigner) -> None:
    signed(signer, 64)
    assert refusal(signer, at(64, OTHERS), []) == "forked"


@pytest.mark.parametrize("grown", [proof(64, 90, OTHERS), proof(64, 90), proof(63, 90), [], [b"", b"x" * 32]])
def test_a_log_that_does_not_begin_with_what_was_signed_is_refused(
    signer: RememberingSigner, grown: list[bytes]
) -> None:
    signed(signer, 64)
    assert refusal(signer, at(90, OTHERS), grown) == "forked"


def test_growth_without_its_proof_is_refused(signer: RememberingSigner) -> None:
    signed(signer, 64)
    assert refusal(signer, at(90), []) == "forked"
    assert refusal(signer, at(90), proof(63, 90)) == "forked"


def test_a_first_signature_is_not_made_over_an_earlier_one(signer: RememberingSigner) -> None:
    signed(signer, 64)
    assert signer.sign(at(90, OTHERS), [], since=None) is None
    assert signer.sign(at(90), proof(7, 90), since=sign(at(7), [SIGNER])) is None


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"\xff",
        at(64).text().encode(),
        sign(at(64), [make_signer(9)]),
        sign(Checkpoint("gateway.example/coopdeli", 64, LEAVES[0]), [SIGNER]),
        sign(at(64), [SIGNER]).replace(b"\n64\n", b"\n6\n"),
        sign(at(64), [SIGNER])[:-5],
    ],
)
def test_a_state_that_cannot_be_believed_stops_the_signer(signer: RememberingSigner, written: bytes) -> None:
    signed(signer, 64)
    signer.path.write_bytes(written)
    for ask in (signer.last, lambda: signer.sign(at(90), proof(64, 90), since=sign(at(64), [SIGNER]))):
        with pytest.raises(Unpublishable, match="auditor") as refused:
            ask()
        assert refused.value.code == "state-unreadable"
        assert not refused.value.rewritten, "nobody knows yet that the database is at fault"


def test_a_checkpoint_from_elsewhere_mends_a_lost_state(signer: RememberingSigner) -> None:
    signed(signer, 64)
    signer.path.unlink()
    witnessed = sign(at(40), [make_signer(7, "witness.example"), SIGNER])
    signer.path.write_bytes(witnessed)
    assert refusal(signer, at(39), []) == "shrunk"
    signed(signer, 64, 90)


def test_a_state_that_cannot_be_written_stops_the_signer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    signer = RememberingSigner(SIGNER, tmp_path / "file" / "state")
    with pytest.raises(Unpublishable, match="nothing was signed") as refused:
        signer.sign(at(1), [], since=None)
    assert refused.value.code == "state-unwritable"


def test_a_crash_while_writing_leaves_the_old_state(signer: RememberingSigner) -> None:
    note = signed(signer, 64)
    signer.path.with_suffix(".new").write_bytes(b"half")
    assert signer.last() == note
    signed(signer, 90)


def test_of_many_at_once_one_signs(signer: RememberingSigner) -> None:
    """Every thread would sign a root of its own for the same size."""
    last = signed(signer, 20)
    logs = [[*LEAVES[:20], leaf_hash(b"mine %d" % n)] for n in range(40)]

    def race(leaves: list[bytes]) -> bytes | None:
        own = RememberingSigner(SIGNER, signer.path.parent)
        return own.sign(at(21, leaves), proof(20, 21, leaves), since=last)

    with ThreadPoolExecutor(16) as pool:
        notes = [note for note in pool.map(race, logs) if note is not None]
    assert notes == [signer.last()]


RACE = """
import sys
from pathlib import Path
from gateway.adapters.anchors.signer_state import RememberingSigner
from gateway.ports import Unpublishable
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.merkle import consistency_proof, leaf_hash, root_of
from tests.tlog.exported_log import ORIGIN, SIGNER

who, folder = sys.argv[1:]
signer, leaves = RememberingSigner(SIGNER, Path(folder)), [leaf_hash(b"%d" % n) for n in range(100)]
mine = [*leaves[:60], *(leaf_hash(who.encode() + b"%d" % n) for n in range(40))]
print("ready", flush=True)
sys.stdin.readline()
size, note = 0, None
while size < 100 or note is None:
    last = signer.last()
    old = stated(last.decode()).size if last else 0
    size = min(old + 1, 100)
    proof = consistency_proof(old, size, mine.__getitem__) if last else []
    try:
        note = signer.sign(Checkpoint(ORIGIN, size, root_of(mine[:size])), proof, since=last)
    except Unpublishable as refused:
        print(refused.code)
        break
    if note is not None:
        print(size, root_of(mine[:size]).hex())
"""


def test_processes_that_disagree_never_sign_two_roots_for_a_size(tmp_path: Path) -> None:
    """Three processes share 60 entries and then hold logs of their own: one goes on, the others are refused."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, who, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for who in "abc"
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    said = [racer.communicate("go\n", timeout=60)[0].splitlines() for racer in racers]
    signed = {line for lines in said for line in lines if " " in line}
    sizes = [int(line.split()[0]) for line in signed]
    assert sorted(sizes) == list(range(1, 101)), "one root for each size"
    assert sorted(line for lines in said for line in lines if " " not in line) == ["forked", "forked"]
