"""A co-op's core database: synthetic members in a table, and the view of it that the gateway reads."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from gateway.core.rows import FACTS
from gateway.core.sources.source_map import SourceMap, SqlView
from gateway.demo.people import COLUMNS, Member
from tests import postgres as pg

VIEW = "members_for_gateway"
PRODUCTS = {f"G{n}": f"uses_g{n}" for n in range(1, 6)}
SOURCE = SourceMap(
    facts={fact: fact for fact in FACTS},
    columns={},
    sql=SqlView(view=VIEW, products=PRODUCTS, filters={"insurer": "insurer"}),
)
"""The columns are called as the fields are."""

_number = count(1)
_LISTS = dict.fromkeys(("programmes", "consents", "stops"), "jsonb")
_DAYS = dict.fromkeys(("birth_date", "child_birth_date"), "date")
_NUMBERS = dict.fromkeys(("receivable_yen", "share_yen"), "bigint")
_YES_OR_NO = dict.fromkeys(("kyosai_enrolled", *PRODUCTS.values()), "boolean")
TYPES = {"member_code": 'text COLLATE "C"', "as_of": "timestamptz", **_LISTS, **_DAYS, **_NUMBERS, **_YES_OR_NO}
"""PostgreSQL's type of a column; the others are text."""


class MemberView:
    """A database with the table `member` and a view of it; `url` is what the gateway is told."""

    def __init__(self, server: pg.Server | None, folder: Path) -> None:
        self.server = server
        self.name = f"core_{next(_number)}"
        self.path = folder / f"{self.name}.db"
        self.url = server.url(self.name) if server is not None else f"sqlite:///{self.path}"

    async def make(
        self,
        members: Iterable[Member],
        *,
        types: Mapping[str, str] | None = None,
        written: Callable[[str, Any], Any] = lambda _, value: value,
        insurer: str = "あ",
    ) -> "MemberView":
        """Make the database; `written` is how the core system writes a column's value, `types` its types there."""
        kept = [column for column in COLUMNS if column != "product_classes"]
        columns = [*kept, *PRODUCTS.values(), "insurer"]
        lines = [
            {column: written(column, member[column]) for column in kept}
            | {column: written(column, one in member["product_classes"]) for one, column in PRODUCTS.items()}
            | {"insurer": insurer}
            for member in members
        ]
        if self.server is None:
            with closing(sqlite3.connect(self.path)) as db:
                db.execute(f"CREATE TABLE member ({', '.join(columns)})")
                marks = ", ".join("?" * len(columns))
                db.executemany(
                    f"INSERT INTO member VALUES ({marks})",
                    [[_plain(line[column]) for column in columns] for line in lines],
                )
                db.execute("CREATE INDEX member_by_code ON member (member_code)")
                db.execute(f"CREATE VIEW {VIEW} AS SELECT * FROM member")
                db.commit()
            return self
        await self.server.execute(f"CREATE DATABASE {self.name} TEMPLATE template0")
        kinds = {**TYPES, **(types or {})}
        core = await asyncpg.connect(self.server.dsn(self.name))
        try:
            shape = ", ".join(f"{column} {kinds.get(column, 'text')}" for column in columns)
            await core.execute(f"CREATE TABLE member ({shape})")
            await core.execute(
                "INSERT INTO member SELECT * FROM json_populate_recordset(NULL::member, $1)",
                msgspec.json.encode(lines).decode(),
            )
            await core.execute("CREATE INDEX member_by_code ON member (member_code)")
            await core.execute(f"CREATE VIEW {VIEW} AS SELECT * FROM member")
        finally:
            await core.close()
        return self

    async def execute(self, *statements: str) -> None:
        """Change the core database, as its owner."""
        if self.server is None:
            with closing(sqlite3.connect(self.path)) as db:
                db.executescript(";".join(statements))
            return
        await self.server.execute(";".join(statements), self.name)

    async def cut(self) -> None:
        """End every other connection, as a restart would."""
        assert self.server is not None
        await self.server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'"
        )


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
