"""Who the members of entries are, outside the log: side rows, ordinals, sets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from gateway.core.identity import Chunk, Subject
from gateway.ports.publications import Logged


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """The erasable side rows of one entry: a row each, or chunks; neither once they are erased."""

    subjects: tuple[Subject, ...] = ()
    chunks: tuple[Chunk, ...] = ()


class Provided(msgspec.Struct, frozen=True, kw_only=True):
    """A release entry as stored, and the members it released."""

    index: int
    entry: bytes
    members: Members


class SideRows(Protocol):
    """Who the members of each entry are, in words that say nothing outside: tags, and ordinals, dense and secret.

    Durability: an ordinal that was returned is on stable storage and never changes. Atomicity: each call is one
    transaction; a failed one may leave gaps among the ordinals, which are harmless. Concurrency: any number of callers
    and processes; no two tags of a co-op ever get the same ordinal, no tag two. Retry: every call can be repeated.
    Memory: what is returned, and a bounded part of what is read. Every call raises Unavailable.
    """

    async def ordinals(self, coop: str, tags: Sequence[bytes]) -> list[int]:
        """Return the ordinals of tags, in their order; a tag not seen before gets the next free one, from 0."""
        ...

    async def ordinal(self, coop: str, tag: bytes) -> int | None:
        """Return a tag's ordinal, or None where it has none."""
        ...

    async def known_ordinals(self, coop: str, tags: Sequence[bytes]) -> list[int | None]:
        """Return the ordinals of tags, in their order, None for a tag that has none; gives none out."""
        ...

    async def of_member(self, coop: str, tag: bytes) -> list[int]:
        """Return the indexes of all entries with a side row of this member, ascending: by tag, and by ordinal."""
        ...

    async def of_entry(self, coop: str, index: int) -> Members:
        """Return the side rows of one entry: subjects in their committed order, chunks sorted by number."""
        ...

    async def entries(self, coop: str, indexes: Sequence[int]) -> list[Logged]:
        """Return the entries at these indexes, ascending."""
        ...

    async def releases(
        self, coop: str, first: int, last: int, *, partner: str | None = None, purpose: str | None = None
    ) -> list[Provided]:
        """Return the releases with first ≤ index < last, of one partner or purpose if named, ascending."""
        ...

    async def span(self, coop: str, start: datetime, end: datetime) -> tuple[int, int]:
        """Return a range of indexes [first, last) that surely holds every entry decided in [start, end).

        Entries decided shortly before or after may be in it too: they are committed in the order of commits.
        """
        ...


class Erasable(Protocol):
    """How many side rows there are to erase; erasing them is the log's (`Submission.erase`, `unlink`).

    The side rows of an entry never become more. Every call is one transaction and raises Unavailable.
    """

    async def counted(self, coop: str, first: int, last: int) -> dict[str, int]:
        """Return the side rows of the entries first ≤ index ≤ last by table, without the tables that have none."""
        ...

    async def of_tag(self, coop: str, tag: bytes) -> dict[str, int]:
        """Return the rows that name one member by table, the ordinal among them, without the tables that have none."""
        ...

    async def holders(self, coop: str, tag: bytes) -> list[tuple[str, str, str]]:
        """Return (partner, agreement, purpose) of each set of members held that this member's ordinal is in."""
        ...


HeldBy = tuple[str, str, str, int]
"""Partner, agreement, purpose, chunk number."""


class HeldSets(Protocol):
    """Whom each partner holds, by agreement and purpose: a projection of the log, as sets of ordinals in containers.

    Durability and atomicity: `add` writes the sets and how far they have come in one transaction. Concurrency: any
    number of processes may add; of two that start at the same index one is let through. Every call raises Unavailable.
    """

    async def come(self, coop: str) -> int:
        """Return the index of the first entry that the sets do not hold."""
        ...

    async def add(self, coop: str, sets: Mapping[HeldBy, bytes], *, first: int, last: int) -> bool:
        """Join containers to the stored ones: what the entries first ≤ index < last add.

        False, with nothing written, where `first` is no longer where the sets had come to.
        """
        ...

    async def of(self, coop: str, *, partner: str, agreement: str, purpose: str) -> list[tuple[int, bytes]]:
        """Return what one partner holds as (chunk number, container), sorted."""
        ...

    async def whose(self, coop: str) -> list[tuple[str, str, str]]:
        """Return (partner, agreement, purpose) of every set, sorted."""
        ...

    async def forget(self, coop: str) -> None:
        """Delete all sets, to make them again from the first entry."""
        ...
