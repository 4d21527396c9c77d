"""Staff and proposals in memory, and a browser's manners: what the console's tests drive it with."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

import httpx2
from argon2 import PasswordHasher
from msgspec.structs import replace

from gateway.console.app import staff_app
from gateway.console.desk import StaffDesk
from gateway.console.entrance.totp import code_at, step_at
from gateway.control_plane.people.credentials import open_totp, seal_totp, verify_password
from gateway.core.changes.proposal import Proposal, State
from gateway.core.days import Span
from gateway.core.staff import Role, RoleHeld
from gateway.core.state import Snapshot, Version
from gateway.ports import Credentials, Files, Person, Session, Unavailable
from gateway.web.guard import Guard
from tests import factories
from tests.clock import NOON, SettableClock

ORIGIN = "https://console.example.coop"
COOP = "kyoritsusha"
OTHER = "coopdeli"
NAMES = {COOP: "生活協同組合共立社", OTHER: "コープデリ連合会"}
PASSWORD = "水仙と 鉄瓶 2026"
SECRET = b"0123456789abcdefghij"
KEY = b"k" * 32


_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def cheap_hash(password: str) -> str:
    """A hash as `hash_password` makes it, of argon2id's least cost: a test signs in often."""
    return _CHEAP.hash(unicodedata.normalize("NFKC", password).encode())


class SimulatedStaff:
    """The Staff port in memory; while `down`, it raises Unavailable."""

    def __init__(self) -> None:
        self.persons: dict[tuple[str, str], Person] = {}
        self.held: dict[str, list[RoleHeld]] = {}
        self.kept: dict[tuple[str, str], Credentials] = {}
        self.sessions: dict[bytes, Session] = {}
        self.identities: dict[tuple[str, str, str], str] = {}
        self.calls: Counter[str] = Counter()
        self.down = False

    def add(
        self, person: str, *roles: Role, coop: str = COOP, name: str = "", department: str = "組合員部", **changes: Any
    ) -> Person:
        """Add a person who can sign in and holds roles from a month ago on."""
        made = self.persons[coop, person] = Person(id=person, name=name or person, **changes)
        self.kept[coop, person] = Credentials(password=cheap_hash(PASSWORD), totp=seal_totp(SECRET, KEY))
        for role in roles:
            self.give(person, role, coop=coop, department=department if role in {"admin", "manager"} else None)
        return made

    def give(self, person: str, role: Role, *, coop: str = COOP, span: Span | None = None, **changes: Any) -> RoleHeld:
        """Give a role over a span; from a month ago without one."""
        roles = self.held.setdefault(coop, [])
        since = Span(NOON - timedelta(days=30)) if span is None else span
        roles.append(RoleHeld(id=f"r-{len(roles)}", person=person, role=role, span=since, **changes))
        return roles[-1]

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        if self.down:
            raise Unavailable("the database is away")

    async def people(self, coop: str) -> list[Person]:
        self._call("people")
        return [person for (of, _), person in sorted(self.persons.items()) if of == coop]

    async def roles(self, coop: str) -> list[RoleHeld]:
        self._call("roles")
        return list(self.held.get(coop, []))

    async def credentials(self, coop: str, person: str) -> Credentials | None:
        self._call("credentials")
        return self.kept.get((coop, person))

    async def set_credentials(self, coop: str, person: str, credentials: Credentials, *, was: Credentials) -> bool:
        self._call("set_credentials")
        if self.kept.get((coop, person)) != was:
            return False
        self.kept[coop, person] = credentials
        return True

    async def linked(self, coop: str, issuer: str, subject: str) -> str | None:
        self._call("linked")
        return self.identities.get((coop, issuer, subject))

    async def open_session(self, session: Session) -> None:
        self._call("open_session")
        person = self.persons[session.coop, session.person]
        self.persons[session.coop, session.person] = replace(person, signed_in=session.began)
        self.sessions[session.token_hash] = session

    async def session(self, token_hash: bytes) -> Session | None:
        self._call("session")
        return self.sessions.get(token_hash)

    async def touch_session(self, token_hash: bytes, seen: datetime) -> None:
        self._call("touch_session")
        if token_hash in self.sessions:
            self.sessions[token_hash] = replace(self.sessions[token_hash], seen=seen)

    async def close_session(self, token_hash: bytes) -> None:
        self._call("close_session")
        self.sessions.pop(token_hash, None)

    async def close_sessions_of(self, coop: str, person: str) -> None:
        self._call("close_sessions_of")
        for token_hash, one in list(self.sessions.items()):
            if (one.coop, one.person) == (coop, person):
                del self.sessions[token_hash]


class SimulatedProposals:
    """The Proposals port in memory."""

    def __init__(self) -> None:
        self.stored: list[Proposal] = []

    def add(self, title: str, **changes: Any) -> Proposal:
        """Add a proposal of 起案 in 組合員部, a draft unless told otherwise."""
        values = {
            "id": f"p-{len(self.stored) + 1}",
            "coop": COOP,
            "title": title,
            "department": "組合員部",
            "author": "kian",
            "editor": "kian",
            "content": hashlib.sha256(title.encode()).hexdigest(),
            "base": "0" * 64,
            "reason": "宅配の案内に使うため",
            "created": NOON - timedelta(days=3),
            "changed": NOON - timedelta(hours=len(self.stored) + 1),
        }
        self.stored.append(Proposal(**{**values, **changes}))
        return self.stored[-1]

    async def get(self, coop: str, proposal: str) -> Proposal | None:
        return next((one for one in self.stored if (one.coop, one.id) == (coop, proposal)), None)

    async def all(self, coop: str, *, states: Collection[State] = ()) -> list[Proposal]:
        own = [one for one in self.stored if one.coop == coop and (not states or one.state in states)]
        return sorted(own, key=lambda one: one.changed, reverse=True)

    async def keep_files(self, coop: str, files: Files) -> str:
        raise NotImplementedError

    async def files(self, coop: str, content: str) -> Files | None:
        raise NotImplementedError

    async def files_of_version(self, coop: str, policy: str) -> Files | None:
        raise NotImplementedError

    async def keep_preview(self, coop: str, body: bytes) -> str:
        raise NotImplementedError

    async def preview(self, coop: str, digest: str) -> bytes | None:
        raise NotImplementedError


class Heard:
    """Telemetry that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def count(self, name: str, **attributes: str | int) -> None:
        self.told.append((name, attributes))

    def note(self, event: str, **attributes: str | int) -> None:
        self.told.append((event, attributes))

    def span(self, name: str) -> Any:
        raise NotImplementedError


class Console:
    """A running staff console with its simulators; `browser()` is one more person at a screen."""

    def __init__(self, clock: SettableClock, **changes: Any) -> None:
        self.clock = clock
        self.staff = SimulatedStaff()
        self.proposals = SimulatedProposals()
        self.telemetry = Heard()
        self.snapshots = {coop: Snapshot(coop=coop) for coop in NAMES}
        values: dict[str, Any] = {
            "origin": ORIGIN,
            "coops": NAMES,
            "clock": clock,
            "staff": self.staff,
            "proposals": self.proposals,
            "current": lambda coop: self.snapshots[coop],
            "telemetry": self.telemetry,
            "nobodys_hash": cheap_hash("nobody has this password"),
            "verify_password": verify_password,
            "open_totp": open_totp,
            "totp_key": lambda _: KEY,
            "refuse_after_s": 0.0,
        }
        self.desk = StaffDesk(**{**values, **changes})
        self.app: Guard = staff_app(self.desk, hosts=frozenset({self.desk.origin.partition("://")[2]}))

    def publish(self, *effective: datetime, coop: str = COOP) -> None:
        """Publish a version for each instant."""
        for at in effective:
            before = self.snapshots[coop]
            number = len(before.versions)
            policy = factories.policy(coop=coop, digest=hashlib.sha256(str(number).encode()).hexdigest())
            version = Version(effective=at, index=10 * number, policy=policy)
            self.snapshots[coop] = replace(before, versions=(*before.versions, version))

    def code(self) -> str:
        """The code that the authenticator shows now."""
        return code_at(SECRET, step_at(self.clock()))

    def browser(self) -> "Browser":
        return Browser(self)


class Browser:
    """Keeps cookies and sends forms as a browser does: `Origin: null`, for our pages send no referrer."""

    def __init__(self, console: Console) -> None:
        self.console = console
        # Whatever escapes the guard is a failure of the test.
        transport = httpx2.ASGITransport(app=console.app)
        self.http = httpx2.AsyncClient(transport=transport, base_url=console.desk.origin)

    async def get(self, url: str) -> httpx2.Response:
        return await self.http.get(url)

    async def post(
        self, url: str, fields: dict[str, str] | None = None, *, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """Send a form exactly as given."""
        manners = {"Origin": "null", "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        body = urlencode(fields or {}).encode()
        content = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.http.post(url, content=body, headers={**content, **manners})

    async def send(self, url: str, fields: dict[str, str] | None = None) -> httpx2.Response:
        """Send a form of ours, with the session's token."""
        return await self.post(url, {"csrf": self.csrf, **(fields or {})})

    async def sign_in(self, person: str, *, coop: str = COOP, **changes: str) -> httpx2.Response:
        fields = {"coop": coop, "person": person, "password": PASSWORD, "code": self.console.code()}
        return await self.post("/sign-in", {**fields, **changes})

    async def signed_in(self, person: str, *, coop: str = COOP) -> "Browser":
        """Sign in and be let in; the next code is of a later step."""
        answer = await self.sign_in(person, coop=coop)
        assert answer.status_code == 303, answer.text
        return self

    @property
    def token(self) -> str | None:
        return self.http.cookies.get("__Host-session") or self.http.cookies.get("session")

    @property
    def session(self) -> Session | None:
        token = self.token
        return None if token is None else self.console.staff.sessions.get(hashlib.sha256(token.encode()).digest())

    @property
    def csrf(self) -> str:
        assert self.session is not None
        return self.session.csrf


def words(response: httpx2.Response) -> str:
    """What a page says, without its mark-up."""
    body = re.sub(r"<(script|style|title|svg)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
