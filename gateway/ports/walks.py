"""What walks over populations gave, kept for a while."""

from datetime import datetime
from typing import Protocol


class Walks(Protocol):
    """The answers of walks as the commit point wrote them (`Submission.walked`), to be read and forgotten.

    Each call is one transaction, can be repeated, and raises Unavailable.
    """

    async def answers(self, coop: str, walk: str, first: int, count: int) -> list[tuple[int, bytes]]:
        """Return (nth, sealed) of the answers first ≤ nth < first + count that are there, in order.

        At one place there may be several, of which the last given is the last: the answer was asked for again.
        """
        ...

    async def purge(self, before: datetime) -> None:
        """Forget answers that were given before an instant."""
        ...
