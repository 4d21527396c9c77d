"""The life of a change: every state, event and actor, and the first rule that each act breaks."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from gateway.core.changes.proposal import EVENTS, STATES, Event, Proposal, State, refusal
from gateway.core.days import Span
from gateway.core.staff import Role, RoleHeld

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HERE, ELSEWHERE = "宅配事業部", "共済部"
ACTORS = ("author", "editor", "admin", "other admin", "manager", "other manager", "deputy", "late deputy", "nobody")
"""The author and the editor are admins and managers too, as in a small co-op."""


def role(person: str, name: Role, department: str | None = HERE, *, days: tuple[int, int] = (-10, 10)) -> RoleHeld:
    first, last = (NOW + timedelta(days=day) for day in days)
    return RoleHeld(
        id=f"{person}-{name}", person=person, role=name, department=department, span=Span(start=first, end=last)
    )


ROLES = [
    *(role(person, name) for person in ("author", "editor") for name in ("admin", "manager")),
    role("admin", "admin"),
    role("other admin", "admin", ELSEWHERE),
    role("manager", "manager"),
    role("other manager", "manager", ELSEWHERE),
    replace(role("deputy", "manager", days=(-1, 1)), deputy_for="manager"),
    replace(role("late deputy", "manager", days=(-9, 0)), deputy_for="manager"),
]

LEAVES: dict[State, set[Event]] = {
    "draft": {"amend", "submit", "withdraw"},
    "submitted": {"amend", "approve", "reject", "withdraw"},
    "approved": {"amend", "reject", "withdraw", "publish"},
    "withdrawn": set(),
    "published": set(),
}
ADMINS, MANAGERS = {"author", "editor", "admin"}, {"author", "editor", "manager", "deputy"}
MAY: dict[Event, set[str]] = {
    "amend": ADMINS,
    "submit": {"author", "editor"},
    "approve": {"manager", "deputy"},
    "reject": MANAGERS,
    "withdraw": ADMINS,
    "publish": ADMINS | MANAGERS,
}


def proposal(state: State) -> Proposal:
    return Proposal(
        id="p1", coop="kyoritsusha", state=state, revision=3, title="配達先の追加", department=HERE, author="author",
        editor="editor", content="c" * 64, base="b" * 64, reason="試験", preview="f" * 64, created=NOW, changed=NOW,
    )  # fmt: skip


def act(event: Event, on: Proposal, by: str, **changes: object) -> str | None:
    values = {"at": NOW, "roles": ROLES, "base": on.base, "preview": on.preview, "reason": "訳"} | changes
    return refusal(event, on, by=by, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "event", "by"), [*product(STATES, EVENTS, ACTORS)])
def test_every_state_event_and_actor(state: State, event: Event, by: str):
    found = act(event, proposal(state), by)
    if event not in LEAVES[state]:
        assert found == "state"
    elif by in MAY[event]:
        assert found is None
    else:
        assert found in {"role", "department", "own", "author"}


@pytest.mark.parametrize(
    ("event", "state", "by", "rule"),
    [
        ("approve", "submitted", "author", "own"),
        ("approve", "submitted", "editor", "own"),
        ("approve", "submitted", "other manager", "department"),
        ("approve", "submitted", "late deputy", "role"),
        ("approve", "submitted", "admin", "role"),
        ("submit", "draft", "admin", "author"),
        ("submit", "draft", "other admin", "department"),
        ("publish", "approved", "nobody", "role"),
    ],
)
def test_the_rule_is_the_one_that_teaches(event: Event, state: State, by: str, rule: str):
    assert act(event, proposal(state), by) == rule


@pytest.mark.parametrize(
    ("event", "state", "by"),
    [("submit", "draft", "author"), ("approve", "submitted", "manager"), ("publish", "approved", "admin")],
)
def test_what_was_decided_on_another_version_goes_no_further(event: Event, state: State, by: str):
    assert act(event, proposal(state), by, base="another") == "base"
    assert act(event, proposal(state), by, base=None) == "base"


def test_an_approval_names_the_preview_that_was_submitted():
    assert act("approve", proposal("submitted"), "manager", preview="another") == "preview"
    assert act("approve", proposal("submitted"), "manager", preview=None) == "preview"
    assert act("submit", replace(proposal("draft"), preview=None), "author") == "preview"


@pytest.mark.parametrize(("event", "state"), [("submit", "draft"), ("approve", "submitted"), ("publish", "approved")])
def test_an_effective_time_that_has_passed_is_refused_at_every_step(event: Event, state: State):
    by = next(iter(MAY[event] - {"author"} or MAY[event]))
    passed = replace(proposal(state), effective=NOW - timedelta(seconds=1))
    assert act(event, passed, by) == "effective"
    assert act(event, replace(passed, effective=NOW), by) is None


@pytest.mark.parametrize(("event", "by"), [("reject", "manager"), ("withdraw", "admin")])
def test_what_is_turned_down_is_turned_down_with_a_reason(event: Event, by: str):
    assert act(event, proposal("submitted"), by, reason=" ") == "reason"
