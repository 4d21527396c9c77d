"""What passes from step to step of a transfer: the result of one is the only thing the next accepts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from gateway.core.identity import Chunk, Subject
from gateway.core.outcome import Allowance, Denial, Permit
from gateway.core.policy import Transform
from gateway.core.request import Bound, DataRequest, Form
from gateway.core.state import Snapshot
from gateway.core.walk import Earlier, Walked
from gateway.data_plane.cursors import Mark
from gateway.ports import Query, Records


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force for one try at a request: a snapshot and the instant of the decision."""

    snapshot: Snapshot
    at: datetime


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came: what authentication reads of it, nothing of the framework."""

    request_id: str
    method: str
    url: str
    """The configured URL of the route, never derived from the request."""
    prefix: str
    """The network the request came from, for limits alone."""
    authorization: str | None
    proof: str | None
    content_type: str | None = None
    body: bytes = b""

    def __repr__(self) -> str:
        """Tokens and bodies do not print themselves."""
        return f"<Inbound {self.request_id}>"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of which export an answer is."""

    export: str
    n: int
    """From 1."""
    form: Form
    removed: tuple[str, ...] = ()
    """Whom the parts before it tell to remove; the last part tells it."""
    again: bool = False
    """Made before, and now for the same codes once more."""
    upto: str | None = None
    """The last code of a part that is made again; None: it is the last part, and has no upper end."""
    told: frozenset[str] = frozenset()
    """Whom a part that is made again ever told to remove: the last part may have said so by now."""

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Part {self.export}.{self.n}>"


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, for what, and the evidence of it: the result of authentication."""

    transfer: str
    coop: str
    partner: str
    client: str
    bound: Bound
    request: DataRequest | Denial
    """Well-formed claims of a verified request, or why there are none."""
    signed_with: str
    jws: bytes
    rqh: str
    """SHA-256 of the request as sent, base64url."""
    jkt: str
    replay: tuple[bytes, datetime]
    deadline: datetime
    mark: Mark | None = None
    """Where the walk stands that is asked to go on, for a page of it; None where members are named."""
    limit: int = 0
    """Members that one answer of a walk gives at most."""
    part: Part | None = None
    """Which part of an export the answer is; None where it stands alone."""

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Asking {self.transfer}>"


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """Records read under a permit, and what was asked of the source for them."""

    permit: Permit
    query: Query
    pages: tuple[Records, ...]
    """Of the source, one after another."""
    ordered: bool = True
    """Whether their codes ascend, as those of the walk so far."""
    before: Earlier | None = None
    """What an earlier walk gave of the same part of the population."""
    unchanged: bool = False
    """Whether all stands that the earlier walk was made on: then it need not be laid against."""
    removed: tuple[str, ...] = ()
    """Codes that the walk so far told to remove, where this may be its last answer; of a part, its order tells (Part)."""

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Fetched {len(self.pages)}>"


class Minimized(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what may leave, as JSON, and what the log will say of it."""

    permit: Permit
    at: datetime
    valid_until: datetime
    results: bytes
    """As JSON: an array of results, in the order asked or of the walk; of CSV, one string."""
    paging: dict[str, Any]
    standing: bytes
    """Where the walk stands after a page, and whom it removes, in plain: what a later try is compared with. Never kept."""
    fields: Mapping[str, Transform]
    asked: int
    not_available: int
    refused: int
    tags: tuple[bytes, ...]
    walked: Walked | None = None
    removed: int = 0
    """Removals told."""

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Minimized of {self.asked}>"


class Facts(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What must be known of a part of an export that lies ready, to hand it out or to make it again; kept sealed."""

    grant: str
    notice: str
    policy: str
    key: tuple[str, str]
    """Thumbprint and `kid` of the key that it is encrypted to."""
    valid_until: datetime
    fields: dict[str, Transform]
    asked: int
    released: int
    not_available: int
    refused: int
    removed: int
    subjects: tuple[Subject, ...]
    chunks: tuple[Chunk, ...]
    commitment: bytes
    walked: Walked | None
    start: Mark
    onward: Mark
    """Where the walk stands after it."""
    told: tuple[str, ...]
    """Whom it would have removed: the last part says so."""
    last: bool
    told_before: tuple[str, ...] = ()
    """Whom it would have removed as it was made earlier: the last part may have said so by then."""

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return "<Facts>"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A released answer: the sealed body and its receipt, and where its entry stands."""

    coop: str
    index: int
    body: bytes
    receipt: str
    allowance: Allowance | None = None
    media_type: Literal["application/jwt"] = "application/jwt"

    def __repr__(self) -> str:
        """What is sealed does not print itself."""
        return "<Answer>"
