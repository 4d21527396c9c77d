"""What a call gives back. Whatever holds member data prints its size and never its content."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """One member of a transfer: `data` (field to value, null kept) exactly when `released`.

    `not_available` never says why: unknown, restricted and outside the agreement look the same.
    """

    member: str
    status: Literal["released", "not_available"]
    data: Mapping[str, Any] | None

    def __repr__(self) -> str:
        return f"<Result {self.status}, {len(self.data or ())} fields>"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The gateway's signed word that this answer stands in its transfer log: keep `jws`, it is evidence.

    `index` counts entries of the log named `origin` from 0; `leaf_hash` is the entry's 32-byte Merkle leaf hash;
    `body` the SHA-256 of the sealed answer and `request_hash` that of the signed request, as they travelled.
    """

    jws: str
    transfer_id: str
    origin: str
    index: int
    leaf_hash: bytes
    issued_at: datetime
    request_hash: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"<Receipt {self.transfer_id}, entry {self.index} of {self.origin}>"


@dataclass(frozen=True, slots=True, repr=False)
class LogProof:
    """The proof that a receipt's entry is in the log: keep `text` (c2sp.org/tlog-proof@v1) and `entry`, they are evidence.

    `size` is how many entries the log had when its key signed the checkpoint in the proof.
    """

    text: str
    entry: bytes
    index: int
    size: int

    def __repr__(self) -> str:
        return f"<LogProof of entry {self.index} among {self.size}>"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the partner must keep to: `retention` an ISO 8601 duration, `reprovision` whether it may pass data on."""

    retention: str
    reprovision: bool


@dataclass(frozen=True, slots=True, repr=False)
class Transfer:
    """One released and logged answer, every check of the profile passed."""

    id: str
    purpose: str
    results: tuple[Result, ...]
    terms: Terms
    receipt: Receipt

    @property
    def released(self) -> dict[str, Mapping[str, Any]]:
        """Member code to data, of those that were released."""
        return {result.member: result.data for result in self.results if result.data is not None}

    @property
    def not_available(self) -> tuple[str, ...]:
        """The codes that were asked for and not released."""
        return tuple(result.member for result in self.results if result.data is None)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        released = sum(result.data is not None for result in self.results)
        told = f"{released} released, {len(self.results) - released} not available"
        return f"<Transfer {self.id}, purpose {self.purpose}, {told}>"


@dataclass(frozen=True, slots=True, repr=False)
class Removal:
    """A member whose data this partner holds and must `delete` or `stop_using` by `due`; the cause is never told."""

    member: str
    duty: Literal["delete", "stop_using"]
    due: str

    def __repr__(self) -> str:
        return f"<Removal {self.duty}, due {self.due}>"


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """One page of the granted population.

    `next` is the cursor of the following page (good for 24 hours), None on the last. The last page alone has
    `since` (keep it: the next walk passes it and gets only what changed), `removals`, and `resync`: true when
    the change could not be computed and this walk must be taken for the whole.
    """

    transfer: Transfer
    next: str | None
    since: str | None
    removals: tuple[Removal, ...]
    resync: bool

    @property
    def results(self) -> tuple[Result, ...]:
        return self.transfer.results

    @property
    def receipt(self) -> Receipt:
        return self.transfer.receipt

    def __iter__(self) -> Iterator[Result]:
        return iter(self.transfer.results)

    def __len__(self) -> int:
        return len(self.transfer.results)

    def __repr__(self) -> str:
        end = "more to follow" if self.next else f"last, {len(self.removals)} removals, resync {self.resync}"
        return f"<Page of {self.transfer!r}, {end}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One purpose of one's own agreement: `fields` maps each granted field to its transform.

    `products` is empty where the grant knows no product classes; the day's quota counts members per JST day,
    None where there is none, and starts anew at `resets`; `more_requested`: a request was refused for it, and the co-op
    has not decided yet whether to raise it; `enumeration`: today the client asked for so many members who are neither
    available nor held that the co-op was told, or that naming members is `stopped` until the next day; `key_expires` is when the registered encryption key does, as the gateway wrote it.
    """

    id: str
    coop: str
    agreement: str
    purpose: str
    products: tuple[str, ...] = ()
    fields: Mapping[str, Any]
    case_required: bool
    terms: Mapping[str, Any]
    state: Literal["active", "closed"]
    members_per_day: int | None = None
    members_left: int | None = None
    resets: str | None = None
    more_requested: bool = False
    enumeration: Literal["alert", "stopped"] | None = None
    key_expires: str | None = None
