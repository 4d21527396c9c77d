"""Who may act for a co-op: roles held over periods, each in a department where the role has one; nobody by default.

担当者 person, 役割 role, 部署 department, 代理承認者 deputy. Source: security-profile §8, domain.md D-07a.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, get_args

import msgspec

from gateway.core.days import Moment, Span

Role = Literal["admin", "manager", "compliance", "auditor", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)
OF_A_DEPARTMENT: frozenset[Role] = frozenset({"admin", "manager"})
"""Roles that are held in one department and count there alone."""


class RoleHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A role that one person holds, over a half-open span of instants."""

    id: str
    person: str
    role: Role
    department: str | None = None
    """Given for the roles of a department, and for no other."""
    span: Span
    deputy_for: str | None = None
    """The manager whom this person stands in for (代理承認者); then the span has an end."""


def held(roles: Iterable[RoleHeld], person: str, role: Role, at: datetime, *, department: str | None = None) -> bool:
    """Tell whether a person holds a role at an instant; with `department`, whether it counts there."""
    moment = Moment(at)
    return any(
        one.person == person
        and one.role == role
        and moment.within(one.span)
        and (department is None or one.department == department)
        for one in roles
    )
