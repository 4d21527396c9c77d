"""What the core system told in the furnished house: a night's events, taken in."""

from typing import TYPE_CHECKING

from tests.control_plane.events_told import event, imported

if TYPE_CHECKING:
    from tests.console.furnished import Furnished


async def furnish_member_events(made: "Furnished") -> None:
    """Take in a stop, its lift, a withdrawal and a correction; 法務 does it."""
    events = (
        event("20261121-1", "00012406", "stop", "marketing_stop", partner="sunnet"),
        event("20261121-2", "00012406", "lift", "marketing_stop", partner="sunnet"),
        event("20261121-3", "00012467", "withdrawal", at="2026-11-21"),
        event("20261121-4", "00000202", "correction"),
    )
    await imported(made.house, events, by="homu", reason="基幹システムの夜間連携")
