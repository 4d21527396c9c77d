"""What a walk gave and which events were told are written with the entry that says so, or not at all; on both databases."""

import asyncio
from datetime import timedelta
from hashlib import sha256

from gateway.adapters.engine import engine_of
from gateway.adapters.walks import StoredWalks
from gateway.core.walk import Walked
from gateway.ports import Bounced, Committed, Submission, Unchanged
from tests.adapters.test_log_contract import COOP, key, log, submission, type_of_log
from tests.clock import SettableClock

__all__ = ["log"]

ORIGIN = "gw.example.coop/{}"


async def given(database_url: str, walk: str) -> list[tuple[int, bytes]]:
    engine = engine_of(database_url)
    try:
        return await StoredWalks(engine, origin=ORIGIN.format).answers(COOP, walk, 0, 100)
    finally:
        await engine.dispose()


def of_walk(clock: SettableClock, number: int, nth: int, data: bytes, **changes: object) -> Submission:
    return submission(clock, number, walked=Walked(walk="w", nth=nth, given=data, h=sha256(data).digest()), **changes)


async def test_what_a_walk_gave_is_there_once_its_entry_is(
    log: type_of_log, clock: SettableClock, database_url: str
) -> None:
    verdicts = await asyncio.gather(*(log.append(COOP, of_walk(clock, n, n, b"%d" % n)) for n in range(20)))
    assert all(isinstance(one, Committed) for one in verdicts)
    assert await given(database_url, "w") == [(n, b"%d" % n) for n in range(20)]
    assert isinstance(await log.append(COOP, of_walk(clock, 21, 3, b"stale", gov=7)), Bounced)
    assert isinstance(await log.append(COOP, of_walk(clock, 22, 4, b"again")), Committed)
    clock.advance(seconds=1)
    assert isinstance(await log.append(COOP, of_walk(clock, 23, 4, b"4")), Committed)
    assert (await given(database_url, "w"))[3:6] == [(3, b"3"), (4, b"again"), (4, b"4")], (
        "each once, the last one last"
    )
    assert await given(database_url, "another") == []


async def test_old_answers_are_forgotten(log: type_of_log, clock: SettableClock, database_url: str) -> None:
    await log.append(COOP, of_walk(clock, 0, 0, b"old"))
    clock.advance(days=1)
    await log.append(COOP, of_walk(clock, 1, 1, b"new"))
    engine = engine_of(database_url)
    await StoredWalks(engine, origin=ORIGIN.format).purge(clock() - timedelta(hours=1))
    await engine.dispose()
    assert await given(database_url, "w") == [(1, b"new")]


async def test_an_event_is_taken_in_once_and_with_all_of_its_company(log: type_of_log, clock: SettableClock) -> None:
    first = submission(clock, 0, events=(key("a"), key("b")))
    assert isinstance(await log.append(COOP, first), Committed)
    before = await log.head(COOP)
    assert isinstance(await log.append(COOP, submission(clock, 1, events=(key("c"), key("b")))), Unchanged)
    assert await log.head(COOP) == before, "nothing of it was written"
    assert isinstance(await log.append(COOP, submission(clock, 2, events=(key("c"),))), Committed)


async def test_of_many_that_tell_the_same_event_one_is_taken_in(log: type_of_log, clock: SettableClock) -> None:
    verdicts = await asyncio.gather(
        *(log.append(COOP, submission(clock, n, events=(key("a"), key(f"{n}")))) for n in range(10)),
        *(log.append(COOP, submission(clock, n)) for n in range(10, 30)),
    )
    assert sum(isinstance(one, Committed) for one in verdicts[:10]) == 1
    assert sum(isinstance(one, Unchanged) for one in verdicts[:10]) == 9
    assert all(isinstance(one, Committed) for one in verdicts[10:]), (
        "whoever was in the queue beside them is not held back"
    )
    assert (await log.head(COOP)).next_index == 21
