"""The HTTP source against the demo's member system on a real socket, well-behaved and not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.http import FAILURES_TO_OPEN, MAX_ANSWER, HttpSource
from gateway.core.policy import Predicate
from gateway.core.rows import FACTS, RowPlan, plan_rows
from gateway.demo.awkward import AWKWARD
from gateway.demo.member_system import Faults, member_system, server
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from gateway.ports import Query, Unavailable
from tests import factories as make
from tests.adapters.scripted import Then, answer, scripted

SECRET = "s" * 32
DEEP = b"[" * 20_000 + b"]" * 20_000
TABLE = Table(make_members(60, today=datetime.now(UTC).date()))
NAMED = [make.FIELDS[name] for name in ("member_code", "name", "phone", "municipality_code")]
PLAN: RowPlan = plan_rows(NAMED, make.policy().source)
CODE = AWKWARD["takasaki"]


@asynccontextmanager
async def serving(faults: Faults | None = None, **how: Any) -> AsyncIterator[tuple[HttpSource, Any]]:
    app = member_system(lambda: TABLE, secret=SECRET, faults=faults or Faults())
    with socket.create_server(("127.0.0.1", 0)) as free:  # the kernel keeps connections until the server is ready
        running = server(app, host="127.0.0.1", port=0)
        task = asyncio.create_task(running.serve(sockets=[free]))
        port = free.getsockname()[1]
        source = HttpSource(f"http://127.0.0.1:{port}", **{"secret": SECRET, "clock": system_clock, **how})
        try:
            yield source, app
        finally:
            await source.close()
            running.should_exit = running.force_exit = True
            await task


def soon(seconds: float = 5) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def query(**changes: Any) -> Query:
    return Query(**{"rows": PLAN, "codes": (CODE, "99999999"), **changes})


async def test_it_asks_for_permitted_columns_and_gate_facts_alone() -> None:
    async with serving() as (source, app):
        records = await source.read(query(), deadline=soon())
        assert [row.code for row in records.rows] == [CODE]
        assert records.rows[0].field_name == "髙﨑 花子"
        assert set(app.state.asked) == {"member_code", "name", "phone", "municipality_code", *FACTS}


async def test_a_page_follows_and_hands_the_population_on() -> None:
    async with serving() as (source, _):
        population = (Predicate(field="municipality_code", prefixes=("06",)),)
        first = await source.read(query(codes=None, limit=10, population=population), deadline=soon())
        second = await source.read(
            query(codes=None, limit=10, population=population, after=first.next), deadline=soon()
        )
        assert len(first.rows) + len(first.refused) == 10
        assert not {row.code for row in first.rows} & {row.code for row in second.rows}
        assert all(row.field_municipality_code.startswith("06") for row in first.rows)
        assert first.high_water


async def test_a_malformed_record_is_refused_alone() -> None:
    async with serving() as (source, _):
        bad = AWKWARD["null_name"]
        records = await source.read(query(codes=(CODE, bad)), deadline=soon())
        assert [row.code for row in records.rows] == [CODE]
        assert records.refused == [bad]


@pytest.mark.parametrize(
    "faults", [Faults(drop=True, times=1), Faults(status=503, times=2), Faults(truncated=True, times=1)]
)
async def test_a_passing_fault_is_tried_again(faults: Faults) -> None:
    async with serving(faults) as (source, app):
        assert len((await source.read(query(), deadline=soon())).rows) == 1
        assert app.state.calls > 1


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(drop=True), "cannot be reached"),
        (Faults(status=503), "answered 503"),
        (Faults(status=500), "answered 500"),
        (Faults(malformed=True), "not the JSON"),
        (Faults(truncated=True), "cannot be reached"),
        (Faults(delay_seconds=1), "cannot be reached"),
    ],
)
async def test_a_lasting_fault_is_unavailable_and_names_nobody(faults: Faults, says: str) -> None:
    async with serving(faults, timeout_s=0.2) as (source, _):
        with pytest.raises(Unavailable, match=says) as raised:
            await source.read(query(), deadline=soon())
        assert CODE not in str(raised.value)
        assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_ANSWER + 1}\r\n\r\n".encode(), "answer is too large"),
        (answer(b"...", "Content-Encoding: gzip"), "answer has a Content-Encoding"),
        (answer(b"", "Location: /elsewhere", status="307 Temporary Redirect"), "answered 307"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b'{"records": [', "not the JSON"),
        (answer(b'{"records": %b}' % DEEP), "not the JSON"),
        (answer(b'{"records": [], "else": %b}' % DEEP), "not the JSON"),
    ],
)
async def test_an_answer_that_no_repetition_would_mend_is_not_asked_for_again(sent: bytes, says: str) -> None:
    async with scripted([[sent, Then.CLOSE]], [[Then.CLOSE]]) as served:
        source = HttpSource(served.url, secret=SECRET, clock=system_clock)
        with pytest.raises(Unavailable, match=says):
            await source.read(query(), deadline=soon())
        await source.close()
    assert len(served.requests) == 1


async def test_a_connection_that_was_closed_while_idle_is_no_failure() -> None:
    empty = answer(b'{"records": []}')
    async with scripted([[empty], [Then.CLOSE]], [[empty]]) as served:
        source = HttpSource(served.url, secret=SECRET, clock=system_clock)
        for _ in range(2):
            assert (await source.read(query(), deadline=soon())).rows == []
        await source.close()
    assert len(served.requests) == 3


async def test_a_secret_that_is_no_header_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="printable") as raised:
        HttpSource("http://127.0.0.1:9", secret=SECRET + "\n", clock=system_clock)
    assert SECRET not in str(raised.value)


async def test_the_deadline_ends_the_waiting() -> None:
    async with serving(Faults(delay_seconds=1)) as (source, _):
        started = asyncio.get_running_loop().time()
        with pytest.raises(Unavailable):
            await source.read(query(), deadline=soon(0.2))
        assert asyncio.get_running_loop().time() - started < 3


async def test_a_wrong_secret_is_unavailable_at_once() -> None:
    async with serving(secret="wrong") as (source, app):
        with pytest.raises(Unavailable, match="answered 401"):
            await source.read(query(), deadline=soon())
        assert app.state.calls <= 1


async def test_after_repeated_failures_the_system_is_left_alone_for_a_moment() -> None:
    async with serving(Faults(status=503)) as (source, app):
        for _ in range(FAILURES_TO_OPEN):
            with pytest.raises(Unavailable):
                await source.read(query(), deadline=soon())
        calls = app.state.calls
        with pytest.raises(Unavailable, match="left alone"):
            await source.read(query(), deadline=soon())
        assert app.state.calls == calls


async def test_concurrency_is_bounded() -> None:
    async with serving(Faults(delay_seconds=0.05), connections=2) as (source, app):
        reads = [source.read(query(), deadline=soon(20)) for _ in range(10)]
        assert len(await asyncio.gather(*reads)) == 10
        assert app.state.calls == 10


async def test_nobody_listening() -> None:
    source = HttpSource("http://127.0.0.1:9", secret=SECRET, clock=system_clock)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await source.read(query(), deadline=soon())
    await source.close()


def test_records_and_queries_do_not_print_members() -> None:
    rows, _ = PLAN.read(msgspec.Raw(TABLE.query([CODE], PLAN.columns)[len(b'{"records":') : -1]))
    assert CODE not in repr(query())
    assert len(rows) == 1
