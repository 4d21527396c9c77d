"""What the rooms ask of the world. Each docstring is a contract; one contract test runs on every implementation."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from gateway.core.policy import Predicate
from gateway.core.rows import RowPlan
from gateway.core.state import Effect
from gateway.tlog.merkle import Frontier


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return the current instant, aware UTC, cut to milliseconds."""
        ...


# ── the transfer log ──────────────────────────────────────────────────────────────────────────────────────────────


class Subject(msgspec.Struct, frozen=True, gc=False):
    """A released member's erasable side row: tag and salt of its commitment, 32 bytes each."""

    tag: bytes
    salt: bytes


class Chunk(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Members of one transfer of more than 16 whose ordinals share all but the lowest 16 bits: an erasable side row."""

    number: int
    """Ordinal >> 16."""
    lo: int
    hi: int
    """The least and the greatest ordinal."""
    salt: bytes
    container: bytes
    """The lowest 16 bits of each, as a run-optimised roaring bitmap in its portable form."""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Members counted against a grant on one JST day (ISO date); `most` is the grant's limit."""

    grant: str
    day: str
    members: int
    most: int


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for the log and everything that must hold, or be written, together with it."""

    entry: bytes
    leaf: bytes
    kind: str
    transfer: str | None = None
    partner: str | None = None
    purpose: str | None = None
    time: datetime
    gov: int | None = None
    """Must be the head's governance index at commit; None: the entry was decided under no policy."""
    valid_until: datetime | None = None
    deadline: datetime | None = None
    replay: tuple[bytes, datetime] | None = None
    """A key that must not have been seen before, and when it may be forgotten."""
    quota: Quota | None = None
    subjects: tuple[Subject, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    """Side rows: `subjects` for up to 16 released members, `chunks` for more."""
    request: bytes | None = None
    """The partner's signed request, already encrypted."""
    effects: tuple[Effect, ...] = ()
    erase: tuple[int, int] | None = None
    """Side rows of the entries from the first to the last index are deleted in the same transaction."""


class Committed(msgspec.Struct, frozen=True):
    """The entry is durable at this index. Only a clean COMMIT, or finding the entry afterwards, makes one."""

    index: int


class Bounced(msgspec.Struct, frozen=True):
    """Nothing was written: the decision was stale. `gov` is the governance index to decide under next."""

    gov: int


class Replayed(msgspec.Struct, frozen=True):
    """Nothing was written: a replay key had been seen."""


class OverQuota(msgspec.Struct, frozen=True):
    """Nothing was written: the grant's daily quota does not hold so many more."""


Verdict = Committed | Bounced | Replayed | OverQuota


class Unavailable(Exception):
    """A port cannot do its work now; the text says what and never holds a member's value."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one co-op's log as committed."""

    next_index: int
    gov: int
    frontier: Frontier


class Log(Protocol):
    """The append-only log of one co-op; `coop` names it in every call.

    Durability: `append` returns Committed only after the entry, its side rows and its effects are on stable storage,
    in one transaction. Atomicity: any other verdict, and any exception, leaves no row (after Unavailable the entry may
    stand as authorised; it is then never released). Concurrency: any number of callers, tasks and processes; entries
    are committed in groups. Retry: nobody retries a verdict but the caller; the adapter itself resolves a commit
    whose outcome it did not see.
    """

    async def append(self, coop: str, submission: Submission) -> Verdict:
        """Commit one entry, checking in order: stale, replayed, over quota. Raises Unavailable."""
        ...

    async def head(self, coop: str) -> Head:
        """Return the committed head. Raises Unavailable."""
        ...

    async def effects(self, coop: str, after: int) -> tuple[int, list[tuple[int, Effect]]]:
        """Return (head's `gov`, effects of governance entries after index `after`, in order), read together."""
        ...

    async def entries(self, coop: str, first: int, count: int) -> list[bytes]:
        """Return up to `count` entries from `first`, as stored."""
        ...

    async def of_kind(self, coop: str, kind: str) -> list[bytes]:
        """Return all entries of one kind, as stored, in order; for the kinds that stay few, not releases and denials."""
        ...

    async def seen(self, keys: Sequence[tuple[bytes, datetime]]) -> list[bool]:
        """Record replay keys in a transaction of their own; tell for each whether it had been seen. All or nothing."""
        ...

    async def quota_used(self, coop: str, grant: str, day: str) -> int:
        """Return the members counted so far against a grant on a JST day."""
        ...

    async def skew(self) -> float:
        """Return by how many seconds this process's clock differs from the database's."""
        ...

    async def publish(self, coop: str, size: int, root: bytes, note: str) -> None:
        """Store a signed checkpoint."""
        ...

    async def checkpoint(self, coop: str) -> str | None:
        """Return the newest signed checkpoint, or None before the first."""
        ...


# ── sources ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a member system: named members, or a page of a population; never more columns than `rows`."""

    rows: RowPlan
    product: str | None = None
    filters: Mapping[str, str] = {}
    codes: tuple[str, ...] | None = None
    limit: int = 0
    after: str | None = None
    population: tuple[Predicate, ...] = ()

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Query of {len(self.rows.columns)} columns>"


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """What a member system answered: readable rows in its order, and the codes of malformed ones (None: unreadable)."""

    rows: list[Any]
    refused: list[str | None]
    raw: msgspec.Raw | None = None
    """The records as they came, to be read again under another plan; None where the source gives no JSON."""
    next: str | None = None
    """Where the next page starts; None at the end."""
    high_water: str | None = None
    """The source's own mark of how recent the answer is."""

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Records {len(self.rows)}+{len(self.refused)}>"


class Source(Protocol):
    """A co-op's member system. Reads only; the adapter retries idempotent calls within the time it is given."""

    async def read(self, query: Query, *, deadline: datetime) -> Records:
        """Return records, in one batched call whatever the members' states. Raises Unavailable."""
        ...


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class CoopSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """Long-lived secrets of one co-op, 32 bytes each, from the key store."""

    subject: bytes
    pairwise: bytes
    requests: bytes
    """Encrypts signed requests at rest."""
    cursors: bytes

    def __repr__(self) -> str:
        """Keys do not print themselves."""
        return "<CoopSecrets>"


class Telemetry(Protocol):
    """Counts and measures; attributes are closed names, never a member's value."""

    def count(self, name: str, **attributes: str | int) -> None:
        """Add one to a counter."""
        ...

    def note(self, event: str, **attributes: str | int) -> None:
        """Write one diagnostic line; attributes are closed names and fault texts, never a member's value."""
        ...

    def span(self, name: str) -> AbstractContextManager[None]:
        """Return a context that measures what runs inside it; nothing where telemetry is off."""
        ...
