"""Who received this member's data, and how many persons' data a partner received, after three years of daily pulls.

20 streams pull 1,000,000 members a day in pages of 1,000: 21.9 million transfers. Ordered: a page is always of the same
members, as the member system lists them. Shuffled: of members drawn at random, so that each has a few in every chunk of
65,536. Of the log's entries there are those that the questions reach: of the pages of the members asked for, and of the
last days all.
"""

import os
import random
import tempfile
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.machine import Progress
from bench.partner import COOP, PAGE
from bench.releases import ORIGIN, STREAMS, partner_of
from bench.side_rows_made import (
    PER_DAY,
    PULL,
    Database,
    add_chunks,
    add_entries,
    add_ordinals,
    add_subjects,
    moment_of,
    of_postgres,
    of_sqlite,
    say_pages,
)
from gateway.adapters.engine import engine_of
from gateway.adapters.members.side_rows import SqlSideRows
from gateway.core.days import jst_day
from gateway.core.identity import Chunk, member_tag
from gateway.oversight.members.history import distinct_persons, history
from gateway.ports import CoopSecrets
from gateway.tlog.sets import chunks_of
from tests.postgres import Server

MEMBERS = PULL * PAGE
DAYS = 3 * 365
_ASKED = 5
_OWN = 50
_SECRET = os.urandom(32)
_SECRETS = CoopSecrets(subject=_SECRET, pairwise=_SECRET, requests=_SECRET, cursors=_SECRET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is simulated: days of pulls in order on each database, shuffled on both, and with all their entries."""

    numbered: int
    """Members that have an ordinal, where pulls are ordered."""
    postgres: int
    sqlite: int
    shuffled: int
    distinct_pages: int
    """Shuffled pages that differ; beyond them they come again."""
    counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """One database, in one order; seconds."""

    database: str
    order: str
    days: int
    chunk_rows: int
    stored: float
    """Bytes of a transfer's side rows with their indexes."""
    each_its_own: float
    """The same if every member had a row."""
    found: float
    """Releases of one member's data, the median."""
    cold: list[float]
    """The question, nothing of the database in the operating system's memory."""
    warm: list[float]
    """The same question again."""
    indexes: list[float]
    """Of the warm question, the part that finds which entries."""
    counted_days: int
    persons: int
    """Distinct, of one partner, in so many days."""
    counting: float


async def members(server: Server, *, scale: Scale, progress: Progress) -> list[Members]:
    """Measure both databases in both orders."""
    ordered = [chunks_of(range(first, first + PAGE), randomness=os.urandom) for first in range(0, MEMBERS, PAGE)]
    drawn = random.Random(0)
    progress("members: drawing the shuffled pages")
    shuffled = [
        chunks_of(drawn.sample(range(MEMBERS), PAGE), randomness=os.urandom) for _ in range(scale.distinct_pages)
    ]
    done = []
    for order, pages, of_pg, of_lite in (
        ("ordered", ordered, scale.postgres, scale.sqlite),
        ("shuffled", shuffled, scale.shuffled, scale.shuffled),
    ):
        async with of_postgres(server) as database:
            done.append(await _measured(database, order, pages, days=of_pg, scale=scale, progress=progress))
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            async with of_sqlite(Path(folder)) as database:
                done.append(await _measured(database, order, pages, days=of_lite, scale=scale, progress=progress))
    return done


async def _measured(
    database: Database, order: str, pages: Sequence[Sequence[Chunk]], *, days: int, scale: Scale, progress: Progress
) -> Members:
    what = f"members: {database.name}, {order}"
    # Somebody of some pages; where they are drawn at random, a member who is in one at all.
    asked = {chunks[0].lo: f"{n:08}" for n, chunks in enumerate(random.Random(1).sample(list(pages), _ASKED))}
    counted = min(scale.counted, days)
    begin, transfers = (days - counted) * PER_DAY, days * PER_DAY

    progress(f"{what}: members")
    numbered = scale.numbered if order == "ordered" else 1
    await add_ordinals(database, numbered, {ordinal: member_tag(_SECRET, COOP, asked[ordinal]) for ordinal in asked})
    await add_subjects(database, _OWN)
    await say_pages(database, pages)
    # Shuffled, the size is told before pages come again, which the index would save on.
    sized = len(pages) if order == "shuffled" else transfers
    for first, last in ((0, sized), (sized, transfers)):
        await add_chunks(database, first, last, lambda made: progress(f"{what}: {made:,} of {transfers:,} transfers"))
        if last == sized:
            stored = await database.size("transfer_chunk") / sized
    progress(f"{what}: entries")
    for page in {ordinal // PAGE for ordinal in asked} if order == "ordered" else ():
        await add_entries(database, page, begin, step=PULL)
    await add_entries(database, begin if order == "ordered" else 0, transfers)
    await database.settle()

    progress(f"{what}: asking")
    engine = engine_of(database.url)
    try:
        rows = SqlSideRows(engine, origin=lambda _: ORIGIN)
        cold, warm, indexes = [], [], []
        for code in asked.values():
            await database.forget()
            cold.append(await _timed(history(rows, COOP, code, secrets=_SECRETS)))
            warm.append(await _timed(history(rows, COOP, code, secrets=_SECRETS)))
            indexes.append(await _timed(rows.of_member(COOP, member_tag(_SECRET, COOP, code))))
        progress(f"{what}: counting")
        first_day, last_day = jst_day(moment_of(begin)), jst_day(moment_of(transfers - 1))
        began = time.perf_counter()
        persons = await distinct_persons(rows, COOP, partner=partner_of(0), first=first_day, last=last_day)
        counting = time.perf_counter() - began
    finally:
        await engine.dispose()
    found = [releases for _, releases in cold + warm + indexes]
    if order == "ordered" and ({*found} != {days * STREAMS} or persons != MEMBERS):
        raise SystemExit(f"{what}: found {sorted({*found})} releases of a member and {persons} persons")
    return Members(
        database=database.name,
        order=order,
        days=days,
        chunk_rows=(await database.run("SELECT count(*) FROM transfer_chunk"))[0][0],
        stored=stored,
        each_its_own=await database.size("log_subject") / _OWN,
        found=median(found),
        cold=[seconds for seconds, _ in cold],
        warm=[seconds for seconds, _ in warm],
        indexes=[seconds for seconds, _ in indexes],
        counted_days=counted,
        persons=persons,
        counting=counting,
    )


async def _timed(asked: Awaitable[Sequence[object]]) -> tuple[float, int]:
    """Return the seconds of a question, and how much was found."""
    began = time.perf_counter()
    found = len(await asked)
    return time.perf_counter() - began, found
