"""A gateway on real stores with people who can sign in, and a program that speaks to its staff API as one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from msgspec.structs import replace

from gateway.adapters.policy_files.folder import files_of
from gateway.app.console import staff_listener
from gateway.console.entrance.totp import code_at, step_at
from gateway.control_plane.people import people
from gateway.control_plane.people.credentials import seal_totp, totp_key
from gateway.core.staff import Role
from gateway.ports import Credentials
from gateway.tlog.entries import Proposal as ProposalEntry
from gateway.web.guard import Guard
from tests.clock import SettableClock
from tests.console.simulated import OTHER, PASSWORD, SECRET, cheap_hash
from tests.house import COOP, ROOT, House, running_house

ORIGIN = "https://console.example.coop"
HERE, ELSEWHERE = "宅配事業部", "共済部"
SUNNET = f"policies/{COOP}/agreements/sunnet.yaml"
REAL = dict(files_of(ROOT / "policies", ROOT / "partners", COOP))
NARROWED = REAL | {SUNNET: REAL[SUNNET].replace("          delivery_day: as_is\n", "")}
WISH: dict[str, Any] = {"title": "配達先", "department": HERE, "effective": None, "reason": "覚書の締結", "files": REAL}
PEOPLE: tuple[tuple[str, str, Role | None, str | None], ...] = (
    (COOP, "sato", "admin", HERE),
    (COOP, "kato", "admin", HERE),
    (COOP, "ito", "manager", HERE),
    (COOP, "mori", "manager", ELSEWHERE),
    (COOP, "kansa", "auditor", None),
    (COOP, "unyo", "operator", None),
    (COOP, "abe", None, None),
    (OTHER, "taken", "admin", HERE),
)


@dataclass
class Room:
    """The staff listener and whatever is behind it."""

    house: House
    guard: Guard

    def program(self, token: str | None = None) -> "Program":
        return Program(self, token)

    async def signed_in(self, person: str, *, coop: str = COOP) -> "Program":
        program = self.program()
        answer = await program.sign_in(person, coop=coop)
        assert answer.status_code == 201, answer.text
        program.token = answer.json()["token"]
        return program

    def code(self) -> str:
        """The code that the authenticator shows now."""
        return code_at(SECRET, step_at(self.house.clock()))

    async def give(self, person: str, role: Role, **more: Any) -> str:
        """Give somebody of 共立社 a role; return its id."""
        log, staff = self.house.stores.log, self.house.stores.staff
        giver = "ito" if person == "sato" else "sato"
        words: dict[str, Any] = {"by": giver, "reason": "試験", "clock": self.house.clock}
        _, held = await people.give_role(log, staff, COOP, person, role, **words, **more)
        return held.id

    async def events(self) -> list[str]:
        return [
            one.event if isinstance(one, ProposalEntry) else one.kind
            for one in await self.house.entries()
            if one.kind in {"proposal", "publish"}
        ]


class Program:
    """Speaks to the API with a token, without cookies or a page."""

    def __init__(self, room: Room, token: str | None) -> None:
        self.room = room
        self.token = token
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=room.guard), base_url=ORIGIN)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Send to a path under /api; a header's name is written with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            named = {"Authorization": f"Bearer {self.token}"} | named
        extra: dict[str, Any] = {} if body is None else {"json": body}
        return await self.http.request(method, f"/api{path}", headers=named, **extra)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.send("GET", f"/{COOP}/{path}", **headers)

    async def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return await self.send("POST", f"/{COOP}/{path}", body, **headers)

    async def put(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return await self.send("PUT", f"/{COOP}/{path}", body, **headers)

    async def sign_in(self, person: str, *, coop: str = COOP, **changes: Any) -> httpx2.Response:
        body = {"coop": coop, "person": person, "password": PASSWORD, "code": self.room.code(), **changes}
        return await self.http.post("/api/sessions", json=body)

    async def begun(self, **changes: Any) -> dict[str, Any]:
        return made(await self.post("proposals", WISH | changes), 201)

    async def previewed(self, one: dict[str, Any]) -> str:
        digest: str = made(await self.get(f"proposals/{one['id']}/preview"))["digest"]
        return digest

    async def step(self, one: dict[str, Any], event: str, **said: Any) -> httpx2.Response:
        return await self.post(f"proposals/{one['id']}/{event}", {"revision": one["revision"], **said})

    async def submitted(self, **changes: Any) -> dict[str, Any]:
        one = await self.begun(**changes)
        return made(await self.step(one, "submit", preview=await self.previewed(one)))


def made(answer: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """What an answer of this status holds."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def rule(answer: httpx2.Response, status: int) -> str:
    """The rule of a refusal, which says in both languages what to do."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:joint-use:problem:refused"
    assert problem["status"] == status
    assert problem["ja"]
    assert problem["en"]
    named: str = problem["rule"]
    return named


def slug(answer: httpx2.Response, status: int) -> str:
    """The kind of a problem that is no rule's."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    kind: str = answer.json()["type"]
    return kind.removeprefix("urn:joint-use:problem:")


@asynccontextmanager
async def running_room(url: str, folder: Path, clock: SettableClock) -> AsyncIterator[Room]:
    """Run the staff listener with the people, before any version is published."""
    async with running_house(url, folder, clock, published=False, demo=True, console=ORIGIN) as house:
        log, staff = house.stores.log, house.stores.staff
        words: dict[str, Any] = {"reason": "試験", "clock": clock}
        for coop, person, role, department in PEOPLE:
            begun = bool(await staff.roles(coop))
            by = "sato" if begun else "設定"
            await people.add_person(log, staff, coop, person, person, by=by, **words)
            if role is not None:
                await people.give_role(log, staff, coop, person, role, department=department, by=by, **words)
            sealed = seal_totp(SECRET, totp_key(house.stores.keys.coop_secrets(coop)))
            credentials = Credentials(password=cheap_hash(PASSWORD), totp=sealed)
            assert await staff.set_credentials(
                coop, person, credentials, was=replace(credentials, password="", totp=b"")
            )
        yield Room(house, staff_listener(house.settings, house.stores, house.telemetry, refuse_after_s=0))
