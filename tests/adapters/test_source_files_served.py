"""What a whole file answers: the asked columns of the asked members, in the order of codes, as they are written."""

import io
import os
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.adapters.sources.files import answers, folder
from gateway.adapters.sources.files.loading import Wanted
from gateway.core.policy import Predicate
from gateway.core.rows import CODE, plan_rows
from gateway.core.sources.file_layout import Control, FileLayout, FixedColumn
from gateway.core.sources.source_map import ValueForm
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import make_members
from gateway.ports import Query, Unavailable
from tests import factories as make
from tests.adapters.member_files import (
    NOTHING_ASKED,
    changed,
    codes,
    csv_file,
    csv_layout,
    fixed_file,
    fixed_layout,
    map_of,
    page,
    parquet_file,
    parquet_layout,
    plan,
    put,
    serving,
    walk,
)

MEMBERS = make_members(120, today=date(2026, 11, 22))
CSV = FileLayout(pattern="m*", format="csv")
CP932 = changed(CSV, encoding="cp932")
BYTES: dict[str, tuple[FileLayout, bytes]] = {
    "csv": (csv_layout(), csv_file(reversed(MEMBERS))),
    "fixed": (fixed_layout(MEMBERS), fixed_file(list(reversed(MEMBERS)), fixed_layout(MEMBERS))),
    "parquet": (parquet_layout(), parquet_file(list(reversed(MEMBERS)), rows=50)),
}


@pytest.fixture(params=BYTES)
def handed_over(request: pytest.FixtureRequest, tmp_path: Path) -> FileLayout:
    """A folder with a file of each kind, its members in descending order."""
    layout, data = BYTES[request.param]
    put(tmp_path, layout.pattern.replace("*", "20261122"), data)
    return layout


def of_all(layout: FileLayout, *fields: str) -> Any:
    return plan_rows([make.FIELDS[name] for name in (CODE, *fields)], map_of(layout))


async def test_members_are_found_by_code_as_they_are_written(handed_over: FileLayout, tmp_path: Path) -> None:
    async with serving(tmp_path) as source:
        asked = tuple(AWKWARD[name] for name in ("takasaki", "yoshino", "gaiji", "leading_zeros", "null_name"))
        records = await page(
            source, of_all(handed_over, "name"), codes=(*asked, asked[0], "99999999", "0", "\0", "9" * 99)
        )
        named = {row.code: row.field_name for row in records.rows}
        assert named == {
            "00000101": "髙﨑 花子",
            "00000102": "𠮷野 太郎",
            "00000104": "\ue000田 次郎",
            "00000007": "零石 七海",
        }
        assert records.refused == [AWKWARD["null_name"]]
        assert records.next is None
        assert records.high_water


async def test_a_walk_is_in_the_order_of_codes_and_meets_everybody_once(
    handed_over: FileLayout, tmp_path: Path
) -> None:
    async with serving(tmp_path) as source:
        rows = of_all(handed_over, "phone")
        walked: list[str] = []
        after = None
        while True:
            records = await page(source, rows, limit=7, after=after)
            assert codes(records.rows) == sorted(codes(records.rows))
            here = sorted([*codes(records.rows), *(code for code in records.refused if code is not None)])
            walked += here
            if (after := records.next) is None:
                break
            assert len(here) == 7
        assert walked == sorted(member["member_code"] for member in MEMBERS)
        assert (await page(source, rows, limit=len(MEMBERS))).next is None


async def test_conditions_are_kept_by_product_and_population(handed_over: FileLayout, tmp_path: Path) -> None:
    async with serving(tmp_path) as source:
        rows = of_all(handed_over, "municipality_code", "birth_date")
        conditions = (
            Predicate(field="municipality_code", prefixes=("06",)),
            Predicate(field="birth_date", lowest="1970-01-01", highest="1990-12-31"),
        )
        found = codes(await walk(source, rows, limit=5, product="G1", population=conditions))
        assert found == [
            member["member_code"]
            for member in MEMBERS
            if "G1" in member["product_classes"]
            and member["municipality_code"].startswith("06")
            and "1970-01-01" <= (member["birth_date"] or "") <= "1990-12-31"
        ]
        assert found
        (last,) = (member for member in MEMBERS if member["member_code"] == found[-1])
        for product in ("G1", "G3"):
            uses = found[-1:] if product in last["product_classes"] else []
            assert codes((await page(source, rows, codes=(found[-1],), product=product)).rows) == uses


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"\xee\xe0\xed\x95", "髙﨑"),
        (b"\x87\x8a", "㈱"),
        (b"\x81\x60", "\uff5e"),
        (b"\xf0\x40", "\ue000"),
        (b"\xf9\xfc", "\ue757"),
        (b"\xc0\xb6\xbb\xb7", "ﾀｶｻｷ"),  # two characters of UTF-8 as well
        (b"0012", "0012"),
    ],
)
async def test_characters_of_cp932_stay_what_they_are(written: bytes, read: str, tmp_path: Path) -> None:
    put(tmp_path, "m1", b"member_code,name\r\n00000001," + written + b"\r\n\x1a")
    async with serving(tmp_path) as source:
        (row,) = (await page(source, plan(CP932))).rows
        assert row.field_name == read


async def test_a_bom_quotation_marks_and_a_trailer_that_agrees(tmp_path: Path) -> None:
    data = '\ufeff"member_code","name"\n00000002,"見本, ""二""\n花子 "\n00000001,"一"\n'
    put(tmp_path, "m1", data.encode())
    async with serving(tmp_path) as source:
        assert [row.field_name for row in await walk(source, plan(CSV), limit=1)] == ["一", '見本, "二"\n花子 ']
        assert await source.numbers(plan(CSV), ["00000001", "00000002", "x"]) == {"00000002": 2, "00000001": 4}


@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("after", [b"", b"\x1a"])
async def test_padding_of_fixed_width_is_taken_off_on_the_right_alone(
    line_end: bytes, after: bytes, tmp_path: Path
) -> None:
    layout = changed(
        CP932,
        format="fixed",
        record=20,
        fixed=(FixedColumn(name=CODE, at=0, length=8), FixedColumn(name="name", at=8, length=12)),
    )
    records = [b"00000001" + "　花 子　 ".encode("cp932").ljust(12), b"00000002".ljust(20)]
    put(tmp_path, "m1", line_end.join(records) + after)
    async with serving(tmp_path) as source:
        records_read = await page(source, plan(layout))
        assert [row.field_name for row in records_read.rows] == ["　花 子"]
        assert records_read.refused == ["00000002"]  # a name is needed
        assert await source.numbers(plan(layout), ["00000002"]) == {"00000002": 2}


@pytest.mark.parametrize("line_end", [b"", b"\r\n"])
async def test_a_file_as_between_banks_is_heading_records_trailer_and_end(line_end: bytes, tmp_path: Path) -> None:
    layout = FileLayout(
        pattern="m*",
        format="fixed",
        encoding="cp932",
        heading="1",
        record=120,
        fixed=(
            FixedColumn(name=CODE, at=1, length=8),
            FixedColumn(name="name", at=9, length=30),
            FixedColumn(name="receivable_yen", at=39, length=10),
        ),
        trailer=Control(
            mark="8",
            count=FixedColumn(name="count", at=1, length=6),
            sums={"receivable_yen": FixedColumn(name="total", at=7, length=12)},
            end="9",
        ),
    )
    data = "200000017" + "ﾂﾙｵｶ ﾊﾅｺ".ljust(30) + "0000012300", "200000025" + "ｻｶﾀ ﾀﾛｳ".ljust(30) + "0000000077"
    lines = ["1910", *data, f"8{2:06d}{12_377:012d}", "9"]
    put(tmp_path, "m1", b"".join(line.encode("cp932").ljust(120) + line_end for line in lines))
    async with serving(tmp_path) as source:
        rows = (await page(source, plan(layout, "name", "receivable_yen"))).rows
        assert [(row.code, row.field_name, row.field_receivable_yen) for row in rows] == [
            ("00000017", "ﾂﾙｵｶ ﾊﾅｺ", 12_300),
            ("00000025", "ｻｶﾀ ﾀﾛｳ", 77),
        ]


async def test_values_are_read_as_the_interface_writes_them(tmp_path: Path) -> None:
    data = "member_code,name,postal_code,birth_date,kyosai_enrolled\n00000001,花子,997-0011,R020131,1\n00000002,太郎,9970011,X020131,1\n"
    put(tmp_path, "m1", data.encode())
    forms = {"postal_code": ValueForm(digits=True), "birth_date": ValueForm(form="wareki_gyymmdd")}
    async with serving(tmp_path) as source:
        records = await page(source, plan(CSV, "postal_code", "birth_date", values=forms))
        (row,) = records.rows
        assert (row.field_postal_code, row.field_birth_date) == ("9970011", date(2020, 1, 31))
        assert records.refused == ["00000002"]


async def test_what_decides_about_a_member_and_cannot_be_read_is_refused_and_not_left_out(tmp_path: Path) -> None:
    put(tmp_path, "m1", b"member_code,name,g1,insurer\n00000001,a,1,A\n00000002,b,x,A\n00000003,c,0,A\n00000004,d,1,\n")
    layout = changed(CSV, products={"G1": "g1"}, filters={"insurer": "insurer"})
    async with serving(tmp_path) as source:
        records = await page(source, plan(layout), product="G1", filters={"insurer": "A"})
        assert (codes(records.rows), records.refused) == (["00000001"], ["00000002"])


async def test_typed_values_of_parquet_come_out_as_over_json(tmp_path: Path) -> None:
    out = io.BytesIO()
    instant = datetime(2026, 11, 21, 15, 0, 0, 1, tzinfo=UTC)
    programme = {"id": "sukusuku", "from": date(2025, 4, 1), "to": None}
    table = pa.table(
        {
            CODE: pa.array(["00000001"]).dictionary_encode(),
            "birth_date": pa.array([date(1990, 1, 2)]),
            "as_of": pa.array([instant], pa.timestamp("ns", tz="UTC")),
            "programmes": pa.array([[programme]]),
            "share_yen": pa.array([3000], pa.int32()),
        }
    )
    pq.write_table(table, out)
    put(tmp_path, "m1", out.getvalue())
    constants = {name: value for name, value in NOTHING_ASKED.items() if name not in {"as_of", "programmes"}}
    async with serving(tmp_path) as source:
        rows = plan(changed(CSV, format="parquet"), "birth_date", constants=constants)
        (row,) = (await page(source, rows)).rows
        assert (row.field_birth_date, row.fact_as_of) == (date(1990, 1, 2), instant)
        assert row.fact_programmes[0].start == date(2025, 4, 1)


async def test_a_rare_population_is_looked_for_a_part_at_a_time(tmp_path: Path) -> None:
    size = answers.MOST_LOOKED_AT
    lines = [f"{number:08d},a,{number == size + 5_000}\n".lower() for number in range(size + 5_010)]
    put(tmp_path, "m1", "".join(["member_code,name,g1\n", *lines]).encode())
    async with serving(tmp_path) as source:
        rows = plan(changed(CSV, products={"G1": "g1"}))
        first = await page(source, rows, product="G1", limit=1_000)
        assert not first.rows
        assert first.next is not None
        assert codes((await page(source, rows, product="G1", after=first.next)).rows) == [f"{size + 5_000:08d}"]


async def test_what_is_no_file_or_not_yet_one_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m9")
    (tmp_path / "m8").mkdir()
    (tmp_path / ".m7").write_text("being written")
    put(tmp_path, "m1", b"member_code,name\n00000001,a\n")
    (tmp_path / "m6").symlink_to(tmp_path / "gone")
    async with serving(tmp_path) as source:
        assert codes((await page(source, plan(CSV))).rows) == ["00000001"]


def test_a_hundred_thousand_members_take_a_few_megabytes(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "m1",
        b"member_code,name\n"
        + b"".join(b"%08d,%s\n" % (number * 7919 % 100_000, b"x" * 60) for number in range(100_000)),
    )
    wanted = Wanted(layout=CSV, code=CODE, needed=frozenset(), forms={})
    tracemalloc.start()
    try:
        loaded = folder.load(path, wanted)
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(loaded.index) == 100_000
    assert held < 3_000_000  # sixteen bytes a member, and room to grow
    assert most < 30_000_000


def test_nothing_of_a_member_prints_itself(tmp_path: Path) -> None:
    path = put(tmp_path, "m1", b"member_code,name\n00000001,canary\n")
    loaded = folder.load(path, Wanted(layout=CSV, code=CODE, needed=frozenset(), forms={}))
    rows = plan(CSV)
    records = answers.answer(loaded, Query(rows=rows, limit=1), answers.plan_of(rows), CSV)
    assert not any(value in f"{loaded!r}{loaded.index!r}{records!r}" for value in ("00000001", "canary"))
    with pytest.raises(Unavailable) as raised:
        answers.answer(
            loaded, Query(rows=plan(CSV, "phone"), codes=("00000001",)), answers.plan_of(plan(CSV, "phone")), CSV
        )
    assert "00000001" not in str(raised.value)
