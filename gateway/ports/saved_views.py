"""The views of the console that people keep."""

from datetime import datetime
from typing import Final, Protocol

import msgspec

MOST_VIEWS: Final = 100
"""Views that one person keeps at most."""


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A page as somebody narrowed it: its path below the co-op and its query, under a name of theirs."""

    id: str
    coop: str
    person: str
    name: str
    screen: str
    query: str
    shared: bool
    """Everybody of the co-op finds it, not its person alone."""
    made: datetime


class SavedViews(Protocol):
    """Views of every co-op; a query holds names and periods, never what concerns a member.

    Durability: what a call wrote is on stable storage when it returns. Atomicity: each call is one transaction.
    Concurrency: any number of callers and processes; no person ever has two views of one name. Every call raises
    Unavailable; nobody retries.
    """

    async def of(self, coop: str, person: str) -> list[SavedView]:
        """Return a person's own views and those that others share, by name."""
        ...

    async def keep(self, view: SavedView) -> bool:
        """Store a view; False, with nothing written, where its person has one of this name, or MOST_VIEWS."""
        ...

    async def drop(self, coop: str, view: str, *, person: str | None) -> bool:
        """Delete a view that is this person's; without a person, one that is shared. False where there is none such."""
        ...
