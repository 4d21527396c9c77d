"""組合員照会 and the answer sheet over real stores: everything about one member, nothing of another, the same bytes twice."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pdfminer.high_level import extract_text

from gateway.app.oversight import oversight_of
from gateway.control_plane.people import people
from gateway.control_plane.restrict import lift
from gateway.core.members.rights import Case, Identity
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.oversight.log import retention
from gateway.oversight.members import cases
from gateway.oversight.members.answer_sheet import ENDINGS, Sheet, make
from gateway.oversight.members.look_ups import LookOver, look, looked
from gateway.oversight.members.member_record import record
from gateway.oversight.members.member_words import words_of
from gateway.sheets.csv_sheet import Unencodable
from gateway.tlog.entries import Access
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

AGREEMENT = "kyoritsusha-sunnet-01"
NAME = "髙﨑 𠮷邊"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys) as running:
        said: dict[str, Any] = {"by": "設定", "reason": "着任", "clock": running.clock}
        await people.add_person(running.stores.log, running.stores.staff, COOP, "homu", "法務", **said)
        await people.give_role(
            running.stores.log, running.stores.staff, COOP, "homu", "compliance", department=None, **said
        )
        yield running


async def provided(house: House) -> tuple[str, str]:
    """Provide two members' data in a page, one of them once more, and stop that one; return (that one, the other)."""
    sunnet = await house.partner("sunnet", AGREEMENT)
    page = [*(await sunnet.pull("P4", ["member_code", "name"], page={"limit": 40})).released]
    one, other = page[3], page[7]
    await sunnet.pull("P12", ["name", "phone"], [one], case="K-1")
    await house.stop(one)
    secrets, said = house.stores.keys.coop_secrets(COOP), {"by": "相談係の田中", "reason": "電話で申出"}
    await lift(
        house.stores.log,
        COOP,
        [one],
        kind="stop_provide",
        partner=None,
        purpose=None,
        secrets=secrets,
        clock=house.clock,
        **said,  # type: ignore[arg-type]
    )
    await house.stop(one, kind="marketing_stop")
    await house.stores.snapshots.refresh(COOP)
    return one, other


async def case_about(desk: OversightDesk, member: str, *, checked: bool = True) -> cases.Kept:
    received = cases.today_of(desk) - timedelta(days=1)
    asked = Case(
        kind="disclose",
        subject="member",
        member=member,
        name=NAME,
        asked="渡した先",
        form="pdf",
        received=received,
        office="C-01",
        channel="counter",
    )
    kept = await cases.open_case(desk, COOP, asked, by="homu")
    if not checked:
        return kept
    identity = Identity(method="document", result="confirmed", on=cases.today_of(desk))
    return await cases.identify(desk, kept, identity, revision=1, by="homu")


def sheet(desk: OversightDesk, **changes: Any) -> Sheet:
    values: dict[str, Any] = {
        "ending": "json",
        "on": cases.today_of(desk),
        "addressee": NAME,
        "opening": "お申し出にお答えします。\n共立社",
    }
    return Sheet(**{**values, **changes})


async def made(desk: OversightDesk, kept: cases.Kept, said: Sheet) -> bytes:
    stored = await cases.case_of(desk, COOP, kept.id)
    assert stored is not None
    return await make(desk, stored, said, by="homu", reason="開示の請求", coop_name="共立社", trial=True)


async def test_the_record_tells_what_was_provided_what_stops_there_are_and_who_holds_it(house: House):
    desk = oversight_of(house.settings, house.stores)
    one, other = await provided(house)
    found = await record(desk, COOP, one)
    assert [(each.partner, each.purpose, each.article) for each in found.provisions] == [
        ("sunnet", "P4", "法27条5項3号"),
        ("sunnet", "P12", "法27条5項3号"),
    ]
    assert [(each.event, each.restriction) for each in found.stops] == [
        ("set", "stop_provide"),
        ("lifted", "stop_provide"),
        ("set", "marketing_stop"),
    ]
    assert [each.kind for each in found.in_force] == ["marketing_stop"]
    assert found.holders == (("sunnet", AGREEMENT, "P12"), ("sunnet", AGREEMENT, "P4"))
    assert found.delivered == frozenset()
    await desk.deliveries.add(COOP, [found.provisions[0].index])
    assert (await record(desk, COOP, one)).delivered == {found.provisions[0].index}
    words = await words_of(desk, COOP, found.provisions)
    assert words.partner("sunnet") == "生活協同組合連合会コープ東北サンネット事業連合"
    assert "お届け" in words.purpose(found.provisions[0])
    assert [field.ja for field in words.fields(found.provisions[1])] == ["氏名", "電話番号"]
    assert [each.partner for each in (await record(desk, COOP, other)).provisions] == ["sunnet"]
    assert (await record(desk, COOP, "99999999")).provisions == ()
    assert one not in repr(found)


@pytest.mark.clause("D-05")
async def test_an_answer_in_every_form_says_everything_of_one_member_and_nothing_of_others(house: House):
    desk = oversight_of(house.settings, house.stores)
    one, other = await provided(house)
    kept = await case_about(desk, one)
    for ending in ENDINGS:
        body = await made(desk, kept, sheet(desk, ending=ending))
        text = await asyncio.to_thread(extract_text, io.BytesIO(body)) if ending == "pdf" else body.decode("utf-8-sig")
        told = "".join(text.split())
        for said in (
            one,
            "コープ東北サンネット事業連合",
            "髙﨑𠮷邊",
            "送信未確認",
            "販促停止",
            "人事総務部",
            "【試験】",
        ):
            assert said in told, (ending, said)
        assert "第三者に当たりません" in told
        for canary in (other, "相談係の田中", "電話で申出", "homu"):
            assert canary not in told, (ending, canary)
        noted = await house.last()
        assert isinstance(noted, Access)
        assert (noted.look_up, noted.view, noted.by) == ("answer", kept.id, "homu")
        assert noted.digest == rfc4648.encode(sha256(body).digest())
        assert await made(desk, kept, sheet(desk, ending=ending)) == body, "the same data makes the same bytes"
    stored = await cases.case_of(desk, COOP, kept.id)
    assert stored is not None
    assert [answer.form for answer in stored.case.answers] == ["pdf", "pdf", "csv", "csv", "json", "json"]


async def test_an_answer_is_in_words_for_programs_too(house: House):
    desk = oversight_of(house.settings, house.stores)
    one, _ = await provided(house)
    tables = json.loads(await made(desk, await case_about(desk, one), sheet(desk)))["tables"]
    assert [table["key"] for table in tables] == ["provisions", "restrictions", "follow_ups", "holders"]
    first, second = tables[0]["rows"]
    assert first["partner"] == "生活協同組合連合会コープ東北サンネット事業連合"
    assert first["state"]["ja"] == "提供承認・送信未確認"
    assert second["fields"] == {"ja": "氏名、電話番号", "en": "Name, Telephone"}
    assert second["basis"]["ja"] == "共同利用(法27条5項3号)"


async def test_an_answer_needs_to_know_who_asks_and_what_cannot_be_written_leaves_nothing(house: House):
    desk = oversight_of(house.settings, house.stores)
    one, _ = await provided(house)
    unchecked, kept = await case_about(desk, one, checked=False), await case_about(desk, one)
    before = await house.entries()
    with pytest.raises(Refused, match="identity check"):
        await made(desk, unchecked, sheet(desk))
    with pytest.raises(Unencodable):
        await made(desk, kept, sheet(desk, ending="csv", encoding="cp932"))
    for wrong in ({"addressee": ""}, {"opening": "長" * 2001}, {"on": cases.today_of(desk) + timedelta(days=1)}):
        with pytest.raises(Refused):
            await made(desk, kept, sheet(desk, **wrong))
    staff = replace(kept, case=replace(kept.case, subject="staff", member=None))
    with pytest.raises(Refused, match="staff"):
        await make(desk, staff, sheet(desk), by="homu", reason="開示", coop_name="共立社", trial=True)
    assert await house.entries() == before
    cp932 = await made(desk, kept, sheet(desk, ending="csv", encoding="cp932", addressee="髙﨑 花子"))
    assert "髙﨑" in cp932.decode("cp932")


async def test_a_look_is_in_the_log_before_it_leads_anywhere_and_ends_after_a_while(house: House, clock: SettableClock):
    desk = oversight_of(house.settings, house.stores)
    token = await look(desk, COOP, "00012345", by="homu", reason="本人からの照会", case="case-x")
    noted = await house.last()
    assert isinstance(noted, Access)
    assert (noted.look_up, noted.by, noted.reason, noted.view) == ("history", "homu", "本人からの照会", "case-x")
    assert "00012345" not in token
    found = looked(desk, COOP, token, by="homu")
    assert (found.code, found.case) == ("00012345", "case-x")
    assert "00012345" not in repr(found)
    for wrong, by in ((token, "kansa"), (token[:-2], "homu"), ("x" * 2_000, "homu"), ("", "homu")):
        with pytest.raises(LookOver):
            looked(desk, COOP, wrong, by=by)
    with pytest.raises(LookOver):
        looked(desk, "coopdeli", token, by="homu")
    clock.advance(minutes=15)
    with pytest.raises(LookOver):
        looked(desk, COOP, token, by="homu")
    before = await house.entries()
    for reason in ("", " ", "a\u202eb", "長" * 501):
        with pytest.raises(Refused):
            await look(desk, COOP, "00012345", by="homu", reason=reason)
    assert await house.entries() == before


async def test_where_side_rows_were_erased_the_answer_says_so(house: House, clock: SettableClock):
    desk = oversight_of(house.settings, house.stores)
    one, _ = await provided(house)
    clock.advance(days=5 * 366)
    log, rows = house.stores.log, house.stores.side_rows
    until = await retention.erasable_until(rows, COOP, cases.today_of(desk))
    said: dict[str, Any] = {"by": "運用", "reason": "保存期間", "clock": clock}
    sets, erasable = house.stores.held_sets, house.stores.erasable
    await retention.erase_before(log, erasable, COOP, until=until, rows=rows, sets=sets, **said)
    kept = await case_about(desk, one)
    found = await record(desk, COOP, one)
    assert found.provisions == ()
    assert found.erased is not None
    assert "保存期間を過ぎたため" in (await made(desk, kept, sheet(desk))).decode()
