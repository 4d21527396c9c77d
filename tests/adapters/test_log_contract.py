"""The Log port's contract, on both databases."""

import asyncio
import hashlib
import random
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.database import migrate, sqlite_path
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.core.identity import Chunk, Subject
from gateway.core.state import PartnerStateSet
from gateway.ports import (
    Bounced,
    Committed,
    OverQuota,
    Quota,
    Replayed,
    Submission,
    Unavailable,
    Verdict,
)
from gateway.tlog.merkle import leaf_hash, root_of
from tests.clock import SettableClock

type_of_log = SqliteLog | PostgresLog
COOP = "kyoritsusha"


def make_log(url: str, clock: SettableClock) -> type_of_log:
    path = sqlite_path(url)
    origin = "gw.example.coop/{}".format
    return PostgresLog(url, origin=origin, clock=clock) if path is None else SqliteLog(path, origin=origin, clock=clock)


@pytest.fixture
async def log(database_url: str, clock: SettableClock) -> AsyncIterator[type_of_log]:
    made = make_log(database_url, clock)
    await made.start()
    yield made
    await made.close()


def submission(clock: SettableClock, number: int = 0, **changes: object) -> Submission:
    entry = f'{{"n":{number}}}'.encode()
    values: dict[str, object] = {
        "entry": entry,
        "leaf": leaf_hash(entry),
        "kind": "release",
        "transfer": f"t{number}",
        "time": clock(),
        "gov": -1,
        "valid_until": clock() + timedelta(hours=1),
        "deadline": clock() + timedelta(seconds=20),
    }
    return Submission(**{**values, **changes})  # type: ignore[arg-type]


def key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def test_indexes_are_dense_and_the_root_is_the_trees(log: type_of_log, clock: SettableClock) -> None:
    verdicts = await asyncio.gather(*(log.append(COOP, submission(clock, n)) for n in range(300)))
    assert sorted(v.index for v in verdicts if isinstance(v, Committed)) == list(range(300))
    head = await log.head(COOP)
    entries = await log.entries(COOP, 0, 1_000)
    assert head.next_index == 300
    assert head.frontier.root() == root_of(leaf_hash(entry) for entry in entries)


async def test_co_ops_have_logs_of_their_own(log: type_of_log, clock: SettableClock) -> None:
    assert await log.append(COOP, submission(clock, 1)) == Committed(0)
    assert await log.append("coopdeli", submission(clock, 2)) == Committed(0)
    assert await log.entries("coopdeli", 0, 10) == [submission(clock, 2).entry]


@pytest.mark.parametrize(
    "changes",
    [
        {"gov": 7},
        {"valid_until": SettableClock()()},
        {"valid_until": SettableClock()() - timedelta(seconds=1)},
        {"deadline": SettableClock()()},
    ],
)
async def test_a_stale_decision_bounces_and_leaves_no_row(
    log: type_of_log, clock: SettableClock, changes: dict[str, object]
) -> None:
    stale = submission(clock, 1, replay=(key("p"), clock() + timedelta(minutes=3)), **changes)
    assert await log.append(COOP, stale) == Bounced(-1)
    assert (await log.head(COOP)).next_index == 0
    # its proof was not consumed: the honest request can still succeed
    assert await log.seen([(key("p"), clock() + timedelta(minutes=3))]) == [False]


async def test_a_proof_is_accepted_once_among_fifty(log: type_of_log, clock: SettableClock) -> None:
    replay = (key("proof"), clock() + timedelta(minutes=3))
    verdicts = await asyncio.gather(*(log.append(COOP, submission(clock, n, replay=replay)) for n in range(50)))
    assert sum(isinstance(v, Committed) for v in verdicts) == 1
    assert sum(isinstance(v, Replayed) for v in verdicts) == 49
    assert await log.append(COOP, submission(clock, 99, replay=replay)) == Replayed()
    assert (await log.head(COOP)).next_index == 1


async def test_seen_records_all_keys_or_none(log: type_of_log, clock: SettableClock) -> None:
    until = clock() + timedelta(minutes=3)
    assert await log.seen([(key("a"), until), (key("b"), until)]) == [False, False]
    assert await log.seen([(key("c"), until), (key("b"), until)]) == [False, True]
    assert await log.seen([(key("c"), until)]) == [False]


async def test_a_quota_is_exact_under_concurrency(log: type_of_log, clock: SettableClock) -> None:
    until = clock() + timedelta(minutes=3)
    many = [
        submission(clock, n, replay=(key(str(n)), until), quota=Quota(grant="g", day="2026-11-22", members=3, most=100))
        for n in range(60)
    ]
    verdicts = await asyncio.gather(*(log.append(COOP, one) for one in many))
    assert sum(isinstance(v, Committed) for v in verdicts) == 33
    assert sum(isinstance(v, OverQuota) for v in verdicts) == 27
    assert await log.quota_used(COOP, "g", "2026-11-22") == 99
    # the proof of a request over quota is not consumed by the failed attempt
    over = verdicts.index(OverQuota())
    assert isinstance(await log.append(COOP, submission(clock, 200, replay=many[over].replay)), Committed)


async def test_what_was_decided_under_no_policy_uses_its_key_up_too(log: type_of_log, clock: SettableClock) -> None:
    again = (key("p"), clock() + timedelta(minutes=3))
    assert await log.append(COOP, submission(clock, 1, gov=None, valid_until=None, replay=again)) == Committed(0)
    assert await log.append(COOP, submission(clock, 2, gov=None, valid_until=None, replay=again)) == Replayed()


async def test_governance_takes_effect_with_its_entry_and_bounces_what_was_decided_before(
    log: type_of_log, clock: SettableClock
) -> None:
    effect = PartnerStateSet(partner="sunnet", active=True)
    before = [log.append(COOP, submission(clock, n)) for n in range(5)]
    stop = log.append(COOP, submission(clock, 50, kind="partner", transfer=None, effects=(effect,)))
    after = [log.append(COOP, submission(clock, n)) for n in range(100, 105)]
    verdicts = await asyncio.gather(*before, stop, *after)
    assert verdicts[:6] == [Committed(n) for n in range(6)]
    assert verdicts[6:] == [Bounced(5)] * 5
    assert await log.effects(COOP, -1) == (5, [(5, effect)])
    assert await log.effects(COOP, 5) == (5, [])
    assert await log.append(COOP, submission(clock, 200, gov=5)) == Committed(6)


async def test_side_rows_and_request_are_stored(log: type_of_log, clock: SettableClock) -> None:
    subjects = tuple(Subject(key(f"t{n}"), key(f"s{n}")) for n in range(1_000))
    assert await log.append(COOP, submission(clock, 1, subjects=subjects, request=b"sealed")) == Committed(0)


async def test_chunks_are_stored_and_side_rows_erased_with_the_entry_that_says_so(
    log: type_of_log, clock: SettableClock, database_url: str
) -> None:
    chunks = tuple(
        Chunk(number=n, lo=n << 16, hi=(n << 16) + 9, salt=key(f"s{n}"), container=bytes([n] * 20)) for n in range(3)
    )
    subject = Subject(key("t"), key("s"))
    first = [
        log.append(COOP, submission(clock, 1, chunks=chunks, request=b"a")),
        log.append(COOP, submission(clock, 2, subjects=(subject,), request=b"b")),
        log.append(COOP, submission(clock, 3, chunks=chunks[:1], request=b"c")),
    ]
    assert await asyncio.gather(*first) == [Committed(0), Committed(1), Committed(2)]
    stored = "SELECT idx, chunk_no, lo, hi, salt, container FROM transfer_chunk ORDER BY idx, chunk_no"
    expected = [(idx, one.number, one.lo, one.hi, one.salt, one.container) for idx in (0, 2) for one in chunks]
    assert await rows(database_url, stored) == expected[:4]
    erased = submission(clock, 4, kind="erase", transfer=None, valid_until=None, erase=(0, 1))
    assert await log.append(COOP, erased) == Committed(3)
    assert await rows(database_url, stored) == expected[3:4]
    assert await rows(database_url, "SELECT idx FROM log_subject") == []
    assert await rows(database_url, "SELECT idx FROM log_request") == [(2,)]


async def rows(url: str, query: str) -> list[tuple[object, ...]]:
    import asyncpg

    path = sqlite_path(url)
    if path is not None:
        database = sqlite3.connect(path)
        found = database.execute(query).fetchall()
        database.close()
        return found
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    answered = [tuple(row) for row in await connection.fetch(query)]
    await connection.close()
    return answered


async def test_a_clock_behind_the_log_stops_the_log(log: type_of_log, clock: SettableClock) -> None:
    await log.append(COOP, submission(clock, 1))
    clock.advance(seconds=-6)
    with pytest.raises(Unavailable, match="clock"):
        await log.append(COOP, submission(clock, 2))
    clock.advance(seconds=2)
    assert isinstance(await log.append(COOP, submission(clock, 3)), Committed)


async def test_two_instances_share_one_log(database_url: str, clock: SettableClock) -> None:
    first, second = make_log(database_url, clock), make_log(database_url, clock)
    await first.start()
    await second.start()
    verdicts = await asyncio.gather(
        *(log.append(COOP, submission(clock, n)) for n, log in enumerate([first, second] * 40))
    )
    assert sorted(v.index for v in verdicts if isinstance(v, Committed)) == list(range(80))
    entries = await first.entries(COOP, 0, 100)
    assert (await second.head(COOP)).frontier.root() == root_of(leaf_hash(entry) for entry in entries)
    await first.close()
    await second.close()


@pytest.mark.parametrize("seed", range(8))
async def test_two_instances_answer_as_one_log_would(database_url: str, clock: SettableClock, seed: int) -> None:
    """Proofs, quotas and governance in any order and from either process: the verdicts are those of a plain list."""
    dice = random.Random(seed)
    logs = [make_log(database_url, clock) for _ in range(2)]
    for log in logs:
        await log.start()
    size, gov, seen, used = 0, -1, set[bytes](), dict[str, int]()
    for turn in range(40):
        log = logs[0] if dice.random() < 0.7 else logs[1]
        batch: list[Submission] = []
        expected: list[Verdict] = []
        for nth in range(dice.randint(1, 4)):
            name, grant, members = key(str(dice.randint(0, 60))), dice.choice("gh"), dice.randint(1, 9)
            stale = dice.random() < 0.1
            batch.append(
                submission(
                    clock,
                    10 * turn + nth,
                    gov=gov + 1 if stale else gov,
                    replay=(name, clock() + timedelta(minutes=3)),
                    quota=Quota(grant=grant, day="2026-11-22", members=members, most=150),
                )
            )
            if stale:
                expected.append(Bounced(gov))
            elif name in seen:
                expected.append(Replayed())
            elif used.get(grant, 0) + members > 150:
                expected.append(OverQuota())
            else:
                seen.add(name)
                used[grant] = used.get(grant, 0) + members
                expected.append(Committed(size, used[grant]))
                size += 1
        assert await asyncio.gather(*(log.append(COOP, one) for one in batch)) == expected
        if dice.random() < 0.1:
            effect = PartnerStateSet(partner="sunnet", active=True)
            stop = submission(clock, 10 * turn + 9, kind="partner", transfer=None, gov=gov, effects=(effect,))
            assert await dice.choice(logs).append(COOP, stop) == Committed(size)
            gov, size = size, size + 1
        if dice.random() < 0.1:
            name = key(str(dice.randint(0, 60)))
            assert await dice.choice(logs).seen([(name, clock() + timedelta(minutes=3))]) == [name in seen]
            seen.add(name)
    entries = await logs[0].entries(COOP, 0, 1_000)
    assert (await logs[1].head(COOP)).frontier.root() == root_of(leaf_hash(entry) for entry in entries)
    assert len(entries) == size
    assert {grant: await logs[0].quota_used(COOP, grant, "2026-11-22") for grant in used} == used
    for log in logs:
        await log.close()


async def test_a_log_that_shrank_is_refused(database_url: str, log: type_of_log, clock: SettableClock) -> None:
    """A restored older database: this process has committed more than the head says."""
    for n in range(3):
        await log.append(COOP, submission(clock, n))
    await rewind(database_url)
    with pytest.raises(Unavailable, match="not the one"):
        await log.append(COOP, submission(clock, 9))


async def rewind(url: str) -> None:
    import asyncpg

    statement = "UPDATE log_head SET next_index = 1"
    path = sqlite_path(url)
    if path is None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute(statement)
        await connection.close()
    else:
        database = sqlite3.connect(path)
        database.execute(statement)
        database.commit()
        database.close()


async def test_sqlite_refuses_replacing_too(tmp_path: Path, clock: SettableClock) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    await migrate(url)
    log = make_log(url, clock)
    await log.append(COOP, submission(clock, 1))
    await log.append(COOP, submission(clock, 2))
    await log.close()
    database = sqlite3.connect(tmp_path / "gateway.db")
    columns = "origin, idx, leaf_hash, entry, kind, transfer_id, ts"
    same_index, same_transfer = "'gw.example.coop/kyoritsusha', 0", "'other', 0"
    for where, transfer in ((same_index, "new"), (same_transfer, "t1")):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(
                f"INSERT OR REPLACE INTO log_entry ({columns}) VALUES ({where}, x'00', x'00', 'x', '{transfer}', 0)"
            )
    database.close()


@pytest.mark.parametrize("statement", ["UPDATE log_entry SET kind = 'x'", "DELETE FROM log_entry"])
async def test_the_database_refuses_rewriting(
    database_url: str, log: type_of_log, clock: SettableClock, statement: str
) -> None:
    import asyncpg
    import sqlalchemy

    await log.append(COOP, submission(clock, 1))
    path = sqlite_path(database_url)
    if path is None:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await connection.execute(statement)
        await connection.close()
    else:
        engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        with engine.connect() as database, pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
            database.execute(sqlalchemy.text(statement))
        engine.dispose()
