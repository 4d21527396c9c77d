"""The exported folder: entries held against their published hashes, timestamps beside the notes they are over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.oversight.log.export import NothingPublished, export
from gateway.tlog.checkpoint import open_ours
from gateway.tlog.hash_tiles import hash_tiles
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.tiles import read_bundle
from tests.clock import SettableClock
from tests.oversight.press import COOP, Press, press
from tests.tlog.exported_log import ORIGIN, SIGNER


@pytest.fixture
async def one(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Press]:
    async with press(database_url, tmp_path / "signer-state", clock) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_it_holds_entries_tiles_and_the_checkpoint_and_nothing_else(one: Press, folder: Path) -> None:
    await one.append(*range(600))
    await one.publish()
    checkpoint = await export(one.log, one.publications, COOP, folder)
    files = files_of(folder)
    assert open_ours(files.pop("checkpoint"), [SIGNER.key], origin=ORIGIN) == checkpoint
    bundles = [read_bundle(files.get, number, size=600) or [] for number in range(3)]
    entries = [entry for bundle in bundles for entry in bundle]
    assert entries == await one.log.entries(COOP, 0, 600)
    tiles = dict(hash_tiles(map(leaf_hash, entries)))
    assert {path: data for path, data in files.items() if "entries" not in path} == tiles


async def test_it_ends_at_the_checkpoint_although_the_log_has_grown(one: Press, folder: Path) -> None:
    await one.append(*range(5))
    await one.publish()
    await one.append(*range(5, 9))
    assert (await export(one.log, one.publications, COOP, folder)).size == 5
    assert len(read_bundle(files_of(folder).get, 0, size=5) or []) == 5


async def test_timestamps_stand_beside_the_notes_they_are_over(one: Press, folder: Path) -> None:
    notes = {}
    for old, size in ((0, 3), (3, 4), (4, 8)):
        await one.append(*range(old, size))
        await one.publish()
        notes[size] = one.signer.last()
    await one.publications.set_timestamp(COOP, 3, b"three")
    await one.publications.set_timestamp(COOP, 8, b"eight")
    await one.publications.add_cosignatures(COOP, 8, ["\u2014 witness AAAA\n"])
    await export(one.log, one.publications, COOP, folder)
    assert files_of(folder / "timestamps") == {
        "3.checkpoint": notes[3],
        "3.tsr": b"three",
        "8.checkpoint": notes[8],
        "8.tsr": b"eight",
    }


async def test_an_altered_entry_is_named(one: Press, folder: Path) -> None:
    await one.append(*range(300))
    await one.publish()
    await one.tamper(f"UPDATE log_entry SET entry = {one.blob(b'{}')} WHERE idx = 270")
    with pytest.raises(ValueError, match="entry 270 is not the one"):
        await export(one.log, one.publications, COOP, folder)
    assert not (folder / "checkpoint").exists()


async def test_without_tiles_the_root_still_tells(one: Press, folder: Path) -> None:
    await one.append(*range(5))
    await one.publish()
    await one.tamper("DELETE FROM log_tile", f"UPDATE log_entry SET entry = {one.blob(b'{}')} WHERE idx = 2")
    with pytest.raises(ValueError, match="root"):
        await export(one.log, one.publications, COOP, folder)
    await one.tamper("DELETE FROM log_entry WHERE idx = 4")
    with pytest.raises(ValueError, match="ends at entry 4"):
        await export(one.log, one.publications, COOP, folder)


async def test_nothing_is_exported_of_a_log_that_was_never_published(one: Press, folder: Path) -> None:
    with pytest.raises(NothingPublished):
        await export(one.log, one.publications, COOP, folder)
    assert not folder.exists()
