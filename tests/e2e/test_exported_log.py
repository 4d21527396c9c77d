"""What an auditor is given is accepted by tools that nobody here wrote, and by ours; and no longer once a bit differs."""

import asyncio
from pathlib import Path

import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from tests.e2e.exported_log import Log, assert_decided_under_what_was_in_force, assert_logged, export
from tests.e2e.independent_client import Answer, Client
from tests.e2e.serving import Site

PULLS = 300
"""More than one bundle of entries."""


@pytest.fixture
async def answers(sunnet: Client) -> list[Answer]:
    first = await sunnet.pull("P3", ["name"], "G1", members=["00000101"])
    more = (sunnet.pull("P3", ["name"], "G1", members=["00000101"]) for _ in range(PULLS))
    return [first, *await asyncio.gather(*more)]


@pytest.fixture
def log(at: Site, answers: list[Answer]) -> Log:
    return export(at, "audited")


def flip(path: Path, byte: int) -> None:
    data = bytearray(path.read_bytes())
    data[byte] ^= 1
    path.write_bytes(data)


async def test_the_exported_log_is_accepted_until_a_bit_of_it_differs(at, answers, log):
    for answer in answers:
        assert_logged(log, answer.receipt.claims)
    assert_decided_under_what_was_in_force(log)

    reader = TilesReader(LocalBackend(log.folder))
    head = reader.get_checkpoint()
    head.verify(Vkey.from_string(log.vkey))
    reader.set_size(head.size)
    assert (head.size, head.origin) == (len(log.entries), answers[0].receipt.claims["origin"])
    assert reader.calculate_root_hash() == head.root_hash
    for index in (answers[0].receipt.claims["index"], answers[-1].receipt.claims["index"]):
        reader.get_inclusion_proof(index, head.size).check(log.leaves[index], head.root_hash)

    verify = ("log", "verify", str(log.folder), "--key", log.vkey)
    assert at.do(*verify)["ok"]
    flip(log.folder / "tile/entries/000", -9)
    refused = at.told(*verify, "--json")
    assert refused.returncode == 1, refused.stderr
    assert '"ok": false' in refused.stdout
