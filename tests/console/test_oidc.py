"""組織のアカウントでのサインイン: the real console against a provider on a socket; every way in which nobody is let in."""

import asyncio
import hmac
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import RSAAlgorithm
from jwt.api_jws import PyJWS
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
from gateway.ports import OrganisationSignIn
from tests.clock import SettableClock
from tests.console.served import chromium, screen, served
from tests.console.simulated import COOP, ORIGIN, OTHER, Browser, Console, words
from tests.house import running_house
from tests.simulators.oidc import ACR, CLIENT, PRIVATE, SECRET, SUBJECT, Provider, encoded, jwk_of, running_provider

RETURN = f"{ORIGIN}/sign-in/organisation/return"
REFUSED = "組織のアカウントではサインインできませんでした"
HOME = f"/{COOP}/"


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


NOW = int(SettableClock()().timestamp())


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "claims"),
        ({"nonce": None}, "claims"),
        ({"iss": "https://evil.example"}, "claims"),
        ({"iss": None}, "claims"),
        ({"aud": "another client"}, "claims"),
        ({"aud": ["another client"]}, "claims"),
        ({"aud": None}, "claims"),
        ({"aud": [CLIENT, "another"]}, "claims"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "claims"),
        ({"azp": "another"}, "claims"),
        ({"exp": NOW - 61}, "claims"),
        ({"exp": None}, "claims"),
        ({"exp": "later"}, "claims"),
        ({"iat": NOW + 120}, "claims"),
        ({"iat": None}, "claims"),
        ({"nbf": NOW + 120}, "claims"),
        ({"sub": None}, "claims"),
        ({"acr": None}, "acr"),
        ({"acr": "urn:example:password"}, "acr"),
        ({"acr": [ACR]}, "acr"),
        ({"acr": None, "amr": ["mfa"]}, "acr"),
        ({"auth_time": None}, "claims"),
        ({"auth_time": NOW - 3_700}, "auth_time"),
        ({"auth_time": NOW + 120}, "auth_time"),
        ({"auth_time": "now"}, "claims"),
        ({"sub": 42}, "subject"),
        ({"sub": "x" * 300}, "subject"),
        ({"sub": "somebody else"}, "person"),
    ],
)
async def test_a_token_that_does_not_say_all_of_it_is_refused(
    console: Console, provider: Provider, claims: dict[str, Any], why: str
):
    provider.claims = claims
    assert refused(await round_trip(console.browser(), provider), console) in {why, "claims"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
        {"exp": NOW - 30},
        {"iat": NOW + 30},
        {"auth_time": NOW - 3_630},
    ],
)
async def test_clocks_may_differ_by_a_minute_and_audiences_be_named_in_a_list(
    console: Console, provider: Provider, claims: dict[str, Any]
):
    provider.claims = claims
    assert (await round_trip(console.browser(), provider)).status_code == 303


@pytest.mark.parametrize(("amr", "let_in"), [(["pwd", "otp"], True), (["pwd"], False), ("otp", False), (None, False)])
async def test_amr_counts_where_it_is_configured(provider: Provider, clock: SettableClock, amr: Any, let_in: bool):
    async with organised(provider.issuer, clock, acr=(), amr=("otp", "hwk")) as console:
        provider.claims = {"acr": None, "amr": amr}
        assert (await round_trip(console.browser(), provider)).status_code == (303 if let_in else 403)


async def test_another_claim_may_say_who_it_is(provider: Provider, clock: SettableClock):
    async with organised(provider.issuer, clock, claim="employee_number", scope="openid profile") as console:
        console.staff.identities = {(COOP, provider.issuer, "0042"): "kian"}
        assert refused(await round_trip(console.browser(), provider), console) == "subject"
        provider.claims = {"employee_number": "0042"}
        assert (await round_trip(console.browser(), provider)).status_code == 303


async def test_somebody_who_left_is_refused(console: Console, provider: Provider):
    console.staff.persons[COOP, "kian"] = replace(console.staff.persons[COOP, "kian"], active=False)
    assert refused(await round_trip(console.browser(), provider), console) == "person"


async def test_an_identity_of_another_co_op_or_issuer_is_nobody_here(console: Console, provider: Provider):
    console.staff.identities = {
        (OTHER, provider.issuer, SUBJECT): "taken",
        (COOP, "https://x.example", SUBJECT): "kian",
    }
    assert refused(await round_trip(console.browser(), provider), console) == "person"


def header(**members: Any) -> str:
    return encoded({"typ": "JWT", "kid": "k-1", **members})


def _none(claims: dict[str, Any]) -> str:
    return f"{header(alg='none')}.{encoded(claims)}."


def _with_a_secret(key: str) -> Callable[[dict[str, Any]], str]:
    """Signed with what both know, the client's secret or the public key: HS256."""

    def sign(claims: dict[str, Any]) -> str:
        said = f"{header(alg='HS256')}.{encoded(claims)}"
        return f"{said}.{rfc4648.encode(hmac.digest(key.encode(), said.encode(), 'sha256'))}"

    return sign


def _es256(claims: dict[str, Any], **members: Any) -> str:
    return PyJWS().encode(json.dumps(claims).encode(), PRIVATE["ES256"], "ES256", {"kid": "k-1", **members})


def _changed(claims: dict[str, Any]) -> str:
    head, _, signature = _es256(claims).split(".")
    return f"{head}.{encoded({**claims, 'sub': 'kian'})}.{signature}"


def _twice(claims: dict[str, Any]) -> str:
    """Two subjects: one reader takes the first, another the last."""
    body = json.dumps(claims)[:-1] + ', "sub": "somebody else"}'
    return PyJWS().encode(body.encode(), PRIVATE["ES256"], "ES256", {"kid": "k-1"})


@pytest.mark.parametrize(
    ("sign", "why"),
    [
        (_none, "algorithm"),
        (lambda claims: _none(claims).replace("none", "None"), "algorithm"),
        (_with_a_secret(SECRET), "algorithm"),
        (_with_a_secret(json.dumps(jwk_of("ES256", "k-1"))), "algorithm"),
        (lambda claims: f"{header(alg='RS256')}.{encoded(claims)}.AAAA", "key"),
        (lambda claims: f"{header(alg='ES256')}.{encoded(claims)}.", "signature"),
        (_changed, "signature"),
        (_twice, "malformed"),
        (lambda claims: _es256(claims, kid="k-2"), "key"),
        (lambda claims: _es256(claims, crit=["x"], x=1), "malformed"),
        (lambda claims: _es256(claims) + ".x", "malformed"),
        (lambda claims: _es256({**claims, "more": "x" * 20_000}), "malformed"),
        (lambda _: "no token", "malformed"),
        (lambda _: "", "malformed"),
    ],
)
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    console: Console, provider: Provider, sign: Callable[[dict[str, Any]], str], why: str
):
    provider.sign = sign
    assert refused(await round_trip(console.browser(), provider), console) == why


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_the_four_algorithms_are_taken(console: Console, provider: Provider, alg: str):
    provider.alg, provider.keys = alg, [{"kty": "oct", "k": "AAAA"}, {"nothing": 1}, jwk_of(alg, "k-1")]
    assert (await round_trip(console.browser(), provider)).status_code == 303


async def test_a_key_for_another_use_is_none(console: Console, provider: Provider):
    provider.keys = [{**jwk_of("ES256", "k-1"), "use": "enc"}]
    assert refused(await round_trip(console.browser(), provider), console) == "key"


async def test_a_short_rsa_key_is_none(console: Console, provider: Provider):
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    provider.keys = [{**RSAAlgorithm.to_jwk(short.public_key(), as_dict=True), "kid": "k-1"}]
    provider.sign = lambda claims: _signed_short(claims, short)
    assert refused(await round_trip(console.browser(), provider), console) in {"key", "signature"}


def _signed_short(claims: dict[str, Any], key: Any) -> str:
    said = f"{header(alg='RS256')}.{encoded(claims)}"
    return f"{said}.{rfc4648.encode(key.sign(said.encode(), PKCS1v15(), SHA256()))}"


async def test_a_new_key_is_looked_for_once(console: Console, provider: Provider):
    """The provider is not asked for each unknown key: at most once a minute."""
    assert (await round_trip(console.browser(), provider)).status_code == 303
    assert provider.asked.count("/jwks") == 1
    provider.kid = "k-2"
    for _ in range(3):
        assert (await round_trip(console.browser(), provider)).status_code == 403
    assert provider.asked.count("/jwks") == 1, "the keys are younger than a minute"
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_a_key_that_the_provider_has_begun_since_is_found(provider: Provider, clock: SettableClock):
    async with organised(provider.issuer, clock, refetch_s=0.0) as console:
        assert (await round_trip(console.browser(), provider)).status_code == 303
        provider.kid, provider.keys = "k-2", [jwk_of("ES256", "k-1"), jwk_of("ES256", "k-2")]
        assert (await round_trip(console.browser(), provider)).status_code == 303
        provider.kid = "k-3"
        assert (await round_trip(console.browser(), provider)).status_code == 403
        assert provider.asked.count("/jwks") == 3, "once at first, and once for each key that was not known"


DOWN = "から正しい応答がありません"


def _spoil(provider: Provider, **changes: Any) -> None:
    provider.metadata = {**provider.metadata, **changes}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda provider: setattr(provider.faults, "down", True),
        lambda provider: setattr(provider.faults, "status", 500),
        lambda provider: setattr(provider.faults, "endless", True),
        lambda provider: setattr(provider.faults, "packed", True),
        lambda provider: setattr(provider.faults, "hold", asyncio.Event()),
        lambda provider: _spoil(provider, issuer="https://evil.example"),
        lambda provider: _spoil(provider, issuer=f"{provider.issuer}/"),
        lambda provider: _spoil(provider, token_endpoint="http://evil.example/token"),
        lambda provider: _spoil(provider, jwks_uri="file:///etc/passwd"),
        lambda provider: _spoil(provider, authorization_endpoint="https://a b/"),
        lambda provider: _spoil(provider, authorization_endpoint="https://x.example/\r\nSet-Cookie: a=b"),
        lambda provider: _spoil(provider, authorization_endpoint=7),
        lambda provider: provider.answers.update(
            {"/.well-known/openid-configuration": (302, "application/json", b"{}")}
        ),
        lambda provider: provider.answers.update({"/.well-known/openid-configuration": (200, "text/html", b"<html>")}),
    ],
)
async def test_a_provider_that_does_not_answer_as_it_should_is_told_and_local_sign_in_goes_on(
    provider: Provider, clock: SettableClock, spoil: Callable[[Provider], None]
):
    async with organised(provider.issuer, clock, within_s=0.3) as console:
        spoil(provider)
        browser = console.browser()
        answer = await browser.get(f"/sign-in/organisation?coop={COOP}")
        assert answer.status_code == 503
        assert DOWN in words(answer)
        assert "refresh" not in answer.headers
        assert (await browser.sign_in("kian")).status_code == 303
        if provider.faults.hold is not None:
            provider.faults.hold.set()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", (500, "application/json", b"{}")),
        ("/token", (401, "application/json", b'{"error":"invalid_client"}')),
        ("/token", (200, "application/json", b"{}")),
        ("/token", (200, "application/json", b"[" * 300_000)),
        ("/jwks", (200, "application/json", b'{"keys":1}')),
        ("/jwks", (503, "application/json", b"{}")),
    ],
)
async def test_a_provider_that_fails_on_the_way_back_is_told(
    console: Console, provider: Provider, path: str, answer: tuple[int, str, bytes]
):
    provider.answers[path] = answer
    page = await round_trip(console.browser(), provider)
    assert page.status_code == 503
    assert DOWN in words(page)
    assert not console.staff.sessions


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
