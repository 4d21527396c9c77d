"""Fixtures that every room shares: both databases, a clock that the test moves."""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

from gateway.adapters.database import migrate
from tests import postgres as pg
from tests.clock import SettableClock

# Timing is measured in bench/, never here.
settings.register_profile("gateway", deadline=None)
settings.load_profile("gateway")


def pytest_collection() -> None:
    """Ten thousand tests are collected without looking again and again whether one of them is garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Nor is any of them, until the end."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[pg.Server]:
    with pg.running() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that each test's own is a copy of."""
    path = tmp_path_factory.mktemp("template") / "gateway.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gateway.db')}"


@pytest.fixture(scope="session")
def gateway_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first gateway of a run makes its keys and the others find them: making them costs more than a test."""
    return tmp_path_factory.mktemp("gateway") / "keys"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> pg.Server | None:
    """The PostgreSQL server, or None for SQLite."""
    server: pg.Server | None = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    return server


@pytest.fixture
async def database_url(backend: pg.Server | None, sqlite_url: str) -> AsyncIterator[str]:
    """A migrated database of each kind, without rows."""
    if backend is None:
        yield sqlite_url
        return
    name = await backend.lend()
    yield backend.url(name)
    # A server that a test has crashed is coming up again, or gone.
    with suppress(OSError, asyncpg.PostgresError):
        await backend.give_back(name)
