"""監査資料 and 第三者提供記録簿 on both databases: the same data the same bytes, every clause has its line, nobody is named."""

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.core.refused import Refused
from gateway.core.reviews.clauses import CLAUSES
from gateway.core.reviews.safety_measures import HEADINGS
from gateway.oversight import measures
from gateway.oversight.measures import Measure
from gateway.oversight.reports.pack import archived, audit_pack
from gateway.oversight.reports.papers import published
from gateway.oversight.reports.provisions import provision_tables, provisions
from gateway.oversight.reviews.findings import raise_finding
from gateway.oversight.reviews.periods import Period
from gateway.ports import Committed, Submission
from gateway.tlog.entries import Release, encode
from gateway.tlog.merkle import leaf_hash
from tests.clock import SettableClock
from tests.control_plane.asking import released
from tests.house import COOP, House
from tests.oversight.reporting import FIRST, OCTOBER, busy, desk_of, october
from tests.paper import text_of

MONTH = Period(date(2026, 10, 1), date(2026, 10, 31))


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with october(database_url, tmp_path, clock, gateway_keys) as running:
        yield running


@pytest.fixture
async def on_sqlite(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    """The same, for what no database changes."""
    async with october(sqlite_url, tmp_path, clock, gateway_keys) as running:
        yield running


async def packed(house: House, **more: Any) -> dict[str, bytes]:
    return {**await audit_pack(desk_of(house), COOP, MONTH, name="生活協同組合 共立社", trial=False, **more)}


def rows(files: dict[str, bytes], path: str) -> list[dict[str, Any]]:
    [table] = json.loads(files[path])["tables"][:1]
    found: list[dict[str, Any]] = table["rows"]
    return found


@pytest.mark.clause("D-07b")
async def test_the_same_data_makes_the_same_bytes_whatever_is_logged_afterwards(house: House):
    desk = desk_of(house)
    await busy(house)
    await measures.declare(
        desk,
        COOP,
        Measure(heading="10-5(1)", title="入退室の管理", evidence="入退室簿", done=date(2026, 10, 1)),
        by="homu",
    )
    await raise_finding(desk, COOP, text="質問票の回答が遅い", owner="sato", due=date(2026, 10, 30), by="homu")
    house.clock.now = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    await house.publish_checkpoint()
    first = archived(await packed(house))
    await house.stop("00000404")
    await house.publish_checkpoint()
    files = await packed(house)
    assert archived(files) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    manifest = json.loads(files["manifest.json"])
    assert manifest["files"] == {
        path: sha256(data).hexdigest() for path, data in files.items() if path != "manifest.json"
    }
    assert manifest["log"]["holds"] is True
    assert (await packed(house, lang="en"))["clauses.csv"] != files["clauses.csv"]


@pytest.mark.clause("D-10", "K-H1")
async def test_every_clause_and_heading_has_its_line_and_nothing_is_claimed_without_evidence(on_sqlite: House):
    house = on_sqlite
    desk = desk_of(house)
    await busy(house)
    await measures.declare(
        desk,
        COOP,
        Measure(heading="10-5(1)", title="入退室の管理", evidence="入退室簿", done=date(2026, 10, 1)),
        by="homu",
    )
    house.clock.now = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    await house.publish_checkpoint()
    files = await packed(house)
    clauses = {one["clause"]: one for one in rows(files, "clauses.json")}
    assert set(clauses) == {one.id for one in CLAUSES}
    assert clauses["K-P4"]["evidence"] == "shown"
    assert clauses["K-P13"]["evidence"] == "none"
    assert clauses["K-A1"]["evidence"] == "none"
    assert clauses["D-02"]["evidence"] == "other"
    assert clauses["K-U4"]["evidence"] == "shown"
    headings = {one["number"]: one for one in rows(files, "safety.json")}
    assert set(headings) == {one.number for one in HEADINGS}
    assert headings["10-5(1)"]["declared"] == "入退室の管理"
    assert headings["10-5(2)"]["declared"] == "none"
    text = list(csv.reader(io.StringIO(files["safety.csv"].decode("utf-8-sig"))))
    assert ["10-5(2)", "機器及び電子媒体等の盗難等の防止", "なし", "なし", ""] in text


async def test_the_texts_of_the_policies_are_in_it_with_their_digests_and_nothing_of_a_member(on_sqlite: House):
    house = on_sqlite
    await busy(house)
    house.clock.now = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    await house.publish()
    files = await packed(house)
    [version] = rows(files, "versions.json")
    assert sha256(files[version["file"]]).hexdigest() == version["sha256"]
    [notice] = [one for one in rows(files, "notices.json") if one["version"] == "2022-04-01"]
    source = Path("policies/kyoritsusha/source/2022-04-01.txt").read_bytes()
    assert notice["sha256"] == sha256(source).hexdigest()
    paper = text_of(files["audit-pack.pdf"])
    assert version["sha256"] in paper
    assert "生活協同組合共立社" in paper
    texts = [data.decode() for path, data in files.items() if not path.endswith(".pdf")]
    assert [code for code in FIRST if any(code in one for one in (*texts, paper))] == []


async def test_a_changed_entry_is_told_and_an_unfinished_period_is_refused(on_sqlite: House):
    house = on_sqlite
    await busy(house)
    with pytest.raises(Refused, match="period is not over"):
        await packed(house)
    house.clock.now = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    await house.publish_checkpoint()
    held = json.loads((await packed(house))["manifest.json"])["log"]["holds"]
    changed = "CAST(replace(CAST(entry AS TEXT), 'case_required', 'not_granted') AS BLOB)"
    await house.tamper("DROP TRIGGER log_entry_update", f"UPDATE log_entry SET entry = {changed} WHERE kind = 'denial'")
    files = await packed(house)
    assert (held, json.loads(files["manifest.json"])["log"]["holds"]) == (True, False)
    results = {one["check"]: one["result"] for one in rows(files, "verification.json")}
    assert results["same_root"] == "false"


async def test_consent_and_provision_abroad_are_recorded_and_joint_use_is_exempt(house: House):
    def abroad(document: dict[str, Any]) -> None:
        document["partners"]["jccu"]["country"] = "US"
        document["partners"]["jccu"]["address"] = "1 Main Street"

    house.clock.advance(days=1)
    await house.publish(change=abroad)
    desk = desk_of(house)
    digest = house.stores.snapshots.current(COOP).versions[-1].policy.digest
    agreement: dict[str, Any] = {"agreement": "kyoritsusha-sunnet-01", "policy": digest, "at": OCTOBER, "gov": 0}
    for one in (
        released({"name": "as_is"}, basis="consent", article="法27条1項", **agreement),
        released({"phone": "as_is"}, partner="jccu", **agreement),
        released({"name": "as_is"}, **agreement),
    ):
        assert isinstance(await _said(house, one), Committed)
    house.clock.now = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    assert (await published(desk, COOP)).keys() == {one.index for one in desk.current(COOP).versions}
    made = await provisions(desk, COOP, MONTH)
    assert [(one.partner, one.basis, one.fields, one.members) for one in made.records] == [
        ("sunnet", "consent", ("name",), 8),
        ("jccu", "joint_use", ("phone",), 8),
    ]
    assert {one.keep_until for one in made.records} == {date(2029, 10, 10)}
    assert made.records[1].receiver.address == "1 Main Street"
    assert [(one.partner, one.basis, one.releases) for one in made.exempt] == [("sunnet", "joint_use", 1)]
    tables = provision_tables(made, desk.current(COOP), coop="共立社", today=date(2029, 10, 11), trial=False)
    assert {row[-1].code for row in tables[0].rows} == {"expired"}  # type: ignore[union-attr]  # each is Said
    [why] = [row[2] for row in tables[1].rows]
    assert "法27条5項3号" in why.ja  # type: ignore[union-attr]  # as above


async def _said(house: House, entry: Release) -> object:
    data = encode(entry)
    return await house.stores.log.append(
        COOP, Submission(entry=data, leaf=leaf_hash(data), kind=entry.kind, partner=entry.partner, time=OCTOBER)
    )
