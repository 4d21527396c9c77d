"""gateway source check, as an IT department types it before anything is provided."""

import csv
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app as commands
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import make_members
from tests.adapters.member_files import PRODUCTS, csv_file, put
from tests.house import COOP, ROOT, environment_of

MEMBERS = make_members(80, today=datetime.now(UTC).date())
LAYOUT = f"""
file:
  pattern: members_*.csv
  format: csv
  products: {json.dumps(PRODUCTS)}
"""
TWO_PEOPLE = ("--proposer", "起案", "--approver", "承認", "--reason", "試験")


def without(column: str) -> bytes:
    out = io.StringIO()
    rows = list(csv.reader(io.StringIO(csv_file(MEMBERS).decode())))
    at = rows[0].index(column)
    csv.writer(out).writerows(row[:at] + row[at + 1 :] for row in rows)
    return out.getvalue().encode()


class Desk:
    """A co-op's folders, and the command line beside them."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.files = folder / "members"
        self.files.mkdir()
        policies = shutil.copytree(ROOT / "policies", folder / "policies")
        with (policies / COOP / "source.yaml").open("a") as source:
            source.write(LAYOUT)
        self.environment = environment_of(folder, database_url, COOP) | {
            "GATEWAY_POLICIES": str(policies),
            "GATEWAY_SOURCES": json.dumps({COOP: {"kind": "files", "folder": str(self.files)}}),
        }

    def type(self, *words: str, code: int = 0, **more: str) -> Result:
        done = CliRunner().invoke(commands, list(words), env={**self.environment, **more})
        assert done.exit_code == code, (words, done.output, done.exception)
        for member in MEMBERS:
            assert member["member_code"] not in done.output
            assert member["name"] is None or member["name"] not in done.output
        return done

    def check(self, *words: str, code: int = 0, **more: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(
            self.type("source", "check", COOP, "--json", *words, code=code, **more).stdout
        )
        return told


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path) -> Desk:
    return Desk(tmp_path, sqlite_url)


def test_records_that_cannot_be_used_are_told_by_line_and_column(desk: Desk) -> None:
    put(desk.files, "members_1.csv", csv_file(MEMBERS))
    told = desk.check("--files", code=1)
    lines = csv_file(MEMBERS).decode().splitlines()
    unnamed = {fault["column"]: fault for fault in told["faults"]}
    assert told["file"] == "members_1.csv"
    assert told["readable"] + told["refused"] == len(MEMBERS)
    assert told["refused"] == sum(fault["count"] for fault in told["faults"]) > 0
    (line,) = unnamed["name"]["places"]
    assert unnamed["name"]["why"] == "missing"
    assert lines[line - 1].startswith(AWKWARD["null_name"])
    table = desk.type("source", "check", COOP, "--files", code=1).stdout
    assert "必要な値がない" in table
    assert f"{len(MEMBERS)}件を読み" in table
    assert (
        "no value where one is needed" in desk.type("source", "check", COOP, "--files", "--lang", "en", code=1).stdout
    )


def test_a_file_that_is_refused_is_told_with_its_record_and_mend(desk: Desk) -> None:
    put(desk.files, "members_1.csv", csv_file(MEMBERS))
    put(desk.files, "members_2.csv", csv_file([*MEMBERS, MEMBERS[0]]))
    told = desk.check("--files", code=1)
    assert told["file"] == "members_1.csv"
    assert told["refused_file"]["kind"] == "code_twice"
    assert told["refused_file"]["records"] == [2, len(MEMBERS) + 2]
    said = desk.type("source", "check", COOP, "--files", code=1).stderr
    assert "members_2.csv 2, " in said
    assert "members_1.csv が使われています" in said
    # One file by itself, whatever the folder has.
    assert desk.check("--files", "--file", str(desk.files / "members_1.csv"), code=1)["file"] == "members_1.csv"


def test_the_policy_in_force_says_how_a_file_is_read(desk: Desk) -> None:
    put(desk.files, "members_1.csv", csv_file(MEMBERS))
    desk.type("keys", "init")
    assert "施行中の版がありません" in desk.type("source", "check", COOP, code=1).stderr
    desk.type("policy", "publish", COOP, *TWO_PEOPLE)
    assert desk.check(code=1)["readable"] > 0


def test_a_field_without_a_column_is_told_and_refuses_the_file_where_it_is_provided(desk: Desk) -> None:
    put(desk.files, "members_1.csv", without("share_yen"))
    told = desk.check("--files", code=1)
    assert (told["absent"], told["absent_and_provided"]) == (["share_yen"], [])
    assert told["readable"] > 0
    put(desk.files, "members_1.csv", without("phone"))
    refused = desk.check("--files", code=1)["refused_file"]
    assert (refused["kind"], refused["columns"]) == ("columns_missing", ["phone"])


def test_what_cannot_be_asked_is_told_with_its_exit_code(desk: Desk) -> None:
    desk.type("source", "check", "nowhere", code=2)
    desk.type("source", "check", COOP, "--files", "--file", str(desk.files / "none"), code=2)
    assert "there is no file" in desk.type("source", "check", COOP, "--files", code=3).stderr
    nobody = json.dumps({COOP: {"url": "http://127.0.0.1:9", "secret_file": str(desk.files.parent / "secret")}})
    desk.type("source", "check", COOP, "--files", code=3, GATEWAY_SOURCES=nobody)
