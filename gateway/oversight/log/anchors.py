"""Let others vouch for each log, and tell when they no longer do: witnesses, and a time-stamping authority.

An anchor is *overdue* when an entry has stood for the configured hours (4) without its vouching for it: a log that does
not grow leaves nobody overdue, an anchor that never answered is overdue with the first old entry. How far each has come
is stored, so a restart forgets nothing and every replica knows. No replica is elected: whoever asks first, the others
find it done; two that ask at once get two answers, both true.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import msgspec

from gateway.ports import Clock, Coverage, Log, Publications, Telemetry, Timestamps, Unavailable, Witness
from gateway.tlog.checkpoint import as_signed, stated
from gateway.tlog.hash_tiles import reading, tiles_along
from gateway.tlog.proving import consistency

EVERY_S: Final = 1.0
WATCH_S: Final = 10.0
LONGEST_PAUSE: Final = 6
"""2^6 seconds between two calls of an anchor that fails; each pause before is half as long."""

QUORUM: Final = "witness quorum"
TIMESTAMP: Final = "timestamp"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Who vouches for one co-op's log, how often, and what follows when they no longer do."""

    witnesses: tuple[Witness, ...] = ()
    quorum: int = 0
    """So many of them must cosign the same checkpoint."""
    timestamps: Timestamps | None = None
    interval: timedelta = timedelta(hours=1)
    """No entry stands longer without a time-stamp."""
    overdue: timedelta = timedelta(hours=4)
    stop_releases: bool = False
    """The co-op chose that nothing is released while the quorum or the time-stamp is overdue."""


class _Timed(msgspec.Struct):
    time: datetime


class Anchoring:
    """The anchors of one co-op's log in one process: three jobs, to be repeated; what an anchor does wrong ends none."""

    def __init__(
        self,
        coop: str,
        anchors: Anchors,
        *,
        log: Log,
        publications: Publications,
        coverage: Coverage,
        clock: Clock,
        telemetry: Telemetry,
        held_back: set[str],
    ) -> None:
        """`held_back` is told whether this co-op's releases are to stop; where that was chosen, until it is known too."""
        self._coop = coop
        self._anchors = anchors
        self._log = log
        self._publications = publications
        self._coverage = coverage
        self._clock = clock
        self._telemetry = telemetry
        self._held_back = held_back
        self._failing: dict[str, tuple[int, datetime]] = {}
        self._late: set[str] = set()
        if anchors.stop_releases:
            held_back.add(coop)

    def jobs(self) -> list[tuple[str, float, Callable[[], Awaitable[None]]]]:
        """Return what is to be done again and again: its name, the pause after it in seconds, and the work."""
        jobs: list[tuple[str, float, Callable[[], Awaitable[None]]]] = [
            (f"anchors of {self._coop}", WATCH_S, self.watch)
        ]
        if self._anchors.witnesses:
            jobs.append((f"witnesses of {self._coop}", EVERY_S, self.witness))
        if self._anchors.timestamps is not None:
            jobs.append((f"timestamps of {self._coop}", EVERY_S, self.timestamp))
        return jobs

    async def witness(self) -> None:
        """Have the newest checkpoint cosigned by each witness that has not yet. Raises Unavailable."""
        note = await self._newest()
        if note is None:
            return
        size = stated(note.decode()).size
        covered = dict(await self._coverage.covered(self._coop))
        # All are asked for the same checkpoint: cosignatures on different ones make no quorum.
        asked = [one for one in self._anchors.witnesses if covered.get(named(one), 0) < size]
        lines = await asyncio.gather(*[self._ask(named(one), partial(one.cosign, note, self._prove)) for one in asked])
        for one, line in zip(asked, lines, strict=True):
            if line is not None:
                await self._publications.add_cosignatures(self._coop, size, [line])
                await self._coverage.cover(self._coop, named(one), size)
                covered[named(one)] = size
        cosigned = [one for one in self._anchors.witnesses if covered.get(named(one)) == size]
        if len(cosigned) >= self._anchors.quorum and covered.get(QUORUM, 0) < size:
            await self._coverage.cover(self._coop, QUORUM, size)

    async def cosigned(self, *, least: int) -> str | None:
        """Ask the witnesses now; return the newest note of at least `least` entries that the quorum cosigned, if any.

        Raises Unavailable.
        """
        await self.witness()
        size = (await self._coverage.covered(self._coop)).get(QUORUM, 0)
        return await self._publications.checkpoint(self._coop, size=size) if size >= least else None

    async def timestamp(self) -> None:
        """Have the newest checkpoint time-stamped, once an entry has waited for the interval. Raises Unavailable."""
        assert self._anchors.timestamps is not None
        note = await self._newest()
        if note is None:
            return
        size = stated(note.decode()).size
        covered = (await self._coverage.covered(self._coop)).get(TIMESTAMP, 0)
        if covered < size and await self._waits(covered, self._anchors.interval):
            token = await self._ask(TIMESTAMP, partial(self._anchors.timestamps.stamp, note))
            if token is not None:
                await self._publications.set_timestamp(self._coop, size, token)
                await self._coverage.cover(self._coop, TIMESTAMP, size)

    async def watch(self) -> None:
        """Tell which anchors are overdue, and hold the co-op's releases back where it chose so. Raises Unavailable."""
        covered = await self._coverage.covered(self._coop)
        late = {one for one in self._names() if await self._waits(covered.get(one, 0), self._anchors.overdue)}
        for one in sorted(late):
            self._telemetry.count("anchor_overdue", coop=self._coop, anchor=one)
        hours = int(self._anchors.overdue / timedelta(hours=1))
        for one in sorted(late - self._late):
            self._telemetry.note("anchor overdue", coop=self._coop, anchor=one, hours=hours)
        for one in sorted(self._late - late):
            self._telemetry.note("anchor recovered", coop=self._coop, anchor=one)
        self._late = late
        if self._anchors.stop_releases and late & {QUORUM, TIMESTAMP}:
            self._held_back.add(self._coop)
        else:
            self._held_back.discard(self._coop)

    def _names(self) -> list[str]:
        names = [named(one) for one in self._anchors.witnesses]
        return names + [QUORUM] * bool(names) + [TIMESTAMP] * (self._anchors.timestamps is not None)

    async def _newest(self) -> bytes | None:
        note = await self._publications.checkpoint(self._coop)
        return None if note is None else as_signed(note)

    async def _waits(self, covered: int, longest: timedelta) -> bool:
        """Tell whether the first entry that is not covered has stood for so long."""
        entries = await self._log.entries(self._coop, covered, 1)
        return bool(entries) and self._clock() - msgspec.json.decode(entries[0], type=_Timed).time >= longest

    async def _prove(self, old: int, new: int) -> Sequence[bytes]:
        if old in {0, new}:
            return ()
        tiles = await self._publications.tiles(self._coop, tiles_along(old - 1, new))
        try:
            return consistency(reading(tiles), old, new)
        except ValueError:
            raise Unavailable("tiles of the log are missing") from None

    async def _ask(self, anchor: str, call: Callable[[], Awaitable[_T]]) -> _T | None:
        """Return what an anchor gave; None where it failed, or failed before and is left alone for a while."""
        failures, again = self._failing.get(anchor, (0, self._clock()))
        if self._clock() < again:
            return None
        try:
            given = await call()
        except Exception as fault:  # noqa: BLE001  # a stranger's answer must not end the job, whatever it does to it
            told = str(fault) if isinstance(fault, Unavailable) else type(fault).__name__
            pause = timedelta(seconds=2 ** min(failures, LONGEST_PAUSE))
            self._failing[anchor] = failures + 1, self._clock() + pause
            self._telemetry.count("anchor_failed", coop=self._coop, anchor=anchor)
            self._telemetry.note("anchor failed", coop=self._coop, anchor=anchor, fault=told)
            return None
        self._failing.pop(anchor, None)
        return given


def named(witness: Witness) -> str:
    """Return the name under which a witness is told of."""
    return f"witness {witness.name}"
