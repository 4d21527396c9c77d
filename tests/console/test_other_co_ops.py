"""Whoever belongs to one co-op finds nothing of another: every page, every act, every request of the API is a 404."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx2
from starlette.routing import Route

from gateway.console.api.app import ROUTES as API
from gateway.console.app import PAGES
from gateway.console.entrance.totp import STEP_S, code_at, step_at
from tests.console.acting_room import ORIGIN, OTHER, Room
from tests.console.simulated import PASSWORD, SECRET
from tests.house import COOP

NAMED = {
    "partner": "sunnet",
    "agreement": "kyoritsusha-sunnet-01",
    "purpose": "P4",
    "grant": "kyoritsusha-sunnet-01.delivery",
    "class": "x",
    "decision": "kana-of-name",
    "event": "approve",
    "emergency": "emergency-22222222",
    "act": "approve",
    "request": "r-1",
    "review": "review-20261001-20261031",
    "index": "0",
    "follow_up": "fu-23456789",
    "finding": "finding-22222222",
    "measure": "measure-22222222",
    "step": "close",
    "case": "case-23456789",
    "look": "x",
    "incident": "incident-23456789",
    "view": "view-23456789",
}


def paths(routes: tuple[Route, ...], coop: str, **named: str) -> Iterator[tuple[str, str]]:
    """Yield each (method, path) below a co-op, every part of it one that there is at the other one."""
    for route in routes:
        if "{coop}" not in route.path:
            continue
        path = re.sub(r"{([a-z_]+)(?::[a-z]+)?}", lambda part: {**NAMED, "coop": coop, **named}[part[1]], route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, path


async def test_every_page_and_every_act_of_another_co_op_is_not_found(room: Room):
    draft = (await room.begun()).partition("/")[2]
    [version] = room.house.stores.snapshots.current(COOP).versions
    taken = await room.person("taken", coop=OTHER)
    csrf = re.search(r'name="csrf" value="([^"]+)"', (await taken.go("", coop=OTHER)).text)
    assert csrf is not None
    body = urlencode({"csrf": csrf[1], "revision": "1", "reason": "試験", "confirm": "sunnet"}).encode()
    headers = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    before = await room.house.entries()
    found = []
    for notice in ("2022-04-01", version.policy.digest):
        for method, path in paths(PAGES, COOP, proposal=draft, version=notice):
            sent = body if method == "POST" else None
            answer = await taken.http.request(method, path, content=sent, headers=headers if sent else None)
            found.append((answer.status_code, method, path))
    assert len(found) > 100
    assert [one for one in found if one[0] != 404] == []
    assert await room.house.entries() == before


async def test_a_draft_of_another_co_op_is_not_found_under_one_s_own(room: Room):
    draft = (await room.begun()).partition("/")[2]
    taken = await room.person("taken", coop=OTHER)
    own = [path for method, path in paths(PAGES, OTHER, proposal=draft, version="2022-04-01") if method == "GET"]
    found = [(await taken.http.get(path)).status_code for path in own if draft in path]
    assert len(found) > 20
    assert set(found) == {404}


async def test_every_request_of_the_api_about_another_co_op_is_not_found(room: Room):
    draft = (await room.begun()).partition("/")[2]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=room.app), base_url=ORIGIN) as http:
        room.house.clock.advance(seconds=STEP_S)
        code = code_at(SECRET, step_at(room.house.clock()))
        who = {"coop": OTHER, "person": "taken", "password": PASSWORD, "code": code}
        token = (await http.post("/api/sessions", json=who)).json()["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        found = []
        for method, path in paths(API, COOP, proposal=draft):
            sent: dict[str, str] | None = {} if method in {"POST", "PUT"} else None
            found.append(((await http.request(method, f"/api{path}", json=sent)).status_code, method, path))
        assert len(found) > 20
        assert [one for one in found if one[0] != 404] == []
