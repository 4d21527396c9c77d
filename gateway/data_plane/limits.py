"""Token buckets, per process and approximate; and summaries of refusals too frequent to be entries of their own."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from math import ceil

import msgspec

MAX_BUCKETS = 100_000
DENIALS_A_MINUTE = 60


class Rate(msgspec.Struct, frozen=True):
    """So many requests a second, with bursts of up to `burst`."""

    per_second: float
    burst: int


class Buckets:
    """One bucket per key; the least recently used are forgotten beyond 100,000."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable, now: float) -> int | None:
        """Take one token; return None, or the whole seconds after which there will be one."""
        level, since = self._buckets.get(key, (float(self._rate.burst), now))
        level = min(self._rate.burst, level + max(0.0, now - since) * self._rate.per_second)
        granted = level >= 1
        self._buckets[key] = (level - 1 if granted else level, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return None if granted else max(1, ceil((1 - level) / self._rate.per_second))


class Summaries:
    """Counts refusals per co-op, client and minute; each closed minute becomes one entry."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, str, int], dict[str, int]] = {}
        self._denials: dict[tuple[str, int], int] = {}

    def denial_is_entry(self, client: str, now: float) -> bool:
        """Count a denial; tell whether it is still among those of its minute that are entries of their own."""
        key = (client, int(now // 60))
        self._denials[key] = self._denials.get(key, 0) + 1
        return self._denials[key] <= DENIALS_A_MINUTE

    def add(self, coop: str, client: str, what: str, now: float) -> None:
        """Count one refusal."""
        counts = self._minutes.setdefault((coop, client, int(now // 60)), {})
        counts[what] = counts.get(what, 0) + 1

    def closed(self, now: float) -> Iterator[tuple[str, str, int, dict[str, int]]]:
        """Take out the minutes that have ended, one by one: (co-op, client, minute, counts). At shutdown pass infinity.

        One that nobody has come to yet stays where it is, should the taker be stopped on the way.
        """
        self._denials = {key: n for key, n in self._denials.items() if key[1] * 60 + 60 > now}
        for key in [key for key in self._minutes if key[2] * 60 + 60 <= now]:
            yield (*key, self._minutes.pop(key))

    def back(self, coop: str, client: str, minute: int, counts: dict[str, int]) -> None:
        """Put counts back whose entry could not be written, so that none is lost."""
        kept = self._minutes.setdefault((coop, client, minute), {})
        for what, n in counts.items():
            kept[what] = kept.get(what, 0) + n
