"""台帳 and 月報 on both databases: a past day is what was decided then, and every figure is what the exported log says."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.core.days import jst_day
from gateway.oversight.reports.catalogue import field_names, partner_names
from gateway.oversight.reports.ledger import ledger, ledger_table
from gateway.oversight.reports.month import last_month, month, month_named, month_tables
from gateway.oversight.reviews.periods import month_of
from gateway.tlog.entries import instant
from tests.clock import SettableClock
from tests.house import COOP, House
from tests.oversight.reporting import AGREEMENT, FIRST, SECOND, Recount, busy, desk_of, employ, october


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with october(database_url, tmp_path, clock, gateway_keys) as running:
        yield running


def narrower(document: dict[str, Any]) -> None:
    """Sunnet receives less for P4, for a shorter time, and another department owns the agreement."""
    agreement = document["agreements"]["sunnet"][AGREEMENT]
    agreement["contract"]["department"] = "共済事業部"
    agreement["grants"]["delivery"]["retention_days"] = 7
    del agreement["grants"]["delivery"]["fields"]["phone"]


async def test_the_ledger_of_a_past_day_is_what_was_in_force_then(house: House):
    desk = desk_of(house)
    await house.partner("sunnet", AGREEMENT)
    day = jst_day(house.clock())
    then = await ledger(desk, COOP, day)
    house.clock.advance(days=3)
    await house.publish(change=narrower)
    await employ(house, "mori", "森 別", "manager", "共済事業部")
    again = await ledger(desk, COOP, day)
    assert again.lines == then.lines
    assert (again.digest, again.number) == (then.digest, 1)
    now = await ledger(desk, COOP, jst_day(house.clock()))
    assert now.number == 2
    assert now.lines != then.lines
    [before] = [one for one in then.lines if one.grant == "delivery" and one.partner == "sunnet"]
    [after] = [one for one in now.lines if one.grant == "delivery" and one.partner == "sunnet"]
    assert (before.department, before.managers) == ("宅配事業部", ("伊藤 認",))
    assert (after.department, after.managers) == ("共済事業部", ("森 別",))
    assert after.retention_days == 7
    assert "phone" in {one.code for one in before.fields}
    assert "phone" not in {one.code for one in after.fields}


@pytest.mark.clause("D-07a")
async def test_a_line_of_the_ledger_says_who_uses_what_for_what_and_under_what(house: House):
    await house.partner("sunnet", AGREEMENT)
    made = await ledger(desk_of(house), COOP, jst_day(house.clock()))
    table = ledger_table(made, coop="共立社", trial=False)
    rows: list[dict[str, Any]] = [
        dict(zip((column.key for column in table.columns), row, strict=True)) for row in table.rows
    ]
    [line] = [row for row in rows if row["grant"] == "delivery" and row["partner"].code == "sunnet"]
    assert line["purpose"].ja == "P4 商品のお届けまたはサービス提供(アフターサービスを含む)のため"
    assert "氏名" in line["items"].ja
    assert line["basis"].ja == "共同利用(法27条5項3号・第三者提供に当たらない)"
    assert line["state"].code == "active"
    assert line["end"] == date(2027, 3, 31)
    assert line["supervised"].startswith("2026-09-10")
    inactive = {row["partner"].code for row in rows if row["state"].code == "inactive"}
    assert "jccu" in inactive


async def test_before_the_first_version_the_ledger_is_empty(house: House):
    made = await ledger(desk_of(house), COOP, date(2026, 10, 1))
    assert (made.lines, made.digest) == ((), None)
    assert ledger_table(made, coop="共立社", trial=True).titled("ja") == "【試験】共同利用台帳"


async def test_the_figures_of_a_month_are_those_of_the_exported_log(house: House, tmp_path: Path):
    await busy(house)
    house.clock.now = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    await house.publish(change=narrower)
    sunnet = house.partners["sunnet"]
    sunnet.tokens.clear()
    assert (await sunnet.ask("P4", ["member_code", "name"], SECOND)).status_code == 200
    await house.export(tmp_path / "exported")
    desk = desk_of(house)
    for text in ("2026-10", "2026-11"):
        period = month_named(text)
        assert period is not None
        made = await month(desk, COOP, period)
        told = Recount(tmp_path / "exported", instant(period.start), instant(period.end))
        uses = made.counting.uses
        assert {whom: use.releases for whom, use in uses.items() if use.releases} == told.releases
        assert {whom: use.members for whom, use in uses.items() if use.releases} == told.members
        assert {whom: use.fields for whom, use in uses.items() if use.releases} == told.fields
        assert made.counting.reasons == told.reasons
        assert made.counting.denials == told.denials.total()
        assert made.counting.kinds == told.kinds
        assert len([one for one in made.changes if one.what.code == "publish"]) == told.kinds["publish"]
    [october_p4] = [
        use for whom, use in (await _october(desk)).uses.items() if whom[:2] == ("sunnet", "P4") and use.releases
    ]
    assert (october_p4.releases, october_p4.persons, october_p4.unknown) == (2, len({*FIRST, *SECOND}), 0)


async def _october(desk: Any) -> Any:
    period = month_named("2026-10")
    assert period is not None
    return (await month(desk, COOP, period)).counting


async def test_a_month_names_the_checkpoint_that_holds_it_and_what_is_open(house: House):
    await busy(house)
    running = await month(desk_of(house), COOP, month_of(jst_day(house.clock())))
    assert (running.over, running.checkpoint) == (False, None)
    assert running.restricted == (1, 0)
    house.clock.now = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    checkpoint = await house.publish_checkpoint()
    await house.stop(SECOND[0])
    await house.publish_checkpoint()
    desk = desk_of(house)
    made = await month(desk, COOP, last_month(house.clock()))
    assert made.over
    assert made.checkpoint == checkpoint
    snapshot = desk.current(COOP)
    tables = month_tables(made, coop="共立社", names=partner_names(snapshot), fields=field_names(snapshot), trial=False)
    totals = {row[0].code: row[1] for row in tables[0].rows}  # type: ignore[union-attr]  # each figure is Said
    assert totals["releases"] == 3
    assert totals["denials"] == 2
    assert totals["persons"] == len({*FIRST, *SECOND})
    assert checkpoint.root.hex() in str(totals["checkpoint"])
    assert [table.key for table in tables] == ["totals", "uses", "reasons", "changes"]


async def test_members_whose_side_rows_are_erased_are_counted_apart(house: House):
    await busy(house)
    await house.tamper("DELETE FROM log_subject WHERE idx IN (SELECT min(idx) FROM log_entry WHERE kind = 'release')")
    counting = await _october(desk_of(house))
    assert counting.unknown == len(FIRST)
    assert counting.persons < len({*FIRST, *SECOND}) + 1


@pytest.mark.parametrize("text", ["2026-13", "2026", "x", "2026-1", "2026-10-01", ""])
def test_what_names_no_month_is_none(text: str):
    assert month_named(text) is None
