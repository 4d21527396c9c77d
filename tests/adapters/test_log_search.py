"""The LogSearch port's contract, on both databases: what is found is what a reader of every entry would find."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.adapters.engine import engine_of
from gateway.adapters.search.folding import matches
from gateway.adapters.search.log_search import SqlLogSearch
from gateway.oversight.log.log_rows import row_of
from gateway.oversight.log.searching import Folding, advance, rebuild
from gateway.ports import Behind, Row, Submission, Tally, Unavailable, Wanted
from gateway.tlog.entries import Access, Counts, Partner, Publish, instant
from gateway.tlog.merkle import leaf_hash
from tests.adapters.log_writer import COOP, DIGEST, ORIGIN, REASONS, Writer, writing_to
from tests.clock import SettableClock

TABLES = ("log_term", "log_posting", "log_block", "log_shape", "log_tally", "log_field_tally")


@pytest.fixture
async def writer(database_url: str, clock: SettableClock) -> AsyncIterator[Writer]:
    async with writing_to(database_url, clock) as opened:
        yield opened


def of(clock: SettableClock, **narrowed: object) -> Wanted:
    words: dict[str, object] = {
        "start": clock() - timedelta(days=400),
        "end": clock() + timedelta(days=1),
        **narrowed,
    }
    return Wanted(**words)  # type: ignore[arg-type]


async def whole(writer: Writer, wanted: Wanted, *, most: int = 50) -> list[Row]:
    """Every page, one after the other."""
    found: list[Row] = []
    before = None
    while True:
        page = await writer.search.page(COOP, wanted, before=before, most=most)
        found += page
        if len(page) < most:
            return found
        before = page[-1].index


def counts(tallies: list[Tally]) -> dict[str, int]:
    names = ("entries", "asked", "released", "not_available", "refused", "fields")
    return {name: sum(getattr(one, name) for one in tallies) for name in names}


def recounted(rows: list[Row]) -> dict[str, int]:
    names = ("asked", "released", "not_available", "refused")
    released = sum(len(row.fields) for row in rows if row.kind == "release")
    return {
        "entries": len(rows),
        **{name: sum(getattr(row, name) for row in rows) for name in names},
        "fields": released,
    }


# A row says of an entry what a list needs


async def test_a_row_for_every_kind_and_one_for_what_is_no_entry(writer: Writer) -> None:
    at = instant(writer.clock())
    release = writer.release(product="c1", fields={"b": "as_is", "a": "mask"}, counts=Counts(asked=3, released=2))
    denial = writer.denial(*REASONS[:2], fields=["a"])
    published = Publish(coop=COOP, time=at, gov=-1, policy=DIGEST, effective=at, proposer="a", approver="b", reason="r")
    partner = Partner(coop=COOP, time=at, gov=0, partner="jccu", event="suspended", by="c", reason="r")
    looked = Access(coop=COOP, time=at, look_up="request", transfer="t1", by="d", reason="r")
    await writer.write(release, denial, published, partner, looked)
    broken = b'{"kind":"release"}'
    await writer.submit(Submission(entry=broken, leaf=leaf_hash(broken), kind="release", time=writer.clock()))
    rows = await writer.search.page(COOP, of(writer.clock))
    assert [(row.index, row.kind, row.by) for row in rows] == [
        (5, "unreadable", None),
        (4, "access", "d"),
        (3, "partner", "c"),
        (2, "publish", "b"),
        (1, "denial", None),
        (0, "release", None),
    ]
    assert {row.time for row in rows} == {writer.clock()}
    assert (rows[1].transfer, rows[2].partner) == (None, "jccu")
    assert rows[4].reasons == tuple(sorted(REASONS[:2]))
    assert (rows[5].fields, rows[5].product, rows[5].asked, rows[5].released) == (("a", "b"), "c1", 3, 2)
    assert await writer.search.find(COOP, "t1") == rows[5]
    assert await writer.search.find(COOP, "t9") is None
    assert await writer.search.find("coopdeli", "t1") is None


# What is found


@pytest.mark.parametrize("folded", [0, 4_200])
async def test_pages_hold_what_a_reader_of_every_entry_finds_wherever_the_projection_stands(
    writer: Writer, folded: int
) -> None:
    rows = await writer.much(folded)
    await advance(writer.log, writer.search, COOP)
    writer.clock.advance(seconds=3600)
    rows = await writer.much(4_300 - folded, seed=2, over=timedelta(minutes=50))
    start, end = rows[2_000].time, rows[4_250].time
    narrowed: list[dict[str, object]] = [
        {},
        {"kind": ["access"]},
        {"partner": ["sunnet"]},
        {"partner": ["sunnet", "coopkyosai"], "purpose": ["P5"], "kind": ["release"]},
        {"reason": [REASONS[3]]},
        {"reason": [REASONS[0]], "field": ["phone.home"], "client": ["jccu-1"]},
        {"field": ["name.kana"], "product": ["c1"], "agreement": ["sunnet-2026"]},
        {"partner": ["nobody"]},
        {"partner": ["sunnet"], "start": start, "end": end},
        {"start": start, "end": end},
        {"start": end, "end": start},
    ]
    for one in narrowed:
        wanted = of(writer.clock, **one)
        expected = [row for row in reversed(rows) if matches(row, wanted)]
        assert await whole(writer, wanted, most=700) == expected, one
        assert await writer.search.page(COOP, wanted, most=3) == expected[:3], one
        assert (
            await writer.search.page(COOP, wanted, before=2_500, most=3)
            == [row for row in expected if row.index < 2_500][:3]
        ), one


async def test_entries_that_come_in_between_two_pages_neither_repeat_nor_hide_any(writer: Writer) -> None:
    await writer.much(60)
    wanted = of(writer.clock)
    first = await writer.search.page(COOP, wanted, most=20)
    await writer.write(writer.release(), writer.denial("grant:purpose:not_granted"))
    await advance(writer.log, writer.search, COOP)
    second = await writer.search.page(COOP, wanted, before=first[-1].index, most=20)
    assert [row.index for row in first + second] == list(range(59, 19, -1))


async def test_of_another_co_op_nothing_is_found(writer: Writer) -> None:
    await writer.write(writer.release(), coop="coopdeli")
    await writer.write(writer.denial("grant:purpose:not_granted"))
    for coop in (COOP, "coopdeli"):
        await advance(writer.log, writer.search, coop)
    assert [row.kind for row in await writer.search.page(COOP, of(writer.clock))] == ["denial"]
    assert [one.kind for one in await writer.search.tallies("coopdeli", of(writer.clock))] == ["release"]
    assert await writer.search.page("nobody", of(writer.clock)) == []
    assert await writer.search.tallies("nobody", of(writer.clock)) == []


# Counts


@pytest.mark.parametrize("folded", [0, 150])
async def test_counts_are_those_of_a_recount_wherever_the_projection_stands(writer: Writer, folded: int) -> None:
    await writer.much(folded)
    await advance(writer.log, writer.search, COOP)
    rows = await writer.much(250 - folded, seed=2, over=timedelta(hours=30))
    for one in (
        {},
        {"kind": ["release"]},
        {"partner": ["sunnet", "jccu"], "purpose": ["P5"]},
        {"field": ["phone.home"]},
    ):
        wanted = of(writer.clock, **one)
        seen = of(writer.clock, **{name: values for name, values in one.items() if name != "field"})
        expected = recounted([row for row in rows if matches(row, seen)])
        by = {per: await writer.search.tallies(COOP, wanted, per=per) for per in ("hour", "day", "period")}
        assert all(counts(tallies) == expected for tallies in by.values()), one
        assert [one.hour for one in by["hour"]] == sorted(one.hour for one in by["hour"])
        for tally in by["hour"]:
            mine = [row for row in rows if row.time.replace(minute=0, second=0, microsecond=0) == tally.hour]
            assert tally.first in {row.index for row in mine}
            assert tally.last in {row.index for row in mine}
        assert {(one.hour + timedelta(hours=9)).hour for one in by["day"]} <= {0}
        assert len({one.hour for one in by["period"]}) <= 1
        for per in ("hour", "day", "period"):
            some = await writer.search.tallies(COOP, wanted, per=per, by=("purpose",))
            assert counts(some) == expected
            assert len({(each.hour, each.kind, each.purpose) for each in some}) == len(some)
            assert {each.partner for each in some} == {None}


async def test_counts_begin_and_end_with_whole_hours(writer: Writer) -> None:
    base = writer.clock().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    at = [base - timedelta(milliseconds=1), base, base + timedelta(minutes=59), base + timedelta(hours=1)]
    await writer.write(*(writer.release(time=instant(one)) for one in at))
    for folded in (False, True):
        if folded:
            await advance(writer.log, writer.search, COOP)
        for start, end, hours in (
            (base, base + timedelta(hours=1), [base]),
            (base + timedelta(microseconds=1), base + timedelta(hours=2), [base + timedelta(hours=1)]),
            (base, base + timedelta(minutes=1), [base]),
            (base - timedelta(hours=1), base, [base - timedelta(hours=1)]),
        ):
            for per in ("hour", "period"):
                found = await writer.search.tallies(COOP, of(writer.clock, start=start, end=end), per=per)
                assert sum(one.entries for one in found) == sum(
                    any(h <= t < h + timedelta(hours=1) for h in hours) for t in at
                )


# The projection


async def test_made_again_from_the_first_entry_it_is_the_same(writer: Writer, database_url: str) -> None:
    for seed, count in ((1, 200), (2, 60), (3, 4_000)):
        await writer.much(count, seed=seed)
        await advance(writer.log, writer.search, COOP)
    before = await asyncio.gather(*(rows_of(database_url, table) for table in TABLES))
    assert all(before)
    assert await rebuild(writer.log, writer.other, COOP) == 4_260
    after = await asyncio.gather(*(rows_of(database_url, table) for table in TABLES))
    assert named(after) == named(before)


async def test_of_many_that_fold_the_same_entries_one_is_let_through(writer: Writer) -> None:
    await writer.much(300)
    rows = await writer.search.rows(COOP, 0, 300)
    added = await asyncio.gather(
        *(each.add(COOP, rows, first=0, last=300) for each in (writer.search, writer.other) * 3)
    )
    assert sorted(added) == [False] * 5 + [True]
    assert await writer.other.come(COOP) == 300
    assert not await writer.search.add(COOP, rows, first=400, last=500)
    assert counts(await writer.search.tallies(COOP, of(writer.clock)))["entries"] == 300
    await writer.search.forget(COOP)
    assert await writer.search.come(COOP) == 0


async def test_a_process_leaves_the_fold_to_another_and_goes_on_when_that_one_stops(writer: Writer) -> None:
    mine, other = (Folding(writer.log, search, [COOP]) for search in (writer.search, writer.other))
    # Each folds at first; then the one whose fold the other has moved stays out of it, as long as it moves.
    for turn, come in ((mine, 1), (other, 2), (mine, 2), (other, 4), (mine, 4), (mine, 6), (mine, 7), (other, 7)):
        await writer.write(writer.release())
        await turn.round()
        assert await writer.search.come(COOP) == come


async def test_where_too_much_is_missing_it_says_so_and_shows_no_part_for_the_whole(
    writer: Writer, database_url: str
) -> None:
    engine = engine_of(database_url)
    search = SqlLogSearch(engine, origin=ORIGIN, row_of=row_of, tail=30)
    await writer.write(*(writer.release() for _ in range(50)))
    assert len(await search.page(COOP, of(writer.clock), most=20)) == 20, "what it has read is enough"
    for call in (
        search.page(COOP, of(writer.clock, kind=["denial"]), before=45),
        search.tallies(COOP, of(writer.clock)),
        search.fields(COOP, writer.clock().date(), writer.clock().date()),
    ):
        with pytest.raises(Behind, match="0 of"):
            await call
    await advance(writer.log, search, COOP)
    assert await search.page(COOP, of(writer.clock, kind=["denial"])) == []
    await engine.dispose()


# Deliveries


async def test_what_was_handed_over_is_known_by_its_index_whoever_noted_it(writer: Writer) -> None:
    assert await writer.deliveries.delivered(COOP, range(10)) == set()
    await writer.deliveries.add(COOP, [])
    await writer.deliveries.add(COOP, [3, 4_095, 4_096])
    await asyncio.gather(
        *((writer.deliveries, writer.more_deliveries)[n % 2].add(COOP, [n, 8_000 + n, 3]) for n in range(20, 40))
    )
    expected = {3, 4_095, 4_096, *range(20, 40), *range(8_020, 8_040)}
    assert await writer.more_deliveries.delivered(COOP, range(10_000)) == expected
    assert await writer.deliveries.delivered(COOP, [4_096, 5, 10**9]) == {4_096}
    assert await writer.deliveries.delivered("coopdeli", range(100)) == set()


# Faults


async def test_a_database_that_is_not_there_is_unavailable(clock: SettableClock) -> None:
    for url in ("sqlite:////nowhere/gateway.db", "postgresql+asyncpg://nobody@127.0.0.1:9/none"):
        engine = engine_of(url)
        search = SqlLogSearch(engine, origin=ORIGIN, row_of=row_of)
        for call in (search.come(COOP), search.page(COOP, of(clock)), search.tallies(COOP, of(clock))):
            with pytest.raises(Unavailable):
                await call
        await engine.dispose()


async def rows_of(url: str, table: str) -> list[dict[str, object]]:
    engine = engine_of(url)
    async with engine.connect() as db:
        rows = (await db.exec_driver_sql(f"SELECT * FROM {table}")).mappings().all()
    await engine.dispose()
    return [dict(row) for row in rows]


def named(tables: list[list[dict[str, object]]]) -> list[list[str]]:
    """The tables with values in place of their numbers, which depend on who came first."""
    terms = {one["id"]: (one["dimension"], one["value"]) for one in tables[0]}
    shapes = {one["id"]: one["key"] for one in tables[3]}
    for rows in tables:
        for row in rows:
            for column, names in (("term", terms), ("shape", shapes)):
                if column in row:
                    row[column] = names[row[column]]
            row.pop("id", None)
    return [sorted(map(repr, rows)) for rows in tables]
