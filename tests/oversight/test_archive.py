"""A log's archive: whole at every checkpoint, only ever growing, and never over another history."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.anchors.archive_store import FolderArchive
from gateway.oversight.log.archive import Archived, ArchiveRefused, archive
from gateway.ports import Unavailable
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.tiles import bundle_path, parse_bundle
from tests.clock import SettableClock
from tests.house import COOP, running_house
from tests.oversight.press import COOP as LOG, Press, press
from tests.tlog.exported_log import ORIGIN, SIGNER, check_folder


@pytest.fixture
async def one(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Press]:
    async with press(database_url, tmp_path / "state", clock) as running:
        yield running


class Failing(FolderArchive):
    """A folder that stops answering after so many writes."""

    def __init__(self, folder: Path, writes: int) -> None:
        super().__init__(folder)
        self.left = writes

    async def create(self, path: str, data: bytes) -> bool:
        if self.left == 0:
            raise Unavailable("the archive is gone")
        self.left -= 1
        return await super().create(path, data)


async def kept(one: Press, folder: Path | FolderArchive, **more: Any) -> Archived:
    store = FolderArchive(folder) if isinstance(folder, Path) else folder
    await one.publish()
    return await archive(one.log, one.publications, LOG, store, known=[SIGNER.key], origin=ORIGIN, **more)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_what_is_new_is_added_and_nothing_is_touched(one: Press, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    await one.append(*range(300))
    told: list[tuple[int, int]] = []
    first = await kept(one, folder, progress=lambda done, total: told.append((done, total)))
    assert (first.size, first.since) == (300, 0)
    assert told[-1] == (600, 600)
    before = files(folder)
    assert set(before) == {
        "checkpoint",
        "tile/entries/000",
        "tile/entries/001.p/44",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
    }
    assert (await kept(one, folder)).files == 0
    assert files(folder) == before
    await one.append(*range(300, 600))
    second = await kept(one, folder)
    assert (second.size, second.since) == (600, 300)
    after = files(folder)
    assert {path: data for path, data in after.items() if path in before and path != "checkpoint"} == {
        path: data for path, data in before.items() if path != "checkpoint"
    }
    assert {"tile/entries/001", "tile/entries/002.p/88", "tile/0/001", "tile/1/000.p/2"} <= set(after)
    assert second.files == len(set(after) - set(before)) == 5
    entries = [
        entry
        for n, width in ((0, 256), (1, 256), (2, 88))
        for entry in parse_bundle(after[bundle_path(n, width=width)])
    ]
    assert entries == await one.log.entries(LOG, 0, 600)


async def test_broken_off_anywhere_it_goes_on(one: Press, tmp_path: Path) -> None:
    await one.append(*range(300))
    for writes in range(5):
        folder = tmp_path / f"archive{writes}"
        with pytest.raises(Unavailable):
            await kept(one, Failing(folder, writes))
        assert not (folder / "checkpoint").exists()
        assert (await kept(one, folder)).files == 5 - writes
    assert len({tuple(sorted(files(tmp_path / f"archive{writes}").items())) for writes in range(5)}) == 1


async def test_a_rewritten_database_is_not_archived_over_the_old_one(one: Press, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    await one.append(*range(10))
    await kept(one, folder)
    before = files(folder)
    await one.append(*range(10, 20))
    await one.publish()
    await one.rewrite(15, b'{"n":"other"}')
    with pytest.raises(ArchiveRefused, match="do not continue what the archive holds"):
        await archive(one.log, one.publications, LOG, FolderArchive(folder), known=[SIGNER.key], origin=ORIGIN)
    assert files(folder) == before


async def test_an_older_database_is_not_archived_over_the_newer(
    one: Press, tmp_path: Path, clock: SettableClock, sqlite_template: Path
) -> None:
    folder = tmp_path / "archive"
    await one.append(*range(10))
    await kept(one, folder)
    older = tmp_path / "older.db"
    older.write_bytes(sqlite_template.read_bytes())
    async with press(f"sqlite:///{older}", tmp_path / "other state", clock) as restored:
        await restored.append(*range(5))
        with pytest.raises(ArchiveRefused, match="holds 10 entries and the log only 5"):
            await kept(restored, folder)
        await restored.append(*range(50, 55))
        with pytest.raises(ArchiveRefused, match="rewritten"):
            await kept(restored, folder)
        await restored.append(*range(60, 70))
        with pytest.raises(ArchiveRefused, match="do not continue"):
            await kept(restored, folder)


@pytest.mark.parametrize("path", ["tile/0/000.p/10", "tile/entries/000.p/12", "tile/0/000.p/12", "checkpoint"])
async def test_a_file_that_was_altered_in_the_archive_is_named_and_left(one: Press, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "archive"
    await one.append(*range(10))
    await kept(one, folder)
    await one.append(10, 11)
    (folder / path).parent.mkdir(exist_ok=True)
    altered = bytearray((folder / path).read_bytes() if (folder / path).exists() else bytes(12 * 32))
    altered[7] ^= 1
    (folder / path).write_bytes(altered)
    with pytest.raises(ArchiveRefused):
        await kept(one, folder)
    assert (folder / path).read_bytes() == altered


async def test_an_archive_that_lost_a_tile_is_refused(one: Press, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    await one.append(*range(10))
    await kept(one, folder)
    (folder / "tile/0/000.p/10").unlink()
    await one.append(10)
    with pytest.raises(ArchiveRefused, match="not whole"):
        await kept(one, folder)


async def test_timestamped_checkpoints_come_along_once(one: Press, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    for n in range(3):
        await one.append(n)
        checkpoint = await one.publish()
        if n != 1:
            await one.publications.set_timestamp(LOG, checkpoint.size, b"token %d" % n)
    assert (await kept(one, folder)).timestamps == 2
    assert (await kept(one, folder)).timestamps == 0
    assert {path.name for path in (folder / "timestamps").iterdir()} == {
        "1.checkpoint",
        "1.tsr",
        "3.checkpoint",
        "3.tsr",
    }
    assert (folder / "timestamps/3.tsr").read_bytes() == b"token 2"
    await one.append(7)
    await one.publications.set_timestamp(LOG, (await one.publish()).size, b"token 3")
    assert (await kept(one, folder)).timestamps == 1


async def test_a_log_without_a_checkpoint_is_refused(one: Press, tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="no checkpoint yet"):
        await archive(one.log, one.publications, LOG, FolderArchive(tmp_path), known=[SIGNER.key], origin=ORIGIN)


async def test_an_auditor_verifies_the_archive_as_an_export(
    database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> None:
    folder = tmp_path / "archive"
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys) as house:
        origin = f"gw.example.coop/{COOP}"
        key = house.stores.keys.note_signer(COOP, origin).key
        for _ in range(2):
            await house.publish()
            await house.publish_checkpoint()
            await archive(
                house.stores.log, house.stores.publications, COOP, FolderArchive(folder), known=[key], origin=origin
            )
        entries = await house.stores.log.entries(COOP, 0, 100)

    report = check_folder(folder, key)
    assert report.ok, report.finding
    assert report.size == len(entries) == 3
    assert leaf_hash(entries[2]) in (folder / "tile/0/000.p/3").read_bytes()
