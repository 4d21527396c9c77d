"""The publisher: every root it signs is the log's, and none is signed over what was signed before."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.database import sqlite_path
from gateway.oversight.log.checkpoints import attempt
from gateway.ports import Unpublishable
from gateway.tlog.checkpoint import Checkpoint, open_ours
from gateway.tlog.merkle import Frontier, leaf_hash, root_of
from tests import postgres as pg
from tests.clock import SettableClock
from tests.oversight.press import COOP, Press, press
from tests.tlog.exported_log import ORIGIN, SIGNER


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "signer-state"


@pytest.fixture
async def one(database_url: str, state: Path, clock: SettableClock) -> AsyncIterator[Press]:
    async with press(database_url, state, clock) as opened:
        yield opened


@pytest.fixture
async def on_sqlite(sqlite_url: str, state: Path, clock: SettableClock) -> AsyncIterator[Press]:
    async with press(sqlite_url, state, clock) as opened:
        yield opened


@pytest.fixture
async def postgres_database(postgres_server: pg.Server) -> str:
    return postgres_server.url(await postgres_server.make_database())


def head_of(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root_of(leaf_hash(b'{"n":%d}' % n) for n in range(size)))


async def refusal(one: Press) -> str:
    """Try to publish, which is refused; return the code. Nothing is published or signed."""
    before = await one.published(), one.signer.path.read_bytes() if one.signer.path.exists() else None
    with pytest.raises(Unpublishable) as refused:
        await one.publish()
    after = await one.published(), one.signer.path.read_bytes() if one.signer.path.exists() else None
    assert after == before
    return refused.value.code


async def test_each_growth_is_published_with_its_root(one: Press) -> None:
    size = 0
    for more in (0, 1, 255, 1, 700, 0, 1_500):
        await one.append(*range(size, size + more))
        size += more
        assert await one.attempt() == await one.published() == head_of(size)
        assert await one.publications.integrated(COOP) == size
    note = await one.publications.checkpoint(COOP)
    assert note is not None
    assert open_ours(note.encode(), [SIGNER.key], origin=ORIGIN) == head_of(size)


async def test_an_old_log_without_tiles_is_caught_up_with_in_pieces(on_sqlite: Press) -> None:
    """10,000 entries: several times what is held in memory; every piece that is stored can be gone on from."""
    await on_sqlite.append(*range(10_000))
    publishing = asyncio.create_task(on_sqlite.publish())
    seen = set()
    while not publishing.done():
        seen.add(await on_sqlite.publications.integrated(COOP))
    assert await publishing == head_of(10_000)
    assert len(seen) > 2


async def test_publishing_ended_half_way_is_gone_on_with(on_sqlite: Press) -> None:
    await on_sqlite.append(*range(9_000))
    publishing, half = asyncio.create_task(on_sqlite.publish()), 0
    while half == 0:
        half = await on_sqlite.publications.integrated(COOP)
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)
    assert 0 < await on_sqlite.publications.integrated(COOP) < 9_000
    assert on_sqlite.signer.last() is None
    assert await on_sqlite.publish() == head_of(9_000)


async def test_a_crash_after_signing_is_made_good(one: Press) -> None:
    await one.append(*range(300))
    await one.publish()
    await one.tamper("DELETE FROM log_checkpoint")
    assert await one.attempt() == await one.published() == head_of(300)


async def test_a_checkpoint_that_stands_is_not_made_again(one: Press) -> None:
    await one.append(*range(3))
    await one.publish()
    before = one.signer.path.stat().st_mtime_ns, one.signer.path.stat().st_ino
    assert await one.attempt() == head_of(3)
    assert (one.signer.path.stat().st_mtime_ns, one.signer.path.stat().st_ino) == before


async def test_two_publishers_of_one_log_agree(
    one: Press, database_url: str, state: Path, clock: SettableClock
) -> None:
    async with press(database_url, state, clock) as other:
        for size in range(40, 300, 40):
            await one.append(*range(size - 40, size))
            done = await asyncio.gather(one.publish(), other.publish(), one.publish(), other.publish())
            assert {each.size for each in done} == {size}
            assert {each.root for each in done} == {head_of(size).root}
    assert await one.publications.integrated(COOP) == size


class Overtaken:
    """A port that lets something happen once, right before or after one of its calls."""

    def __init__(self, port: object, call: str, when: str, happens: Callable[[], Awaitable[object]]) -> None:
        self._port, self._call, self._when, self._happens = port, call, when, [happens]

    def __getattr__(self, name: str) -> object:
        call = getattr(self._port, name)
        return partial(self._around, call) if name == self._call else call

    async def _around(self, call: Callable[[str], Awaitable[object]], coop: str) -> object:
        if self._when == "before":
            await self._once()
        found = await call(coop)
        await self._once()
        return found

    async def _once(self) -> None:
        if self._happens:
            await self._happens.pop()()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["checkpoint", "integrated", "head"])
@pytest.mark.parametrize("grown", [0, 300])
@pytest.mark.parametrize("first", [True, False], ids=["never published", "published before"])
async def test_whoever_publishes_beside_on_sqlite_makes_nobody_look_rewritten(
    on_sqlite: Press,
    sqlite_url: str,
    state: Path,
    clock: SettableClock,
    *,
    first: bool,
    grown: int,
    call: str,
    when: str,
) -> None:
    one = on_sqlite
    await one.append(*range(5))
    if not first:
        await one.publish()
    await one.append(*range(5, 8))
    async with press(sqlite_url, state, clock) as other:

        async def beside() -> None:
            await other.append(*range(8, 8 + grown))
            await other.publish()

        port = one.log if call == "head" else one.publications
        overtaken: Any = Overtaken(port, call, when, beside)
        log, publications = (overtaken, one.publications) if call == "head" else (one.log, overtaken)
        assert await attempt(log, publications, COOP, one.signer) in {None, head_of(8), head_of(8 + grown)}
    assert await one.published() == head_of(8 + grown)
    assert await one.publications.integrated(COOP) == 8 + grown


async def test_only_the_elected_of_two_replicas_publishes(
    postgres_database: str, state: Path, clock: SettableClock
) -> None:
    async with press(postgres_database, state, clock) as one, press(postgres_database, state, clock) as other:
        await one.append(*range(5))
        async with other.publications.elected(COOP) as theirs:
            assert theirs
            assert await one.attempt() is None
            assert await one.published() is None
        assert await one.attempt() == head_of(5)


# I3: the entries are those that were committed, or nothing is signed


async def test_an_entry_altered_before_it_is_published_stops_the_signing(one: Press) -> None:
    await one.append(*range(10))
    await one.tamper(f"UPDATE log_entry SET entry = {one.blob(b'{}')} WHERE idx = 4")
    assert await refusal(one) == "root"
    assert await one.publications.integrated(COOP) == 0, "nothing of it is shown as a tile either"
    original = b'{"n":4}'
    await one.tamper(f"UPDATE log_entry SET entry = {one.blob(original)} WHERE idx = 4")
    assert await one.publish() == head_of(10)


@pytest.mark.parametrize("which", ["idx = 4", "idx > 6", "idx >= 0"])
async def test_an_entry_removed_before_it_is_published_stops_the_signing(one: Press, which: str) -> None:
    await one.append(*range(10))
    await one.tamper(f"DELETE FROM log_entry WHERE {which}")
    assert await refusal(one) == "root"


async def test_the_stored_hash_of_an_entry_is_not_believed(one: Press) -> None:
    await one.append(*range(10))
    await one.tamper(f"UPDATE log_entry SET leaf_hash = {one.blob(bytes(32))} WHERE idx = 4")
    assert await one.publish() == head_of(10)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE log_tile SET data = (SELECT root FROM log_batch LIMIT 1) WHERE level = 1",
        "UPDATE log_tile SET width = 3 WHERE level = 0 AND n = 1",
        "DELETE FROM log_tile WHERE level = 1",
        "DELETE FROM log_tile WHERE level = 0 AND n = 1",
    ],
)
async def test_damaged_tiles_are_made_again_from_the_entries(one: Press, damage: str) -> None:
    await one.append(*range(300))
    await one.publish()
    await one.tamper(damage)
    await one.append(*range(300, 310))
    assert await one.publish() == head_of(310)
    assert await one.publications.tile(COOP, 0, 0) == b"".join(leaf_hash(b'{"n":%d}' % n) for n in range(256))


# the signer's state: another database is not signed over


async def test_an_older_copy_of_the_database_is_not_signed_over(
    on_sqlite: Press, tmp_path: Path, state: Path, clock: SettableClock
) -> None:
    """A backup is restored, then grows beyond what was signed with entries of its own."""
    path = sqlite_path(on_sqlite.url)
    assert path is not None
    await on_sqlite.append(*range(5))
    await on_sqlite.publish()
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    await on_sqlite.append(*range(5, 9))
    await on_sqlite.publish()
    restored = tmp_path / "restored.db"
    shutil.copy(backup, restored)
    async with press(f"sqlite:///{restored}", state, clock) as one:
        assert await refusal(one) == "shrunk"
        await one.append(*range(100, 103))
        assert await refusal(one) == "shrunk"
        await one.append(103)
        assert await refusal(one) == "forked", "as many entries, but others"
        await one.append(*range(104, 900))
        assert await refusal(one) == "forked"
    assert await on_sqlite.publish() == head_of(9), "the true one goes on"


@pytest.mark.parametrize("tiles", ["left", "forgotten"])
@pytest.mark.parametrize("more", [0, 5])
async def test_a_rewritten_entry_is_not_signed_even_with_all_its_hashes(
    one: Press, state: Path, clock: SettableClock, *, tiles: str, more: int
) -> None:
    await one.append(*range(10))
    await one.publish()
    await one.rewrite(4, b'{"n":"another"}')
    if tiles == "forgotten":
        await one.tamper("DELETE FROM log_tile", "DELETE FROM log_checkpoint")
    async with press(one.url, state, clock) as restarted:
        await restarted.append(*range(10, 10 + more))
        assert await refusal(restarted) == "forked"


async def test_a_head_set_back_is_not_signed(one: Press) -> None:
    await one.append(*range(10))
    await one.publish()
    fewer = head_of(6)
    entries = await one.log.entries(COOP, 0, 6)
    frontier = Frontier().extend(map(leaf_hash, entries))
    assert frontier.root() == fewer.root
    await one.tamper(
        "DELETE FROM log_entry WHERE idx >= 6",
        "DELETE FROM log_batch",
        f"UPDATE log_head SET next_index = 6, frontier = {one.blob(frontier.to_bytes())}",
    )
    assert await refusal(one) == "shrunk"


async def test_a_lost_state_is_not_begun_anew(one: Press) -> None:
    await one.append(*range(10))
    await one.publish()
    note = one.signer.path.read_bytes()
    one.signer.path.unlink()
    assert await refusal(one) == "state-missing"
    await one.append(10)
    assert await refusal(one) == "state-missing"
    one.signer.path.write_bytes(note)
    assert await one.publish() == head_of(11)


# what the operator is told


async def test_each_fault_is_told_once_and_what_was_rewritten_is_not_ready(one: Press) -> None:
    publisher = one.publisher()
    await one.append(*range(10))
    await publisher.round()
    await publisher.round()
    assert (one.told.codes, one.rewritten) == ([], set())
    note = one.signer.path.read_bytes()
    one.signer.path.write_bytes(b"?")
    await publisher.round()
    await publisher.round()
    assert (one.told.codes, one.rewritten) == (["state-unreadable"], set())
    one.signer.path.write_bytes(note)
    await publisher.round()
    await one.rewrite(4, b'{"n":"another"}')
    for _ in range(3):
        await publisher.round()
    assert (one.told.codes, one.rewritten) == (["state-unreadable", "tiles", "forked"], {COOP})
    await one.rewrite(4, b'{"n":4}')
    for _ in range(2):
        await publisher.round()
    assert one.rewritten == set()
    assert await one.published() == head_of(10)


async def test_a_process_that_starts_on_another_log_knows_it_before_anything_leaves(one: Press) -> None:
    await one.append(*range(10))
    await one.publish()
    await one.rewrite(4, b'{"n":"another"}')
    await one.publisher().look()
    assert (one.told.codes, one.rewritten) == (["tiles", "forked"], {COOP})


async def test_a_start_is_held_up_by_nothing_but_another_log(one: Press) -> None:
    await one.publisher().look()
    assert (await one.published(), one.rewritten) == (head_of(0), set())
    await one.append(*range(10))
    await one.publisher().look()
    assert (await one.published(), one.rewritten) == (head_of(10), set())
    one.signer.path.write_bytes(b"?")
    await one.publisher().look()
    assert (one.told.codes, one.rewritten) == (["state-unreadable"], set())


async def test_a_start_waits_for_its_turn_among_publishers(
    postgres_database: str, state: Path, clock: SettableClock
) -> None:
    async with press(postgres_database, state, clock) as one, press(postgres_database, state, clock) as other:
        await one.append(*range(5))
        async with other.publications.elected(COOP):
            looking = asyncio.create_task(one.publisher().look())
            await one.publications.integrated(COOP)
            assert not looking.done()
            assert one.rewritten == {COOP}
        await looking
        assert one.rewritten == set()


async def test_a_log_whose_entries_lack_their_root_is_not_read_again_every_second(one: Press) -> None:
    publisher = one.publisher()
    await one.append(*range(10))
    await one.tamper(f"UPDATE log_entry SET entry = {one.blob(b'{}')} WHERE idx = 4")
    await publisher.round()
    assert (one.told.codes, one.rewritten) == (["root"], {COOP})
    original = b'{"n":4}'
    await one.tamper(f"UPDATE log_entry SET entry = {one.blob(original)} WHERE idx = 4")
    await publisher.round()
    assert await one.published() is None
    assert one.rewritten == {COOP}
    await one.publisher().round()
    assert await one.published() == head_of(10)
    assert one.rewritten == set()
