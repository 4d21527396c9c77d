"""What member events are taken in with, in one process."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.control_plane.office import InForce
from gateway.core.members.masters import Masters
from gateway.ports import Clock, CoopSecrets, Log, MemberEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDesk:
    """The stores that an import works on; assembled by app/, immutable."""

    log: Log
    events: MemberEvents
    in_force: InForce
    masters: Callable[[str], Masters]
    """Co-op → which side is master of which kind of event."""
    secrets: Callable[[str], CoopSecrets] = field(repr=False)
    clock: Clock
