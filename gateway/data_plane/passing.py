"""What passes from step to step of a transfer: the result of one is the only thing the next accepts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Transform
from gateway.core.request import Bound, DataRequest
from gateway.core.state import Snapshot
from gateway.data_plane.cursors import Mark
from gateway.ports import Query, Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is in force for one try at a request: a snapshot and the instant of the decision."""

    snapshot: Snapshot
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
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
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks, for what, and the evidence of it: the result of authentication."""

    transfer: str
    coop: str
    partner: str
    client: str
    bound: Bound
    request: DataRequest | Denial
    """Well-formed claims of a verified request, or why there are none."""
    signed_with: str
    jws: bytes = field(repr=False)
    rqh: bytes
    jkt: str
    replay: tuple[bytes, datetime]
    deadline: datetime
    mark: Mark | None = None
    """Where the walk that a page continues stands; None on its first page."""
    resync: bool = False
    """A delta was asked for that cannot be computed: the walk starts over, and its end says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Records read under a permit, and what was asked of the source for them."""

    permit: Permit
    query: Query
    records: Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimized:
    """Exactly what may leave, as JSON, and what the log will say of it."""

    permit: Permit
    at: datetime
    valid_until: datetime
    results: bytes = field(repr=False)
    """The JSON array of results, in the order asked."""
    paging: dict[str, Any] = field(repr=False)
    fields: Mapping[str, Transform]
    asked: int
    not_available: int
    refused: int
    tags: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A released answer: the sealed body and its receipt."""

    body: bytes = field(repr=False)
    receipt: str
    media_type: Literal["application/jwt"] = "application/jwt"
