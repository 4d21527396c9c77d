"""How far each anchor has come: grows only, apart for each co-op, on both databases."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.anchors.coverage import StoredCoverage
from gateway.adapters.engine import engine_of
from gateway.ports import Unavailable


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = engine_of(database_url)
    yield made
    await made.dispose()


def coverage_on(engine: AsyncEngine) -> StoredCoverage:
    return StoredCoverage(engine, origin=lambda coop: f"gw.example.coop/{coop}")


async def test_a_size_only_ever_grows_and_every_process_sees_it(engine: AsyncEngine) -> None:
    one, other = coverage_on(engine), coverage_on(engine)
    assert await one.covered("a") == {}
    await one.cover("a", "witness w1", 5)
    await other.cover("a", "witness w1", 3)
    await other.cover("a", "timestamp", 2**40)
    assert await one.covered("a") == await other.covered("a") == {"witness w1": 5, "timestamp": 2**40}
    await other.cover("a", "witness w1", 6)
    assert (await one.covered("a"))["witness w1"] == 6
    assert await one.covered("b") == {}


async def test_a_database_that_fails_is_unavailable(tmp_path) -> None:
    missing = engine_of(f"sqlite:///{tmp_path / 'none' / 'x.db'}")
    with pytest.raises(Unavailable):
        await coverage_on(missing).covered("a")
    with pytest.raises(Unavailable):
        await coverage_on(missing).cover("a", "timestamp", 1)
    await missing.dispose()
