"""Exports: what partners ordered whole, made ahead in parts and handed out one by one."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from gateway.core.request import Form

ExportState = Literal["running", "sealed", "confirmed", "cancelled", "expired", "failed"]
"""running: parts are being made. sealed: all are. The others have ended; those that have, have no parts any more, but for failed."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One order, and how far it has come."""

    id: str
    coop: str
    entry: int
    """Index of the entry that it was ordered by; the signed request is kept there."""
    transfer: str
    """That entry's id."""
    partner: str
    client: str
    purpose: str
    product: str | None
    agreement: str
    fields: tuple[str, ...]
    form: Form
    request: str
    """SHA-256 of the signed order, base64url."""
    state: ExportState
    ordered: datetime
    expires: datetime
    parts: int
    """Sealed so far."""
    records: int
    """Released records in them, as first sealed."""
    taken: int
    """Parts handed out at least once."""
    faults: int

    @property
    def final(self) -> bool:
        """Whether there will be no further part."""
        return self.state in {"sealed", "confirmed"}


class PartLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest says of a part."""

    n: int
    digest: bytes
    """SHA-256 of the body."""
    size: int
    records: int


class ExportPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part as it lies ready."""

    n: int
    """From 1."""
    body: bytes
    """One compact JWE, ASCII."""
    digest: bytes
    records: int
    facts: bytes
    """What the gateway must know of it to hand it out, sealed."""
    gov: int
    """The governance entry that it was made under."""
    valid_until: datetime
    sealed: datetime

    def __repr__(self) -> str:
        """What is sealed does not print itself."""
        return f"<ExportPart {self.n}>"


class Exports(Protocol):
    """The exports of every co-op. They are ordered, handed out and ended by entries of the log (`Submission.change`).

    Durability and atomicity: each call is one transaction. Concurrency: any number of workers and replicas; an export is
    one worker's until its lease ends, and a part is added by one alone, after the one before it. Retry: every call can be
    repeated. Every call raises Unavailable.
    """

    async def get(self, coop: str, export: str) -> Export | None:
        """Return an order as committed."""
        ...

    async def lines(self, coop: str, export: str) -> list[PartLine]:
        """Return the parts that lie ready, in order."""
        ...

    async def part(self, coop: str, export: str, n: int) -> ExportPart | None:
        """Return a part whole."""
        ...

    async def facts(self, coop: str, export: str, first: int, last: int) -> list[tuple[int, bytes]]:
        """Return (n, sealed facts) of the parts first ≤ n < last that lie ready, in order."""
        ...

    async def take(
        self, coops: Collection[str], *, worker: str, now: datetime, until: datetime
    ) -> tuple[str, str] | None:
        """Take the running export that waits longest: (co-op, id), this worker's until an instant; None where none waits."""
        ...

    async def renew(self, coop: str, export: str, *, worker: str, until: datetime) -> bool:
        """Keep an export until an instant; False where it is not, or no longer, this worker's."""
        ...

    async def add(self, coop: str, export: str, part: ExportPart, *, worker: str, final: bool, until: datetime) -> bool:
        """Add the next part, and keep the export until an instant; `final`: it is the last one.

        False, with nothing written, where the export is another worker's, or ended, or the part is not the next.
        """
        ...

    async def remake(self, coop: str, export: str, part: ExportPart, *, instead_of: bytes) -> bool:
        """Put a part in the place of the one with a digest; False where that is not there any more."""
        ...

    async def fault(self, coop: str, export: str, *, worker: str, until: datetime, most: int | None) -> None:
        """Count a fault and leave the export alone until an instant; the `most`-th in a row is its end (failed)."""
        ...

    async def overdue(self, coop: str, now: datetime) -> list[Export]:
        """Return the exports that should have ended by an instant and have not."""
        ...

    async def forget(self, coop: str, before: datetime) -> None:
        """Delete what is known of exports that ended and whose time was over before an instant."""
        ...
