"""gateway work: for PostgreSQL alone; where one process serves from a file, that one works."""

import os
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import app
from tests.house import environment_of


def test_on_sqlite_it_says_who_works_there(tmp_path: Path) -> None:
    environment = {**os.environ, **environment_of(tmp_path, f"sqlite:///{tmp_path}/gateway.db", "kyoritsusha")}
    done = CliRunner().invoke(app, ["work"], env=environment)
    assert done.exit_code == 1
    assert "gateway serve" in done.output
    assert "実行できません" in done.output
