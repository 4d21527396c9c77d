"""A download that is taken up late, or that the gateway cannot go on with: what is written is as of the day it is asked for."""

from pathlib import Path
from typing import Any

import pytest

from gateway.client import FileError
from gateway.client.download import since_of
from tests.client.export_peer import EXPORT, ExportPeer
from tests.client.gateway_peer import problem
from tests.client.test_download import Killed, beside, ends_at, pull, table

DAY = 24 * 3_600


def members_in(target: Path) -> list[str]:
    return [row[0] for row in table(target)[1:]]


def expired(peer: ExportPeer) -> None:
    """A day goes by; somebody is stopped."""
    peer.now += DAY
    for export in peer.exports.values():
        export.state = "expired"
    del peer.members["00000003"]


def test_what_is_all_here_is_not_written_once_it_has_expired(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    target.mkdir()  # which no file can take the place of
    with pytest.raises(FileError):
        pull(peer.client(), target)
    target.rmdir()
    assert len(peer.handed) == 3
    expired(peer)
    done = pull(peer.client(), target)
    assert done.export != EXPORT
    assert members_in(target) == sorted(peer.members)


def killed_once_written(peer: ExportPeer, target: Path, **asked: Any) -> None:
    """End a pull as late as can be with its state still there."""
    steps = 0
    while True:
        steps += 1
        peer.exports.clear()
        for path in target.parent.iterdir():
            pull_away(path, target, keep=asked)
        try:
            pull(peer.client(), target, sync=ends_at(steps), **asked)
        except Killed:
            if '"written": true' in state_of(target):
                return
            continue
        pytest.fail("it came to its end")


def pull_away(path: Path, target: Path, *, keep: dict[str, Any]) -> None:
    if path.is_dir():
        for one in path.iterdir():
            one.unlink()
        path.rmdir()
    elif path != target or not keep:
        path.unlink()


def state_of(target: Path) -> str:
    file = target.with_name(f"{target.name}.export.json")
    return file.read_text() if file.exists() else ""


def test_the_next_night_gets_its_own_population_not_the_last_one_s(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    killed_once_written(peer, target)
    expired(peer)
    pull(peer.client(), target)
    assert members_in(target) == sorted(peer.members)
    assert beside(target) == ["members.csv", "members.csv.receipts.jsonl", "members.csv.sha256", "members.csv.since"]


def test_the_same_command_run_at_once_asks_for_nothing_more(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    killed_once_written(peer, target)
    peer.now += 60
    assert pull(peer.client(), target).records == 5
    assert len(peer.exports) == 1


def test_the_next_night_s_delta_is_laid_on_the_last_one_s_file(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    target.write_text("member,name\r\n00000001,old\r\n", newline="")
    asked: dict[str, Any] = {"fields": ["name"], "apply": True}
    killed_once_written(peer, target, since="mark-1", **asked)
    peer.removals = [{"member": "00000003", "duty": "delete", "due": "2027-02-01"}]
    expired(peer)
    since_file = tmp_path / "members.csv.since"
    since = since_of(since_file) if since_file.exists() else "mark-1"
    done = pull(peer.client(), target, since=since, **asked)
    assert (done.removals, members_in(target)) == (1, sorted(peer.members))


def test_a_part_that_cannot_be_made_again_has_the_whole_ordered_anew(tmp_path: Path):
    peer, target = ExportPeer(resync=True), tmp_path / "members.csv"
    peer.queued[f"/v1/exports/{EXPORT}/parts/2"] = [problem("malformed", 400, pointer="/export/since")]
    done = pull(peer.client(), target, since="mark-0")
    assert (done.export, done.records, done.resync) == ("ex-00000002", 5, True)
    assert peer.exports[EXPORT].state == "cancelled"
    assert [one for one, _ in peer.handed] == [EXPORT] + ["ex-00000002"] * 3
