"""The values that prove a step was taken; each is made in exactly one place.

Permit and Denial by core/decide.py, Sealed by data_plane/protect.py, Receipt by data_plane/record.py. Whoever holds a
Receipt holds a release whose entry is durable; nothing else may leave.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from gateway.core.bases import Basis
from gateway.core.identity import Chunk, Subject
from gateway.core.policy import Decision, Grant, Policy, Transform
from gateway.core.rows import RowPlan
from gateway.core.state import ClientKey, Restriction
from gateway.core.walk import Walked

Slug = Literal[
    "not-permitted", "malformed", "invalid-request-object", "unsupported-media-type", "unavailable", "internal"
]


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """The first three gates hold for this partner, purpose and these fields until `valid_until`."""

    coop: str
    partner: str
    purpose: str
    product: str | None
    agreement: str
    grant: Grant
    basis: Basis
    article: str
    notice: str
    policy: Policy
    gov: int
    fields: Mapping[str, Transform]
    """The asked fields in the order asked."""
    valid_until: datetime
    encryption: ClientKey
    rows: RowPlan
    members: "MemberRule"
    restrictions: Mapping[bytes, tuple[Restriction, ...]]
    """The gateway's own member restrictions in force, by tag."""


class MemberRule(msgspec.Struct, frozen=True, kw_only=True):
    """What gate 4 asks of each member under one permit, resolved once."""

    subjects: frozenset[str] | None
    programmes: frozenset[str] | None
    covering: frozenset[str]
    """Notice versions under which a member may have been acquired."""
    cohorts: tuple[Decision, ...]
    """Cohort decisions that cover further versions, for the members their selectors choose."""
    consent_for: frozenset[str]
    """Fields that need the member's own consent; with `consent_basis` every asked field."""
    consent_basis: bool
    stops: frozenset[str]
    """Restriction kinds that exclude a member under this basis and purpose."""


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is released, and why; the partner learns the slug alone."""

    slug: Slug
    reasons: tuple[str, ...]
    """Sorted `gate:subject:state`."""
    pointer: str | None = None
    gov: int | None = None
    """The governance index it was decided under; None where no policy was read."""
    valid_until: datetime | None = None
    policy: str | None = None
    notice: str | None = None
    basis: Basis | None = None


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A signed and encrypted answer, with all that its log entry says; not yet released."""

    permit: Permit
    transfer: str
    """Transfer id: the answer's `jti`."""
    at: datetime
    """When it was decided."""
    body: bytes
    """One compact JWE, ASCII."""
    body_hash: bytes
    content: bytes
    """What of the answer depends on policy and records, in plain: what a later try is compared with. Never kept."""
    fields: Mapping[str, Transform]
    """Fields released, the code of a page included."""
    valid_until: datetime
    asked: int
    released: int
    not_available: int
    refused: int
    subjects: tuple[Subject, ...]
    """The released members, in the order of the answer, up to 16 of them."""
    chunks: tuple[Chunk, ...]
    """The released members where there are more."""
    commitment: bytes
    walked: Walked | None = None
    """What the answer of a walk gave, to be kept with its entry."""
    removed: int = 0
    """Members that it says are to be removed."""

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Sealed {self.transfer}>"


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a grant's daily limit still holds, as the commit of a release left it."""

    most: int
    used: int
    resets: datetime
    """When it starts anew: the next midnight of Japan."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A durable log entry that allows a release, and its signed form for the partner."""

    transfer: str
    index: int
    jws: str
    allowance: Allowance | None = None
    """None where the grant has no daily limit, or the commit's outcome was only found out afterwards."""
