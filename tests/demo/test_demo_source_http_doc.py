"""docs/source-http.md shows what the member system really answers."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from gateway.core.rows import FACTS
from gateway.demo.member_system import member_system
from gateway.demo.member_table import Table

TEXT = (Path(__file__).parents[2] / "docs" / "source-http.md").read_text(encoding="utf-8")
EXAMPLES = [
    (path, *map(json.loads, re.findall(r"```json\n(.*?)```", section, re.DOTALL)))
    for path, section in re.findall(r"^### \d\. [^\n]*`POST (/\S+)`\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE)
    if "```json" in section
]


def test_every_call_has_an_example():
    assert [path for path, *_ in EXAMPLES] == ["/v1/members/query", "/v1/members/page"]


@pytest.mark.parametrize(("path", "request_body", "response_body"), EXAMPLES)
async def test_an_example_is_the_services_own_answer(members, path, request_body, response_body):
    table = Table(members)
    transport = httpx2.ASGITransport(app=member_system(lambda: table, secret="s"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://coop.test") as client:
        answer = await client.post(path, json=request_body, headers={"Authorization": "Bearer s"})
    assert answer.json() == response_body


@pytest.mark.parametrize("fact", FACTS)
def test_every_gate_fact_is_described_in_both_languages(fact):
    japanese, english = TEXT.split("## English")
    assert f"| `{fact}` |" in japanese
    assert f"`{fact}`" in english
