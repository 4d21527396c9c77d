"""Versions that are to begin later: what was published last governs, and nothing begins that nobody looked at."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.people import people
from gateway.core.days import Moment
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from tests.control_plane.test_proposals import NARROWED, REAL, Desk, desk
from tests.house import COOP

__all__ = ["desk"]

KYOSAI = "共済事業部"
ENTITY = "partners/sunnet.yaml"
NUMBERED = dict(REAL) | {
    ENTITY: REAL[ENTITY].replace("corporate_number: null", 'corporate_number: "7000012050002"'),
}


def delivered(policy: Policy | None) -> bool:
    """Tell whether the delivery day is granted."""
    assert policy is not None
    return any("delivery_day" in one.fields for one in policy.agreements["kyoritsusha-sunnet-01"].grants)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def in_force(desk: Desk) -> Policy | None:
    return desk.house.stores.snapshots.current(COOP).policy_at(Moment(desk.house.clock()))


async def of_kyosai(desk: Desk) -> None:
    """Let 阿部 be an admin of another department."""
    words: dict[str, Any] = {"by": "sato", "reason": "試験", "clock": desk.house.clock, "department": KYOSAI}
    await people.give_role(desk.office.log, desk.office.staff, COOP, "abe", "admin", **words)


async def test_what_was_to_begin_later_is_called_off_by_what_is_published_after_it(desk: Desk):
    await desk.published(files=NARROWED)
    governs = in_force(desk)
    assert governs is not None
    later = desk.house.clock() + timedelta(days=3)
    await desk.published(files=REAL, effective=later)
    assert not delivered(in_force(desk))
    back = await steps.begin_with(
        desk.office,
        COOP,
        governs.digest,
        title="取りやめ",
        department="宅配事業部",
        effective=None,
        reason="試験",
        by="sato",
    )
    seen, body = await steps.foreseen(desk.office, back)
    assert Preview.from_bytes(body).differences == ()
    waiting = await steps.submit(desk.office, back, preview=seen, by="sato")
    approved = await steps.approve(desk.office, waiting, preview=seen, by="ito")
    await steps.publish(desk.office, approved, by="sato")
    desk.house.clock.advance(days=4)
    assert not delivered(in_force(desk))
    _, pending, _ = desk.house.stores.snapshots.current(COOP).versions
    assert desk.house.stores.snapshots.current(COOP).superseded(pending)


async def test_a_preview_that_a_scheduled_version_overtook_is_neither_submitted_approved_nor_published(desk: Desk):
    """What publishing would change is other than what was seen, though nobody has published anything since."""
    await desk.published(files=REAL)
    await desk.published(files=NARROWED, effective=desk.house.clock() + timedelta(hours=1))
    drafts = [await desk.begin(files=REAL) for _ in range(3)]
    seen = [await steps.foreseen(desk.office, one) for one in drafts]
    assert [Preview.from_bytes(body).differences for _, body in seen] == [()] * 3
    submitted = [
        await steps.submit(desk.office, one, preview=kept, by="sato")
        for one, (kept, _) in zip(drafts[1:], seen[1:], strict=True)
    ]
    approved = await steps.approve(desk.office, submitted[1], preview=seen[2][0], by="ito")
    desk.house.clock.advance(hours=2)
    assert not delivered(in_force(desk))
    for act, rule in (
        (steps.submit(desk.office, drafts[0], preview=seen[0][0], by="sato"), "preview"),
        (steps.approve(desk.office, submitted[0], preview=seen[1][0], by="ito"), "in_force"),
        (steps.publish(desk.office, approved, by="sato"), "in_force"),
    ):
        with pytest.raises(Refused) as refused:
            await act
        assert refused.value.rule == rule
    assert not delivered(in_force(desk))
    again = await steps.amend(desk.office, approved, desk.wish(files=REAL), by="sato")
    _, body = await steps.foreseen(desk.office, again)
    assert [one.sign for one in Preview.from_bytes(body).differences] == ["+"]


async def test_nobody_brings_another_department_s_version_into_force_before_its_day(desk: Desk):
    await of_kyosai(desk)
    await desk.published(files=REAL)
    later = desk.house.clock() + timedelta(days=30)
    await desk.published(files=NARROWED, effective=later)
    wish: dict[str, Any] = {"files": NARROWED, "department": KYOSAI, "by": "abe"}
    for early in (None, later - timedelta(minutes=1)):
        with pytest.raises(Refused, match="kyoritsusha-sunnet-01") as refused:
            await desk.begin(**wish, effective=early)
        assert refused.value.rule == "department"
    assert (await desk.begin(**wish, effective=later)).state == "draft"


async def test_a_partner_is_changed_by_a_department_that_has_an_agreement_with_it(desk: Desk):
    await of_kyosai(desk)
    await desk.published(files=NUMBERED)
    renamed = dict(NUMBERED) | {ENTITY: NUMBERED[ENTITY].replace("clients: [", "clients: [{id: other}, ")}
    assert renamed[ENTITY] != NUMBERED[ENTITY]
    with pytest.raises(Refused, match="sunnet") as refused:
        await desk.begin(files=renamed, department=KYOSAI, by="abe")
    assert refused.value.rule == "department"
    assert (await desk.begin(files=renamed)).state == "draft"


async def test_another_corporate_number_is_another_partner(desk: Desk):
    await desk.published(files=NUMBERED)
    other = dict(NUMBERED) | {ENTITY: NUMBERED[ENTITY].replace("7000012050002", "7123456789012")}
    with pytest.raises(Refused, match="sunnet") as refused:
        await desk.begin(files=other)
    assert refused.value.rule == "partner"
    assert await desk.events() == ["amend", "submit", "approve", "publish"]


async def test_the_text_of_a_published_version_of_the_notice_is_not_rewritten(desk: Desk):
    await desk.published()
    notice, source = (f"policies/{COOP}/{name}" for name in ("notices/2022-04-01.yaml", "source/2022-04-01.txt"))
    text = REAL[source] + "追記\n"
    rewritten = dict(REAL) | {
        source: text,
        notice: REAL[notice].replace(digest(REAL[source]), digest(text)),
    }
    assert rewritten[notice] != REAL[notice]
    with pytest.raises(Refused, match="2022-04-01") as refused:
        await desk.begin(files=rewritten)
    assert refused.value.rule == "published_text"
