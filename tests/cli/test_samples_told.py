"""Samples are left out outside the demo, and whoever lints, publishes or checks the member system is told which."""

import json
import shutil
from pathlib import Path

import pytest

from tests.adapters.member_files import csv_file, put
from tests.cli.test_source_commands import MEMBERS, TWO_PEOPLE, Desk, without
from tests.house import COOP, ROOT

ABROAD = {"GATEWAY_DEMO": "false", "GATEWAY_ISSUER": "https://gw.example.coop"}
SAID = {"ja": "見本 `kyoritsusha-sunnet-01` は", "en": "the samples `kyoritsusha-sunnet-01` are left out"}
MEND = {"ja": "`sample: true` を除く", "en": "take `sample: true` out"}


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path) -> Desk:
    shutil.copytree(ROOT / "partners", tmp_path / "partners")
    return Desk(tmp_path, sqlite_url)


def folder(desk: Desk) -> str:
    return str(Path(desk.environment["GATEWAY_POLICIES"]) / COOP)


@pytest.mark.parametrize("lang", SAID)
@pytest.mark.parametrize("words", [(), ("--no-samples",)])
def test_lint_names_the_file_and_the_mend_as_a_warning(desk: Desk, lang: str, words: tuple[str, ...]) -> None:
    told = desk.type("policy", "lint", folder(desk), "--lang", lang, *words, code=0, **ABROAD).stdout
    (line,) = (one for one in told.splitlines() if SAID[lang] in one)
    assert line.startswith(f"{folder(desk)}/agreements/sunnet.yaml:6:")
    assert MEND[lang] in line
    assert "0 errors" in told


def test_each_kind_of_sample_is_told_by_its_file(desk: Desk) -> None:
    told = json.loads(desk.type("policy", "lint", folder(desk), "--json", code=0, **ABROAD).stdout)
    files = {Path(one["file"]).parent.name for one in told if "`sample: true`" in one["ja"]}
    assert files == {"agreements", "decisions", "notices", "partners"}
    assert {one["severity"] for one in told} == {"warning"}


def test_nothing_is_said_of_samples_in_the_demo(desk: Desk) -> None:
    assert "見本" not in desk.type("policy", "lint", folder(desk)).stdout


def test_publish_says_what_it_leaves_out(desk: Desk) -> None:
    desk.type("keys", "init", code=0, **ABROAD)
    desk.type("migrate", code=0, **ABROAD)
    told = desk.type("policy", "publish", COOP, *TWO_PEOPLE, code=0, **ABROAD).stderr
    for lang in ("ja", "en"):
        assert SAID[lang] in told
        assert MEND[lang] in told


@pytest.mark.parametrize("lang", SAID)
def test_source_check_says_it_where_a_granted_column_of_a_sample_is_missing(desk: Desk, lang: str) -> None:
    put(desk.files, "members_1.csv", csv_file(MEMBERS))
    unusable = {number for fault in desk.check("--files", code=1)["faults"] for number in fault["places"]}
    lines = without("phone").splitlines(keepends=True)
    put(desk.files, "members_2.csv", b"".join(line for number, line in enumerate(lines, 1) if number not in unusable))
    words = ("source", "check", COOP, "--files", "--lang", lang)
    assert SAID[lang] not in desk.type(*words, code=1).output
    told = desk.type(*words, code=0, **ABROAD)
    assert "`phone`" in told.stdout
    assert SAID[lang] in told.stderr
    assert MEND[lang] in told.stderr
