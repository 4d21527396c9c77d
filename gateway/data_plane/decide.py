"""Step 2: partner × purpose × fields → Permit | Denial. Calls the core; no rule stands here."""

from gateway.core.decide import decide as decide_by_policy
from gateway.core.outcome import Denial, Permit
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Asking, Standing

MAX_DECISIONS = 10_000


def decide(desk: Desk, asking: Asking, standing: Standing) -> Permit | Denial:
    """Return the decision on a request as things stand; a decision that still stands is not made again."""
    request, snapshot = asking.request, standing.snapshot
    if isinstance(request, Denial):
        return request
    known = desk.decisions.get(asking.coop)
    if known is None or known[0] is not snapshot or len(known[1]) > MAX_DECISIONS:
        known = desk.decisions[asking.coop] = (snapshot, {})
    what = (
        asking.partner,
        asking.client,
        asking.signed_with,
        asking.bound,
        request.coop,
        request.purpose,
        request.agreement,
        request.product,
        request.case is None,
        request.fields,
    )
    since, decision = known[1].get(what, (None, None))
    until = decision.valid_until if decision else None
    if decision is None or since is None or until is None or not since <= standing.at < until:
        decision = decide_by_policy(
            request,
            asking.bound,
            partner=asking.partner,
            client=asking.client,
            signed_with=asking.signed_with,
            snapshot=snapshot,
            at=standing.at,
        )
        known[1][what] = (standing.at, decision)
    return decision
