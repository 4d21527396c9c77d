"""What is kept of an urgent provision (緊急提供), and how it stands; what may leave is said by the published version alone.

A dossier of the matter `emergency` and the agreement of the same id: the dossier says who asked, approved and looked at it
afterwards; the agreement, in a version published by two people, says what may leave until when. Should the two ever
differ, the version is what is in force, and so how an emergency stands is read from its proposal.
"""

from datetime import datetime
from typing import Final, Literal, Protocol, get_args

import msgspec

from gateway.core.bases import Basis
from gateway.core.changes.proposal import Proposal
from gateway.core.dossier import Dossier, Event

State = Literal["asked", "to_review", "refused", "withdrawn", "closed"]
STATES: tuple[State, ...] = get_args(State)
"""The dossier's state; `to_review` from the approval on, before anything is published."""

Standing = Literal["asked", "lapsed", "approved", "in_force", "to_review", "refused", "withdrawn", "closed"]
STANDINGS: Final[tuple[Standing, ...]] = get_args(Standing)
"""`lapsed`: its end passed before anybody approved it; `approved`: published by nobody yet."""

OPEN: Final[frozenset[Standing]] = frozenset({"asked", "approved", "in_force", "to_review"})
"""Somebody has something to do, or data may leave."""

Who = Literal["admin", "another", "third"]
"""Who may write a step: an admin; a signer who is neither author nor last editor; such a person of compliance."""


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """What is written in the dossier, sealed; the same facts stand in the agreement's file."""

    agreement: str
    proposal: str
    partner: str
    department: str
    basis: Basis
    purpose: str
    products: tuple[str, ...] = ()
    fields: tuple[str, ...]
    members: int
    """How many members may leave a day."""
    hours: int
    expires: datetime
    case: str | None = None
    evidence: tuple[tuple[str, str], ...]
    """Fact → what was said of it, in the order of the form."""
    reason: str
    calls_off: tuple[str, ...] = ()
    """Digests of the versions that were yet to begin when it was asked for: its publication takes their place."""
    approver: str | None = None
    approved: datetime | None = None
    approved_because: str = ""
    finding: str | None = None
    """What the third look found; empty: nothing to find fault with; None: nobody has looked yet."""
    looked: str = ""
    """What was looked at, as the third person says."""
    closed_by: str | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An emergency with its dossier and its proposal, as they stand."""

    dossier: Dossier
    said: Emergency
    proposal: Proposal | None
    standing: Standing


class Records(Protocol):
    """Where emergencies are kept; made by app/ of the dossiers, which stand in another room."""

    def new_id(self) -> str:
        """Return an id that is nobody's yet."""
        ...

    async def begin(self, coop: str, said: Emergency, *, by: str, reason: str) -> Dossier:
        """Open the dossier, in the state `asked`. Raises Refused, Unavailable."""
        ...

    async def step(
        self, dossier: Dossier, said: Emergency, *, event: Event, state: State, who: Who, by: str, reason: str
    ) -> Dossier:
        """Write the next revision. Raises Refused where somebody was faster or `by` may not; Unavailable."""
        ...

    def read(self, dossier: Dossier) -> Emergency:
        """Return what is written. Raises Unavailable."""
        ...

    async def get(self, coop: str, dossier: str) -> Dossier | None:
        """Return an emergency's dossier; None for none, or one of another matter. Raises Unavailable."""
        ...

    async def all(self, coop: str) -> list[Dossier]:
        """Return all of a co-op, the one asked for last first. Raises Unavailable."""
        ...


def standing(state: str, expires: datetime, proposal: Proposal | None, now: datetime) -> Standing:
    """Return how an emergency stands at an instant.

    INVARIANT: one whose version was published is never shown as over before a third person closed it, whichever way it
    was published, and whatever of the way was lost in a crash.
    """
    if state == "closed":
        return "closed"
    if proposal is not None and proposal.state == "published":
        return "in_force" if now < expires else "to_review"
    if proposal is None or proposal.state == "withdrawn":
        return "withdrawn"
    if state == "refused" or proposal.state == "draft":
        return "refused"
    if now >= expires:
        return "lapsed"
    return "approved" if proposal.state == "approved" else "asked"
