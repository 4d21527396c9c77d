"""Attack: somebody between gateway and partner replaces the answer, or part of it. The typed client returns no data.

The attacker has the partner's public keys, every answer ever sent, and keys of its own; not the gateway's.
"""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from gateway.client import AnswerRejected, AsyncClient, load_keys
from gateway.client.config import config_from
from tests.house import House
from tests.simulators.partner import ISSUER, RESOURCE, Partner, b64u, joserfc_registry, key, sign

FIELDS = ["member_code", "name"]
CONFIG = {
    "issuer": ISSUER,
    "resource": RESOURCE,
    "client_id": "sunnet-demo",
    "coop": "kyoritsusha",
    "agreement": "kyoritsusha-sunnet-01",
    "purposes": [{"purpose": "P4", "fields": FIELDS, "products": ["G1"]}],
}

Swap = Callable[["Between", httpx2.Response], Awaitable[httpx2.Response]]


class Between(httpx2.AsyncBaseTransport):
    """A man in the middle of one client's connection, who keeps every answer and may replace the next."""

    def __init__(self, house: House, sunnet: Partner) -> None:
        self._way = httpx2.ASGITransport(app=house.guard)
        self.house = house
        self.sunnet = sunnet
        self.kept: list[httpx2.Response] = []
        self.swap: Swap | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._way.handle_async_request(request)
        await response.aread()
        if request.url.path != "/v1/transfers" or response.status_code != 200:
            return response
        self.kept.append(response)
        return response if self.swap is None else await self.swap(self, response)


def rebuilt(response: httpx2.Response, body: str | None = None, **headers: str) -> httpx2.Response:
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(200, headers={**kept, **named}, content=response.content if body is None else body.encode())


@asynccontextmanager
async def client_of(house: House, sunnet: Partner, folder: Path) -> AsyncIterator[tuple[AsyncClient, Between]]:
    between = Between(house, sunnet)
    for name, one in (("sig", sunnet.sig), ("enc", sunnet.enc)):
        (folder / f"{name}.jwk.json").touch(mode=0o600)
        (folder / f"{name}.jwk.json").write_text(json.dumps(one.as_dict(private=True)))
    async with httpx2.AsyncClient(transport=between) as http:
        yield AsyncClient(config_from(CONFIG), load_keys(folder), http=http, clock=sunnet.now), between


def decrypted(between: Between, response: httpx2.Response) -> str:
    """The inner JWS, as only the partner can read it: for attacks from inside the partner's own house."""
    opened = jwe.decrypt_compact(response.text, between.sunnet.enc, registry=joserfc_registry)
    assert opened.plaintext is not None
    return opened.plaintext.decode()


def sealed(between: Between, inner: str, **header: Any) -> str:
    """A JWE that anybody can make who knows the partner's public key."""
    named = {"apu": b64u(ISSUER.encode()), "apv": b64u(b"sunnet-demo"), "typ": "JWT", "cty": "JWT", "kid": "enc-1"}
    protected = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", **named, **header}
    public = ECKey.import_key(between.sunnet.enc.as_dict(private=False))
    return jwe.encrypt_compact(protected, inner.encode(), public, registry=joserfc_registry)


def claims_of(jws: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(jws.split(".")[1] + "=="))
    return decoded


async def older_answer(between: Between, response: httpx2.Response) -> httpx2.Response:
    return between.kept[0]


async def older_body(between: Between, response: httpx2.Response) -> httpx2.Response:
    return rebuilt(response, between.kept[0].text)


async def older_receipt(between: Between, response: httpx2.Response) -> httpx2.Response:
    return rebuilt(response, transfer_receipt=between.kept[0].headers["transfer-receipt"])


async def no_receipt(between: Between, response: httpx2.Response) -> httpx2.Response:
    kept = {n: v for n, v in response.headers.items() if n not in {"content-length", "transfer-receipt"}}
    return httpx2.Response(200, headers=kept, content=response.content)


async def body_as_receipt(between: Between, response: httpx2.Response) -> httpx2.Response:
    return rebuilt(response, transfer_receipt=decrypted(between, response))


async def resealed(between: Between, response: httpx2.Response) -> httpx2.Response:
    """The true inner JWS, encrypted anew: the receipt is for other bytes."""
    return rebuilt(response, sealed(between, decrypted(between, response)))


async def forged(between: Between, response: httpx2.Response) -> httpx2.Response:
    claims = claims_of(decrypted(between, response))
    claims["results"][0]["data"]["name"] = "別人"
    kid = between.house.desk.response_signer.kid
    header = {"alg": "ES256", "kid": kid, "typ": "member-data+jwt"}
    return rebuilt(response, sealed(between, sign(header, claims, key(kid, "sig", "ES256"))))


async def unknown_signer(between: Between, response: httpx2.Response) -> httpx2.Response:
    claims = claims_of(decrypted(between, response))
    header = {"alg": "ES256", "kid": "attacker", "typ": "member-data+jwt"}
    return rebuilt(response, sealed(between, sign(header, claims, key("attacker", "sig", "ES256"))))


async def unsigned(between: Between, response: httpx2.Response) -> httpx2.Response:
    return rebuilt(response, sealed(between, json.dumps(claims_of(decrypted(between, response)))))


async def receipt_inside(between: Between, response: httpx2.Response) -> httpx2.Response:
    """Something the gateway truly signed, but no data: a receipt in the place of the answer."""
    return rebuilt(response, sealed(between, response.headers["transfer-receipt"]))


async def plaintext(between: Between, response: httpx2.Response) -> httpx2.Response:
    return rebuilt(response, decrypted(between, response))


async def json_instead(between: Between, response: httpx2.Response) -> httpx2.Response:
    claims = claims_of(decrypted(between, response))
    return rebuilt(response, json.dumps(claims), content_type="application/json")


async def one_bit(between: Between, response: httpx2.Response) -> httpx2.Response:
    text = response.text
    middle = len(text) // 2
    return rebuilt(response, text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :])


async def cut_short(between: Between, response: httpx2.Response) -> httpx2.Response:
    return rebuilt(response, response.text[:-4])


async def addressed_to_another(between: Between, response: httpx2.Response) -> httpx2.Response:
    return rebuilt(response, sealed(between, decrypted(between, response), apv=b64u(b"jccu-demo")))


async def another_partners(between: Between, response: httpx2.Response) -> httpx2.Response:
    """A true answer of the gateway to another partner, encrypted to this one."""
    jccu = await between.house.partner("jccu", "kyoritsusha-jccu-01")
    theirs = await jccu.ask("P5", ["sex"], ["00000101"])
    opened = jwe.decrypt_compact(theirs.text, jccu.enc, registry=joserfc_registry)
    assert opened.plaintext is not None
    body = sealed(between, opened.plaintext.decode())
    return rebuilt(response, body, transfer_receipt=theirs.headers["transfer-receipt"])


SWAPS: dict[str, tuple[Swap, str]] = {
    "an older answer": (older_answer, "rqh"),
    "an older body": (older_body, "rqh"),
    "an older receipt": (older_receipt, "receipt-jti"),
    "no receipt": (no_receipt, "receipt"),
    "the answer as its receipt": (body_as_receipt, "receipt-header"),
    "the same answer sealed again": (resealed, "receipt-body"),
    "forged under the gateway's kid": (forged, "signature"),
    "signed by the attacker": (unknown_signer, "kid"),
    "unsigned": (unsigned, "header"),
    "a receipt as the answer": (receipt_inside, "header"),
    "plaintext": (plaintext, "jwe"),
    "JSON": (json_instead, "content-type"),
    "one character": (one_bit, "jwe-open"),
    "cut short": (cut_short, "jwe"),
    "addressed to another": (addressed_to_another, "jwe-apv"),
    "another partner's": (another_partners, "aud"),
}


@pytest.mark.parametrize("attack", SWAPS)
async def test_a_substituted_answer_is_thrown_away_whole(
    house: House, sunnet: Partner, tmp_path: Path, attack: str
) -> None:
    async with client_of(house, sunnet, tmp_path) as (client, between):
        honest = await client.pull("P4", ["00000102"])
        assert honest.released["00000102"]["name"] == "\U00020bb7野 太郎"
        between.swap, check = SWAPS[attack]
        with pytest.raises(AnswerRejected) as caught:
            await client.pull("P4", ["00000101"])
        assert caught.value.check == check
        for value in ("00000101", "00000102", "髙﨑", "野 太郎", "別人"):
            assert value not in str(caught.value)
        between.swap = None
        assert (await client.pull("P4", ["00000101"])).released["00000101"]["name"] == "髙﨑 花子"
