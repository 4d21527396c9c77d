"""The map to a database or a file: what it may say, what it must say for the grants, and its words in both languages."""

import re
from datetime import date
from typing import Any

import jsonschema
import pytest

from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve
from gateway.adapters.policy_files.schema import schemas
from gateway.adapters.policy_files.strict_yaml import parse
from gateway.adapters.policy_files.words_source import SOURCE
from gateway.core.rows import plan_rows
from gateway.core.sources.source_map import SourceMap, ValueForm

FILE = "policies/kyoritsusha/source.yaml"
FACTS = "coop: kyoritsusha\nfacts:\n" + "".join(
    f"  {fact}: {fact}\n"
    for fact in ("status", "subject", "programmes", "acquired_under", "as_of", "consents", "stops")
)
SQL = FACTS + (
    """
columns: {birth_date: 生年月日, member_code: 組合員番号}
constants: {status: active, consents: [], stops: []}
values:
  生年月日: {form: wareki_gyymmdd, eras: {"3": showa, "4": heisei, "5": reiwa}, nulls: ["0000000"]}
  sex: {codes: {M: "1", F: "2"}}
  postal_code: {digits: true}
  programmes: {split: "/"}
  kyosai_enrolled: {"true": [Y], "false": [N]}
  insurer_cd: {codes: {"01": 見本損保}}
sql:
  view: core.members_for_gateway
  products: {G1: uses_g1, G2: uses_g2, G4: uses_g4}
  filters: {insurer: insurer_cd}
"""
)
CSV = FACTS + 'file: {pattern: "members_*.csv", format: csv, encoding: cp932, products: {G1: g1, G2: g2, G4: g4}}\n'
FIXED = FACTS + (
    'file: {pattern: "m*.dat", format: fixed, record: 20, products: {G1: g1, G2: g2, G4: g4}, '
    "fixed: [{name: member_code, at: 0, length: 8}]}\n"
)

ONE_EDIT = {
    "era without": (SQL, "{form: wareki_gyymmdd, eras", "{form: wareki_yymmdd, eras", "era_needed", "form: wareki"),
    "era in vain": (SQL, "sex: {codes", "sex: {era: showa, codes", "era_needed", "sex: {"),
    "no for nothing": (SQL, '"true": [Y], ', "", "yes_and_no", "kyosai_enrolled:"),
    "yes and no at once": (SQL, '"false": [N]', '"false": [Y]', "yes_and_no", "kyosai_enrolled:"),
    "no such fact": (SQL, "stops: []", "stops: none", "no_such_fact", "constants:"),
    "two places": (SQL, "sql:\n", 'file: {pattern: "a", format: parquet}\nsql:\n', "two_places", "coop:"),
    "a fixed file without columns": (CSV, "format: csv", "format: fixed", "fixed_columns", "file:"),
    "columns of no fixed file": (FIXED, "format: fixed", "format: parquet", "fixed_columns", "file:"),
    "a column outside": (FIXED, "length: 8", "length: 21", "fixed_outside", "file:"),
    "columns twice told": (CSV, "format: csv", "format: csv, columns: [a]", "csv_columns", "file:"),
    "columns untold": (CSV, "format: csv", "format: csv, header: false", "csv_columns", "file:"),
    "a name that JSON escapes": (SQL, "uses_g1", "'a\"b'", "wrong_form", "products:"),
    "a view of nothing": (SQL, "view: core.members_for_gateway", 'view: "members; drop"', "wrong_form", "view:"),
    "a form for no column": (SQL, "  sex: {codes", "  sexx: {codes", "unread_column", "sexx:"),
    "a product class of no notice": (SQL, "G1: uses_g1,", "G1: uses_g1, G9: g9,", "unknown_product", "products:"),
    "a column that the file lacks": (FIXED, "record: 20", "record: 20", "no_such_column", "file:"),
}


@pytest.mark.parametrize("case", ONE_EDIT)
def test_one_wrong_thing_is_refused_in_its_place(room, case):
    text, old, new, state, needle = ONE_EDIT[case]
    assert old in text
    room.add(FILE, text.replace(old, new, 1))
    found = [one for one in room.lint("kyoritsusha") if one.state == state]
    assert found, sorted({one.state for one in room.lint("kyoritsusha")})
    assert {(one.file, one.line) for one in found} == {(str(room.root / FILE), room.line(FILE, needle))}
    for one in found:
        assert re.search(r"[ぁ-ヿ一-鿿]", one.message_ja)
        assert re.search(r"[ぁ-ヿ一-鿿]", one.mend_ja)
        assert "{" not in one.message_en + one.mend_en


def test_every_word_about_the_map_is_used_by_a_test():
    told = {case[3] for case in ONE_EDIT.values()}
    assert told | {"product_unmapped", "filter_unmapped"} >= SOURCE.keys()


def test_a_map_to_a_database_is_read_whole(room):
    room.add(FILE, SQL)
    assert [one for one in room.lint("kyoritsusha") if one.severity == "error"] == []
    policy = resolve(load(room.policies, room.partners, "kyoritsusha", samples=True).document)
    source: SourceMap = policy.source
    assert source.sql is not None
    assert source.sql.view == "core.members_for_gateway"
    assert source.sql.products == {"G1": "uses_g1", "G2": "uses_g2", "G4": "uses_g4"}
    assert source.sql.filters == {"insurer": "insurer_cd"}
    assert source.values["kyosai_enrolled"] == ValueForm(true=("Y",), false=("N",))
    assert source.values["生年月日"].eras["3"] == "showa"
    plan = plan_rows([policy.fields["birth_date"]], source)
    assert plan.columns == ("acquired_under", "as_of", "programmes", "subject", "生年月日", "組合員番号")


def test_a_grant_that_the_member_system_cannot_be_asked_for_is_found_where_it_stands(room):
    room.add(FILE, SQL.replace("G1: uses_g1, ", ""))
    found = [one for one in room.lint("kyoritsusha") if one.severity == "error"]
    assert {one.state for one in found} == {"product_unmapped"}
    assert {one.subject for one in found} == {"G1"}
    sunnet = next(one for one in found if one.file.endswith("agreements/sunnet.yaml"))
    assert sunnet.line == room.line("policies/kyoritsusha/agreements/sunnet.yaml", "products: [G1]")
    assert "`delivery`" in sunnet.message_ja
    assert "`delivery`" in sunnet.message_en
    assert "source.yaml" in sunnet.mend_en


def test_a_filter_that_no_column_is_named_for_is_found(room):
    room.add(
        FILE,
        SQL.replace("  filters: {insurer: insurer_cd}\n", "").replace('  insurer_cd: {codes: {"01": 見本損保}}\n', ""),
    )
    room.edit(
        "policies/kyoritsusha/agreements/sunnet.yaml",
        "products: [G1]",
        "products: [G1]\n        filters: {insurer: 見本損保}",
    )
    found = [one for one in room.lint("kyoritsusha") if one.severity == "error"]
    assert [(one.state, one.subject) for one in found] == [("filter_unmapped", "insurer")]


@pytest.mark.parametrize("text", [SQL, CSV, FIXED], ids=["sql", "csv", "fixed"])
def test_the_schema_for_editors_knows_all_of_it(text):
    validator = jsonschema.Draft202012Validator(schemas()["source"])
    plain = _as_json(parse(text).value)
    validator.validate(plain)
    part = "sql" if "sql" in plain else "file"
    assert not validator.is_valid({**plain, part: {**plain[part], "surprise": 1}})
    assert not validator.is_valid({**plain, "values": {"sex": {"form": "mm/dd"}}})
    described = schemas()["source"]["$defs"]
    assert {"ValueShape", "SqlShape", "FileShape", "FixedShape", "ControlShape", "Facts"} <= described.keys()


def _as_json(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _as_json(one) for key, one in part.items()}
    if isinstance(part, tuple):
        return [_as_json(one) for one in part]
    return part.isoformat() if isinstance(part, date) else part
