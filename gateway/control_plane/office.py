"""What the second door works with: the ports of every act of staff, in one process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.control_plane.changes.reach import Count
from gateway.control_plane.emergencies.record import Records
from gateway.control_plane.quotas.record import Dismiss
from gateway.core.changes.proposal import Proposal
from gateway.core.state import Snapshot
from gateway.ports import Checked, Clock, Log, Overruns, PartnerRequests, PolicyFiles, Proposals, Staff


class InForce(Protocol):
    """What governance has put in force, followed (data_plane/snapshots.py)."""

    def current(self, coop: str) -> Snapshot:
        """Return the snapshot as this process knows it now."""
        ...

    async def refresh(self, coop: str) -> None:
        """Read what governance has added. Raises Unavailable."""
        ...


Foresee = Callable[[Proposal, Checked, Snapshot], Awaitable[bytes]]
"""(a proposal, what its files say, what is in force) → the bytes of its preview (preview.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that the second door works with; assembled by app/."""

    log: Log
    proposals: Proposals
    staff: Staff
    partner_requests: PartnerRequests
    overruns: Overruns
    possession_key: Callable[[str], bytes] = field(repr=False)
    """Co-op → the key that challenges to partners are authenticated with (possession.py)."""
    policy_files: PolicyFiles
    in_force: InForce
    foresee: Foresee
    clock: Clock
    check_approver: Callable[[str, str], Awaitable[None]] | None = None
    """(co-op, person) → raises Refused for whom the co-op does not let approve, whatever their role; None: nobody is."""
    emergencies: Records | None = None
    """Where urgent provisions are kept; None: this process has no dossiers."""
    dismiss: Dismiss | None = None
    """Keeps why a limit is not raised; None: this process has no dossiers."""
    count: Count | None = None
    """Counts whom a proposal would reach; None where no member system can be asked from here."""


def last_version(snapshot: Snapshot) -> str | None:
    """Return the digest of the version published last, in force or not yet."""
    return snapshot.versions[-1].policy.digest if snapshot.versions else None
