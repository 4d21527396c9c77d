"""The SQL source on SQLite and PostgreSQL: what is asked of the view and no more, page by page, and what goes wrong."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.sql import SqlSource
from gateway.core.policy import Predicate
from gateway.core.population import predicate
from gateway.core.rows import RowPlan, plan_rows
from gateway.core.sources.source_map import SourceMap, SqlView, ValueForm
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import make_members
from gateway.ports import Query, Records, Unavailable
from tests import factories as make, postgres as pg
from tests.simulators.member_view import SOURCE, VIEW, MemberView

TODAY = date(2026, 11, 22)
MEMBERS = [one for one in make_members(60, today=TODAY) if one["member_code"] != AWKWARD["malformed"]]
CODES = sorted(member["member_code"] for member in MEMBERS)
NAMES = ("member_code", "name", "name_kana", "birth_date", "postal_code", "municipality_code", "phone", "delivery_day")
YEN = "receivable_yen"
CODE = AWKWARD["takasaki"]


FIELDS = {**make.FIELDS, "delivery_day": replace(make.FIELDS["delivery_day"], codes=("1", "2", "3", "4", "5"))}


def plan_of(source: SourceMap = SOURCE, *names: str) -> RowPlan:
    return plan_rows([FIELDS[name] for name in names or NAMES], source)


PLAN = plan_of()


def soon(seconds: float = 20) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def query(**changes: Any) -> Query:
    return Query(**{"rows": PLAN, "codes": (CODE, "99999999"), **changes})


def page(limit: int = 7, **changes: Any) -> Query:
    return query(codes=None, limit=limit, **changes)


@asynccontextmanager
async def opened(url: str, **how: Any) -> AsyncIterator[SqlSource]:
    source = SqlSource(url, **{"clock": system_clock, "timeout_s": 20.0, "connections": 2, **how})
    try:
        yield source
    finally:
        await source.close()


@pytest.fixture
def core(backend: pg.Server | None, tmp_path: Path) -> MemberView:
    return MemberView(backend, tmp_path)


async def walked(source: SqlSource, first: Query) -> list[Records]:
    """Every page of a walk."""
    pages = [await source.read(first, deadline=soon())]
    while pages[-1].next is not None:
        pages.append(await source.read(replace(first, after=pages[-1].next), deadline=soon()))
    return pages


def codes_of(pages: list[Records]) -> list[str]:
    return [row.code for one in pages for row in one.rows]


async def said(source: SqlSource, asked: Query) -> str:
    """What is said of a question that cannot be answered."""
    with pytest.raises(Unavailable) as fault:
        await source.read(asked, deadline=soon())
    return str(fault.value)


async def test_named_members_are_read_as_the_view_has_them(core: MemberView) -> None:
    await core.make(MEMBERS)
    async with opened(core.url) as source:
        found = await source.read(query(codes=(CODE, "99999999", AWKWARD["null_name"])), deadline=soon())
        (row,) = found.rows
        assert (row.code, row.field_name) == (CODE, "髙﨑 花子")
        assert row.fact_as_of.utcoffset() is not None
        assert row.fact_programmes[0].id == "sukusuku"
        # The catalogue says that a name is never missing.
        assert found.refused == [AWKWARD["null_name"]]
        everybody = await source.read(query(codes=tuple(CODES)), deadline=soon())
        assert len(everybody.rows) + len(everybody.refused) == len(CODES)


async def test_a_walk_meets_everybody_once_in_the_order_of_codes(core: MemberView) -> None:
    await core.make(reversed(MEMBERS))
    async with opened(core.url) as source:
        pages = await walked(source, page())
        assert sorted([*codes_of(pages), *(code or "" for one in pages for code in one.refused)]) == CODES
        assert codes_of(pages) == sorted(codes_of(pages))
        assert all(len(one.rows) + len(one.refused) == 7 for one in pages[:-1])
        whole = await source.read(page(limit=len(CODES)), deadline=soon())
        assert whole.next is None
        assert [row.code for row in whole.rows] == codes_of(pages)


async def test_only_the_columns_of_the_plan_are_asked(core: MemberView, caplog: pytest.LogCaptureFixture) -> None:
    await core.make(MEMBERS)
    # Whoever reads a column that no plan names is found out by this view.
    wanted = ", ".join(plan_of(SOURCE, "name").columns)
    await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT {wanted} FROM member")
    async with opened(core.url) as source:
        (row,) = (await source.read(query(rows=plan_of(SOURCE, "name")), deadline=soon())).rows
        assert not hasattr(row, "field_phone")
        assert "`phone`" in await said(source, query(rows=plan_of(SOURCE, "phone")))


async def test_product_class_and_filter_narrow_and_are_never_left_out(core: MemberView) -> None:
    await core.make(MEMBERS)
    await core.execute(f"UPDATE member SET insurer = 'あ社' WHERE member_code = '{CODE}'")
    g2 = {member["member_code"] for member in MEMBERS if "G2" in member["product_classes"]}
    async with opened(core.url) as source:
        pages = await walked(source, page(product="G2"))
        assert {*codes_of(pages), *(code for one in pages for code in one.refused)} == g2
        assert codes_of(await walked(source, page(filters={"insurer": "あ社"}))) == [CODE]
        assert (await source.read(query(filters={"insurer": "い社"}), deadline=soon())).rows == []
        assert "`G9`" in await said(source, query(product="G9"))
        assert "`other`" in await said(source, page(filters={"other": "1"}))
        unmapped = replace(SOURCE, sql=SqlView(view=VIEW))
        assert "`insurer`" in await said(source, query(rows=plan_of(unmapped), filters={"insurer": "あ社"}))
        assert "`sql`" in await said(source, query(rows=plan_of(replace(SOURCE, sql=None))))


async def test_a_filters_column_is_compared_as_it_is_written(core: MemberView) -> None:
    await core.make(MEMBERS, insurer="01", types={"uses_g1": "text"}, written=_yes)
    values = {"insurer": ValueForm(codes={"01": "あ社"}), "uses_g1": ValueForm(true=("加入",), false=("なし",))}
    plan = plan_of(replace(SOURCE, values=values))
    async with opened(core.url) as source:
        assert len((await source.read(query(rows=plan, filters={"insurer": "あ社"}), deadline=soon())).rows) == 1
        assert (await source.read(query(rows=plan, filters={"insurer": "い社"}), deadline=soon())).rows == []
        assert len((await source.read(query(rows=plan, product="G1"), deadline=soon())).rows) == 1
        everybody = await source.read(query(rows=plan, codes=tuple(CODES), product="G1"), deadline=soon())
        users = {member["member_code"] for member in MEMBERS if "G1" in member["product_classes"]}
        assert {*everybody.refused, *(row.code for row in everybody.rows)} == users


def _yes(column: str, value: Any) -> Any:
    return {True: "加入", False: "なし"}[value] if column == "uses_g1" else value


POPULATIONS = [
    Predicate(field="municipality_code", prefixes=("0620", "13")),
    Predicate(field="municipality_code", prefixes=("0620%", "_")),
    Predicate(field="delivery_day", among=("1", "2")),
    Predicate(field="delivery_day", among=(1, 2)),
    Predicate(field="birth_date", lowest="1970-01-01", highest="1985-12-31"),
    Predicate(field="birth_date", lowest="197"),
    Predicate(field="birth_date", lowest=1970),
    Predicate(field="name", lowest="佐", highest="鈴"),
    Predicate(field="member_code", highest="00020000"),
    Predicate(field="phone", lowest=7),
    *(Predicate(field=YEN, lowest=end) for end in (-(2**40), 2**31, 2**63, -(2**70))),
    *(Predicate(field=YEN, highest=end) for end in (-(2**40), 2**31, 2**63, -(2**70))),
    Predicate(field=YEN, among=(0, 3_000_000_000, 2**63)),
    Predicate(field="status", among=("active",)),
]


async def test_whoever_the_gate_would_admit_is_in_the_page(core: MemberView) -> None:
    await core.make(MEMBERS)
    plan = plan_of(SOURCE, *NAMES, YEN)
    attribute = {"member_code": "code", "status": "fact_status"}
    tested = {member["member_code"]: member for member in MEMBERS}
    async with opened(core.url) as source:
        everybody = codes_of(await walked(source, page(rows=plan, limit=100)))
        for one in POPULATIONS:
            holds, named = predicate(one), attribute.get(one.field, f"field_{one.field}")
            rows = [row for some in await walked(source, page(rows=plan, population=(one,))) for row in some.rows]
            kept = [row.code for row in rows if holds(getattr(row, named))]
            assert kept == [code for code in everybody if holds(tested[code][one.field])], one


async def test_a_code_that_two_records_have_is_refused_also_at_the_edge_of_a_page(core: MemberView) -> None:
    await core.make(MEMBERS)
    twice = [CODES[2], CODES[6], CODES[-1]]  # within a page, across the edge of one, at the end
    for code in twice:
        await core.execute(f"INSERT INTO member SELECT * FROM member WHERE member_code = '{code}'")
    async with opened(core.url) as source:
        pages = await walked(source, page())
        assert not {*codes_of(pages)} & {*twice}
        assert {*twice} <= {code for one in pages for code in one.refused}
        assert {*codes_of(pages), *(code for one in pages for code in one.refused)} == {*CODES}


async def test_a_view_that_is_missing_or_lacks_a_column_is_named(core: MemberView) -> None:
    await core.make(MEMBERS)
    async with opened(core.url) as source:
        elsewhere = replace(SOURCE, sql=SqlView(view="elsewhere"))
        assert "`elsewhere`" in await said(source, query(rows=plan_of(elsewhere)))
        assert (await source.read(query(), deadline=soon())).rows
        await core.execute(f"DROP VIEW {VIEW}", "ALTER TABLE member RENAME COLUMN phone TO tel")
        await core.execute(f"CREATE VIEW {VIEW} AS SELECT * FROM member")
        # Found while the gateway runs, and said by name at once.
        assert "`phone`" in await said(source, query())
        renamed = replace(SOURCE, columns={"phone": "tel"})
        assert (await source.read(query(rows=plan_of(renamed)), deadline=soon())).rows[0].field_phone
        await core.execute(f"DROP VIEW {VIEW}", "ALTER TABLE member RENAME COLUMN tel TO phone")
        await core.execute(f"CREATE VIEW {VIEW} AS SELECT * FROM member")
        assert (await source.read(query(), deadline=soon())).rows[0].field_phone
        await core.execute(f"DROP VIEW {VIEW}")
        assert f"`{VIEW}`" in await said(source, query())


async def test_codes_that_are_no_text_are_refused_as_a_whole(core: MemberView) -> None:
    await core.make(MEMBERS[:3], types={"member_code": "bigint"}, written=_number)
    async with opened(core.url) as source:
        assert "`member_code`" in await said(source, page())


def _number(column: str, value: Any) -> Any:
    return int(value) if column == "member_code" else value


async def test_a_text_that_sqlite_holds_otherwise_than_in_utf_8_refuses_its_record_alone(tmp_path: Path) -> None:
    core = await MemberView(None, tmp_path).make(MEMBERS)
    with closing(sqlite3.connect(core.path)) as db:
        db.execute("UPDATE member SET name = CAST(? AS TEXT) WHERE member_code = ?", ("髙﨑".encode("cp932"), CODE))
        db.commit()
    async with opened(core.url) as source:
        everybody = await source.read(page(limit=len(CODES)), deadline=soon())
        assert CODE in everybody.refused
        assert len(everybody.rows) + len(everybody.refused) == len(CODES)
        assert (await source.read(query(), deadline=soon())).refused == [CODE]


async def test_a_slow_view_is_given_up_at_the_deadline(core: MemberView) -> None:
    await core.make(MEMBERS)
    forever = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT max(i) FROM n"
    )
    await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT * FROM member WHERE ({forever}) > 0")
    async with opened(core.url, connections=1) as source:
        with pytest.raises(Unavailable, match="in time"):
            await source.read(query(), deadline=soon(0.4))
        await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT * FROM member")
        # Its one connection has been given back.
        assert (await source.read(query(), deadline=soon())).rows


async def test_no_value_stands_in_a_fault_or_a_log(core: MemberView, caplog: pytest.LogCaptureFixture) -> None:
    canary = "カナリア8675309"
    await core.make(MEMBERS)
    await core.execute(f"UPDATE member SET name = '{canary}' WHERE member_code = '{CODE}'")
    # A view that fails on a value, and whose database tells the value.
    fails = "abs(-9223372036854775808)" if core.server is None else f"(('{canary}' || name)::bigint)::text"
    columns = ", ".join(f"{fails} AS name" if name == "name" else name for name in PLAN.columns)
    await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT {columns} FROM member")
    caplog.set_level(logging.DEBUG)
    async with opened(core.url) as source:
        told = await said(source, query(codes=(CODE, canary)))
        assert "Error" in told
        assert canary not in told
        assert CODE not in told
    for record in caplog.records:
        if not record.name.startswith("aiosqlite"):
            assert canary not in record.getMessage()
            assert CODE not in record.getMessage()


async def test_many_questions_share_few_connections(core: MemberView) -> None:
    await core.make(MEMBERS)
    async with opened(core.url) as source:
        answers = await asyncio.gather(*(source.read(query(codes=(code,)), deadline=soon()) for code in CODES))
    assert sum(len(one.rows) + len(one.refused) for one in answers) == len(CODES)


async def test_it_writes_nothing(core: MemberView, tmp_path: Path) -> None:
    if core.server is None:
        async with opened(f"sqlite:///{tmp_path / 'none.db'}") as source:
            assert "Error" in await said(source, query())
        assert not (tmp_path / "none.db").exists()
        return
    await core.make(MEMBERS)
    await core.execute(
        "CREATE FUNCTION noted() RETURNS text LANGUAGE sql VOLATILE AS "
        "$$ INSERT INTO member (member_code) VALUES ('1') RETURNING 'x' $$",
        f"DROP VIEW {VIEW}",
        f"CREATE VIEW {VIEW} AS SELECT {', '.join(PLAN.columns).replace('name_kana', 'noted() AS name_kana')} FROM member",
    )
    async with opened(core.url) as source:
        assert "ReadOnlySQLTransactionError" in await said(source, query())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("geheim", "no database URL"),
        ("nosuch://user:geheim@host/db", "no database URL"),
        ("mysql+pymysql://user:geheim@host/db", "driver"),
        ("sqlite://", "file"),
    ],
)
def test_a_url_of_nothing_is_refused_and_not_told(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as fault:
        SqlSource(url, clock=system_clock, timeout_s=1.0, connections=1)
    assert "geheim" not in str(fault.value)
