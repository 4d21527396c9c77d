"""gateway member import, as a scheduler runs it: exit codes, both languages, and no code anywhere in what is printed."""

import asyncio
import json
import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import app
from gateway.settings import PREFIX
from gateway.tlog.entries import Restrict
from tests.cli.test_member_commands import environment
from tests.clock import SettableClock
from tests.control_plane.events_told import csv_of, event
from tests.house import COOP, House, running_house

SAID = ("--by", "夜間連携", "--reason", "基幹の停止")
CODE = "00000101"
EVENTS = [event(1, CODE, "stop", "stop_use"), event(2, "00012406", "withdrawal")]


async def gateway(house: House, *arguments: str, code: int = 0, **more: str) -> tuple[str, str]:
    """Run a command of the noun; return what it prints on both streams."""
    runner = CliRunner(env=environment(house) | more)
    done = await asyncio.to_thread(runner.invoke, app, ["member", *arguments])
    assert done.exit_code == code, (arguments, done.output, done.exception)
    assert CODE not in done.output
    return done.stdout, done.stderr


async def test_a_nightly_file_from_beginning_to_end(sqlite_url: str, tmp_path: Path) -> None:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with running_house(sqlite_url, tmp_path, clock) as house:
        file = tmp_path / "events.csv"
        file.write_bytes(csv_of(EVENTS))
        take = ("import", COOP, str(file), *SAID)
        told, _ = await gateway(house, *take, "--dry-run")
        assert "2件(2人)を取り込めます(まだ何もしていません)" in told
        before = await house.entries()
        assert not any(isinstance(one, Restrict) for one in before)
        told, _ = await gateway(house, *take)
        assert f"2件(2人)を取り込みました: 記録 {len(before)}" in told
        entry = await house.last()
        assert isinstance(entry, Restrict)
        assert (entry.by, entry.reason, entry.members) == ("夜間連携", "基幹の停止", 2)
        told, _ = await gateway(house, *take, "--lang", "en")
        assert "no event is new" in told
        assert "2 told before" in told
        told, _ = await gateway(house, *take, "--json")
        assert json.loads(told)["told_before"] == 2

        bad = [*EVENTS, event(3, CODE, "stop", "stop_sometimes"), event(4, CODE, "correction")]
        text = csv_of(bad).partition(b"#total")[0].decode().encode("cp932")
        file.write_bytes(text)
        more = (*take, "--encoding", "cp932", "--count", "4")
        _, told = await gateway(house, *more, code=1)
        assert "3行目 kind: stop と lift には種類が要ります" in told
        assert "1件も取り込んでいません" in told
        assert await house.last() == entry
        told, listed = await gateway(house, *more, "--skip-bad-rows", "--lang", "en", code=1)
        assert "row 3 kind: stop and lift need a kind" in listed
        assert "1 events of 1 members taken in" in told
        told, _ = await gateway(house, *more, "--json", code=1)
        assert [(one["row"], one["field"]) for one in json.loads(told)["faults"]] == [(3, "kind")]
        _, told = await gateway(house, *take, code=1)
        assert "#total" in told
        _, told = await gateway(house, *take, "--format", "xml", code=2)
        assert "csv, json" in told
        _, told = await gateway(house, *take, "--encoding", "utf-7", code=2)
        assert "cp932" in told
        file.write_text(json.dumps({"events": EVENTS, "total": 2}))
        told, _ = await gateway(house, *take, "--format", "json", "--json")
        assert json.loads(told)["told_before"] == 2


async def test_the_master_is_held_to_at_every_command(sqlite_url: str, tmp_path: Path) -> None:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    masters = {
        f"{PREFIX}MASTERS": json.dumps({COOP: {"stop_use": "core", "correction": "core", "protected": "gateway"}})
    }
    async with running_house(sqlite_url, tmp_path, clock) as house:
        codes = tmp_path / "codes"
        codes.write_text(CODE)
        for act in ("restrict", "lift"):
            words = (act, COOP, "--codes", str(codes), "--kind", "stop_use", *SAID)
            _, told = await gateway(house, *words, code=1, **masters)
            assert "基幹システムが正です" in told
        file = tmp_path / "events.csv"
        file.write_bytes(csv_of([event(1, CODE, "stop", "protected")]))
        _, told = await gateway(house, "import", COOP, str(file), *SAID, code=1, **masters)
        assert "ゲートウェイが正です" in told
        assert not any(isinstance(one, Restrict) for one in await house.entries())
        assert "記録" in (await gateway(house, "import", COOP, str(file), *SAID))[0]


async def test_a_file_that_is_far_too_large_is_refused_unread(sqlite_url: str, tmp_path: Path) -> None:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with running_house(sqlite_url, tmp_path, clock) as house:
        file = tmp_path / "everything.csv"
        file.touch()
        os.truncate(file, 512 << 20)
        tracemalloc.start()
        try:
            _, told = await gateway(house, "import", COOP, str(file), *SAID, code=1)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert "4 MiBを超えています" in told
        assert most < 64 << 20
