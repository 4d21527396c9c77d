"""A co-op that has been at work for a while, with the console of it on a real socket: what every page is looked at in.

共立社 is complete: two versions in force and one to come, proposals in every state, one of somebody who left, partners
active, suspended with a request to resume, and not yet begun, people with every role and a deputy, transfers and refusals
in the log, grants that nobody used for months. コープデリ lacks what its notice lacks.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from gateway.adapters.policy_files.folder import files_of
from gateway.app.console import staff_listener
from gateway.app.office import office_of
from gateway.console.entrance.totp import code_at, step_at
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.publish import publish
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.partners import requests as partner_requests
from gateway.control_plane.partners.acts import set_state
from gateway.control_plane.people import people
from gateway.control_plane.people.credentials import seal_totp, totp_key
from gateway.core.changes.proposal import Proposal
from gateway.core.staff import Role
from gateway.ports import Credentials, Files
from gateway.web.server import bind, serve
from tests.clock import SettableClock
from tests.console.furnished_emergencies import ended_emergencies, waiting_emergency
from tests.console.furnished_follow_ups import furnish_follow_ups
from tests.console.furnished_incidents import furnish_incidents
from tests.console.furnished_member_events import furnish_member_events
from tests.console.furnished_members import furnish_members
from tests.console.furnished_quotas import furnish_quotas
from tests.console.furnished_reviews import reviewed
from tests.console.furnished_transfers import furnish_transfers
from tests.console.simulated import PASSWORD, SECRET, cheap_hash
from tests.control_plane.completed_notice import completed
from tests.house import COOP, ROOT, House, running_house

INCOMPLETE = "coopdeli"
HERE, ELSEWHERE = "宅配事業部", "共済事業部"
AGREEMENTS = f"policies/{COOP}/agreements"
PEOPLE: tuple[tuple[str, str, Role, str | None], ...] = (
    ("sato", "佐藤 起子", "admin", HERE),
    ("kato", "加藤 改", "admin", HERE),
    ("ito", "伊藤 認", "manager", HERE),
    ("mori", "森 陽子", "manager", ELSEWHERE),
    ("homu", "法務 次郎", "compliance", None),
    ("kansa", "監査 三枝", "auditor", None),
    ("unyo", "運用 四郎", "operator", None),
    ("takeda", "竹田 元", "admin", HERE),
)
DELI: tuple[tuple[str, str, Role, str | None], ...] = (("deli", "出利 五月", "admin", "個人情報管理部"),)
ACTIVE = ("kyoritsusha-sunnet-01", ("P4", ["member_code", "name", "phone"]), ("P3", ["member_code", "name", "phone"]))

Changes = Mapping[str, tuple[str, str]]
"""File → (what stands in it, what shall stand there)."""


@dataclass
class Furnished:
    """The house, its console's origin, and the proposals by what they are there for."""

    house: House
    office: Office
    origin: str
    proposals: dict[str, Proposal] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    """Person → session: a code is good for one sign-in."""
    starts: dict[str, list[str]] = field(default_factory=dict)
    """Person → pages that no link leads to, for what leads there is a form."""

    def code(self) -> str:
        """The code that every authenticator shows now."""
        return code_at(SECRET, step_at(self.house.clock()))

    async def session(self, person: str, *, coop: str = COOP) -> str:
        """Sign a person in as a browser does, once; return the value of the session's cookie."""
        if person in self.sessions:
            return self.sessions[person]
        typed = {"coop": coop, "person": person, "password": PASSWORD, "code": self.code()}
        async with httpx2.AsyncClient(base_url=self.origin) as http:
            answer = await http.post("/sign-in", data=typed, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 303, answer.text
            self.sessions[person] = http.cookies["session"]
        return self.sessions[person]

    async def draft(
        self, name: str, title: str, reason: str, changes: Changes, *, by: str = "sato", **more: Any
    ) -> None:
        """Begin a proposal that changes files as told."""
        coop = more.pop("coop", COOP)
        snapshot = self.office.in_force.current(coop)
        files = dict(await self.office.proposals.files_of_version(coop, last_version(snapshot) or "") or {})
        for file, (old, new) in changes.items():
            assert old in files[file], (file, old)
            files[file] = files[file].replace(old, new)
        wish = Wish(files=files, title=title, reason=reason, **{"department": HERE, "effective": None, **more})
        self.proposals[name] = await steps.begin(self.office, coop, wish, by=by)

    async def submit(self, name: str, *, by: str = "sato") -> None:
        """Submit a draft."""
        digest, _ = await steps.foreseen(self.office, self.proposals[name])
        self.proposals[name] = await steps.submit(self.office, self.proposals[name], preview=digest, by=by)

    async def approve(self, name: str, *, by: str = "ito") -> None:
        """Approve what was submitted, by the preview that went with it."""
        one = self.proposals[name]
        self.proposals[name] = await steps.approve(self.office, one, preview=one.preview or "", by=by)

    async def publish(self, name: str, *, by: str = "sato") -> None:
        """Publish what was approved."""
        self.proposals[name] = await steps.publish(self.office, self.proposals[name], by=by)
        await self.house.stores.snapshots.refresh(COOP)


Furnish = Callable[[Furnished, SettableClock], Awaitable[None]]


NAMES = {COOP: "生活協同組合 共立社", INCOMPLETE: "コープデリ連合会"}


@asynccontextmanager
async def furnished(
    url: str, folder: Path, clock: SettableClock, *, keys: Path, furnish: Furnish | None = None
) -> AsyncIterator[Furnished]:
    """Furnish the house, as told or as above, and serve its console on the loopback address."""
    listener = bind("127.0.0.1", 0)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings: dict[str, Any] = {"published": False, "demo": True, "console": origin, "keys": keys, "coop_names": NAMES}
    settings["rights_fees"] = {COOP: 300}
    with closing(listener):
        async with running_house(url, folder, clock, **settings) as house:
            made = Furnished(house, office_of(house.settings, house.stores), origin)
            await (furnish or at_work)(made, clock)
            app = staff_listener(house.settings, house.stores, sources=house.sources, refuse_after_s=0.0)
            stop = asyncio.Event()
            serving = asyncio.create_task(
                serve(app, listener=listener, stop=stop, count=lambda _: None, linger=0.0, grace=1)
            )
            try:
                yield made
            finally:
                stop.set()
                await serving


async def at_work(made: Furnished, clock: SettableClock) -> None:
    """Furnish as the module says; the clock stands afterwards where it stood."""
    now = clock()
    clock.advance(days=-120)
    for coop in (COOP, INCOMPLETE):
        await first_version(made, coop, files_of(ROOT / "policies", ROOT / "partners", coop))
    for coop, employed in ((COOP, PEOPLE), (INCOMPLETE, DELI)):
        for one in employed:
            await employ(made, coop, *one)
    await _stand_in(made, now)
    clock.advance(days=106)
    await _partners(made)
    await ended_emergencies(made, clock)
    await _publications(made, now, clock)
    await _waiting(made, clock)
    await employ(made, COOP, "shinya", "新谷 六郎", "compliance", None)
    await reviewed(made.house)
    clock.now = now
    await waiting_emergency(made)
    await furnish_members(made)
    await furnish_member_events(made)
    await furnish_follow_ups(made)
    await furnish_incidents(made)
    await furnish_transfers(made)
    await furnish_quotas(made)


async def first_version(made: Furnished, coop: str, files: Files) -> None:
    """Publish files in two names, as long as nobody holds a role."""
    document = made.office.policy_files.check(coop, files).document
    assert document is not None
    said: dict[str, Any] = {"proposer": "佐藤 起子", "approver": "伊藤 認", "reason": "最初の版", "effective": None}
    content = await made.office.proposals.keep_files(coop, files)
    snapshot = made.house.stores.snapshots.current(coop)
    await publish(made.office.log, snapshot, document, clock=made.house.clock, content=content, **said)
    await made.house.stores.snapshots.refresh(coop)


async def employ(made: Furnished, coop: str, person: str, name: str, role: Role, department: str | None) -> None:
    """Add somebody with a role, a password and an authenticator."""
    office, first = made.office, not await made.office.staff.roles(coop)
    said: dict[str, Any] = {"by": "設定" if first else "sato", "reason": "着任", "clock": made.house.clock}
    await people.add_person(office.log, office.staff, coop, person, name, **said)
    await people.give_role(office.log, office.staff, coop, person, role, department=department, **said)
    sealed = seal_totp(SECRET, totp_key(made.house.stores.keys.coop_secrets(coop)))
    kept = Credentials(password=cheap_hash(PASSWORD), totp=sealed)
    assert await office.staff.set_credentials(coop, person, kept, was=Credentials())


async def _stand_in(made: Furnished, now: datetime) -> None:
    """Let a manager stand in for the other for a week."""
    office = made.office
    said: dict[str, Any] = {"by": "sato", "clock": made.house.clock}
    span: dict[str, Any] = {"start": now - timedelta(days=1), "end": now + timedelta(days=6), "deputy_for": "ito"}
    await people.give_role(
        office.log, office.staff, COOP, "mori", "manager", department=HERE, reason="出張のため", **span, **said
    )


async def _partners(made: Furnished) -> None:
    """Let one partner pull and be refused, suspend another, and leave the rest as they are."""
    house = made.house
    agreement, *asked = ACTIVE
    sunnet = await house.partner("sunnet", agreement)
    for purpose, fields in asked:
        answer = await sunnet.ask(purpose, fields, ["00000007", "00000101", "00000202"])
        assert answer.status_code == 200, (await house.denial()).reasons
    assert (await sunnet.ask("P12", ["member_code", "name"], ["00000007"])).status_code == 403  # without its case
    await house.partner("jccu", "kyoritsusha-jccu-01")
    said: dict[str, Any] = {"by": "unyo", "reason": "鍵の漏えいの疑い", "clock": house.clock}
    await set_state(house.stores.log, COOP, "jccu", active=False, **said)
    await house.stores.snapshots.refresh(COOP)


async def _publications(made: Furnished, now: datetime, clock: SettableClock) -> None:
    """Publish a version that is in force and one that comes into force later."""
    clock.advance(days=5)
    no_day = {f"{AGREEMENTS}/sunnet.yaml": ("          delivery_day: as_is\n", "")}
    await made.draft("published", "お届け曜日の提供をやめる", "配達の委託先が変わり、使わなくなったため", no_day)
    await made.submit("published")
    await made.approve("published")
    await made.publish("published")
    clock.advance(days=1)
    no_sex = {f"{AGREEMENTS}/jccu.yaml": ("          sex: as_is\n", "")}
    told = ("斡旋で性別を渡さない", "案内の対象を性別で分けないことにしたため")
    await made.draft("to come", *told, no_sex, effective=now + timedelta(days=9))
    await made.submit("to come")
    await made.approve("to come")
    await made.publish("to come")


async def _waiting(made: Furnished, clock: SettableClock) -> None:
    """Leave a proposal in every state that is not published."""
    clock.advance(days=2)
    sunnet, jccu = f"{AGREEMENTS}/sunnet.yaml", f"{AGREEMENTS}/jccu.yaml"
    no_age = {sunnet: ("          birth_date: age_band\n", "")}
    less = {jccu: ("          postal_code: postal_3\n", "")}
    await made.draft("withdrawn", "斡旋で郵便番号を渡さない", "別の申請にまとめるため", less, by="kato")
    one = made.proposals["withdrawn"]
    made.proposals["withdrawn"] = await steps.withdraw(made.office, one, reason="別の申請にまとめた", by="kato")
    clock.advance(hours=20)
    await made.draft("empty", "商品お届けの項目を見直す", "年に一度の見直し", {}, by="kato")
    await made.draft("left", "注文受付の年齢区分をやめる", "分析に使わなくなったため", no_age, by="takeda")
    said: dict[str, Any] = {"by": "sato", "reason": "異動", "clock": clock}
    await people.person_leaves(made.office.log, made.office.staff, COOP, "takeda", **said)
    await partner_requests.ask_resume(made.office, COOP, "jccu", by="unyo", reason="鍵を入れ替え、確かめたため")
    clock.advance(hours=20)
    more = {jccu: ("          phone: phone_last4\n", "          phone: as_is\n")}
    told = ("商品事故の連絡に電話番号の全桁を使う", "商品事故のとき、組合員へ直ちに連絡できるようにするため")
    await made.draft("submitted", *told, more)
    await made.submit("submitted")
    clock.advance(hours=2)
    await made.draft("approved", "斡旋で郵便番号を渡さない(再)", "都道府県が分かれば足りるため", less, by="kato")
    await made.submit("approved", by="kato")
    await made.approve("approved")
    clock.advance(hours=3)
    fewer = {sunnet: ("          email: as_is\n", "          email: mask\n")}
    await made.draft("draft", "商品事故の連絡からメールを除く", "電話で足りるため", fewer)
    own: dict[str, Any] = {"by": "deli", "coop": INCOMPLETE, "department": DELI[0][3]}
    await made.draft("incomplete", "共同利用の公表を補う", "公表事項に欠けている事項を補うため", {}, **own)
    wish = Wish(
        files=completed(), title="新しい版", reason="公表し直したため", department=own["department"], effective=None
    )
    made.proposals["completed"] = await steps.begin(made.office, INCOMPLETE, wish, by="deli")
