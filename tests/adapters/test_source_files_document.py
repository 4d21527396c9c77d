"""docs/source-files.md shows files that are read exactly as it says, and names every reason to refuse one."""

import json
import os
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from gateway.adapters.policy_files.resolve import _source
from gateway.adapters.policy_files.source import SourceFile
from gateway.adapters.sources.files import words
from gateway.adapters.sources.files.refusal import Kind, Refusal
from gateway.core.rows import plan_rows
from tests import factories as make
from tests.adapters.member_files import page, put, serving

TEXT = (Path(__file__).parents[2] / "docs" / "source-files.md").read_text(encoding="utf-8")
JAPANESE, ENGLISH = TEXT.split("\n## English\n")
EXAMPLES = {
    title: dict(re.findall(r"```(yaml|text|python|json)\n(.*?)```", section, re.DOTALL))
    for title, section in re.findall(r"^### \d+\. 例: ([^\n]*)\n(.*?)(?=^##)", JAPANESE, re.DOTALL | re.MULTILINE)
}


def written(example: dict[str, str], said: SourceFile, folder: Path) -> None:
    """Make the example's file as it is shown."""
    assert said.file is not None
    if "python" in example:
        was = Path.cwd()
        os.chdir(folder)
        try:
            exec(example["python"], {})
        finally:
            os.chdir(was)
        return
    name = said.file.pattern.replace("*", "20261122")
    lines = [line.encode(said.file.encoding) for line in example["text"].splitlines()]
    put(folder, name, b"".join(line.ljust(said.file.record) + b"\n" for line in lines))


def test_there_is_an_example_of_each_kind() -> None:
    assert [yaml.safe_load(one["yaml"])["file"]["format"] for one in EXAMPLES.values()] == ["csv", "fixed", "parquet"]


@pytest.mark.parametrize("title", EXAMPLES)
async def test_an_example_is_read_as_it_is_shown(title: str, tmp_path: Path) -> None:
    example = EXAMPLES[title]
    said = SourceFile.model_validate_json(json.dumps(yaml.safe_load(example["yaml"])))
    written(example, said, tmp_path)
    shown: list[dict[str, Any]] = json.loads(example["json"])
    async with serving(tmp_path) as source:
        rows = plan_rows([make.FIELDS[name] for name in shown[0]], _source(said))
        records = await page(source, rows)
        names = {"code": "member_code"}
        read = [
            {names.get(name, name.removeprefix("field_")): value for name, value in _fields(row)}
            for row in records.rows
        ]
        assert msgspec.to_builtins(read) == shown
        assert records.refused == []
        assert {row.fact_status for row in records.rows} == {"active"}
        assert all(row.fact_as_of is not None and row.fact_programmes for row in records.rows)


def _fields(row: Any) -> list[tuple[str, Any]]:
    names = [name for name in row.__struct_fields__ if not name.startswith("fact_")]
    return [(name, getattr(row, name)) for name in names]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_reason_to_refuse_a_file_is_named_in_both_languages(kind: Kind) -> None:
    assert f"`{kind}`" in JAPANESE
    assert f"`{kind}`" in ENGLISH
    refusal = Refusal(file="m1", kind=kind, records=tuple(range(1, 13)), columns=("name",), expected=2, found=1)
    ja, en = words.text(refusal, "ja"), words.text(refusal, "en")
    assert ja.startswith("m1 1, 2,")
    assert en.startswith("m1, record 1, 2,")
    assert ja.isascii() is False
    assert not re.search(r"[\u3040-\u30ff\u4e00-\u9fff{}]", en)
    assert "…" in ja
