"""gateway log reindex, as operators type it."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from gateway.cli import app as commands
from tests.house import environment_of

COOP = "kyoritsusha"
TWO_PEOPLE = ("--proposer", "起案", "--approver", "承認", "--reason", "試験")


def test_the_projection_is_brought_up_to_the_log_or_made_again_and_the_log_stays_as_it_is(
    database_url: str, tmp_path: Path
) -> None:
    environment = environment_of(tmp_path, database_url, COOP)

    def gateway(*words: str, code: int = 0, **more: str) -> Result:
        done = CliRunner().invoke(commands, list(words), env={**environment, **more})
        assert done.exit_code == code, (words, done.output, done.exception)
        return done

    gateway("keys", "init")
    assert "0件を索引しました" in gateway("log", "reindex", COOP).stdout
    gateway("policy", "publish", COOP, *TWO_PEOPLE)
    entries = gateway("log", "tail", COOP, "--json").stdout
    size = len(entries.splitlines())
    assert size > 0
    for words in ((), (), ("--rebuild",), ()):
        told = json.loads(gateway("log", "reindex", COOP, *words, "--json").stdout)
        assert told == {"coop": COOP, "entries": size}
    assert gateway("log", "tail", COOP, "--json").stdout == entries
    gateway("log", "reindex", "nowhere", code=2)
    nobody = "postgresql+asyncpg://nobody@127.0.0.1:9/none"
    gateway("log", "reindex", COOP, code=3, GATEWAY_DATABASE_URL=nobody)
