"""Attack: somebody without any credential makes the gateway work: huge keys, deep or endless JSON, huge forms.

Work is counted, not timed: signature verifications, key loads and the Python calls of one request. What a refused
request costs must not grow with what the attacker sends.
"""

import base64
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import httpx2
import pytest

from gateway.demo.awkward import AWKWARD
from tests.answers import assert_oauth_error, assert_problem
from tests.house import COOP, House
from tests.simulators.partner import ISSUER, RESOURCE, Partner, b64u, forge

FIELDS = ["member_code", "name"]
MEMBER = [AWKWARD["takasaki"]]
URL = RESOURCE + "/transfers"
TOKEN_URL = ISSUER + "/oauth/token"

VERIFY = "gateway.jose.rfc7515._verify_es256"
VERIFY_RSA = "jwt.algorithms.RSAPSSAlgorithm.verify"
LOAD = "gateway.jose.rfc7517._native"
LOAD_DPOP = "gateway.jose.rfc7517._p256"


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Every Python call, by module and name, and their sum as `*`."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls["*"] += 1
            calls[f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def proof_with(jwk: object, alg: str = "ES256", signature: bytes = bytes(64), **claims: object) -> str:
    return forge({"alg": alg, "typ": "dpop+jwt", "jwk": jwk}, {"htm": "POST", "htu": URL, **claims}, signature)


def raw(header: bytes, payload: bytes) -> str:
    return f"{b64u(header)}.{b64u(payload)}.{b64u(bytes(64))}"


def deep(levels: int) -> bytes:
    return b'{"a":' + b"[" * levels + b"]" * levels + b"}"


HUGE = b64u(b"\xff" * 2_000)
PROOFS: dict[str, Callable[[], str]] = {
    "RSA of 16,000 bits": lambda: proof_with({"kty": "RSA", "n": HUGE, "e": "AQAB"}, "PS256", b"\1" * 2_00),
    "RSA under ES256": lambda: proof_with({"kty": "RSA", "n": HUGE, "e": "AQAB"}),
    "RSA with a huge exponent": lambda: proof_with({"kty": "RSA", "n": b64u(b"\xff" * 256), "e": b64u(b"\xff" * 256)}),
    "P-521": lambda: proof_with({"kty": "EC", "crv": "P-521", "x": b64u(b"\1" * 66), "y": b64u(b"\1" * 66)}),
    "a coordinate of 2,000 bytes": lambda: proof_with({"kty": "EC", "crv": "P-256", "x": HUGE, "y": "AA"}),
    "a point off the curve": lambda: proof_with(
        {"kty": "EC", "crv": "P-256", "x": b64u(b"\1" * 32), "y": b64u(b"\1" * 32)}
    ),
    "a key that is a list": lambda: proof_with([{}] * 300),
    "a key with a hundred members": lambda: proof_with({f"m{n}": n for n in range(100)}),
    "no key": lambda: proof_with(None),
    "nested to a thousand": lambda: raw(deep(1_000), deep(1_000)),
    "nested in strings": lambda: raw(b'{"a":"' + b"[" * 900 + b'"}', b"{}"),
    "backslashes": lambda: raw(b'{"a":"' + b"\\" * 2_500 + b'"}', b"{}"),
    "quotes": lambda: raw(b'"' * 2_900, b"{}"),
    "a number of 2,900 digits": lambda: raw(b'{"alg":' + b"9" * 2_900 + b"}", b"{}"),
    "a thousand members": lambda: raw(b"{" + b",".join(b'"%d":0' % n for n in range(380)) + b"}", b"{}"),
    "a thousand segments": lambda: "." * 4_000,
    "just below the limit": lambda: "A" * 4_096,
    "over the limit": lambda: "A" * 4_097,
    "not ASCII": lambda: "é" * 2_000,
}


async def refused(house: House, proof: str, token: str | None = None) -> tuple[httpx2.Response, Counter[str]]:
    headers = {"Authorization": f"DPoP {token or 'A.A.A'}", "DPoP": proof, "Content-Type": "application/jwt"}
    request = house.http.build_request(
        "POST", URL, content=b"x", headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    )
    with counted() as calls:
        response = await house.http.send(request)
    return response, calls


@pytest.mark.parametrize("attack", PROOFS)
async def test_a_monstrous_proof_costs_no_verification(house: House, sunnet: Partner, attack: str) -> None:
    """Even with a true token, as a thief would have it."""
    token = await sunnet.token("P4", FIELDS)
    _, usual = await refused(house, "A.A.A", token)
    response, calls = await refused(house, PROOFS[attack](), token)
    assert_problem(response, "unauthenticated", error="invalid_dpop_proof")
    assert calls[VERIFY] <= 1, "the token's own, while it is not yet remembered"
    assert calls[VERIFY_RSA] == 0
    assert calls[LOAD] == 0
    assert calls["*"] <= usual["*"] + 400
    assert house.sources[COOP].asked == []


@pytest.mark.parametrize("attack", PROOFS)
async def test_a_monstrous_access_token_costs_no_verification(house: House, sunnet: Partner, attack: str) -> None:
    _, usual = await refused(house, "A.A.A", "A.A.A")
    token = PROOFS[attack]()
    response, calls = await refused(house, "A.A.A", token if token.isascii() else "A")
    assert_problem(response, "unauthenticated", error="invalid_token")
    assert calls[VERIFY] == calls[VERIFY_RSA] == calls[LOAD] == calls[LOAD_DPOP] == 0
    assert calls["*"] <= usual["*"] + 400


@pytest.mark.parametrize("attack", PROOFS)
async def test_a_monstrous_assertion_costs_at_most_one_verification(house: House, sunnet: Partner, attack: str) -> None:
    await sunnet.token("P4", FIELDS)
    assertion = PROOFS[attack]()
    with counted() as calls:
        response = await sunnet.ask_token(sunnet.detail("P4", FIELDS), client_assertion=assertion, proof="A.A.A")
    assert_oauth_error(response, "invalid_client", 401)
    assert calls["gateway.jose.rfc7515.verify"] <= 1
    assert calls[LOAD] == 0


async def test_an_unknown_client_costs_what_a_known_one_costs(house: House, sunnet: Partner) -> None:
    """One verification each, against a dummy where there is no key, so that time tells nobody which clients exist."""
    await sunnet.token("P4", FIELDS)
    work = {}
    for name, assertion in {
        "known": sunnet.assertion(aud="x"),
        "unknown client": sunnet.assertion(iss="nobody", sub="nobody"),
        "unknown key": sunnet.assertion({"kid": "sig-9"}),
    }.items():
        proof = sunnet.proof("POST", TOKEN_URL)
        request = house.http.build_request(
            "POST",
            TOKEN_URL,
            data=sunnet.form(sunnet.detail("P4", FIELDS), client_assertion=assertion),
            headers={"DPoP": proof},
        )
        with counted() as calls:
            response = await house.http.send(request)
        assert_oauth_error(response, "invalid_client", 401)
        work[name] = calls
    for name, calls in work.items():
        assert calls["gateway.jose.rfc7515.verify"] == calls[VERIFY] == 1, name
        assert abs(calls["*"] - work["known"]["*"]) < 60, name


async def test_a_refused_assertion_spares_the_proof(house: House, sunnet: Partner) -> None:
    """A client that is not authenticated does not get its proof verified, nor anything written."""
    await sunnet.token("P4", FIELDS)
    log = Counter(house.log.calls)
    with counted() as calls:
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), client_assertion=sunnet.assertion(aud="x"))
    assert calls["gateway.oauth.rfc9449.check_proof"] == 0
    assert house.log.calls == log


FORMS: dict[str, bytes] = {
    "8,000 parameters": b"&".join(b"a" for _ in range(8_000)),
    "21 parameters": b"&".join(b"a%d=b" % n for n in range(21)),
    "one repeated": b"grant_type=client_credentials&grant_type=client_credentials",
    "a value of 16,000 bytes": b"grant_type=" + b"x" * 16_000,
    "percent signs": b"%" * 16_000,
    "plus signs": b"a=" + b"+" * 16_000,
    "equals signs": b"=" * 16_000,
    "semicolons": b";" * 16_000,
    "no UTF-8": b"a=%ff&" + b"\xff" * 1_000,
    "zero bytes": bytes(16_000),
    "nothing": b"",
}


@pytest.mark.parametrize("attack", FORMS)
async def test_a_monstrous_form_costs_next_to_nothing(house: House, attack: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with counted() as usual:
        await house.http.post(TOKEN_URL, content=b"grant_type=x", headers=headers)
    with counted() as calls:
        response = await house.http.post(TOKEN_URL, content=FORMS[attack], headers=headers)
    assert response.status_code == 400
    assert response.json()["error"] in {"invalid_request", "unsupported_grant_type"}
    assert calls["gateway.jose.rfc7515.verify"] == 0
    assert calls["*"] <= usual["*"] + 200
    assert house.log.calls["seen"] == 0


@pytest.mark.parametrize(
    ("method", "path", "size"),
    [
        ("POST", "/oauth/token", 16 * 1024 + 1),
        ("POST", "/v1/transfers", 64 * 1024 + 1),
        ("POST", "/v1/grants", 1),
        ("GET", "/v1/grants", 1),
        ("POST", "/v1/nothing", 1),
        ("POST", "/", 1),
        ("PUT", "/v1/transfers", 1),
        ("DELETE", "/oauth/token", 1),
        ("POST", "/.well-known/oauth-authorization-server", 1),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_its_limit_is_refused_before_anybody_reads_it(
    house: House, method: str, path: str, size: int, chunked: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // 1_024 + 1):
            yield b"x" * 1_024

    content = pieces() if chunked else b"x" * size
    with counted() as calls:
        response = await house.http.request(method, ISSUER + path, content=content)
    assert_problem(response, "too-large")
    assert response.headers["connection"] == "close"
    assert calls["gateway.data_plane.caller.check_caller"] == 0
    assert calls["gateway.oauth.rfc6749.parse_token_request"] == 0


async def test_ten_thousand_strangers_leave_no_memory_of_themselves(house: House, sunnet: Partner) -> None:
    """What is remembered before authentication is bounded: nothing per token, per key or per name."""
    await sunnet.token("P4", FIELDS)
    before = (len(house.desk.tokens), len(house.desk.decisions), len(house.desk.prepared), len(house.log.calls))
    for n in range(300):
        await house.http.post(
            URL, content=b"x", headers={"Authorization": f"DPoP A.A.{n}", "Content-Type": "application/jwt"}
        )
        stranger = sunnet.assertion(iss=f"client-{n}", sub=f"client-{n}")
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), client_assertion=stranger, proof="A.A.A")
    assert before == (len(house.desk.tokens), len(house.desk.decisions), len(house.desk.prepared), len(house.log.calls))
    assert await house.rows("SELECT count(*) FROM replay") == [(2,)]


async def test_a_signed_request_of_the_largest_size_costs_one_verification(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    members = [f"{n:08d}" + "-" * 33 for n in range(1_000)]
    request = sunnet.request("P4", FIELDS, members=members)
    assert 55_000 < len(request) <= 64 * 1024
    proof = sunnet.proof("POST", URL, token)
    with counted() as calls:
        response = await sunnet.post(request, token, proof=proof)
    assert response.status_code == 200
    assert calls["gateway.jose.rfc7515.verify"] == 3, "the token's, the proof's and its own"
    payload = base64.urlsafe_b64decode(request.split(".")[1] + "==")
    assert len(json.loads(payload)["members"]) == 1_000


async def test_a_deeply_nested_request_is_refused_before_its_signature_is_looked_at(
    house: House, sunnet: Partner
) -> None:
    token = await sunnet.token("P4", FIELDS)
    header = json.dumps({"alg": "ES256", "kid": "sig-1", "typ": "data-request+jwt"}).encode()
    request = raw(header, deep(20_000))
    proof = sunnet.proof("POST", URL, token)
    with counted() as calls:
        response = await sunnet.post(request, token, proof=proof)
    assert_problem(response, "invalid-request-object", error="invalid_request_object")
    assert calls["gateway.jose.rfc7515.verify"] <= 2, "the token's and the proof's"
