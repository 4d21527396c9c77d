"""Two who leave at the same instant never leave admins without a manager, nor a co-op without anybody; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.database import sqlite_path
from gateway.adapters.engine import engine_of, reading, writing
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.staff import PersonRow, StaffRoleRow
from gateway.ports import Change, Committed, Submission, Unchanged, Values, Verdict
from gateway.tlog.merkle import leaf_hash
from tests.clock import NOON, SettableClock

COOP = "kyoritsusha"
ORIGIN = "gw.example.coop/{}".format
_person, _role = (metadata.tables[one.__tablename__] for one in (PersonRow, StaffRoleRow))


class Log:
    def __init__(self, log: SqliteLog | PostgresLog, engine: AsyncEngine) -> None:
        self.log = log
        self.engine = engine

    async def fill(self, *people: str, roles: Sequence[tuple[str, str, str | None, str | None]] = ()) -> None:
        """People, and roles as (person, role, department, deputy for), held since long."""
        about = {"origin": ORIGIN(COOP)}
        async with writing(self.engine) as db:
            await db.execute(insert(_person), [{**about, "id": one, "name": one, "active": True} for one in people])
            for nth, (person, role, department, deputy_for) in enumerate(roles):
                row = {"id": f"r-{nth}", "person": person, "role": role, "department": department}
                await db.execute(insert(_role).values(**about, **row, starts=0, ends=None, deputy_for=deputy_for))

    async def leaves(self, person: str) -> Verdict:
        entry = person.encode()
        change = Change(statement="person_left", values={"id": person})
        return await self.log.append(
            COOP, Submission(entry=entry, leaf=leaf_hash(entry), kind="staff", time=NOON, change=change)
        )

    async def at_once(self, *people: str) -> tuple[int, int]:
        """How many of them left and how many were refused; each left with an entry, the others without one."""
        verdicts = await asyncio.gather(*map(self.leaves, people))
        left = sum(isinstance(one, Committed) for one in verdicts)
        kept = sum(isinstance(one, Unchanged) for one in verdicts)
        assert (await self.log.head(COOP)).next_index == left
        return left, kept

    async def active(self) -> set[str]:
        async with reading(self.engine) as db:
            return set((await db.execute(select(_person.c.id).where(_person.c.active))).scalars())

    async def running(self) -> set[str]:
        async with reading(self.engine) as db:
            return set((await db.execute(select(_role.c.person).where(_role.c.ends.is_(None)))).scalars())


@pytest.fixture
async def log(database_url: str) -> AsyncIterator[Log]:
    clock, path = SettableClock(NOON), sqlite_path(database_url)
    made = (
        PostgresLog(database_url, origin=ORIGIN, clock=clock)
        if path is None
        else SqliteLog(path, origin=ORIGIN, clock=clock)
    )
    await made.start()
    engine = engine_of(database_url)
    yield Log(made, engine)
    await made.close()
    await engine.dispose()


async def test_of_all_managers_who_leave_at_once_one_stays(log: Log):
    managers = [f"m{nth}" for nth in range(6)]
    roles = [("kian", "admin", "総務部", None), *((one, "manager", "総務部", None) for one in managers)]
    await log.fill("kian", *managers, roles=roles)
    assert await log.at_once(*managers) == (5, 1)
    (stays,) = (await log.active()) - {"kian"}
    assert await log.running() == {"kian", stays}


async def test_a_deputy_alone_does_not_count_and_may_go(log: Log):
    roles = [("a", "admin", "総務部", None), ("m", "manager", "総務部", None), ("d", "manager", "総務部", "m")]
    await log.fill("a", "m", "d", roles=roles)
    assert await log.at_once("m", "m") == (0, 2)
    assert await log.at_once("d") == (1, 0)


async def test_a_manager_of_another_department_does_not_count(log: Log):
    roles = [("a", "admin", "総務部", None), ("m", "manager", "総務部", None), ("n", "manager", "共済部", None)]
    await log.fill("a", "m", "n", roles=roles)
    assert await log.at_once("m", "n") == (1, 1)
    assert await log.active() == {"a", "m"}


async def test_the_last_manager_may_go_where_nobody_drafts_any_more(log: Log):
    """One person who drafts and approves goes as a whole; and admins who are others' hold them."""
    roles = [("m", "manager", "総務部", None), ("m", "admin", "総務部", None), ("x", "auditor", None, None)]
    await log.fill("m", "x", roles=roles)
    assert await log.at_once("m") == (1, 0)


async def test_somebody_stays(log: Log):
    await log.fill("a", "b", "c", roles=[("a", "compliance", None, None)])
    assert await log.at_once("a", "b", "c") == (2, 1)
    assert len(await log.active()) == 1


async def test_before_the_first_role_anybody_may_go(log: Log):
    await log.fill("a", "b")
    assert await log.at_once("a", "b") == (2, 0)


async def test_an_identity_is_one_persons_and_goes_with_them(log: Log):
    await log.fill("a", "b", "c")

    async def link(person: str, subject: str = "s") -> Verdict:
        entry = f"{person} {subject} {await log.log.head(COOP)}".encode()
        values: Values = {"id": person, "issuer": "https://login.example.coop", "subject": subject}
        change = Change(statement="person_linked", values=values)
        return await log.log.append(
            COOP, Submission(entry=entry, leaf=leaf_hash(entry), kind="staff", time=NOON, change=change)
        )

    verdicts = await asyncio.gather(*(link(one) for one in ("a", "b", "c")))
    assert sum(isinstance(one, Committed) for one in verdicts) == 1
    async with reading(log.engine) as db:
        (has,) = (await db.execute(select(_person.c.id).where(_person.c.subject == "s"))).scalars()
    assert isinstance(await log.leaves(has), Committed)
    (other, _) = sorted({"a", "b", "c"} - {has})
    assert isinstance(await link(other), Committed)
    assert isinstance(await link(has, "t"), Unchanged), "nobody who left is linked"
