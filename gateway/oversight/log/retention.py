"""Side rows whose time has come are erased, each range in the transaction of the entry that says so; evidence stays.

Side rows tie entries to members (transfer-log.md "Members and side rows"). Without them every entry, root and proof is
what it was (I7), and says nothing of anybody. What was erased stands in the log, so an erasure that is broken off goes
on where it was.
"""

import hashlib
import os
from calendar import monthrange
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta

import msgspec

from gateway.core.days import midnight
from gateway.core.identity import SALT, commitment
from gateway.core.state import Restriction, Snapshot
from gateway.jose import rfc4648
from gateway.oversight.members import held
from gateway.ports import (
    Bounced,
    Clock,
    Committed,
    Erasable,
    HeldSets,
    Log,
    Replayed,
    SideRows,
    Submission,
    Unavailable,
)
from gateway.tlog.entries import Erase, decode, instant

LEGAL_MONTHS = 36
"""Records of provision to third parties are kept for three years (APPI Arts. 29, 30; its Rules, Arts. 21, 25)."""

ENTRIES = 65_536
ROWS = 10_000
"""At most so many entries and rows are erased at a time: the commit point waits meanwhile."""
ROUNDS = 8

Progress = Callable[[int, int], None]


class EraseRefused(ValueError):
    """Nothing was erased; the text says why, in Japanese and English."""


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """The entries first ≤ index ≤ last, and how many side rows of each table they have."""

    first: int
    last: int
    rows: dict[str, int]


class Unlinked(msgspec.Struct, frozen=True, kw_only=True):
    """A member's side rows are gone. With `salt` the member's tag opens the commitment in the entry; it is kept nowhere."""

    index: int
    salt: bytes
    rows: dict[str, int]


def months_before(day: date, months: int) -> date:
    """Return the day so many months before, the last of its month where that month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


async def erasable_until(rows: SideRows, coop: str, before: date) -> int:
    """Return the index up to which every entry was surely decided before a JST calendar day. Raises Unavailable."""
    first, _ = await rows.span(coop, midnight(before), midnight(before))
    return first


async def pending(log: Log, erasable: Erasable, coop: str, until: int) -> AsyncIterator[Range]:
    """Give the ranges of entries before index `until` that still have side rows, in order. Raises Unavailable."""
    async for first, last in _gaps(log, coop, until):
        at = first
        while at <= last:
            end = min(last, at + ENTRIES - 1)
            rows = await erasable.counted(coop, at, end)
            while sum(rows.values()) > ROWS and end > at:
                end = (at + end) // 2
                rows = await erasable.counted(coop, at, end)
            if rows:
                yield Range(first=at, last=end, rows=rows)
            at = end + 1


async def erase_before(
    log: Log,
    erasable: Erasable,
    coop: str,
    *,
    until: int,
    rows: SideRows,
    sets: HeldSets,
    by: str,
    reason: str,
    clock: Clock,
    progress: Progress | None = None,
) -> list[Range]:
    """Erase the side rows of all entries before index `until`, range by range; return what was erased.

    What each partner holds is folded from the side rows first (oversight/members/held.py). Raises EraseRefused where another
    erasure of this log is at work, Unavailable.
    """
    await held.advance(log, rows, sets, coop)
    erased: list[Range] = []
    # Of two at work, both would count the same rows and one would delete none. Each erasure is the n-th of its log, n taken
    # before anything is counted: whoever comes second is told so.
    before = len(await _erased(log, coop))
    async for one in pending(log, erasable, coop, until):
        entry = Erase(
            coop=coop,
            time=instant(clock()),
            event="side_rows",
            first=one.first,
            last=one.last,
            counts=one.rows,
            by=by,
            reason=reason,
        )
        once = hashlib.sha256(f"erase side rows\0{coop}\0{before + len(erased)}".encode()).digest()
        await _append(log, coop, entry, clock=clock, once=once, erase=(one.first, one.last))
        erased.append(one)
        if progress is not None:
            progress(one.last + 1, until)
    return erased


async def erase_member(
    log: Log,
    erasable: Erasable,
    snapshot: Snapshot,
    tag: bytes,
    *,
    rows: SideRows,
    sets: HeldSets,
    by: str,
    reason: str,
    clock: Clock,
) -> Unlinked:
    """Unlink one member from every entry: the rows that name the member go, and its ordinal is left to nobody.

    Only for a member under a stop of use towards everybody without an end: a transfer under way would otherwise write
    the ordinal once more, and no answer would ever find it. Raises EraseRefused, Unavailable.
    """
    coop = snapshot.coop
    if not any(_stops_everything(one, clock()) for one in snapshot.restrictions.get(tag, ())):
        raise EraseRefused(
            "先に、この組合員の利用停止(stop_use、提供先・目的・終わりの指定なし)を設けてください / set a stop of use for this "
            f"member first, without partner and purpose: `gateway member restrict {coop} --kind stop_use …`"
        )
    await held.advance(log, rows, sets, coop)
    found = await erasable.of_tag(coop, tag)
    if not found:
        raise EraseRefused("この組合員の行はありません / no row names this member")
    salt = os.urandom(SALT)
    entry = Erase(
        coop=coop,
        time=instant(clock()),
        event="member",
        counts=found,
        commitment=rfc4648.encode(commitment(tag, salt)),
        by=by,
        reason=reason,
    )
    once = hashlib.sha256(b"erase member\0" + tag + msgspec.json.encode(found)).digest()
    index = await _append(log, coop, entry, clock=clock, once=once, unlink=tag, under=snapshot.gov)
    return Unlinked(index=index, salt=salt, rows=found)


def summed(ranges: list[Range]) -> dict[str, int]:
    """Return how many rows of each table these ranges have."""
    tables = sorted({table for one in ranges for table in one.rows})
    return {table: sum(one.rows.get(table, 0) for one in ranges) for table in tables}


async def _gaps(log: Log, coop: str, until: int) -> AsyncIterator[tuple[int, int]]:
    """Give the ranges (first, last) before `until` that no `erase` entry speaks of."""
    at = 0
    for first, last in sorted(await _erased(log, coop)):
        if at < min(first, until):
            yield at, min(first, until) - 1
        at = max(at, last + 1)
    if at < until:
        yield at, until - 1


async def _erased(log: Log, coop: str) -> list[tuple[int, int]]:
    entries = [entry for entry in map(decode, await log.of_kind(coop, "erase")) if isinstance(entry, Erase)]
    return [(one.first, one.last) for one in entries if one.first is not None and one.last is not None]


def _stops_everything(stop: Restriction, now: datetime) -> bool:
    everywhere = stop.partner is None and stop.purpose is None and stop.end is None
    return stop.kind in {"stop_use", "protected"} and everywhere and stop.start <= now


async def _append(
    log: Log,
    coop: str,
    entry: Erase,
    *,
    clock: Clock,
    once: bytes,
    erase: tuple[int, int] | None = None,
    unlink: bytes | None = None,
    under: int | None = None,
) -> int:
    """Commit an `erase` entry and its deed, with `under` only while that is the newest governance entry.

    `once` is refused where it was committed before.
    """
    for _ in range(ROUNDS):
        now, gov = clock(), (await log.head(coop)).gov
        if under not in {None, gov}:
            raise EraseRefused(
                "その間に状態が変わりました。もう一度実行してください / what is in force changed meanwhile; run this again"
            )
        verdict = await log.append(
            coop,
            Submission.of(
                msgspec.structs.replace(entry, time=instant(now)),
                now,
                gov=gov,
                replay=(once, now + timedelta(hours=1)),
                erase=erase,
                unlink=unlink,
            ),
        )
        if isinstance(verdict, Committed):
            return verdict.index
        if isinstance(verdict, Replayed):
            raise EraseRefused("別の消去が進行中です / another erasure of this log is at work; run this again later")
        assert isinstance(verdict, Bounced)
    raise Unavailable("governance changed too often for an erasure to be committed")
