"""A console over the real policy files, with a draft to change: what the tests of the matrix stand in."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Router

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.console.app import FORM_LIMIT, PAGES, _answer
from gateway.console.desk import StaffDesk
from gateway.console.entrance.sign_in import SignIn
from gateway.console.forms import NotAForm
from gateway.console.gate import Gate
from gateway.console.grants.matrix import ROUTES
from gateway.console.headers import protected
from gateway.console.refusal import Refusal
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import Proposal
from gateway.core.state import Snapshot, Version
from gateway.ports import Files, PolicyFiles, Unavailable
from gateway.web.guard import Guard
from gateway.web.server import bind, serve
from tests.clock import SettableClock
from tests.console.simulated import COOP, Console, SimulatedProposals

ROOT = Path(__file__).resolve().parents[2]
PARTNER, AGREEMENT = "jccu", "kyoritsusha-jccu-01"
FILE = f"policies/{COOP}/agreements/{PARTNER}.yaml"


def repository_files() -> dict[str, str]:
    """The files of 共立社 and all partners, as they stand in the repository."""
    found = [*(ROOT / "policies" / COOP).rglob("*.*"), *(ROOT / "partners").glob("*.yaml")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}


class KeptProposals(SimulatedProposals):
    """Proposals with their files."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[str, Files] = {}
        self.versions: dict[str, Files] = {}

    def keep(self, files: Files) -> str:
        digest = hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
        self.contents[digest] = dict(files)
        return digest

    async def keep_files(self, coop: str, files: Files) -> str:
        return self.keep(files)

    async def files(self, coop: str, content: str) -> Files | None:
        return self.contents.get(content)

    async def files_of_version(self, coop: str, policy: str) -> Files | None:
        return self.versions.get(policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixStaffDesk(StaffDesk):
    """The desk with what the matrix needs."""

    policy_files: PolicyFiles
    amend: Any


class Room(Console):
    """The console with a published version of the repository's files, and a draft on it."""

    def __init__(self, clock: SettableClock, files: Files | None = None, *, origin: str | None = None) -> None:
        super().__init__(clock)
        self.proposals: KeptProposals = KeptProposals()
        self.files = repository_files() if files is None else files
        checked = CheckedFiles(samples=True).check(COOP, self.files)
        assert checked.policy is not None, checked.findings
        version = Version(effective=clock() - timedelta(days=30), index=0, policy=checked.policy)
        self.snapshots[COOP] = Snapshot(coop=COOP, gov=1, versions=(version,))
        self.proposals.versions[checked.policy.digest] = self.files
        self.draft = self.proposals.add(
            "宅配の案内を見直す", content=self.proposals.keep(self.files), base=checked.policy.digest
        )
        self.staff.add("kian", "admin", name="起案 花子")
        self.staff.add("hoka", "admin", name="他部署 一郎", department="総務部")
        self.staff.add("kansa", "auditor", name="監査 次郎")
        self.staff.add("unyo", "operator", name="運用 三郎")
        own = {name: getattr(self.desk, name) for name in StaffDesk.__dataclass_fields__}
        changes = {} if origin is None else {"origin": origin}
        self.desk = MatrixStaffDesk(
            **{**own, "proposals": self.proposals, **changes}, policy_files=CheckedFiles(samples=True), amend=self.amend
        )
        self.app = composed(self.desk)

    async def amend(self, coop: str, proposal: str, revision: int, files: Files, *, by: str) -> Proposal:
        """Amend as the control plane does, as far as the page can tell: on the revision that was seen, or not at all."""
        at = next(at for at, one in enumerate(self.proposals.stored) if one.id == proposal)
        was = self.proposals.stored[at]
        if was.revision != revision:
            raise refused("revision")
        now = replace(was, revision=revision + 1, editor=by, content=self.proposals.keep(files), state="draft")
        self.proposals.stored[at] = now
        return now

    @property
    def now(self) -> Proposal:
        """The draft as it stands."""
        return next(one for one in self.proposals.stored if one.id == self.draft.id)

    @property
    def text(self) -> str:
        """The agreement's file in the draft."""
        return self.proposals.contents[self.now.content][FILE]

    @property
    def url(self) -> str:
        return f"/{COOP}/matrix/{self.draft.id}/{PARTNER}/{AGREEMENT}"


def composed(desk: StaffDesk) -> Guard:
    """Put the matrix's routes behind the console's own gate, as staff_app does with its pages."""
    known = {route.path for route in PAGES}
    routes = (*PAGES, *(route for route in ROUTES if route.path not in known))
    kinds = (HTTPException, Refusal, Unavailable, NotAForm, Exception)
    app = Starlette(
        routes=[Mount("/", app=Gate(Router(routes, redirect_slashes=False), desk))],
        exception_handlers=dict.fromkeys(kinds, _answer),
    )
    app.state.desk = desk
    app.state.sign_in = SignIn(desk)
    app.state.routes = frozenset(route.path for route in routes)
    return Guard(
        protected(app, secure=desk.secure),
        hosts=frozenset({desk.origin.partition("://")[2]}),
        body_limit=lambda method, _: FORM_LIMIT if method == "POST" else 0,
        count=lambda slug: desk.telemetry.count("guard_refused", slug=slug),
        log=lambda kind, request_id: desk.telemetry.note("unforeseen", kind=kind, request_id=request_id),
    )


@asynccontextmanager
async def served_room(clock: SettableClock, files: Files | None = None) -> AsyncIterator[Room]:
    """Serve a room on the loopback address while the context lasts."""
    listener = bind("127.0.0.1", 0)
    room = Room(clock, files, origin=f"http://127.0.0.1:{listener.getsockname()[1]}")
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(room.app, listener=listener, stop=stop, count=lambda _: None, linger=0.0, grace=1)
    )
    try:
        yield room
    finally:
        stop.set()
        await serving
