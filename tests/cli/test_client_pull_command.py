"""`gateway client pull` that cannot be what is meant ends before anything is asked, and says how to mend it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.client import generate_keys
from tests.client.gateway_peer import CONFIG, ISSUER


def pull(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["client", "pull", *arguments])
    return done.exit_code, done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["."], "--purpose"),
        ([".", "P4", "--purpose", "P4"], "--purpose"),
        ([".", "P4", "--out", "m.csv", "--codes", "codes.txt"], "--codes"),
        ([".", "P4", "--since", "m.csv.since"], "--out"),
        ([".", "P4", "--apply"], "--out"),
        ([".", "P4", "--out", "m", "--format", "xlsx"], "csv | ndjson | parquet"),
        ([".", "P4", "--out", "m", "--encoding", "sjis"], "utf-8 | utf-8-sig | cp932"),
        ([".", "P4", "--out", "m", "--unencodable", "question"], "refuse | geta"),
    ],
)
def test_a_call_that_makes_no_sense_is_a_usage_error(arguments: list[str], told: str):
    code, said = pull(*arguments)
    assert code == 2
    assert told in said


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_delta_without_an_earlier_pull_says_what_comes_first(tmp_path: Path, lang: str):
    import json

    generate_keys(tmp_path)
    config = json.dumps(CONFIG).replace(ISSUER, "http://127.0.0.1:9")
    (tmp_path / "client.json").write_text(config)
    target = str(tmp_path / "m.csv")
    code, said = pull(str(tmp_path), "P4", "--out", target, "--since", f"{target}.since", "--lang", lang)
    assert code == 1
    assert "whole population first" in said
    (tmp_path / "m.csv.since").write_text("mark-1\n")
    code, said = pull(str(tmp_path), "P4", "--out", target, "--since", f"{target}.since", "--apply", "--lang", lang)
    assert (code, "earlier pull" in said) == (1, True)
    assert not (tmp_path / "m.csv.part").exists()
    code, said = pull(str(tmp_path), "P4", "--out", target, "--lang", lang)
    assert (code, "ConnectError" in said) == (1, True)
    assert not (tmp_path / "m.csv.part").exists()
