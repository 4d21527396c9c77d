"""gateway report, as its users type it: what is printed, what is written, and how wrong asking ends."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.proposal_desk import TWO_NAMES, Desk
from tests.cli.test_retention_commands import COOP


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str) -> Desk:
    made = Desk(tmp_path, sqlite_url)
    made.run("policy", "publish", COOP, *TWO_NAMES)
    made.employ()
    return made


def test_the_ledger_is_printed_and_written(desk: Desk):
    [table] = json.loads(desk.run("report", "ledger", COOP, "--json"))["tables"]
    assert table["key"] == "ledger"
    assert {row["agreement"] for row in table["rows"]} >= {"kyoritsusha-sunnet-01"}
    assert "共同利用台帳" in desk.run("report", "ledger", COOP)
    for ending in ("csv", "xlsx", "json", "pdf"):
        out = desk.folder / f"ledger.{ending}"
        desk.run("report", "ledger", COOP, "--on", "2026-01-01", "--out", str(out))
        assert out.stat().st_size > 100
    desk.run("report", "ledger", COOP, "--out", str(desk.folder / "ledger.doc"), code=2)


def test_the_month_and_the_records_are_printed(desk: Desk):
    tables = json.loads(desk.run("report", "month", COOP, "--json"))["tables"]
    assert [one["key"] for one in tables] == ["totals", "uses", "reasons", "changes"]
    assert "Monthly report" in desk.run("report", "month", COOP, "--month", "2026-01", "--lang", "en")
    desk.run("report", "month", COOP, "--month", "2026-13", code=2)
    assert "第三者提供記録簿" in desk.run("report", "provisions", COOP)
    desk.run("report", "provisions", COOP, "--from", "2026-10-02", "--to", "2026-10-01", code=2)


def test_the_audit_pack_is_a_folder_or_an_archive_and_says_that_it_was_made(desk: Desk):
    period = ("--from", "2026-09-01", "--to", "2026-09-30", "--by", "sato")
    folder, archive = desk.folder / "pack", desk.folder / "pack.zip"
    told = json.loads(desk.run("report", "audit-pack", COOP, *period, "--out", str(folder), "--json"))
    desk.run("report", "audit-pack", COOP, *period, "--out", str(archive))
    with zipfile.ZipFile(archive) as found:
        assert len(found.namelist()) == told["files"]
        for path in found.namelist():
            assert found.read(path) == (folder / path).read_bytes(), path
    desk.run("report", "audit-pack", COOP, *period, "--out", str(folder), code=2)
    future = ("--from", "2999-01-01", "--to", "2999-01-31", "--by", "sato")
    desk.run("report", "audit-pack", COOP, *future, "--out", str(archive), code=1)
