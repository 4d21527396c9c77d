"""提供先: what the pages show of real versions, keys and log entries; a suspension holds for the next transfer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from msgspec.structs import replace

from gateway.adapters.policy_files.folder import files_of
from gateway.app.office import office_of
from gateway.console.app import PAGES, staff_app
from gateway.console.desk import StaffDesk
from gateway.console.entrance.totp import code_at, step_at
from gateway.console.partners.partners import ROUTES
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.partners.acts import end_key, set_state
from gateway.control_plane.people import people
from gateway.control_plane.people.credentials import nobodys_hash, open_totp, seal_totp, totp_key, verify_password
from gateway.core.staff import Role
from gateway.ports import Credentials, Files
from gateway.tlog.entries import Partner as PartnerEntry
from tests.clock import SettableClock
from tests.console.simulated import ORIGIN, PASSWORD, SECRET, Browser, Console, cheap_hash, words
from tests.house import COOP, ROOT, House, running_house

HERE = "宅配事業部"
PEOPLE: tuple[tuple[str, Role, str | None], ...] = (
    ("sato", "admin", HERE),
    ("ito", "manager", HERE),
    ("kansa", "auditor", None),
    ("unyo", "operator", None),
)
REAL = files_of(ROOT / "policies", ROOT / "partners", COOP)
LIST = f"/{COOP}/partners"
SUNNET, AGREEMENT = f"{LIST}/sunnet", "kyoritsusha-sunnet-01"
MEANT = {"reason": "鍵の漏えいの疑い", "confirm": "sunnet"}


class Room:
    """The staff application on a house's stores."""

    def __init__(self, house: House) -> None:
        self.house = house
        stores = house.stores
        self.desk = StaffDesk(
            origin=ORIGIN,
            coops={COOP: "生活協同組合共立社"},
            clock=house.clock,
            staff=stores.staff,
            proposals=stores.proposals,
            current=stores.snapshots.current,
            office=office_of(house.settings, stores),
            telemetry=house.telemetry,
            nobodys_hash=nobodys_hash(),
            verify_password=verify_password,
            open_totp=open_totp,
            totp_key=lambda coop: totp_key(stores.keys.coop_secrets(coop)),
            refuse_after_s=0.0,
        )
        known = {route.path for route in PAGES}
        pages = (*PAGES, *(route for route in ROUTES if route.path not in known))
        self.app = staff_app(self.desk, hosts=frozenset({"console.example.coop"}), pages=pages)

    async def signed_in(self, person: str, *, english: bool = False) -> "Visitor":
        self.house.clock.advance(seconds=30)  # the next one's code
        visitor = Visitor(self)
        assert (await visitor.sign_in(person)).status_code == 303
        if english:
            visitor.http.cookies.set("__Host-language", "en", domain="console.example.coop")
        return visitor

    async def events(self) -> list[tuple[str, str, str, str]]:
        """What the log says of partners' states."""
        return [
            (one.partner, one.event, one.by, one.reason)
            for one in await self.house.entries()
            if isinstance(one, PartnerEntry) and one.event in {"active", "suspended"}
        ]


class Visitor(Browser):
    """A browser in front of the room."""

    def __init__(self, room: Room) -> None:
        super().__init__(cast("Console", _Clocked(room)))

    @property
    def csrf(self) -> str:
        return self.token_of_form

    token_of_form = ""

    async def get(self, url: str) -> httpx2.Response:
        answer = await super().get(url)
        self.token_of_form = answer.text.partition('name="csrf" value="')[2].partition('"')[0] or self.token_of_form
        return answer

    async def suspend(self, partner: str = "sunnet", **changes: str) -> httpx2.Response:
        await self.get(LIST)
        return await self.send(f"{LIST}/{partner}/suspend", {**MEANT, **changes})


class _Clocked:
    """What a browser asks of a console."""

    def __init__(self, room: Room) -> None:
        self.app = room.app
        self.desk = room.desk
        self._clock = room.house.clock

    def code(self) -> str:
        return code_at(SECRET, step_at(self._clock()))


@asynccontextmanager
async def running_room(url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Room]:
    async with running_house(url, tmp_path, clock, coops=(COOP,), published=False, demo=True) as house:
        log, staff = house.stores.log, house.stores.staff
        sealed = seal_totp(SECRET, totp_key(house.stores.keys.coop_secrets(COOP)))
        for person, role, department in PEOPLE:
            giver: dict[str, Any] = {"by": "設定" if person == "sato" else "sato", "reason": "試験", "clock": clock}
            await people.add_person(log, staff, COOP, person, person, **giver)
            await people.give_role(log, staff, COOP, person, role, department=department, **giver)
            credentials = Credentials(password=cheap_hash(PASSWORD), totp=sealed)
            assert await staff.set_credentials(
                COOP, person, credentials, was=replace(credentials, password="", totp=b"")
            )
        yield Room(house)


@pytest.fixture
async def room(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Room]:
    async with running_room(sqlite_url, tmp_path, clock) as made:
        yield made


async def published(room: Room, files: Files = REAL) -> None:
    """Publish the real files by two people, so that they are kept."""
    office = office_of(room.house.settings, room.house.stores)
    wish = Wish(files=files, title="最初の版", department=HERE, effective=None, reason="覚書の締結")
    draft = await steps.begin(office, COOP, wish, by="sato")
    digest, _ = await steps.foreseen(office, draft)
    waiting = await steps.submit(office, draft, preview=digest, by="sato")
    await steps.publish(office, await steps.approve(office, waiting, preview=digest, by="ito"), by="sato")
    await room.house.stores.snapshots.refresh(COOP)


async def test_a_suspension_holds_for_the_next_transfer(database_url: str, tmp_path: Path, clock: SettableClock):
    async with running_room(database_url, tmp_path, clock) as room:
        await suspension(room)


async def suspension(room: Room) -> None:
    await published(room)
    sunnet = await room.house.partner("sunnet", AGREEMENT)
    asked = ("P4", ["member_code", "name"], ["00000007"])
    assert (await sunnet.ask(*asked)).status_code == 200
    operator = await room.signed_in("unyo")
    answer = await operator.suspend()
    assert (answer.status_code, answer.headers["location"]) == (303, SUNNET)
    # The gateway's own snapshot has not followed yet: the commit point decides.
    assert (await sunnet.ask(*asked)).status_code == 403
    assert "agreement:sunnet:inactive" in (await room.house.denial()).reasons
    assert (await room.events())[-1] == ("sunnet", "suspended", "unyo", "鍵の漏えいの疑い")
    shown = words(await operator.get(SUNNET))
    assert "生活協同組合連合会コープ東北サンネット事業連合 への提供を止めました" in shown
    assert "停止中です。何も提供されません" in shown
    assert "直ちに止める" not in shown
    assert "一人が「再開・鍵の申請」で申請し、別の承認者が承認します" in shown


async def test_a_manager_suspends_too_and_a_partner_that_was_never_active(room: Room):
    await room.house.publish()
    manager = await room.signed_in("ito")
    assert (await manager.suspend("jccu", confirm="jccu")).status_code == 303
    assert await room.events() == [("jccu", "suspended", "ito", "鍵の漏えいの疑い")]


NOT_MEANT = (
    ({"confirm": "Sunnet"}, "提供先のIDと一致しません", "is not the partner's id"),
    ({"confirm": ""}, "提供先のIDと一致しません", "is not the partner's id"),
    ({"reason": " \r\n "}, "止める理由を入力してください", "Say why it is suspended"),
    ({"reason": "理" * 2_001}, "2,000字までで", "at most 2,000 characters"),
    ({"reason": "a\u202eb"}, "制御文字", "control characters"),
)


async def test_what_is_not_meant_is_not_done(room: Room):
    await room.house.publish()
    for english in (False, True):
        operator = await room.signed_in("unyo", english=english)
        for changes, ja, en in NOT_MEANT:
            answer = await operator.suspend(**changes)
            assert answer.status_code == 409
            said = words(answer).replace("&#39;", "'")
            assert (en if english else ja) in said
            assert ("Nothing was changed" if english else "何も変更されていません") in said
    assert await room.events() == []


@pytest.mark.parametrize("person", ["sato", "kansa"])
async def test_who_is_no_operator_nor_manager_does_not_suspend(room: Room, person: str):
    await room.house.publish()
    for english, told in ((False, "必要な役割"), (True, "role")):
        visitor = await room.signed_in(person, english=english)
        assert 'name="confirm"' not in (await visitor.get(SUNNET)).text
        answer = await visitor.suspend()
        assert answer.status_code == 403
        assert told in words(answer)
    assert await room.events() == []


async def test_a_partner_that_no_version_names_is_told(room: Room):
    await room.house.publish()
    for english, told in ((False, "公布されたどの版にもありません"), (True, "No published version names this partner")):
        operator = await room.signed_in("unyo", english=english)
        for answer in (await operator.suspend("nobody", confirm="nobody"), await operator.get(f"{LIST}/nobody")):
            assert answer.status_code == 404
            assert told in words(answer)
    assert await room.events() == []


async def test_a_suspended_partner_is_not_suspended_again(room: Room):
    await room.house.publish()
    operator = await room.signed_in("unyo")
    assert (await operator.suspend()).status_code == 303
    answer = await operator.suspend()
    assert answer.status_code == 409
    assert "すでに停止中です" in words(answer)
    assert len(await room.events()) == 1


async def test_a_form_without_the_token_does_nothing(room: Room):
    await room.house.publish()
    operator = await room.signed_in("unyo")
    assert (await operator.post(f"{SUNNET}/suspend", MEANT)).status_code == 403
    assert await room.events() == []


async def test_the_list_says_state_term_supervision_and_keys(room: Room):
    await published(room)
    await room.house.partner("sunnet", AGREEMENT)
    await set_state(room.house.stores.log, COOP, "jccu", active=False, by="unyo", reason="試験", clock=room.house.clock)
    reader = await room.signed_in("kansa")
    page = await reader.get(LIST)
    rows = [words(httpx2.Response(200, text=row)) for row in page.text.split("<tr>")[2:]]
    assert [row.split()[1] for row in rows[:3]] == ["coop-kyosai", "jccu", "sunnet"]
    sunnet = rows[2]
    for told in ("有効", AGREEMENT, "共同利用(法27条5項3号・第三者提供に当たらない)", "2027年3月31日(水)", "あと129日"):
        assert told in sunnet
    for told in ("2027年3月10日(水)", "期限内", "署名", "暗号化", "あと397日", "sunnet-demo"):
        assert told in sunnet
    assert "停止中" in rows[1]
    assert "開始前" in rows[0]
    assert "有効な鍵なし" in rows[0]
    assert "契約なし" in rows[3]
    assert f'href="{SUNNET}"' in page.text


async def test_supervision_past_its_due_day_is_marked_before_and_after_its_grace(room: Room):
    await published(room)
    for days, told in ((110, "期限超過(猶予期間中)"), (31, "期限超過(提供されません)")):
        room.house.clock.advance(days=days)
        shown = words(await (await room.signed_in("kansa")).get(SUNNET))
        assert told in shown


async def test_one_partner_in_full(room: Room):
    await published(room)
    made = await room.house.partner("sunnet", AGREEMENT)
    kid = next(key["kid"] for key in made.jwks()["keys"] if key["use"] == "enc")
    snapshot = room.house.stores.snapshots.current(COOP)
    room.house.clock.advance(days=2)
    await end_key(room.house.stores.log, snapshot, "sunnet", kid, by="unyo", reason="交換", clock=room.house.clock)
    reader = await room.signed_in("kansa")
    answer = await reader.get(SUNNET)
    shown = words(answer)
    for told in (
        "法人番号 記録なし",
        "国 JP",
        "【見本】共同利用に関する覚書",
        "守秘義務 第3条",
        "第6条2項",
        "質問票 適",
    ):
        assert told in shown
    assert "2026年9月10日(木)" in shown
    assert f'href="/{COOP}/grants/sunnet/{AGREEMENT}"' in answer.text
    for key in room.house.stores.snapshots.current(COOP).partner("sunnet").keys:
        assert key.thumbprint in shown
        assert key.kid in shown
    events = words(httpx2.Response(200, text=answer.text.partition('id="events-name"')[2]))
    order = [events.index(told) for told in ("鍵を終わらせた", "有効にした", "鍵を登録した")]
    assert order == sorted(order)
    assert "交換" in events


async def test_the_page_is_whole_in_english_and_an_operator_is_not_led_to_grants(room: Room):
    await published(room)
    operator = await room.signed_in("unyo", english=True)
    answer = await operator.get(SUNNET)
    assert "joint use (APPI Art. 27(5)(iii): not a third-party provision)" in words(answer)
    assert "Resuming takes two people" in words(answer)
    assert "/grants/" not in answer.text
    assert "129 days left" in words(await operator.get(LIST))


async def test_without_the_files_the_page_says_so_and_shows_what_the_gates_know(room: Room):
    await room.house.publish()
    reader = await room.signed_in("kansa")
    shown = words(await reader.get(SUNNET))
    assert "ファイルは保管されていない" in shown
    assert "守秘義務 記録あり" in shown
    assert "ファイルは保管されていない" in words(await reader.get(LIST))


async def test_before_the_first_version_the_list_teaches_the_next_step(room: Room):
    reader = await room.signed_in("kansa")
    assert "提供先を含む版が公布されると" in words(await reader.get(LIST))
    assert (await reader.get(SUNNET)).status_code == 404


async def test_a_console_that_only_reads_suspends_nobody(console: Console):
    known = {route.path for route in PAGES}
    pages = (*PAGES, *(route for route in ROUTES if route.path not in known))
    console.app = staff_app(console.desk, hosts=frozenset({"console.example.coop"}), pages=pages)
    operator = await console.browser().signed_in("unyo")
    partner = next(iter(console.snapshots[COOP].versions[0].policy.partners))
    assert "提供していません" in words(await operator.get(LIST))
    assert 'name="confirm"' not in (await operator.get(f"{LIST}/{partner}")).text
    answer = await operator.send(f"{LIST}/{partner}/suspend", {**MEANT, "confirm": partner})
    assert answer.status_code == 404


async def test_the_selection_the_end_of_use_and_the_archive_are_shown(room: Room):
    file, entity = f"policies/{COOP}/agreements/sunnet.yaml", "partners/sunnet.yaml"
    records = """    evidence:
      selection: {criteria: 実績と体制, date: 2026-03-01, result: 適合, by: 佐藤 起子}
    end:
      date: 2026-11-20
      procedure: 第12条により消去する
      return_erase: {due: 2026-11-30, certificate: {number: 消去-7, date: 2026-11-21, by: 情報管理責任者}}
    limits: {members_per_day: 20000}"""
    ended = {
        file: REAL[file].replace("    limits: {members_per_day: 20000}", records),
        entity: f"{REAL[entity]}archived: 2026-11-22\n",
    }
    await published(room, {**REAL, **ended})
    visitor = await room.signed_in("kansa")
    said = words(await visitor.get(SUNNET))
    for text in ("実績と体制", "佐藤 起子", "適合", "第12条により消去する", "消去-7", "消去等の証明あり"):
        assert text in said
    assert "2026年11月22日(日)から取引なし" in said
    assert "消去等の証明あり" in words(await visitor.get(LIST))
