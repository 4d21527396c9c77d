"""What an entry of the second door changes besides the log: the rules in SQL are those of core/changes/proposal.py."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select

from gateway.adapters.engine import reading, writing
from gateway.adapters.log.batch import ms
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.staff import ProposalRow
from gateway.core.changes.proposal import EVENTS, STATES, Event, Proposal, refusal
from gateway.ports import Bounced, Committed, Submission, Unchanged
from gateway.tlog.merkle import leaf_hash
from tests.adapters.acts import COOP, ORIGIN, Acts
from tests.clock import SettableClock
from tests.core.test_proposal import ACTORS, HERE, NOW, ROLES, proposal

_proposal = metadata.tables[ProposalRow.__tablename__]
STATEMENT: dict[Event, str] = {
    "amend": "proposal_amended",
    "submit": "proposal_submitted",
    "approve": "proposal_approved",
    "reject": "proposal_rejected",
    "withdraw": "proposal_withdrawn",
    "publish": "proposal_published",
}


class Desk(Acts):
    """Proposals, on which one act after another is tried."""

    kind = "proposal"
    gov = -1

    async def put(self, one: Proposal) -> None:
        row = {name: getattr(one, name) for name in one.__struct_fields__ if name != "coop"}
        for name in ("created", "changed", "effective"):
            row[name] = None if row[name] is None else ms(row[name])
        async with writing(self.engine) as db:
            await db.execute(insert(_proposal).values(origin=ORIGIN(COOP), **row))

    async def row(self, proposal_id: str = "p1") -> dict[str, object]:
        async with reading(self.engine) as db:
            found = await db.execute(select(_proposal).where(_proposal.c.id == proposal_id))
            return dict(found.one()._mapping)


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with Desk.opened(database_url, SettableClock(NOW), ACTORS, ROLES) as made:
        yield made


def values_of(one: Proposal, by: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "revision": one.revision,
        "content": one.content,
        "by": by,
        "preview": one.preview,
        "amended": "d" * 64,
        "base": one.base,
        "title": one.title,
        "effective": None,
        "reason": one.reason,
        "policy": "e" * 64,
    }


async def test_sql_allows_what_the_rules_allow_and_nothing_else(desk: Desk):
    """Every state × event × actor; what is refused leaves neither a row changed nor an entry."""
    for nth, (state, event, by) in enumerate(product(STATES, EVENTS, ACTORS)):
        one = replace(proposal(state), id=f"p{nth}")
        await desk.put(one)
        allowed = (
            refusal(event, one, by=by, at=NOW, roles=ROLES, base=one.base, preview=one.preview, reason="訳") is None
        )
        # Who submits is named by the row; the rest of what SQL cannot see (the base) is bound by `gov`.
        before = await desk.entries()
        verdict = await desk.act(STATEMENT[event], **values_of(one, by))
        assert isinstance(verdict, Committed if allowed else Unchanged), (state, event, by, verdict)
        assert await desk.entries() == before + allowed
        row = await desk.row(one.id)
        assert row["revision"] == one.revision + allowed
        if not allowed:
            assert row["state"] == state


async def test_each_step_leaves_the_row_as_the_next_one_needs_it(desk: Desk):
    begun = {"id": "n1", "title": "題", "department": HERE, "by": "author", "content": "c", "base": None,
             "effective": None, "reason": "訳"}  # fmt: skip
    assert await desk.act("proposal_begun", **begun) == Committed(0)
    assert isinstance(await desk.act("proposal_begun", **begun), Unchanged)
    step = {"id": "n1", "content": "c", "by": "author", "preview": "f"}
    assert await desk.act("proposal_submitted", revision=1, **step) == Committed(1)
    assert await desk.act("proposal_approved", revision=2, **step | {"by": "manager"}) == Committed(2)
    approved = await desk.row("n1")
    assert (approved["state"], approved["approver"], approved["preview"]) == ("approved", "manager", "f")
    amended = step | {"amended": "d", "base": None, "title": "題", "effective": None, "reason": "訳", "by": "admin"}
    assert await desk.act("proposal_amended", revision=3, **amended) == Committed(3)
    void = await desk.row("n1")
    assert (void["state"], void["approver"], void["preview"], void["editor"]) == ("draft", None, None, "admin")
    again = {"id": "n1", "content": "d", "preview": "g"}
    assert await desk.act("proposal_submitted", revision=4, by="admin", **again) == Committed(4)
    assert await desk.act("proposal_approved", revision=5, by="manager", **again) == Committed(5)
    published = {"revision": 6, "by": "manager", "policy": "e", **again}
    assert await desk.act("proposal_published", **published) == Committed(6)
    assert (await desk.row("n1"))["published"] == 6
    assert isinstance(await desk.act("proposal_published", **published | {"revision": 7}), Unchanged)


async def test_of_two_who_approve_at_once_one_does(desk: Desk):
    await desk.put(proposal("submitted"))
    one = proposal("submitted")
    verdicts = await asyncio.gather(
        *(desk.act("proposal_approved", **values_of(one, by)) for by in ("manager", "deputy") * 10)
    )
    assert sum(isinstance(one, Committed) for one in verdicts) == 1
    assert await desk.entries() == 1


async def test_an_approval_and_an_edit_at_once_never_leave_an_approved_edit(desk: Desk):
    for nth in range(10):
        one = replace(proposal("submitted"), id=f"r{nth}")
        await desk.put(one)
        await asyncio.gather(
            desk.act("proposal_approved", **values_of(one, "manager")),
            desk.act("proposal_amended", **values_of(one, "editor")),
        )
        row = await desk.row(one.id)
        assert (row["state"], row["content"]) in {("approved", "c" * 64), ("draft", "d" * 64)}


@pytest.mark.parametrize(
    "change",
    [
        {"preview": "another"},
        {"content": "another"},
        {"revision": 2},
        {"id": "p2"},
    ],
)
async def test_an_approval_of_something_else_changes_nothing(desk: Desk, change: dict[str, Any]):
    await desk.put(proposal("submitted"))
    assert isinstance(
        await desk.act("proposal_approved", **values_of(proposal("submitted"), "manager") | change), Unchanged
    )


async def test_whoever_left_or_whose_role_ended_acts_no_more(desk: Desk):
    await desk.put(proposal("submitted"))
    one = proposal("submitted")
    assert isinstance(await desk.act("role_ended", id="manager-manager", ends=ms(NOW)), Committed)
    assert isinstance(await desk.act("proposal_approved", **values_of(one, "manager")), Unchanged)
    assert isinstance(await desk.act("person_left", id="deputy"), Committed)
    assert isinstance(await desk.act("person_left", id="deputy"), Unchanged)
    assert isinstance(await desk.act("proposal_approved", **values_of(one, "deputy")), Unchanged)


async def test_an_act_on_governance_that_moved_bounces(desk: Desk):
    await desk.put(proposal("submitted"))
    assert await desk.act("proposal_approved", gov=7, **values_of(proposal("submitted"), "manager")) == Bounced(-1)
    assert (await desk.row())["state"] == "submitted"


async def test_people_and_roles(desk: Desk):
    assert isinstance(await desk.act("person_added", id="sato", name="佐藤"), Committed)
    assert isinstance(await desk.act("person_added", id="sato", name="佐藤"), Unchanged)
    given = {
        "id": "r1",
        "person": "sato",
        "role": "admin",
        "department": HERE,
        "starts": 1,
        "ends": None,
        "deputy_for": None,
    }
    assert isinstance(await desk.act("role_given", **given), Committed)
    assert isinstance(await desk.act("role_given", **given), Unchanged)
    assert isinstance(await desk.act("role_given", **given | {"id": "r2", "person": "nobody at all"}), Unchanged)
    assert isinstance(await desk.act("role_ended", id="r1", ends=5), Committed)
    assert isinstance(await desk.act("role_ended", id="r1", ends=6), Unchanged)


async def test_entries_of_transfers_are_committed_beside_acts(desk: Desk):
    """An act that changes nothing takes no other entry of its moment down with it."""
    await desk.put(proposal("submitted"))
    plain = [Submission(entry=b"%d" % n, leaf=leaf_hash(b"%d" % n), kind="denial", time=NOW) for n in range(20)]
    acts = [desk.act("proposal_approved", **values_of(proposal("draft"), "nobody")) for _ in range(5)]
    verdicts = await asyncio.gather(*(desk.log.append(COOP, one) for one in plain), *acts)
    assert [isinstance(one, Committed) for one in verdicts] == [True] * 20 + [False] * 5
    assert await desk.entries() == 20


async def test_of_two_who_end_each_others_role_an_approver_remains(desk: Desk):
    """Where somebody proposes, somebody approves; a deputy alone does not count."""
    held = {one.person: one.id for one in ROLES if one.role == "manager"}
    at_once = ("author", "editor", "manager")
    verdicts = await asyncio.gather(*(desk.act("role_ended", id=held[one], ends=ms(NOW)) for one in at_once))
    assert sum(isinstance(one, Committed) for one in verdicts) == 2
    assert isinstance(await desk.act("role_ended", id=held["deputy"], ends=ms(NOW)), Committed)
