"""Requests on partners on both databases: the rules in SQL are those of core/changes/partner_request.py, raced ones too."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, insert, update

from gateway.adapters.engine import engine_of, writing
from gateway.adapters.log.batch import ms
from gateway.adapters.partner_requests import StoredPartnerRequests
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.staff import PartnerRequestRow
from gateway.core.changes.partner_request import EVENTS, STATES, Event, PartnerRequest, refusal
from gateway.ports import Committed, Unavailable, Unchanged
from tests.adapters.acts import COOP, ORIGIN, PERSON_TABLE, ROLE_TABLE, Acts
from tests.clock import SettableClock
from tests.core.test_partner_request import ACTORS, NOW, ROLES, request

_request = metadata.tables[PartnerRequestRow.__tablename__]
STATEMENT: dict[Event, str] = {
    "ask": "request_asked",
    "approve": "request_approved",
    "refuse": "request_refused",
    "withdraw": "request_withdrawn",
}


class Desk(Acts):
    """Requests on partners, on which one act after another is tried."""

    kind = "partner"

    @property
    def requests(self) -> StoredPartnerRequests:
        return StoredPartnerRequests(self.engine, origin=ORIGIN)

    async def put(self, one: PartnerRequest) -> None:
        row = {name: getattr(one, name) for name in one.__struct_fields__ if name != "coop"}
        row |= {"keys": "[]", "asked": ms(one.asked), "decided": None if one.decided is None else ms(one.decided)}
        async with writing(self.engine) as db:
            await db.execute(insert(_request).values(origin=ORIGIN(COOP), **row))


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with Desk.opened(database_url, SettableClock(NOW), ACTORS, ROLES) as made:
        yield made


def values_of(one: PartnerRequest, by: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "partner": one.partner,
        "client": one.client,
        "keys": '[{"kid":"sig-1"}]',
        "answer": "{}",
        "by": by,
        "reason": one.reason,
        "said": "訳",
    }


async def test_sql_allows_what_the_rules_allow_and_nothing_else(desk: Desk):
    """Every state × event × actor; what is refused leaves neither a row changed nor an entry."""
    for nth, (state, event, by) in enumerate(product(STATES, EVENTS, ACTORS)):
        one = replace(request(state), id=f"q{nth}", client=f"client-{nth}")
        if event != "ask":
            await desk.put(one)
        allowed = refusal(event, one, by=by, at=NOW, roles=ROLES, reason="訳") is None
        before = await desk.entries()
        verdict = await desk.act(STATEMENT[event], **values_of(one, by))
        assert isinstance(verdict, Committed if allowed else Unchanged), (state, event, by, verdict)
        assert await desk.entries() == before + allowed
        stored = await desk.requests.get(COOP, one.id)
        if not allowed:
            assert stored is None if event == "ask" else stored is not None and stored.state == state


async def test_a_request_is_kept_as_it_was_asked_and_as_it_was_decided(desk: Desk):
    one = request()
    assert await desk.act("request_asked", **values_of(one, "operator")) == Committed(0)
    asked = replace(one, keys=({"kid": "sig-1"},), answer="{}", asker="operator")
    assert await desk.requests.get(COOP, "q1") == asked
    assert await desk.requests.all(COOP) == [asked]
    assert await desk.requests.all(COOP, partner="jccu") == []
    assert await desk.requests.get("coopdeli", "q1") is None
    desk.clock.advance(minutes=5)
    assert await desk.act("request_approved", id="q1", by="manager") == Committed(1)
    approved = replace(asked, state="approved", decider="manager", decided=desk.clock(), entry=1)
    assert await desk.requests.get(COOP, "q1") == approved
    again = values_of(replace(one, id="q2"), "admin")
    assert await desk.act("request_asked", **again) == Committed(2)
    assert await desk.act("request_withdrawn", id="q2", by="admin", said="要らなくなった") == Committed(3)
    withdrawn = await desk.requests.get(COOP, "q2")
    assert withdrawn is not None
    assert (withdrawn.state, withdrawn.decider, withdrawn.said) == ("withdrawn", "admin", "要らなくなった")
    assert withdrawn.entry is None
    assert [each.id for each in await desk.requests.all(COOP)] == ["q2", "q1"]


async def test_of_two_who_approve_at_once_one_does(desk: Desk):
    await desk.put(request())
    acts = [desk.act("request_approved", id="q1", by=by) for by in ("manager", "deputy") * 10]
    verdicts = await asyncio.gather(*acts)
    assert sum(isinstance(one, Committed) for one in verdicts) == 1
    assert await desk.entries() == 1


async def test_an_approval_and_a_withdrawal_at_once_are_never_both(desk: Desk):
    for nth in range(10):
        one = replace(request(), id=f"r{nth}")
        await desk.put(one)
        verdicts = await asyncio.gather(
            desk.act("request_approved", id=one.id, by="manager"),
            desk.act("request_withdrawn", id=one.id, by="asker", said="訳"),
            desk.act("request_refused", id=one.id, by="deputy", said="訳"),
        )
        assert sum(isinstance(each, Committed) for each in verdicts) == 1


async def test_of_two_who_ask_the_same_at_once_one_waits(desk: Desk):
    asked = [
        desk.act("request_asked", **values_of(replace(request(), id=f"a{nth}"), by))
        for nth, by in enumerate(("operator", "admin", "asker") * 4)
    ]
    assert sum(isinstance(one, Committed) for one in await asyncio.gather(*asked)) == 1
    assert len(await desk.requests.all(COOP)) == 1


async def test_whoever_left_or_whose_role_ended_approves_no_more(desk: Desk):
    await desk.put(request())
    this = (ROLE_TABLE.c.origin == ORIGIN(COOP)) & (ROLE_TABLE.c.person == "manager")
    async with writing(desk.engine) as db:
        await db.execute(update(ROLE_TABLE).where(this).values(ends=ms(NOW)))
        await db.execute(update(PERSON_TABLE).where(PERSON_TABLE.c.id == "deputy").values(active=False))
    for by in ("manager", "deputy"):
        assert isinstance(await desk.act("request_approved", id="q1", by=by), Unchanged)
    assert await desk.entries() == 0


async def test_what_one_person_may_do_before_anybody_has_a_role(desk: Desk):
    values = values_of(request(), "設定") | {"approver": None}
    assert isinstance(await desk.act("done_before_roles", **values), Unchanged)
    async with writing(desk.engine) as db:
        await db.execute(delete(ROLE_TABLE))
    assert await desk.act("done_before_roles", **values) == Committed(0)
    done = await desk.requests.get(COOP, "q1")
    assert done is not None
    assert (done.state, done.asker, done.decider, done.entry) == ("approved", "設定", None, 0)


async def test_a_database_that_fails_is_unavailable(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(Unavailable):
        await StoredPartnerRequests(engine, origin=ORIGIN).all(COOP)
    await engine.dispose()
