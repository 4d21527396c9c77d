"""What passes from step to step of a transfer: the result of one is the only thing the next accepts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Transform
from gateway.core.request import Bound, DataRequest
from gateway.core.state import Snapshot
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
    """Where the walk that a page continues stands; None on its first page."""
    resync: bool = False
    """A delta was asked for that cannot be computed: the walk starts over, and its end says so."""

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Asking {self.transfer}>"


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """Records read under a permit, and what was asked of the source for them."""

    permit: Permit
    query: Query
    records: Records


class Minimized(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what may leave, as JSON, and what the log will say of it."""

    permit: Permit
    at: datetime
    valid_until: datetime
    results: bytes
    """The JSON array of results, in the order asked."""
    paging: dict[str, Any]
    fields: Mapping[str, Transform]
    asked: int
    not_available: int
    refused: int
    tags: tuple[bytes, ...]

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Minimized of {self.asked}>"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A released answer: the sealed body and its receipt, and where its entry stands."""

    coop: str
    index: int
    body: bytes
    receipt: str
    media_type: Literal["application/jwt"] = "application/jwt"

    def __repr__(self) -> str:
        """What is sealed does not print itself."""
        return "<Answer>"
