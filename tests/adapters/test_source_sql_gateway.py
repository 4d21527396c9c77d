"""A gateway whose member system is a view of a database: partners receive what they would over JSON, logs hold nothing."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.sources.sql import SqlSource
from gateway.app.desk import sources_of
from gateway.core.days import jst_day
from gateway.core.rows import plan_rows
from gateway.demo.awkward import AWKWARD
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from gateway.ports import Query
from gateway.settings import Settings
from tests import postgres as pg
from tests.adapters.sourced import FIELDS, everybody, reading
from tests.clock import SettableClock
from tests.house import COOP, MEMBERS, House, Silent, running_house
from tests.simulators.member_view import PRODUCTS, SOURCE, VIEW, MemberView


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


def reading_a_view(house: House, core: MemberView) -> AbstractAsyncContextManager[None]:
    """Take the co-op's members from a database instead."""
    source = SqlSource(core.url, clock=house.clock, timeout_s=20.0, connections=2)
    return reading(house, source, sql={"view": VIEW, "products": PRODUCTS})


async def test_a_partner_receives_from_a_view_what_it_received_over_json(
    house: House, backend: pg.Server | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    members = make_members(MEMBERS, today=jst_day(house.clock()))
    # Over JSON a telephone number that is a number is refused, as are programmes that are none; here neither can be.
    members = [one for one in members if one["member_code"] not in {AWKWARD["malformed"], AWKWARD["malformed_fact"]}]
    house.sources[COOP].table = Table(members)
    core = await MemberView(backend, tmp_path).make(members)
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    named = [*AWKWARD.values(), "99999999"]
    before, page = (await sunnet.pull("P4", FIELDS, named)).claims["results"], await everybody(sunnet)
    caplog.set_level(logging.DEBUG)
    async with reading_a_view(house, core):
        assert (await sunnet.pull("P4", FIELDS, named)).claims["results"] == before
        assert await everybody(sunnet) == page
        assert len(page) > 100

        # A view that is gone closes the door, and says which to the co-op's people alone.
        await core.execute(f"DROP VIEW {VIEW}")
        response = await sunnet.ask("P4", FIELDS, named)
        assert response.status_code == 503
        assert (await house.denial()).reasons == ["fault:source:unavailable"]
    assert isinstance(house.telemetry, Silent)
    assert any(f"`{VIEW}`" in str(told) for told in house.told)
    outside = json.dumps([house.told, [record.getMessage() for record in caplog.records if _ours(record)]], default=str)
    for secret in ("髙﨑", AWKWARD["takasaki"], members[-1]["phone"] or "", members[-1]["name"]):
        assert not secret or secret not in outside


async def test_the_settings_name_a_file_that_holds_the_url(tmp_path: Path, clock: SettableClock) -> None:
    core = await MemberView(None, tmp_path).make(make_members(30, today=jst_day(clock())))
    url_file = tmp_path / "core-url"
    url_file.write_text(core.url + "\n")
    settings = Settings(
        issuer="https://gw.example.coop",
        database_url="sqlite:///none.db",
        coops=(COOP,),
        sources={COOP: {"kind": "sql", "url_file": url_file, "timeout_s": 20.0, "connections": 1}},
    )
    source = sources_of(settings, clock=clock)[COOP]
    try:
        found = await source.read(
            Query(rows=plan_rows([], SOURCE), codes=(AWKWARD["takasaki"],)), deadline=clock() + timedelta(seconds=20)
        )
        assert [row.code for row in found.rows] == [AWKWARD["takasaki"]]
    finally:
        await source.close()


def _ours(record: logging.LogRecord) -> bool:
    """Leave out what drivers say while tests listen: `gateway serve` lets them say nothing."""
    return not record.name.startswith(("aiosqlite", "asyncio"))
