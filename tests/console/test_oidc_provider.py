"""The tokens and the keys of a provider: every one that lets nobody in; and a provider that does not answer as it should."""

import asyncio
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import RSAAlgorithm
from jwt.api_jws import PyJWS

from gateway.jose import rfc4648
from tests.clock import SettableClock
from tests.console.organised import console, organised, provider, refused, round_trip
from tests.console.simulated import COOP, Console, words
from tests.simulators.oidc import ACR, CLIENT, PRIVATE, SECRET, Provider, encoded, jwk_of

__all__ = ["console", "provider"]

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
