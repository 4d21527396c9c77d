"""What docs/source-sql.md shows is run as it stands: the view, the role, the index, the map, and a member read by them."""

import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.adapters.policy_files.lint import lint
from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve
from gateway.core.rows import ProgrammeFact, StopFact, plan_rows
from tests import postgres as pg
from tests.adapters.test_source_sql import opened, query, soon
from tests.architecture.source_tree import ROOT
from tests.simulators.member_view import MemberView

PAGE = (ROOT / "docs" / "source-sql.md").read_text(encoding="utf-8")
VIEW, ROLE, INDEX = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
(MAP,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
CORE = """
    CREATE SCHEMA core;
    CREATE TABLE core.member (
        member_no text PRIMARY KEY, kanji_name text, kana_name text, sex_cd text, birth_wareki text, zip text,
        city_cd text, address text, tel text, mail text, course text, day_of_delivery text, kyosai_flag text,
        state text, notice_version text, confirmed_at timestamptz, uses_centre boolean, uses_kyosai boolean,
        uses_life boolean
    );
    CREATE TABLE core.programme (member_no text, programme text, first_day date, last_day date);
    CREATE TABLE core.stop (
        member_no text, kind text, partner text, purpose text, began_at timestamptz, ended_at timestamptz
    );
    INSERT INTO core.member VALUES (
        '00000101', '髙﨑 花子', 'ﾀｶｻｷ ﾊﾅｺ', 'F', '3591122', '997-0011', '062031', '鶴岡市宝田1丁目3-23', '0235‐22‐5115', '',
        'A', '2', 'Y', '1', '2022-04-01', '2026-11-21T20:00:00Z', true, false, false
    );
    INSERT INTO core.programme VALUES ('00000101', 'sukusuku', '2023-04-01', NULL);
    INSERT INTO core.stop VALUES ('00000101', 'marketing_stop', NULL, NULL, '2026-04-30T15:00:00Z', NULL);
"""


@pytest.fixture
async def core(postgres_server: pg.Server, tmp_path: Path) -> MemberView:
    view = MemberView(postgres_server, tmp_path)
    await postgres_server.execute(f"CREATE DATABASE {view.name} TEMPLATE template0")
    await view.execute(CORE)
    return view


async def test_the_example_reads_a_member_through_a_role_that_may_only_read(core: MemberView, tmp_path: Path) -> None:
    for part in ("policies", "partners"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "policies" / "kyoritsusha" / "source.yaml").write_text(MAP, encoding="utf-8")
    assert [one.text("en") for one in lint(tmp_path / "policies" / "kyoritsusha") if one.severity == "error"] == []
    document = load(tmp_path / "policies", tmp_path / "partners", "kyoritsusha", samples=True).document
    policy = resolve(document)
    asked = ("name", "name_kana", "sex", "birth_date", "postal_code", "municipality_code", "address_line", "phone")
    plan = plan_rows([policy.fields[name] for name in (*asked, "email", "kyosai_enrolled")], policy.source)
    await core.execute(VIEW, ROLE, INDEX)
    try:
        async with opened(core.url.replace("postgres@", "gateway_reads@")) as source:
            found = await source.read(query(rows=plan, codes=("00000101",), product="G1"), deadline=soon())
            assert (await source.read(query(rows=plan, codes=("00000101",), product="G2"), deadline=soon())).rows == []
            page = await source.read(query(rows=plan, codes=None, limit=10), deadline=soon())
            assert [row.code for row in page.rows] == ["00000101"]
    finally:
        await core.execute("DROP OWNED BY gateway_reads", "DROP ROLE gateway_reads")
    (row,) = found.rows
    assert (row.field_name, row.field_name_kana, row.field_sex) == ("髙﨑 花子", "ﾀｶｻｷ ﾊﾅｺ", "2")
    assert (row.field_birth_date, row.field_postal_code) == (date(1984, 11, 22), "9970011")
    assert (row.field_phone, row.field_email, row.field_kyosai_enrolled) == ("0235‐22‐5115", None, True)
    assert row.fact_as_of == datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert row.fact_programmes == (ProgrammeFact("sukusuku", date(2023, 4, 1), None),)
    assert row.fact_stops == (StopFact(kind="marketing_stop", start=datetime(2026, 4, 30, 15, tzinfo=UTC)),)
    assert (row.fact_status, row.fact_subject, row.fact_consents) == ("active", "member", ())


def test_every_member_of_a_form_is_explained_in_both_languages() -> None:
    from gateway.adapters.policy_files.source import ValueShape

    japanese, english = PAGE.split("\n## English\n")
    for name in ValueShape.model_fields:
        assert f"`{name}`" in japanese
        assert f"`{name}`" in english
