"""The migrations make exactly the tables that the code reads; running them again changes nothing."""

from importlib import import_module
from pkgutil import iter_modules

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.adapters import tables
from gateway.adapters.database import migrate, sqlite_path
from gateway.adapters.tables.log import metadata

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
