"""Files of members as a core system writes them, with the layout that source.yaml would say they have."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.files import FileSource
from gateway.core.rows import FACTS, RowPlan, plan_rows
from gateway.core.sources.file_layout import Control, FileLayout, FixedColumn
from gateway.core.sources.source_map import SourceMap, ValueForm
from gateway.demo.people import COLUMNS, Member
from gateway.ports import Query, Records
from tests import factories as make

Written = Callable[[str, Any], Any]
Struct = TypeVar("Struct", bound=msgspec.Struct)
PRODUCTS = {product: f"uses_{product}" for product in ("G1", "G2", "G3", "G4", "G5")}
"""A file has a column for each product class, where the member system's own record has a list."""
FLAT = (*(column for column in COLUMNS if column != "product_classes"), *PRODUCTS.values())
NOTHING_ASKED: dict[str, Any] = {
    "status": "active",
    "subject": "member",
    "programmes": [{"id": "sukusuku", "from": "2024-04-01"}],
    "acquired_under": "2022-04-01",
    "as_of": "2026-11-21T15:00:00Z",
    "consents": [],
    "stops": [],
}
"""Gate facts as constants: what a small file has no columns for."""


def soon(seconds: float = 20) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def flat(member: Member, written: Written = lambda _, value: value) -> dict[str, Any]:
    """A member by column, a text for whatever is no number or truth; `written` is how the core system writes a value."""
    record = {column: written(column, member[column]) for column in COLUMNS if column != "product_classes"}
    lists = {column: json.dumps(value, ensure_ascii=False) for column, value in record.items() if type(value) is list}
    uses = {column: written(column, product in member["product_classes"]) for product, column in PRODUCTS.items()}
    return record | lists | uses


def texts(members: Iterable[Member], written: Written = lambda _, value: value) -> list[list[str]]:
    """Members as lines of texts, in the order of FLAT."""
    return [[_text(record[column]) for column in FLAT] for record in (flat(member, written) for member in members)]


def csv_file(members: Iterable[Member], encoding: str = "utf-8", *, written: Written = lambda _, value: value) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([FLAT, *texts(members, written)])
    return out.getvalue().encode(encoding)


def csv_layout(encoding: Any = "utf-8") -> FileLayout:
    return FileLayout(pattern="members_*.csv", format="csv", encoding=encoding, products=PRODUCTS)


def fixed_file(members: Iterable[Member], layout: FileLayout) -> bytes:
    """A heading, the members, and a trailer with their number and the sum of their shares; CRLF."""
    lines, shares = texts(members), 0
    out = [b"1HEAD".ljust(layout.record)]
    for line in lines:
        record = bytearray(b" " * layout.record)
        record[:1] = b"2"
        for column, value in zip(layout.fixed, line, strict=True):
            data = value.encode(layout.encoding)
            record[column.at : column.at + len(data)] = data
        out.append(bytes(record))
        shares += int(line[FLAT.index("share_yen")])
    out.append(f"8{len(lines):08d}{shares:012d}".encode().ljust(layout.record))
    return b"".join(record + b"\r\n" for record in out)


def fixed_layout(members: Iterable[Member], encoding: Any = "utf-8") -> FileLayout:
    """Columns as wide as the widest value, behind the mark of the record."""
    lines, at, columns = texts(members), 1, []
    for number, name in enumerate(FLAT):
        length = max([1, *(len(line[number].encode(encoding)) for line in lines)])
        columns.append(FixedColumn(name=name, at=at, length=length))
        at += length
    return FileLayout(
        pattern="members_*.dat",
        format="fixed",
        encoding=encoding,
        heading="1",
        fixed=tuple(columns),
        record=max(at, 32),
        trailer=Control(
            mark="8",
            count=FixedColumn(name="count", at=1, length=8),
            sums={"share_yen": FixedColumn(name="total", at=9, length=12)},
        ),
        products=PRODUCTS,
    )


def parquet_file(members: Iterable[Member], rows: int = 100) -> bytes:
    out = io.BytesIO()
    records = [flat(member) for member in members]
    kinds = {column: pa.string() for column in FLAT}
    kinds |= dict.fromkeys(("receivable_yen", "share_yen"), pa.int64())
    kinds |= dict.fromkeys(("kyosai_enrolled", *PRODUCTS.values()), pa.bool_())
    columns = {
        column: [None if one[column] is None else str(one[column]) for one in records]
        if kind == pa.string()
        else [one[column] for one in records]
        for column, kind in kinds.items()
    }
    table = pa.table({column: pa.array(values, kinds[column]) for column, values in columns.items()})
    pq.write_table(table, out, row_group_size=rows)
    return out.getvalue()


def parquet_layout() -> FileLayout:
    return FileLayout(pattern="members_*.parquet", format="parquet", products=PRODUCTS)


def map_of(layout: FileLayout, **changes: Any) -> SourceMap:
    """A map in which every column is called as its field."""
    return SourceMap(**{"facts": {fact: fact for fact in FACTS}, "columns": {}, "file": layout, **changes})


def plan(layout: FileLayout, *fields: str, values: dict[str, ValueForm] | None = None, **changes: Any) -> RowPlan:
    """A plan over a small file, which has columns for no gate fact."""
    asked = [make.FIELDS[name] for name in ("member_code", *(fields or ("name",)))]
    return plan_rows(asked, map_of(layout, **{"constants": NOTHING_ASKED, "values": values or {}, **changes}))


def put(folder: Path, name: str, data: bytes) -> Path:
    """Hand a file over as docs/source-files.md says: written elsewhere, then renamed."""
    aside = folder / f".{name}.part"
    aside.write_bytes(data)
    return aside.rename(folder / name)


@asynccontextmanager
async def serving(folder: Path, every_s: float = 3_600, **how: Any) -> AsyncIterator[FileSource]:
    source = FileSource(folder, clock=system_clock, every_s=every_s, **how)
    try:
        yield source
    finally:
        await source.close()


async def page(source: FileSource, rows: RowPlan, **changes: Any) -> Records:
    return await source.read(Query(**{"rows": rows, "limit": 100, **changes}), deadline=soon())


async def walk(source: FileSource, rows: RowPlan, **changes: Any) -> list[Any]:
    """Every row of a population."""
    found, after = [], None
    while True:
        records = await page(source, rows, after=after, **changes)
        found += records.rows
        after = records.next
        if after is None:
            return found


def codes(rows: Sequence[Any]) -> list[str]:
    return [row.code for row in rows]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def changed(one: Struct, **changes: Any) -> Struct:
    return msgspec.structs.replace(one, **changes)
