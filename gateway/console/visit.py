"""Who reads a page: a signed-in person of one co-op, with the roles they hold at this instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from starlette.requests import Request

from gateway.console.desk import StaffDesk
from gateway.console.flash import Flash
from gateway.console.forms import Form
from gateway.console.language import Texts
from gateway.console.refusal import Refusal
from gateway.core.days import Moment
from gateway.core.policy import Policy
from gateway.core.staff import ROLES, Role, RoleHeld, held
from gateway.ports import Person, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a signed-in person; gate.py alone makes it."""

    desk: StaffDesk
    texts: Texts
    coop: str
    person: Person
    people: Mapping[str, Person]
    """Everybody of the co-op, by id."""
    roles: tuple[RoleHeld, ...]
    """Every role that anybody of the co-op ever held, as read for this request."""
    session: Session = field(repr=False)
    form: Form = field(repr=False)
    flash: Flash | None = None

    @property
    def now(self) -> datetime:
        """This instant."""
        return self.desk.clock()

    def holds(self, role: Role, *, department: str | None = None) -> bool:
        """Tell whether the person holds a role now; with `department`, whether it counts there."""
        return held(self.roles, self.person.id, role, self.now, department=department)

    def name_of(self, person: str | None) -> str:
        """Return what somebody of the co-op is called; the id of whoever is not known here, nothing for nobody."""
        return "" if person is None else self.people[person].name if person in self.people else person

    @property
    def policy(self) -> Policy | None:
        """The version in force."""
        return self.desk.current(self.coop).policy_at(Moment(self.now))

    @property
    def partner_names(self) -> dict[str, str]:
        """The partners of the version in force by id."""
        policy = self.policy
        return {} if policy is None else {one.id: one.name for one in policy.partners.values()}

    @property
    def field_names(self) -> dict[str, str]:
        """The fields of the version in force by id, in the reader's language."""
        policy, at = self.policy, int(self.texts.language != "ja")
        return {} if policy is None else {one.id: (one.ja, one.en)[at] for one in policy.fields.values()}

    @property
    def roles_now(self) -> tuple[Role, ...]:
        """The roles that the person holds now."""
        return tuple(role for role in ROLES if self.holds(role))


def visit_of(request: Request) -> Visit | None:
    """Return who reads, None for whoever has not signed in."""
    return cast("Visit | None", getattr(request.state, "visit", None))


def require(request: Request, *roles: Role) -> Visit:
    """Return who reads if they hold one of the roles at this instant (none named: any role). Raises Refusal 403."""
    visit = visit_of(request)
    if visit is None:
        raise Refusal(403)
    if not set(visit.roles_now) & set(roles or ROLES):
        raise Refusal(403, "refused.role" if visit.roles_now else "refused.no_role")
    return visit
