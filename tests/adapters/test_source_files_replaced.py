"""A file is handed over, replaced, cut short or taken away while others read it: whole or not at all, and no crash."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.files import answers, delimited, folder
from gateway.adapters.sources.files.loading import Wanted
from gateway.adapters.sources.files.opened import Changed, Opened
from gateway.adapters.sources.files.refusal import FileRefused
from gateway.core.rows import CODE
from gateway.core.sources.file_layout import FileLayout
from gateway.ports import Query, Unavailable
from tests.adapters.member_files import (
    changed,
    codes,
    csv_file,
    csv_layout,
    fixed_file,
    fixed_layout,
    page,
    parquet_file,
    parquet_layout,
    plan,
    put,
    serving,
)
from tests.adapters.test_source_files_served import MEMBERS

CSV = FileLayout(pattern="m*", format="csv")
WANTED = Wanted(layout=CSV, code=CODE, needed=frozenset(), forms={})
KINDS = {
    "csv": (csv_layout(), csv_file(MEMBERS)),
    "fixed": (fixed_layout(MEMBERS), fixed_file(MEMBERS, fixed_layout(MEMBERS))),
    "parquet": (parquet_layout(), parquet_file(MEMBERS)),
}


def lines(*members: str) -> bytes:
    return "".join(
        ["member_code,name\n", *(f"{code},{name}\n" for code, name in (one.split() for one in members))]
    ).encode()


async def test_a_new_file_is_found_without_being_asked_for_and_replaces_the_old_one(tmp_path: Path) -> None:
    put(tmp_path, "m1", lines("00000001 a"))
    async with serving(tmp_path, every_s=0.01) as source:
        rows = plan(CSV)
        before = await page(source, rows)
        put(tmp_path, "m2", lines("00000002 b"))
        async with asyncio.timeout(10):
            while codes((after := await page(source, rows)).rows) == ["00000001"]:
                assert after.high_water == before.high_water
        assert codes(after.rows) == ["00000002"]
        assert after.high_water != before.high_water


async def test_a_file_put_in_the_place_of_another_replaces_it_and_one_that_is_not_whole_does_not(
    tmp_path: Path,
) -> None:
    put(tmp_path, "m1", lines("00000001 a"))
    async with serving(tmp_path) as source:
        rows = plan(CSV)
        await page(source, rows)
        put(tmp_path, "m1", b"member_code,name\n00000001\n")
        assert (await source.check(rows)).refusal is not None
        assert [row.field_name for row in (await page(source, rows)).rows] == ["a"]
        put(tmp_path, "m1", lines("00000001 b"))
        assert (await source.check(rows)).refusal is None
        assert [row.field_name for row in (await page(source, rows)).rows] == ["b"]


async def test_a_file_that_is_taken_away_serves_no_longer(tmp_path: Path) -> None:
    put(tmp_path, "m1", lines("00000001 a"))
    newest = put(tmp_path, "m2", lines("00000002 b"))
    async with serving(tmp_path) as source:
        rows = plan(CSV)
        assert codes((await page(source, rows)).rows) == ["00000002"]
        newest.unlink()
        await source.check(rows)
        assert codes((await page(source, rows)).rows) == ["00000001"]
        (tmp_path / "m1").unlink()
        with pytest.raises(Unavailable, match="there is no file"):
            await source.check(rows)
        with pytest.raises(Unavailable, match="there is no file"):
            await page(source, rows)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_that_is_cut_short_under_us_is_neither_served_nor_a_crash(kind: str, tmp_path: Path) -> None:
    layout, data = KINDS[kind]
    path = put(tmp_path, layout.pattern.replace("*", "1"), data)
    async with serving(tmp_path) as source:
        rows = plan(layout)
        assert len((await page(source, rows)).rows) > 90
        os.truncate(path, len(data) // 2 + 1)
        with pytest.raises(Unavailable, match="no file of members serves"):
            await page(source, rows)
        os.truncate(path, 0)
        with pytest.raises(Unavailable, match="no file of members serves"):
            await page(source, rows)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_that_are_gone_while_a_page_is_read_are_a_change_and_no_crash(kind: str, tmp_path: Path) -> None:
    layout, data = KINDS[kind]
    path = put(tmp_path, "m1", data)
    loaded = folder.load(path, Wanted(layout=layout, code=CODE, needed=frozenset(), forms={}))
    places = list(loaded.index.places)
    os.truncate(path, 100)
    with pytest.raises((Changed, OSError)):
        list(loaded.lines(places, ("name",)))
    rows = plan(layout)
    with pytest.raises(Changed):
        answers.answer(loaded, Query(rows=rows, limit=10), answers.plan_of(rows), layout)


async def test_values_written_into_a_file_that_serves_are_not_served_beside_old_ones(tmp_path: Path) -> None:
    path = put(tmp_path, "m1", lines("00000001 a", "00000002 b"))
    async with serving(tmp_path) as source:
        rows = plan(CSV)
        await page(source, rows)
        with path.open("r+b") as writing:
            writing.seek(-2, os.SEEK_END)
            writing.write(b"c")
            writing.flush()
            os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
        # What is whole again is loaded again, and its mark is another.
        assert [row.field_name for row in (await page(source, rows)).rows] == ["a", "c"]


def test_records_that_changed_places_unnoticed_are_no_answer(tmp_path: Path) -> None:
    path = put(tmp_path, "m1", lines("00000001 a", "00000002 b"))
    loaded = folder.load(path, WANTED)
    was = path.stat()
    path.write_bytes(lines("00000002 b", "00000001 a"))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    rows = plan(CSV)
    with pytest.raises(Changed):
        answers.answer(loaded, Query(rows=rows, codes=("00000001",)), answers.plan_of(rows), CSV)


def test_a_file_that_grows_while_it_is_loaded_is_refused_for_that(tmp_path: Path) -> None:
    path = put(tmp_path, "m1", lines("00000001 a"))
    opened = Opened(path)
    with path.open("ab") as writing:
        writing.write(b"00000002,b\n")
    loaded = delimited.load(opened, WANTED)
    # It is read as far as it was, and known to be no state of the file.
    assert len(loaded.index) == 1
    with pytest.raises(Changed):
        opened.check()


async def test_readers_of_a_replaced_file_end_with_what_they_began_with(tmp_path: Path) -> None:
    put(tmp_path, "m1", lines(*(f"{number:08d} a" for number in range(500))))
    async with serving(tmp_path) as source:
        rows = plan(CSV)
        await page(source, rows)

        async def replace() -> None:
            for number in range(20):
                put(tmp_path, "m1", lines(*(f"{member:08d} {chr(98 + number)}" for member in range(500))))
                await source.check(rows)

        async def read() -> None:
            for _ in range(40):
                records = await page(source, rows, limit=500)
                assert len({row.field_name for row in records.rows}) == 1
                assert len(records.rows) == 500

        await asyncio.gather(replace(), read(), read())


async def test_a_load_that_takes_longer_than_the_deadline_is_unavailable_and_goes_on(tmp_path: Path) -> None:
    put(tmp_path, "m1", lines(*(f"{number:08d} a" for number in range(20_000))))
    async with serving(tmp_path) as source:
        rows = plan(CSV)
        with pytest.raises(Unavailable, match="not ready in time"):
            await source.read(Query(rows=rows, limit=1), deadline=system_clock() + timedelta(milliseconds=1))
        assert codes((await page(source, rows, limit=1)).rows) == ["00000000"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_any_bytes_changed_is_whole_or_refused(kind: str, tmp_path: Path) -> None:
    layout, data = KINDS[kind]
    wanted = Wanted(layout=layout, code=CODE, needed=frozenset(), forms={})
    # Half of the damage is done where Parquet has its footer.
    draw = random.Random(kind)
    told = {"whole": 0, "refused": 0}
    for number in range(60):
        damaged = bytearray(data)
        for _ in range(draw.choice((1, 2, 8))):
            at = draw.randrange(len(damaged) - 3_000 if number % 2 else 0, len(damaged))
            damaged[at : at + draw.randrange(2)] = draw.randbytes(draw.randrange(3))
        path = put(tmp_path, "m1", bytes(damaged))
        try:
            loaded = folder.load(path, wanted)
            assert len(list(loaded.lines(list(loaded.index.places), (CODE,)))) == len(loaded.index)
            told["whole"] += 1
        except FileRefused:
            told["refused"] += 1
    assert told["refused"] > 5, told


async def test_another_version_of_the_policy_does_not_read_the_file_again(tmp_path: Path) -> None:
    put(tmp_path, "m1", lines("00000001 a"))
    async with serving(tmp_path) as source:
        first = await page(source, plan(CSV))
        (tmp_path / "m1").rename(tmp_path / "n1")
        same = await page(source, plan(CSV, columns={"phone": "name"}))
        assert same.high_water == first.high_water
        with pytest.raises(Unavailable, match="there is no file"):
            await page(source, plan(changed(CSV, delimiter=";")))


def test_a_process_lives_through_a_file_that_shrinks_again_and_again(tmp_path: Path) -> None:
    script = """
import os, sys, threading
from pathlib import Path
from gateway.adapters.sources.files import folder
from gateway.adapters.sources.files.loading import Wanted
from gateway.adapters.sources.files.refusal import FileRefused
from tests.adapters.member_files import csv_file, csv_layout, parquet_file, parquet_layout
from tests.adapters.test_source_files_served import MEMBERS
for layout, data in ((csv_layout(), csv_file(MEMBERS)), (parquet_layout(), parquet_file(MEMBERS))):
    path = Path(sys.argv[1]) / "m1"
    wanted = Wanted(layout=layout, code="member_code", needed=frozenset(), forms={})
    ended = threading.Event()
    def shrink():
        while not ended.is_set():
            path.write_bytes(data)
            os.truncate(path, len(data) // 3)
    thread = threading.Thread(target=shrink)
    path.write_bytes(data)
    thread.start()
    for _ in range(60):
        try:
            loaded = folder.load(path, wanted)
            list(loaded.lines(list(loaded.index.places), ("name",)))
        except Exception as fault:
            assert type(fault).__name__ in {"FileRefused", "Changed", "OSError"}, type(fault)
    ended.set()
    thread.join()
print("alive")
"""
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, cwd=root, check=False, timeout=120
    )
    assert done.returncode != -signal.SIGBUS
    assert done.stdout.decode().strip() == "alive", done.stderr.decode()
