"""Reading everybody before anything is provided: what is refused is explained by column, kind and place."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.adapters.clock import system_clock
from gateway.adapters.policy_files.resolve import resolve_bytes
from gateway.control_plane import source_check
from gateway.control_plane.source_check import Fault, check_source, fields_in_use
from gateway.core.policy import Policy
from gateway.demo.awkward import AWKWARD
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from gateway.ports import Query, Records, Unavailable
from tests import postgres as pg
from tests.adapters.source_makers import MAKERS
from tests.house import COOP, document_of
from tests.simulators.source import SimulatedSource

MEMBERS = make_members(60, today=datetime.now(UTC).date())
CODES = [member["member_code"] for member in MEMBERS]


def policy(**changes: Any) -> Policy:
    document = document_of(COOP)
    return msgspec.structs.replace(resolve_bytes(document, sha256(document).hexdigest()), **changes)


def place(name: str) -> tuple[int, ...]:
    return (CODES.index(AWKWARD[name]) + 1,)


EXPECTED = {
    Fault(column="name", why="missing", count=1, places=place("null_name")),
    Fault(column="phone", why="unreadable", count=1, places=place("malformed")),
    Fault(column="programmes", why="unreadable", count=1, places=place("malformed_fact")),
}


async def test_every_refused_record_has_its_column_kind_and_place() -> None:
    told: list[int] = []
    findings = await check_source(SimulatedSource(Table(MEMBERS)), policy(), clock=system_clock, progress=told.append)
    assert {*findings.faults} == EXPECTED
    assert (findings.readable, findings.refused, findings.absent) == (len(MEMBERS) - 3, 3, ())
    assert told == [len(MEMBERS)]


@pytest.mark.parametrize("kind", ["http", "sqlite", "csv", "parquet"])
async def test_it_is_the_same_for_every_kind_of_member_system(
    kind: str, tmp_path: Path, postgres_server: pg.Server
) -> None:
    members = [member for member in MEMBERS if member["member_code"] != AWKWARD["malformed"]]
    codes = [member["member_code"] for member in members]
    async with MAKERS[kind](members, tmp_path, postgres_server) as (source, mapped):
        findings = await check_source(source, policy(source=mapped), clock=system_clock)
    assert {(fault.column, fault.why) for fault in findings.faults} == {
        ("name", "missing"),
        ("programmes", "unreadable"),
    }
    assert {place for fault in findings.faults for place in fault.places} == {
        codes.index(AWKWARD[name]) + 1 for name in ("null_name", "malformed_fact")
    }


async def test_a_field_without_a_column_is_told_and_the_others_are_read(
    tmp_path: Path, postgres_server: pg.Server
) -> None:
    async with MAKERS["http"](MEMBERS, tmp_path, postgres_server) as (source, mapped):
        without = msgspec.structs.replace(mapped, columns={"email": "mail"})
        findings = await check_source(source, policy(source=without), clock=system_clock)
    assert findings.absent == ("email",)
    assert findings.readable == len(MEMBERS) - 3


class Twice(SimulatedSource):
    """A member system that gives one member twice, and one without a code."""

    async def read(self, query: Query, *, deadline: datetime) -> Records:
        def bend(body: bytes) -> bytes:
            answer = msgspec.json.decode(body)
            again = [one for one in answer["records"] if one["member_code"] == CODES[5]]
            nobody = (
                [] if query.codes is not None or query.limit == 1 else [{**answer["records"][0], "member_code": None}]
            )
            return msgspec.json.encode({**answer, "records": [*answer["records"], *again, *nobody]})

        self.bend = bend
        return await super().read(query, deadline=deadline)


async def test_a_member_given_twice_and_one_without_a_code_are_told_apart() -> None:
    findings = await check_source(Twice(Table(MEMBERS)), policy(), clock=system_clock)
    assert {*findings.faults} == EXPECTED | {
        Fault(column="member_code", why="twice", count=1, places=(6,)),
        Fault(column="member_code", why="code", count=1),
    }


async def test_a_member_system_that_does_not_answer_is_unavailable() -> None:
    source = SimulatedSource(Table(MEMBERS))
    source.down = "gone"
    with pytest.raises(Unavailable, match="gone"):
        await check_source(source, policy(), clock=system_clock)


async def test_of_very_many_refused_records_the_number_alone_is_told() -> None:
    many = [
        MEMBERS[-1] | {"member_code": f"{number:08d}", "name": None}
        for number in range(source_check.EXAMINED + source_check.PAGE)
    ]
    findings = await check_source(SimulatedSource(Table(many)), policy(), clock=system_clock)
    assert [(fault.column, fault.why, fault.count, len(fault.places)) for fault in findings.faults] == [
        ("name", "missing", source_check.EXAMINED, source_check.NAMED),
        (None, "unexamined", source_check.PAGE, 0),
    ]


def test_fields_in_use_are_those_that_are_provided_or_choose_members() -> None:
    names = {field.id for field in fields_in_use(policy())}
    assert {"member_code", "name"} <= names
    assert names < {*policy().fields}
