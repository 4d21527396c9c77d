"""What a leak reached: one key of one partner over a period, in a log of 1,000,000 releases, half of them single pulls.

Every other entry is a page or a part of an export, of 1,000 of 1,000,000 members, in turn, each other one a single
member; 20 partners take turns. The
figures are compared with a recount from the numbers that the log was made with.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from bench.machine import Progress
from bench.partner import COOP, FIELDS, PAGE
from bench.releases import ORIGIN, STREAMS, partner_of, release_of
from bench.side_rows_made import (
    BEGUN,
    PULL,
    Database,
    add_chunks,
    add_entries,
    add_ordinals,
    moment_of,
    of_postgres,
    of_sqlite,
    say_pages,
)
from gateway.adapters.engine import engine_of
from gateway.adapters.members.reached import SqlReached
from gateway.adapters.members.side_rows import SqlSideRows
from gateway.core.days import jst_day
from gateway.core.identity import Chunk
from gateway.core.incidents.incident import Wanted
from gateway.core.state import Snapshot
from gateway.oversight.desk import OversightDesk
from gateway.oversight.incidents.scope import Reach, reach, told
from gateway.ports import Head
from gateway.tlog.entries import Counts, Release, encode
from gateway.tlog.merkle import Frontier
from gateway.tlog.sets import chunks_of
from tests.postgres import Server

MEMBERS: Final = 1_000_000
LEAKED: Final = "L" * 43
"""Single pulls of every fourth entry were sealed to another key."""
OTHER: Final = "K" * 43
_STEP: Final = 7_919
"""Single pulls take every so manieth member, round and round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """One question; seconds."""

    database: str
    what: str
    entries: int
    """In the log."""
    releases: int
    """That were reached."""
    persons: int
    seconds: float
    goal: str


class _Ends:
    """A log that is asked for its end alone."""

    def __init__(self, entries: int) -> None:
        self._entries = entries

    async def head(self, _: str) -> Head:
        return Head(next_index=self._entries, gov=-1, frontier=Frontier())


async def incident(server: Server, *, entries: int, progress: Progress) -> list[Scoped]:
    """Measure both databases."""
    done = []
    async with of_postgres(server) as database:
        done += await _measured(database, entries, progress)
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        async with of_sqlite(Path(folder)) as database:
            done += await _measured(database, entries, progress)
    return done


async def _measured(database: Database, entries: int, progress: Progress) -> list[Scoped]:
    what = f"incident: {database.name}"
    progress(f"{what}: members")
    await add_ordinals(database, MEMBERS, {})
    pages = [chunks_of(range(at, at + PAGE), randomness=os.urandom) for at in range(0, MEMBERS, PAGE)]
    # Pages are at odd indexes, so that between two of them there is a place for a single pull.
    between: list[Sequence[Chunk]] = []
    for one in pages:
        between += [(), one]
    progress(f"{what}: side rows")
    await say_pages(database, between)
    await add_chunks(database, 0, entries, lambda made: progress(f"{what}: {made:,} of {entries:,} places"))
    await _add_singles(database, entries)
    progress(f"{what}: entries")
    single = release_of(0, BEGUN, gov=STREAMS, key=LEAKED)
    for first, step, key in ((0, 4, LEAKED), (2, 4, OTHER)):
        made = _of_one(single, key)
        await add_entries(database, first, entries, step=step, template=made)
    page = msgspec.structs.replace(release_of(0, BEGUN, gov=STREAMS, key=LEAKED), page=True)
    part = msgspec.structs.replace(page, export="x" * 32, part=1)
    for first, of_many in ((1, page), (3, part)):
        await add_entries(database, first, entries, step=4, template=encode(of_many))
    await database.settle()

    progress(f"{what}: asking")
    engine = engine_of(database.url)
    try:
        rows, ends = SqlSideRows(engine, origin=lambda _: ORIGIN), cast("Any", _Ends(entries))
        desk = OversightDesk(
            **{name: cast("Any", None) for name in OversightDesk.__dataclass_fields__}
            | {"log": ends, "side_rows": rows, "reached": SqlReached(engine, origin=lambda _: ORIGIN)}
        )
        days = jst_day(moment_of(0)), jst_day(moment_of(entries - 1))
        asked = (
            ("one key of one partner, half the time", _middle(days, partner_of(0)), "≤ 5 s"),
            (
                "one key of one partner, all the time",
                Wanted(first=days[0], last=days[1], partner=partner_of(0), key=LEAKED),
                "≤ 5 s",
            ),
            ("the same key of all partners", Wanted(first=days[0], last=days[1], key=LEAKED), ""),
        )
        done = []
        for name, wanted, goal in asked:
            began = time.perf_counter()
            found = await reach(desk, COOP, wanted)
            scope = told(Snapshot(coop=COOP), wanted, found, counted="")
            seconds = time.perf_counter() - began
            _recount(what, name, found, wanted, entries)
            assert len(scope.unknown_fields) == len(FIELDS)
            done.append(
                Scoped(
                    database=database.name,
                    what=name,
                    entries=entries,
                    releases=scope.entries,
                    persons=scope.members,
                    seconds=seconds,
                    goal=goal,
                )
            )
        return done
    finally:
        await engine.dispose()


def _of_one(release: Release, key: str) -> bytes:
    sealed = {**release.encryption, "kid": key, "jkt": key}
    return encode(
        msgspec.structs.replace(release, encryption=sealed, proof=key, page=False, counts=Counts(asked=1, released=1))
    )


def _middle(days: tuple[Any, Any], partner: str) -> Wanted:
    quarter = (days[1] - days[0]) / 4
    return Wanted(first=days[0] + quarter, last=days[1] - quarter, partner=partner, key=LEAKED)


async def _add_singles(into: Database, entries: int) -> None:
    """Write the side row of each single pull: every so manieth member, by the tag that it has."""
    salt = into.words["salt"].format("n")
    await into.run(
        "WITH RECURSIVE series(n) AS (SELECT CAST($1 AS bigint) UNION ALL SELECT n + 2 FROM series WHERE n + 2 < $2) "
        f"INSERT INTO log_subject (origin, idx, pos, tag, salt) SELECT $3, n, 0, o.tag, {salt} "
        f"FROM series JOIN member_ordinal o ON o.origin = $3 AND o.ordinal = (n * {_STEP}) % {MEMBERS}",
        0, entries, ORIGIN,
    )  # fmt: skip


def _recount(what: str, name: str, found: Reach, wanted: Wanted, entries: int) -> None:
    """Compare with the persons that the indexes alone tell. Raises SystemExit where they differ."""
    persons, releases = bytearray(MEMBERS), 0
    for index in range(entries):
        if index % 4 == 2 or (wanted.partner is not None and partner_of(index // PULL % STREAMS) != wanted.partner):
            continue
        if not wanted.first <= jst_day(moment_of(index)) <= wanted.last:
            continue
        releases += 1
        if index % 2:
            at = index % (2 * MEMBERS // PAGE) // 2 * PAGE
            persons[at : at + PAGE] = b"\1" * PAGE
        else:
            persons[index * _STEP % MEMBERS] = 1
    counted = sum(one.entries for one in found.groups.values())
    if (counted, len(found.persons)) != (releases, sum(persons)) or found.erased_entries:
        raise SystemExit(
            f"{what}, {name}: {counted} releases and {len(found.persons)} persons, not {releases} and {sum(persons)}"
        )
