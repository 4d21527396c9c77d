"""担当者・権限: who may act for the co-op, in which role, from when to when, in whose place."""

from collections import defaultdict
from datetime import datetime
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.navigation import EVERYBODY
from gateway.console.pages import page
from gateway.console.visit import Visit, require
from gateway.core.days import Moment
from gateway.core.staff import ROLES, RoleHeld
from gateway.ports import Person

When = Literal["now", "later", "ended"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A person with their roles."""

    person: Person
    now: tuple[RoleHeld, ...]
    later: tuple[RoleHeld, ...]
    ended: tuple[RoleHeld, ...]


async def people(request: Request) -> Response:
    """Show everybody, those with a role first."""
    visit = require(request, *EVERYBODY)
    lines = lines_of(visit)
    return page(
        request,
        "people.html",
        acting=[line for line in lines if line.person.active and (line.now or line.later)],
        others=[line for line in lines if line.person.active and not (line.now or line.later)],
        left=[line for line in lines if not line.person.active],
    )


def lines_of(visit: Visit) -> list[Line]:
    """Return the people of the co-op with their roles as they stand now, by id."""
    sorted_roles: dict[str, dict[When, list[RoleHeld]]] = defaultdict(lambda: {"now": [], "later": [], "ended": []})
    for role in sorted(visit.roles, key=lambda one: (ROLES.index(one.role), one.department or "", one.id)):
        sorted_roles[role.person][_when(role, visit.now)].append(role)
    return [
        Line(person=one, **{when: tuple(roles) for when, roles in sorted_roles[one.id].items()})
        for one in sorted(visit.people.values(), key=lambda one: one.id)
    ]


def _when(role: RoleHeld, now: datetime) -> When:
    if Moment(now).within(role.span):
        return "now"
    return "later" if role.span.start is not None and role.span.start > now else "ended"
