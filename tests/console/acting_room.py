"""A house with a console that tests act in: a version in force, people with roles, and browsers that run no script."""

import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2

from gateway.adapters.policy_files.folder import files_of
from gateway.app.console import staff_listener
from gateway.app.office import office_of
from gateway.console.entrance.totp import code_at, step_at
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.publish import publish as publish_in_two_names
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.people import people
from gateway.control_plane.people.credentials import seal_totp, totp_key
from gateway.core.changes.proposal import Proposal
from gateway.core.staff import Role
from gateway.ports import Credentials, Files
from gateway.tlog.entries import Proposal as ProposalEntry, Publish
from gateway.web.guard import Guard
from tests.clock import SettableClock
from tests.console.paper_forms import PaperForm, forms_of
from tests.console.simulated import PASSWORD, SECRET, cheap_hash, words
from tests.house import COOP, ROOT, House, running_house

OTHER = "coopdeli"
HERE, ELSEWHERE = "宅配事業部", "共済部"
ORIGIN = "https://console.test"
SUNNET, JCCU = (f"policies/{COOP}/agreements/{partner}.yaml" for partner in ("sunnet", "jccu"))
MATRIX = "sunnet/kyoritsusha-sunnet-01"
CELL = "delivery/delivery_day"
SCRIPT = '<script>alert("x")</script>'
Employed = tuple[str, str, str, Role, str | None]
"""Co-op, person, name, role, department."""
PEOPLE: tuple[Employed, ...] = (
    (COOP, "sato", "佐藤 起子", "admin", HERE),
    (COOP, "kato", "加藤 改", "admin", HERE),
    (COOP, "ito", "伊藤 認", "manager", HERE),
    (COOP, "mori", "森 別", "manager", ELSEWHERE),
    (COOP, "kansa", "監査 次郎", "auditor", None),
    (OTHER, "taken", "別 生協", "admin", HERE),
)
WISH = {"title": "お届け曜日をやめる", "reason": "配達に使わなくなったため", "department": HERE, "effective": ""}


@dataclass
class Person:
    """Somebody at a browser that runs no script."""

    house: House
    http: httpx2.AsyncClient
    page: httpx2.Response = field(default_factory=lambda: httpx2.Response(200))

    async def go(self, path: str, *, coop: str = COOP) -> httpx2.Response:
        """Open a page of the co-op."""
        self.page = await self.http.get(f"/{coop}/{path}")
        return self.page

    def form(self, action: str) -> PaperForm:
        """The first form of the page that goes to this address."""
        found = [one for one in forms_of(self.page.text) if one.action.endswith(action)]
        assert found, f"no form goes to {action}"
        return found[0]

    def offered(self) -> set[str]:
        """The acts that the page offers."""
        found = (re.fullmatch(rf"/{COOP}/proposals/\w+/(\w+)", one.action) for one in forms_of(self.page.text))
        return {one[1] for one in found if one}

    async def press(self, action: str, typed: Mapping[str, str] | None = None, *, act: str = "") -> httpx2.Response:
        """Fill a form of the page in and send it; where that worked, the page that follows is opened."""
        form = self.form(action)
        assert form.method == "post"
        return await self.send(form, typed or {}, act=act)

    async def send(self, form: PaperForm, typed: Mapping[str, str] | None = None, *, act: str = "") -> httpx2.Response:
        typed = typed or {}
        assert set(typed) <= set(form.fields), "no such field"
        assert not act or ("act", act) in form.buttons, "no such button"
        pressed = {"act": act} if act else {}
        headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "Content-Type": _FORM}
        body = urlencode({**form.fields, **typed, **pressed})
        answer = await self.http.post(form.action, content=body.encode(), headers=headers)
        self.page = answer
        if answer.status_code == 303:
            self.page = await self.http.get(answer.headers["location"])
            assert self.page.status_code == 200, self.page.text
        return answer

    def told(self) -> str:
        """What the page says of the act before it."""
        found = re.search(r'<p class="flash flash-(?:good|bad)".*?<span>(.*?)</span></p>', self.page.text, re.DOTALL)
        return found[1] if found else ""

    async def speak(self, language: str) -> None:
        self.http.cookies.set("__Host-language", language, domain="console.test")


_FORM = "application/x-www-form-urlencoded"


@dataclass
class Room:
    """A house with a console: a version in force, people with roles, and what is in its log."""

    house: House
    office: Office
    app: Guard
    people: dict[str, Person] = field(default_factory=dict)

    async def person(self, identifier: str, *, coop: str = COOP) -> Person:
        """Sign somebody in; who has signed in once comes back to the same browser."""
        if identifier not in self.people:
            http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=ORIGIN)
            made = Person(self.house, http)
            made.page = await http.get("/sign-in")
            now = self.house.clock()
            typed = {"coop": coop, "person": identifier, "password": PASSWORD, "code": code_at(SECRET, step_at(now))}
            assert (await made.press("/sign-in", typed)).status_code == 303
            self.people[identifier] = made
        return self.people[identifier]

    async def begun(self, **typed: str) -> str:
        """Let 佐藤 begin a proposal; return its path."""
        sato = await self.person("sato")
        await sato.go("proposals/new")
        answer = await sato.press("proposals/new", {**WISH, **typed})
        assert answer.status_code == 303, words(answer)
        return str(answer.headers["location"]).removeprefix(f"/{COOP}/")

    async def narrowed(self, **typed: str) -> str:
        """Let 佐藤 withhold a field by the matrix; return the proposal's path."""
        path = await self.begun(**typed)
        sato = await self.person("sato")
        await sato.go(f"matrix/{path.partition('/')[2]}/{MATRIX}")
        answer = await sato.press(MATRIX, {CELL: ""}, act="save")
        assert answer.status_code == 303, words(answer)
        await sato.go(path)
        return path

    async def submitted(self, **typed: str) -> str:
        path = await self.narrowed(**typed)
        assert (await (await self.person("sato")).press("/submit")).status_code == 303
        return path

    async def approved(self, **typed: str) -> str:
        path = await self.submitted(**typed)
        ito = await self.person("ito")
        await ito.go(path)
        assert (await ito.press("/approve")).status_code == 303
        return path

    async def stored(self, path: str) -> Proposal:
        found = await self.office.proposals.get(COOP, path.partition("/")[2])
        assert found is not None
        return found

    async def files(self, path: str) -> Files:
        files = await self.office.proposals.files(COOP, (await self.stored(path)).content)
        assert files is not None
        return files

    async def events(self) -> list[str]:
        """What the log says of proposals and publications, after the first version."""
        entries = await self.house.entries()
        said = [one for one in entries if isinstance(one, ProposalEntry | Publish)]
        return [one.event if isinstance(one, ProposalEntry) else "publish" for one in said][1:]

    async def publish_elsewhere(self, change: Callable[[str], str], *, file: str = JCCU) -> None:
        """Let others change a file, approve it and publish it, without the console."""
        await self.office.in_force.refresh(COOP)
        base = last_version(self.office.in_force.current(COOP)) or ""
        files = dict(await self.office.proposals.files_of_version(COOP, base) or {})
        files[file], was = change(files[file]), files[file]
        assert files[file] != was
        wish = Wish(files=files, title="別の申請", department=HERE, effective=None, reason="試験")
        draft = await steps.begin(self.office, COOP, wish, by="kato")
        digest, _ = await steps.foreseen(self.office, draft)
        waiting = await steps.submit(self.office, draft, preview=digest, by="kato")
        await steps.publish(self.office, await steps.approve(self.office, waiting, preview=digest, by="ito"), by="kato")


@dataclass(frozen=True)
class Furnishing:
    """What stands in a house before a test begins."""

    people: tuple[Employed, ...] = PEOPLE
    in_force: str | None = COOP
    """The co-op whose real files are the first version; none where nothing was published."""


class Furniture:
    """Databases furnished once in a run: a test has a copy, for furnishing costs more than most tests."""

    def __init__(self, empty: Path, keys: Path, folder: Path) -> None:
        self.empty = empty
        self.keys = keys
        self.folder = folder
        self.made: dict[Furnishing, Path] = {}

    async def copy(self, furnishing: Furnishing, to: Path, clock: SettableClock) -> str:
        """Return the URL of a database of a test's own."""
        if furnishing not in self.made:
            self.made[furnishing] = await self._furnish(furnishing, clock)
        return f"sqlite:///{shutil.copy(self.made[furnishing], to / 'gateway.db')}"

    async def _furnish(self, furnishing: Furnishing, clock: SettableClock) -> Path:
        folder = self.folder / str(len(self.made))
        folder.mkdir()
        database = Path(shutil.copy(self.empty, folder / "gateway.db"))
        async with in_house(f"sqlite:///{database}", folder, clock, self.keys) as house:
            office = office_of(house.settings, house.stores)
            if furnishing.in_force is not None:
                await first_version(house, office, furnishing.in_force)
            for one in furnishing.people:
                await employ(house, office, *one)
        return database


def in_house(url: str, folder: Path, clock: SettableClock, keys: Path) -> AbstractAsyncContextManager[House]:
    """Run the gateway whose console is acted in."""
    return running_house(url, folder, clock, published=False, demo=True, console=ORIGIN, keys=keys)


@asynccontextmanager
async def acting_room(
    url: str, folder: Path, clock: SettableClock, keys: Path, *, asking: bool = False, **changes: Any
) -> AsyncIterator[Room]:
    """Open the console of a furnished house; `asking`: it counts in the member system. `changes` are of its settings."""
    async with in_house(url, folder, clock, keys) as house:
        sources = dict(house.sources) if asking else {}
        settings = house.settings.model_copy(update=changes)
        app = staff_listener(settings, house.stores, sources=sources)
        made = Room(house, office_of(house.settings, house.stores, sources), app)
        try:
            yield made
        finally:
            for one in made.people.values():
                await one.http.aclose()


async def first_version(house: House, office: Office, coop: str) -> None:
    """Publish the real files in two names, as long as nobody holds a role."""
    files = files_of(ROOT / "policies", ROOT / "partners", coop)
    content = await office.proposals.keep_files(coop, files)
    document = office.policy_files.check(coop, files).document
    assert document is not None
    names: dict[str, Any] = {"proposer": "起案", "approver": "承認", "reason": "試験", "effective": None}
    snapshot = house.stores.snapshots.current(coop)
    await publish_in_two_names(office.log, snapshot, document, clock=house.clock, content=content, **names)
    await house.stores.snapshots.refresh(coop)


async def employ(
    house: House, office: Office, coop: str, person: str, name: str, role: Role, department: str | None
) -> None:
    """Add somebody with a role, a password and an authenticator."""
    by = "設定" if not await office.staff.roles(coop) else "sato"
    said: dict[str, Any] = {"by": by, "reason": "試験", "clock": house.clock}
    await people.add_person(office.log, office.staff, coop, person, name, **said)
    await people.give_role(office.log, office.staff, coop, person, role, department=department, **said)
    sealed = seal_totp(SECRET, totp_key(house.stores.keys.coop_secrets(coop)))
    kept = Credentials(password=cheap_hash(PASSWORD), totp=sealed)
    assert await office.staff.set_credentials(coop, person, kept, was=Credentials())
