"""Whether what was signed of a period is what the log has of it: step 10 of the verifier.

10. A review says how many entries of each kind were decided in its period, which begins and ends with an hour: as many
    as stand before it. The log had `size` entries before it, and their root is the `root` that it says. What is
    countersigned was signed before, by another person, and is the same; nothing is signed or countersigned twice.

The counts are kept by the hour, for no reader knows yet which periods will be signed.
"""

from collections import Counter, defaultdict
from typing import Final

from gateway.jose import rfc4648
from gateway.tlog.entries import Review
from gateway.tlog.findings import Code, Refused
from gateway.tlog.hash_tiles import range_hash
from gateway.tlog.tiles import Read

_HOUR: Final = len("2026-11-22T05")
_WHOLE: Final = ":00:00.000Z"


class Reviewed:
    """The reviews of one log, and what they are held against, as it is read."""

    def __init__(self) -> None:
        self._hours: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
        self._signed: dict[str, Review] = {}
        self._countersigned: set[str] = set()
        self._roots: list[tuple[int, int, bytes]] = []  # (index of the review, size, root)

    def count(self, kind: str, times: list[bytes]) -> None:
        """Count entries of a kind by the hour."""
        first = times[0][:_HOUR]
        if max(times)[:_HOUR] == min(times)[:_HOUR]:
            self._hours[kind][first] += len(times)
        else:
            self._hours[kind].update(time[:_HOUR] for time in times)

    def check(self, index: int, entry: Review) -> None:
        """Hold a review against the entries before it, but for its root. Raises Refused."""
        start, end = entry.start, entry.end
        if start[_HOUR:] != _WHOLE or end[_HOUR:] != _WHOLE or start > end:
            raise _refused(index, "is of a period that does not begin and end with an hour")
        if entry.size > index:
            raise _refused(index, f"is of {entry.size} entries, and {index} stood before it")
        of, until = start[:_HOUR].encode(), end[:_HOUR].encode()
        counts = {
            kind: sum(count for hour, count in hours.items() if of <= hour < until)
            for kind, hours in self._hours.items()
        }
        if {kind: count for kind, count in counts.items() if count} != entry.counts:
            raise _refused(index, "states other counts than its period has entries")
        self._check_signatures(index, entry)
        try:
            root = rfc4648.decode(entry.root)
        except ValueError:
            raise _refused(index, "states no root") from None
        self._roots.append((index, entry.size, root))

    def prove(self, read: Read, size: int) -> None:
        """Hold each root against the tiles, which are proved, of the log of `size` entries. Raises Refused."""
        for index, reviewed, root in self._roots:
            try:
                proved = range_hash(read, 0, reviewed, size=size)
            except ValueError as error:
                raise Refused(Code.TILE_MISSING, "a tile went missing during the verification") from error
            if proved != root:
                raise _refused(index, f"states another root of the first {reviewed} entries than they have")

    def _check_signatures(self, index: int, entry: Review) -> None:
        name = entry.review or ""
        before = self._signed.get(name)
        if entry.event == "signed":
            if entry.review is not None and before is not None:
                raise _refused(index, "signs what was signed before")
            self._signed[name] = entry
            return
        if before is None or name in self._countersigned or _said(before) != _said(entry) or before.by == entry.by:
            raise _refused(index, "countersigns what nobody else signed so")
        self._countersigned.add(name)


def _said(entry: Review) -> tuple[object, ...]:
    return entry.review, entry.digest, entry.start, entry.end, entry.size, entry.root, entry.counts


def _refused(index: int, what: str) -> Refused:
    return Refused(Code.REVIEW_OTHER, f"review {index} {what}", index=index)
