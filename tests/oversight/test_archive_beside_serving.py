"""An archive of a log that goes on growing, and being time-stamped, while it is copied: it verifies whenever it is looked at."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from gateway.adapters.anchors.archive_store import FolderArchive
from gateway.adapters.log_reader import reader_of
from gateway.oversight.log.archive import ArchiveRefused, archive
from gateway.ports import Unavailable
from gateway.tlog.verify import Report, verify
from tests.clock import NOON, SettableClock
from tests.oversight.press import COOP, Press, press
from tests.tlog.exported_log import ORIGIN, SIGNER


@pytest.fixture
async def one(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Press]:
    async with press(database_url, tmp_path / "state", clock) as running:
        yield running


class Breaking(FolderArchive):
    """A folder that stops answering after so many writes, of whatever kind."""

    def __init__(self, folder: Path, writes: int) -> None:
        super().__init__(folder)
        self.left = writes

    async def create(self, path: str, data: bytes) -> bool:
        self._count()
        return await super().create(path, data)

    async def replace(self, path: str, data: bytes) -> None:
        self._count()
        await super().replace(path, data)

    def _count(self) -> None:
        if self.left == 0:
            raise Unavailable("the archive is gone")
        self.left -= 1


class Serving(FolderArchive):
    """A folder beside whose first new file a gateway publishes once more, and has that time-stamped."""

    def __init__(self, folder: Path, one: Press) -> None:
        super().__init__(folder)
        self._one: Press | None = one

    async def create(self, path: str, data: bytes) -> bool:
        one, self._one = self._one, None
        if one is not None:
            await stamped(one, 1_000)
        return await super().create(path, data)


class Overtaken(FolderArchive):
    """A folder into which another archive, of more, is made whole before the first new file of this one."""

    def __init__(self, folder: Path, one: Press) -> None:
        super().__init__(folder)
        self._one: Press | None = one
        self._folder = folder

    async def create(self, path: str, data: bytes) -> bool:
        one, self._one = self._one, None
        if one is not None:
            await stamped(one, 1_000)
            assert await kept(one, FolderArchive(self._folder)) > 0
        return await super().create(path, data)


async def stamped(one: Press, *numbers: int) -> None:
    await one.append(*numbers)
    await one.publications.set_timestamp(COOP, (await one.publish()).size, b"a token")


async def kept(one: Press, store: FolderArchive) -> int:
    done = await archive(one.log, one.publications, COOP, store, known=[SIGNER.key], origin=ORIGIN)
    return done.timestamps


def checked(folder: Path) -> Report:
    """Take the steps that are about signatures, growth and time-stamps; the entries here are of no schema."""

    def time_of(note: bytes, answer: bytes) -> datetime:
        if answer != b"a token":
            raise ValueError("no answer of the authority")
        return NOON

    with reader_of(str(folder)) as files:
        return verify(files.read, known=[SIGNER.key], origin=ORIGIN, stamps=(files.stamped, time_of))


def sound_as_far_as(folder: Path) -> int | None:
    """Return of how many entries the greatest time-stamp is; nothing is wrong before what the entries say."""
    report = checked(folder)
    assert report.finding is not None
    assert report.finding.code == "entry-unknown", report.finding
    return report.stamped.size if report.stamped else None


async def test_a_time_stamp_of_what_the_archive_does_not_hold_yet_is_left_for_the_next(
    one: Press, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    await stamped(one, *range(10))
    assert await kept(one, Serving(folder, one)) == 1
    assert sound_as_far_as(folder) == 10
    assert await kept(one, FolderArchive(folder)) == 1
    assert sound_as_far_as(folder) == 11


async def test_broken_off_anywhere_an_archive_is_what_it_was_or_more_and_verifies(one: Press, tmp_path: Path) -> None:
    await stamped(one, *range(10))
    before = 0
    for writes in range(20):
        folder = tmp_path / f"archive{writes}"
        await kept(one, FolderArchive(folder))
        before = before or len(await one.log.entries(COOP, 0, 10_000))
        await stamped(one, *range(10_000 * writes + 100, 10_000 * writes + 103))
        await stamped(one, *range(10_000 * writes + 103, 10_000 * writes + 106))
        try:
            await kept(one, Breaking(folder, writes))
        except Unavailable:
            sound_as_far_as(folder)
            await kept(one, FolderArchive(folder))
        size = (await one.log.head(COOP)).next_index
        assert sound_as_far_as(folder) == size
        stamps = {path.stem for path in (folder / "timestamps").glob("*.tsr")}
        assert stamps == {path.stem for path in (folder / "timestamps").glob("*.checkpoint")}
        assert len(stamps) == 1 + 2 * (writes + 1)


@pytest.mark.parametrize("before", [0, 4])
async def test_of_two_archives_at_once_the_one_of_less_does_not_set_the_other_back(
    one: Press, tmp_path: Path, before: int
) -> None:
    folder = tmp_path / "archive"
    if before:
        await stamped(one, *range(before))
        await kept(one, FolderArchive(folder))
    await stamped(one, *range(before, 10))
    with pytest.raises(ArchiveRefused, match="another archive"):
        await kept(one, Overtaken(folder, one))
    assert sound_as_far_as(folder) == 11
    assert checked(folder).size == 11
