"""A delta laid on the file of an earlier pull is the file that a full pull gives now, byte for byte."""

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.client import AnswerRejected, FileError, Shape, pull_to_file
from gateway.client.download import since_of
from tests.client.export_peer import ExportPeer, people

GRANT: dict[str, Any] = {
    "id": "delivery",
    "coop": "kyoritsusha",
    "agreement": "kyoritsusha-sunnet-01",
    "purpose": "P4",
    "state": "active",
}
GRANT |= {"fields": {"name": "as_is", "postal_code": "as_is"}, "case_required": False, "terms": {}}
SHAPES = [Shape("csv"), Shape("csv", "cp932", "geta"), Shape("ndjson"), Shape("parquet")]


def pull(peer: ExportPeer, target: Path, shape: Shape, **more: Any) -> Any:
    told: dict[str, Any] = {"fields": ["postal_code", "name"], "sleep": lambda _: None, "sync": lambda _: None}
    return pull_to_file(peer.client(), target, "P4", shape=shape, **told | more)


def at(peer: ExportPeer, members: dict[str, dict[str, Any]]) -> None:
    peer.members, peer.removals, peer.resync = members, [], False


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.form}-{shape.encoding}")
def test_walk_after_walk_the_file_is_what_a_full_pull_gives(tmp_path: Path, shape: Shape):
    chance = random.Random(6)
    peer, target, full = ExportPeer(part_size=7, grants=[GRANT]), tmp_path / "m", tmp_path / "full"
    now = people(40)
    at(peer, now)
    pull(peer, target, shape)
    for night in range(6):
        before, now = now, {code: dict(data) for code, data in now.items() if chance.random() > 0.1}
        for code in chance.sample([*now], 5):
            now[code]["name"] = f'𠮷野 {night}, "{code}"'
        joined = [f"{chance.randrange(90):08d}" for _ in range(4)] + [f"0000000{night}-x", f"zz{night}"]
        now |= {code: {"member_code": code, "name": f"新 {night}", "postal_code": "0020001"} for code in joined}
        now = dict(sorted(now.items()))
        at(peer, now)
        pull(peer, full, shape)
        at(peer, {code: data for code, data in now.items() if before.get(code) != data})
        duty = "stop_using" if night % 2 else "delete"
        peer.removals = [{"member": code, "duty": duty, "due": "2027-02-01"} for code in before.keys() - now.keys()]
        done = pull(peer, target, shape, since=since_of(tmp_path / "m.since"), apply=True)
        assert done.removals == len(peer.removals)
        assert target.read_bytes() == full.read_bytes()
        lines = done.removals_file.read_text().splitlines()
        assert lines[0] == "member,duty,due"
        assert sorted(lines[1:]) == sorted(f"{code},{duty},2027-02-01" for code in before.keys() - now.keys())


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.form}-{shape.encoding}")
def test_on_an_older_copy_no_delta_is_laid(tmp_path: Path, shape: Shape):
    peer, target, since = ExportPeer(grants=[GRANT]), tmp_path / "m", tmp_path / "m.since"
    at(peer, people(5))
    pull(peer, target, shape)
    older = target.read_bytes()
    at(peer, {})
    peer.removals = [{"member": next(iter(people(5))), "duty": "delete", "due": "2027-02-01"}]
    pull(peer, target, shape, since=since_of(since), apply=True)
    left, ordered = target.read_bytes(), len(peer.exports)
    target.write_bytes(older)
    at(peer, {})
    with pytest.raises(FileError, match=r"is not the file that was written with `m\.since`"):
        pull(peer, target, shape, since=since_of(since), apply=True)
    assert (target.read_bytes(), len(peer.exports)) == (older, ordered)
    target.write_bytes(left)
    pull(peer, target, shape, since=since_of(since), apply=True)
    assert target.read_bytes() == left
    # Of another token, and of a file without a sum, nobody can say anything.
    target.write_bytes(older)
    (tmp_path / "m.sha256").unlink()
    pull(peer, target, shape, since=since_of(since), apply=True)


def test_the_sum_is_one_that_others_read(tmp_path: Path):
    peer, target = ExportPeer(grants=[GRANT]), tmp_path / "組合員.csv"
    at(peer, people(3))
    pull(peer, target, Shape())
    said = subprocess.run(["sha256sum", "-c", f"{target.name}.sha256"], cwd=tmp_path, check=False, capture_output=True)
    assert (said.returncode, said.stderr) == (0, b"")


def test_a_name_that_is_too_long_is_told_as_a_file_s_fault(tmp_path: Path):
    for length in (239, 245, 252, 300):
        with pytest.raises(FileError, match="File name too long"):
            pull(ExportPeer(grants=[GRANT]), tmp_path / ("m" * length), Shape())


def test_without_an_order_to_keep_the_new_ones_stand_at_the_end(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "m.csv"
    target.write_text("member,postal_code,name\r\nq,,甲\r\nb,,乙\r\n", newline="", encoding="utf-8")
    at(
        peer,
        {
            "z": {"postal_code": None, "name": "丙"},
            "b": {"postal_code": None, "name": "乙二"},
            "a": {"postal_code": "1", "name": ""},
        },
    )
    pull(peer, target, Shape(), since="mark-1", apply=True)
    assert target.read_text(encoding="utf-8").splitlines() == [
        "member,postal_code,name",
        "q,,甲",
        "b,,乙二",
        "z,,丙",
        "a,1,",
    ]


def test_what_could_not_be_computed_takes_the_place_of_the_file(tmp_path: Path):
    peer, target = ExportPeer(resync=True), tmp_path / "m.csv"
    target.write_text("member,postal_code,name\r\nq,,甲\r\n", newline="", encoding="utf-8")
    done = pull(peer, target, Shape(), since="mark-1", apply=True)
    assert (done.resync, done.records) == (True, 5)
    assert len(target.read_text(encoding="utf-8").splitlines()) == 6


def test_a_delta_without_apply_is_a_file_of_its_own(tmp_path: Path):
    peer, target = ExportPeer(removals=[]), tmp_path / "changes.csv"
    target.write_text("of yesterday")
    done = pull(peer, target, Shape(), since="mark-1")
    assert (done.delta, done.records) == (True, 5)
    assert done.removals_file.read_text() == "member,duty,due\n"
    assert "yesterday" not in target.read_text(encoding="utf-8")


def test_who_is_both_in_a_part_and_removed_at_its_end_is_removed(tmp_path: Path):
    peer, target = (
        ExportPeer(removals=[{"member": "00000003", "duty": "delete", "due": "2027-02-01"}]),
        tmp_path / "m.csv",
    )
    target.write_text("member,postal_code,name\r\n00000003,,甲\r\n", newline="", encoding="utf-8")
    pull(peer, target, Shape(), since="mark-1", apply=True)
    assert [line.split(",")[0] for line in target.read_text(encoding="utf-8").splitlines()[1:]] == [
        f"{n:08d}" for n in (0, 1, 2, 4)
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("member,name\r\n1,a\r\n", "other columns"),
        ("member,postal_code,name\r\n1,,a\r\n1,,b\r\n", "twice"),
        ("member,postal_code,name\r\n1,a\r\n", "record 1"),
    ],
)
def test_a_file_that_a_delta_cannot_be_laid_on_stays_as_it_is(tmp_path: Path, content: str, told: str):
    peer, target = ExportPeer(), tmp_path / "m.csv"
    target.write_text(content, newline="")
    for _ in range(2):
        with pytest.raises(FileError, match=told):
            pull(peer, target, Shape(), since="mark-1", apply=True)
    assert target.read_text() == content.replace("\r\n", "\n")
    assert len(peer.exports) == 1
    target.write_text("member,postal_code,name\r\n", newline="")
    assert pull(peer, target, Shape(), since="mark-1", apply=True).records == 5
    assert len(peer.handed) == 3


def test_a_member_in_two_parts_of_a_delta_is_refused(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "m.csv"
    target.write_text("member,postal_code,name\r\n", newline="")

    def bent(claims: dict[str, Any]) -> None:
        ours = [{"member": "1", "data": {}}, {"member": f"1{claims['n']}", "data": {}}]
        claims["results"] = ours[: len(claims["results"])]

    peer.bend_part = bent
    with pytest.raises(AnswerRejected, match="two parts"):
        pull(peer, target, Shape(), since="mark-1", apply=True)
