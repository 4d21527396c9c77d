"""What the third door works with, in one process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.core.follow_ups.follow_up import Rules
from gateway.core.members.masters import Masters
from gateway.core.state import Snapshot
from gateway.oversight.log.verification import Verifications
from gateway.ports import (
    Clock,
    CoopSecrets,
    Coverage,
    Deliveries,
    Dossiers,
    Erasable,
    FollowUps,
    HeldSets,
    KeptRequests,
    Log,
    LogSearch,
    MemberEvents,
    Publications,
    Reached,
    SavedViews,
    SideRows,
    Staff,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightDesk:
    """The stores that compliance works on; assembled by app/, immutable."""

    log: Log
    publications: Publications
    side_rows: SideRows
    reached: Reached
    held_sets: HeldSets
    erasable: Erasable
    dossiers: Dossiers
    follow_ups: FollowUps
    follow_up_rules: Callable[[str], Rules]
    """Co-op → what it chose for its follow-ups."""
    member_events: MemberEvents
    masters: Callable[[str], Masters]
    """Co-op → which side is master of which kind of member event."""
    saved_views: SavedViews
    kept_requests: KeptRequests
    search: LogSearch
    deliveries: Deliveries
    staff: Staff
    current: Callable[[str], Snapshot]
    """What is in force for a co-op, as this process knows it now."""
    origin: Callable[[str], str]
    """Co-op → the origin of its log."""
    secrets: Callable[[str], CoopSecrets] = field(repr=False)
    clock: Clock
    coverage: Coverage
    verifications: Verifications
    rights_fees: Mapping[str, int] = field(default_factory=dict)
    """Co-op → the fee in yen that it published for disclosure and notification of purposes."""
    fonts: Path | None = None
    """The folder with the fonts of documents (PDF); None: the usual folders."""
