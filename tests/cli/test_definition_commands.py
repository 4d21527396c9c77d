"""gateway policy definitions, as its users type it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cli.proposal_desk import DAY, TWO_NAMES, Desk
from tests.cli.test_retention_commands import COOP

AGREEMENT = ("sunnet", "kyoritsusha-sunnet-01")


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str) -> Desk:
    made = Desk(tmp_path, sqlite_url)
    made.run("policy", "publish", COOP, *TWO_NAMES)
    made.employ()
    return made


def written(desk: Desk, name: str, *more: str) -> Path:
    out = desk.folder / name
    desk.run("policy", "definitions", COOP, *AGREEMENT, "--out", str(out), *more)
    return out


def sheets(path: Path) -> dict[str, Any]:
    return {one["key"]: one for one in json.loads(path.read_text(encoding="utf-8"))["tables"]}


def test_the_definitions_are_written_in_every_format_with_those_who_approved(desk):
    desk.write(DAY, "")
    desk.published()
    found = sheets(written(desk, "fields.json"))
    assert [row["field"] for row in found["fields"]["rows"] if row["change"] == "-"] == ["delivery_day"]
    assert [(row["proposer"], row["approver"]) for row in found["history"]["rows"]] == [
        ("sato", "ito"),
        ("佐藤", "鈴木"),
    ]
    book = openpyxl.load_workbook(io.BytesIO(written(desk, "fields.xlsx").read_bytes()))
    assert [name.removeprefix("【試験】") for name in book.sheetnames] == ["表紙", "項目定義", "コード値", "変更履歴"]
    rows = list(csv.reader(io.StringIO(written(desk, "fields.csv", "--lang", "en").read_text("utf-8-sig"))))
    assert rows[0][0].endswith("Cover")


def test_two_versions_are_compared_by_the_beginning_of_their_digests(desk):
    desk.write(DAY, "")
    desk.published()
    first, second = (one["digest"] for one in desk.policy("history"))
    found = sheets(written(desk, "back.json", "--policy", first[:8], "--against", second[:12]))
    assert [row["field"] for row in found["fields"]["rows"] if row["change"] == "+"] == ["delivery_day"]
    assert {note["key"]: note["said"] for note in found["cover"]["notes"]}["version"] == first


def test_it_says_what_was_written(desk):
    out = desk.folder / "fields.xlsx"
    said = desk.facts("policy", "definitions", COOP, *AGREEMENT, "--out", str(out))
    assert said == {"file": str(out), "bytes": out.stat().st_size}


@pytest.mark.parametrize(
    ("name", "more", "code", "told"),
    [
        ("fields.pdf", (), 2, ".xlsx"),
        ("fields.xlsx", ("--against", "0" * 64), 1, "policy history"),
        ("fields.xlsx", ("--policy", "abc"), 1, "8 characters or more"),
        ("none/fields.xlsx", (), 2, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(desk, name, more, code, told):
    out = desk.folder / name
    said = desk.run("policy", "definitions", COOP, *AGREEMENT, "--out", str(out), *more, code=code)
    assert told in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("coop", "partner", "agreement", "code"),
    [(COOP, "jccu", AGREEMENT[1], 1), (COOP, "sunnet", "none", 1), ("nocoop", *AGREEMENT, 2)],
)
def test_an_agreement_that_there_is_not_is_told(desk, coop, partner, agreement, code):
    out = desk.folder / "fields.xlsx"
    said = desk.run("policy", "definitions", coop, partner, agreement, "--out", str(out), code=code)
    assert (agreement if code == 1 else coop) in said
    assert not out.exists()


def test_before_the_first_version_there_is_nothing_to_define(tmp_path, sqlite_url):
    desk = Desk(tmp_path, sqlite_url)
    said = desk.run("policy", "definitions", COOP, *AGREEMENT, "--out", str(tmp_path / "fields.csv"), code=1)
    assert "no version of `kyoritsusha` is in force" in said
