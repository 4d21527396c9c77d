"""A gateway whose member system is a file: partners receive what they would over JSON, and traces hold nothing of it."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.adapters.sources.files import FileSource
from gateway.core.days import jst_day
from gateway.core.rows import plan_rows
from gateway.core.sources.file_layout import FileLayout
from gateway.demo.awkward import AWKWARD
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from tests.adapters.member_files import (
    csv_file,
    csv_layout,
    fixed_file,
    fixed_layout,
    parquet_file,
    parquet_layout,
    put,
)
from tests.adapters.sourced import FIELDS, everybody, reading
from tests.clock import SettableClock
from tests.house import COOP, MEMBERS, House, running_house


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


def reading_files(house: House, folder: Path, layout: FileLayout) -> AbstractAsyncContextManager[None]:
    """Take the co-op's members from files instead."""
    said = {name: value for name, value in msgspec.to_builtins(layout).items() if value is not None}
    return reading(house, FileSource(folder, clock=house.clock, every_s=3_600), file=said)


async def test_a_partner_receives_from_each_kind_of_file_what_it_received_over_json(
    house: House, tmp_path: Path
) -> None:
    members = make_members(MEMBERS, today=jst_day(house.clock()))
    # Over JSON a telephone number that is a number is refused; in a file everything is text.
    members = [member | {"phone": None} if type(member["phone"]) is int else member for member in members]
    house.sources[COOP].table = Table(members)
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    asked = [AWKWARD[name] for name in ("takasaki", "yoshino", "gaiji", "restricted", "withdrawn", "leading_zeros")]
    over_json = await everybody(sunnet), (await sunnet.pull("P4", FIELDS, asked)).results
    fixed = fixed_layout(members)
    for name, layout, data in (
        ("members_1.csv", csv_layout(), csv_file(reversed(members))),
        ("members_1.dat", fixed, fixed_file(members, fixed)),
        ("members_1.parquet", parquet_layout(), parquet_file(members)),
    ):
        put(tmp_path, name, data)
        async with reading_files(house, tmp_path, layout):
            assert (await everybody(sunnet), (await sunnet.pull("P4", FIELDS, asked)).results) == over_json


async def test_a_new_file_is_a_delta_and_a_refused_one_is_none(house: House, tmp_path: Path) -> None:
    members = make_members(MEMBERS, today=jst_day(house.clock()))
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    put(tmp_path, "members_1.csv", csv_file(members))
    async with reading_files(house, tmp_path, csv_layout()):
        first = await sunnet.pull("P4", FIELDS, page={"limit": 1000})
        changed_one = AWKWARD["takasaki"]
        members = [
            member | {"name": "高崎 花子"} if member["member_code"] == changed_one else member for member in members
        ]
        put(tmp_path, "members_2.csv", csv_file(members)[:-2])
        source = house.desk.coops[COOP].source
        assert isinstance(source, FileSource)
        bare = plan_rows((), house.desk.snapshots.current(COOP).versions[-1].policy.source)
        assert (await source.check(bare)).refusal is not None
        house.clock.now += timedelta(minutes=1)
        same = await sunnet.pull("P4", FIELDS, page={"limit": 1000, "since": first.claims["since"]})
        assert same.released == {}
        put(tmp_path, "members_2.csv", csv_file(members))
        assert (await source.check(bare)).refusal is None
        delta = await sunnet.pull("P4", FIELDS, page={"limit": 1000, "since": same.claims["since"]})
        assert {code: one["name"] for code, one in delta.released.items()} == {changed_one: "高崎 花子"}


async def test_no_file_is_no_release_and_no_value_is_left_anywhere(house: House, tmp_path: Path) -> None:
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    canary = make_members(30, today=jst_day(house.clock()))
    put(tmp_path, "members_1.csv", csv_file([*canary, canary[0]]))
    async with reading_files(house, tmp_path, csv_layout()):
        response = await sunnet.ask("P4", FIELDS, [AWKWARD["takasaki"]])
        assert response.status_code == 503
        assert (await house.denial()).reasons == ["fault:source:unavailable"]
        told = json.dumps(house.told, ensure_ascii=False, default=str) + response.text
        assert "two records have the same member code" in told
        assert not any(member["member_code"] in told or str(member["name"]) in told for member in canary)
