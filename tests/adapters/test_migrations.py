"""The migrations make exactly the tables that the code reads; running them again changes nothing."""

import os
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.adapters import tables
from gateway.adapters.database import migrate, sqlite_path
from gateway.adapters.tables.log import metadata
from gateway.ports import Unavailable
from tests import postgres as pg
from tests.forked import command
from tests.house import environment_of

for module in iter_modules(tables.__path__, f"{tables.__name__}."):
    import_module(module.name)


def difference(connection: Connection) -> list[object]:
    found: list[object] = compare_metadata(MigrationContext.configure(connection), metadata)
    return found


async def test_the_schema_is_the_tables(database_url: str) -> None:
    await migrate(database_url)
    path = sqlite_path(database_url)
    if path is not None:
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            assert difference(connection) == []
        engine.dispose()
        return
    postgres = create_async_engine(database_url)
    async with postgres.connect() as connection:
        assert await connection.run_sync(difference) == []
    await postgres.dispose()


async def test_a_database_that_there_is_not_is_told_by_name(backend: pg.Server | None) -> None:
    if backend is None:
        return  # a file is made where there is none
    with pytest.raises(Unavailable, match='database "nosuch" does not exist'):
        await migrate(backend.url("nosuch"))


def test_what_was_not_migrated_says_what_to_run(backend: pg.Server | None, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fresh.db'}" if backend is None else backend.url("postgres")
    result = command(
        "policy", "history", "kyoritsusha", env={**os.environ, **environment_of(tmp_path, url, "kyoritsusha")}
    )
    assert result.returncode == 3
    assert "run `gateway migrate`" in result.stderr
