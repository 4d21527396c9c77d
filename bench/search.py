"""The first page of a search over a long log, and what it takes to keep the log searchable; on PostgreSQL.

Three years of entries, evenly spread: releases of 40 partners of very different volume, two in a hundred denials with one
of six reasons, and very few of a rare reason or of a rare partner and purpose. They are copied into the table of the log
as they would stand there, then folded as the gateway does it.
"""

import itertools
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final

import asyncpg

from bench.machine import Progress
from bench.partner import COOP, FIELDS
from bench.releases import ORIGIN, POLICY, TRANSFER, release_of
from gateway.adapters.engine import engine_of
from gateway.adapters.search.log_search import SqlLogSearch
from gateway.oversight.log.log_rows import row_of
from gateway.oversight.log.searching import MANY_AT_ONCE
from gateway.ports import DIMENSIONS, Dimension, Per, Row, Wanted
from gateway.tlog.entries import Counts, Denial, encode, instant
from tests.postgres import Server

BEGUN: Final = datetime(2023, 11, 22, tzinfo=UTC)
ENDED: Final = BEGUN + timedelta(days=3 * 365)
_RARE: Final = ("partner-rare", "P9", "notice:rare:not_stated")
_RARELY: Final = 400_000
_PARTNERS: Final = 40
_REASONS: Final = tuple(f"grant:P{n}:not_granted" for n in range(6))
_TIMES: Final = 15
_AT_ONCE: Final = 50_000
_COLUMNS: Final = ("origin", "idx", "leaf_hash", "entry", "kind", "transfer_id", "partner", "purpose", "ts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: seconds of each time it was asked, and how much it found."""

    what: str
    each: tuple[float, ...]
    found: int

    @property
    def p50(self) -> float:
        """The median, in ms."""
        return 1e3 * median(self.each)

    @property
    def worst(self) -> float:
        """The longest, in ms: the first, as a rule, with nothing prepared."""
        return 1e3 * max(self.each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A log of so many entries, what was asked of it, and what folding it took."""

    entries: int
    fold: float
    """Entries a second."""
    cpu: float
    """µs an entry, of the process that folds."""
    stored: float
    """Bytes an entry that the projection takes, with its indexes."""
    asked: Sequence[Asked]


async def search(server: Server, *, entries: int, progress: Progress) -> Searched:
    """Make a log of so many entries, fold it, and ask."""
    name = await server.make_database()
    db = await asyncpg.connect(server.dsn(name))
    engine = engine_of(server.url(name))
    try:
        await _fill(db, entries, progress)
        projection = SqlLogSearch(engine, origin=f"{ORIGIN.removesuffix(COOP)}{{}}".format, row_of=row_of)
        rate, cpu = await _fold(projection, entries, progress)
        progress("search: what autovacuum does")
        await db.execute("VACUUM ANALYZE")
        size = await db.fetchval(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname IN "
            "('log_term', 'log_posting', 'log_block', 'log_shape', 'log_tally', 'log_field_tally')"
        )
        progress("search: asking")
        asked = [await _timed(what, ask) for what, ask in _questions(projection)]
    finally:
        await db.close()
        await engine.dispose()
    return Searched(entries=entries, fold=rate, cpu=cpu, stored=int(size) / entries, asked=asked)


async def _fill(db: "asyncpg.Connection[Any]", entries: int, progress: Progress) -> None:
    made = _rows(entries)
    done = 0
    while some := list(itertools.islice(made, _AT_ONCE)):
        await db.copy_records_to_table("log_entry", records=some, columns=_COLUMNS)
        done += len(some)
        progress(f"search: {done:,} of {entries:,} entries")
    await db.execute("INSERT INTO log_head VALUES ($1, $2, '', -1, $3)", ORIGIN, entries, _ms(ENDED))
    await db.execute("ANALYZE log_entry")


async def _fold(projection: SqlLogSearch, entries: int, progress: Progress) -> tuple[float, float]:
    start, spent = perf_counter(), process_time()
    for first in range(0, entries, MANY_AT_ONCE):
        last = min(first + MANY_AT_ONCE, entries)
        assert await projection.add(COOP, await projection.rows(COOP, first, last), first=first, last=last)
        progress(f"search: {last:,} of {entries:,} entries folded")
    return entries / (perf_counter() - start), 1e6 * (process_time() - spent) / entries


async def _timed(what: str, ask: Callable[[], Awaitable[Sequence[object]]]) -> Asked:
    each: list[float] = []
    found: Sequence[object] = ()
    for _ in range(_TIMES):
        start = perf_counter()
        found = await ask()
        each.append(perf_counter() - start)
    return Asked(what=what, each=tuple(each), found=len(found))


def _questions(projection: SqlLogSearch) -> Iterator[tuple[str, Callable[[], Awaitable[Sequence[object]]]]]:
    def page(before: int | None = None, **narrowed: tuple[str, ...]) -> Callable[[], Awaitable[list[Row]]]:
        wanted = Wanted(start=BEGUN, end=ENDED, **narrowed)
        return lambda: projection.page(COOP, wanted, before=before)

    def counts(
        start: datetime, per: Per, by: tuple[Dimension, ...] = DIMENSIONS, **narrowed: tuple[str, ...]
    ) -> Callable[[], Awaitable[Sequence[object]]]:
        return lambda: projection.tallies(COOP, Wanted(start=start, end=ENDED, **narrowed), per=per, by=by)

    month = ENDED - timedelta(days=30)
    partner, purpose, reason = _RARE
    yield "page: no filter", page()
    yield "page: one partner", page(partner=("partner-03",))
    yield "page: a partner of few transfers, denials", page(partner=("partner-39",), kind=("denial",))
    yield (
        "page: two fields, a purpose, a client",
        page(field=FIELDS[:2], purpose=("P4",), client=("partner-20-orders",)),
    )
    yield "page: a rare reason", page(reason=(reason,))
    yield "page: a rare partner and purpose", page(partner=(partner,), purpose=(purpose,), kind=("release",))
    yield "page: a partner that never was there for a purpose", page(partner=("partner-00",), purpose=(purpose,))
    yield "facets of a month", counts(month, "period")
    yield "counts of a month, by hour and kind", counts(month, "hour", ("kind",))
    yield "counts of a month, by hour and everything", counts(month, "hour")
    yield "facets of three years", counts(BEGUN, "period")
    yield "counts of three years, by day and kind", counts(BEGUN, "day", ("kind",))
    yield "counts of three years, by day and reason", counts(BEGUN, "day", ("reason",), kind=("denial",))
    yield "counts of three years, a rare reason", counts(BEGUN, "day", reason=(reason,))
    yield "fields of three years", lambda: projection.fields(COOP, BEGUN.date(), ENDED.date(), per="period")


def _rows(entries: int) -> Iterator[tuple[object, ...]]:
    """The rows of the log's table, the entries out of templates that differ in their id and instant."""
    dice = random.Random(0)
    kinds = _templates(dice)
    weights = list(itertools.accumulate(weight for weight, *_ in kinds))
    span = (ENDED - BEGUN) / entries
    rare = [_release("partner-rare", 0, "P9", FIELDS), _denial("partner-01", _RARE[2])]
    for index in range(entries):
        at = BEGUN + span * index
        if index % _RARELY == _RARELY // 2:
            kind, partner, purpose, (head, middle, tail) = rare[0]
        elif index % _RARELY == _RARELY // 4:
            kind, partner, purpose, (head, middle, tail) = rare[1]
        else:
            _, kind, partner, purpose, (head, middle, tail) = dice.choices(kinds, cum_weights=weights)[0]
        transfer = f"{index:032x}"
        entry = b"".join((head, instant(at).encode(), middle, transfer.encode(), tail))
        yield ORIGIN, index, index.to_bytes(32), entry, kind, transfer, partner, purpose, _ms(at)


_Template = tuple[str, str, str, tuple[bytes, bytes, bytes]]
"""Kind, partner, purpose, and the entry around its instant and its transfer."""


def _templates(dice: random.Random) -> list[tuple[float, str, str, str, tuple[bytes, bytes, bytes]]]:
    found: list[tuple[float, str, str, str, tuple[bytes, bytes, bytes]]] = []
    for number in range(_PARTNERS):
        share = 1 / (number + 1)
        for purpose in ("P4", "P5", "P11")[: 1 + number % 3]:
            for _ in range(1 + number % 4):
                fields = tuple(dice.sample(FIELDS, dice.randint(2, len(FIELDS))))
                found.append((share * 0.98, *_release(f"partner-{number:02}", number, purpose, fields)))
        found.append((share * 0.02, *_denial(f"partner-{number:02}", dice.choice(_REASONS))))
    return found


def _release(partner: str, stream: int, purpose: str, fields: Sequence[str]) -> _Template:
    one = release_of(stream, BEGUN, gov=0, key="A" * 43)
    words: dict[str, Any] = {
        name: getattr(one, name) for name in one.__struct_fields__ if name not in {"partner", "client", "agreement"}
    }
    words |= {"purpose": purpose, "fields": dict.fromkeys(fields, "as_is"), "partner": partner}
    words |= {"client": f"{partner}-orders", "agreement": f"{COOP}-{partner}-01"}
    return "release", partner, purpose, _around(encode(type(one)(**words)))


def _denial(partner: str, reason: str) -> _Template:
    entry = Denial(
        coop=COOP, time=instant(BEGUN), transfer=TRANSFER, partner=partner, client=f"{partner}-orders", purpose="P4",
        agreement=f"{COOP}-{partner}-01", policy=POLICY, gov=0, fields=list(FIELDS[:3]), counts=Counts(asked=1),
        request="A" * 43, reasons=[reason],
    )  # fmt: skip
    return "denial", partner, "P4", _around(encode(entry))


def _around(entry: bytes) -> tuple[bytes, bytes, bytes]:
    head, _, rest = entry.partition(b'"time":"')
    middle, _, tail = rest[len(instant(BEGUN)) :].partition(TRANSFER.encode())
    return head + b'"time":"', middle, tail


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1e3)
