"""What the third door works with, in one process."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.core.state import Snapshot
from gateway.ports import (
    Clock,
    CoopSecrets,
    Dossiers,
    Erasable,
    HeldSets,
    Log,
    Publications,
    SideRows,
    Staff,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightDesk:
    """The stores that compliance works on; assembled by app/, immutable."""

    log: Log
    publications: Publications
    side_rows: SideRows
    held_sets: HeldSets
    erasable: Erasable
    dossiers: Dossiers
    staff: Staff
    current: Callable[[str], Snapshot]
    """What is in force for a co-op, as this process knows it now."""
    origin: Callable[[str], str]
    """Co-op → the origin of its log."""
    secrets: Callable[[str], CoopSecrets] = field(repr=False)
    clock: Clock
