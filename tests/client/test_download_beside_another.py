"""One process at a time has a target, also where an earlier run's last steps are made up for before the next begins."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.client import FileError
from tests.client.export_peer import ExportPeer
from tests.client.test_download import Killed, pull, table


class Ending(ExportPeer):
    """A gateway before which the client's process ends, once, when all has arrived and it is to be told so."""

    told = False

    def one(self, request: httpx2.Request, details: dict[str, Any]) -> httpx2.Response:
        if request.method == "DELETE" and not self.told:
            self.told = True
            raise Killed
        return super().one(request, details)


def test_whoever_comes_while_the_next_is_under_way_is_refused(tmp_path: Path) -> None:
    peer, target, told = Ending(), tmp_path / "members.csv", []
    with pytest.raises(Killed):
        pull(peer.client(), target, fields=["name"])
    assert (tmp_path / "members.csv.export.json").exists()

    def another(_: Any) -> None:
        with pytest.raises(FileError, match="another process"):
            pull(peer.client(), target, fields=["name"], since="mark-0", apply=True)
        told.append(1)

    pull(peer.client(), target, fields=["name"], since="mark-0", apply=True, watch=another)
    assert told
    assert [row[0] for row in table(target)[1:]] == sorted(peer.members)
    assert {path.name for path in tmp_path.iterdir()} == {
        "members.csv",
        "members.csv.receipts.jsonl",
        "members.csv.removals.csv",
        "members.csv.sha256",
        "members.csv.since",
    }
