"""Follow-ups over real stores: what arises of itself, once however often it is looked for; what compliance enters; answers."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.app.keys import checkpoint_signers
from gateway.app.oversight import oversight_of
from gateway.control_plane.people import people
from gateway.control_plane.restrict import lift
from gateway.core.days import jst_day
from gateway.core.follow_ups.follow_up import FollowUp
from gateway.core.identity import member_tag
from gateway.core.refused import Refused
from gateway.demo.people import make_members
from gateway.oversight.desk import OversightDesk
from gateway.oversight.follow_ups import arising, told
from gateway.oversight.follow_ups.asked import answered_on_paper, tell_partners
from gateway.oversight.log.retention import erase_member
from gateway.ports import Unavailable, place_of
from gateway.settings import FollowUpSettings
from gateway.tlog import entries
from tests.clock import SettableClock
from tests.house import COOP, MEMBERS, House, members_table, replica, running_house
from tests.tlog.exported_log import check_folder

MEMBER, ANOTHER = "00000101", "00012406"
SUNNET, JCCU = "kyoritsusha-sunnet-01", "kyoritsusha-jccu-01"
BLOCKING = {COOP: FollowUpSettings(blocking={SUNNET: 0})}


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(
        database_url, tmp_path, clock, keys=gateway_keys, coops=(COOP,), follow_ups=BLOCKING
    ) as running:
        yield running


async def held_by_two(house: House) -> OversightDesk:
    """Let two partners have pulled the member, one of them another one too."""
    sunnet = await house.partner("sunnet", SUNNET)
    jccu = await house.partner("jccu", JCCU)
    await sunnet.pull("P4", ["name"], [MEMBER, ANOTHER])
    await jccu.pull("P5", ["sex"], [MEMBER])
    return oversight_of(house.settings, house.stores)


async def said(house: House, kind: type[Any]) -> list[Any]:
    return [one for one in await house.entries() if isinstance(one, kind)]


async def test_a_stop_leads_to_one_follow_up_for_each_partner_that_holds_the_member(house: House):
    desk = await held_by_two(house)
    stop = await house.stop(MEMBER)
    await arising.arise(desk, [COOP])
    await arising.arise(desk, [COOP])
    found = {one.partner: one for one in await desk.follow_ups.all(COOP)}
    assert found.keys() == {"sunnet", "jccu"}
    assert len(await said(house, entries.FollowUp)) == 2
    sunnet = found["sunnet"]
    assert (sunnet.agreement, sunnet.source, sunnet.duty, sunnet.state, sunnet.members) == (
        SUNNET,
        stop,
        "stop_using",
        "open",
        1,
    )
    assert (sunnet.due, sunnet.blocks) == (date(2026, 11, 29), date(2026, 11, 30))
    assert found["jccu"].blocks is None
    assert [await told.codes_of(desk, one) for one in found.values()] == [[MEMBER], [MEMBER]]


async def test_whoever_begins_again_after_a_crash_opens_nothing_twice_and_leaves_nothing_out(house: House):
    desk = await held_by_two(house)
    await house.stop(MEMBER)

    class Cut:
        """The log, which is lost after the first follow-up."""

        left = 1

        def __getattr__(self, name: str) -> Any:
            return getattr(house.stores.log, name)

        async def append(self, coop: str, submission: Any) -> Any:
            if not self.left:
                raise Unavailable("killed")
            self.left -= 1
            return await house.stores.log.append(coop, submission)

    cut: Any = Cut()
    with pytest.raises(Unavailable):
        await arising.arise(dataclasses.replace(desk, log=cut), [COOP])
    assert len(await desk.follow_ups.all(COOP)) == 1
    await arising.arise(desk, [COOP])
    await desk.follow_ups.go(COOP, "restrictions", first=await desk.follow_ups.come(COOP, "restrictions"), last=0)
    await arising.arise(desk, [COOP])
    assert len(await said(house, entries.FollowUp)) == 2


async def test_two_processes_at_once_open_each_follow_up_once(house: House):
    desk = await held_by_two(house)
    for code in (MEMBER, ANOTHER):
        await house.stop(code)
    async with replica(house.settings, house.clock) as second:
        other = oversight_of(second.settings, second.stores)
        await asyncio.gather(*(arising.arise(one, [COOP]) for one in (desk, other, desk)), return_exceptions=True)
    await arising.arise(desk, [COOP])
    assert len(await desk.follow_ups.all(COOP)) == len(await said(house, entries.FollowUp)) == 3


async def test_a_stop_towards_another_partner_or_lifted_at_once_tells_nobody(house: House):
    desk = await held_by_two(house)
    words: dict[str, Any] = {"purpose": None, "by": "相談", "reason": "申出", "clock": house.clock}
    words |= {"secrets": house.stores.keys.coop_secrets(COOP), "kind": "stop_use"}
    await house.stop(MEMBER, kind="stop_use")
    await lift(house.stores.log, COOP, [MEMBER], partner=None, **words)
    await house.stop(ANOTHER, kind="marketing_stop")
    await arising.arise(desk, [COOP])
    assert await desk.follow_ups.all(COOP) == []


async def test_a_partner_that_never_saw_the_code_is_told_its_own_identifier(house: House):
    jccu = await house.partner("jccu", JCCU)
    answer = await jccu.pull("P5", ["member_code", "sex"], page={"limit": 300})
    known = answer.claims["results"][0]["member"]
    desk = oversight_of(house.settings, house.stores)
    await house.stop(*(str(one["member_code"]) for one in make_members(MEMBERS, today=jst_day(house.clock()))))
    await arising.arise(desk, [COOP])
    [made] = await desk.follow_ups.all(COOP)
    names = await told.codes_of(desk, made)
    assert known in names
    assert len(names) == made.members == len(answer.claims["results"])
    assert all(len(name) == 22 for name in names)


async def employ(house: House, person: str, role: Any) -> None:
    by = "homu" if await house.stores.staff.people(COOP) else "設定"
    words: dict[str, Any] = {"by": by, "reason": "試験", "clock": house.clock}
    await people.add_person(house.stores.log, house.stores.staff, COOP, person, person, **words)
    await people.give_role(house.stores.log, house.stores.staff, COOP, person, role, department=None, **words)


@pytest.mark.clause("D-04a")
async def test_compliance_tells_of_a_correction_and_nobody_else(house: House):
    desk = await held_by_two(house)
    await employ(house, "homu", "compliance")
    await employ(house, "kansa", "auditor")
    words: dict[str, Any] = {"asked": "correction", "partner": None, "purpose": None, "reason": "住所の訂正"}
    with pytest.raises(Refused, match="no role"):
        await tell_partners(desk, COOP, [ANOTHER], by="kansa", **words)
    [made] = await tell_partners(desk, COOP, [ANOTHER], by="homu", **words)
    assert (made.partner, made.duty, made.cause, made.due) == ("sunnet", "correct", "correction", date(2026, 12, 6))
    assert await tell_partners(desk, COOP, ["99999999"], by="homu", **words) == []


async def test_a_certificate_on_paper_ends_what_it_is_for_once(house: House, tmp_path: Path):
    desk = await held_by_two(house)
    await employ(house, "homu", "compliance")
    [made] = await tell_partners(
        desk, COOP, [ANOTHER], asked="erasure", partner="sunnet", purpose=None, by="homu", reason="消去の請求"
    )
    paper: dict[str, Any] = {"text": "2026-11-25付 消去証明書(押印)", "by": "homu", "reason": "郵送で受領"}
    gov = (await house.stores.log.head(COOP)).gov
    await answered_on_paper(desk, made, "acknowledged", **paper)
    acknowledged = await stored(desk, made)
    assert (acknowledged.met, (await house.stores.log.head(COOP)).gov) == (False, gov)
    await answered_on_paper(desk, made, "certified", **paper)
    certified = await stored(desk, made)
    assert (certified.met, certified.answered_by) == (True, "homu")
    assert told.answer_of(desk, certified) == paper["text"]
    with pytest.raises(Refused, match="answered already"):
        await answered_on_paper(desk, made, "certified", **paper)
    first, second = await said(house, entries.Ack)
    assert (first.event, first.gov, second.event) == ("acknowledged", None, "certified")
    assert second.gov is not None
    report = check_folder(*await exported(house, tmp_path))
    assert report.ok, report.finding


async def stored(desk: OversightDesk, made: FollowUp) -> FollowUp:
    found = await desk.follow_ups.get(COOP, made.id)
    assert found is not None
    return found


async def exported(house: House, tmp_path: Path) -> Any:
    await house.export(tmp_path / "log")
    signer = checkpoint_signers(house.settings, house.stores.keys)[COOP]
    return tmp_path / "log", signer.key


async def test_retention_that_passed_makes_one_notice_for_a_partner_an_agreement_and_a_month(house: House):
    desk = await held_by_two(house)  # P4 is kept for 90 days, until 2027-02-20; P5 for 60, until 2027-01-21
    house.clock.now += timedelta(days=69)  # 2027-01-30
    await arising.arise(desk, [COOP])
    assert await desk.follow_ups.all(COOP) == []
    house.clock.now += timedelta(days=3)
    for _ in range(2):
        await arising.arise(desk, [COOP])
    [jccu] = await desk.follow_ups.all(COOP)
    assert (jccu.partner, jccu.cause, jccu.duty, jccu.period, jccu.members) == (
        "jccu",
        "retention",
        "delete",
        "2027-01",
        1,
    )
    assert await told.codes_of(desk, jccu) == []
    house.partners["sunnet"].tokens.clear()
    house.sources[COOP].table = members_table(house.clock)
    await house.partners["sunnet"].pull("P4", ["name"], [MEMBER])
    house.clock.now += timedelta(days=40)
    await arising.arise(desk, [COOP])
    [sunnet] = await desk.follow_ups.all(COOP, partner="sunnet")
    assert (sunnet.period, sunnet.members) == ("2027-02", 1)  # the other was provided again


async def test_an_agreement_that_ended_makes_one_notice_about_all_that_is_held(house: House):
    desk = await held_by_two(house)
    house.clock.now += timedelta(days=150)  # the term of both ended on 2027-03-31
    for _ in range(2):
        await arising.arise(desk, [COOP])
    found = await desk.follow_ups.all(COOP)
    assert [
        (one.partner, one.cause, one.period, one.members, one.blocks)
        for one in sorted(found, key=lambda one: one.partner)
    ] == [
        ("jccu", "ended", "2027-03-31", 1, None),
        ("sunnet", "ended", "2027-03-31", 2, None),
    ]


async def test_open_ones_come_first_and_a_list_goes_on_where_it_was(house: House):
    desk = await held_by_two(house)
    for code in (MEMBER, ANOTHER):
        await house.stop(code)
    await arising.arise(desk, [COOP])
    whole = await desk.follow_ups.all(COOP)
    await answered_on_paper(desk, whole[0], "acknowledged", text="受領書", by="homu", reason="受領")
    whole = await desk.follow_ups.all(COOP)
    assert [one.state for one in whole] == ["open", "open", "acknowledged"]
    first = await desk.follow_ups.all(COOP, most=1)
    assert first + await desk.follow_ups.all(COOP, after=place_of(first[0])) == whole


async def test_whom_it_is_about_is_sealed_and_erased_with_the_member(house: House):
    desk = await held_by_two(house)
    await house.stop(MEMBER, kind="stop_use")
    await arising.arise(desk, [COOP])
    assert MEMBER.encode() not in repr(await house.rows("SELECT code FROM member_code")).encode()
    stores = house.stores
    await stores.snapshots.refresh(COOP)
    tag = member_tag(stores.keys.coop_secrets(COOP).subject, COOP, MEMBER)
    unlinked = await erase_member(
        stores.log,
        stores.erasable,
        stores.snapshots.current(COOP),
        tag,
        rows=stores.side_rows,
        sets=stores.held_sets,
        by="情報管理",
        reason="消去",
        clock=house.clock,
    )
    assert unlinked.rows["member_code"] == 3
    assert [await told.codes_of(desk, one) for one in await desk.follow_ups.all(COOP)] == [[], []]
    assert msgspec.json.encode([one.members for one in await desk.follow_ups.all(COOP)]) == b"[1,1]"
