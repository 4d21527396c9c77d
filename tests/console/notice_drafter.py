"""Somebody at the forms of a draft's notice, as a browser without JavaScript sends them."""

from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx2

from gateway.core.changes.proposal import Proposal
from gateway.core.policy import Policy
from gateway.ports import Files
from tests.console.acting_room import OTHER as DELI, Person, Room
from tests.console.simulated import words

Typed = Mapping[str, str | tuple[str, ...]]
_FORM = "application/x-www-form-urlencoded"


class Sheet(HTMLParser):
    """The form of a page as a browser without JavaScript sends it: boxes that are not checked are not sent."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.action = ""
        self.fields: dict[str, tuple[str, ...]] = {}
        self.offered: set[str] = set()
        self.disabled = False
        self._open = False
        self._select = self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and "/notice/" in said.get("action", ""):
            self.action, self._open = said["action"], True
        if not self._open:
            return
        name, value = said.get("name", ""), said.get("value", "")
        self.offered.add(name)
        match tag:
            case "fieldset":
                self.disabled |= "disabled" in said
            case "input" if said.get("type") != "checkbox" or "checked" in said:
                self.fields[name] = (*self.fields.get(name, ()), value)
            case "textarea":
                self._text, self.fields[name] = name, ("",)
            case "select":
                self._select = name
            case "option" if self._select not in self.fields or "selected" in said:
                self.fields[self._select] = (value,)
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "textarea" and self._text:
            text = self.fields[self._text][0].removeprefix("\n")
            self.fields[self._text] = (text.replace("\r\n", "\n").replace("\n", "\r\n"),)
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] = (self.fields[self._text][0] + data,)

    def one(self, name: str) -> str:
        """The one value of a field."""
        return self.fields[name][0]


class Drafter:
    """Somebody with a draft's notice on the screen."""

    def __init__(self, room: Room, person: Person, proposal: str) -> None:
        self.room, self.person, self.proposal = room, person, proposal
        self.url = f"/{DELI}/proposals/{proposal}/notice"

    @property
    def page(self) -> httpx2.Response:
        return self.person.page

    async def see(self, path: str = "") -> str:
        """Open a page below the notice's; return what it says."""
        self.person.page = await self.person.http.get(self.url + path)
        assert self.page.status_code == 200, self.page.text
        return words(self.page)

    async def fill(self, path: str, typed: Typed) -> httpx2.Response:
        """Open a form, fill it in as told and send it; where that worked, the page that follows is opened."""
        await self.see(path)
        return await self.send(Sheet(self.page.text), typed)

    async def send(self, sheet: Sheet, typed: Typed) -> httpx2.Response:
        assert set(typed) <= sheet.offered, set(typed) - sheet.offered
        fields = {**sheet.fields, **{name: (one,) if isinstance(one, str) else one for name, one in typed.items()}}
        headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "Content-Type": _FORM}
        answer = await self.person.http.post(
            sheet.action, content=urlencode(fields, doseq=True).encode(), headers=headers
        )
        self.person.page = answer
        if answer.status_code == 303:
            self.person.page = await self.person.http.get(answer.headers["location"])
            assert self.page.status_code == 200, self.page.text
        return answer

    async def filled(self, path: str, typed: Typed) -> None:
        answer = await self.fill(path, typed)
        assert answer.status_code == 303, words(answer)

    async def stored(self) -> Proposal:
        found = await self.room.office.proposals.get(DELI, self.proposal)
        assert found is not None
        return found

    async def files(self) -> Files:
        files = await self.room.office.proposals.files(DELI, (await self.stored()).content)
        assert files is not None
        return files

    async def policy(self) -> Policy:
        policy = self.room.office.policy_files.check(DELI, await self.files()).policy
        assert policy is not None
        return policy
