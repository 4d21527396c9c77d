"""Acts on a partner that take two people: keys registered, a suspension ended. One asks, another approves, or nobody.

    event      from   to          who
    ask        -      open        an operator or an admin; not while the same is asked for already
    approve    open   approved    a manager who did not ask; what was asked for happens then
    refuse     open   refused     such a manager, with a reason
    withdraw   open   withdrawn   an operator or an admin, with a reason

`refusal` gives the first rule that an act breaks; the stores hold the same rules in SQL, in the transaction of the act's
entry (adapters/log/changes.py), and a test compares the two over every state, event and actor. A request never changes:
what was asked for is what is approved. Before anybody holds a role nothing is asked for: one person sets the gateway up.
Source: security-profile §3, §8.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, get_args

import msgspec

from gateway.core.plain_text import says
from gateway.core.staff import RoleHeld, held

Kind = Literal["keys", "resume"]
State = Literal["open", "approved", "refused", "withdrawn"]
Event = Literal["ask", "approve", "refuse", "withdraw"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)
EVENTS: tuple[Event, ...] = get_args(Event)

Rule = Literal["state", "role", "own", "reason", "waiting"]


class PartnerRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What one person asks for and another approves, as it stands."""

    id: str
    coop: str
    kind: Kind
    state: State = "open"
    partner: str
    client: str = ""
    """Whose keys; "" where the request is of the whole partner."""
    keys: tuple[dict[str, str], ...] = ()
    """The public JWKs to be registered, as the partner proved that it holds them."""
    answer: str = ""
    """What the partner proved it with, as it was handed in; its digest stands in the log."""
    asker: str
    reason: str
    asked: datetime
    decider: str | None = None
    """Who approved, refused or withdrew it."""
    said: str = ""
    """Why it was refused or withdrawn."""
    decided: datetime | None = None
    entry: int | None = None
    """Index of the entry that approved it."""


def refusal(
    event: Event,
    request: PartnerRequest,
    *,
    by: str,
    at: datetime,
    roles: Collection[RoleHeld],
    beside: Collection[PartnerRequest] = (),
    reason: str = "",
) -> Rule | None:
    """Return the first rule that an act of a person breaks, None where it breaks none.

    For `ask`, `request` is what would be asked for and `beside` are the others of the co-op; `reason` is what the person
    says, for every event but `approve`.
    """
    if event != "ask" and request.state != "open":
        return "state"
    if event in {"approve", "refuse"}:
        if not held(roles, by, "manager", at):
            return "role"
        if by == request.asker:
            return "own"
    elif not (held(roles, by, "operator", at) or held(roles, by, "admin", at)):
        return "role"
    if event != "approve" and not says(reason):
        return "reason"
    if event == "ask" and any(same(request, other) for other in beside if other.state == "open"):
        return "waiting"
    return None


def same(one: PartnerRequest, other: PartnerRequest) -> bool:
    """Tell whether two requests are for the same thing: only one of them waits at a time."""
    return (one.kind, one.partner, one.client) == (other.kind, other.partner, other.client)
