"""Values of a Parquet file that Python has no value for: each costs its record, and nobody else's."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gateway.core.policy import Predicate
from tests.adapters.member_files import codes, page, plan, put, serving
from tests.adapters.test_source_files_refused import PARQUET, parquet

DAY = 86_400_000_000
BEYOND: dict[str, Any] = {
    "a day after every calendar": pa.array([2**30, 6_633], pa.int32()).cast(pa.date32()),
    "an instant after every calendar": pa.array([10**18, 6_633 * DAY], pa.timestamp("us")),
    "an instant before every calendar": pa.array([-(10**18), 6_633 * DAY], pa.timestamp("us")),
    "a span of time": pa.array([2**62, None], pa.duration("s")),
}


@pytest.mark.parametrize("case", BEYOND)
async def test_a_value_beyond_python_s_refuses_its_record_alone(case: str, tmp_path: Path) -> None:
    table = {"member_code": ["00000001", "00000002"], "birth_date": BEYOND[case]}
    put(tmp_path, "m1", parquet(table))
    async with serving(tmp_path) as source:
        rows = plan(PARQUET, "birth_date")
        found = await page(source, rows)
        assert (codes(found.rows), found.refused) == (["00000002"], ["00000001"])
        # Where it decides who is meant, nobody can tell: its record is refused, and not left out.
        old = Predicate(field="birth_date", highest="2000-01-01")
        assert (await page(source, rows, population=(old,))).refused == ["00000001"]


async def test_a_zone_that_nobody_knows_refuses_the_records_that_have_it(tmp_path: Path) -> None:
    zoned = pa.array([0, None], pa.timestamp("us", tz="Mars/Olympus"))
    put(tmp_path, "m1", parquet({"member_code": ["00000001", "00000002"], "birth_date": zoned}))
    async with serving(tmp_path) as source:
        found = await page(source, plan(PARQUET, "birth_date"))
        assert (codes(found.rows), found.refused) == (["00000002"], ["00000001"])
