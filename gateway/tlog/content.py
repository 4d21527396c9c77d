"""Whether entries that are proved to be in the log keep its rules: steps 5 to 7 of the verifier.

5. every entry is one that the closed schema allows, with instants written as they must be;
6. I6: an entry that was decided under a policy names the last governance entry before it (-1: there was none), and
   a release was decided before its permit ran out;
7. no entry's time lies more than 30 seconds below the greatest time before it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from gateway.tlog.entries import GOVERNANCE, Entry, Release
from gateway.tlog.findings import Code, Finding, Refused

TOLERANCE: Final = timedelta(seconds=30)

_EXAMPLE: Final = "2026-11-22T05:06:07.123Z"


class Content:
    """The rules over the entries of one log, given in order; the first breach is kept, what follows it is not read."""

    def __init__(self, decode: Callable[[bytes], Entry]) -> None:
        self.counts: dict[str, int] = {}
        self.finding: Finding | None = None
        self._decode = decode
        self._governance = -1
        self._latest: datetime | None = None

    def check(self, bundle: Iterable[bytes], *, first: int) -> None:
        """Hold the next entries, of which the first has the index `first`, against the rules."""
        if self.finding is not None:
            return
        try:
            for index, data in enumerate(bundle, first):
                self._check(index, data)
        except Refused as refused:
            self.finding = refused.finding

    def _check(self, index: int, data: bytes) -> None:
        # 5
        try:
            entry = self._decode(data)
            time = _instant(entry.time)
            until = _instant(entry.valid_until) if isinstance(entry, Release) else None
        except (ValueError, RecursionError) as error:
            raise Refused(Code.ENTRY_UNKNOWN, f"entry {index} is not what any schema allows", index=index) from error
        kind = entry.kind
        self.counts[kind] = self.counts.get(kind, 0) + 1

        # 6
        if entry.gov is not None and entry.gov != self._governance:
            raise Refused(
                Code.GOVERNANCE_STALE,
                f"entry {index} was decided under governance entry {entry.gov}, but {self._governance} was in force",
                index=index,
            )
        if until is not None and time >= until:
            raise Refused(Code.PERMIT_EXPIRED, f"release {index} was decided when its permit had run out", index=index)
        if kind in GOVERNANCE:
            self._governance = index

        # 7
        if self._latest is None or time > self._latest:
            self._latest = time
        elif self._latest - time > TOLERANCE:
            raise Refused(
                Code.TIME_BACKWARDS, f"entry {index} is dated more than 30 seconds before an earlier one", index=index
            )


def _instant(text: str) -> datetime:
    """Read an instant in its one fixed-width form, UTC with milliseconds; ValueError for any other."""
    if len(text) != len(_EXAMPLE) or text[4:20:3] != _EXAMPLE[4:20:3] or text[-1] != "Z":
        raise ValueError("an instant is written as RFC 3339 UTC with milliseconds")
    return datetime.fromisoformat(text)
