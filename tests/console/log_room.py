"""What stands in the log of a room whose log pages are looked at: requests of every kind over some weeks, folded."""

from datetime import timedelta
from typing import Any

from gateway.oversight.log import searching
from gateway.ports import Committed, Submission
from gateway.tlog.entries import Counts, Denial, Release, encode
from gateway.tlog.merkle import leaf_hash
from tests.clock import NOON
from tests.console.acting_room import Room
from tests.control_plane.asking import denied, released
from tests.house import COOP

SUNNET: dict[str, Any] = {
    "partner": "sunnet",
    "agreement": "kyoritsusha-sunnet-01",
    "client": "sunnet-1",
    "product": None,
}
JCCU: dict[str, Any] = {"partner": "jccu", "agreement": "kyoritsusha-jccu-01", "client": "jccu-1", "purpose": "P12"}
REASON, OTHER_REASON = "grant:email:not_granted", "agreement:sunnet:inactive"


async def say(room: Room, *entries: Release | Denial) -> None:
    """Commit entries in their order, each to be found by its transfer."""
    for entry in entries:
        data = encode(entry)
        submission = Submission(
            entry=data, leaf=leaf_hash(data), kind=entry.kind, transfer=entry.transfer, time=room.house.clock()
        )
        assert isinstance(await room.house.stores.log.append(COOP, submission), Committed)


async def requests(room: Room) -> int:
    """Let partners have asked in the last weeks; return the index of the first of these entries."""
    first = len(await room.house.entries())
    policy = room.house.stores.snapshots.current(COOP).versions[-1].policy.digest
    for nth in range(40):
        at = NOON - timedelta(hours=18 * (39 - nth) + 1)
        if nth % 4 == 3:
            reason = REASON if nth % 8 == 3 else OTHER_REASON
            await say(room, denied(["name", "email"], reason, at=at, policy=policy, basis="joint_use", **SUNNET))
        elif nth % 4 == 2:
            await say(room, released({"name": "as_is"}, at=at, policy=policy, **JCCU))
        else:
            fields = {"name": "as_is", "phone": "phone_last4"}
            counts = Counts(asked=10 + nth, released=8, not_available=2 + nth)
            await say(room, released(fields, at=at, policy=policy, counts=counts, **SUNNET))
    await searching.advance(room.house.stores.log, room.house.stores.search, COOP)
    return first
