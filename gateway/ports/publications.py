"""What is published of a log: tiles, checkpoints, exported files, and the one who signs."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

import msgspec

from gateway.tlog.checkpoint import Checkpoint
from gateway.tlog.hash_tiles import Tile
from gateway.tlog.note import VerifierKey


class Logged(msgspec.Struct, frozen=True):
    """An entry as stored, and where it stands."""

    index: int
    entry: bytes


class Timestamped(msgspec.Struct, frozen=True):
    """A checkpoint as its own log alone signed it, and the RFC 3161 token over the SHA-256 of those bytes."""

    size: int
    note: bytes
    token: bytes


class Publications(Protocol):
    """What is public of each co-op's log: hash tiles, signed checkpoints, their cosignatures and timestamps.

    Durability: what a call wrote is on stable storage when it returns. Atomicity: each call is one transaction.
    Concurrency: any number of readers and, as `elected` says, one publisher of a log at a time; two would do no harm,
    since a tile is what its entries make it, and only ever grows. Retry: a publisher that fails starts again from what
    is stored. Every call raises Unavailable.
    """

    def elected(self, coop: str) -> AbstractAsyncContextManager[bool]:
        """Tell whether this process may publish a log while the context is open; never waits for another that does."""
        ...

    async def integrated(self, coop: str) -> int:
        """Return how many leaves the stored tiles hold."""
        ...

    async def integrate(self, coop: str, tiles: Sequence[Tile]) -> None:
        """Store the tiles that a tree has grown, those of its right edge included; a wider or full one stays as it is."""
        ...

    async def forget(self, coop: str) -> None:
        """Delete all tiles of a log, to make them again from its entries; for tiles that were altered."""
        ...

    async def tile(self, coop: str, level: int, number: int) -> bytes | None:
        """Return a hash tile as wide as it is known; a narrower one is its beginning."""
        ...

    async def tiles(self, coop: str, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Return several hash tiles by (level, number), read together; those that are not there are missing."""
        ...

    async def publish(self, coop: str, checkpoint: Checkpoint, note: bytes) -> None:
        """Store a checkpoint and its note, signed by the log alone; one already stored for this size stays."""
        ...

    async def checkpoint(self, coop: str, *, size: int | None = None) -> str | None:
        """Return the note of the newest checkpoint, or of that of exactly `size`, with the cosignatures it has by now.

        None before the first, or where there is none of this size.
        """
        ...

    async def covering(self, coop: str, size: int) -> str | None:
        """Return the note of the smallest checkpoint of at least `size` entries; None where none goes that far yet."""
        ...

    async def add_cosignatures(self, coop: str, size: int, lines: Sequence[str]) -> None:
        """Add signature lines, each ending in a newline, to the stored note; a line that stands there already is kept once."""
        ...

    async def set_timestamp(self, coop: str, size: int, token: bytes) -> None:
        """Store the RFC 3161 token over the SHA-256 of the note exactly as `publish` was given it."""
        ...

    async def timestamps(self, coop: str, *, after: int, count: int) -> list[Timestamped]:
        """Return up to `count` timestamped checkpoints of sizes beyond `after`, in order."""
        ...

    async def of_transfer(self, coop: str, transfer: str) -> Logged | None:
        """Return the entry of a transfer."""
        ...


class LogFiles(Protocol):
    """An exported log, by the paths of its files (c2sp.org/tlog-tiles); whoever laid them out is not trusted.

    Memory: a file is cut one byte after the longest of its kind. Retry: the adapter's own, few. One caller at a time.
    """

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None only where it is certain that there is none. Raises tlog.findings.Unreadable."""
        ...

    def stamped(self) -> list[int]:
        """Return the sizes of which a time-stamped checkpoint is there. Raises tlog.findings.Unreadable."""
        ...


class Unpublishable(Exception):
    """No checkpoint is signed: `code` names why for ever, the text what the operator can do about it."""

    def __init__(self, code: "UnpublishableCode", text: str) -> None:
        super().__init__(text)
        self.code: UnpublishableCode = code

    @property
    def rewritten(self) -> bool:
        """Whether the database is not the log that was signed, as opposed to the signer's own state being unusable."""
        return self.code in {"root", "shrunk", "forked"}


UnpublishableCode = Literal[
    "tiles", "root", "shrunk", "forked", "state-missing", "state-unreadable", "state-unwritable"
]
"""`tiles`: the stored tiles are not those of the log; they are made again. `root`: its entries do not have the root that
was committed. `shrunk`, `forked`: it has fewer entries than were signed, or others. `state-…`: what was last signed is
gone, cannot be read, or could not be written."""


class CheckpointSigner(Protocol):
    """Signs the checkpoints of one log, and remembers outside the database what it last signed.

    INVARIANT: of all that share its state, in any process, at most one root is ever signed for a size, and each is
    proved to begin with the one before it. Durability: what was signed is remembered on stable storage before the note
    is given out. Concurrency: any number of threads and processes.
    """

    @property
    def key(self) -> VerifierKey:
        """The key of the log."""
        ...

    def last(self) -> bytes | None:
        """Return the note that was last signed; None before the first. Raises Unpublishable (`state-…`)."""
        ...

    def sign(self, checkpoint: Checkpoint, proof: Sequence[bytes], *, since: bytes | None) -> bytes | None:
        """Return the signed note, given the proof that the log of the note `since` only grew to this checkpoint.

        None where `since` is no longer what was last signed: another publisher was faster. Raises Unpublishable.
        """
        ...
