"""A period as the log has it: how many entries of each kind, the sample, and the root that both are held against.

`size` is how many entries the log had as the period ended: up to and with the last one that was decided in it. `root` is
the RFC 6962 root over them, from the published tiles. The sample is core/reviews/sampling.py's, with that root; what had left
before is looked up in the `LOOK_BACK` before the period, in the last `MOST_BEFORE` entries of it at most.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from gateway.core.policy import FieldClass
from gateway.core.refused import Refused
from gateway.core.reviews.sampling import PLAN, Plan, Sampler, Seen, Taken
from gateway.core.state import Snapshot
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reviews.periods import Period, period_named
from gateway.ports import Publications, Unavailable
from gateway.tlog.entries import instant
from gateway.tlog.hash_tiles import range_hash, reading, tiles_along

LOOK_BACK: Final = timedelta(days=90)
MOST_BEFORE: Final = 200_000
_CHUNK: Final = 1_024
_STRICTNESS: Final[tuple[FieldClass, ...]] = ("special_care", "financial", "free_text", "ordinary")


class PeriodLog(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says of a period."""

    size: int
    root: bytes
    counts: dict[str, int]
    """Entries by kind, those of the period alone; a kind without any is missing."""
    sample: tuple[Taken, ...]


class _Said(msgspec.Struct, frozen=True):
    """What is read of an entry; our own log's are not held against their schema again, which costs the most."""

    kind: str
    time: str
    transfer: str | None = None
    partner: str | None = None
    purpose: str | None = None
    fields: dict[str, str] | list[str] = []
    counts: dict[str, int] | None = None


_read = msgspec.json.Decoder(_Said).decode


async def read_period(desk: OversightDesk, coop: str, period: Period, *, plan: Plan = PLAN) -> PeriodLog:
    """Read a period that is over. Raises Refused where no log goes back so far or it is not published yet, Unavailable."""
    if period_named(period.first, period.last) is None:
        raise Refused(
            "period",
            "記録がありえない日が期間に入っています。始まりの日を1970-01-01以後にしてください",
            "the period has days of which there is no log; name a first day from 1970-01-01 on",
        )
    first, last = await desk.side_rows.span(coop, period.start, period.end)
    start, end = instant(period.start), instant(period.end)
    size, counts = await _counted(desk, coop, (first, last), start, end)
    root = await root_at(desk.publications, coop, size)
    sampler = _sampler(desk.current(coop), period, root=root, plan=plan)
    before, _ = await desk.side_rows.span(coop, period.start - LOOK_BACK, period.start)
    async for chunk in _entries(desk, coop, max(before, first - MOST_BEFORE), first):
        await asyncio.to_thread(_remember, sampler, chunk)
    async for chunk in _entries(desk, coop, first, size):
        await asyncio.to_thread(_offer, sampler, chunk, start, end)
    return PeriodLog(size=size, root=root, counts=dict(sorted(counts.items())), sample=sampler.taken())


async def root_at(publications: Publications, coop: str, size: int) -> bytes:
    """Return the root over the first entries of a log, from its published tiles.

    Raises Refused where they do not go that far yet, Unavailable.
    """
    if await publications.integrated(coop) < size:
        raise Refused(
            "checkpoint",
            "この期間の記録は、まだチェックポイントに入っていません。ゲートウェイが動いていれば数秒で入ります。"
            "少し待ってやり直してください",
            "the entries of this period are in no checkpoint yet; a running gateway publishes one within seconds: try again",
        )
    tiles = await publications.tiles(coop, tiles_along(size, size))
    try:
        return range_hash(reading(tiles), 0, size, size=size)
    except ValueError:
        raise Unavailable("the published tiles of the log are not whole") from None


async def _counted(
    desk: OversightDesk, coop: str, span: tuple[int, int], start: str, end: str
) -> tuple[int, Counter[str]]:
    """Return the size of the log as the period ended, and the period's entries by kind."""
    counts: Counter[str] = Counter()
    size = span[0]
    async for chunk in _entries(desk, coop, *span):
        for index, said in chunk:
            if said.time < end:
                size = index + 1
                counts[said.kind] += said.time >= start
    return size, Counter({kind: count for kind, count in counts.items() if count})


async def _entries(desk: OversightDesk, coop: str, first: int, last: int) -> AsyncIterator[list[tuple[int, _Said]]]:
    while first < last:
        batch = await desk.log.entries(coop, first, min(_CHUNK, last - first))
        if not batch:
            raise Unavailable("the log ends before its head")
        yield [(first + at, _read(entry)) for at, entry in enumerate(batch)]
        first += len(batch)


def _sampler(snapshot: Snapshot, period: Period, *, root: bytes, plan: Plan) -> Sampler:
    changes = sorted({one.effective for one in snapshot.versions})
    return Sampler(
        root=root,
        classes=field_classes(snapshot),
        changes=[one for one in changes if one < period.end],
        plan=plan,
    )


def field_classes(snapshot: Snapshot) -> Mapping[str, FieldClass]:
    """Return the class of each field, the strictest that any version gave it."""
    found: dict[str, FieldClass] = {}
    for version in snapshot.versions:
        for field in version.policy.fields.values():
            was = found.get(field.id, "ordinary")
            found[field.id] = min(was, field.cls, key=_STRICTNESS.index)
    return found


def _remember(sampler: Sampler, chunk: list[tuple[int, _Said]]) -> None:
    for index, said in chunk:
        if said.kind == "release":
            sampler.before(_seen(index, said))


def _offer(sampler: Sampler, chunk: list[tuple[int, _Said]], start: str, end: str) -> None:
    for index, said in chunk:
        # A summary of refusals is of no request: there is nothing to look at but its count.
        if said.kind in {"release", "denial"} and said.transfer is not None and start <= said.time < end:
            sampler.see(_seen(index, said))


def _seen(index: int, said: _Said) -> Seen:
    return Seen(
        index=index,
        kind="release" if said.kind == "release" else "denial",
        time=datetime.fromisoformat(said.time),
        partner=said.partner or "",
        purpose=said.purpose or "",
        fields=tuple(said.fields),
        released=(said.counts or {}).get("released", 0),
    )
