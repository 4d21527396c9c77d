"""How values stand in a file: every character as it came, or refused by its place, or marked and counted."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.client import FileError, Unencodable
from gateway.client.formats import Csv, Format, Ndjson, Parquet, kinds_of

FIELDS = ("name", "postal_code", "points", "active")
KINDS: Any = {"name": "text", "postal_code": "text", "points": "integer", "active": "boolean"}
AWKWARD: dict[str, dict[str, Any]] = {
    "00012345": {"name": '髙﨑 "花子",\r\n二行目', "postal_code": "0020001", "points": 0, "active": False},
    "00000002": {"name": "=1+1\n", "postal_code": None, "points": -7, "active": None},
    "007": {"name": " \ue000外字 ｶﾀｶﾅ ", "postal_code": "", "points": None, "active": True},
}


def written(form: Format, path: Path, people: dict[str, dict[str, Any]] = AWKWARD) -> Path:
    with path.open("wb") as file:
        add, end = form.writer(file, path.name)
        for member, data in people.items():
            add([form.row(member, data)])
        end()
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_csv_is_read_by_any_csv_reader_character_for_character(tmp_path: Path, encoding: Any):
    path = written(Csv(FIELDS, encoding, "refuse"), tmp_path / "m.csv")
    with path.open(encoding=encoding, newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["member", *FIELDS]
    expected = [
        ["00012345", '髙﨑 "花子",\r\n二行目', "0020001", "0", "false"],
        ["00000002", "=1+1\n", "", "-7", ""],
        ["007", " \ue000外字 ｶﾀｶﾅ ", "", "", "true"],
    ]
    assert rows == expected
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    assert path.read_bytes().endswith(b"true\r\n")
    assert [cells for _, cells in Csv(FIELDS, encoding, "refuse").read(path)] == expected


def test_gaiji_keep_their_place_in_cp932(tmp_path: Path):
    people = {"1": {"name": "\ue000\ue757髙﨑㈱①～"}}
    path = written(Csv(("name",), "cp932", "refuse"), tmp_path / "m.csv", people)
    assert path.read_bytes() == b"member,name\r\n1,\xf0\x40\xf9\xfc\xee\xe0\xed\x95\x87\x8a\x87\x40\x81\x60\r\n"


@pytest.mark.parametrize("name", ["𠮷野", "葛󠄀城", "한글", "é"])
def test_what_cp932_does_not_have_is_refused_by_its_place(tmp_path: Path, name: str):
    people = {"1": {"name": "佐藤"}, "2": {"name": "伊藤"}, "3": {"name": name}}
    form = Csv(("name",), "cp932", "refuse")
    rows = [form.row(member, data) for member, data in people.items()]
    with pytest.raises(Unencodable) as caught:
        form.check(people.items(), first=1_001, name="m.csv")
    assert str(caught.value) == "m.csv: record 1003, field `name`: a character is not in cp932"
    assert caught.value.__context__ is None
    with pytest.raises(Unencodable) as caught, (tmp_path / "m.csv").open("wb") as file:
        form.writer(file, "m.csv")[0](rows)
    assert (caught.value.record, caught.value.field) == (3, "name")


def test_a_mark_stands_for_it_where_that_is_asked_and_is_counted(tmp_path: Path):
    form = Csv(("name", "kana"), "cp932", "geta")
    people = {"1": {"name": "𠮷野𠮷", "kana": "ﾖｼﾉ"}, "2": {"name": "〓", "kana": "é"}}
    form.check(people.items(), first=1, name="m.csv")
    path = written(form, tmp_path / "m.csv", people)
    assert path.read_text(encoding="cp932").splitlines()[1:] == ["1,〓野〓,ﾖｼﾉ", "2,〓,〓"]
    assert form.replaced == 3


def test_ndjson_keeps_types_and_nulls_and_the_order_that_was_asked(tmp_path: Path):
    path = written(Ndjson(("points", "name", "absent")), tmp_path / "m.ndjson")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"member": "00012345", "data": {"points": 0, "name": '髙﨑 "花子",\r\n二行目'}}
    assert [*lines[1]["data"]] == ["points", "name"]
    assert lines[2]["data"]["points"] is None
    assert [member for member, _ in Ndjson(("points", "name")).read(path)] == [*AWKWARD]


def test_parquet_is_typed_and_exact(tmp_path: Path):
    path = written(Parquet(FIELDS, KINDS), tmp_path / "m.parquet")
    table = pq.read_table(path)
    assert [str(one) for one in table.schema.types] == ["string", "string", "string", "int64", "bool"]
    assert table.schema.names == ["member", *FIELDS]
    assert table.to_pylist() == [{"member": member, **data} for member, data in AWKWARD.items()]
    assert [row for _, row in Parquet(FIELDS, KINDS).read(path)] == table.to_pylist()


@pytest.mark.parametrize("value", ["秘密", 2**63, True])
def test_a_value_of_another_type_is_refused_by_its_place_and_not_told(value: Any):
    form = Parquet(FIELDS, KINDS)
    records: Any = [("1", {"points": 1}), ("2", {"points": value} if value is not True else {"name": True})]
    with pytest.raises(FileError) as caught:
        form.check(records, first=1, name="m.parquet")
    assert "record 2, field `" in str(caught.value)
    assert "秘密" not in str(caught.value)
    assert caught.value.__context__ is None


def test_the_types_come_from_the_grants_schema():
    schema = {
        "properties": {
            "name": {"type": "string", "maxLength": 40, "title": "氏名"},
            "points": {"anyOf": [{"type": "integer"}, {"type": "null"}], "title": "点"},
            "active": {"type": "boolean"},
            "course": {"enum": ["a", "b"]},
            "masked": {"const": "*"},
        }
    }
    assert kinds_of(schema) == {
        "name": "text",
        "points": "integer",
        "active": "boolean",
        "course": "text",
        "masked": "text",
    }
    assert kinds_of({}) == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"member,other\r\n1,2\r\n", "other columns"),
        (b"", "other columns"),
        (b"member,name\r\n1\r\n", "record 1"),
        (b'member,name\r\n1,"a\r\n', "no such CSV"),
        (b"member,name\r\n1,\xff\r\n", "not in utf-8"),
    ],
)
def test_a_csv_that_is_none_of_ours_is_refused(tmp_path: Path, content: bytes, told: str):
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(FileError, match=told):
        [*Csv(("name",), "utf-8", "refuse").read(tmp_path / "m.csv")]


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"member": 1, "data": {}}', b'{"member": "1", "data": {"other": 1}}'])
def test_an_ndjson_that_is_none_of_ours_is_refused(tmp_path: Path, line: bytes):
    (tmp_path / "m.ndjson").write_bytes(b'{"member": "0", "data": {"name": null}}\n' + line + b"\n")
    with pytest.raises(FileError, match="line 2"):
        [*Ndjson(("name",)).read(tmp_path / "m.ndjson")]


def test_a_parquet_that_is_none_of_ours_is_refused(tmp_path: Path):
    path = tmp_path / "m.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(FileError, match="no Parquet"):
        [*Parquet(FIELDS, KINDS).read(path)]
    pq.write_table(pa.table({"member": ["1"], "name": [1]}), path)
    with pytest.raises(FileError, match="other columns"):
        [*Parquet(("name",), KINDS).read(path)]


@pytest.mark.parametrize("form", [Csv(("name",), "utf-8", "refuse"), Ndjson(("name",)), Parquet(("name",), KINDS)])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, form: Format):
    with pytest.raises(FileError, match="cannot be read"):
        [*form.read(tmp_path / "nothing")]
