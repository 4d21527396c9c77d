"""Cases over real stores: received, checked, decided, closed; each step in the log, nobody's words in it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.app.oversight import oversight_of
from gateway.control_plane.people import people
from gateway.core.days import jst_day
from gateway.core.members.rights import Agent, Case, Decision, Identity
from gateway.core.refused import Refused
from gateway.oversight.desk import OversightDesk
from gateway.oversight.members import cases
from gateway.oversight.members.cases import Kept
from gateway.tlog.entries import Dossier
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

CODE = "00012345"
NAME, ASKED, WHY = "髙﨑 𠮷邊", "電話番号 0235-99-1234 を渡した先", "法33条2項2号に当たるため"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    fees: dict[str, Any] = {"rights_fees": {COOP: 300}, "keys": gateway_keys}
    async with running_house(database_url, tmp_path, clock, published=False, **fees) as running:
        for person, role in (("homu", "compliance"), ("kansa", "auditor")):
            said: dict[str, Any] = {
                "by": "homu" if person == "kansa" else "設定",
                "reason": "着任",
                "clock": running.clock,
            }
            log, staff = running.stores.log, running.stores.staff
            await people.add_person(log, staff, COOP, person, person, **said)
            await people.give_role(log, staff, COOP, person, role, department=None, **said)  # type: ignore[arg-type]
        yield running


def asked(desk: OversightDesk, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "kind": "disclose",
        "subject": "member",
        "member": CODE,
        "name": NAME,
        "asked": ASKED,
        "form": "pdf",
        "received": cases.today_of(desk) - timedelta(days=3),
        "office": "C-01",
        "channel": "delivery",
    }
    return Case(**{**values, **changes})


def confirmed(desk: OversightDesk) -> Identity:
    return Identity(method="card", result="confirmed", on=cases.today_of(desk))


async def entries_of(house: House) -> list[Dossier]:
    return [one for one in await house.entries() if isinstance(one, Dossier)]


@pytest.mark.clause("D-R1", "D-R2")
async def test_a_case_passes_from_its_receipt_to_its_end_and_the_log_says_which_steps(house: House):
    desk = oversight_of(house.settings, house.stores)
    kept = await cases.open_case(desk, COOP, asked(desk), by="homu")
    assert kept.dossier.due == kept.case.received + timedelta(days=14), "counted from the office's receipt"
    kept = await cases.identify(desk, kept, confirmed(desk), revision=1, by="homu")
    kept = await cases.charge(desk, kept, 300, revision=2, by="homu")
    refused = Decision(outcome="refused", reason=WHY, on=cases.today_of(desk))
    kept = await cases.decide(desk, kept, refused, revision=3, by="homu")
    kept = await cases.close(desk, kept, revision=4, by="homu")
    stored = await cases.case_of(desk, COOP, kept.id)
    assert stored == kept
    assert (kept.state, kept.case.fee, kept.case.closed) == ("closed", 300, jst_day(house.clock()))
    assert [(one.event, one.state, one.by) for one in await entries_of(house)] == [
        ("opened", "received", "homu"),
        ("changed", "identified", "homu"),
        ("changed", "identified", "homu"),
        ("decided", "decided", "homu"),
        ("closed", "closed", "homu"),
    ]
    [row] = await house.rows("SELECT * FROM dossier")
    everything = repr(row) + repr(kept) + repr(await house.stores.log.entries(COOP, 0, 100))
    for secret in (CODE, NAME, ASKED, "0235-99-1234", WHY):
        assert secret not in everything


async def test_what_the_rules_refuse_leaves_nothing(house: House):
    desk = oversight_of(house.settings, house.stores)
    kept = await cases.open_case(desk, COOP, asked(desk, kind="correct"), by="homu")
    before = await house.entries()
    lone = Agent(kind="appointed", name="代理 太郎")
    with pytest.raises(Refused, match="power of attorney"):
        await cases.open_case(desk, COOP, asked(desk, agent=lone), by="homu")
    with pytest.raises(Refused, match="alone"):
        await cases.charge(desk, kept, 300, revision=1, by="homu")
    with pytest.raises(Refused, match="identity check"):
        await cases.close(desk, kept, revision=1, by="homu")
    with pytest.raises(Refused, match="no role"):
        await cases.identify(desk, kept, confirmed(desk), revision=1, by="kansa")
    with pytest.raises(Refused, match="no role"):
        await cases.open_case(desk, COOP, asked(desk), by="kansa")
    assert await house.entries() == before


async def test_of_two_who_change_a_case_the_second_looks_again(house: House):
    desk = oversight_of(house.settings, house.stores)
    kept = await cases.open_case(desk, COOP, asked(desk), by="homu")
    await cases.identify(desk, kept, confirmed(desk), revision=1, by="homu")
    stored = await cases.case_of(desk, COOP, kept.id)
    assert stored is not None
    with pytest.raises(Refused, match="changed it first"):
        await cases.close(desk, stored, revision=1, by="homu")
    with pytest.raises(Refused, match="changed it first"):
        await cases.identify(desk, kept, confirmed(desk), revision=1, by="homu")


async def test_lists_are_by_due_day_and_a_member_has_their_open_ones(house: House, clock: SettableClock):
    desk = oversight_of(house.settings, house.stores)
    today = cases.today_of(desk)
    late = await cases.open_case(desk, COOP, asked(desk, received=today - timedelta(days=30)), by="homu")
    soon = await cases.open_case(desk, COOP, asked(desk, member="00099999"), by="homu")
    over = await cases.open_case(desk, COOP, asked(desk, kind="complain", subject="staff", member=None), by="homu")
    over = await cases.identify(
        desk, over, Identity(method="known", result="not_needed", on=today), revision=1, by="homu"
    )
    over = await cases.decide(desk, over, Decision(outcome="granted", reason="", on=today), revision=2, by="homu")
    over = await cases.close(desk, over, revision=3, by="homu")
    assert [one.id for one in await cases.all_cases(desk, COOP)] == [late.id, soon.id, over.id]
    assert [one.overdue(today) for one in await cases.all_cases(desk, COOP)] == [True, False, False]
    assert [one.id for one in await cases.of_member(desk, COOP, CODE)] == [late.id]
    clock.advance(days=15)
    assert soon.overdue(cases.today_of(desk))
    assert await cases.case_of(desk, COOP, "case-none") is None
    assert await cases.case_of(desk, "coopdeli", late.id) is None


async def test_a_co_op_without_a_published_fee_charges_none(house: House):
    desk = replace(oversight_of(house.settings, house.stores), rights_fees={})
    kept = await cases.open_case(desk, COOP, asked(desk), by="homu")
    with pytest.raises(Refused, match="GATEWAY_RIGHTS_FEES"):
        await cases.charge(desk, kept, 300, revision=1, by="homu")
    assert isinstance(await cases.case_of(desk, COOP, kept.id), Kept)
