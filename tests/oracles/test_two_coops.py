"""Two co-ops behind one gateway: what is exported of one holds no byte of the other, and verifies alone, for everybody."""

import asyncio
import json
from pathlib import Path

import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from gateway.app.keys import note_signers
from gateway.ports import Submission
from gateway.tlog.entries import Denial, Release, encode, instant
from gateway.tlog.findings import Code
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.note import VerifierKey
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.oracles.conftest import Sumdb
from tests.tlog.exported_log import check_folder

OTHER = "coopdeli"
PARTNERS = {COOP: "sunnet", OTHER: "jccu"}
PRODUCTS = {COOP: "G1", OTHER: None}
FIELDS = ["member_code", "name"]


async def lived(house: House, coop: str, partner: str, *, until: int) -> set[str]:
    """Let a partner ask, a member stop it, and the log grow to a size; give the ids of the transfers."""
    asking = await house.partner(partner, f"{coop}-{partner}-01", coop)
    answers = [await asking.ask("P4", FIELDS, ["00000101"], PRODUCTS[coop]) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200 if coop == COOP else 403}
    await house.stop("00000105", coop=coop)
    entries = await house.entries(coop)
    transfers = {entry.transfer for entry in entries if isinstance(entry, Release | Denial) and entry.transfer}
    now = house.clock()
    numbers = range((await house.stores.log.head(coop)).next_index, until)
    summaries = [Denial(coop=coop, time=instant(now), client=f"{coop}-1", summary={"minute": n}) for n in numbers]
    logged = [Submission(entry=data, leaf=leaf_hash(data), kind="denial", time=now) for data in map(encode, summaries)]
    await asyncio.gather(*(house.stores.log.append(coop, one) for one in logged))
    return transfers


async def raw(house: House, coop: str) -> list[bytes]:
    return list(await house.stores.log.entries(coop, 0, 10_000))


def key_of(house: House, coop: str) -> VerifierKey:
    return note_signers(house.settings, house.stores.keys)[coop].key


def everything_in(folder: Path) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = "\n".join(path.relative_to(folder).as_posix() for path in files)
    return names.encode() + b"".join(path.read_bytes() for path in files)


def their_reading(folder: Path, key: VerifierKey) -> list[bytes]:
    reader = TilesReader(LocalBackend(folder))
    head = reader.get_checkpoint()
    head.verify(Vkey.from_string(key.encode()))
    reader.set_size(head.size)
    assert reader.calculate_root_hash() == head.root_hash
    logged = [reader.get_entry(index) for index in range(head.size)]
    for index in (0, 255, 256, head.size - 1):
        if index < head.size:
            reader.get_inclusion_proof(index, head.size).check(leaf_hash(logged[index]), head.root_hash)
    return logged


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_an_export_holds_one_coop_alone_and_verifies_alone(
    database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path, sumdb: Sumdb
):
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys) as house:
        mine = await lived(house, COOP, PARTNERS[COOP], until=700)
        theirs = await lived(house, OTHER, PARTNERS[OTHER], until=30)
        entries = {coop: await raw(house, coop) for coop in (COOP, OTHER)}
        keys = {coop: key_of(house, coop) for coop in (COOP, OTHER)}
        folders = {coop: tmp_path / "exported" / coop for coop in (COOP, OTHER)}
        heads = {coop: await house.export(folder, coop) for coop, folder in folders.items()}
        tags = [bytes(tag) for (tag,) in await house.rows("SELECT tag FROM log_subject")]

    assert (heads[COOP].size, heads[OTHER].size) == (700, 30)
    assert (len(mine), len(theirs), len(set(tags))) == (4, 4, 3)
    assert not mine & theirs
    for coop, other, strange in ((COOP, OTHER, theirs), (OTHER, COOP, mine)):
        logged = their_reading(folders[coop], keys[coop])
        assert logged == entries[coop]
        assert {json.loads(entry)["coop"] for entry in logged} == {coop}
        exported = everything_in(folders[coop])
        marks = [other, PARTNERS[other], keys[other].name, keys[other].encode(), keys[other].public.hex(), *strange]
        assert [mark for mark in marks if mark.encode() in exported] == []
        assert not any(entry in exported for entry in entries[other])
        assert heads[other].root not in exported
        assert not any(tag in exported for tag in tags), "no member of either"

        assert check_folder(folders[coop], keys[coop]).ok
        assert sumdb.log(folders[coop], keys[coop].encode(), 0, heads[coop].size - 1) == ""

        assert not check_folder(folders[coop], keys[other]).ok
        assert sumdb.log(folders[coop], keys[other].encode()).startswith("checkpoint")
        finding = check_folder(folders[coop], VerifierKey(keys[coop].name, keys[other].public)).finding
        assert finding is not None
        assert finding.code is Code.KEY_UNKNOWN
