"""訂正・停止等の通知: what partners must do with data that they hold."""

from collections.abc import Collection
from typing import Literal, Protocol

from gateway.core.follow_ups.follow_up import FollowUp, State

Course = Literal["restrictions", "retention"]
"""What follow-ups arise from by themselves: restrictions by the index of their entry, retention by the month (year × 12 + month - 1)."""

Place = tuple[int, str, str]
"""Where a follow-up stands in a list: its state's rank, its due day, its id."""


class FollowUps(Protocol):
    """The follow-ups of every co-op. They are opened and moved by entries of the log alone (`Submission.change`).

    Durability and concurrency: `go` is one transaction; of two processes that start at the same place one is let through.
    Every call raises Unavailable. Nobody retries.
    """

    async def get(self, coop: str, follow_up: str) -> FollowUp | None:
        """Return one follow-up as committed."""
        ...

    async def all(
        self,
        coop: str,
        *,
        partner: str | None = None,
        states: Collection[State] = (),
        after: Place | None = None,
        most: int | None = None,
    ) -> list[FollowUp]:
        """Return follow-ups, in any of these states if named: open ones first, each state by due day and id; after a place."""
        ...

    async def codes(self, coop: str, index: int) -> list[tuple[bytes, bytes]]:
        """Return (tag, sealed code) of the members that an entry names, by tag; without those that are erased."""
        ...

    async def restricted(self, coop: str) -> list[tuple[bytes, bytes]]:
        """Return (tag, sealed code) of all that any restriction was set for, each once; without those that are erased."""
        ...

    async def come(self, coop: str, course: Course) -> int | None:
        """Return how far a course has come, None before its first step."""
        ...

    async def go(self, coop: str, course: Course, *, first: int | None, last: int) -> bool:
        """Take a course from `first` on to `last`; False, with nothing written, where somebody was faster."""
        ...


def place_of(found: FollowUp) -> Place:
    """Return where a follow-up stands in a list."""
    return {"open": 0, "acknowledged": 1, "certified": 2}[found.state], found.due.isoformat(), found.id
