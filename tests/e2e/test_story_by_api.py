"""The story of the second door, told by programs that speak to the staff API."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from gateway.adapters.policy_files.folder import files_of
from tests.e2e.completed_copy import COOP, DEPARTMENT, incomplete
from tests.e2e.independent_client import Keys, elliptic_keys
from tests.e2e.second_door import (
    CLIENT,
    PARTNER,
    PASSWORD,
    authenticator,
    empty_site,
    handed_to_the_partner,
    the_log_tells_who_did_what,
    told_with,
)
from tests.e2e.serving import ROOT, Site


@dataclass
class OverTheApi:
    """Two people's programs, each signed in."""

    at: Site
    sato: httpx2.AsyncClient
    ito: httpx2.AsyncClient

    async def publishes(self, title: str) -> str:
        files = dict(files_of(self.at.policies, ROOT / "partners", COOP))
        wanted = {"title": title, "department": DEPARTMENT, "reason": "試験", "files": files}
        return await self._through(await sent(self.sato, "proposals", wanted, 201))

    async def returns(self, version: str) -> str:
        wanted = {"version": version[:12], "department": DEPARTMENT, "reason": "試験"}
        return await self._through(await sent(self.sato, "roll-backs", wanted, 201))

    async def admits(self, keys: Keys) -> None:
        of = f"partners/{PARTNER}"
        challenge = await sent(self.sato, f"{of}/challenges", {"client": CLIENT, "jwks": keys.public()})
        answer = handed_to_the_partner(self.at, keys, challenge)
        wanted = {"kind": "keys", "reason": "試験", "challenge": challenge, "answer": answer}
        for one in (wanted, {"kind": "resume", "reason": "試験"}):
            asked = await sent(self.sato, f"{of}/requests", one, 201)
            await sent(self.ito, f"{of}/requests/{asked['id']}/approve", {})

    async def _through(self, draft: dict[str, Any]) -> str:
        at = f"proposals/{draft['id']}"
        seen = (await self.ito.get(f"{at}/preview")).raise_for_status().json()["digest"]
        submitted = await sent(self.sato, f"{at}/submit", {"preview": seen, "revision": draft["revision"]})
        approved = await sent(self.ito, f"{at}/approve", {"preview": seen, "revision": submitted["revision"]})
        await sent(self.ito, f"{at}/publish", {"revision": approved["revision"]})
        return (await self.ito.get("versions")).raise_for_status().json()["versions"][0]["digest"]


async def sent(program: httpx2.AsyncClient, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """Post; return what is answered with the status that is due."""
    answer = await program.post(path, json=body)
    assert answer.status_code == status, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def signed_in(http: httpx2.AsyncClient, console: str, person: str, code: str) -> httpx2.AsyncClient:
    """Sign a person in; return a client that speaks as them."""
    who = {"coop": COOP, "person": person, "password": PASSWORD, "code": code}
    token = (await sent(http, f"{console}/api/sessions", who, 201))["token"]
    return httpx2.AsyncClient(
        base_url=f"{console}/api/{COOP}/", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


async def test_the_story_goes_by_the_staff_api_alone(tmp_path: Path):
    folder, keys = incomplete(tmp_path / "policies", today=datetime.now(UTC).date()), elliptic_keys()
    with empty_site(tmp_path, folder.parent) as at:
        codes = {person: authenticator(at, person) for person in ("sato", "ito")}
        at.member_system()
        at.serving(at.gateway())
        async with httpx2.AsyncClient() as http:
            programs = [await signed_in(http, at.console, person, code.now()) for person, code in codes.items()]
        async with programs[0] as sato, programs[1] as ito:
            await told_with(OverTheApi(at, sato, ito), at, keys, folder)
        the_log_tells_who_did_what(at)
