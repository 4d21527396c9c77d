"""Requests beyond daily limits, as staff decide on them."""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.changes.overrun import Counted, Overrun


class Overruns(Protocol):
    """A projection of every co-op's denials with what staff decided beside it.

    The counts are a function of the log's entries (I8) and can be made again; what was decided is changed by entries of
    the log alone (`Submission.change`). Durability and atomicity: `add` writes all that it adds and how far it has come
    in one transaction. Concurrency: any number of processes may add; of two that start at the same index one is let
    through, so that each denial is counted once. Every call raises Unavailable; nobody retries.
    """

    async def come(self, coop: str) -> int:
        """Return the index of the first entry that is not counted."""
        ...

    async def add(self, coop: str, counted: Sequence[Counted], *, first: int, last: int) -> bool:
        """Add what the entries first ≤ index < last count; False, with nothing written, where somebody was faster."""
        ...

    async def all(self, coop: str, *, grant: str | None = None) -> list[Overrun]:
        """Return the overruns, of one grant or of all, the newest day first."""
        ...

    async def waiting(self, coop: str) -> frozenset[str]:
        """Return the grants of which one is open or proposed."""
        ...

    async def forget(self, coop: str) -> None:
        """Delete the counts, to make them again from the first entry; what was decided stays."""
        ...
