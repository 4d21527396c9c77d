"""gateway source check of a member system that cannot be read: why, and the mend, in the reader's language; no value."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app as commands
from tests.cli.test_source_commands import Desk
from tests.house import COOP

CANARY = "00867530"
FACTS_ROW = "'active' AS status, 'member' AS subject, '[]' AS programmes, '2022-04-01' AS acquired_under, "
MEMBER = f"'{CANARY}' AS member_code, {FACTS_ROW}'2026-11-21T00:00:00Z' AS as_of, '[]' AS consents, '[]' AS stops"
VIEWS = {
    "no view": ("CREATE TABLE other (a)", "ビューがないか", "has no view"),
    "no column": (f"CREATE VIEW members AS SELECT '{CANARY}' AS member_code", "列がありません", "has no column"),
    "a number": (
        "CREATE VIEW members AS SELECT " + MEMBER.replace(f"'{CANARY}'", CANARY),
        "組合員コードの列が文字ではありません",
        "no text",
    ),
    "a view of what is gone": ("CREATE VIEW members AS SELECT * FROM gone", "データベースが答えません", "failed"),
}


def told(environment: dict[str, str], lang: str) -> str:
    words = ["source", "check", COOP, "--files", "--lang", lang]
    done = CliRunner().invoke(commands, words, env=environment)
    assert done.exit_code == 3, (done.output, done.exception)
    assert CANARY not in done.output
    assert "Traceback" not in done.output
    return done.stderr


@pytest.mark.parametrize("case", VIEWS)
def test_a_view_that_cannot_be_read_is_told_with_its_mend(case: str, sqlite_url: str, tmp_path: Path) -> None:
    made, ja, en = VIEWS[case]
    desk = Desk(tmp_path, sqlite_url)
    source = tmp_path / "policies" / COOP / "source.yaml"
    source.write_text(
        source.read_text().partition("\nfile:")[0]
        + "\nsql:\n  view: members\n  products: {G1: a, G2: b, G3: c, G4: d, G5: e}\n  filters: {insurer: insurer}\n"
    )
    with closing(sqlite3.connect(tmp_path / "core.db")) as core:
        core.execute(made)
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path / 'core.db'}\n")
    environment = desk.environment | {
        "GATEWAY_SOURCES": json.dumps({COOP: {"kind": "sql", "url_file": str(tmp_path / "url")}})
    }
    assert ja in told(environment, "ja")
    english = told(environment, "en")
    assert en in english
    assert ja not in english


def test_a_folder_without_a_file_is_told_with_its_mend(sqlite_url: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, sqlite_url)
    assert "フォルダにファイルがありません" in told(desk.environment, "ja")
    desk.files.rmdir()
    assert "フォルダかファイルを読めません" in told(desk.environment, "ja")
    assert "cannot be read" in told(desk.environment, "en")
