"""docs/changes.md is run as it is written, by the two people of a department with the real files; its tables are the rules."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from gateway.adapters.policy_files.folder import files_of
from gateway.core.changes.proposal import EVENTS, FROM, Rule
from tests.cli.test_retention_commands import COOP, Gateway
from tests.house import ROOT

HALVES = (ROOT / "docs" / "changes.md").read_text(encoding="utf-8").split("\n## In English\n")
LINES = [
    [line for block in re.findall(r"^```sh\n(.*?)^```$", half, re.DOTALL | re.MULTILINE) for line in block.splitlines()]
    for half in HALVES
]


def test_both_halves_say_the_same_commands() -> None:
    japanese, english = LINES
    assert japanese == english
    assert len(japanese) > 20


def test_every_line_does_what_the_page_says(tmp_path: Path, sqlite_url: str) -> None:
    for name in ("policies", "partners"):
        shutil.copytree(ROOT / name, tmp_path / name)
    house = Gateway(tmp_path, sqlite_url)
    house.environment |= {"GATEWAY_POLICIES": "policies", "GATEWAY_PARTNERS": "partners"}
    gateway = f'gateway() {{ {shlex.quote(sys.executable)} -m gateway "$@"; }}'
    done = subprocess.run(
        ["sh", "-c", "\n".join(["set -e", gateway, *LINES[0], 'echo "$PROPOSAL $PREVIEW $VERSION $BACK"'])],
        cwd=tmp_path,
        env={**os.environ, **house.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    proposal, preview, version, back = done.stdout.splitlines()[-1].split()

    listed = {one["proposal"]: one for one in house.facts("policy", "proposals", COOP)}
    assert (listed[proposal]["state"], listed[proposal]["author"], listed[proposal]["approver"]) == (
        "published",
        "sato",
        "ito",
    )
    assert listed[proposal]["preview"] == preview
    assert (listed[back]["state"], listed[back]["base"]) == ("withdrawn", _last(house))
    assert listed[proposal]["base"] == version
    entries = [json.loads(line)["entry"] for line in house.run("log", "tail", COOP, "--json").splitlines()]
    assert [one.get("event", one["kind"]) for one in entries if one["kind"] in {"proposal", "publish"}] == [
        *("publish", "amend", "submit", "approve", "publish"),
        *("amend", "withdraw"),
    ]
    published = files_of(tmp_path / "published" / "policies", tmp_path / "published" / "partners", COOP)
    assert published == files_of(tmp_path / "policies", tmp_path / "partners", COOP)
    assert published != files_of(ROOT / "policies", ROOT / "partners", COOP)
    assert "delivery_day" in done.stdout


def _last(house: Gateway) -> str:
    return str(house.facts("policy", "history", COOP)[-1]["digest"])


def _rows(half: str, heading: str) -> list[list[str]]:
    """The cells of the table that begins with this heading."""
    table = half.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


@pytest.mark.parametrize(("half", "heading"), list(zip(HALVES, ("操作", "act"), strict=True)), ids=("ja", "en"))
def test_the_table_of_acts_is_that_of_the_core(half: str, heading: str) -> None:
    rows = {act.strip("`"): set(re.findall("[a-z]+", states)) for act, states, *_ in _rows(half, heading)}
    assert rows.pop("propose") == set()
    assert rows == {event: set(FROM[event]) for event in EVENTS}


@pytest.mark.parametrize(("half", "heading"), list(zip(HALVES, ("規則", "rule"), strict=True)), ids=("ja", "en"))
def test_the_table_of_refusals_names_every_rule(half: str, heading: str) -> None:
    rows = _rows(half, heading)
    assert [rule.strip("`") for rule, *_ in rows] == [*get_args(Rule), "version", "partner", "published_text"]
    assert all(meaning and mend for _, meaning, mend in rows)
