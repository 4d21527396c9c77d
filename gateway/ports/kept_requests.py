"""The partners' signed requests, kept beside the log as evidence of the asking."""

from typing import Protocol


class KeptRequests(Protocol):
    """What partners signed when they asked, encrypted at rest; erasable, as side rows are. Raises Unavailable."""

    async def of_entry(self, coop: str, index: int) -> bytes | None:
        """Return the sealed request of an entry; None where none is kept, or none any more."""
        ...
