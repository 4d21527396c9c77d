"""Tables tell times as people here read them; `--json` in UTC, as machines do."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from gateway.core.days import JST
from tests.cli.test_source_commands import TWO_PEOPLE, Desk
from tests.house import COOP


def both(desk: Desk, *words: str, column: str) -> tuple[datetime, str]:
    """The first instant of a list as JSON, and the table."""
    rows = json.loads(desk.type(*words, "--json").stdout)
    instant = next(datetime.fromisoformat(row[column]) for row in rows if row[column])
    assert instant.utcoffset() == timedelta(0)
    return instant, desk.type(*words).stdout


def test_versions_and_keys_are_told_in_japan_time(sqlite_url: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, sqlite_url)
    why = ("--by", "運用", "--reason", "試験")
    for words in (("keys", "init"), ("migrate",), ("policy", "publish", COOP, *TWO_PEOPLE)):
        desk.type(*words)
    desk.type("client", "register", str(tmp_path / "sunnet"))
    keys = tmp_path / "sunnet" / "public.jwks.json"
    desk.type("partner", "add-key", COOP, "sunnet", "sunnet-demo", str(keys), *why)
    kid = json.loads(keys.read_text())["keys"][0]["kid"]
    desk.type("partner", "end-key", COOP, "sunnet", kid, *why)
    for command, column in ((("policy", "history", COOP), "effective"), (("partner", "keys", COOP, "sunnet"), "until")):
        instant, table = both(desk, *command, column=column)
        assert f"{instant.astimezone(JST):%Y-%m-%d %H:%M:%S} " in table
        assert "+00:00" not in table
        assert "." not in f"{table.partition(instant.astimezone(JST).strftime('%H:%M:%S'))[2][:4]}"
