"""Files of a download that are lost, torn or exchanged before it is taken up again: they are fetched again, nothing is left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.client import FileError
from tests.client.export_peer import EXPORT, ExportPeer
from tests.client.test_download import pull, table

REMOVALS = [{"member": "gone", "duty": "delete", "due": "2027-02-01"}]
EARLIER = "member,name\r\n00000003,old\r\ngone,a\r\n"
ASKED: dict[str, Any] = {"fields": ["name"], "since": "mark-0", "apply": True}


def zeroed(file: Path) -> None:
    """As a file system leaves what was not on the disk when the power went."""
    file.write_bytes(bytes(file.stat().st_size))


def lost(file: Path) -> None:
    file.unlink()


def emptied(file: Path) -> None:
    file.write_bytes(b"[]")


def exchanged(one: Path) -> None:
    two = one.with_name("000002.json")
    first, second = one.read_bytes(), two.read_bytes()
    assert len(first) == len(second)
    one.write_bytes(second)
    two.write_bytes(first)


def of_another(one: Path) -> None:
    one.write_bytes(one.with_name("000002.json").read_bytes())


@pytest.mark.parametrize(
    ("disturb", "name", "again"),
    [
        (zeroed, "000001.json", [1]),
        (lost, "000002.json", [2]),
        (emptied, "000002.json", [2]),
        (exchanged, "000001.json", [1, 2]),
        (of_another, "000001.json", [1]),
        (zeroed, "removals.json", [3]),
        (lost, "removals.json", [3]),
        (emptied, "removals.json", [3]),
    ],
)
def test_what_is_not_there_as_it_was_written_is_fetched_again(
    tmp_path: Path, disturb: Callable[[Path], None], name: str, again: list[int]
):
    peer, target = ExportPeer(removals=REMOVALS), tmp_path / "members.csv"
    target.write_text("of another system", newline="")
    with pytest.raises(FileError):  # all is fetched and verified, and cannot be laid on this
        pull(peer.client(), target, **ASKED)
    target.write_text(EARLIER, newline="")
    disturb(tmp_path / "members.csv.part" / name)
    done = pull(peer.client(), target, **ASKED)
    assert [row[0] for row in table(target)[1:]] == sorted(peer.members)
    assert [row[1] for row in table(target)[1:]] == [peer.members[code]["name"] for code in sorted(peer.members)]
    assert table(tmp_path / "members.csv.removals.csv") == [["member", "duty", "due"], [*REMOVALS[0].values()]]
    assert (done.records, done.removals) == (5, 1)
    assert peer.handed == [(EXPORT, 1), (EXPORT, 2), (EXPORT, 3), *((EXPORT, n) for n in again)]
