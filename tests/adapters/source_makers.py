"""The same members in each kind of member system: name → how it is made, and how a policy's source.yaml would map it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.http import HttpSource
from gateway.adapters.sources.sql import SqlSource
from gateway.core.days import JST
from gateway.core.rows import FACTS
from gateway.core.sources.file_layout import FileLayout
from gateway.core.sources.source_map import SourceMap, ValueForm
from gateway.demo.member_system import member_system, server as demo_server
from gateway.demo.member_table import Table
from gateway.demo.people import Member
from gateway.ports import Source
from tests import postgres as pg
from tests.adapters.member_files import (
    csv_file,
    csv_layout,
    fixed_file,
    fixed_layout,
    map_of,
    parquet_file,
    parquet_layout,
    put,
    serving,
)
from tests.simulators.member_view import PRODUCTS, SOURCE, MemberView

Made = tuple[Source, SourceMap]
Maker = Callable[[Sequence[Member], Path, pg.Server], AbstractAsyncContextManager[Made]]
SECRET = "s" * 32


@asynccontextmanager
async def http(members: Sequence[Member], folder: Path, server: pg.Server) -> AsyncIterator[Made]:
    """The demo's JSON service on a real socket."""
    table = Table(members)
    with socket.create_server(("127.0.0.1", 0)) as free:
        running = demo_server(member_system(lambda: table, secret=SECRET), host="127.0.0.1", port=0)
        task = asyncio.create_task(running.serve(sockets=[free]))
        source = HttpSource(
            f"http://127.0.0.1:{free.getsockname()[1]}", secret=SECRET, clock=system_clock, timeout_s=20.0
        )
        try:
            yield source, SourceMap(facts={fact: fact for fact in FACTS}, columns={})
        finally:
            await source.close()
            running.should_exit = running.force_exit = True
            await task


def sql(*, postgres: bool, old: bool) -> Maker:
    """A view, of the database's own types or as an old core system writes everything: texts of its own forms."""

    @asynccontextmanager
    async def made(members: Sequence[Member], folder: Path, server: pg.Server) -> AsyncIterator[Made]:
        view = MemberView(server if postgres else None, folder)
        if old:
            await view.make(
                members, types=dict.fromkeys(members[0], "text") | dict.fromkeys(OLD, "text"), written=as_old
            )
        else:
            await view.make(members)
        source = SqlSource(view.url, clock=system_clock, timeout_s=20.0, connections=2)
        try:
            yield source, OLD_SOURCE if old else SOURCE
        finally:
            await source.close()

    return made


def files(
    layout_of: Callable[[Sequence[Member]], FileLayout], name: str, data_of: Callable[..., bytes], *, old: bool = False
) -> Maker:
    """A file that was handed over; `old` as in `sql`."""

    @asynccontextmanager
    async def made(members: Sequence[Member], folder: Path, server: pg.Server) -> AsyncIterator[Made]:
        layout = layout_of(members)
        within = folder / f"{name}-{old}"
        within.mkdir()
        put(within, name, data_of(members, layout))
        async with serving(within) as source:
            yield source, map_of(layout, values=OLD_FILE if old else {})

    return made


MAKERS: dict[str, Maker] = {
    "http": http,
    "sqlite": sql(postgres=False, old=False),
    "sqlite, old forms": sql(postgres=False, old=True),
    "postgres": sql(postgres=True, old=False),
    "postgres, old forms": sql(postgres=True, old=True),
    "csv": files(lambda _: csv_layout(), "members_1.csv", lambda members, _: csv_file(members)),
    "csv, old forms": files(
        lambda _: csv_layout(),
        "members_1.csv",
        lambda members, _: csv_file(reversed(members), written=as_old),
        old=True,
    ),
    "fixed": files(fixed_layout, "members_1.dat", fixed_file),
    "parquet": files(lambda _: parquet_layout(), "members_1.parquet", lambda members, _: parquet_file(members)),
}
"""The first is what the others are held against."""

_SEX = {"M": "1", "F": "2", "-": "9"}
_YES = ValueForm(true=("Y",), false=("N",), nulls=("?",))
_ERAS = (
    ("reiwa", "5", date(2019, 5, 1), 2018),
    ("heisei", "4", date(1989, 1, 8), 1988),
    ("showa", "3", date.min, 1925),
)
OLD = {
    "birth_date": ValueForm(form="wareki_gyymmdd", eras={digit: era for era, digit, _, _ in _ERAS}, nulls=("0000000",)),  # type: ignore[misc]  # eras are literals
    "child_birth_date": ValueForm(form="yyyymmdd", nulls=("00000000",)),
    "sex": ValueForm(codes=_SEX),
    "postal_code": ValueForm(digits=True),
    "kyosai_enrolled": _YES,
    "acquired_under": ValueForm(form="yyyy/mm/dd"),
    "status": ValueForm(codes={"1": "active", "2": "withdrawn", "3": "suspended"}),
    **dict.fromkeys(PRODUCTS.values(), _YES),
}
OLD_FILE = {column: form for column, form in OLD.items() if column not in PRODUCTS.values()} | dict.fromkeys(
    csv_layout().products.values(), _YES
)
OLD_SOURCE = SourceMap(facts=SOURCE.facts, columns={}, values=OLD, sql=SOURCE.sql)
_STATUS = {"active": "1", "withdrawn": "2", "suspended": "3"}


def as_old(column: str, value: Any) -> Any:
    """A value as an old core system writes it."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    match column:
        case "birth_date" | "child_birth_date" if value is None:
            return "0000000" if column == "birth_date" else "00000000"
        case "birth_date":
            day = date.fromisoformat(value)
            digit, before = next((digit, before) for _, digit, first, before in _ERAS if day >= first)
            return f"{digit}{day.year - before:02d}{day:%m%d}"
        case "child_birth_date":
            return value.replace("-", "")
        case "sex":
            return {code: old for old, code in _SEX.items()}.get(value, value)
        case "postal_code" if value is not None and len(value) == 7:
            return f"{value[:3]}-{value[3:]}"
        case "acquired_under" if value is not None:
            return value.replace("-", "/")
        case "status":
            return _STATUS.get(value, value)
        case "as_of" if value is not None:
            return f"{datetime.fromisoformat(value).astimezone(JST):%Y-%m-%d %H:%M:%S}"
        case "share_yen" | "receivable_yen" if value is not None:
            return f"{value:012d}"
        case "programmes" | "consents" | "stops" if value is not None:
            return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value
