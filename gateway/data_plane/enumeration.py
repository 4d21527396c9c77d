"""Whom each client asked for today by naming them, and whom of these it cannot know: of one process, approximate.

Codes are here only from the answer until they are counted (budget.py), in memory alone, and so many of a client at most;
a request that comes while there is no room for it counts for nothing. What stays of a member until the day is over are
32 bits of its tag, so that nobody counts twice: who asks for one wrong code again and again does not search.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec
from pyroaring import BitMap

from gateway.core.detection.enumeration import Verdict, verdict, weightier

MOST: Final = 10_000
"""Members of one client that wait to be counted."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A request that named members and was answered."""

    coop: str
    partner: str
    client: str
    day: date
    released: tuple[bytes, ...]
    """Tags of the members who were available."""
    members: tuple[str, ...] = ()
    """All that were named; none where all were available."""
    unread: frozenset[str | None] = frozenset()
    """Those whose record could not be read: known to the co-op, and no part of this."""

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Named {len(self.members)}>"


class _Counts(msgspec.Struct):
    day: date
    asked: BitMap
    unknown: BitMap
    verdict: Verdict = "none"


class Enumeration:
    """The counts of one process by co-op and client; each JST day begins with none."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._counts: dict[tuple[str, str], _Counts] = {}
        self._waiting: list[Named] = []
        self._codes: dict[tuple[str, str], int] = {}

    def add(self, named: Named) -> bool:
        """Keep a request until it is counted; False where there is no room for it."""
        whose = named.coop, named.client
        codes = self._codes.get(whose, 0) + max(len(named.members), len(named.released))
        if codes > self._most:
            return False
        self._codes[whose] = codes
        self._waiting.append(named)
        return True

    def take(self) -> list[Named]:
        """Take out what waits to be counted."""
        taken, self._waiting, self._codes = self._waiting, [], {}
        return taken

    def back(self, taken: Iterable[Named]) -> None:
        """Keep again what could not be counted, as far as there is room."""
        for named in taken:
            self.add(named)

    def counted(self, named: Named, *, missed: Iterable[bytes], unknown: Iterable[bytes]) -> None:
        """Count a request by the tags of whom it missed, and of those who are unknown; of a day that is over, nothing."""
        counts = self._of(named.coop, named.client, named.day)
        if counts.day == named.day:
            counts.asked.update(map(_short, named.released))
            counts.asked.update(map(_short, missed))
            counts.unknown.update(map(_short, unknown))

    def judged(self) -> list[tuple[str, str, Verdict]]:
        """Judge all counts; return (co-op, client, verdict) of whom it became weightier."""
        told = []
        for (coop, client), counts in self._counts.items():
            found = weightier(counts.verdict, _verdict(counts))
            if found != counts.verdict:
                counts.verdict = found
                told.append((coop, client, found))
        return told

    def verdict(self, coop: str, client: str, day: date) -> Verdict:
        """Return what stands for a client on a JST day."""
        counts = self._counts.get((coop, client))
        return "none" if counts is None or counts.day != day else counts.verdict

    def _of(self, coop: str, client: str, day: date) -> _Counts:
        counts = self._counts.get((coop, client))
        if counts is None or counts.day < day:
            counts = self._counts[coop, client] = _Counts(day, BitMap(), BitMap())
        return counts


def _verdict(counts: _Counts) -> Verdict:
    return verdict(asked=len(counts.asked), unknown=len(counts.unknown), day=counts.day)


def _short(tag: bytes) -> int:
    return int.from_bytes(tag[:4])
