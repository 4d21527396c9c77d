"""組合員イベント: which were told before, and what the entries that took them in put in force."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gateway.core.state import Effect


class MemberEvents(Protocol):
    """The member events of every co-op. They are written by entries of the log alone (`Submission.events`).

    Consistency: what a committed entry wrote is seen by every later call, from any process. Raises Unavailable. Nobody
    retries.
    """

    async def told(self, coop: str, digests: Collection[bytes]) -> set[bytes]:
        """Return those of these events that were told before."""
        ...

    async def imports(self, coop: str) -> list[tuple[int, bytes]]:
        """Return the entries that took events in, as stored, each with its index, the newest first."""
        ...

    async def effects(self, coop: str, indexes: Sequence[int]) -> list[tuple[int, Effect]]:
        """Return what these entries put in force, each with its index, in the order in which it was applied."""
        ...
