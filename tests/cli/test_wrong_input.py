"""What is typed wrongly is told to the person who typed it: a sentence, an exit code, nothing half done."""

import re
from pathlib import Path

import pytest

from gateway.cli.log.words import line_of
from gateway.tlog.member_proof import parse
from tests.cli.test_retention_commands import BY, CODE, COOP, STOP, Gateway

NESTED = b'{"coop":' + b"[" * 5_000 + b"]" * 5_000 + b"}"


@pytest.fixture
def gateway(tmp_path: Path, sqlite_url: str) -> Gateway:
    return Gateway(tmp_path, sqlite_url)


@pytest.mark.parametrize(
    "line",
    [
        "member_code",  # the heading of a table
        f"{CODE},",
        "００００００１３",  # full-width digits
        "0000 0101",
        "0" * 65,
        "a" * 70_000,
    ],
)
def test_a_code_that_no_member_has_sets_no_stop(gateway: Gateway, line: str) -> None:
    said = gateway.run("member", "restrict", COOP, *STOP, stdin=f"{CODE}\n{line}\n", code=2)
    assert "2行目" in said
    assert "line 2" in said
    assert line not in said
    assert gateway.run("log", "tail", COOP) == ""


def test_a_file_of_codes_may_begin_as_some_editors_write_it(gateway: Gateway) -> None:
    """A byte order mark is no part of the first code: its stop would match nobody."""
    gateway.run("member", "restrict", COOP, *STOP, stdin=f"\ufeff{CODE}\n")
    rows = gateway.facts("log", "erase", COOP, "--member", "--dry-run", stdin=f"{CODE}\n")["rows"]
    assert rows == {"log_subject": 1, "member_code": 1}


@pytest.mark.parametrize("look", [["history", COOP], ["prove", COOP, "0"]])
@pytest.mark.parametrize("about", [("--by", " ", "--reason", "照会"), ("--by", "監査", "--reason", "")])
def test_nobody_looks_without_a_name_and_a_reason(gateway: Gateway, look: list[str], about: tuple[str, ...]) -> None:
    said = gateway.run("member", *look, "--codes", "-", *about, stdin=CODE, code=2)
    assert "is empty" in said
    assert gateway.run("log", "tail", COOP) == ""


@pytest.mark.parametrize("index", ["-1", str(2**63), str(10**30)])
def test_an_index_that_no_entry_can_have(gateway: Gateway, index: str) -> None:
    gateway.run("member", "prove", COOP, "--codes", "-", *BY, "--", index, stdin=CODE, code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["member", "persons", COOP, "--partner", "x", "--from", "0001-01-01", "--to", "9999-12-31"],
        ["log", "erase", COOP, "--by", "x", "--before", "0001-01-01"],
        ["log", "erase", COOP, "--dry-run", "--before", "0001-01-01"],
    ],
)
def test_to_the_edges_of_the_calendar_there_is_nothing(gateway: Gateway, arguments: list[str]) -> None:
    assert re.search(r"[ :]0[人 ]", gateway.run(*arguments))


def test_a_folder_that_cannot_be_written(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = gateway.run("log", "export", COOP, str(tmp_path / "file" / "log"), code=2)
    assert "Not a directory" in said


def test_an_archive_needs_a_place(gateway: Gateway) -> None:
    """As in `archive "$ARCHIVE"` with a variable that is not set: the current folder is not meant."""
    assert "no place for an archive" in gateway.run("log", "archive", COOP, "", code=2)


@pytest.mark.parametrize("command", [["tail", "--where"], ["verify", "--key", "KEY"]])
def test_an_address_that_is_none(gateway: Gateway, command: list[str]) -> None:
    vkey = next(one["id"] for one in gateway.facts("keys", "list") if one["use"] == "log")
    arguments = [vkey if one == "KEY" else one for one in command]
    assert "is no URL" in gateway.run("log", *arguments, "http://[::1", code=2)


@pytest.mark.parametrize(
    "command", [["policy", "lint", "."], ["log", "tail", COOP], ["member", "history", COOP, "--codes", "-", *BY]]
)
def test_a_language_that_there_is_not_is_named_with_those_that_there_are(gateway: Gateway, command: list[str]) -> None:
    said = gateway.run(*command, "--lang", "xx", stdin=CODE, code=2)
    assert "`xx` という言語はありません" in said
    assert "ja or en" in said
    assert gateway.run("log", "tail", COOP) == ""


def test_nesting_beyond_all_sense_is_no_entry_and_no_proof() -> None:
    assert "読めない記録" in line_of(0, NESTED, lang="ja")
    with pytest.raises(ValueError, match="not a proof"):
        parse(NESTED)
