"""Where a log is kept apart, and who vouches for it from outside."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol


class ArchiveStore(Protocol):
    """Files of one log, by path, in a place apart from the database.

    Durability: what a call wrote is on stable storage when it returns, whole. Concurrency: any number of writers; of
    two that create one name, one is told that it was taken. Every call raises Unavailable.
    """

    async def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        ...

    async def create(self, path: str, data: bytes) -> bool:
        """Write a file; False, with nothing written, where its name is taken. INVARIANT: it never overwrites."""
        ...

    async def replace(self, path: str, data: bytes) -> None:
        """Write a file, in place of the one that may have its name."""
        ...

    async def names(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder."""
        ...


Prove = Callable[[int, int], Awaitable[Sequence[bytes]]]
"""Proves that the log of the second size begins with that of the first; raises Unavailable."""


class Witness(Protocol):
    """A witness: it has seen one log grow, signs only what continues what it saw, and belongs to somebody else.

    Retry: the caller; asking again for what was cosigned already gives another cosignature, and harms nothing.
    """

    @property
    def name(self) -> str:
        """The name of its key."""
        ...

    async def cosign(self, note: bytes, prove: Prove) -> str:
        """Return its verified signature line over a checkpoint that the log alone has signed.

        Raises Unavailable, which names the fault.
        """
        ...


class Timestamps(Protocol):
    """A time-stamping authority. Retry: the caller."""

    async def stamp(self, note: bytes) -> bytes:
        """Return its verified answer (RFC 3161, DER) over these bytes. Raises Unavailable, which names the fault."""
        ...


class Coverage(Protocol):
    """How many entries of a log each of its anchors has vouched for: shared by all processes, rebuildable from notes.

    Durability: as in Publications. Concurrency: any; a size only ever grows. Every call raises Unavailable.
    """

    async def covered(self, coop: str) -> Mapping[str, int]:
        """Return the size by anchor; one that never succeeded is missing."""
        ...

    async def cover(self, coop: str, anchor: str, size: int) -> None:
        """Record that an anchor has vouched for the first `size` entries."""
        ...
