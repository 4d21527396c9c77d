"""The log as people search it: a row for each entry, counts for each hour; both can be made again from the entries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

Dimension = Literal["kind", "partner", "client", "agreement", "purpose", "product", "reason"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: those of [start, end) that have one of the values named of each dimension; none named: any."""

    start: datetime
    end: datetime
    kind: Collection[str] = ()
    partner: Collection[str] = ()
    client: Collection[str] = ()
    agreement: Collection[str] = ()
    purpose: Collection[str] = ()
    product: Collection[str] = ()
    reason: Collection[str] = ()
    field: Collection[str] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of one entry."""

    index: int
    time: datetime
    kind: str
    transfer: str | None = None
    partner: str | None = None
    client: str | None = None
    agreement: str | None = None
    purpose: str | None = None
    product: str | None = None
    reasons: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    asked: int = 0
    released: int = 0
    not_available: int = 0
    refused: int = 0
    by: str | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one hour that agree in all dimensions: how many, of how many members, and which indexes they lie between."""

    hour: datetime
    kind: str
    partner: str | None = None
    client: str | None = None
    agreement: str | None = None
    purpose: str | None = None
    product: str | None = None
    reason: str | None = None
    """The first reason of a denial."""
    entries: int
    asked: int
    released: int
    not_available: int
    refused: int
    fields: int
    """Fields released, each entry's counted."""
    first: int
    last: int


class LogSearch(Protocol):
    """A projection of every co-op's log, a few seconds behind it; what is newer is read from the log itself by `page`.

    Durability and atomicity: `add` writes rows, tallies and how far they have come in one transaction. Concurrency: any
    number of processes may add; of two that start at the same index one is let through. Memory: what is returned. Every
    call raises Unavailable.
    """

    async def come(self, coop: str) -> int:
        """Return the index of the first entry that the projection does not hold."""
        ...

    async def add(self, coop: str, rows: Sequence[Row], *, first: int, last: int) -> bool:
        """Add the rows of the entries first ≤ index < last; False, with nothing written, where somebody was faster."""
        ...

    async def page(self, coop: str, wanted: Wanted, *, before: int | None = None, most: int = 50) -> list[Row]:
        """Return entries, the newest first, of those with an index below `before` where it is given."""
        ...

    async def tallies(self, coop: str, wanted: Wanted) -> list[Tally]:
        """Return the counts of every hour that begins in the period, the oldest first; `field` does not narrow them."""
        ...

    async def find(self, coop: str, transfer: str) -> Row | None:
        """Return the entry of a transfer, which partners know as `request_id`."""
        ...

    async def forget(self, coop: str) -> None:
        """Delete the projection, to make it again from the first entry."""
        ...
