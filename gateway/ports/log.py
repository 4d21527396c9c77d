"""The append-only log and its commit point."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, Self, TypedDict, Unpack

import msgspec

from gateway.core.identity import Chunk, Subject
from gateway.core.state import Effect
from gateway.core.walk import Walked
from gateway.tlog.entries import GOVERNANCE, Denial, Entry, Export, Release, encode
from gateway.tlog.merkle import Frontier, leaf_hash

COMMIT_WITHIN: Final = timedelta(seconds=20)
"""So soon after it was decided an entry is committed, or not at all. A process may be stopped in between while others go on,
and a log in which time falls more than 30 seconds is one that nobody can verify any more.
"""
MAX_SKEW: Final = timedelta(seconds=5)
"""So much the clocks of processes, and the database's, may differ; with more, a process is not ready and commits nothing."""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Members counted against a grant on one JST day (ISO date); `most` is the grant's limit."""

    grant: str
    day: str
    members: int
    most: int


Values = dict[str, str | int | bytes | None]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One row beside the log that must change exactly so, in the entry's transaction, or nothing is written.

    `statement` names one of the statements in adapters/log/changes.py, `values` its parameters by name; instants are
    given as milliseconds since 1970. What a statement demands beyond its values is said there.
    """

    statement: str
    values: Values


class MemberCode(msgspec.Struct, frozen=True):
    """A member whose code is kept beside an entry, sealed, for whoever must be told of it; erasable."""

    tag: bytes
    code: bytes


class Terms(TypedDict, total=False):
    """What may go with an entry; each is said in Submission."""

    gov: int | None
    valid_until: datetime | None
    replay: tuple[bytes, datetime] | None
    quota: Quota | None
    subjects: tuple[Subject, ...]
    chunks: tuple[Chunk, ...]
    codes: tuple[MemberCode, ...]
    request: bytes | None
    effects: tuple[Effect, ...]
    erase: tuple[int, int] | None
    change: Change | None
    walked: Walked | None
    events: tuple[bytes, ...]
    unlink: bytes | None


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
    codes: tuple[MemberCode, ...] = ()
    """Side rows too: whom the entry names, for follow-ups to tell partners of."""
    request: bytes | None = None
    """The partner's signed request, already encrypted."""
    effects: tuple[Effect, ...] = ()
    erase: tuple[int, int] | None = None
    """Side rows of the entries from the first to the last index are deleted in the same transaction."""
    change: Change | None = None
    """With it, the entry is committed in a batch of its own."""
    walked: Walked | None = None
    events: tuple[bytes, ...] = ()
    """Digests of events that nobody may have told before; with one that somebody has, nothing is written (Unchanged)."""
    unlink: bytes | None = None
    """A member's tag: its side rows are deleted, and its ordinal is left to nobody, in the same transaction."""

    @classmethod
    def of(cls, entry: Entry, at: datetime, *, deadline: datetime | None = None, **terms: Unpack[Terms]) -> Self:
        """Return an entry decided at an instant, to be committed soon after it or by a deadline; ValueError beyond 16 KiB."""
        data = encode(entry)
        return cls(
            entry=data,
            leaf=leaf_hash(data),
            kind=entry.kind,
            # Other kinds name transfers that have an entry of their own.
            transfer=entry.transfer if isinstance(entry, Release | Denial | Export) else None,
            partner=getattr(entry, "partner", None),
            purpose=getattr(entry, "purpose", None),
            time=at,
            deadline=deadline or at + COMMIT_WITHIN,
            **terms,
        )

    @property
    def governs(self) -> bool:
        """Whether the entry moves `gov`: by its kind, or because it puts something in force."""
        return self.kind in GOVERNANCE or bool(self.effects)

    @property
    def alone(self) -> bool:
        """Whether the entry is committed in a batch of its own: what it demands may undo the whole batch."""
        return self.change is not None or bool(self.events)


class Committed(msgspec.Struct, frozen=True):
    """The entry is durable at this index. Only a clean COMMIT, or finding the entry afterwards, makes one."""

    index: int
    used: int | None = None
    """Members counted against the submission's quota by then; None without one, or where the entry was found afterwards."""


class Bounced(msgspec.Struct, frozen=True):
    """Nothing was written: the decision was stale. `gov` is the governance index to decide under next."""

    gov: int


class Replayed(msgspec.Struct, frozen=True):
    """Nothing was written: a replay key had been seen."""


class OverQuota(msgspec.Struct, frozen=True):
    """Nothing was written: the grant's daily quota does not hold so many more."""


class Unchanged(msgspec.Struct, frozen=True):
    """Nothing was written: the row that was to change is not, or no longer, as the change demands."""


Verdict = Committed | Bounced | Replayed | OverQuota | Unchanged


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
        """Commit one entry, checking in order: stale, replayed, over quota, unchanged. Raises Unavailable."""
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
