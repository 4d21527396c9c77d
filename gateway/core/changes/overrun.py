"""A request beyond a grant's daily limit (上限超過の要求): what a partner asked for in vain, until somebody decides.

One row for each grant, client and JST day, counted from the denials of the log. It says how many members at most one
refused request would have received, never who.
"""

from datetime import date, datetime
from typing import Final, Literal, get_args

import msgspec

State = Literal["open", "proposed", "raised", "dismissed"]
STATES: Final[tuple[State, ...]] = get_args(State)
"""`proposed`: a draft that raises the limit is on its way; `raised`: it was published. One withdrawn leaves it `open`."""
WAITING: Final[frozenset[State]] = frozenset({"open", "proposed"})

REASON: Final = "over_quota"
"""The state of the denial's reason: `grant:<id>:over_quota`."""
STEP: Final = 100
"""A proposed limit is rounded up to so many members."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What denials add: requests of one client beyond one grant's limit, on one JST day."""

    grant: str
    client: str
    day: date
    asked: int
    """Members that one of the requests would have received, at most."""
    requests: int
    first: datetime
    last: datetime


class Overrun(Counted, frozen=True, kw_only=True):
    """The same as stored, and what became of it."""

    coop: str
    state: State = "open"
    proposal: str | None = None
    decider: str | None = None
    said: str = ""
    decided: datetime | None = None


def grant_of(reason: str) -> str | None:
    """Return the grant whose daily limit a denial's reason names; None for any other reason."""
    gate, _, rest = reason.partition(":")
    grant, _, state = rest.rpartition(":")
    return grant if gate == "grant" and state == REASON and grant else None


def enough(most: int, used: int, asked: int) -> int:
    """Return the limit, in whole hundreds, under which the largest refused request would have passed that day as well.

    `used` are the members that were released that day; the result is above `most`, the limit in force.
    """
    needed = max(used + asked, most + 1)
    return -(-needed // STEP) * STEP
