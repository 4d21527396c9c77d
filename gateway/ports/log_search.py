"""The log as people search it: where each value stands in it, counts for each hour; both can be made again from the entries."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final, Literal, Protocol

import msgspec

from gateway.ports.world import Unavailable

Dimension = Literal["kind", "partner", "client", "agreement", "purpose", "product", "reason"]


DIMENSIONS: Final[tuple[Dimension, ...]] = ("kind", "partner", "client", "agreement", "purpose", "product", "reason")
Per = Literal["hour", "day", "period"]


class Behind(Unavailable):
    """The projection lacks more of the newest entries than are read one by one: nobody is told a part for the whole."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: those of [start, end) that have one of the values named of each dimension; none named: any.

    `reason` is any of a denial's reasons, `field` any of the fields released or asked for in vain.
    """

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
    """What a list says of one entry. `kind` is that of the entry, or `unreadable` of what is no entry of ours."""

    index: int
    time: datetime
    """When the matter was decided."""
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
    over: int = 0
    """Members beyond a daily limit, of a request that was denied for it."""
    by: str | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one hour that agree in all dimensions: how many, of how many members, and which indexes they lie between."""

    hour: datetime
    """When what is counted begins: the hour, or the JST day, or the period."""
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


class FieldTally(msgspec.Struct, frozen=True, kw_only=True):
    """Releases of one JST day that gave a partner a field for a purpose, and which indexes they lie between."""

    day: date
    partner: str
    purpose: str
    field: str
    releases: int
    first: int
    last: int


class LogSearch(Protocol):
    """A projection of every co-op's log, a few seconds behind it; what is newer is read from the log itself.

    So `page` and `tallies` lack nothing that was committed when they are asked, and agree with each other. Durability
    and atomicity: `add` writes all that it adds and how far it has come in one transaction. Concurrency: any number of
    processes may add; of two that start at the same index one is let through. Memory: what is returned. Every call
    raises Unavailable; `page` and `tallies` Behind, where so much is not added yet that they could not be whole.
    """

    async def come(self, coop: str) -> int:
        """Return the index of the first entry that the projection does not hold."""
        ...

    async def rows(self, coop: str, first: int, last: int) -> list[Row]:
        """Return the rows of the entries first ≤ index < last, in order, as the log itself has them now."""
        ...

    async def add(self, coop: str, rows: Sequence[Row], *, first: int, last: int) -> bool:
        """Add the rows of the entries first ≤ index < last; False, with nothing written, where somebody was faster."""
        ...

    async def page(self, coop: str, wanted: Wanted, *, before: int | None = None, most: int = 50) -> list[Row]:
        """Return entries, the newest first, of those with an index below `before` where it is given.

        Fewer than `most` are returned only where there are no more.
        """
        ...

    async def tallies(
        self, coop: str, wanted: Wanted, *, per: Per = "hour", by: tuple[Dimension, ...] = DIMENSIONS
    ) -> list[Tally]:
        """Return the counts of every hour that begins in the period, the oldest first; `field` does not narrow them.

        `reason` is here the first reason of a denial. With `per` the hours of a JST day, or of the whole period, are
        counted together: what a chart of years, or the facets of a list, are made of. Dimensions that are not among
        those counted `by` are None, and their entries one count; the kind is always one of them.
        """
        ...

    async def fields(
        self, coop: str, first: date, last: date, *, per: Literal["day", "period"] = "day"
    ) -> list[FieldTally]:
        """Return which fields were released on the JST days from one to another, both inclusive, the oldest first.

        With `per="period"` all days of a partner, purpose and field are one count, and `day` is the first of them.
        """
        ...

    async def find(self, coop: str, transfer: str) -> Row | None:
        """Return the entry of a transfer, which partners know as `request_id`."""
        ...

    async def forget(self, coop: str) -> None:
        """Delete the projection, to make it again from the first entry."""
        ...


class Deliveries(Protocol):
    """Which releases were handed to the connection to their last byte (送信完了); of the others nobody knows (送信未確認).

    A side record, not evidence: the entry alone says that a release was authorised (提供承認). Durability: what `add`
    wrote is on stable storage when it returns; what a process had not passed to it when it died is lost. Concurrency:
    any number of processes. Retry: the caller's; a mark given twice is one. Every call raises Unavailable.
    """

    async def add(self, coop: str, indexes: Collection[int]) -> None:
        """Note releases by the indexes of their entries."""
        ...

    async def delivered(self, coop: str, indexes: Collection[int]) -> set[int]:
        """Return those of these entries whose answers were handed over whole."""
        ...
