"""Reviews of a period over real stores: the sample, the answers, two signatures that the log proves, who may not sign."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.app.keys import checkpoint_signers
from gateway.app.oversight import oversight_of
from gateway.control_plane.people import people
from gateway.core.dossier import Dossier
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reviews import findings, review as reviews, signing
from gateway.oversight.reviews.periods import Period, begun, month_of, months, uncovered
from gateway.tlog.entries import Review, decode
from gateway.tlog.findings import Code
from gateway.tlog.merkle import leaf_hash, root_of
from gateway.tlog.note import VerifierKey
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.tlog.exported_log import check_folder

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
BEFORE = datetime(2026, 9, 20, 3, 0, tzinfo=UTC)
PEOPLE = (("homu", "compliance"), ("hori", "compliance"), ("kansa", "auditor"), ("unyo", "operator"))


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    """A house with a September that only set it up, an October with transfers, and a November to review it in."""
    clock.now = BEFORE
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys) as running:
        sunnet = await running.partner("sunnet", "kyoritsusha-sunnet-01")
        for person, role in PEOPLE:
            await employ(running, person, role)
        for day in (3, 8, 31):
            clock.now = datetime(2026, 10, day, 3, 0, tzinfo=UTC)
            sunnet.tokens.clear()
            assert (await sunnet.ask("P4", ["member_code", "name"], ["00000007", "00000101"])).status_code == 200
        assert (await sunnet.ask("P12", ["member_code", "name"], ["00000007"])).status_code == 403
        clock.now = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
        sunnet.tokens.clear()
        assert (await sunnet.ask("P4", ["name"], ["00000007"])).status_code == 200
        await running.publish_checkpoint()
        yield running


@pytest.fixture
def desk(house: House) -> OversightDesk:
    return oversight_of(house.settings, house.stores)


async def employ(house: House, person: str, role: Any) -> None:
    by = "homu" if await house.stores.staff.people(COOP) else "設定"
    said: dict[str, Any] = {"by": by, "reason": "試験", "clock": house.clock}
    await people.add_person(house.stores.log, house.stores.staff, COOP, person, person, **said)
    await people.give_role(house.stores.log, house.stores.staff, COOP, person, role, department=None, **said)


async def answered(desk: OversightDesk) -> Dossier:
    """Open October's review and answer for every entry of its sample."""
    made = await reviews.open_review(desk, COOP, OCTOBER, by="homu")
    for item in reviews.read(desk, made).items:
        met = tuple(one.key for one in reviews.read(desk, made).checklist.of(item.kind))
        made = await reviews.answer(desk, made, item.index, met=met, note="", by="homu")
    return made


def key_of(house: House) -> VerifierKey:
    """The key of the co-op's log."""
    return checkpoint_signers(house.settings, house.stores.keys)[COOP].key


async def signed_entries(house: House) -> list[Review]:
    return [one for one in await house.entries() if isinstance(one, Review)]


async def test_a_period_is_frozen_as_the_log_has_it(house: House, desk: OversightDesk):
    made = await reviews.open_review(desk, COOP, OCTOBER, by="homu")
    body = reviews.read(desk, made)
    stored = await house.stores.log.entries(COOP, 0, 1_000)
    of_october = [at for at, one in enumerate(stored) if "2026-10" in decode(one).time]
    assert body.size == of_october[-1] + 1
    assert body.root == rfc4648.encode(root_of(map(leaf_hash, stored[: body.size])))
    assert body.counts == {"release": 3, "denial": 1}
    assert [one.index for one in body.items] == of_october
    assert [one.kind for one in body.items] == ["release", "release", "release", "denial"]
    assert "new_field" in body.items[0].groups


async def test_the_same_period_is_opened_once_and_not_before_it_is_over(house: House, desk: OversightDesk):
    await reviews.open_review(desk, COOP, OCTOBER, by="homu")
    with pytest.raises(Refused, match="open already"):
        await reviews.open_review(desk, COOP, OCTOBER, by="hori")
    with pytest.raises(Refused, match="when it is over"):
        await reviews.open_review(desk, COOP, month_of(date(2026, 11, 1)), by="homu")
    with pytest.raises(Refused, match="before the first"):
        await reviews.open_review(desk, COOP, Period(date(2026, 10, 2), date(2026, 10, 1)), by="homu")
    with pytest.raises(Refused, match="no role"):
        await reviews.open_review(desk, COOP, Period(date(2026, 10, 1), date(2026, 10, 2)), by="kansa")


@pytest.mark.clause("D-07b", "K-A1")
async def test_two_people_sign_and_the_exported_log_proves_what(house: House, desk: OversightDesk, tmp_path: Path):
    made = await answered(desk)
    signed = await signing.sign(desk, made, by="homu", reason="全件を契約と照らした")
    assert signed.state == "signed"
    done = await signing.countersign(desk, signed, by="kansa", reason="抜取りを見直した")
    assert (await reviews.find(desk, COOP, done.id) or made).state == "countersigned"
    first, second = await signed_entries(house)
    body = reviews.read(desk, done)
    assert (first.event, first.by, second.event, second.by) == ("signed", "homu", "countersigned", "kansa")
    for one in (first, second):
        assert (one.size, one.root, one.counts, one.digest) == (body.size, body.root, body.counts, body.digest())
        assert (one.start, one.end) == ("2026-09-30T15:00:00.000Z", "2026-10-31T15:00:00.000Z")
    await house.export(tmp_path / "log")
    assert check_folder(tmp_path / "log", key_of(house)).ok


async def test_a_signature_on_other_counts_is_found(house: House, desk: OversightDesk, tmp_path: Path):
    made = await answered(desk)
    body = reviews.read(desk, made)
    forged = msgspec.structs.replace(body, counts={**body.counts, "denial": 0})
    await signing.enter(desk, made, forged, "signed", "dossier_changed", by="homu", reason="偽り")
    index = len(await house.entries()) - 1
    await house.export(tmp_path / "log")
    report = check_folder(tmp_path / "log", key_of(house))
    assert report.finding is not None
    assert (report.finding.code, report.first_bad_index) == (Code.REVIEW_OTHER, index)


async def test_nothing_is_signed_while_an_entry_is_unanswered(house: House, desk: OversightDesk):
    made = await reviews.open_review(desk, COOP, OCTOBER, by="homu")
    with pytest.raises(Refused, match="4 entries"):
        await signing.sign(desk, made, by="homu", reason="見ました")
    assert await signed_entries(house) == []


async def test_an_entry_is_in_order_only_with_every_question_answered_yes(house: House, desk: OversightDesk):
    made = await reviews.open_review(desk, COOP, OCTOBER, by="homu")
    index = reviews.read(desk, made).items[0].index
    with pytest.raises(Refused, match="not answered with yes"):
        await reviews.answer(desk, made, index, met=("purpose",), note="", by="homu")
    with pytest.raises(Refused, match="not in the sample"):
        await reviews.answer(desk, made, 0, met=("purpose",), note="", by="homu")


async def test_who_had_a_hand_in_it_does_not_countersign_and_nobody_without_the_role_signs(
    house: House, desk: OversightDesk
):
    made = await answered(desk)
    with pytest.raises(Refused, match="hold no role"):
        await signing.sign(desk, made, by="unyo", reason="見ました")
    signed = await signing.sign(desk, made, by="hori", reason="見ました")
    for by in ("hori", "homu"):
        with pytest.raises(Refused, match="somebody else"):
            await signing.countersign(desk, signed, by=by, reason="見ました")
    assert [one.by for one in await signed_entries(house)] == ["hori"]


@pytest.mark.clause("K-A1")
async def test_whoever_approved_what_was_in_force_signs_neither(house: House, desk: OversightDesk):
    house.clock.now = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    made = await answered(desk)
    before = await signing.deciders(desk, COOP, OCTOBER)
    assert set(before) == {"起案", "承認", "運用"}
    await house.publish(approver="kansa", proposer="homu")  # in November
    assert await signing.deciders(desk, COOP, OCTOBER) == before
    assert "kansa" in await signing.deciders(desk, COOP, Period(date(2026, 10, 15), date(2026, 11, 2)))
    signed = await signing.sign(desk, made, by="homu", reason="見ました")
    assert signed.state == "signed"


async def test_an_approver_of_the_period_is_told_what_they_approved(house: House, desk: OversightDesk, clock: Any):
    await house.publish(approver="kansa", proposer="hori", effective=None)
    clock.now = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
    await house.publish_checkpoint()
    made = await reviews.open_review(desk, COOP, month_of(date(2026, 11, 1)), by="homu")
    for item in reviews.read(desk, made).items:
        keys = tuple(one.key for one in reviews.read(desk, made).checklist.of(item.kind))
        made = await reviews.answer(desk, made, item.index, met=keys, note="", by="homu")
    with pytest.raises(Refused, match="proposed or approved") as told:
        await signing.sign(desk, made, by="hori", reason="見ました")
    assert "policy " in told.value.ja
    signed = await signing.sign(desk, made, by="homu", reason="見ました")
    with pytest.raises(Refused, match="proposed or approved"):
        await signing.countersign(desk, signed, by="kansa", reason="見ました")


async def test_a_signed_review_does_not_change(house: House, desk: OversightDesk):
    made = await answered(desk)
    index = reviews.read(desk, made).items[0].index
    signed = await signing.sign(desk, made, by="homu", reason="見ました")
    before = await house.entries()
    for one in (signed, made):  # as it is, and as somebody still has it before them
        with pytest.raises(Refused):
            await reviews.answer(desk, one, index, met=("purpose", "fields", "volume", "version"), note="", by="homu")
        with pytest.raises(Refused):
            await signing.sign(desk, one, by="hori", reason="見ました")
    assert await house.entries() == before


async def test_a_log_that_is_not_published_that_far_is_told(house: House, desk: OversightDesk, clock: SettableClock):
    clock.now = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    await house.stop("00000007")
    clock.now = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
    with pytest.raises(Refused, match="no checkpoint"):
        await reviews.open_review(desk, COOP, month_of(date(2026, 11, 1)), by="homu")
    assert await desk.dossiers.all(COOP, "review") == []


async def test_the_months_that_nobody_reviewed(house: House, desk: OversightDesk):
    first = await begun(house.stores.log, COOP)
    assert first == date(2026, 9, 20)
    now = datetime(2026, 12, 31, 15, 2, tzinfo=UTC)
    everything = list(months(first, now))
    assert [one.first.month for one in everything] == [9, 10, 11, 12]
    assert list(months(first, now - timedelta(minutes=2)))[-1].first.month == 11
    parts = [Period(date(2026, 10, 1), date(2026, 10, 20)), Period(date(2026, 10, 15), date(2026, 11, 29))]
    assert [one.first.month for one in uncovered(everything, parts)] == [9, 11, 12]


@pytest.mark.clause("D-07b", "K-A1")
async def test_what_is_found_has_an_owner_and_a_day_and_somebody_else_closes_it(house: House, desk: OversightDesk):
    made = await reviews.open_review(desk, COOP, OCTOBER, by="homu")
    index = reviews.read(desk, made).items[0].index
    due = date(2026, 11, 30)
    said: dict[str, Any] = {"met": ("purpose",), "text": "人数の説明がない", "owner": "hori", "due": due, "by": "homu"}
    for wrong in ({"owner": "nobody"}, {"due": date(2026, 10, 31)}, {"text": " "}):
        with pytest.raises(Refused):
            await reviews.find_fault(desk, made, index, **{**said, **wrong})
    made = await reviews.find_fault(desk, made, index, **said)
    with pytest.raises(Refused, match="finding of this entry already"):
        await reviews.find_fault(desk, made, index, **said)
    [stored] = await desk.dossiers.all(COOP, "finding")
    assert (stored.id, stored.due) == (reviews.item_of(reviews.read(desk, made), index).finding, due)
    assert findings.read(desk, stored).item == index
    assert findings.overdue([stored], datetime(2026, 11, 30, 14, tzinfo=UTC)) == []
    assert findings.overdue([stored], datetime(2026, 11, 30, 15, tzinfo=UTC)) == [stored]
    with pytest.raises(Refused, match="does not allow"):
        await findings.close(desk, stored, text="確認した", by="kansa")
    stored = await findings.postpone(desk, stored, due=date(2026, 12, 10), why="担当者の交代", by="hori")
    stored = await findings.correct(desk, stored, action="業務手順に理由欄を加えた", by="hori")
    for by in ("hori", "homu", "unyo"):
        with pytest.raises(Refused):
            await findings.close(desk, stored, text="確認した", by=by)
    stored = await findings.close(desk, stored, text="手順書を見た", by="kansa")
    assert (stored.state, stored.due) == ("closed", date(2026, 12, 10))
    assert [one.what for one in findings.read(desk, stored).steps] == ["postponed", "corrected", "closed"]


async def test_a_review_is_not_signed_without_a_finding_that_it_names(house: House, desk: OversightDesk):
    made = await answered(desk)
    body = reviews.read(desk, made)
    item = msgspec.structs.replace(body.items[0], result="finding", finding="finding-22222222")
    lost = msgspec.structs.replace(body, items=(item, *body.items[1:]))
    made = await dossiers.change(desk, made, lost, event="changed", by="homu", reason="中断")
    with pytest.raises(Refused, match="finding-22222222"):
        await signing.sign(desk, made, by="homu", reason="見ました")
    said: dict[str, Any] = {"met": (), "text": "人数の説明がない", "owner": "hori", "due": date(2026, 12, 1)}
    made = await reviews.find_fault(desk, made, item.index, by="homu", **said)
    assert (await signing.sign(desk, made, by="homu", reason="見ました")).state == "signed"
