"""Acts on a partner that take two people: every state, event and actor, and the first rule that each act breaks."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.core.changes.partner_request import EVENTS, STATES, Event, PartnerRequest, State, refusal, same
from gateway.core.days import Span
from gateway.core.staff import Role, RoleHeld

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ACTORS = (
    "asker",
    "operator",
    "admin",
    "manager",
    "deputy",
    "late deputy",
    "coming manager",
    "auditor",
    "nobody",
)
"""The asker is an admin and a manager too, as in a small co-op."""


def role(person: str, name: Role, *, days: tuple[int, int] = (-10, 10)) -> RoleHeld:
    first, last = (NOW + timedelta(days=day) for day in days)
    department = "宅配事業部" if name in {"admin", "manager"} else None
    return RoleHeld(
        id=f"{person}-{name}", person=person, role=name, department=department, span=Span(start=first, end=last)
    )


ROLES = [
    role("asker", "admin"),
    role("asker", "manager"),
    role("operator", "operator"),
    role("admin", "admin"),
    role("manager", "manager"),
    replace(role("deputy", "manager", days=(-1, 1)), deputy_for="manager"),
    replace(role("late deputy", "manager", days=(-9, 0)), deputy_for="manager"),
    role("coming manager", "manager", days=(1, 9)),
    role("auditor", "auditor"),
]
MAY: dict[Event, set[str]] = {
    "ask": {"asker", "operator", "admin"},
    "approve": {"manager", "deputy"},
    "refuse": {"manager", "deputy"},
    "withdraw": {"asker", "operator", "admin"},
}


def request(state: State = "open") -> PartnerRequest:
    return PartnerRequest(
        id="q1", coop="kyoritsusha", kind="keys", state=state, partner="sunnet", client="sunnet-demo", asker="asker",
        reason="鍵の交換", asked=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(("state", "event", "by"), list(product(STATES, EVENTS, ACTORS)))
def test_who_may_do_what(state: State, event: Event, by: str):
    fault = refusal(event, request(state), by=by, at=NOW, roles=ROLES, reason="訳")
    assert (fault is None) == (by in MAY[event] and (event == "ask" or state == "open"))


def test_the_rule_that_is_broken_is_named():
    one = request()
    said: dict[str, Any] = {"at": NOW, "roles": ROLES, "reason": "訳"}
    assert refusal("approve", request("approved"), by="nobody", **said) == "state"
    assert refusal("approve", one, by="admin", **said) == "role"
    assert refusal("approve", one, by="asker", **said) == "own"
    assert refusal("refuse", one, by="asker", **said) == "own"
    assert refusal("withdraw", one, by="manager", **said) == "role"
    assert refusal("approve", one, by="manager", at=NOW, roles=ROLES) is None
    who: tuple[tuple[Event, str], ...] = (("ask", "operator"), ("refuse", "manager"), ("withdraw", "admin"))
    for event, by in who:
        assert refusal(event, one, by=by, at=NOW, roles=ROLES, reason=" \n") == "reason"


def test_the_same_is_asked_for_once_at_a_time():
    said: dict[str, Any] = {"by": "operator", "at": NOW, "roles": ROLES, "reason": "訳"}
    other = replace(request(), id="q2")
    assert refusal("ask", request(), beside=[other], **said) == "waiting"
    changes: tuple[dict[str, Any], ...] = (
        {"state": "withdrawn"},
        {"client": "sunnet-2"},
        {"partner": "jccu"},
        {"kind": "resume"},
    )
    for change in changes:
        assert refusal("ask", request(), beside=[replace(other, **change)], **said) is None
    assert same(request(), other)
