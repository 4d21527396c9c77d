"""A gateway in memory that takes orders for exports, seals parts and hands them out; a test bends one thing."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import httpx2
from joserfc import jws

from tests.client.gateway_peer import CLIENT, ISSUER, KEYS, RESOURCE, Peer, b64u, nothing, problem, public, sha

NAME = "髙﨑 花子"
EXPORT = "ex-00000001"


def people(count: int) -> dict[str, dict[str, Any]]:
    return {f"{n:08d}": {"member_code": f"{n:08d}", "name": f"{NAME}{n}", "postal_code": None} for n in range(count)}


@dataclass
class Ordered:
    """An export as the gateway has it."""

    id: str
    claims: dict[str, Any]
    rqh: str
    codes: list[str]
    taken: dict[int, tuple[str, int, int]] = field(
        default_factory=dict
    )  # n → SHA-256, bytes and records, as handed out
    state: str = "sealed"


@dataclass
class ExportPeer(Peer):
    members: dict[str, dict[str, Any]] = field(default_factory=lambda: people(5))
    part_size: int = 2
    not_yet: int = 0  # how often a part is answered with 202 before it is there
    retry: int = 1  # what it says to wait then
    removals: list[dict[str, str]] = field(default_factory=list)
    resync: bool = False
    exports: dict[str, Ordered] = field(default_factory=dict)
    handed: list[tuple[str, int]] = field(default_factory=list)
    bend_part: Callable[[dict[str, Any]], None] = nothing
    bend_manifest: Callable[[dict[str, Any]], None] = nothing
    bend_manifest_header: Callable[[dict[str, Any]], None] = nothing

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if not path.startswith("/v1/exports"):
            return super().handle(request)
        self.seen.append(request)
        if self.queued.get(path):
            return self.queued[path].pop(0)
        response = self.guarded(request, self.order if path == "/v1/exports" else self.one)
        response.headers.setdefault("Date", formatdate(self.now, usegmt=True))
        return response

    def order(self, request: httpx2.Request, details: dict[str, Any]) -> httpx2.Response:
        assert request.headers["content-type"] == "application/jwt"
        signed = jws.deserialize_compact(request.content, public(KEYS.sig), algorithms=["ES256"])
        asked = json.loads(signed.payload or b"")
        assert (asked["iss"], asked["aud"], asked["purpose"]) == (CLIENT, RESOURCE, details["purpose"])
        assert "members" not in asked
        assert "page" not in asked
        self.asked.append(asked)
        identifier = f"ex-{len(self.exports) + 1:08d}"
        self.exports[identifier] = Ordered(identifier, asked, sha(request.content), list(self.members))
        told = {
            "export": identifier,
            "state": "running",
            "form": asked["export"]["form"],
            "expires": "2027-01-16T08:00:00Z",
        }
        return httpx2.Response(202, json=told, headers={"Location": f"{RESOURCE}/exports/{identifier}"})

    def one(self, request: httpx2.Request, details: dict[str, Any]) -> httpx2.Response:
        _, _, _, identifier, *rest = request.url.path.split("/")
        export = self.exports.get(identifier)
        if export is None or export.claims["purpose"] != details["purpose"]:
            return problem("not-found", 404)
        match request.method, rest:
            case "DELETE", []:
                export.state = "confirmed" if len(export.taken) == self.count_of(export) else "cancelled"
                return httpx2.Response(204)
            case "GET", []:
                return httpx2.Response(200, json=self.status(export))
            case "GET", ["parts", n] if export.state in {"running", "sealed"}:
                return self.part(request, export, int(n))
            case "GET", ["manifest"] if export.state in {"running", "sealed"}:
                return self.manifest(export)
        return problem("not-found", 404)

    def count_of(self, export: Ordered) -> int:
        return max(1, -(-len(export.codes) // self.part_size))

    def status(self, export: Ordered) -> dict[str, Any]:
        return {
            "export": export.id,
            "state": export.state,
            "form": export.claims["export"]["form"],
            "parts": self.count_of(export),
            "taken": len(export.taken),
            "records": len(export.codes),
            "final": True,
            "expires": "2027-01-16T08:00:00Z",
        }

    def part(self, request: httpx2.Request, export: Ordered, n: int) -> httpx2.Response:
        if n > self.count_of(export):
            return problem("not-found", 404)
        if self.not_yet:
            self.not_yet -= 1
            return httpx2.Response(202, json=self.status(export), headers={"Retry-After": str(self.retry)})
        self.handed.append((export.id, n))
        codes = [code for code in export.codes[(n - 1) * self.part_size : n * self.part_size] if code in self.members]
        asked = export.claims
        claims = self.common(request, jti=f"{export.id}.{n}") | {"exp": int(self.now) + 600, "rqh": export.rqh}
        claims |= {name: asked[name] for name in ("coop", "purpose", "agreement")}
        claims |= {"terms": {"retention": "P90D", "reprovision": False}, "export": export.id, "n": n}
        records = [{name: self.members[code][name] for name in asked["fields"]} for code in codes]
        if asked["export"]["form"] == "csv":
            lines = [",".join(["member", *asked["fields"]])]
            lines += [
                ",".join([code, *(one or "" for one in r.values())]) for code, r in zip(codes, records, strict=True)
            ]
            claims["csv"] = "".join(line + "\r\n" for line in lines)
        else:
            claims["results"] = [{"member": c, "data": r} for c, r in zip(codes, records, strict=True)]
        if n == self.count_of(export):
            claims |= {"of": n, "since": "mark-2", "removals": self.removals}
            claims |= {"resync": True} if self.resync else {}
        self.bend_part(claims)
        response = self.bend_response(self.sealed_part(export, claims))
        export.taken[n] = (sha(response.content), len(response.content), len(codes))
        return response

    def sealed_part(self, export: Ordered, claims: dict[str, Any]) -> httpx2.Response:
        header = {"alg": "ES256", "kid": self.signer.kid, "typ": "member-data+jwt"}
        self.bend_header(header)
        body = self.seal(self.sign(header, claims | {"_pad": "0"}))
        index = next(self.index)
        receipt = {"iss": ISSUER, "aud": CLIENT, "iat": int(self.now), "jti": f"tr-{index}", "rqh": export.rqh}
        receipt |= {"origin": "gw.example.coop/kyoritsusha", "index": index, "leaf_hash": b64u(bytes(32))}
        receipt |= {"body": sha(body)}
        self.bend_receipt(receipt)
        receipt_header = {"alg": "ES256", "kid": self.signer.kid, "typ": "transfer-receipt+jwt"}
        self.bend_receipt_header(receipt_header)
        headers = {"Content-Type": "application/jwt", "Transfer-Receipt": self.sign(receipt_header, receipt)}
        return httpx2.Response(200, headers=headers, content=body)

    def manifest(self, export: Ordered) -> httpx2.Response:
        parts = [
            {"n": n, "sha256": digest, "bytes": size, "records": records}
            for n, (digest, size, records) in sorted(export.taken.items())
        ]
        claims = {"iss": ISSUER, "aud": CLIENT, "iat": int(self.now), "jti": export.id, "rqh": export.rqh}
        claims |= {name: export.claims[name] for name in ("coop", "purpose", "agreement")}
        claims |= {
            "form": export.claims["export"]["form"],
            "parts": parts,
            "total": sum(records for _, _, records in export.taken.values()),
        }
        claims |= {"final": True}
        self.bend_manifest(claims)
        header = {"alg": "ES256", "kid": self.signer.kid, "typ": "export-manifest+jwt"}
        self.bend_manifest_header(header)
        return httpx2.Response(
            200, headers={"Content-Type": "application/jwt"}, content=self.sign(header, claims).encode()
        )
