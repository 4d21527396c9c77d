"""A console whose co-op has its people signed in by a provider, and a browser that goes there and comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from gateway.adapters.bounded_post import client
from gateway.adapters.oidc_http import HttpProvider
from gateway.console.desk import Organisation
from gateway.ports import OrganisationSignIn
from tests.clock import SettableClock
from tests.console.simulated import COOP, OTHER, Browser, Console, words
from tests.simulators.oidc import ACR, CLIENT, SECRET, SUBJECT, Provider, running_provider

REFUSED = "組織のアカウントではサインインできませんでした"


def sign_in_at(issuer: str, **changes: Any) -> OrganisationSignIn:
    return OrganisationSignIn(**{"issuer": issuer, "client_id": CLIENT, "acr": (ACR,), **changes})


@asynccontextmanager
async def organised(issuer: str, clock: SettableClock, **changes: Any) -> AsyncIterator[Console]:
    """A console whose co-op has its people signed in by a provider; 起案 is known there."""
    async with client() as http:
        bounds = {name: changes.pop(name) for name in ("within_s", "refetch_s") if name in changes}
        client_id = changes.get("client_id", CLIENT)
        provider = HttpProvider(issuer, client_id=client_id, secret=SECRET, http=http, plain_http=True, **bounds)
        organisation = Organisation(sign_in=sign_in_at(issuer, **changes), provider=provider)
        made = Console(clock, organisations={COOP: organisation})
        made.staff.add("kian", "admin", name="起案 花子")
        made.staff.add("taken", "admin", coop=OTHER, name="別の生協")
        made.staff.identities[COOP, issuer, SUBJECT] = "kian"
        yield made


@pytest.fixture
async def provider(clock: SettableClock) -> AsyncIterator[Provider]:
    async with running_provider(clock) as running:
        yield running


@pytest.fixture
async def console(provider: Provider, clock: SettableClock) -> AsyncIterator[Console]:
    async with organised(provider.issuer, clock) as made:
        yield made


async def away(browser: Browser, *, coop: str = COOP, onward: str = "") -> str:
    """Choose the organisation's account; return where the page leads."""
    answer = await browser.get("/sign-in/organisation?" + urlencode({"coop": coop, "next": onward}))
    assert answer.status_code == 200, answer.text
    address = answer.headers["refresh"].removeprefix("0; url=")
    assert address in unescape(answer.text), "whoever is not led there finds the link"
    return str(address)


async def back(browser: Browser, **query: str) -> httpx2.Response:
    return await browser.get("/sign-in/organisation/return?" + urlencode(query))


async def round_trip(browser: Browser, provider: Provider, *, onward: str = "", **changes: str) -> httpx2.Response:
    """Go there, sign in, and come back; `changes` are of what comes back."""
    asked = urlsplit(await away(browser, onward=onward)).query
    state = dict(parse_qsl(asked))["state"]
    return await back(browser, **{"code": provider.authorize(asked), "state": state, **changes})


def refused(answer: httpx2.Response, console: Console) -> str:
    """Why nobody was let in, as our own records say; the page says the same whatever it was."""
    assert answer.status_code == 403, answer.text
    assert REFUSED in words(answer)
    assert "gateway staff link" in words(answer)
    assert not console.staff.sessions
    (why,) = [told["why"] for name, told in console.telemetry.told if name == "staff_organisation_sign_in_refused"]
    assert why not in words(answer)
    return str(why)
