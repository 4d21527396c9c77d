"""A partner that orders a population whole and fetches it part by part, and a worker that makes the parts."""

import csv
import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc import jwe, jws
from joserfc.jwk import KeySet

from gateway.data_plane.exports.making import Worker
from tests.house import House
from tests.simulators.partner import Partner, b64u, joserfc_registry

FIELDS = ["name", "phone"]
URL = "/exports"
joserfc_registry_jws = jws.JWSRegistry(algorithms=["ES256"])
joserfc_registry_jws.max_payload_length = 64 * 1024 * 1024


@dataclass
class Ordered:
    """One export of a partner, as the partner knows it."""

    partner: Partner
    id: str
    request: str
    purpose: str
    fields: list[str]
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)

    async def token(self) -> str:
        return await self.partner.token(self.purpose, self.fields)

    async def get(self, path: str = "", **more: Any) -> httpx2.Response:
        return await self.partner.get(f"{URL}/{self.id}{path}", await self.token(), **more)

    async def status(self) -> dict[str, Any]:
        response = await self.get()
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    async def part(self, n: int) -> dict[str, Any]:
        """Fetch a part and open it, as any JOSE library does."""
        response = await self.get(f"/parts/{n}")
        assert response.status_code == 200, response.text
        claims = await self.opened(response)
        rqh = b64u(hashlib.sha256(self.request.encode()).digest())
        assert (claims["rqh"], claims["jti"]) == (rqh, f"{self.id}.{n}")
        assert (claims["export"], claims["n"], claims["aud"]) == (self.id, n, self.partner.client_id)
        self.parts[n], self.bodies[n] = claims, response.content
        return claims

    async def all(self) -> dict[str, dict[str, Any]]:
        """Fetch part after part up to the last; return what is known of each member then."""
        n = 1
        while "of" not in await self.part(n):
            n += 1
        return self.released

    @property
    def released(self) -> dict[str, dict[str, Any]]:
        """Member → data of all parts fetched, each member in one of them."""
        found = [one for n in sorted(self.parts) for one in records(self.parts[n])]
        assert len(dict(found)) == len(found)
        return dict(found)

    async def manifest(self) -> dict[str, Any]:
        response = await self.get("/manifest")
        assert response.status_code == 200, response.text
        keys = await self.keys()
        signed = jws.deserialize_compact(response.content, keys, algorithms=["ES256"])
        assert signed.headers()["typ"] == "export-manifest+jwt"
        told: dict[str, Any] = json.loads(signed.payload)
        return told

    async def end(self) -> httpx2.Response:
        return await self.get(method="DELETE")

    async def keys(self) -> KeySet:
        return KeySet.import_key_set((await self.partner.http.get(self.partner.issuer + "/oauth/jwks")).json())

    async def opened(self, response: httpx2.Response) -> dict[str, Any]:
        assert response.headers["content-type"] == "application/jwt"
        decrypted = jwe.decrypt_compact(response.text, self.partner.enc, registry=joserfc_registry)
        assert decrypted.plaintext is not None
        keys = await self.keys()
        inner = jws.deserialize_compact(decrypted.plaintext, keys, registry=joserfc_registry_jws)
        receipt = json.loads(
            jws.deserialize_compact(response.headers["Transfer-Receipt"], keys, algorithms=["ES256"]).payload
        )
        assert receipt["body"] == b64u(hashlib.sha256(response.content).digest())
        self.receipts.append(receipt)
        claims: dict[str, Any] = json.loads(inner.payload)
        return claims


def records(claims: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(member, data) of a part, in either form."""
    if "csv" in claims:
        assert "results" not in claims
        rows = list(csv.reader(io.StringIO(claims["csv"], newline=""), strict=True))
        return [(row[0], dict(zip(rows[0][1:], row[1:], strict=True))) for row in rows[1:]]
    assert all(one.keys() == {"member", "data"} for one in claims["results"])
    return [(one["member"], one["data"]) for one in claims["results"]]


async def ask(partner: Partner, purpose: str = "P4", fields: list[str] = FIELDS, **export: Any) -> httpx2.Response:
    """Order an export."""
    token = await partner.token(purpose, fields)
    request = partner.request(purpose, fields, export={"form": "ndjson", **export})
    partner.sent = request
    return await send(partner, request, token)


async def send(partner: Partner, request: str, token: str, *, proof: str | None = None) -> httpx2.Response:
    url = partner.resource + URL
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": proof or partner.proof("POST", url, token),
        "Content-Type": "application/jwt",
    }
    response = await partner.http.post(url, content=request, headers=headers)
    partner.nonce = response.headers.get("DPoP-Nonce", partner.nonce)
    return response


async def order(partner: Partner, purpose: str = "P4", fields: list[str] = FIELDS, **export: Any) -> Ordered:
    response = await ask(partner, purpose, fields, **export)
    assert response.status_code == 202, response.text
    told = response.json()
    assert response.headers["Location"] == f"/v1/exports/{told['export']}"
    assert told["state"] == "running"
    return Ordered(partner, told["export"], partner.sent, purpose, fields)


async def make(house: House, *, members: int = 100) -> None:
    """Let a worker of this house make all that waits, in parts of so many members."""
    worker = Worker(house.desk, members=members)
    while await worker.round():
        pass
