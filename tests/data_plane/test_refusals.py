"""Every refusal under /v1, by slug: the document, the headers, whether an entry exists and whether the proof is used up.

The order is guard, token, proof, rate limit, message, decision (security profile §6); each row is refused at one place
with everything after that place wrong too where it can be, so that the row shows who comes first.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.control_plane.partners.acts import set_state
from gateway.tlog.entries import Denial
from gateway.web.problems import TABLE, Slug
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import RESOURCE, Partner

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]
PATH = "/v1/transfers"
URL = RESOURCE + "/transfers"


@dataclass
class Sent:
    """One POST /v1/transfers of which a row changes parts."""

    house: House
    partner: Partner
    token: str
    request: str
    proof: str
    method: str = "POST"
    path: str = PATH
    headers: dict[str, Any] = field(default_factory=dict)

    async def go(self) -> httpx2.Response:
        named = {
            "Authorization": f"DPoP {self.token}",
            "DPoP": self.proof,
            "Content-Type": "application/jwt",
            **self.headers,
        }
        stated = {name: value for name, value in named.items() if value is not None}
        content = self.request or None
        return await self.partner.http.request(self.method, self.path, content=content, headers=stated)


Change = Callable[[Sent], Awaitable[None] | None]


@dataclass
class Row:
    """What is changed, and what must come of it."""

    change: Change
    slug: Slug
    error: str | None = None
    pointer: str | None = None
    retry_after: int | None = None
    allow: str | None = None
    reasons: list[str] | None = None
    """Of the entry; None: there is none."""
    consumed: bool = False


def set_(**parts: Any) -> Change:
    def change(sent: Sent) -> None:
        for name, value in parts.items():
            setattr(sent, name, value(sent) if callable(value) else value)

    return change


def headers(**named: str | None) -> Change:
    return set_(headers={name.replace("_", "-"): value for name, value in named.items()})


def request(*arguments: Any, **changes: Any) -> Change:
    def made(sent: Sent) -> str:
        purpose, fields, *product = arguments or ("P4", FIELDS)
        return sent.partner.request(purpose, fields, *product, **{"members": MEMBER, **changes})

    return set_(request=made)


def proof(*target: str, **changes: Any) -> Change:
    method, url = target or ("POST", URL)
    return set_(proof=lambda sent: sent.partner.proof(method, url, sent.token, **changes))


def both(*changes: Change) -> Change:
    async def change(sent: Sent) -> None:
        for one in changes:
            done = one(sent)
            if done is not None:
                await done

    return change


async def suspended(sent: Sent) -> None:
    house = sent.house
    await set_state(house.stores.log, COOP, "sunnet", active=False, by="運用", reason="停止", clock=house.clock)
    await house.stores.snapshots.refresh(COOP)


def down(sent: Sent) -> None:
    sent.house.sources[COOP].down = "the member system answered 502"


def broken(sent: Sent) -> None:
    sent.house.signer.broken = True


def no_log(sent: Sent) -> None:
    sent.house.log.down = "the database failed"


async def used(sent: Sent) -> None:
    assert (await sent.go()).status_code == 200


ALL_WRONG = both(headers(Authorization="Bearer x", DPoP="x", Content_Type="text/plain"), set_(request="x"))
BAD_PROOF = both(headers(DPoP="x", Content_Type="text/plain"), set_(request="x"))
BAD_BODY = both(headers(Content_Type="text/plain"), set_(request="x"))
UNVERIFIED = ["request:object:unverified"]
UNAUTHENTICATED: dict[str, Any] = {"slug": "unauthenticated", "error": "invalid_token"}
BAD: dict[str, Any] = {"slug": "invalid-request-object", "error": "invalid_request_object", "reasons": UNVERIFIED}
DENIED: dict[str, Any] = {"slug": "not-permitted", "consumed": True}

ROWS: dict[str, Row] = {
    # the guard, before anybody is asked who he is
    "a foreign host": Row(both(ALL_WRONG, headers(Host="evil.example")), "malformed"),
    "a path with an empty segment": Row(both(ALL_WRONG, set_(path="/v1//transfers")), "malformed"),
    "an encoded body": Row(headers(Content_Encoding="gzip"), "unsupported-media-type"),
    "too large": Row(both(ALL_WRONG, set_(request="x" * (64 * 1024 + 1))), "too-large"),
    "a target too long": Row(both(ALL_WRONG, set_(path="/v1/transfers?" + "x" * 2_048)), "uri-too-long"),
    "headers too large": Row(headers(X_Note="x" * 8_300), "headers-too-large"),
    "a body where none belongs": Row(both(ALL_WRONG, set_(path="/v1/nothing")), "too-large"),
    # the route
    "a query": Row(both(ALL_WRONG, set_(path=PATH + "?a=b")), "malformed"),
    "an empty parameter": Row(both(ALL_WRONG, set_(path=PATH + "?a")), "malformed"),
    "GET": Row(both(ALL_WRONG, set_(method="GET", request="")), "method-not-allowed", allow="POST"),
    "PUT": Row(both(ALL_WRONG, set_(method="PUT", request="")), "method-not-allowed", allow="POST"),
    "DELETE": Row(set_(method="DELETE", request=""), "method-not-allowed", allow="POST"),
    "OPTIONS": Row(set_(method="OPTIONS", request=""), "method-not-allowed", allow="POST"),
    "POST of grants": Row(set_(path="/v1/grants", request=""), "method-not-allowed", allow="GET"),
    "POST of a schema": Row(set_(path="/v1/grants/x/schema", request=""), "method-not-allowed", allow="GET"),
    "an unknown path": Row(set_(method="GET", path="/v1/nothing", request="", headers={"Authorization": None}), **UNAUTHENTICATED),
    "a final slash": Row(set_(method="GET", path=PATH + "/", request="", headers={"Authorization": None}), **UNAUTHENTICATED),
    "an unknown path with a token": Row(
        both(set_(method="GET", path="/v1/nothing", request=""), proof("GET", RESOURCE + "/nothing")), "not-found"
    ),
    "a final slash with a token": Row(
        both(set_(method="GET", path=PATH + "/", request=""), proof("GET", URL + "/")), "not-found"
    ),
    "a final slash with a token, posted": Row(both(set_(path=PATH + "/", request=""), proof("POST", URL + "/")), "not-found"),
    "an unknown path outside": Row(both(ALL_WRONG, set_(method="GET", path="/nothing", request="")), "not-found"),
    # the token
    "no token": Row(both(BAD_PROOF, headers(Authorization=None, DPoP="x", Content_Type="text/plain")), **UNAUTHENTICATED),
    "a bearer token": Row(ALL_WRONG, **UNAUTHENTICATED),
    "a token of nobody's": Row(both(BAD_PROOF, set_(token="A.A.A")), **UNAUTHENTICATED),
    # the proof
    "no proof": Row(headers(DPoP=None, Content_Type="text/plain"), "unauthenticated", error="invalid_dpop_proof"),
    "a bad proof": Row(BAD_PROOF, "unauthenticated", error="invalid_dpop_proof"),
    "a proof of another method": Row(both(BAD_BODY, proof("GET", URL)), "unauthenticated", error="invalid_dpop_proof"),
    "a proof without a nonce": Row(both(BAD_BODY, proof(nonce=...)), "unauthenticated", error="use_dpop_nonce"),
    "a proof with an old nonce": Row(both(BAD_BODY, proof(nonce="old")), "unauthenticated", error="use_dpop_nonce"),
    "a proof whose nonce is null": Row(both(BAD_BODY, proof(nonce=None)), "unauthenticated", error="invalid_dpop_proof"),
    # the message
    "another media type": Row(BAD_BODY, "unsupported-media-type", reasons=["request:content-type:malformed"]),
    "JSON": Row(headers(Content_Type="application/json"), "unsupported-media-type", reasons=["request:content-type:malformed"]),
    "a media type with a parameter": Row(
        headers(Content_Type="application/jwt; charset=utf-8"), "unsupported-media-type", reasons=["request:content-type:malformed"]
    ),
    "no media type": Row(headers(Content_Type=None), "unsupported-media-type", reasons=["request:content-type:malformed"]),
    "an empty body": Row(set_(request=""), **BAD),
    "an unreadable body": Row(set_(request="x"), **BAD),
    "another typ": Row(request(header={"typ": "JWT"}), **BAD),
    "an unknown key": Row(request(header={"kid": "sig-9"}), **BAD),
    "another's word": Row(request(iss="jccu-demo"), **BAD),
    "another audience": Row(request(aud="https://gw.example.coop"), **BAD),
    "expired": Row(request(iat=0, exp=300), **BAD),
    "times before claims": Row(request(exp=0, members=["*"], fields=[]), **BAD),
    "a malformed claim": Row(request(members=["*"]), "malformed", pointer="/members/0", reasons=["request:members:malformed"]),
    "a claim that does not belong": Row(request(nbf=0), "malformed", pointer="", reasons=["request:claims:malformed"]),
    "a field in no catalogue": Row(
        request("P3", ["name", "nickname"], "G9", agreement="other"),
        "malformed", pointer="/fields/1", reasons=["request:fields:unknown"],
    ),
    "a forged cursor": Row(
        request(members=..., page={"limit": 1, "cursor": "AAAA"}),
        "malformed", pointer="/page/cursor", reasons=["request:cursor:malformed"],
    ),
    "a forged end of a walk": Row(
        request(members=..., page={"limit": 1, "since": "AAAA"}),
        "malformed", pointer="/page/since", reasons=["request:since:malformed"],
    ),
    # the decision: one answer for all
    "another purpose": Row(request("P3", FIELDS), **DENIED, reasons=["request:purpose:mismatch"]),
    "another agreement": Row(request(agreement="kyoritsusha-jccu-01"), **DENIED, reasons=["request:agreement:mismatch"]),
    "another co-op": Row(request(coop="coopdeli"), **DENIED, reasons=["request:coop:mismatch"]),
    "another product class": Row(request("P4", FIELDS, "G2"), **DENIED, reasons=["request:product:mismatch"]),
    "another field": Row(request("P4", ["phone"]), **DENIED, reasons=["request:fields:mismatch"]),
    "everything else": Row(
        request("P3", ["phone"], "G2", coop="coopdeli", agreement="x"),
        **DENIED,
        reasons=[f"request:{what}:mismatch" for what in ("agreement", "coop", "fields", "product", "purpose")],
    ),
    "suspended": Row(suspended, **DENIED, reasons=["agreement:sunnet:inactive"]),
    # what comes after the decision
    "a used proof": Row(used, "replayed", consumed=True),
    "the source is down": Row(down, "unavailable", retry_after=5, reasons=["fault:source:unavailable"], consumed=True),
    "the answer cannot be sealed": Row(broken, "internal", reasons=["fault:seal:failed"], consumed=True),
    "the log is down": Row(no_log, "unavailable", retry_after=1),
}  # fmt: skip


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    """On SQLite: what is said outside does not depend on the database."""
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


@pytest.mark.parametrize("name", ROWS)
async def test_a_refusal(house: House, sunnet: Partner, name: str) -> None:
    row = ROWS[name]
    token = await sunnet.token("P4", FIELDS)
    good = sunnet.request("P4", FIELDS, members=MEMBER)
    sent = Sent(house, sunnet, token, good, sunnet.proof("POST", URL, token))
    usual = sent.proof
    done = row.change(sent)
    if done is not None:
        await done
    before = len(await house.entries())
    response = await sent.go()
    assert_problem(
        response, row.slug, error=row.error, pointer=row.pointer, retry_after=row.retry_after, allow=row.allow
    )
    house.log.down = house.sources[COOP].down = None
    house.signer.broken = False
    entries = (await house.entries())[before:]
    if row.reasons is None:
        assert entries == []
    else:
        (entry,) = entries
        assert isinstance(entry, Denial)
        assert entry.reasons == row.reasons
        assert entry.transfer == response.headers["x-request-id"], "the co-op finds it by what the partner was told"
        assert (entry.partner, entry.client, entry.purpose) == ("sunnet", "sunnet-demo", "P4")
        assert entry.proof == sunnet.dpop.thumbprint()
    if name == "suspended":
        return
    if sent.proof != usual or row.error in {"invalid_token", "invalid_dpop_proof"}:
        sent.proof = usual
    again = await Sent(house, sunnet, token, good, sent.proof).go()
    assert (again.status_code == 409) == row.consumed, again.text


def test_the_table_has_every_slug_that_can_be_reached_here() -> None:
    elsewhere = {"request-timeout", "rate-limited"}  # the wire; test_log_flooding
    assert {row.slug for row in ROWS.values()} == TABLE.keys() - elsewhere


def test_a_refusal_of_the_decision_is_one_and_the_same() -> None:
    assert len({(row.error, row.pointer, row.retry_after) for row in ROWS.values() if row.slug == "not-permitted"}) == 1


@pytest.mark.parametrize("method", ["HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "BREW"])
@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/", "/v1/transfers/x", "/v1/grants/x", "/v1/exports/", "/v1/grants/"]
)
async def test_under_v1_nobody_learns_without_a_token_which_paths_there_are(
    house: House, method: str, path: str
) -> None:
    response = await house.http.request(method, path)
    assert response.status_code == 401
    assert "allow" not in response.headers
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    if method != "HEAD":
        assert_problem(response, "unauthenticated", error="invalid_token")


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/oauth/token/", "/oauth", "/v2/transfers", "/metrics"]
)
async def test_outside_v1_what_is_not_there_is_not_found(house: House, path: str) -> None:
    assert_problem(await house.http.get(path), "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/oauth/token", "POST"),
        ("PUT", "/oauth/token", "POST"),
        ("DELETE", "/oauth/jwks", "GET"),
        ("PUT", "/.well-known/oauth-authorization-server", "GET"),
        ("POST", "/livez", "GET"),
    ],
)
async def test_a_wrong_method_outside_v1(house: House, method: str, path: str, allow: str) -> None:
    response = await house.http.request(method, path)
    assert response.status_code == 405
    allowed = {name.strip() for name in response.headers["allow"].split(",")} - {"HEAD"}
    assert allowed == {allow}
    assert response.json()["type"] == "urn:joint-use:problem:method-not-allowed"


@pytest.mark.parametrize("path", ["/v1/grants", "/v1/grants/kyoritsusha-sunnet-01.delivery/schema"])
async def test_a_get_takes_the_same_road(house: House, sunnet: Partner, path: str) -> None:
    short = path.removeprefix("/v1")
    token = await sunnet.token("P4", FIELDS)
    before = len(await house.entries())
    assert_problem(await house.http.get(path), "unauthenticated", error="invalid_token")
    stale = sunnet.proof("GET", RESOURCE + short, token, nonce="old")
    assert_problem(await sunnet.get(short, token, proof=stale), "unauthenticated", error="use_dpop_nonce")
    assert_problem(await sunnet.get(short, token, proof="x"), "unauthenticated", error="invalid_dpop_proof")
    good = sunnet.proof("GET", RESOURCE + short, token)
    assert_problem(await house.http.get(path + "?a=b"), "malformed")
    answered = await sunnet.get(short, token, proof=good)
    assert answered.status_code == 200
    assert answered.headers["dpop-nonce"]
    assert answered.headers["cache-control"] == "no-store"
    assert_problem(await sunnet.get(short, token, proof=good), "replayed")
    assert (await sunnet.get(short, token, method="HEAD")).status_code == 200
    await suspended(Sent(house, sunnet, token, "", ""))
    assert_problem(await sunnet.get(short, token), "not-permitted")
    assert len(await house.entries()) == before + 1, "the suspension's own"


async def test_a_nonce_comes_with_every_success_and_every_challenge_and_with_nothing_else(
    house: House, sunnet: Partner
) -> None:
    challenged = await sunnet.ask_token(sunnet.detail("P4", FIELDS))
    granted = await sunnet.ask_token(sunnet.detail("P4", FIELDS))
    released = await sunnet.ask("P4", FIELDS, MEMBER)
    listed = await sunnet.get("/grants", await sunnet.token("P4", FIELDS))
    assert [r.status_code for r in (challenged, granted, released, listed)] == [400, 200, 200, 200]
    assert all("dpop-nonce" in response.headers for response in (challenged, granted, released, listed))
    others = [
        await sunnet.ask_token(sunnet.detail("P9", FIELDS)),
        await sunnet.ask("P4", FIELDS, ["*"]),
        await house.http.get("/oauth/jwks"),
        await house.http.get("/livez"),
        await house.http.get("/nothing"),
    ]
    assert all("dpop-nonce" not in response.headers for response in others)


async def test_metadata_may_be_kept_and_nothing_else(house: House, sunnet: Partner) -> None:
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/v1", "/oauth/jwks"):
        response = await house.http.get(path)
        assert response.headers["cache-control"].startswith("public, max-age=")
        assert_problem(await house.http.get(path + "?x"), "malformed")
        json.loads(response.content)
    assert (await sunnet.ask("P4", FIELDS, MEMBER)).headers["cache-control"] == "no-store"
    assert (await house.http.get("/oauth/jwks")).headers["content-type"] == "application/jwk-set+json"
