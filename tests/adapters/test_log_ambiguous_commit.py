"""A connection lost around COMMIT: never released on a guess, never lost, never twice (transfer-log.md step 4)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.postgres_sql import HOLD
from gateway.adapters.log.postgres_writer import SESSION
from gateway.ports import Committed, Unavailable
from gateway.tlog.merkle import leaf_hash, root_of
from tests import postgres as pg
from tests.adapters.test_log_contract import COOP, key, submission
from tests.clock import SettableClock
from tests.simulators.cutting_proxy import COMMIT, Cut, CuttingProxy, cutting_proxy

ORIGIN = "gw.example.coop/{}".format


@pytest.fixture
async def proxy(postgres_server: pg.Server) -> AsyncIterator[CuttingProxy]:
    with tempfile.TemporaryDirectory(prefix="px") as folder:
        async with cutting_proxy(Path(folder), postgres_server.folder) as running:
            yield running


@pytest.fixture
async def database(postgres_server: pg.Server) -> str:
    return await postgres_server.make_database()


@pytest.fixture
async def log(
    postgres_server: pg.Server, proxy: CuttingProxy, database: str, clock: SettableClock
) -> AsyncIterator[PostgresLog]:
    made = PostgresLog(proxy.url(database), origin=ORIGIN, clock=clock, resolve_s=1.5)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def other(postgres_server: pg.Server, database: str, clock: SettableClock) -> AsyncIterator[PostgresLog]:
    """Give another process's door to the same log."""
    made = PostgresLog(postgres_server.url(database), origin=ORIGIN, clock=clock)
    await made.start()
    yield made
    await made.close()


@pytest.fixture(params=["at once", "under the lock"])
async def committing(
    request: pytest.FixtureRequest, log: PostgresLog, other: PostgresLog, proxy: CuttingProxy, clock: SettableClock
) -> int:
    """Bring the log to where the next commit is one statement, or a transaction; return its size."""
    assert await log.append(COOP, submission(clock, 1_000)) == Committed(0)
    if request.param == "at once":
        proxy.at = submission(clock, 1).entry
        return 1
    proxy.at = COMMIT
    assert await other.append(COOP, submission(clock, 1_001)) == Committed(1)
    return 2


@pytest.mark.parametrize("cut", [Cut.BEFORE_COMMIT, Cut.AFTER_COMMIT])
async def test_whatever_became_of_the_commit_each_entry_is_there_once(
    log: PostgresLog, proxy: CuttingProxy, clock: SettableClock, committing: int, cut: Cut
) -> None:
    proxy.cut = cut
    until = clock() + timedelta(minutes=3)
    verdicts = await asyncio.gather(
        *(log.append(COOP, submission(clock, n, replay=(key(str(n)), until))) for n in range(1, 20))
    )
    assert proxy.has_cut.is_set()
    end = committing + 19
    assert sorted(v.index for v in verdicts if isinstance(v, Committed)) == list(range(committing, end))
    entries = await log.entries(COOP, 0, 100)
    assert len(set(entries)) == len(entries) == end
    # each caller was told the index at which its own entry stands
    for number, verdict in enumerate(verdicts, start=1):
        assert isinstance(verdict, Committed)
        assert entries[verdict.index] == submission(clock, number).entry
    assert (await log.head(COOP)).frontier.root() == root_of(leaf_hash(entry) for entry in entries)
    assert await log.append(COOP, submission(clock, 99)) == Committed(end)


@pytest.mark.parametrize("cut", [Cut.BEFORE_COMMIT, Cut.AFTER_COMMIT])
async def test_an_outcome_that_cannot_be_learned_is_unavailable(
    log: PostgresLog, proxy: CuttingProxy, clock: SettableClock, committing: int, cut: Cut
) -> None:
    proxy.cut = cut
    asked = asyncio.create_task(log.append(COOP, submission(clock, 1)))
    async with asyncio.timeout(5):
        await proxy.has_cut.wait()
    proxy.down = True
    with pytest.raises(Unavailable):
        await asked
    proxy.down = False
    # the log is open again, and consistent with whatever was committed
    assert isinstance(await log.append(COOP, submission(clock, 2)), Committed)
    entries = await log.entries(COOP, 0, 10)
    assert len(entries) == committing + (1 if cut is Cut.BEFORE_COMMIT else 2)


async def test_a_server_that_falls_silent_is_not_waited_for(
    log: PostgresLog, proxy: CuttingProxy, clock: SettableClock, committing: int
) -> None:
    """No answer and no end of the connection, as when a machine or a network is gone: the outcome is unavailable."""
    proxy.cut = Cut.AFTER_COMMIT
    proxy.silent_at = HOLD.encode()
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await log.append(COOP, submission(clock, 1))
    assert proxy.has_cut.is_set()
    proxy.silence_ends.set()


async def test_a_lock_holder_that_stopped_is_cut_off(
    log: PostgresLog, postgres_server: pg.Server, database: str, clock: SettableClock
) -> None:
    await log.append(COOP, submission(clock, 0))
    holder = await asyncpg.connect(postgres_server.dsn(database), server_settings=SESSION)
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM log_head FOR UPDATE")
    # the holder says nothing more; the server ends its session, and the waiting commit goes through
    assert await log.append(COOP, submission(clock, 1)) == Committed(1)
    holder.terminate()


async def test_a_lock_that_is_not_let_go_is_unavailable_and_not_for_ever(
    log: PostgresLog, postgres_server: pg.Server, database: str, clock: SettableClock
) -> None:
    await log.append(COOP, submission(clock, 0))
    holder = await asyncpg.connect(postgres_server.dsn(database))
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM log_head FOR UPDATE")
        with pytest.raises(Unavailable, match="refused"):
            await log.append(COOP, submission(clock, 1))
    await holder.close()
    assert await log.append(COOP, submission(clock, 2)) == Committed(1)


async def test_a_commit_that_may_not_have_reached_the_standby_is_not_looked_up(
    postgres_server: pg.Server, database: str, clock: SettableClock
) -> None:
    """PostgreSQL warns at COMMIT: the entry stands as authorised, and nothing is released on it."""
    log = PostgresLog(postgres_server.url(database), origin=ORIGIN, clock=clock)
    await log.start()
    await postgres_server.execute(
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE WARNING 'might not have been replicated'; RETURN NULL; END $$",
        database,
    )
    await postgres_server.execute(
        "CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON log_entry DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION warn()",
        database,
    )
    with pytest.raises(Unavailable, match="standby"):
        await log.append(COOP, submission(clock, 0))
    assert len(await log.entries(COOP, 0, 10)) == 1
    await log.close()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_could_lose_what_it_confirmed_is_refused(clock: SettableClock, setting: str) -> None:
    """On a server of its own, since the setting is the whole server's."""
    await asyncio.to_thread(_refused_with, setting, clock)


def _refused_with(setting: str, clock: SettableClock) -> None:
    async def check(server: pg.Server) -> None:
        await server.execute(f"ALTER SYSTEM SET {setting} = off")
        await server.execute("SELECT pg_reload_conf()")
        log = PostgresLog(server.url("template_gateway"), origin=ORIGIN, clock=clock)
        async with asyncio.timeout(10):
            while True:
                try:
                    await log.start()
                except Unavailable as refused:
                    assert setting in str(refused)  # noqa: PT017  # the reload takes effect a moment later
                    break
                await log.close()
        await log.close()

    with pg.running() as server:
        asyncio.run(check(server))
