"""緊急提供 over real stores: two people within minutes, an end that needs no job, a third look; nothing of it bypasses a rule."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.drafting.grant import Condition
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.emergencies import acts
from gateway.control_plane.office import Office
from gateway.core.legal_parameters import EMERGENCY_HOURS
from gateway.core.refused import Refused
from gateway.tlog.entries import Denial, Dossier, Publish, Release
from tests.clock import SettableClock
from tests.control_plane.urgent import BY_LAW, FOR_LIFE, OTHER, THERE, again, approved, asked, over, staffed
from tests.house import COOP, House, running_house

FIELDS = ["member_code", "name", "phone"]
CODES = ["00000007", "00000101"]
CASE = {"case": BY_LAW.case}
Urgent = tuple[House, Office]


@asynccontextmanager
async def opened(url: str, folder: Path, clock: SettableClock, keys: Path) -> AsyncIterator[Urgent]:
    settings: dict[str, Any] = {"published": False, "demo": True, "keys": keys}
    async with running_house(url, folder, clock, **settings) as house:
        yield house, await staffed(house)


@pytest.fixture
async def urgent(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[Urgent]:
    async with opened(sqlite_url, tmp_path, clock, gateway_keys) as made:
        yield made


@pytest.fixture
async def on_either(
    database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> AsyncIterator[Urgent]:
    async with opened(database_url, tmp_path, clock, gateway_keys) as made:
        yield made


@pytest.mark.clause("D-P4", "D-T3")
async def test_two_people_let_it_leave_and_it_ends_by_itself(on_either: Urgent):
    house, office = on_either
    one = await asked(office)
    assert one.standing == "asked"
    sunnet = await house.partner("sunnet", one.said.agreement)
    one = await approved(office, one)
    assert one.standing == "in_force"
    await house.stores.snapshots.refresh(COOP)
    answer = await sunnet.ask("P4", FIELDS, CODES, **CASE)
    assert answer.status_code == 200, (await house.denial()).reasons
    release = await house.release()
    assert (release.basis, release.article, release.agreement) == ("law", "法27条1項1号", one.said.agreement)
    assert release.case == BY_LAW.case
    assert release.counts.released > 0
    house.clock.now = one.said.expires
    sunnet.tokens.clear()
    answer = await sunnet.ask("P4", FIELDS, CODES, **CASE)
    assert answer.status_code == 403
    assert (await house.denial()).reasons == [f"agreement:{one.said.agreement}:expired"]


async def test_a_release_never_stands_beyond_the_end(urgent: Urgent):
    house, office = urgent
    one = await approved(office, await asked(office))
    sunnet = await house.partner("sunnet", one.said.agreement)
    assert (await sunnet.ask("P4", FIELDS, CODES, **CASE)).status_code == 200
    assert (await house.release()).valid_until <= one.said.expires.isoformat().replace("+00:00", "Z")


async def test_only_requests_with_the_case_number_are_answered(urgent: Urgent):
    house, office = urgent
    one = await approved(office, await asked(office))
    sunnet = await house.partner("sunnet", one.said.agreement)
    for more in ({}, {"case": "OTHER-1"}):
        assert (await sunnet.ask("P4", FIELDS, CODES, **more)).status_code == 403
        assert (await house.denial()).reasons == ["grant:P4:case_required"]


@pytest.mark.clause("D-T3", "D-T4")
async def test_one_person_lets_nothing_leave(urgent: Urgent):
    house, office = urgent
    one = await asked(office)
    sunnet = await house.partner("sunnet", one.said.agreement)
    before = await house.entries()
    for person in ("sato", "homu", "kansa", "nobody"):
        with pytest.raises(Refused):
            await approved(office, one, by=person)
    assert await house.entries() == before
    assert (await again(office, COOP, one.dossier.id)).standing == "asked"
    assert (await sunnet.ask_token(sunnet.detail("P4", FIELDS))).status_code >= 400


async def test_each_step_is_in_the_log_and_the_log_says_nothing_of_what_was_typed(urgent: Urgent):
    house, office = urgent
    await approved(office, await asked(office))
    entries = await house.entries()
    steps_told = [(one.event, one.state, one.by) for one in entries if isinstance(one, Dossier)]
    assert steps_told == [("opened", "asked", "sato"), ("decided", "to_review", "ito")]
    published = [one for one in entries if isinstance(one, Publish)][-1]
    assert (published.proposer, published.approver) == ("sato", "ito")
    # What may be in force is owed a look before it is in force.
    kinds = [one.kind for one in entries]
    assert len(kinds) - 1 - kinds[::-1].index("dossier") < len(kinds) - 1 - kinds[::-1].index("publish")
    assert "山田" not in repr(entries)


async def test_life_needs_what_the_law_asks_and_says_so_in_every_release(urgent: Urgent):
    house, office = urgent
    one = await approved(office, await asked(office, FOR_LIFE, coop=OTHER))
    policy = house.stores.snapshots.current(OTHER).versions[-1].policy
    agreement = policy.agreements[one.said.agreement]
    assert {"protects", "decided_by", "approved_by", "why_consent_is_difficult", "subjects"} <= agreement.evidence
    assert agreement.evidence_span.end == one.said.expires
    jccu = await house.partner("jccu", one.said.agreement, OTHER)
    assert (await jccu.ask("P4", FIELDS[:2], CODES, None)).status_code == 200
    release = await house.release(OTHER)
    assert (release.basis, release.article) == ("life", "法27条1項2号")


async def test_without_a_piece_of_evidence_nothing_is_asked_for(urgent: Urgent):
    house, office = urgent
    before = await house.entries(OTHER)
    for fact in FOR_LIFE.evidence:
        evidence = {name: text for name, text in FOR_LIFE.evidence.items() if name != fact}
        with pytest.raises(Refused, match=NAMES[fact][1]):
            await asked(office, FOR_LIFE, coop=OTHER, evidence=evidence)
    assert await house.entries(OTHER) == before


WRONG: tuple[dict[str, Any], ...] = (
    {"basis": "life"},
    {"basis": "joint_use"},
    {"hours": str(EMERGENCY_HOURS[0].value + 1)},
    {"hours": "0"},
    {"members": "0"},
    {"fields": ()},
    {"fields": ("shoe_size",)},
    {"fields": ("care_level",)},
    {"products": ()},
    {"partner": "nobody"},
    {"purpose": "P99"},
    {"case": ""},
    {"case": "件 1"},
    {"case": "", "population": (Condition(field="member_code", how="in", values="00000007"),)},
    {"case": "", "population": (Condition(field="phone", how="in", values="0235-22-0000"),)},
    {"case": "00000007"},
    {"department": "共済部"},
    {"reason": " "},
)


async def test_what_a_change_may_not_say_an_emergency_may_not_say_either(urgent: Urgent):
    house, office = urgent
    before = await house.entries()
    for changes in WRONG:
        with pytest.raises(Refused):
            await asked(office, **changes)
        assert await house.entries() == before, changes


@pytest.mark.clause("D-T3", "D-T4")
async def test_it_lands_in_the_review_queue_until_a_third_person_closes_it(on_either: Urgent):
    house, office = on_either
    one = await approved(office, await asked(office))
    with pytest.raises(Refused, match="after its end"):
        await acts.close(office, one, looked="早すぎる", finding="", by="homu")
    one = await over(house, one)
    assert one.standing == "to_review"
    for person in ("sato", "ito", "kansa"):
        with pytest.raises(Refused):
            await acts.close(office, one, looked="見た", finding="", by=person)
    one = await acts.close(office, one, looked="提供3件と根拠文書を確認", finding="受領日の記載が1日違う", by="homu")
    assert (one.standing, one.said.finding, one.said.closed_by) == ("closed", "受領日の記載が1日違う", "homu")
    last = await house.last()
    assert isinstance(last, Dossier)
    assert (last.event, last.state, last.by) == ("closed", "closed", "homu")


async def test_what_is_approved_too_late_never_begins(urgent: Urgent):
    house, office = urgent
    one = await over(house, await asked(office))
    assert one.standing == "lapsed"
    with pytest.raises(Refused, match="ask again"):
        await approved(office, one)


async def test_who_approves_has_seen_what_would_leave(urgent: Urgent):
    _, office = urgent
    one = await asked(office)
    with pytest.raises(Refused, match="preview"):
        await approved(office, one, preview="0" * 64)


async def test_it_can_be_sent_back_and_taken_back(on_either: Urgent):
    _, office = on_either
    one = await acts.refuse(office, await asked(office), reason="区域が違う", by="ito")
    assert one.standing == "refused"
    two = await asked(office)
    with pytest.raises(Refused):
        await acts.withdraw(office, two, reason="不要", by="ito")
    assert (await acts.withdraw(office, two, reason="不要", by="sato")).standing == "withdrawn"


async def test_an_approval_that_broke_off_is_taken_up_where_it_stopped(urgent: Urgent):
    _, office = urgent
    one = await asked(office)
    assert one.proposal is not None
    # The process ends after the proposal was approved, before the dossier says so.
    await steps.approve(office, one.proposal, preview=one.proposal.preview or "", by="ito")
    one = await again(office, COOP, one.dossier.id)
    assert one.standing == "approved"
    assert (await approved(office, one)).standing == "in_force"


async def test_one_published_by_the_ordinary_way_is_owed_a_look_all_the_same(urgent: Urgent):
    house, office = urgent
    one = await asked(office)
    assert one.proposal is not None
    seen = one.proposal.preview or ""
    await steps.publish(office, await steps.approve(office, one.proposal, preview=seen, by="ito"), by="sato")
    assert (await again(office, COOP, one.dossier.id)).standing == "in_force"
    assert (await over(house, one)).standing == "to_review"


async def test_a_proposal_that_says_more_is_not_approved_as_an_emergency(urgent: Urgent):
    _, office = urgent
    one = await asked(office)
    assert one.proposal is not None
    files = dict(await office.proposals.files(COOP, one.proposal.content) or {})
    sunnet = f"policies/{COOP}/agreements/sunnet.yaml"
    files[sunnet] = files[sunnet].replace("phone: phone_last4", "phone: as_is")
    wish = Wish(
        files=files,
        title=one.proposal.title,
        department=one.proposal.department,
        effective=None,
        reason="ついでに広げる",
    )
    changed = await steps.amend(office, one.proposal, wish, by="sato")
    digest, _ = await steps.foreseen(office, changed)
    await steps.submit(office, changed, preview=digest, by="sato")
    with pytest.raises(Refused, match="more than the urgent provision"):
        await approved(office, await again(office, COOP, one.dossier.id))


async def test_two_emergencies_of_one_partner_stand_beside_each_other(urgent: Urgent):
    house, office = urgent
    first = await approved(office, await asked(office))
    second = await approved(office, await asked(office, case="KAIKO-2026/119"))
    policy = house.stores.snapshots.current(COOP).versions[-1].policy
    assert {first.said.agreement, second.said.agreement} <= policy.agreements.keys()


async def test_more_members_than_its_limit_do_not_leave(urgent: Urgent):
    house, office = urgent
    one = await approved(office, await asked(office, members="1"))
    sunnet = await house.partner("sunnet", one.said.agreement)
    assert (await sunnet.ask("P4", FIELDS, [f"{number:08}" for number in range(1, 301)], **CASE)).status_code == 403
    last = await house.last()
    assert isinstance(last, Denial)
    assert [reason.rpartition(":")[2] for reason in last.reasons] == ["over_quota"]
    assert not any(isinstance(entry, Release) for entry in await house.entries())


async def test_a_co_op_s_emergency_is_nothing_of_another(urgent: Urgent):
    _, office = urgent
    one = await asked(office, FOR_LIFE, coop=OTHER, department=THERE)
    assert await acts.kept(office, COOP, one.dossier.id) is None
    assert await acts.all_kept(office, COOP) == []


async def test_it_begins_on_what_is_in_force_and_says_which_version_it_calls_off(urgent: Urgent):
    house, office = urgent
    name = f"policies/{COOP}/agreements/sunnet.yaml"
    [first] = house.stores.snapshots.current(COOP).versions
    files = dict(await office.proposals.files_of_version(COOP, first.policy.digest) or {})
    files[name] = files[name].replace("          delivery_day: as_is\n", "")
    later = house.clock() + timedelta(days=9)
    wish = Wish(files=files, title="後日", department=BY_LAW.department, effective=later, reason="見直し")
    draft = await steps.begin(office, COOP, wish, by="sato")
    digest, _ = await steps.foreseen(office, draft)
    waiting = await steps.submit(office, draft, preview=digest, by="sato")
    await steps.publish(office, await steps.approve(office, waiting, preview=digest, by="ito"), by="sato")
    one = await approved(office, await asked(office))
    scheduled, urgent_one = house.stores.snapshots.current(COOP).versions[1:]
    assert one.said.calls_off == (scheduled.policy.digest,)
    # What was to come is not brought forward.
    assert "delivery_day" in urgent_one.policy.agreements["kyoritsusha-sunnet-01"].grants[0].fields
    assert house.stores.snapshots.current(COOP).superseded(scheduled)
