"""The life of a change: amended, submitted with its preview, approved by another person, published; nothing else.

    event      from                   to          who
    amend      draft                  draft       an admin
               submitted, approved    draft       an admin; an approval is void from then on
    submit     draft                  submitted   its author or last editor
    approve    submitted              approved    a manager of the owning department, neither author nor last editor
    reject     submitted, approved    draft       such a manager
    withdraw   all but the last two   withdrawn   its author, or any admin of the department
    publish    approved               published   an admin or manager of the department
    (last two: withdrawn, published)

`refusal` gives the first rule that an act breaks; the stores hold the same rules in SQL, in the transaction of the
act's entry (adapters/log/changes.py), and a test compares the two over every state, event and actor.
Source: design.md §5, security-profile §8.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, get_args

import msgspec

from gateway.core.plain_text import says
from gateway.core.policy import Policy
from gateway.core.staff import RoleHeld, held

State = Literal["draft", "submitted", "approved", "withdrawn", "published"]
Event = Literal["amend", "submit", "approve", "reject", "withdraw", "publish"]
STATES: tuple[State, ...] = get_args(State)
EVENTS: tuple[Event, ...] = get_args(Event)

FROM: dict[Event, frozenset[State]] = {
    "amend": frozenset({"draft", "submitted", "approved"}),
    "submit": frozenset({"draft"}),
    "approve": frozenset({"submitted"}),
    "reject": frozenset({"submitted", "approved"}),
    "withdraw": frozenset({"draft", "submitted", "approved"}),
    "publish": frozenset({"approved"}),
}

Rule = Literal[
    "state", "role", "department", "own", "author", "base", "preview", "reason", "effective", "revision", "in_force"
]
"""What an act may break; the words for each are in both languages in the console's and the command line's catalogue."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed policy version of one co-op, as it stands."""

    id: str
    coop: str
    state: State = "draft"
    revision: int = 1
    """Raised by every act; an act names the one that it was decided on (optimistic locking)."""
    title: str
    department: str
    """The owning department, whose manager approves."""
    author: str
    editor: str
    """Who amended it last."""
    content: str
    """Lower-case hexadecimal SHA-256 over its files (ports/proposals.py)."""
    base: str | None
    """Digest of the published version that it changes; None before the first."""
    effective: datetime | None = None
    """When it is to come into force; None: when it is published."""
    reason: str
    preview: str | None = None
    """Digest of the preview that was made of this content on this base; submitted and approved with it."""
    approver: str | None = None
    created: datetime
    changed: datetime
    published: int | None = None
    """Index of the entry that published it."""


def refusal(
    event: Event,
    proposal: Proposal,
    *,
    by: str,
    at: datetime,
    roles: Collection[RoleHeld],
    base: str | None,
    preview: str | None = None,
    reason: str = "",
) -> Rule | None:
    """Return the first rule that an act of a person breaks, None where it breaks none.

    `base` is the digest of the version published last; `preview` the digest of the preview that the person saw, for
    `approve`; `reason` what they say, for `reject` and `withdraw`.
    """
    if proposal.state not in FROM[event]:
        return "state"
    role = _role_fault(event, proposal, by=by, at=at, roles=roles)
    if role is not None:
        return role
    if event in {"submit", "approve", "publish"} and proposal.base != base:
        return "base"
    if event in {"submit", "approve", "publish"} and proposal.preview is None:
        return "preview"
    if event == "approve" and preview != proposal.preview:
        return "preview"
    if event in {"reject", "withdraw"} and not says(reason):
        return "reason"
    if event in {"submit", "approve", "publish"} and proposal.effective is not None and proposal.effective < at:
        return "effective"
    return None


def partner_owners(old: Policy | None, new: Policy) -> dict[str, frozenset[str]]:
    """Return the partners that a version says otherwise, each with the departments that have an agreement with it.

    Any one of these may change what is said of the partner; of one without agreements, anybody may.
    """
    found = {}
    for name in old.partners.keys() | new.partners.keys() if old is not None else ():
        assert old is not None
        if old.partners.get(name) != new.partners.get(name):
            agreements = (*old.agreements.values(), *new.agreements.values())
            found[name] = frozenset(one.department for one in agreements if one.partner == name)
    return found


def owners(old: Policy | None, new: Policy) -> dict[str, frozenset[str]]:
    """Return the departments that own what changes: department → the agreements of it that a version says otherwise.

    An agreement that changes hands is of both. The first version has no owner before it: whoever may propose, proposes
    the whole of it. Notices, decisions and the catalogue are the co-op's, and any department's to propose.
    """
    if old is None:
        return {}
    found: dict[str, set[str]] = {}
    for name in old.agreements.keys() | new.agreements.keys():
        before, after = old.agreements.get(name), new.agreements.get(name)
        for one in (before, after) if before != after else ():
            if one is not None:
                found.setdefault(one.department, set()).add(name)
    return {department: frozenset(names) for department, names in found.items()}


def _role_fault(event: Event, proposal: Proposal, *, by: str, at: datetime, roles: Collection[RoleHeld]) -> Rule | None:
    admin, manager = held(roles, by, "admin", at), held(roles, by, "manager", at)
    admin_here = held(roles, by, "admin", at, department=proposal.department)
    manager_here = held(roles, by, "manager", at, department=proposal.department)
    match event:
        case "amend" | "submit" | "withdraw":
            if not admin:
                return "role"
            if not admin_here:
                return "department"
            if event == "submit" and by not in {proposal.author, proposal.editor}:
                return "author"
        case "approve" | "reject":
            if not manager:
                return "role"
            if not manager_here:
                return "department"
            if event == "approve" and by in {proposal.author, proposal.editor}:
                return "own"
        case "publish":
            if not (admin or manager):
                return "role"
            if not (admin_here or manager_here):
                return "department"
    return None
