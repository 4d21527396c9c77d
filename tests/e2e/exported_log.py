"""A log as an auditor is given it: the files of `gateway log export`, read with nothing of the gateway."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.independent_client import unb64u
from tests.e2e.serving import Site

GOVERNANCE = {"publish", "partner", "restrict"}

Entry = dict[str, Any]


@dataclass(frozen=True)
class Log:
    """Entries by index, and their leaf hashes."""

    folder: Path
    vkey: str
    entries: list[Entry]
    leaves: list[bytes]

    def of_kind(self, kind: str, **having: Any) -> list[Entry]:
        """The entries of one kind that have these values."""
        return [entry for entry in self.entries if entry["kind"] == kind and having.items() <= entry.items()]

    def index(self, kind: str, **having: Any) -> int:
        """The index of the last entry of one kind that has these values."""
        return max(
            i for i, entry in enumerate(self.entries) if entry["kind"] == kind and having.items() <= entry.items()
        )


def export(site: Site, name: str, coop: str = "kyoritsusha") -> Log:
    """Let the command line export a log, and read it: tlog-tiles, entry bundles with big-endian uint16 lengths."""
    folder = site.folder / name
    told = site.do("log", "export", coop, str(folder))
    size = int((folder / "checkpoint").read_text().split("\n")[1])
    assert size == told["size"]
    raw: list[bytes] = []
    for first in range(0, size, 256):
        width = min(256, size - first)
        assert first < 256_000, "a path of more than three digits is not needed here"
        path = f"tile/entries/{first // 256:03d}" + ("" if width == 256 else f".p/{width}")
        bundle, at = (folder / path).read_bytes(), 0
        while at < len(bundle):
            length = int.from_bytes(bundle[at : at + 2], "big")
            raw.append(bundle[at + 2 : at + 2 + length])
            at += 2 + length
    assert len(raw) == size, "indexes without a gap"
    return Log(
        folder=folder,
        vkey=told["vkey"],
        entries=[json.loads(entry) for entry in raw],
        leaves=[hashlib.sha256(b"\0" + entry).digest() for entry in raw],
    )


def assert_verified(site: Site, log: Log) -> None:
    """Our own verifier, which trusts nobody, finds nothing."""
    assert site.do("log", "verify", str(log.folder), "--key", log.vkey)["ok"]


def assert_decided_under_what_was_in_force(log: Log) -> None:
    """I6: each decision names the last governance entry before it, and each release came before its permit ran out."""
    gov = -1
    for index, entry in enumerate(log.entries):
        if entry["kind"] == "release":
            assert entry["gov"] == gov, f"entry {index}"
            assert entry["time"] < entry["valid_until"], f"entry {index}"
        elif entry.get("gov") is not None:
            assert entry["gov"] == gov, f"entry {index}"
        if entry["kind"] in GOVERNANCE:
            gov = index


def assert_logged(log: Log, receipt: dict[str, Any]) -> None:
    """I1: what a partner holds a receipt for stands in the log where the receipt says, as it says."""
    entry = log.entries[receipt["index"]]
    assert unb64u(receipt["leaf_hash"]) == log.leaves[receipt["index"]]
    assert entry["kind"] == "release"
    assert (entry["transfer"], entry["request"], entry["body"]) == (receipt["jti"], receipt["rqh"], receipt["body"])
