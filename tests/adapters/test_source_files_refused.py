"""Files that are not as the interface has them: refused whole, with the record and the mend, and never a value."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.adapters.sources.files import words
from gateway.adapters.sources.files.refusal import Kind, Refusal
from gateway.core.sources.file_layout import Control, FileLayout, FixedColumn
from gateway.core.sources.source_map import ValueForm
from gateway.ports import Unavailable
from tests.adapters.member_files import changed, codes, page, plan, put, serving

CANARY = "見本カナリア"
CSV = FileLayout(pattern="m*", format="csv")
CP932 = changed(CSV, encoding="cp932")
TOTALS = Control(
    mark="T",
    count=FixedColumn(name="count", at=1, length=1),
    sums={"yen": FixedColumn(name="yen", at=2, length=1)},
)
TRAILED = changed(CSV, trailer=TOTALS)
FIXED = FileLayout(
    pattern="m*",
    format="fixed",
    encoding="cp932",
    record=24,
    fixed=(FixedColumn(name="member_code", at=0, length=8), FixedColumn(name="name", at=8, length=12)),
)
BANK = changed(
    FIXED,
    heading="1",
    record=30,
    fixed=(
        FixedColumn(name="member_code", at=1, length=8),
        FixedColumn(name="name", at=9, length=12),
        FixedColumn(name="yen", at=21, length=9),
    ),
    trailer=Control(
        mark="8",
        count=FixedColumn(name="count", at=1, length=6),
        sums={"yen": FixedColumn(name="yen", at=7, length=12)},
    ),
)
assert BANK.trailer is not None
ENDED = changed(BANK, trailer=changed(BANK.trailer, end="9"))
END = b"9".ljust(30)
HEAD = "member_code,name\r\n"
A, B = f"00000001,{CANARY}\r\n", "00000002,髙﨑㈱\r\n"


def record(code: str, name: str, size: int = 24) -> bytes:
    return (code.encode() + name.encode("cp932")).ljust(size)


def bank(code: str, name: str, yen: int) -> bytes:
    return (b"2" + code.encode() + name.encode("cp932").ljust(12) + b"%09d" % yen).ljust(30)


HEADING = b"1HEAD".ljust(30)
TWO = bank("00000001", CANARY, 300) + bank("00000002", "髙﨑㈱", 200)


def end(count: int, yen: int) -> bytes:
    return (b"8%06d%012d" % (count, yen)).ljust(30)


def parquet(columns: dict[str, Any], **how: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **how)
    return out.getvalue()


PARQUET = changed(CSV, format="parquet")
TABLE: dict[str, Any] = {"member_code": ["00000001", "00000002"], "name": [CANARY, "髙﨑"]}

CASES: dict[str, tuple[FileLayout, bytes, Kind, tuple[int, ...]]] = {
    # ── text ──
    "an empty file": (CSV, b"", "empty", ()),
    "cp932 where UTF-8 is declared": (CSV, (HEAD + A).encode() + B.encode("cp932"), "characters", (3,)),
    "UTF-8 where cp932 is declared": (CP932, (HEAD + A).encode("cp932") + B.encode(), "utf8_inside", (3,)),
    "a byte that cp932 does not have": (CP932, (HEAD + A).encode("cp932") + b"00000002,\xa0\r\n", "characters", (3,)),
    "half a character": (CP932, (HEAD + A).encode("cp932") + b"00000002,\xee\r\n", "characters", (3,)),
    "UTF-8's BOM where cp932 is declared": (CP932, b"\xef\xbb\xbf" + HEAD.encode(), "bom", (1,)),
    "a NUL": (CSV, (HEAD + A + "00000002,\0\r\n").encode(), "nul", (3,)),
    # ── CSV ──
    "no header": (CSV, (A + B).encode(), "columns_missing", (1,)),
    "a renamed column": (CSV, f"code,name\r\n{A}".encode(), "columns_missing", (1,)),
    "a column twice": (CSV, f"member_code,name,name\r\n00000001,{CANARY},{CANARY}\r\n".encode(), "columns_twice", (1,)),
    "a column without a name": (CSV, f"member_code,\r\n{A}".encode(), "columns_twice", (1,)),
    "too many columns": (CSV, (HEAD + A + f"00000002,{CANARY},x\r\n").encode(), "fields", (3,)),
    "too few columns": (CSV, (HEAD + A + "00000002\r\n").encode(), "fields", (3,)),
    "an empty line": (CSV, (HEAD + A + "\r\n" + B).encode(), "fields", (3,)),
    "a record after one of three lines": (
        CSV,
        (HEAD + f'00000001,"{CANARY}\n\n"\r\n00000002\r\n').encode(),
        "fields",
        (5,),
    ),
    "a quotation mark that does not end": (CSV, (HEAD + A + f'00000002,"{CANARY}\r\n').encode(), "quotes", (3,)),
    "text behind a quotation mark": (CSV, (HEAD + f'00000001,"{CANARY}"x\r\n').encode(), "quotes", (2,)),
    "a carriage return alone": (CSV, (HEAD + f"00000001,{CANARY}\r00000002,x\r\n").encode(), "quotes", (2,)),
    "an endless line": (CSV, HEAD.encode() + b"0" * (1 << 20) + b"0\r\n", "long", (2,)),
    "an endless field": (CSV, (HEAD + A + f"00000002,{CANARY * 30_000}\r\n").encode(), "long", (3,)),
    "an endless field that nothing closes": (CSV, (HEAD + A + '00000002,"' + B * 30_000).encode(), "quotes", (3,)),
    "a header alone": (CSV, HEAD.encode(), "empty", ()),
    "a cut last line": (CSV, (HEAD + A + B).encode()[:-4], "characters", (3,)),
    "a last line without its end": (CSV, (HEAD + A + B.strip()).encode(), "end", (3,)),
    "a code twice": (CSV, (HEAD + A + B + f"00000001,{CANARY}別\r\n").encode(), "code_twice", (2, 4)),
    "an empty code": (CSV, (HEAD + A + f",{CANARY}\r\n").encode(), "code_empty", (3,)),
    "an endless code": (CSV, (HEAD + A + f"{'0' * 65},{CANARY}\r\n").encode(), "code_long", (3,)),
    # ── totals ──
    "no trailer": (TRAILED, b"member_code,name,yen\r\n00000001,a,300\r\n", "trailer_missing", ()),
    "another count": (TRAILED, b"member_code,name,yen\r\n00000001,a,300\r\nT,2,300\r\n", "count", (3,)),
    "another sum": (TRAILED, b"member_code,name,yen\r\n00000001,a,300\r\nT,1,301\r\n", "sum", (3,)),
    "a count that is none": (
        TRAILED,
        b"member_code,name,yen\r\n00000001,a,300\r\nT,x,300\r\n",
        "total_unreadable",
        (3,),
    ),
    "a trailer too short": (TRAILED, b"member_code,name,yen\r\n00000001,a,300\r\nT\r\n", "total_unreadable", (3,)),
    "a sum of what is no number": (
        TRAILED,
        b"member_code,name,yen\r\n00000001,a,3x\r\nT,1,3\r\n",
        "sum_unreadable",
        (2,),
    ),
    "two trailers": (TRAILED, b"member_code,name,yen\r\n00000001,a,3\r\nT,1,3\r\nT,1,3\r\n", "trailer_after", (4,)),
    "a record after the trailer": (
        TRAILED,
        b"member_code,name,yen\r\n00000001,a,3\r\nT,1,3\r\n00000002,b,3\r\n",
        "trailer_after",
        (4,),
    ),
    # ── fixed width ──
    "a short record": (
        FIXED,
        record("00000001", CANARY) + b"\n" + record("00000002", "a")[:-1] + b"\n",
        "length",
        (2,),
    ),
    "a long record": (FIXED, record("00000001", CANARY) + b"\n" + record("00000002", "a", 25) + b"\n", "length", (2,)),
    "records longer than the layout by one": (FIXED, record("00000001", CANARY, 25) + b"\r\n", "length", (1,)),
    "records shorter than the layout by one": (FIXED, record("00000001", CANARY, 23) + b"\r\n", "length", (1,)),
    "a cut file without line ends": (FIXED, record("00000001", CANARY) + record("00000002", "a")[:9], "length", (2,)),
    "a column that cuts a character": (FIXED, record("00000001", "a" + CANARY), "cut", (1,)),
    "a fixed code twice": (FIXED, record("00000001", CANARY) + record("00000001", "a"), "code_twice", (1, 2)),
    "a fixed code of spaces": (FIXED, record("        ", CANARY), "code_empty", (1,)),
    "a NUL for a space": (FIXED, record("00000001", CANARY)[:-1] + b"\0", "nul", (1,)),
    "a heading alone": (changed(BANK, trailer=None), HEADING, "empty", ()),
    "no heading": (BANK, TWO + end(2, 500), "heading_missing", (1,)),
    "a second heading": (BANK, HEADING + TWO + HEADING + end(2, 500), "heading_again", (4,)),
    "no fixed trailer": (BANK, HEADING + TWO, "trailer_missing", ()),
    "another fixed count": (BANK, HEADING + TWO + end(3, 500), "count", (4,)),
    "another fixed sum": (BANK, HEADING + TWO + end(2, 501), "sum", (4,)),
    "a record after the fixed trailer": (BANK, HEADING + TWO + end(2, 500) + TWO, "trailer_after", (5,)),
    "half a record after the fixed trailer": (BANK, HEADING + TWO + end(2, 500) + b"9", "length", (5,)),
    "a second record behind the fixed trailer": (ENDED, HEADING + TWO + end(2, 500) + END * 2, "trailer_after", (6,)),
    "no record behind the fixed trailer": (ENDED, HEADING + TWO + end(2, 500), "end_missing", ()),
    # ── Parquet ──
    "Parquet without a row": (
        PARQUET,
        parquet({name: pa.array([], pa.string()) for name in TABLE}),
        "empty",
        (),
    ),
    "a cut Parquet file": (PARQUET, parquet(TABLE)[:-20], "parquet", ()),
    "Parquet without its middle": (PARQUET, parquet(TABLE)[:40] + parquet(TABLE)[-300:], "parquet", ()),
    "a Parquet column renamed": (PARQUET, parquet({"code": ["1"], "name": ["a"]}), "columns_missing", ()),
    "a Parquet code twice": (
        PARQUET,
        parquet({"member_code": ["1", "2", "1"], "name": ["a"] * 3}),
        "code_twice",
        (1, 3),
    ),
    "a Parquet code of numbers": (
        PARQUET,
        parquet({"member_code": [1, 2], "name": ["a"] * 2}),
        "code_unreadable",
        (1,),
    ),
    "a Parquet code that is null": (
        PARQUET,
        parquet({"member_code": ["1", None], "name": ["a"] * 2}),
        "code_empty",
        (2,),
    ),
    "a Parquet trailer": (changed(TRAILED, format="parquet"), parquet(TABLE), "trailer_parquet", ()),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_file_that_is_not_as_declared_is_refused_whole(case: str, tmp_path: Path) -> None:
    layout, data, kind, records = CASES[case]
    put(tmp_path, "m1", data)
    async with serving(tmp_path) as source:
        rows = plan(layout)
        refusal = (await source.check(rows)).refusal
        assert refusal is not None
        assert (refusal.kind, refusal.records) == (kind, records)
        with pytest.raises(Unavailable) as raised:
            await page(source, rows)
        for said in (str(raised.value), words.text(refusal, "ja"), words.text(refusal, "en")):
            assert "m1" in said
            assert all(str(number) in said for number in records)
            assert not any(value in said for value in (CANARY, "00000001", "00000002", "髙﨑"))


async def test_a_file_of_nobody_is_taken_where_its_trailer_says_so(tmp_path: Path) -> None:
    put(tmp_path, "m1", b"member_code,name,yen\r\nT,0,0\r\n")
    async with serving(tmp_path) as source:
        rows = plan(TRAILED)
        checked = await source.check(rows)
        assert (checked.file, checked.members, checked.refusal) == ("m1", 0, None)
        assert (await page(source, rows)).rows == []


async def test_a_refused_file_leaves_the_older_one_serving(tmp_path: Path) -> None:
    put(tmp_path, "m1", (HEAD + A).encode())
    async with serving(tmp_path) as source:
        rows = plan(CSV)
        assert codes((await page(source, rows)).rows) == ["00000001"]
        put(tmp_path, "m2", (HEAD + B)[:-2].encode())
        checked = await source.check(rows)
        assert (checked.file, checked.members) == ("m1", 1)
        assert checked.refusal == Refusal(file="m2", kind="end", records=(2,))
        assert codes((await page(source, rows)).rows) == ["00000001"]
        put(tmp_path, "m2", (HEAD + B).encode())
        assert (await source.check(rows)).refusal is None
        assert codes((await page(source, rows)).rows) == ["00000002"]


async def test_a_process_that_begins_with_a_refused_file_takes_the_one_before(tmp_path: Path) -> None:
    put(tmp_path, "m1", (HEAD + A).encode())
    put(tmp_path, "m2", b"nothing of the kind")
    async with serving(tmp_path) as source:
        assert codes((await page(source, plan(CSV))).rows) == ["00000001"]


async def test_a_new_file_without_a_column_that_was_asked_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "m1", b"member_code,name,phone\n00000001,a,1\n")
    async with serving(tmp_path) as source:
        rows = plan(CSV, "name", "phone")
        assert len((await page(source, rows)).rows) == 1
        put(tmp_path, "m2", b"member_code,name,tel\n00000001,a,1\n")
        refusal = (await source.check(rows)).refusal
        assert refusal is not None
        assert (refusal.kind, refusal.columns) == ("columns_missing", ("phone",))
        assert len((await page(source, rows)).rows) == 1


async def test_a_column_that_no_file_had_costs_whoever_asks_for_it_alone(tmp_path: Path) -> None:
    put(tmp_path, "m1", (HEAD + A).encode())
    async with serving(tmp_path) as source:
        with pytest.raises(Unavailable, match="no column `phone`"):
            await page(source, plan(CSV, "phone"))
        assert len((await page(source, plan(CSV))).rows) == 1


async def test_a_product_class_or_filter_that_nothing_maps_is_never_wider(tmp_path: Path) -> None:
    put(tmp_path, "m1", (HEAD + A).encode())
    async with serving(tmp_path) as source:
        with pytest.raises(Unavailable, match="product class `G1`"):
            await page(source, plan(CSV), product="G1")
        with pytest.raises(Unavailable, match="filter `insurer`"):
            await page(source, plan(CSV), filters={"insurer": "A"})


async def test_a_code_that_the_interface_writes_otherwise_is_refused_where_it_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, "m1", b"member_code,name\n0000-0001,a\n0000 0001,b\n")
    async with serving(tmp_path) as source:
        refusal = (await source.check(plan(CSV, values={"member_code": ValueForm(digits=True)}))).refusal
        assert refusal is not None
        assert (refusal.kind, refusal.records) == ("code_twice", (2, 3))


async def test_nothing_in_the_folder_and_no_folder_and_no_layout(tmp_path: Path) -> None:
    (tmp_path / "m_folder").mkdir()
    async with serving(tmp_path) as source:
        with pytest.raises(Unavailable, match="there is no file `m\\*`"):
            await page(source, plan(CSV))
        with pytest.raises(Unavailable, match="has no `file`"):
            await page(source, plan(CSV, file=None))
    async with serving(tmp_path / "gone") as source:
        with pytest.raises(Unavailable, match="cannot be read: FileNotFoundError"):
            await page(source, plan(CSV))
