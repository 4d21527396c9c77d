"""Attack: headers that two programs read differently, or that would make the gateway speak of itself otherwise.

Forged `Host` and `X-Forwarded-*`, and a second request hidden behind a first, on a real socket with the real
application. No URL the gateway says or checks comes from the request.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.web.server import bind, serve
from tests.answers import METADATA, assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import ISSUER, RESOURCE, Partner

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]
URL = RESOURCE + "/transfers"
FORGED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Port": "8080",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-For": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;host=evil.example;proto=http",
    "X-Original-URL": "/v1/grants",
    "X-Rewrite-URL": "/v1/grants",
    "X-HTTP-Method-Override": "GET",
    "X-Original-Host": "evil.example",
    "X-Real-IP": "127.0.0.1",
    "Via": "1.1 evil.example",
}
DOCUMENTS = (
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource/v1",
    "/oauth/jwks",
    "/v1/transfers",
    "/v1/grants",
    "/livez",
    "/nothing",
)


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_nothing_the_gateway_says_follows_forged_headers(house: House, path: str) -> None:
    honest = await house.http.get(path)
    forged = await house.http.get(path, headers=FORGED)
    assert honest.status_code == forged.status_code
    ignore = {"x-request-id"}
    assert {n: v for n, v in honest.headers.items() if n not in ignore} == {
        n: v for n, v in forged.headers.items() if n not in ignore
    }
    assert forged.text.replace(forged.headers["x-request-id"], "") == honest.text.replace(
        honest.headers["x-request-id"], ""
    )
    assert "evil" not in forged.text + str(forged.headers)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "gw.example.coop.evil.example",
        "evil.example#gw.example.coop",
        "gw.example.coop:444",
        "gw.example.coop:443",
        "gw.example.coop.",
        "gw.example.coop@evil.example",
        "gw.example.coop/v1",
        "",
        "127.0.0.1",
        "[::1]",
        "gw.example.coop, evil.example",
    ],
)
@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/v1/transfers", "/oauth/token"])
async def test_a_host_that_is_not_ours_is_refused_before_anything(house: House, host: str, path: str) -> None:
    response = await house.http.get(path, headers={"Host": host})
    assert_problem(response, "malformed")
    assert response.headers["connection"] == "close"


async def test_metadata_says_what_is_configured(house: House) -> None:
    headers = {**FORGED, "Host": "GW.example.coop"}
    server = (await house.http.get(DOCUMENTS[0], headers=headers)).json()
    assert server["issuer"] == ISSUER
    assert server["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert server["jwks_uri"] == f"{ISSUER}/oauth/jwks"
    assert server["protected_resources"] == [RESOURCE]
    resource = (await house.http.get(DOCUMENTS[1], headers=headers)).json()
    assert (resource["resource"], resource["authorization_servers"]) == (RESOURCE, [ISSUER])


async def test_a_proof_is_held_against_the_configured_address_alone(house: House, sunnet: Partner) -> None:
    """Neither a forged host nor a forged method or path makes a proof for another place a good one."""
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    for htu in ("https://evil.example/v1/transfers", "http://gw.example.coop/v1/transfers", f"{RESOURCE}/grants"):
        response = await sunnet.post(request, token, proof=sunnet.proof("POST", htu, token), headers=FORGED)
        assert_problem(response, "unauthenticated", error="invalid_dpop_proof")
    assert METADATA in response.headers["www-authenticate"]
    assert (await sunnet.post(request, token, headers=FORGED)).status_code == 200
    assert (await house.release()).client == "sunnet-demo"


@pytest.mark.parametrize("name", ["Authorization", "DPoP", "Content-Type", "Host", "Content-Length"])
async def test_a_header_that_may_stand_once_stands_once(house: House, sunnet: Partner, name: str) -> None:
    """Two readers could each take another of the two."""
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    headers = [
        ("Host", "gw.example.coop"),
        ("Authorization", f"DPoP {token}"),
        ("DPoP", sunnet.proof("POST", URL, token)),
        ("Content-Type", "application/jwt"),
        ("Content-Length", str(len(request))),
    ]
    twice = [*headers, *(one for one in headers if one[0] == name)]
    response = await house.http.post(URL, content=request.encode(), headers=twice)
    assert_problem(response, "malformed")
    assert house.sources[COOP].asked == []


@pytest.mark.parametrize(
    "header",
    [
        ("X_Forwarded_Host", "evil.example"),
        ("Authorization_", "DPoP x"),
        ("DPoP_Nonce", "x"),
        ("X-Note", "a\tb"),
        ("X-Note", "a\x0bb"),
        ("X-Note", "a\x7fb"),
        ("X-Note", "x" * 8_300),
    ],
)
async def test_a_header_that_could_be_read_twice_is_refused(house: House, header: tuple[str, str]) -> None:
    response = await house.http.get("/livez", headers=[header])
    assert response.status_code in {400, 431}
    assert response.headers["connection"] == "close"


async def limited(house: House, *lines: str) -> bool:
    """Whether a stranger from 127.0.0.1 who names these networks, a new one each time, runs into a limit."""
    statuses = []
    for n in range(20):
        named = [("X-Forwarded-For", line.format(n)) for line in lines]
        statuses.append((await house.http.get("/v1/grants", headers=named)).status_code)
    assert set(statuses) <= {401, 429}
    return 429 in statuses


@pytest.mark.parametrize(
    ("proxies", "lines", "caught"),
    [
        ((), ("10.0.{}.1",), True),  # nobody's word counts where no proxy is listed
        (("127.0.0.1",), ("10.0.{}.1",), False),  # the proxy's word does
        (("127.0.0.1",), ("10.0.{}.1, 198.51.100.7",), True),  # the stranger's before it does not
        (("127.0.0.1",), ("10.0.{}.1", "198.51.100.7"), True),  # nor on a line of its own
        (("127.0.0.1",), ("198.51.100.{}",), True),  # one network is one caller
        (("192.0.2.1",), ("10.0.{}.1",), True),  # nor that of a proxy which is another
    ],
)
async def test_a_stranger_cannot_choose_the_network_it_is_counted_under(
    sqlite_url: str,
    tmp_path: Path,
    clock: SettableClock,
    proxies: tuple[str, ...],
    lines: tuple[str, ...],
    caught: bool,
) -> None:
    limits: dict[str, Any] = {"requests_per_second": 0.01, "burst": 4, "proxies": proxies}
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,), **limits) as house:
        assert await limited(house, *lines) == caught


# On a real socket


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[int]:
    listener, stop = bind("127.0.0.1", 0), asyncio.Event()
    port: int = listener.getsockname()[1]
    served = asyncio.create_task(serve(house.guard, listener=listener, stop=stop, count=lambda _: None, linger=0.1))
    try:
        yield port
    finally:
        stop.set()
        await served


async def spoken(port: int, sent: bytes) -> bytes:
    """All that comes back for these bytes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    received = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return received


def answers(received: bytes) -> list[int]:
    return [int(line.split(b" ")[1]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def message(request: str, token: str, proof: str, *extra: str, length: bool = True) -> bytes:
    head = [
        "POST /v1/transfers HTTP/1.1",
        "Host: gw.example.coop",
        f"Authorization: DPoP {token}",
        f"DPoP: {proof}",
        "Content-Type: application/jwt",
        *([f"Content-Length: {len(request)}"] if length else []),
        *extra,
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + request).encode()


async def test_a_request_hidden_behind_another_is_not_answered(house: House, sunnet: Partner) -> None:
    """Two true transfers in one write: the second has nobody to answer it, and the log holds one release."""
    token = await sunnet.token("P4", FIELDS)
    pair = [
        message(sunnet.request("P4", FIELDS, members=MEMBER), token, sunnet.proof("POST", URL, token)) for _ in range(2)
    ]
    before = len(await house.entries())
    async with listening(house) as port:
        assert answers(await spoken(port, b"".join(pair))) == [200]
    assert len(await house.entries()) == before + 1


SMUGGLES: dict[str, tuple[str, ...]] = {
    "both lengths": ("Transfer-Encoding: chunked",),
    "two lengths": ("Content-Length: 5",),
    "an encoding unknown": ("Transfer-Encoding: gzip",),
    "an encoding twice": ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "an encoding in a list": ("Transfer-Encoding: gzip, chunked",),
    "an encoding spelt otherwise": ("Transfer-Encoding : chunked",),
    "an encoding with a tab": ("Transfer-Encoding:\tchunked",),
    "a second host": ("Host: evil.example",),
    "an underscore": ("Content_Length: 0",),
    "an upgrade": ("Connection: Upgrade", "Upgrade: h2c"),
    "a folded header": ("X-A: b\r\n c: d",),
    "a bare line feed": ("X-A: b\nX-C: d",),
    "an encoded body": ("Content-Encoding: gzip",),
    "an identity body": ("Content-Encoding: identity",),
}


@pytest.mark.parametrize("attack", SMUGGLES)
async def test_an_ambiguous_message_is_refused_whole(house: House, sunnet: Partner, attack: str) -> None:
    token = await sunnet.token("P4", FIELDS)
    hidden = message(sunnet.request("P4", FIELDS, members=MEMBER), token, sunnet.proof("POST", URL, token))
    first = message(
        sunnet.request("P4", FIELDS, members=MEMBER), token, sunnet.proof("POST", URL, token), *SMUGGLES[attack]
    )
    before = await house.entries()
    async with listening(house) as port:
        received = await spoken(port, first + hidden)
    assert answers(received) in ([400], [415])
    document: dict[str, Any] = json.loads(received.partition(b"\r\n\r\n")[2])
    assert document["type"] in {"urn:joint-use:problem:malformed", "urn:joint-use:problem:unsupported-media-type"}
    assert b"connection: close" in received.lower()
    assert await house.entries() == before
    assert house.sources[COOP].asked == []


@pytest.mark.parametrize(
    "line",
    [
        "POST https://gw.example.coop/v1/transfers HTTP/1.1",
        "POST http://evil.example/v1/transfers HTTP/1.1",
        "POST //evil.example/v1/transfers HTTP/1.1",
        "POST /v1/transfers#x HTTP/1.1",
        "POST /v1/../v1/transfers HTTP/1.1",
        "POST /v1/%2e%2e/v1/transfers HTTP/1.1",
        "POST /v1%2ftransfers HTTP/1.1",
        "POST /v1/transfers;a=b HTTP/1.1",
        "POST /v1/transfers HTTP/1.0",
        "POST /v1/transfers HTTP/2.0",
        "POST /v1/transfers",
        "CONNECT gw.example.coop:443 HTTP/1.1",
        "POST * HTTP/1.1",
    ],
)
async def test_a_target_in_another_form_is_refused(house: House, sunnet: Partner, line: str) -> None:
    token = await sunnet.token("P4", FIELDS)
    first = message(sunnet.request("P4", FIELDS, members=MEMBER), token, sunnet.proof("POST", URL, token))
    before = await house.entries()
    async with listening(house) as port:
        received = await spoken(port, first.replace(b"POST /v1/transfers HTTP/1.1", line.encode()))
    assert answers(received) == [400]
    assert await house.entries() == before


async def test_the_honest_message_passes_the_same_way(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    async with listening(house) as port:
        sent = message(request, token, sunnet.proof("POST", URL, token), "Connection: close")
        assert answers(await spoken(port, sent)) == [200]
        size = f"{len(request):x}"
        chunked = message("", token, sunnet.proof("POST", URL, token), "Transfer-Encoding: chunked", length=False)
        body = f"{size}\r\n{request}\r\n0\r\n\r\n".encode()
        closing = chunked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert answers(await spoken(port, closing + body)) == [200]
