"""A change on its way from a draft to being in force, on real stores, files and log; and everything that stops it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.policy_files.folder import files_of
from gateway.app.office import office_of
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.changes.publish import PeopleDecide, publish as publish_in_two_names
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.partners.acts import set_state
from gateway.control_plane.people import people
from gateway.control_plane.refusals import FilesRefused
from gateway.core.changes.proposal import Proposal
from gateway.core.refused import Refused
from gateway.tlog.entries import Proposal as ProposalEntry, Publish, decode
from tests.clock import SettableClock
from tests.house import COOP, ROOT, House, running_house

HERE, ELSEWHERE = "宅配事業部", "共済部"
SUNNET = f"policies/{COOP}/agreements/sunnet.yaml"
REAL = files_of(ROOT / "policies", ROOT / "partners", COOP)
NARROWED = dict(REAL) | {SUNNET: REAL[SUNNET].replace("          delivery_day: as_is\n", "")}


class Desk:
    """A house without a version, people with roles, and what they do."""

    def __init__(self, house: House, office: Office) -> None:
        self.house = house
        self.office = office

    def wish(self, **changes: Any) -> Wish:
        wish = Wish(files=REAL, title="配達先", department=HERE, effective=None, reason="覚書の締結")
        return replace(wish, **changes)

    async def begin(self, *, by: str = "sato", **changes: Any) -> Proposal:
        return await steps.begin(self.office, COOP, self.wish(**changes), by=by)

    async def submitted(self, **changes: Any) -> Proposal:
        draft = await self.begin(**changes)
        digest, _ = await steps.foreseen(self.office, draft)
        return await steps.submit(self.office, draft, preview=digest, by="sato")

    async def approved(self, **changes: Any) -> Proposal:
        waiting = await self.submitted(**changes)
        return await steps.approve(self.office, waiting, preview=waiting.preview or "", by="ito")

    async def published(self, **changes: Any) -> Proposal:
        return await steps.publish(self.office, await self.approved(**changes), by="sato")

    async def stored(self, proposal: Proposal) -> Proposal:
        found = await self.office.proposals.get(COOP, proposal.id)
        assert found is not None
        return found

    async def events(self) -> list[str]:
        return [
            one.event if isinstance(one, ProposalEntry) else one.kind
            for one in await self.house.entries()
            if one.kind in {"proposal", "publish"}
        ]


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Desk]:
    async with running_house(database_url, tmp_path, clock, published=False, demo=True) as house:
        office = office_of(house.settings, house.stores)
        log, staff = office.log, office.staff
        words = {"by": "設定", "reason": "試験", "clock": clock}
        for person in ("sato", "ito", "kato", "mori", "abe"):
            await people.add_person(log, staff, COOP, person, person, **words)  # type: ignore[arg-type]
        for person, role, department in (
            ("sato", "admin", HERE),
            ("kato", "admin", HERE),
            ("ito", "manager", HERE),
            ("mori", "manager", ELSEWHERE),
        ):
            giver = words if person == "sato" else words | {"by": "sato"}
            await people.give_role(log, staff, COOP, person, role, department=department, **giver)  # type: ignore[arg-type]
        yield Desk(house, office)


async def test_a_change_is_proposed_approved_by_another_and_in_force(desk: Desk):
    one = await desk.published()
    assert (one.state, one.author, one.approver) == ("published", "sato", "ito")
    assert await desk.events() == ["amend", "submit", "approve", "publish"]
    entry = decode((await desk.house.stores.log.entries(COOP, one.published or 0, 1))[0])
    assert isinstance(entry, Publish)
    assert (entry.proposal, entry.proposer, entry.approver, entry.preview) == (one.id, "sato", "ito", one.preview)
    assert entry.policy == last_version(desk.house.stores.snapshots.current(COOP))
    kept = await desk.office.proposals.files_of_version(COOP, entry.policy)
    assert kept == REAL


async def test_the_preview_says_what_the_change_does(desk: Desk):
    await desk.published()
    draft = await desk.begin(files=NARROWED)
    digest, body = await steps.foreseen(desk.office, draft)
    told = Preview.from_bytes(body)
    assert told.digest == digest
    assert [(one.sign, one.what, one.path[-1]) for one in told.differences] == [("-", "field", "delivery_day")]
    waiting = await steps.submit(desk.office, draft, preview=digest, by="sato")
    assert await steps.foreseen(desk.office, waiting) == (digest, body)


async def test_a_partner_receives_what_was_published_and_a_return_narrows_it_again(desk: Desk):
    await desk.published(files=NARROWED)
    sunnet = await desk.house.partner("sunnet", "kyoritsusha-sunnet-01")
    wide = ["member_code", "name", "delivery_day"]
    await desk.published()
    await desk.house.stores.snapshots.refresh(COOP)
    assert (await sunnet.ask("P4", wide, ["00000007"])).status_code == 200
    first = desk.house.stores.snapshots.current(COOP).versions[0].policy.digest
    back = await steps.begin_return(desk.office, COOP, first[:8], department=HERE, reason="誤り", by="sato")
    digest, _ = await steps.foreseen(desk.office, back)
    waiting = await steps.submit(desk.office, back, preview=digest, by="sato")
    approved = await steps.approve(desk.office, waiting, preview=digest, by="ito")
    await steps.publish(desk.office, approved, by="ito")
    assert (await sunnet.ask("P4", wide, ["00000007"])).status_code == 403
    versions = desk.house.stores.snapshots.current(COOP).versions
    assert len(versions) == 3
    assert versions[2].policy.digest == first


@pytest.mark.parametrize(
    ("by", "rule"), [("sato", "role"), ("mori", "department"), ("abe", "role"), ("nobody", "role"), ("kato", "role")]
)
async def test_who_may_not_approve_does_not(desk: Desk, by: str, rule: str):
    waiting = await desk.submitted()
    with pytest.raises(Refused) as refused:
        await steps.approve(desk.office, waiting, preview=waiting.preview or "", by=by)
    assert refused.value.rule == rule
    assert await desk.events() == ["amend", "submit"]
    assert (await desk.stored(waiting)).state == "submitted"


async def test_nobody_approves_their_own_even_as_a_manager(desk: Desk):
    words = {"by": "ito", "reason": "試験", "clock": desk.house.clock}
    await people.give_role(desk.office.log, desk.office.staff, COOP, "sato", "manager", department=HERE, **words)  # type: ignore[arg-type]
    waiting = await desk.submitted()
    with pytest.raises(Refused, match="cannot approve it") as refused:
        await steps.approve(desk.office, waiting, preview=waiting.preview or "", by="sato")
    assert refused.value.rule == "own"


async def test_an_edit_voids_the_approval(desk: Desk):
    approved = await desk.approved()
    edited = await steps.amend(desk.office, approved, desk.wish(files=NARROWED), by="kato")
    assert (edited.state, edited.approver, edited.preview, edited.editor) == ("draft", None, None, "kato")
    with pytest.raises(Refused) as refused:
        await steps.publish(desk.office, approved, by="sato")
    assert refused.value.rule in {"state", "revision"}
    assert await desk.events() == ["amend", "submit", "approve", "amend"]


async def test_a_version_published_in_between_stops_the_others(desk: Desk):
    await desk.published()
    stale, other = await desk.approved(files=NARROWED), await desk.approved(files=NARROWED, title="別の申請")
    await steps.publish(desk.office, other, by="sato")
    with pytest.raises(Refused) as refused:
        await steps.publish(desk.office, stale, by="sato")
    assert refused.value.rule == "base"
    # It is mended by amending it on the version of now.
    mended = await steps.amend(desk.office, stale, desk.wish(), by="sato")
    assert mended.base == last_version(desk.house.stores.snapshots.current(COOP))


async def test_a_suspension_in_between_stops_nothing(desk: Desk):
    """Governance that is no policy version leaves what was decided on as it was; the act is made again on it."""
    approved = await desk.approved()
    await set_state(desk.office.log, COOP, "sunnet", active=False, by="運用", reason="試験", clock=desk.house.clock)
    assert (await steps.publish(desk.office, approved, by="sato")).state == "published"


async def test_of_two_who_publish_at_once_one_does(desk: Desk):
    approved = await desk.approved()
    done = await asyncio.gather(
        *(steps.publish(desk.office, approved, by=by) for by in ("sato", "ito", "kato")), return_exceptions=True
    )
    assert sum(isinstance(one, Proposal) for one in done) == 1
    assert {one.rule for one in done if isinstance(one, Refused)} <= {"state", "base", "revision"}
    assert (await desk.events()).count("publish") == 1


async def test_two_who_amend_at_once_do_not_write_over_each_other(desk: Desk):
    draft = await desk.begin()
    done = await asyncio.gather(
        steps.amend(desk.office, draft, desk.wish(title="一"), by="sato"),
        steps.amend(desk.office, draft, desk.wish(title="二"), by="kato"),
        return_exceptions=True,
    )
    assert [one.rule for one in done if isinstance(one, Refused)] == ["revision"]
    assert (await desk.stored(draft)).revision == 2


async def test_an_effective_time_in_the_past_is_refused_at_every_step(desk: Desk):
    clock = desk.house.clock
    with pytest.raises(Refused) as refused:
        await desk.begin(effective=clock() - timedelta(seconds=1))
    assert refused.value.rule == "effective"
    with pytest.raises(Refused, match="effective time"):
        await desk.begin(effective=datetime.max.replace(tzinfo=UTC))
    approved = await desk.approved(effective=clock() + timedelta(hours=1))
    clock.advance(hours=2)
    with pytest.raises(Refused) as late:
        await steps.publish(desk.office, approved, by="sato")
    assert late.value.rule == "effective"


async def test_a_future_version_is_published_now_and_in_force_then(desk: Desk):
    when = desk.house.clock() + timedelta(days=3)
    one = await desk.published(effective=when)
    version = desk.house.stores.snapshots.current(COOP).versions[-1]
    assert (one.effective, version.effective) == (when, when)


async def test_files_that_break_a_rule_are_not_proposed(desk: Desk):
    wider = dict(REAL) | {SUNNET: REAL[SUNNET].replace("name: as_is", "no_such_field: as_is", 1)}
    with pytest.raises(FilesRefused) as refused:
        await desk.begin(files=wider)
    first = next(one for one in refused.value.findings if one.severity == "error")
    assert first.file == SUNNET
    assert first.line > 1
    assert "保存していません" in refused.value.ja
    assert await desk.events() == []


async def test_what_is_submitted_is_what_was_foreseen(desk: Desk):
    """Neither the preview of an earlier content, nor of another effective time, nor something else that is kept."""
    await desk.published()
    draft = await desk.begin(files=NARROWED)
    early, _ = await steps.foreseen(desk.office, draft)
    wider = await steps.amend(desk.office, draft, desk.wish(), by="sato")
    later = await steps.amend(
        desk.office, wider, desk.wish(files=NARROWED, effective=desk.house.clock() + timedelta(days=1)), by="sato"
    )
    for one, preview in ((wider, early), (later, early), (later, later.content), (later, "0" * 64)):
        with pytest.raises(Refused) as refused:
            await steps.submit(desk.office, one, preview=preview, by="sato")
        assert refused.value.rule in {"preview", "revision"}
    fresh, _ = await steps.foreseen(desk.office, later)
    assert (await steps.submit(desk.office, later, preview=fresh, by="sato")).state == "submitted"


@pytest.mark.parametrize(
    "odd",
    [
        {"title": "a\x00b"},
        {"title": "二行\nの題"},
        {"reason": "a\u202eb"},
        {"title": "題" * 121},
        {"reason": "訳" * 2_001},
    ],
)
async def test_a_title_or_reason_that_cannot_be_read_is_refused(desk: Desk, odd: dict[str, str]):
    with pytest.raises(Refused) as refused:
        await desk.begin(**odd)
    assert refused.value.rule == "text"


@pytest.mark.parametrize("empty", [{"reason": " "}, {"title": ""}])
async def test_a_reason_is_asked_for(desk: Desk, empty: dict[str, str]):
    with pytest.raises(Refused) as refused:
        await desk.begin(**empty)
    assert refused.value.rule == "reason"


async def test_what_was_sent_back_is_a_draft_again(desk: Desk):
    waiting = await desk.submitted()
    back = await steps.reject(desk.office, waiting, reason="電話番号は不要", by="ito")
    assert (back.state, back.preview) == ("draft", None)
    gone = await steps.withdraw(desk.office, back, reason="取りやめ", by="kato")
    assert gone.state == "withdrawn"
    with pytest.raises(Refused) as refused:
        await steps.amend(desk.office, gone, desk.wish(), by="sato")
    assert refused.value.rule == "state"
    assert await desk.events() == ["amend", "submit", "reject", "withdraw"]


async def test_names_alone_publish_nothing_once_people_have_roles(desk: Desk):
    content = await desk.office.proposals.keep_files(COOP, REAL)
    checked = desk.office.policy_files.check(COOP, REAL)
    with pytest.raises(PeopleDecide, match="gateway policy propose"):
        await publish_in_two_names(
            desk.office.log,
            desk.house.stores.snapshots.current(COOP),
            checked.document or b"",
            proposer="起案",
            approver="承認",
            reason="試験",
            effective=None,
            clock=desk.house.clock,
            content=content,
        )
    assert await desk.events() == []


async def test_every_step_can_be_told_from_the_log_alone(desk: Desk):
    one = await desk.published()
    said = [entry for entry in await desk.house.entries() if isinstance(entry, ProposalEntry)]
    assert [(e.event, e.by, e.content) for e in said] == [
        ("amend", "sato", one.content),
        ("submit", "sato", one.content),
        ("approve", "ito", one.content),
    ]
    assert [e.preview for e in said] == [None, one.preview, one.preview]


KYOSAI = f"policies/{COOP}/agreements/coop-kyosai.yaml"
OTHERS = dict(REAL) | {KYOSAI: REAL[KYOSAI].replace("retention_days: ", "retention_days: 1", 1)}


async def test_what_another_department_owns_is_not_changed_along(desk: Desk):
    await desk.published()
    for files in (OTHERS, NARROWED | {KYOSAI: OTHERS[KYOSAI]}):
        with pytest.raises(Refused, match="coop-kyosai") as refused:
            await desk.begin(files=files)
        assert refused.value.rule == "department"
    draft = await desk.begin(files=NARROWED)
    with pytest.raises(Refused) as amended:
        await steps.amend(desk.office, draft, desk.wish(files=OTHERS), by="sato")
    assert amended.value.rule == "department"
    assert (await desk.stored(draft)).revision == 1


async def test_an_agreement_is_not_taken_over_by_renaming_its_department(desk: Desk):
    await desk.published()
    taken = dict(REAL) | {KYOSAI: REAL[KYOSAI].replace("department: 共済事業部", f"department: {HERE}")}
    assert taken[KYOSAI] != REAL[KYOSAI]
    with pytest.raises(Refused, match="coop-kyosai") as refused:
        await desk.begin(files=taken)
    assert refused.value.rule == "department"


async def test_saving_a_stale_proposal_does_not_undo_what_others_published(desk: Desk):
    await desk.published()
    stale = await desk.begin(files=dict(REAL) | {f"policies/{COOP}/README.md": "覚え書き\n"})
    await desk.published(files=NARROWED)
    kept = await desk.office.proposals.files(COOP, stale.content)
    saved = await steps.amend(desk.office, stale, desk.wish(files=kept), by="sato")
    files = await desk.office.proposals.files(COOP, saved.content)
    assert files is not None
    assert (files[SUNNET], files[f"policies/{COOP}/README.md"]) == (NARROWED[SUNNET], "覚え書き\n")
    assert saved.base == last_version(desk.house.stores.snapshots.current(COOP))


async def test_a_file_that_both_changed_is_named_and_nothing_saved(desk: Desk):
    await desk.published()
    mine = dict(REAL) | {SUNNET: REAL[SUNNET].replace("          phone: as_is\n", "", 1)}
    stale = await desk.begin(files=mine)
    await desk.published(files=NARROWED)
    with pytest.raises(Refused, match=r"sunnet\.yaml") as refused:
        await steps.amend(desk.office, stale, desk.wish(files=mine), by="sato")
    assert refused.value.rule == "base"
    assert (await desk.stored(stale)).revision == 1
