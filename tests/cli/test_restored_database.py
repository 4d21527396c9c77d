"""`gateway log export` over a database that was set back: nothing is signed, and the operator is told what to do."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from tests.house import environment_of

BY = ("--by", "運用", "--reason", "試験")


@pytest.fixture
def environment(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    return environment_of(tmp_path, sqlite_url, "kyoritsusha")


def test_an_older_database_is_not_exported_and_the_newer_one_goes_on(
    environment: dict[str, str], tmp_path: Path
) -> None:
    def gateway(*arguments: str, **changed: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env={**environment, **changed})

    def export(name: str) -> Result:
        return gateway("log", "export", "kyoritsusha", str(tmp_path / name), "--json")

    def copy(source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)

    publish = ("policy", "publish", "kyoritsusha", "--proposer", "起案", "--approver", "承認", "--reason", "初版")
    assert gateway("keys", "init").exit_code == gateway(*publish).exit_code == 0
    database, older, newer = (tmp_path / name for name in ("gateway.db", "older.db", "newer.db"))
    assert json.loads(export("first").stdout)["size"] == 1
    copy(database, older)
    assert gateway("partner", "resume", "kyoritsusha", "sunnet", *BY).exit_code == 0
    assert json.loads(export("second").stdout)["size"] == 2
    copy(database, newer)
    copy(older, database)
    refused = export("third")
    assert refused.exit_code == 1
    assert "古いデータベース" in refused.stderr
    assert "1 entries, but 2 were signed" in refused.stderr
    assert not (tmp_path / "third").exists()
    # Entered there it would be lost with it; whoever cannot read what was signed does not know.
    late = ("partner", "resume", "kyoritsusha", "jccu", *BY)
    refused = gateway(*late)
    assert (refused.exit_code, "docs/operations.md" in refused.stderr) == (3, True)
    assert gateway(*late, GATEWAY_SIGNER_STATE=str(tmp_path / "elsewhere")).exit_code == 0
    assert "続きではありません" in export("third").stderr
    copy(newer, database)
    assert json.loads(export("third").stdout)["size"] == 2
    shutil.rmtree(tmp_path / "keys" / "signer-state")
    assert "控えがありません" in export("fourth").stderr
