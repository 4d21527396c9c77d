"""The same members give the same bytes, whatever kind of member system they are read from."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec.structs import replace

from gateway.core.days import Moment, jst_day
from gateway.core.decide import decide
from gateway.core.member_gate import member_gate
from gateway.core.outcome import Permit
from gateway.core.policy import Field, Predicate, Transform
from gateway.core.projection import projection
from gateway.core.rows import plan_rows
from gateway.core.transforms import FITS
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import Member, make_members
from gateway.ports import Query, Source
from tests import factories as make, postgres as pg
from tests.adapters.source_makers import MAKERS, Made

FIELDS: dict[str, Field] = {
    **make.FIELDS,
    "sex": make.field("sex", "I3", type="enum", codes=("1", "2", "9"), max_length=None),
    "delivery_day": replace(make.FIELDS["delivery_day"], codes=("1", "2", "3", "4", "5")),
    "address_line": make.field("address_line", "I5", max_length=120),
    "email": make.field("email", "I7", type="email", max_length=254),
    "kyosai_enrolled": make.field("kyosai_enrolled", "I9", type="boolean", max_length=None),
    "share_yen": make.field("share_yen", "I8", type="integer", max_length=None),
}
NOW = make.NOON
MADE_WRONG: list[dict[str, Any]] = [
    {"name": None},  # the catalogue says that there always is one
    {"name": "髙" * 61},
    {"postal_code": "99700"},
    {"municipality_code": "06203X"},
    {"delivery_day": "9"},
    {"sex": "8"},
    {"phone": "0" * 17},
    {"status": None},
    {"as_of": None},
    {"acquired_under": None},
    {"name": "\ue000外字\uf8ff 𠮷ﾞ~〜", "address_line": 'カンマ, "引用符" と\u3000空白'},
    {"birth_date": "1989-01-07", "child_birth_date": "2019-05-01"},
    {"birth_date": "1989-01-08", "child_birth_date": "2019-04-30"},
    {"share_yen": 0, "receivable_yen": None, "kyosai_enrolled": None},
]
"""What sources give that is refused, missing or at an edge."""


def everybody() -> list[Member]:
    lost = {AWKWARD["malformed"], AWKWARD["malformed_fact"]}  # a number for a text: only JSON can say it
    members = [member for member in make_members(110, today=jst_day(NOW)) if member["member_code"] not in lost]
    for member, change in zip(members[30::4], MADE_WRONG, strict=False):
        member.update(change)
    return members


MEMBERS = everybody()
CODES = [member["member_code"] for member in MEMBERS]


@pytest.fixture
def sources(postgres_server: pg.Server, tmp_path: Path) -> Iterator[tuple[asyncio.Runner, dict[str, Made]]]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        made = {}
        for name, maker in MAKERS.items():
            made[name] = runner.run(stack.enter_async_context(maker(MEMBERS, tmp_path, postgres_server)))
        yield runner, made
        runner.run(stack.aclose())


def _predicates(name: str) -> st.SearchStrategy[Predicate]:
    field = FIELDS[name]
    known: list[Any] = sorted({member[name] for member in MEMBERS if member[name] is not None}, key=str)
    some = st.sampled_from(known or ["1"])
    shapes = [st.lists(some, min_size=1, max_size=5).map(lambda one: Predicate(field=name, among=tuple(one)))]
    if field.type != "boolean":
        ends = st.tuples(st.none() | some, some)
        shapes.append(ends.map(lambda pair: Predicate(field=name, lowest=pair[0], highest=pair[1])))
    if field.type not in {"boolean", "integer"}:
        cut = st.lists(st.tuples(some, st.integers(1, 4)), min_size=1, max_size=3)
        shapes.append(cut.map(lambda found: Predicate(field=name, prefixes=tuple(one[:n] for one, n in found))))
    return st.one_of(shapes)


def _transforms(name: str) -> st.SearchStrategy[Transform]:
    kind = FIELDS[name].type
    fitting = [one for one, kinds in FITS.items() if kinds is None or kind in kinds]
    return st.sampled_from(fitting)


NAMED = st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=8, unique=True)
GRANTS = NAMED.flatmap(lambda names: st.fixed_dictionaries({name: _transforms(name) for name in names}))
POPULATIONS = st.lists(st.sampled_from(sorted(FIELDS)), max_size=2, unique=True).flatmap(
    lambda names: st.tuples(*(_predicates(name) for name in names))
)
ASKED = st.none() | st.lists(st.sampled_from([*CODES, "99999999"]), min_size=1, max_size=40, unique=True)


def permit() -> Permit:
    policy = make.policy()
    request = make.REQUEST
    given_one = decide(
        request,
        make.bound(request),
        partner="sunnet",
        client="c-1",
        signed_with="sig-1",
        snapshot=make.snapshot(policy),
        at=NOW,
    )
    assert isinstance(given_one, Permit)
    return replace(given_one, policy=replace(policy, fields=FIELDS))


PERMIT = permit()


async def released(made: Made, grant: dict[str, Transform], population: tuple[Predicate, ...], asked: Any) -> bytes:
    """What leaves of the members of a source under a grant, as step 4 makes it."""
    source, mapped = made
    read = [FIELDS[name] for name in {*grant, *(one.field for one in population)}]
    one = replace(
        PERMIT,
        fields=grant,
        rows=plan_rows(sorted(read, key=lambda field: field.id), mapped),
        grant=replace(PERMIT.grant, fields=grant, population=population, max_age_days=7),
    )
    moment = Moment(NOW)
    available, project = member_gate(one, moment, str.encode), projection(one, moment, lambda code: f"p-{code}")
    rows, refused = await _rows(source, one, asked)
    if asked is not None:
        found = {row.code: row for row in rows}
        rows = [found[code] for code in asked if code in found]
        assert len(refused) == len({*refused})
    rows, _ = available(rows)
    given_out = list(zip([row.code for row in rows], project(rows), strict=True))
    return msgspec.json.encode((given_out, sorted(refused, key=str) if asked is not None else None))


async def _rows(source: Source, one: Permit, asked: Any) -> tuple[list[Any], list[str | None]]:
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    query = Query(rows=one.rows, product=one.product, codes=None if asked is None else tuple(asked))
    if asked is not None:
        records = await source.read(query, deadline=deadline)
        return records.rows, records.refused
    query = replace(query, limit=37, population=one.grant.population)
    rows: list[Any] = []
    refused: list[str | None] = []
    while True:
        records = await source.read(query, deadline=deadline)
        rows += records.rows
        refused += records.refused
        if records.next is None:
            return rows, refused
        query = replace(query, after=records.next)


def test_every_kind_of_member_system_gives_the_same_bytes(
    sources: tuple[asyncio.Runner, dict[str, Made]],
) -> None:
    runner, made = sources
    seen = 0

    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(GRANTS, POPULATIONS, ASKED)
    def alike(grant: dict[str, Transform], population: tuple[Predicate, ...], asked: list[str] | None) -> None:
        nonlocal seen
        first, *others = MAKERS
        expected = runner.run(released(made[first], grant, population, asked))
        seen += len(msgspec.json.decode(expected)[0])
        for name in others:
            assert runner.run(released(made[name], grant, population, asked)) == expected, name

    alike()
    assert seen > 100
