"""PostgreSQL's collations: codes that one of them takes for the same are two members, and one that changes is looked at anew."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import make_url

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.sql import SqlSource
from gateway.adapters.sources.sql_lines import Lines
from gateway.adapters.sources.sql_postgres import PostgresDoor, _made
from gateway.adapters.sources.sql_view import Column, Holds
from gateway.core.policy import Predicate
from tests.adapters.test_source_sql import page, plan_of, query, said, soon
from tests.simulators.member_view import SOURCE

PLAN = plan_of(SOURCE, "phone")
HOLDS: dict[str, Holds] = {"as_of": "instant", "stops": "json", "consents": "json", "programmes": "json"}
KINDS: dict[Holds, int] = {"text": 25, "instant": 1184, "json": 3802}


def test_named_members_are_found_by_their_very_codes() -> None:
    others = {name: Column(holds=HOLDS.get(name, "text")) for name in PLAN.columns}

    def text(member_code: Column) -> str:
        return _made(query(rows=PLAN), {**others, "member_code": member_code}).text

    assert "m.member_code = ANY" in text(Column(holds="text", ordered=False))
    assert '(m.member_code COLLATE "C") = ANY' in text(Column(holds="text", ordered=False, exact=False))


def test_a_prefix_is_compared_by_code_points() -> None:
    """PostgreSQL before 18 refuses LIKE with a collation that takes different texts for the same."""
    others = {name: Column(holds=HOLDS.get(name, "text")) for name in PLAN.columns}
    codes = Predicate(field="member_code", prefixes=("A",))

    def text(member_code: Column) -> str:
        asked = page(rows=plan_of(SOURCE, "member_code", "phone"), population=(codes,))
        return _made(asked, {**others, "member_code": member_code}).text

    assert '(m.member_code COLLATE "C") LIKE' in text(Column(holds="text", exact=False))
    assert "m.member_code LIKE" in text(Column(holds="text", ordered=False))


class Core(Lines):
    """A database that puts codes in order by ICU from some moment on, unless it is asked for code points.

    A double, since the PostgreSQL of these tests is built without ICU. Its records are of nobody: an empty text.
    """

    def __init__(self) -> None:
        super().__init__("", session={}, most=1, timeout_s=1)
        self.icu = self.upside_down = False

    async def take(self) -> Any:
        return self

    def put(self, line: Any) -> None:
        """Nothing is kept."""

    async def fetch(self, statement: str, *_: object) -> Sequence[dict[str, Any]]:
        if "pg_attribute" in statement:
            return [self._column(name) for name in PLAN.columns]
        by_code_point = not self.icu or 'ORDER BY m.member_code COLLATE "C"' in statement
        return [{"codes": ["B", "a"] if by_code_point and not self.upside_down else ["a", "B"], "records": b""}]

    def _column(self, name: str) -> dict[str, Any]:
        collation = "ja-x-icu" if self.icu and name == "member_code" else "C"
        kind = KINDS[HOLDS.get(name, "text")]
        return {"name": name, "type": kind, "collation": collation, "exact": True, "usual": "C", "provider": "c"}


class Door(PostgresDoor):
    """The door to that database."""

    def __init__(self, core: Core) -> None:
        super().__init__(make_url("postgresql://nobody@nowhere/core"), timeout_s=1, connections=1)
        self._lines = core


async def test_another_collation_of_the_code_is_noticed_and_the_question_asked_again() -> None:
    core = Core()
    source = SqlSource("postgresql://nobody@nowhere/core", clock=system_clock)
    source._door = Door(core)
    assert (await source.read(page(rows=PLAN), deadline=soon())).next is None
    core.icu = True
    assert (await source.read(page(rows=PLAN), deadline=soon())).next is None
    core.upside_down = True
    assert "out of order" in await said(source, page(rows=PLAN))
