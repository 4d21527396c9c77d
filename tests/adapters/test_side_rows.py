"""The SideRows and HeldSets ports' contracts, on both databases."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pyroaring import BitMap

from gateway.adapters.database import sqlite_path
from gateway.adapters.engine import engine_of, writing
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.members.held_sets import SqlHeldSets
from gateway.adapters.members.side_rows import SqlSideRows
from gateway.core.identity import Chunk, Subject
from gateway.ports import Committed, Submission, Unavailable
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.sets import chunks_of, container_of
from tests import postgres as pg
from tests.clock import SettableClock

COOP = "kyoritsusha"
ORIGIN = "gw.example.coop/{}".format


def tag(number: int) -> bytes:
    return hashlib.sha256(f"tag {number}".encode()).digest()


@dataclass
class World:
    """A log, and two processes' worth of side rows beside it."""

    log: SqliteLog | PostgresLog
    rows: SqlSideRows
    other: SqlSideRows
    sets: SqlHeldSets
    clock: SettableClock
    count: int = 0

    async def commit(
        self,
        kind: str = "release",
        *,
        few: list[int] | None = None,
        many: list[int] | None = None,
        coop: str = COOP,
        partner: str = "sunnet",
        purpose: str = "P4",
        erase: tuple[int, int] | None = None,
    ) -> int:
        self.count += 1
        entry = f'{{"n":{self.count}}}'.encode()
        chunks: tuple[Chunk, ...] = ()
        if many is not None:
            chunks = chunks_of(await self.rows.ordinals(coop, [tag(n) for n in many]), randomness=os.urandom)
        verdict = await self.log.append(
            coop,
            Submission(
                entry=entry,
                leaf=leaf_hash(entry),
                kind=kind,
                transfer=f"t{self.count}",
                partner=partner,
                purpose=purpose,
                time=self.clock(),
                subjects=tuple(Subject(tag(n), os.urandom(32)) for n in few or ()),
                chunks=chunks,
                erase=erase,
            ),
        )
        assert isinstance(verdict, Committed)
        return verdict.index


@pytest.fixture
async def world(database_url: str, clock: SettableClock) -> AsyncIterator[World]:
    path = sqlite_path(database_url)
    log: SqliteLog | PostgresLog
    if path is None:
        log = PostgresLog(database_url, origin=ORIGIN, clock=clock)
    else:
        log = SqliteLog(path, origin=ORIGIN, clock=clock)
    engines = [engine_of(database_url), engine_of(database_url)]
    one, other = (SqlSideRows(engine, origin=ORIGIN) for engine in engines)
    await log.start()
    yield World(log, one, other, SqlHeldSets(engines[0], origin=ORIGIN), clock)
    await log.close()
    for engine in engines:
        await engine.dispose()


# Ordinals


async def test_ordinals_are_dense_in_the_order_of_first_sight_and_never_change(world: World) -> None:
    assert await world.rows.ordinals(COOP, []) == []
    assert await world.rows.ordinals(COOP, [tag(5), tag(3), tag(5), tag(9)]) == [0, 1, 0, 2]
    assert await world.other.ordinals(COOP, [tag(1), tag(9), tag(5)]) == [3, 2, 0]
    assert await world.rows.ordinal(COOP, tag(1)) == 3
    assert await world.rows.ordinal(COOP, tag(77)) is None


async def test_co_ops_number_their_members_apart(world: World) -> None:
    assert await world.rows.ordinals(COOP, [tag(1), tag(2)]) == [0, 1]
    assert await world.rows.ordinals("coopdeli", [tag(2)]) == [0]
    assert await world.rows.ordinal("coopdeli", tag(1)) is None


async def test_a_page_of_a_thousand(world: World) -> None:
    tags = [tag(n) for n in range(1_000)]
    assert await world.rows.ordinals(COOP, tags) == list(range(1_000))
    assert await world.other.ordinals(COOP, tags[::-1]) == list(range(1_000))[::-1]


async def test_twenty_at_once_in_two_processes_never_share_a_number(world: World) -> None:
    wanted = [[tag(n) for n in range(start, start + 60)] for start in range(0, 200, 10)]
    given = await asyncio.gather(
        *((world.rows, world.other)[nth % 2].ordinals(COOP, tags) for nth, tags in enumerate(wanted))
    )
    numbers: dict[bytes, set[int]] = {}
    for tags, ordinals in zip(wanted, given, strict=True):
        for one, ordinal in zip(tags, ordinals, strict=True):
            numbers.setdefault(one, set()).add(ordinal)
    assert all(len(of_one) == 1 for of_one in numbers.values())
    assert sorted(min(of_one) for of_one in numbers.values()) == list(range(250))


# Who is in what


async def test_a_member_is_found_in_small_and_large_transfers_and_in_no_other(world: World) -> None:
    first = await world.commit(few=[1, 2])
    large = await world.commit(many=list(range(40)))
    await world.commit(many=list(range(40, 80)))
    await world.commit(few=[], many=None)
    await world.commit(few=[1], coop="coopdeli")
    stop = await world.commit("restrict", few=[1])
    assert await world.rows.of_member(COOP, tag(1)) == [first, large, stop]
    assert await world.rows.of_member(COOP, tag(3)) == [large]
    assert await world.rows.of_member(COOP, tag(99)) == []
    assert [one.index for one in await world.rows.entries(COOP, [stop, first, 70])] == [first, stop]


async def test_ordinals_in_between_are_not_taken_for_members(world: World) -> None:
    await world.rows.ordinals(COOP, [tag(n) for n in range(100)])
    spread = await world.commit(many=list(range(0, 100, 3)))
    assert await world.rows.of_member(COOP, tag(33)) == [spread]
    assert await world.rows.of_member(COOP, tag(34)) == []


async def test_the_side_rows_of_an_entry_come_in_their_committed_order_until_they_are_erased(world: World) -> None:
    few = await world.commit(few=[9, 1, 5])
    many = await world.commit(many=list(range(20)))
    assert [one.tag for one in (await world.rows.of_entry(COOP, few)).subjects] == [tag(9), tag(1), tag(5)]
    (chunk,) = (await world.rows.of_entry(COOP, many)).chunks
    assert len(BitMap.deserialize(chunk.container)) == 20
    await world.commit("erase", erase=(few, many))
    for index in (few, many):
        erased = await world.rows.of_entry(COOP, index)
        assert (erased.subjects, erased.chunks) == ((), ())
    assert await world.rows.of_member(COOP, tag(1)) == []


async def test_releases_of_a_range_with_their_members(world: World) -> None:
    one = await world.commit(few=[1])
    await world.commit("denial")
    other = await world.commit(many=list(range(20)), partner="jccu")
    third = await world.commit(few=[2], purpose="P5")
    found = await world.rows.releases(COOP, 0, 100)
    assert [release.index for release in found] == [one, other, third]
    assert [len(release.members.subjects) for release in found] == [1, 0, 1]
    assert [len(release.members.chunks) for release in found] == [0, 1, 0]
    assert [release.index for release in await world.rows.releases(COOP, one + 1, third)] == [other]
    assert [release.index for release in await world.rows.releases(COOP, 0, 100, partner="jccu")] == [other]
    assert [release.index for release in await world.rows.releases(COOP, 0, 100, purpose="P5")] == [third]


async def test_a_span_holds_what_was_decided_in_it_and_little_else(world: World) -> None:
    assert await world.rows.span(COOP, world.clock(), world.clock()) == (0, 0)
    start = world.clock()
    for _ in range(60):
        await world.commit("denial")
        world.clock.advance(seconds=60)
    first, last = await world.rows.span(COOP, start + timedelta(minutes=20), start + timedelta(minutes=30))
    assert first <= 20
    assert last >= 30
    assert last - first <= 12
    assert await world.rows.span(COOP, start - timedelta(days=1), start + timedelta(days=1)) == (0, 60)
    assert await world.rows.span(COOP, start + timedelta(days=1), start + timedelta(days=2)) == (60, 60)


# Held sets


async def test_held_sets_are_joined_once_for_each_range_of_entries(world: World) -> None:
    mine = ("sunnet", "a1", "P4", 0)
    assert await world.sets.come(COOP) == 0
    assert await world.sets.add(COOP, {mine: container_of(BitMap([1, 2]))}, first=0, last=5)
    assert not await world.sets.add(COOP, {mine: container_of(BitMap([7]))}, first=0, last=5), "already added"
    assert not await world.sets.add(COOP, {mine: container_of(BitMap([7]))}, first=9, last=12), "not there yet"
    more = {mine: container_of(BitMap([2, 3])), ("sunnet", "a1", "P4", 2): container_of(BitMap([9]))}
    assert await world.sets.add(COOP, more, first=5, last=6)
    assert await world.sets.come(COOP) == 6
    found = await world.sets.of(COOP, partner="sunnet", agreement="a1", purpose="P4")
    assert [(number, list(BitMap.deserialize(one))) for number, one in found] == [(0, [1, 2, 3]), (2, [9])]
    assert await world.sets.of(COOP, partner="sunnet", agreement="a1", purpose="P5") == []
    assert await world.sets.come("coopdeli") == 0
    await world.sets.forget(COOP)
    assert (await world.sets.come(COOP), await world.sets.of(COOP, partner="sunnet", agreement="a1", purpose="P4")) == (
        0,
        [],
    )


async def test_of_many_that_fold_the_same_entries_one_is_let_through(world: World) -> None:
    sets = {("p", "a", "P4", number): container_of(BitMap([number])) for number in range(250)}
    added = await asyncio.gather(*(world.sets.add(COOP, sets, first=0, last=3) for _ in range(6)))
    assert sorted(added) == [False] * 5 + [True]
    assert len(await world.sets.of(COOP, partner="p", agreement="a", purpose="P4")) == 250


# Faults


async def test_a_database_that_is_not_there_is_unavailable_and_says_nothing_of_members() -> None:
    for url in ("sqlite:////nowhere/gateway.db", "postgresql+asyncpg://nobody@127.0.0.1:9/none"):
        engine = engine_of(url)
        rows = SqlSideRows(engine, origin=ORIGIN)
        with pytest.raises(Unavailable) as raised:
            await rows.ordinals(COOP, [tag(1)])
        assert repr(tag(1)) not in str(raised.value)
        assert raised.value.__cause__ is None
        await engine.dispose()


async def test_a_process_that_stops_while_it_assigns_ordinals_is_cut_off(postgres_server: pg.Server) -> None:
    url = postgres_server.url(await postgres_server.make_database())
    engines = [engine_of(url), engine_of(url)]
    stopped, other = (SqlSideRows(engine, origin=ORIGIN) for engine in engines)
    holding = writing(engines[0])
    await stopped._assigned(await holding.__aenter__(), COOP, [tag(1)])
    # it says nothing more; the server ends its session, and the other's release goes on
    assert await other.ordinals(COOP, [tag(2)]) == [0]
    with pytest.raises(Unavailable):
        await holding.__aexit__(None, None, None)
    assert await stopped.ordinals(COOP, [tag(1)]) == [1]
    for engine in engines:
        await engine.dispose()
