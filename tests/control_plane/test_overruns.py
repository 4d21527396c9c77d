"""Requests beyond a daily limit: counted once, met by a draft that two people carry, or left with a reason in the log."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.office import office_of
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.file_diff import changed_files
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.quotas import counting
from gateway.control_plane.quotas.acts import dismiss, propose
from gateway.control_plane.quotas.queue import find, queued, queued_of
from gateway.core.changes.proposal import Proposal
from gateway.core.days import Moment
from gateway.core.refused import Refused
from gateway.oversight.log import searching
from gateway.tlog.entries import Dossier
from tests.clock import SettableClock
from tests.console.acting_room import ELSEWHERE, HERE, employ, first_version
from tests.control_plane.beyond import DELIVERY, TROUBLE, count, refused_beyond
from tests.house import COOP, House, running_house

WHY = "商品事故の連絡先が一時的に増えるため"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(
        database_url, tmp_path, clock, published=False, demo=True, coops=(COOP,), keys=gateway_keys
    ) as made:
        yield made


@pytest.fixture
async def office(house: House) -> Office:
    made = office_of(house.settings, house.stores)
    await first_version(house, made, COOP)
    await employ(house, made, COOP, "sato", "佐藤", "admin", HERE)
    await employ(house, made, COOP, "kato", "加藤", "admin", HERE)
    await employ(house, made, COOP, "ito", "伊藤", "manager", HERE)
    await employ(house, made, COOP, "mori", "森", "admin", ELSEWHERE)
    return made


async def publish(office: Office, draft: Proposal) -> None:
    digest, _ = await steps.foreseen(office, draft)
    waiting = await steps.submit(office, draft, preview=digest, by="sato")
    await steps.publish(office, await steps.approve(office, waiting, preview=digest, by="ito"), by="sato")


async def limit(office: Office) -> int | None:
    found = find(office.in_force.current(COOP).policy_at(Moment(office.clock())), TROUBLE)
    assert found is not None
    return found[1].members_per_day


async def test_a_day_s_denials_of_a_client_are_one_row_however_often_and_by_whom_they_are_counted(
    house: House, office: Office
):
    stores = house.stores
    for over in (620, 540, 610):
        await refused_beyond(stores, over=over)
    await refused_beyond(stores, client="jccu-second", over=501)
    await searching.advance(stores.log, stores.search, COOP)
    snapshot = stores.snapshots.current(COOP)
    await asyncio.gather(*(counting.advance(stores.search, stores.overruns, snapshot) for _ in range(4)))
    first, second = await stores.overruns.all(COOP)
    assert (first.client, first.asked, first.requests, first.state) == ("jccu-demo", 620, 3, "open")
    assert (second.client, second.asked, second.requests) == ("jccu-second", 501, 1)
    [one] = await queued(office, COOP)
    assert (one.grant, one.most, one.asked, one.requests, one.wanted) == (TROUBLE, 500, 620, 4, 700)
    house.clock.advance(days=1)
    await refused_beyond(stores, over=630)
    await count(stores)
    assert [each.requests for each in await stores.overruns.all(COOP)] == [1, 3, 1]


async def test_what_is_counted_again_from_the_first_entry_is_the_same_and_keeps_what_was_decided(
    house: House, office: Office
):
    stores = house.stores
    await refused_beyond(stores)
    await count(stores)
    await dismiss(office, COOP, TROUBLE, reason="契約の範囲で足りるため", by="sato")
    house.clock.advance(days=1)
    await refused_beyond(stores, over=640)
    await count(stores)
    before = await stores.overruns.all(COOP)
    assert [one.state for one in before] == ["open", "dismissed"]
    await counting.rebuild(stores.search, stores.overruns, stores.snapshots.current(COOP))
    assert await stores.overruns.all(COOP) == before


async def test_a_draft_changes_that_limit_alone_and_two_people_put_it_in_force(house: House, office: Office):
    stores = house.stores
    await refused_beyond(stores)
    await count(stores)
    draft = await propose(office, COOP, TROUBLE, most="", reason=WHY, by="sato")
    base = last_version(office.in_force.current(COOP)) or ""
    was = await office.proposals.files_of_version(COOP, base)
    files = await office.proposals.files(COOP, draft.content)
    assert was is not None
    assert files is not None
    [diff] = changed_files(was, files).values()
    changed = [line for line in diff.split("\n")[3:] if line[:1] in {"+", "-"}]
    assert changed == ["-        limits: {members_per_day: 500}", "+        limits: {members_per_day: 700}"]
    [overrun] = await stores.overruns.all(COOP)
    assert (overrun.state, overrun.proposal, overrun.decider, overrun.said) == ("proposed", draft.id, "sato", WHY)
    assert await limit(office) == 500
    assert await stores.overruns.waiting(COOP) == {TROUBLE}
    await publish(office, draft)
    assert await limit(office) == 700
    assert [one.state for one in await stores.overruns.all(COOP)] == ["raised"]
    assert await stores.overruns.waiting(COOP) == frozenset()
    house.clock.advance(minutes=1)
    await refused_beyond(stores, over=900)
    await count(stores)
    one = await queued_of(office, COOP, TROUBLE)
    assert one is not None
    assert (one.state, one.most, one.wanted) == ("open", 700, 900)


async def test_a_draft_that_is_withdrawn_leaves_it_open_again(house: House, office: Office):
    await refused_beyond(house.stores)
    await count(house.stores)
    draft = await propose(office, COOP, TROUBLE, most="800", reason=WHY, by="sato")
    with pytest.raises(Refused) as second:
        await propose(office, COOP, TROUBLE, most="900", reason=WHY, by="kato")
    assert second.value.rule == "settled"
    await steps.withdraw(office, draft, reason="金額の確認", by="kato")
    assert [one.state for one in await house.stores.overruns.all(COOP)] == ["open"]
    again = await propose(office, COOP, TROUBLE, most="600", reason=WHY, by="kato")
    assert [one.proposal for one in await house.stores.overruns.all(COOP)] == [again.id]


async def test_of_two_who_decide_at_once_one_is_let_through(house: House, office: Office):
    await refused_beyond(house.stores)
    await count(house.stores)
    done = await asyncio.gather(
        propose(office, COOP, TROUBLE, most="800", reason=WHY, by="sato"),
        propose(office, COOP, TROUBLE, most="900", reason=WHY, by="kato"),
        dismiss(office, COOP, TROUBLE, reason=WHY, by="kato"),
        return_exceptions=True,
    )
    refused = [one for one in done if isinstance(one, BaseException)]
    assert [one.rule for one in refused if isinstance(one, Refused)] == ["settled", "settled"]
    drafts, dossiers = await office.proposals.all(COOP), await house.stores.dossiers.all(COOP, "quota")
    assert len([one for one in drafts if one.state == "draft"]) + len(dossiers) == 1


async def test_what_is_dismissed_is_in_the_log_with_its_reason(house: House, office: Office):
    await refused_beyond(house.stores)
    await count(house.stores)
    await dismiss(office, COOP, TROUBLE, reason="月末の一度だけのため", by="kato")
    entry = await house.last()
    assert isinstance(entry, Dossier)
    assert (entry.matter, entry.state, entry.partner, entry.by) == ("quota", "dismissed", "jccu", "kato")
    assert entry.reason == "月末の一度だけのため"
    [overrun] = await house.stores.overruns.all(COOP)
    assert (overrun.state, overrun.decider, overrun.said) == ("dismissed", "kato", "月末の一度だけのため")
    assert overrun.decided == house.clock().replace(microsecond=house.clock().microsecond // 1000 * 1000)
    await refused_beyond(house.stores, at=house.clock() + timedelta(minutes=5))
    await count(house.stores)
    assert await house.stores.overruns.waiting(COOP) == frozenset(), "it is decided for that day"


@pytest.mark.parametrize("by", ["ito", "mori", "nobody"])
async def test_an_admin_of_the_owning_department_decides_and_nobody_else(house: House, office: Office, by: str):
    await refused_beyond(house.stores)
    await count(house.stores)
    for act in (
        propose(office, COOP, TROUBLE, most="800", reason=WHY, by=by),
        dismiss(office, COOP, TROUBLE, reason=WHY, by=by),
    ):
        with pytest.raises(Refused) as refused:
            await act
        assert refused.value.rule == "department"
    assert [one.state for one in await house.stores.overruns.all(COOP)] == ["open"]


@pytest.mark.parametrize("most", ["500", "1", "0", "5001", "99999999999", "x", "1.5"])
async def test_a_limit_that_is_no_higher_or_beyond_the_agreement_is_refused(house: House, office: Office, most: str):
    await refused_beyond(house.stores)
    await count(house.stores)
    with pytest.raises(Refused) as refused:
        await propose(office, COOP, TROUBLE, most=most, reason=WHY, by="sato")
    assert refused.value.rule == "field"
    assert not [one for one in await office.proposals.all(COOP) if one.state == "draft"]


async def test_a_limit_that_is_the_agreement_s_own_is_not_raised_past_it(house: House, office: Office):
    await refused_beyond(house.stores, grant=DELIVERY, over=21_000, client="sunnet-demo")
    await count(house.stores)
    with pytest.raises(Refused) as refused:
        await propose(office, COOP, DELIVERY, most="", reason=WHY, by="sato")
    assert refused.value.rule == "field"
    assert "20,000" in refused.value.ja


async def test_a_reason_is_asked_for(house: House, office: Office):
    await refused_beyond(house.stores)
    await count(house.stores)
    for act in (
        propose(office, COOP, TROUBLE, most="800", reason="  ", by="sato"),
        dismiss(office, COOP, TROUBLE, reason=" ", by="sato"),
    ):
        with pytest.raises(Refused) as refused:
            await act
        assert refused.value.rule == "reason"
