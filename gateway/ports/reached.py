"""Which members releases reached, read by the ten thousand: as numbers to count, not as evidence to prove."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.ports.publications import Logged


class MembersReached(msgspec.Struct, frozen=True, kw_only=True):
    """Side rows of releases: a row for each member of a small one, and sets of ordinals of the others."""

    few: list[tuple[int, int | None, bytes]]
    """(index of the entry, the member's ordinal or None where it has none yet, its tag)."""
    many: list[tuple[int, int, bytes]]
    """(index of the entry, chunk number, container)."""

    def __repr__(self) -> str:
        """Who was reached does not print itself."""
        return f"<MembersReached {len(self.few)}+{len(self.many)}>"


class Reached(Protocol):
    """Releases and the members that they reached, for counting over long stretches of a log.

    Reads only, and assigns no ordinal. Each call is one transaction. Memory: what is returned. Raises Unavailable.
    """

    async def releases(
        self, coop: str, first: int, last: int, *, partner: str | None = None, purpose: str | None = None
    ) -> list[Logged]:
        """Return the releases with first ≤ index < last, of one partner or purpose if named, ascending."""
        ...

    async def members(self, coop: str, indexes: Sequence[int]) -> MembersReached:
        """Return the side rows of the entries at these indexes, given ascending; none where they are erased."""
        ...

    async def tags(self, coop: str, ordinals: Sequence[int]) -> list[bytes]:
        """Return the tags that have these ordinals, in no order; an ordinal that is left to nobody has none."""
        ...
