"""gateway review, as its users type it: a month opened, signed by two, proved by the exported log; what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import app as commands
from tests.house import environment_of

COOP = "kyoritsusha"
MONTH = "2026-01"
REVIEW = "review-20260101-20260131"
EMPTY = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
"""The root of no entries: the log began later."""


class Gateway:
    """A gateway's command line on a database and keys of its own, in which nobody holds a role."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.environment = environment_of(folder, database_url, COOP)
        self.run("keys", "init")

    def run(self, *arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(commands, list(arguments), env=self.environment)
        assert done.exit_code == code, (arguments, done.output, done.exception)
        assert "Traceback" not in done.output
        return done.stderr if code else done.stdout

    def facts(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))


@pytest.fixture
def gateway(tmp_path: Path, sqlite_url: str) -> Gateway:
    return Gateway(tmp_path, sqlite_url)


def test_a_month_is_signed_by_two_and_the_exported_log_proves_it(gateway: Gateway, tmp_path: Path):
    assert gateway.facts("review", "list", COOP) == []
    made = gateway.facts("review", "open", COOP, "--from", MONTH, "--by", "homu")
    assert made == {"review": REVIEW, "size": 0, "root": EMPTY, "counts": {}, "sample": 0}
    assert gateway.facts("review", "sample", COOP, "--from", MONTH)["root"] == EMPTY
    signed = gateway.facts("review", "sign", COOP, REVIEW, "--by", "homu", "--reason", "記録がないことを確かめた")
    assert signed == {"review": REVIEW, "state": "signed"}
    refused = gateway.run("review", "countersign", COOP, REVIEW, "--by", "homu", "--reason", "同じ人", code=1)
    assert "別の人に依頼してください" in refused
    assert "somebody else" in refused
    done = gateway.run("review", "countersign", COOP, REVIEW, "--by", "kansa", "--reason", "見直した")
    assert "完了 / complete" in done
    [row] = gateway.facts("review", "list", COOP)
    assert (row["review"], row["state"]) == (REVIEW, "countersigned")
    vkey = gateway.facts("log", "export", COOP, str(tmp_path / "log"))["vkey"]
    told = gateway.facts("log", "verify", str(tmp_path / "log"), "--key", vkey)
    assert told["ok"]
    assert told["counts"]["review"] == 2


def test_what_cannot_be_done_is_told_with_its_mend(gateway: Gateway):
    told = gateway.run("review", "open", COOP, "--from", "2999-01", "--by", "homu", code=1)
    assert "まだ終わっていない期間" in told
    gateway.run("review", "open", COOP, "--from", "2026-01-01", "--to", "2026-01-15", "--by", "homu")
    assert "始まっています" in gateway.run(
        "review", "open", COOP, "--from", "2026-01-01", "--to", "2026-01-15", "--by", "homu", code=1
    )
    assert "という点検はありません" in gateway.run(
        "review", "sign", COOP, "review-x", "--by", "homu", "--reason", "見ました", code=2
    )
    review = "review-20260101-20260115"
    assert "抜取りにありません" in gateway.run("review", "answer", COOP, review, "7", "--ok", "--by", "homu", code=1)
    assert "--ok か" in gateway.run("review", "answer", COOP, review, "7", "--by", "homu", code=2)
    assert "--owner" in gateway.run("review", "answer", COOP, review, "7", "--finding", "x", "--by", "homu", code=2)
