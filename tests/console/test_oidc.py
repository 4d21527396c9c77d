"""組織のアカウントでのサインイン: the real console against a provider on a socket, there and back; nobody else finishes it."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from msgspec.structs import replace
from starlette.types import ASGIApp

from gateway.adapters.bounded_post import client
from gateway.adapters.oidc_http import HttpProvider
from gateway.app.console import staff_listener
from gateway.console.desk import Organisation
from gateway.console.entrance.oidc_attempt import Attempt, begin_attempt, write_attempt
from gateway.control_plane.people.identities import link
from gateway.control_plane.people.people import add_person
from gateway.jose import rfc4648
from tests.clock import SettableClock
from tests.console.organised import away, back, console, organised, provider, refused, round_trip, sign_in_at
from tests.console.served import chromium, screen, served
from tests.console.simulated import COOP, ORIGIN, OTHER, Console, words
from tests.house import running_house
from tests.simulators.oidc import ACR, CLIENT, SECRET, SUBJECT, Provider

__all__ = ["console", "provider"]

RETURN = f"{ORIGIN}/sign-in/organisation/return"
HOME = f"/{COOP}/"


async def test_a_linked_person_signs_in_and_lands_on_the_page_asked_for(console: Console, provider: Provider):
    browser = console.browser()
    page = words(await browser.get(f"/sign-in?next={HOME}proposals"))
    assert "組織のアカウントでサインイン" in page
    answer = await round_trip(browser, provider, onward=f"{HOME}proposals?mine=1")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}proposals?mine=1")
    assert browser.session is not None
    assert (browser.session.coop, browser.session.person) == (COOP, "kian")
    assert "起案 花子" in words(await browser.get(HOME))
    assert console.staff.persons[COOP, "kian"].signed_in == console.clock()
    assert "__Host-oidc" not in browser.http.cookies


async def test_what_is_asked_of_the_provider(console: Console, provider: Provider):
    browser = console.browser()
    address = urlsplit(await away(browser))
    asked = parse_qs(address.query)
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{provider.issuer}/authorize"
    assert {name: values for name, values in asked.items() if name not in {"state", "nonce", "code_challenge"}} == {
        "tenant": ["coop"],
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": [RETURN],
        "scope": ["openid"],
        "code_challenge_method": ["S256"],
        "max_age": ["3600"],
        "acr_values": [ACR],
        "ui_locales": ["ja"],
    }
    cookie = next(one for one in browser.http.cookies.jar if one.name == "__Host-oidc")
    assert (cookie.secure, cookie.path, cookie.domain_specified) == (True, "/", False)
    assert cookie.expires is not None
    for name in ("state", "nonce", "code_challenge"):
        assert asked[name][0] not in (cookie.value or "")
    again = parse_qs(urlsplit(await away(browser)).query)
    assert all(again[name] != asked[name] for name in ("state", "nonce", "code_challenge")), "each attempt has its own"


async def test_the_session_of_before_ends(console: Console, provider: Provider):
    console.staff.add("shonin", "manager")
    browser = await console.browser().signed_in("shonin")
    old = browser.token
    assert (await round_trip(browser, provider)).status_code == 303
    assert browser.token != old
    assert [one.person for one in console.staff.sessions.values()] == ["kian"]


async def test_a_local_account_still_signs_in(console: Console):
    assert (await console.browser().sign_in("kian")).status_code == 303


async def test_a_co_op_may_switch_passwords_off(provider: Provider, clock: SettableClock):
    async with organised(provider.issuer, clock, local=False) as console:
        assert (await console.browser().sign_in("kian")).status_code == 403
        assert (await console.browser().sign_in("taken", coop=OTHER)).status_code == 303, "the other one has not"
        assert (await round_trip(console.browser(), provider)).status_code == 303


async def test_where_nobody_takes_passwords_none_is_asked_for(provider: Provider, clock: SettableClock):
    async with organised(provider.issuer, clock, local=False) as console:
        object.__setattr__(console.desk, "coops", {COOP: "共立社"})
        page = (await console.browser().get("/sign-in")).text
    assert 'type="password"' not in page
    assert "/sign-in/organisation" in page


async def test_without_a_provider_nothing_is_offered(clock: SettableClock):
    console = Console(clock)
    page = await console.browser().get("/sign-in")
    assert "organisation" not in page.text
    answer = await console.browser().get(f"/sign-in/organisation?coop={COOP}")
    assert answer.status_code == 404
    assert "使えません" in words(answer)


@pytest.mark.parametrize("coop", [OTHER, "nobody", "", "x" * 500])
async def test_a_co_op_without_a_provider_is_told_as_one_that_there_is_not(console: Console, coop: str):
    answer = await console.browser().get("/sign-in/organisation?" + urlencode({"coop": coop}))
    assert answer.status_code == 404
    assert "その生協では、組織のアカウントでのサインインを使えません" in words(answer)
    assert "refresh" not in answer.headers


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        f"/{OTHER}/",
        "/sign-out",
        "javascript:alert(1)",
        "x" * 2000,
    ],
)
async def test_no_next_leads_to_another_host_or_co_op(console: Console, provider: Provider, onward: str):
    answer = await round_trip(console.browser(), provider, onward=onward)
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)


async def test_a_changed_state_is_refused(console: Console, provider: Provider):
    assert refused(await round_trip(console.browser(), provider, state="A" * 43), console) == "state"
    assert "/token" not in provider.asked, "nothing is asked of the provider before the browser is known"


async def test_another_browser_cannot_finish_an_attempt(console: Console, provider: Provider):
    asked = urlsplit(await away(console.browser())).query
    state = dict(parse_qsl(asked))["state"]
    other = console.browser()
    await away(other)
    assert refused(await back(other, code=provider.authorize(asked), state=state), console) == "state"


async def test_without_the_cookie_nothing_is_finished(console: Console, provider: Provider):
    asked = urlsplit(await away(console.browser())).query
    answer = await back(console.browser(), code=provider.authorize(asked), state=dict(parse_qsl(asked))["state"])
    assert refused(answer, console) == "state"


async def test_a_changed_wish_is_refused(console: Console, provider: Provider):
    """What the cookie says beside its secret is bound to the state."""
    browser = console.browser()
    asked = urlsplit(await away(browser)).query
    cookie = browser.http.cookies.get("__Host-oidc") or ""
    attempt = Attempt(**json.loads(rfc4648.decode(cookie)))
    for changed in (
        replace(attempt, coop=OTHER),
        replace(attempt, onward="/x/"),
        replace(attempt, began=attempt.began + 1),
    ):
        browser.http.cookies.clear()
        browser.http.cookies.set("__Host-oidc", write_attempt(changed), domain="console.example.coop")
        answer = await back(browser, code=provider.authorize(asked), state=dict(parse_qsl(asked))["state"])
        assert answer.status_code == 403


@pytest.mark.parametrize("cookie", ["x", "e30", "bm90IGpzb24", "A" * 4_000])
async def test_a_cookie_that_is_none_is_refused(console: Console, cookie: str):
    browser = console.browser()
    browser.http.cookies.set("__Host-oidc", cookie, domain="console.example.coop")
    assert refused(await back(browser, code="c", state="s"), console) == "state"


async def test_an_attempt_lasts_ten_minutes(console: Console, provider: Provider, clock: SettableClock):
    browser = console.browser()
    asked = urlsplit(await away(browser)).query
    clock.advance(minutes=10)
    answer = await back(browser, code=provider.authorize(asked), state=dict(parse_qsl(asked))["state"])
    assert refused(answer, console) == "state"


async def test_a_code_is_good_once(console: Console, provider: Provider):
    browser = console.browser()
    asked = urlsplit(await away(browser)).query
    cookie = browser.http.cookies.get("__Host-oidc") or ""
    query = {"code": provider.authorize(asked), "state": dict(parse_qsl(asked))["state"]}
    assert (await back(browser, **query)).status_code == 303
    thief = console.browser()
    thief.http.cookies.set("__Host-oidc", cookie, domain="console.example.coop")
    answer = await back(thief, **query)
    assert answer.status_code == 403
    assert thief.token is None


async def test_a_code_of_another_attempt_does_not_fit_the_verifier(console: Console, provider: Provider):
    """An injected code (RFC 9700 §4.5)."""
    stolen = provider.authorize(urlsplit(await away(console.browser())).query)
    assert refused(await round_trip(console.browser(), provider, code=stolen), console) == "code"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"error": "access_denied"}, "code"),
        ({"code": ""}, "code"),
        ({"code": "c" * 1_900}, "code"),
        ({"iss": "https://evil.example"}, "issuer"),
    ],
)
async def test_an_answer_that_is_none_is_refused(console: Console, provider: Provider, query: dict[str, str], why: str):
    assert refused(await round_trip(console.browser(), provider, **query), console) == why


async def test_a_provider_that_says_who_it_is_must_say_so(console: Console, provider: Provider):
    provider.metadata["authorization_response_iss_parameter_supported"] = True
    assert (await round_trip(console.browser(), provider, iss=provider.issuer)).status_code == 303
    console.staff.sessions.clear()
    assert refused(await round_trip(console.browser(), provider), console) == "issuer"


async def test_somebody_who_left_is_refused(console: Console, provider: Provider):
    console.staff.persons[COOP, "kian"] = replace(console.staff.persons[COOP, "kian"], active=False)
    assert refused(await round_trip(console.browser(), provider), console) == "person"


async def test_an_identity_of_another_co_op_or_issuer_is_nobody_here(console: Console, provider: Provider):
    console.staff.identities = {
        (OTHER, provider.issuer, SUBJECT): "taken",
        (COOP, "https://x.example", SUBJECT): "kian",
    }
    assert refused(await round_trip(console.browser(), provider), console) == "person"


async def test_nothing_of_code_or_token_is_told(console: Console, provider: Provider):
    page = await round_trip(console.browser(), provider, state="x")
    assert "code-0" not in page.text
    assert "code-0" not in str(console.telemetry.told)


async def test_english_is_complete(console: Console, provider: Provider):
    browser = console.browser()
    browser.http.cookies.set("__Host-language", "en", domain="console.example.coop")
    assert "ui_locales=en" in await away(browser)
    assert "ask your co-op's operator" in unescape(words(await back(browser, code="x", state="y")))


# Against a provider that somebody else wrote.


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """oidc-provider-mock in a process of its own; its user has signed in with more than one factor."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = json.dumps({"sub": SUBJECT, "acr": ACR})
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "--user-claims", user]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "Uvicorn running" in line or "Running on" in line or "http://" in line:
            break
    issuer = f"http://127.0.0.1:{port}"
    yield issuer
    process.terminate()
    process.stderr.close()
    process.wait(10)


async def at_the_mock(address: str, subject: str) -> dict[str, str]:
    """Sign in on the provider's own form; return what it sends back."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(address, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    target = urlsplit(answer.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == RETURN
    return dict(parse_qsl(target.query))


async def test_a_round_trip_with_somebody_elses_provider(mock: str):
    async with organised(mock, SettableClock(datetime.now(UTC)), client_id="gateway") as console:
        browser = console.browser()
        sent = await at_the_mock(await away(browser, onward=f"{HOME}people"), SUBJECT)
        answer = await back(browser, **sent)
        assert (answer.status_code, answer.headers.get("location")) == (303, f"{HOME}people"), console.telemetry.told
        stranger = console.browser()
        sent = await at_the_mock(await away(stranger), "somebody@else")
        assert (await back(stranger, **sent)).status_code == 403


async def test_in_chromium_the_page_leads_there_and_back(mock: str):
    async with client() as http:
        provider = HttpProvider(mock, client_id="gateway", secret=SECRET, http=http, plain_http=True)
        organisation = Organisation(sign_in=sign_in_at(mock, client_id="gateway"), provider=provider)
        now = SettableClock(datetime.now(UTC))
        async with (
            served(now, organisations={COOP: organisation}) as console,
            chromium() as browser,
            screen(browser, console) as made,
        ):
            console.staff.add("kian", "admin", name="起案 花子")
            console.staff.identities[COOP, mock, SUBJECT] = "kian"
            await made.go(f"/{COOP}/people")
            await made.page.click("form[action='/sign-in/organisation'] button")
            await made.page.wait_for_url(f"{mock}/**")
            await made.page.click(f"button:has-text('{SUBJECT}')")
            await made.page.wait_for_url(f"**/{COOP}/people")
            assert "起案 花子" in await made.page.inner_text("body")
            # The provider's own page asks for a style sheet and an icon that there are not.
            ours = [one for one in made.complaints if console.desk.origin in one or "policy" in one.lower()]
            assert ours == []


def test_the_verifier_is_what_rfc_7636_asks_for():
    attempt = begin_attempt(COOP, "", datetime.now(UTC))
    assert 43 <= len(attempt.verifier) <= 128
    assert attempt.verifier != attempt.state
    assert attempt.secret not in repr(attempt)


@asynccontextmanager
async def alive(app: ASGIApp) -> AsyncIterator[None]:
    """Begin an application as a server does, and end it."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    answers: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.ensure_future(app(scope, told.get, answers.put))
    for event in ("startup", "shutdown"):
        await told.put({"type": f"lifespan.{event}"})
        assert (await answers.get())["type"] == f"lifespan.{event}.complete"
        if event == "startup":
            yield
    await running


async def test_the_listener_is_built_from_the_settings(
    sqlite_url: str, tmp_path: Path, provider: Provider, clock: SettableClock, gateway_keys: Path
):
    """By the real composition root on a real database: settings, a link that is an entry, a session."""
    secret = tmp_path / "oidc-secret"
    secret.write_text(SECRET + "\n")
    about = {"issuer": provider.issuer, "client_id": CLIENT, "secret_file": str(secret), "acr": [ACR]}
    settings: dict[str, Any] = {"published": False, "demo": True, "console": ORIGIN, "keys": gateway_keys}
    async with running_house(sqlite_url, tmp_path, clock, oidc={COOP: about}, **settings) as house:
        log, staff = house.stores.log, house.stores.staff
        words_of: dict[str, Any] = {"by": "設置", "reason": "導入", "clock": clock}
        await add_person(log, staff, COOP, "kian", "起案 花子", **words_of)
        await link(log, staff, COOP, "kian", issuer=provider.issuer, subject=SUBJECT, **words_of)
        app = staff_listener(house.settings, house.stores)
        async with (
            alive(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as http,
        ):
            left = await http.get(f"/sign-in/organisation?coop={COOP}")
            asked = urlsplit(left.headers["refresh"].removeprefix("0; url=")).query
            query = {"code": provider.authorize(asked), "state": dict(parse_qsl(asked))["state"]}
            answer = await http.get("/sign-in/organisation/return?" + urlencode(query))
        assert (answer.status_code, answer.headers["location"]) == (303, HOME)
        (person,) = await staff.people(COOP)
        assert person.signed_in == clock()
