"""gateway log erase | archive and gateway keys destroy | renew, as their users type them."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.adapters.clock import system_clock
from gateway.app import storage
from gateway.cli import app as commands
from gateway.core.days import jst_day
from gateway.core.identity import Subject, member_tag
from gateway.ports import Committed, Submission
from gateway.settings import Settings
from gateway.tlog.entries import Access, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.house import environment_of
from tests.simulators.object_store import running

COOP = "kyoritsusha"
CODE = "00000101"
BY = ("--by", "情報管理", "--reason", "保存期間")
STOP = ("--codes", "-", "--kind", "stop_use", *BY)


class Gateway:
    """A gateway's command line on a database and keys of its own."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environment = environment_of(folder, database_url, COOP)
        self.run("keys", "init")

    def end(self, *arguments: str, stdin: str = "", **more: str) -> Result:
        return CliRunner().invoke(commands, list(arguments), input=stdin, env={**self.environment, **more})

    def run(self, *arguments: str, stdin: str = "", code: int = 0, **more: str) -> str:
        """Run a command to the end that is expected; return what it printed, or said on standard error."""
        done = self.end(*arguments, stdin=stdin, **more)
        assert done.exit_code == code, (arguments, done.stdout, done.stderr, done.exception)
        assert "Traceback" not in done.output
        return done.stderr if code else done.stdout

    def facts(self, *arguments: str, stdin: str = "", **more: str) -> Any:
        return json.loads(self.run(*arguments, "--json", stdin=stdin, code=0, **more))

    def look(self, time: datetime, code: str) -> None:
        """Commit an entry of an instant with a side row of one member."""
        asyncio.run(self._look(time, code))

    async def _look(self, time: datetime, code: str) -> None:
        fields = {name.removeprefix("GATEWAY_").lower(): value for name, value in self.environment.items()}
        for name in ("coops", "sources"):
            fields[name] = json.loads(fields[name])
        async with storage.stores(Settings(**fields)) as stores:  # type: ignore[arg-type]  # pydantic reads texts
            entry = encode(Access(coop=COOP, time=instant(time), look_up="history", by="監査", reason="照会"))
            tag = member_tag(stores.keys.coop_secrets(COOP).subject, COOP, code)
            submission = Submission(
                entry=entry, leaf=leaf_hash(entry), kind="access", time=time, subjects=(Subject(tag, os.urandom(32)),)
            )
            assert isinstance(await stores.log.append(COOP, submission), Committed)


@pytest.fixture
def gateway(tmp_path: Path, sqlite_url: str) -> Gateway:
    return Gateway(tmp_path, sqlite_url)


@pytest.fixture
def old() -> datetime:
    return system_clock() - timedelta(days=4 * 366)


def test_the_retention_is_erased_and_can_be_counted_before(gateway: Gateway, old: datetime) -> None:
    gateway.look(old, CODE)
    gateway.look(system_clock(), CODE)
    counted = gateway.facts("log", "erase", COOP, "--dry-run")
    assert counted["rows"] == {"log_subject": 1}
    assert counted["dry_run"]
    erased = gateway.facts("log", "erase", COOP, "--by", "情報管理")
    assert (erased["rows"], erased["ranges"]) == ({"log_subject": 1}, [[0, 0]])
    assert gateway.facts("log", "erase", COOP, *BY)["rows"] == {}
    assert "消去 / erased: 0" in gateway.run("log", "erase", COOP, *BY)


def test_rows_younger_than_the_law_asks_for_go_only_where_the_day_is_written_again(gateway: Gateway) -> None:
    gateway.look(system_clock() - timedelta(days=400), CODE)
    day = (jst_day(system_clock()) - timedelta(days=100)).isoformat()
    said = gateway.run("log", "erase", COOP, "--before", day, *BY, stdin="yes\n", code=1)
    assert "法定の保存期間" in said
    assert "nothing was done" in said
    assert gateway.facts("log", "erase", COOP, "--before", day, "--dry-run")["rows"] == {"log_subject": 1}
    assert gateway.facts("log", "erase", COOP, "--before", day, *BY, stdin=f"{day}\n")["rows"] == {"log_subject": 1}


def test_a_longer_retention_keeps_more_and_a_shorter_one_than_the_law_is_no_setting(
    gateway: Gateway, old: datetime
) -> None:
    gateway.look(old, CODE)
    assert gateway.facts("log", "erase", COOP, *BY, GATEWAY_RETENTION_MONTHS="60")["rows"] == {}
    said = gateway.run("log", "erase", COOP, *BY, code=2, GATEWAY_RETENTION_MONTHS="35")
    assert "GATEWAY_RETENTION_MONTHS" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere", *BY), "nowhere"),
        ((COOP,), "--by"),
        ((COOP, "--by", " "), "--by"),
        ((COOP, "--member", "--by", "x"), "--reason"),
        ((COOP, "--member", "--before", "2020-01-01", *BY), "--before"),
        ((COOP, "--before", "20 Jan", *BY), "2026-12-01"),
        ((COOP, "--before", "2999-01-01", *BY), "has not come yet"),
    ],
)
def test_what_erase_refuses(gateway: Gateway, arguments: tuple[str, ...], says: str) -> None:
    assert says in gateway.run("log", "erase", *arguments, code=2)


def test_one_member_is_unlinked_after_a_stop_and_a_confirmation(gateway: Gateway) -> None:
    gateway.look(system_clock(), CODE)
    asked = f"{CODE}\n{COOP}\n"
    assert "stop_use" in gateway.run("log", "erase", COOP, "--member", *BY, stdin=asked, code=1)
    gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n")
    assert "nothing was done" in gateway.run("log", "erase", COOP, "--member", *BY, stdin=f"{CODE}\nno\n", code=1)
    assert gateway.facts("log", "erase", COOP, "--member", "--dry-run", stdin=f"{CODE}\n")["rows"] == {
        "log_subject": 2,
        "member_code": 1,
    }
    done = gateway.end("log", "erase", COOP, "--member", *BY, "--json", stdin=asked)
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["rows"] == {"log_subject": 2, "member_code": 1}
    assert len(facts["salt"]) == 43
    assert CODE not in done.stdout
    assert "no row" in gateway.run("log", "erase", COOP, "--member", *BY, stdin=asked, code=1)


def test_the_member_key_is_destroyed_and_begun_anew(gateway: Gateway, tmp_path: Path) -> None:
    gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n")
    gateway.run("partner", "list", COOP)
    folder = tmp_path / "keys" / COOP
    for said in ("no\n", "destroy\nelsewhere\n", ""):
        gateway.run("keys", "destroy", COOP, "--subject", *BY, stdin=said, code=1)
    gateway.run("keys", "destroy", COOP, *BY, code=2)
    gateway.run("keys", "renew", COOP, *BY, code=2)
    assert (folder / "subject.key").exists()

    done = gateway.end("keys", "destroy", COOP, "--subject", *BY, "--json", stdin=f"destroy\n{COOP}\n")
    assert done.exit_code == 0, done.output
    assert "whose stops will match nobody: 1" in done.stderr
    assert len(json.loads(done.stdout.splitlines()[-1])["destroyed"]) == 2
    assert not (folder / "subject.key").exists()
    said = gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n", code=1)
    assert "廃棄済み" in said
    assert "was destroyed" in said
    gateway.run("keys", "init")
    assert "廃棄済み" in gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n", code=1)

    assert "nothing was done" in gateway.run("keys", "renew", COOP, "--subject", *BY, stdin="x\n", code=1)
    gateway.run("keys", "renew", COOP, "--subject", *BY, stdin=f"{COOP}\n")
    gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n")
    exported = gateway.facts("log", "export", COOP, str(tmp_path / "log"))
    verified = gateway.facts("log", "verify", str(tmp_path / "log"), "--key", exported["vkey"])
    assert verified["ok"]
    assert verified["counts"] == {"key": 2, "restrict": 2, "erase": 1}


def test_another_member_key_sets_no_stop(gateway: Gateway, tmp_path: Path) -> None:
    gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n")
    (tmp_path / "keys" / COOP / "subject.key").unlink()
    gateway.run("keys", "init")
    said = gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n", code=1)
    assert "記録している鍵ではありません" in said
    assert "is not the one that the log names" in said


@pytest.fixture(scope="module")
def objects() -> Iterator[Any]:
    with running() as store:
        yield store


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_a_log_is_archived_and_the_archive_verified(gateway: Gateway, tmp_path: Path, objects: Any, kind: str) -> None:
    gateway.look(datetime(2020, 1, 1, tzinfo=UTC), CODE)
    bucket = objects.bucket()
    target = str(tmp_path / "archive") if kind == "folder" else f"s3://{bucket}/{COOP}"
    environment = objects.environment if kind == "bucket" else {}
    first = gateway.facts("log", "archive", COOP, target, **environment)
    assert (first["size"], first["since"], first["files"]) == (1, 0, 2)
    gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n")
    second = gateway.facts("log", "archive", COOP, target, **environment)
    assert (second["size"], second["since"]) == (3, 1)
    assert "0 files" in gateway.run("log", "archive", COOP, target, **environment)
    vkey = next(one["id"] for one in gateway.facts("keys", "list") if one["use"] == "log")
    if kind == "bucket":
        objects.copy(bucket, COOP, tmp_path / "archive")
    assert gateway.facts("log", "verify", str(tmp_path / "archive"), "--key", vkey)["ok"]


def test_what_archive_refuses(gateway: Gateway, tmp_path: Path, objects: Any) -> None:
    gateway.look(datetime(2020, 1, 1, tzinfo=UTC), CODE)
    assert "no place for an archive" in gateway.run("log", "archive", COOP, "ftp://x/y", code=2)
    assert "nowhere" in gateway.run("log", "archive", "nowhere", str(tmp_path), code=2)
    gateway.run("log", "archive", COOP, "s3://no-such-bucket/x", code=3, **objects.environment)
    (tmp_path / "checkpoint").write_text("not a checkpoint")
    assert "not one that this log's key signed" in gateway.run("log", "archive", COOP, str(tmp_path), code=1)
