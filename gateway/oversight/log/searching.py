"""The log made searchable, in the background: every entry folded into where its values stand and the counts of its hour.

A projection: what it holds is a function of the entries (I8), so it can be made again from the first entry. Any process
may fold; of two that fold the same entries one is let through.
"""

from collections.abc import Callable, Sequence
from typing import Final

from gateway.ports import Log, LogSearch

EVERY_S: Final = 1.0
BESIDE_PARTNERS_S: Final = 4.0
"""The pause where partners are served: a process for staff alone is then always first, and answers wait for no fold."""
AT_ONCE: Final = 256
MANY_AT_ONCE: Final = 8_192
"""Entries folded in one transaction: how long nothing else goes on in a process, and what is in memory at a time."""

Progress = Callable[[int, int], None]


async def advance(
    log: Log, search: LogSearch, coop: str, *, at_once: int = AT_ONCE, progress: Progress | None = None
) -> int:
    """Fold all entries committed by now; return the index of the first not folded. Raises Unavailable."""
    size = (await log.head(coop)).next_index
    first = await search.come(coop)
    while first < size:
        last = min(first + at_once, size)
        added = await search.add(coop, await search.rows(coop, first, last), first=first, last=last)
        # Where another process was faster, what it left is where to go on.
        first = last if added else await search.come(coop)
        if progress is not None:
            progress(first, size)
    return first


async def rebuild(
    log: Log, search: LogSearch, coop: str, *, at_once: int = AT_ONCE, progress: Progress | None = None
) -> int:
    """Make the projection again from the first entry on. Raises Unavailable."""
    await search.forget(coop)
    return await advance(log, search, coop, at_once=at_once, progress=progress)


class Folding:
    """The fold of one process among others: it leaves the work to whoever else is at it, and goes on where nobody is.

    Every process that serves could fold; each entry read by all of them would cost them more than it is worth.
    """

    def __init__(self, log: Log, search: LogSearch, coops: Sequence[str]) -> None:
        self._log = log
        self._search = search
        self._left: dict[str, int | None] = dict.fromkeys(coops)

    async def round(self) -> None:
        """Fold what every co-op has logged, but for a co-op whose fold another process has moved since. Raises Unavailable."""
        for coop, left in self._left.items():
            come = await self._search.come(coop)
            mine = left is None or come == left
            self._left[coop] = await advance(self._log, self._search, coop) if mine else come
