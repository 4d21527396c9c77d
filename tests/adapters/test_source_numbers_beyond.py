"""Values at the end of what a type holds: a filter beyond every whole number, an instant just before a day of 1970."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from tests import postgres as pg
from tests.adapters.member_files import page as files_page, parquet_file, parquet_layout, plan, serving
from tests.adapters.test_source_sql import CODE, MEMBERS, YEN, codes_of, opened, page, plan_of, walked
from tests.simulators.member_view import SOURCE, MemberView

BEYOND = ["9223372036854775808", "99999999999999999999"]


@pytest.fixture
def core(backend: pg.Server | None, tmp_path: Path) -> MemberView:
    return MemberView(backend, tmp_path)


@pytest.mark.parametrize("wanted", ["9223372036854775807", *BEYOND])
async def test_a_filter_of_many_digits_finds_who_has_that_text(core: MemberView, wanted: str) -> None:
    await core.make(MEMBERS)
    await core.execute(f"UPDATE member SET insurer = '{wanted}' WHERE member_code = '{CODE}'")
    async with opened(core.url) as source:
        assert codes_of(await walked(source, page(filters={"insurer": wanted}))) == [CODE]


@pytest.mark.parametrize("wanted", BEYOND)
async def test_a_filter_beyond_every_whole_number_is_met_by_nobody(core: MemberView, wanted: str) -> None:
    await core.make(MEMBERS)
    assert SOURCE.sql is not None
    rows = plan_of(replace(SOURCE, sql=replace(SOURCE.sql, filters={"insurer": YEN})))
    async with opened(core.url) as source:
        assert codes_of(await walked(source, page(rows=rows, filters={"insurer": wanted}))) == []


@pytest.mark.parametrize("before", [1, 999, 1_000])
async def test_the_last_moment_of_a_day_is_not_the_next_one(tmp_path: Path, before: int) -> None:
    first, second = MEMBERS[:2]
    table = pq.read_table(io.BytesIO(parquet_file([first, second])))
    midnight = int(datetime(1960, 4, 2, tzinfo=UTC).timestamp()) * 10**9
    days = pa.array([midnight - before, midnight], pa.timestamp("ns"))
    table = table.set_column(table.column_names.index("birth_date"), "birth_date", days)
    pq.write_table(table, tmp_path / "members_1.parquet")
    async with serving(tmp_path) as source:
        records = await files_page(source, plan(parquet_layout(), "birth_date"))
    assert [(row.code, row.field_birth_date) for row in records.rows] == [(second["member_code"], date(1960, 4, 2))]
    assert records.refused == [first["member_code"]]
