"""A transfer: the seven steps, in order. An export takes the same ones, some when it is ordered or made (exports/)."""

from gateway.core.outcome import Denial, Receipt, Sealed
from gateway.data_plane.authenticate import authenticate
from gateway.data_plane.budget import note_named
from gateway.data_plane.decide import decide
from gateway.data_plane.desk import Desk
from gateway.data_plane.fetch import fetch
from gateway.data_plane.minimize import minimize
from gateway.data_plane.passing import Answer, Fetched, Inbound
from gateway.data_plane.protect import protect
from gateway.data_plane.record import record
from gateway.data_plane.release import release
from gateway.ports import Bounced

ROUNDS = 4
"""The first try and three more after a bounce (transfer-log.md "Append" step 3)."""


async def transfer(desk: Desk, inbound: Inbound) -> Answer:
    """Answer one request of a partner system, or raise the Problem it is refused with.

    A request that bounces at the commit point is decided again under the state that is in force by then, on the records
    already fetched. A denial takes the same road to the log and skips what only a permit needs.
    """
    asking = authenticate(desk, inbound)
    fetched: Fetched | Denial | None = None
    sealed: Sealed | Denial | None = None
    outcome: Receipt | Denial | Bounced | None = None
    gov = -1
    for _ in range(ROUNDS):
        standing = await desk.standing(asking.coop, gov, deadline=asking.deadline)
        decision = decide(desk, asking, standing)
        fetched = await fetch(desk, asking, decision, fetched)
        minimized = minimize(desk, asking, fetched, standing)
        sealed = await protect(desk, asking, minimized, sealed)
        outcome = await record(desk, asking, sealed)
        if not isinstance(outcome, Bounced):
            break
        gov = outcome.gov
    answer = release(desk, asking, sealed, outcome)
    note_named(desk, asking, fetched, minimized)
    return answer
