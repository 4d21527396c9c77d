"""Acts of people with roles on a log and the tables beside it, one after another or at once, on either database."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Self

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.database import sqlite_path
from gateway.adapters.engine import engine_of, writing
from gateway.adapters.log.batch import ms
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.staff import PersonRow, StaffRoleRow
from gateway.core.staff import RoleHeld
from gateway.ports import Change, Submission, Values, Verdict
from gateway.tlog.merkle import leaf_hash
from tests.clock import SettableClock

COOP = "kyoritsusha"
ORIGIN = "gw.example.coop/{}".format
PERSON_TABLE, ROLE_TABLE = (metadata.tables[one.__tablename__] for one in (PersonRow, StaffRoleRow))


class Acts:
    """A log with the tables beside it, on which one act after another is tried."""

    kind: ClassVar[str]
    """Of the entries that the acts leave."""
    gov: ClassVar[int | None] = None
    """The governance that an act is decided under, unless it names another."""

    def __init__(self, log: SqliteLog | PostgresLog, engine: AsyncEngine, clock: SettableClock) -> None:
        self.log = log
        self.engine = engine
        self.clock = clock
        self.count = 0

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, database_url: str, clock: SettableClock, people: Iterable[str], roles: Iterable[RoleHeld]
    ) -> AsyncIterator[Self]:
        """Open a database in which these people hold these roles."""
        path = sqlite_path(database_url)
        log = (
            PostgresLog(database_url, origin=ORIGIN, clock=clock)
            if path is None
            else SqliteLog(path, origin=ORIGIN, clock=clock)
        )
        engine = engine_of(database_url)
        await log.start()
        made = cls(log, engine, clock)
        await made.fill(people, roles)
        yield made
        await log.close()
        await engine.dispose()

    async def fill(self, people: Iterable[str], roles: Iterable[RoleHeld]) -> None:
        async with writing(self.engine) as db:
            persons = [{"origin": ORIGIN(COOP), "id": one, "name": one, "active": True} for one in people]
            await db.execute(insert(PERSON_TABLE), persons)
            held = [
                {
                    "origin": ORIGIN(COOP),
                    "id": one.id,
                    "person": one.person,
                    "role": one.role,
                    "department": one.department,
                    "starts": ms(one.span.start or self.clock()),
                    "ends": None if one.span.end is None else ms(one.span.end),
                    "deputy_for": one.deputy_for,
                }
                for one in roles
            ]
            await db.execute(insert(ROLE_TABLE), held)

    async def act(self, statement: str, **values: Any) -> Verdict:
        gov: int | None = values.pop("gov", self.gov)
        self.count += 1
        entry = f'{{"n":{self.count}}}'.encode()
        return await self.log.append(
            COOP,
            Submission(
                entry=entry,
                leaf=leaf_hash(entry),
                kind=self.kind,
                time=self.clock(),
                gov=gov,
                change=Change(statement=statement, values=Values(values)),
            ),
        )

    async def entries(self) -> int:
        return (await self.log.head(COOP)).next_index
