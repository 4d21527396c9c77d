"""What PostgreSQL alone has: its types as JSON, collations, roles that may only read, connections that are cut."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.sql import SqlSource
from gateway.adapters.sources.sql_postgres import _column, _made
from gateway.adapters.sources.sql_view import Column, Holds
from gateway.core.rows import RowPlan, plan_rows
from gateway.core.sources.source_map import SourceMap, SqlView, ValueForm
from gateway.ports import Query
from tests import factories as make, postgres as pg
from tests.adapters.test_source_sql import (
    CODE,
    CODES,
    FIELDS,
    MEMBERS,
    PLAN,
    codes_of,
    opened,
    page,
    plan_of,
    query,
    said,
    soon,
    walked,
)
from tests.simulators.member_view import SOURCE, VIEW, MemberView

ENROLLED = make.field("kyosai_enrolled", "I9", type="boolean", max_length=None)


@pytest.fixture
def core(postgres_server: pg.Server, tmp_path: Path) -> MemberView:
    return MemberView(postgres_server, tmp_path)


async def row_of(source: SqlSource, plan: RowPlan, code: str = CODE) -> Any:
    (row,) = (await source.read(query(rows=plan, codes=(code,)), deadline=soon())).rows
    return row


async def test_the_records_are_the_jsons_own_where_every_column_is_of_its_type(core: MemberView) -> None:
    await core.make(MEMBERS)
    async with opened(core.url) as source:
        found = await source.read(page(), deadline=soon())
        assert found.raw is not None
        again, _ = plan_of(SOURCE, "name").read(found.raw)
        assert [row.field_name for row in again] == [row.field_name for row in found.rows]
        assert len(again) == len(found.rows)
        # A column that is read value by value leaves no records that another plan could read as they are.
        formed = plan_of(replace(SOURCE, values={"postal_code": ValueForm(digits=True)}))
        assert (await source.read(page(rows=formed), deadline=soon())).raw is None


async def test_each_type_of_a_column_is_read_as_what_it_is(core: MemberView) -> None:
    kinds = {
        "member_code": "character(8)",
        "birth_date": "timestamp",
        "receivable_yen": "numeric(12,2)",
        "as_of": "timestamp",
        "acquired_under": "date",
        "stops": "text",
        "consents": "json",
        "delivery_day": "smallint",
        "phone": "varchar(16)",
        "name_kana": "character(20)",
        "kyosai_enrolled": "smallint",
    }
    await core.make(MEMBERS, types=kinds, written=_as_number)
    values = {"delivery_day": ValueForm(codes={str(n): str(n) for n in range(1, 6)})}
    names = ("birth_date", "receivable_yen", "delivery_day", "phone", "name_kana")
    plain, stored = plan_of(SOURCE, *names), plan_of(replace(SOURCE, values=values), *names)
    usual = await MemberView(core.server, core.path.parent).make(MEMBERS)
    async with opened(core.url) as source, opened(usual.url) as other:
        assert "`delivery_day`" in await said(source, query(rows=plain))
        for code in (CODE, *CODES[:5]):
            one, same = await row_of(source, stored, code), await row_of(other, plain, code)
            # A time stamp without a zone is Japan's: the core system wrote the hour in UTC, nine hours later.
            assert one.fact_as_of + timedelta(hours=9) == same.fact_as_of
            told = ("code", *(f"field_{name}" for name in names), "fact_acquired_under", "fact_stops", "fact_consents")
            assert [getattr(one, name) for name in told] == [getattr(same, name) for name in told]
        pages = await walked(source, page(rows=stored))
        assert codes_of(pages) == codes_of(await walked(other, page(rows=plain)))
        assert (await source.read(query(rows=stored, product="G1"), deadline=soon())).rows


def _as_number(column: str, value: Any) -> Any:
    if column == "stops":
        return "[]" if not value else None
    return int(value) if column in {"delivery_day", "kyosai_enrolled"} and value is not None else value


NO_VALUES = {
    "name": ["'name'::bytea", "current_date", "1"],
    "phone": ["235225115", "'{a}'::text[]", "'{}'::jsonb"],
    "member_code": ["gen_random_uuid()", "1"],
    "birth_date": ["interval '1 day'", "true"],
    "as_of": ["'10:00'::time", "'{}'::jsonb"],
    "kyosai_enrolled": ["current_date"],
    "receivable_yen": ["true"],
    "programmes": ["1", "'{a}'::text[]"],
    "stops": ["'{a}'::text[]", "now()"],
}
"""Column → what no value of it is."""


async def test_a_column_of_a_type_that_is_no_such_value_is_named(core: MemberView) -> None:
    await core.make(MEMBERS[:1])
    plan = plan_rows([FIELDS[name] for name in ("name", "phone", "birth_date", "receivable_yen")] + [ENROLLED], SOURCE)
    async with opened(core.url) as source:
        for column, expressions in NO_VALUES.items():
            for expression in expressions:
                given = ", ".join(f"{expression} AS {one}" if one == column else one for one in plan.columns)
                await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT {given} FROM member")
                told = await said(source, query(rows=plan))
                assert f"`{column}` holds no" in told
        await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT * FROM member")
        (row,) = (await source.read(query(rows=plan, codes=(MEMBERS[0]["member_code"],)), deadline=soon())).rows
        assert row.field_name == MEMBERS[0]["name"]


async def test_a_column_that_becomes_bytes_while_the_gateway_runs_is_never_given_as_text(core: MemberView) -> None:
    await core.make(MEMBERS)
    async with opened(core.url) as source:
        assert (await source.read(query(), deadline=soon())).rows
        for type_of in ("name::bytea", "length(name)", "now()"):
            given = ", ".join(f"{type_of} AS name" if one == "name" else one for one in PLAN.columns)
            await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT {given} FROM member")
            assert "`name` holds no" in await said(source, query())
            await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT * FROM member")
            assert (await source.read(query(), deadline=soon())).rows


async def test_a_column_that_becomes_another_type_while_the_gateway_runs_is_read_as_that(core: MemberView) -> None:
    await core.make(MEMBERS)
    plan = plan_of(SOURCE, "member_code", "birth_date", "receivable_yen")
    others = {
        "as_of": "as_of::timestamp",
        "birth_date": "birth_date::timestamp",
        "receivable_yen": "receivable_yen::text",
        "stops": "stops::text",
        "member_code": "member_code::char(12)",
    }
    async with opened(core.url) as source:
        usual = codes_of(await walked(source, page(rows=plan)))
        for column, expression in others.items():
            given = ", ".join(f"{expression} AS {one}" if one == column else one for one in plan.columns)
            await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT {given} FROM member")
            assert (await row_of(source, plan)).code == CODE
            assert codes_of(await walked(source, page(rows=plan))) == usual
            await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT * FROM member")
            assert codes_of(await walked(source, page(rows=plan))) == usual


async def test_an_empty_text_is_a_missing_value_and_an_infinite_day_is_no_day(core: MemberView) -> None:
    await core.make(MEMBERS)
    others = [code for code in CODES if code != CODE][:2]
    await core.execute(
        f"UPDATE member SET phone = '', name_kana = '' WHERE member_code = '{CODE}'",
        f"UPDATE member SET name = '' WHERE member_code = '{others[0]}'",
        f"UPDATE member SET birth_date = 'infinity' WHERE member_code = '{others[1]}'",
    )
    async with opened(core.url) as source:
        row = await row_of(source, plan_of())
        assert row.field_phone is None
        assert row.field_name_kana is None
        found = await source.read(query(codes=tuple(others)), deadline=soon())
        assert sorted(code or "" for code in found.refused) == others


async def test_codes_are_ordered_by_code_point_whatever_the_columns_collation(core: MemberView) -> None:
    codes = ["A-1", "B-1", "Z", "a-1", "a1", "b", "z-9", "ー", "𠮷"]
    await core.make([{**MEMBERS[30], "member_code": code} for code in codes], types={"member_code": "text"})
    plan = plan_of(SOURCE, "phone")
    made = "CREATE COLLATION {name} (provider = libc, locale = 'C.utf8')"
    await core.execute(made.format(name="another"))
    async with opened(core.url) as source:
        for collation in ("", 'COLLATE "C"', "COLLATE another"):
            columns = ", ".join(f"{one} {collation if one == 'member_code' else ''}" for one in plan.columns)
            await core.execute(f"DROP VIEW {VIEW}", f"CREATE VIEW {VIEW} AS SELECT {columns} FROM member")
            assert codes_of(await walked(source, page(rows=plan, limit=2))) == codes
            assert len((await source.read(query(rows=plan, codes=("A-1", "𠮷")), deadline=soon())).rows) == 2


def test_a_collation_that_is_not_by_code_point_is_not_left_to_decide() -> None:
    row = {"name": "x", "type": 25, "exact": True, "usual": "ja_JP.UTF-8", "provider": "c"}
    usual = {**row, "collation": "default"}
    assert _column({**row, "collation": "C"}).ordered
    assert _column({**usual, "usual": "C.UTF-8"}).ordered
    assert _column({**usual, "usual": "C", "provider": None}).ordered  # before PostgreSQL 15
    assert not _column(usual).ordered
    assert not _column({**usual, "usual": "C", "provider": "i"}).ordered  # ICU decides, whatever libc is told
    assert not _column({**row, "collation": "ja-x-icu"}).ordered
    assert not _column({**row, "collation": "ja-x-icu", "exact": False}).exact

    def text(member_code: Column, insurer: Column) -> str:
        others = {name: Column(holds=_TYPES_OF.get(name, "text")) for name in plan_of().columns}
        view = {**others, "member_code": member_code, "insurer": insurer}
        return _made(page(filters={"insurer": "a"}), view).text

    plain, loose = Column(holds="text"), Column(holds="text", ordered=False, exact=False)
    assert "COLLATE" not in text(plain, plain)
    assert 'ORDER BY m.member_code COLLATE "C"' in text(loose, plain)
    assert '(m.insurer COLLATE "C") = ANY' in text(plain, loose)


_TYPES_OF: dict[str, Holds] = {
    "birth_date": "day",
    "as_of": "instant",
    "programmes": "json",
    "consents": "json",
    "stops": "json",
}


async def test_a_view_in_a_schema_with_columns_of_any_name(core: MemberView) -> None:
    await core.make(MEMBERS)
    columns = {"name": "氏名:%(漢字)", "phone": "TEL", "member_code": "コード'x"}
    given = ", ".join(f'{name} AS "{columns[name]}"' if name in columns else name for name in plan_of().columns)
    await core.execute('CREATE SCHEMA "Core"', f'CREATE VIEW "Core"."Members$" AS SELECT {given} FROM member')
    source_map = SourceMap(facts=SOURCE.facts, columns=columns, sql=SqlView(view="Core.Members$"))
    async with opened(core.url) as source:
        assert (await row_of(source, plan_of(source_map))).field_name == "髙﨑 花子"
        assert len(await walked(source, page(rows=plan_of(source_map)))) > 1


async def test_a_role_that_may_only_read_the_view_is_enough(core: MemberView) -> None:
    await core.make(MEMBERS)
    role = f"{core.name}_reads"
    await core.execute(f"CREATE ROLE {role} LOGIN", f"GRANT SELECT ON {VIEW} TO {role}")
    url = core.url.replace("postgres@", f"{role}@")
    async with opened(url) as source:
        assert len(await walked(source, page())) > 1
        other = plan_of(replace(SOURCE, sql=SqlView(view="member")))
        assert "InsufficientPrivilegeError" in await said(source, query(rows=other))
    async with opened(url.replace(role, f"{role}_not")) as source:
        assert "Error" in await said(source, query())
    await core.execute(f"REVOKE ALL ON {VIEW} FROM {role}", f"DROP ROLE {role}")


async def test_a_connection_that_was_cut_is_replaced_within_the_question(core: MemberView) -> None:
    await core.make(MEMBERS)
    async with opened(core.url, connections=4) as source:
        for _ in range(3):
            answers = await asyncio.gather(*(source.read(query(), deadline=soon()) for _ in range(8)))
            assert all(one.rows for one in answers)
            await core.cut()
        assert (await source.read(query(), deadline=soon())).rows


async def test_nobody_answers(tmp_path: Path) -> None:
    source = SqlSource(
        f"postgresql+asyncpg://gateway:geheim@/core?host={tmp_path}", clock=system_clock, timeout_s=1.0, connections=1
    )
    told = await said(source, query())
    assert "cannot be reached" in told
    assert "geheim" not in told
    await source.close()


async def test_a_statement_is_prepared_once(core: MemberView) -> None:
    await core.make(MEMBERS)
    plan = plan_of()
    async with opened(core.url, connections=1) as source:
        for code in CODES[:9]:
            await source.read(query(rows=plan, codes=(code, *CODES[:3])), deadline=soon())
            await source.read(page(rows=plan, after=code), deadline=soon())
        door: Any = source._door
        line = await door._lines.take()
        texts = [row["statement"] for row in await line.fetch("SELECT statement FROM pg_prepared_statements")]
        door._lines.put(line)
    assert len([text for text in texts if VIEW in text]) == 2


def test_a_deadline_that_has_passed_asks_nobody() -> None:
    async def ask() -> str:
        source = SqlSource("postgresql://nobody@/nothing?host=/nowhere", clock=system_clock)
        try:
            past = datetime.now(UTC) - timedelta(seconds=1)
            await source.read(Query(rows=plan_of(), codes=(CODE,)), deadline=past)
        except Exception as fault:  # noqa: BLE001  # told below
            return str(fault)
        return ""

    assert "in time" in asyncio.run(ask())
