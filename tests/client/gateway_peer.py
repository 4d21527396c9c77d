"""A gateway in memory, built on other libraries than the client: it checks what it is told and can be bent.

`Peer` answers as the profile says. A test bends one thing: a claim, a header, a whole response. Everything the
client sent is kept in `seen`, so that a test can say what was, and what was never, sent.
"""

import hashlib
import itertools
import json
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

import httpx2
from joserfc import jwe, jws
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from gateway.client import AsyncClient, Client
from gateway.client.config import config_from
from gateway.client.keys import Key, Keys, generate_key

ISSUER = "https://gw.example.coop"
RESOURCE = f"{ISSUER}/v1"
CLIENT = "sunnet-01"
FIELDS = ["member_code", "name", "postal_code"]
CONFIG = {
    "issuer": ISSUER,
    "resource": RESOURCE,
    "client_id": CLIENT,
    "coop": "kyoritsusha",
    "agreement": "kyoritsusha-sunnet-01",
    "purposes": [
        {"purpose": "P4", "fields": FIELDS},
        {"purpose": "P12", "fields": ["member_code", "phone"], "products": ["G1"], "case_required": True},
    ],
}
GRANT = {
    "id": "delivery",
    "coop": "kyoritsusha",
    "agreement": "kyoritsusha-sunnet-01",
    "purpose": "P4",
    "fields": {"name": "as_is"},
    "case_required": False,
    "terms": {"retention": "P90D"},
    "state": "active",
    "members_per_day": 20_000,
    "members_left": 19_999,
    "key_expires": "2027-03-31T00:00:00Z",
}
PEOPLE = {f"{number:08d}": {"name": f"髙﨑 花子{number}", "postal_code": None} for number in range(1, 6)}
KEYS = Keys(sig=generate_key("sig"), enc=(generate_key("enc"),))
GATEWAY_KEY = ECKey.generate_key("P-256", {"kid": "gw-1", "use": "sig", "alg": "ES256"}, private=True)
OTHER_GATEWAY_KEY = ECKey.generate_key("P-256", {"kid": "gw-2", "use": "sig", "alg": "ES256"}, private=True)


def b64u(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def sha(data: bytes) -> str:
    return b64u(hashlib.sha256(data).digest())


def public(key: Key) -> ECKey:
    return ECKey.import_key(dict(key.public_jwk()))


def problem(slug: str, status: int, *, headers: dict[str, str] | None = None, **members: Any) -> httpx2.Response:
    document = {
        "type": f"urn:joint-use:problem:{slug}",
        "title": "…",
        "status": status,
        "request_id": "req-7",
        **members,
    }
    content = json.dumps(document).encode()
    return httpx2.Response(
        status, headers={"Content-Type": "application/problem+json", **(headers or {})}, content=content
    )


def oauth_error(error: str, status: int = 400, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=named, json={"error": error, "error_description": "…"})


def unauthorized(error: str, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    challenge = f'DPoP error="{error}", algs="ES256", resource_metadata="{ISSUER}/x"'
    return problem("unauthenticated", 401, headers={"WWW-Authenticate": challenge, **named})


def nothing(_: Any) -> None:
    """Bend nothing."""


@dataclass
class Peer:
    now: float = 1_800_000_000.0
    nonce: str | None = None  # when set, every proof must carry it
    keys: list[ECKey] = field(default_factory=lambda: [GATEWAY_KEY])
    signer: ECKey = field(default_factory=lambda: GATEWAY_KEY)
    grants: list[dict[str, Any]] = field(default_factory=list)
    refused_fields: set[str] = field(default_factory=set)
    queued: dict[str, list[httpx2.Response]] = field(default_factory=dict)  # path → answers given first
    bend_claims: Callable[[dict[str, Any]], None] = nothing
    bend_header: Callable[[dict[str, Any]], None] = nothing
    bend_jwe: Callable[[dict[str, Any]], None] = nothing
    bend_receipt: Callable[[dict[str, Any]], None] = nothing
    bend_receipt_header: Callable[[dict[str, Any]], None] = nothing
    bend_response: Callable[[httpx2.Response], httpx2.Response] = lambda response: response
    seen: list[httpx2.Request] = field(default_factory=list)
    proofs: set[str] = field(default_factory=set)
    assertions: set[str] = field(default_factory=set)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)  # claims of each signed request
    waits: list[float] = field(default_factory=list)
    index: Iterator[int] = field(default_factory=itertools.count)

    def count(self, path: str) -> int:
        return Counter(request.url.path for request in self.seen)[path]

    def client(self, **options: Any) -> Client:
        http = httpx2.Client(transport=httpx2.MockTransport(self.handle))
        return Client(config_from(CONFIG), KEYS, http=http, clock=lambda: self.now, sleep=self.sleep, **options)

    def async_client(self, **options: Any) -> AsyncClient:
        async def sleep(seconds: float) -> None:
            self.sleep(seconds)

        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self.handle))
        return AsyncClient(config_from(CONFIG), KEYS, http=http, clock=lambda: self.now, sleep=sleep, **options)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        path = request.url.path
        if self.queued.get(path):
            return self.queued[path].pop(0)
        match request.method, path:
            case "GET", "/.well-known/oauth-authorization-server":
                response = self.metadata()
            case "GET", "/oauth/jwks":
                response = httpx2.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
            case "POST", "/oauth/token":
                response = self.token(request)
            case "POST", "/v1/transfers":
                response = self.guarded(request, self.transfer)
            case "GET", "/v1/grants":
                response = self.guarded(request, lambda *_: httpx2.Response(200, json={"grants": self.grants}))
            case "GET", "/v1/grants/delivery/schema":
                response = self.guarded(request, lambda *_: httpx2.Response(200, json={"type": "object"}))
            case _:
                response = problem("not-found", 404)
        response.headers.setdefault("Date", formatdate(self.now, usegmt=True))
        return response

    def metadata(self) -> httpx2.Response:
        document = {
            "issuer": ISSUER,
            "token_endpoint": f"{ISSUER}/oauth/token",
            "jwks_uri": f"{ISSUER}/oauth/jwks",
            "protected_resources": [RESOURCE],
        }
        return httpx2.Response(200, json=document)

    def token(self, request: httpx2.Request) -> httpx2.Response:
        form = {name: only for name, [only] in parse_qs(request.content.decode(), strict_parsing=True).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["resource"] == RESOURCE
        signed = jws.deserialize_compact(form["client_assertion"], public(KEYS.sig), algorithms=["ES256"])
        claims = json.loads(signed.payload or b"")
        assert signed.headers() == {"alg": "ES256", "kid": KEYS.sig.kid, "typ": "client-authentication+jwt"}
        assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, ISSUER)
        assert self.now - 10 < claims["exp"] <= self.now + 300
        assert claims["jti"] not in self.assertions
        self.assertions.add(claims["jti"])
        jkt, refused = self.proof(request, token=None)
        if refused:
            return oauth_error("use_dpop_nonce", DPoP_Nonce=str(self.nonce))
        [details] = json.loads(form["authorization_details"])
        if self.refused_fields & set(details["fields"]):
            return oauth_error("invalid_authorization_details")
        value = f"token-{len(self.tokens)}"
        self.tokens[value] = {"jkt": jkt, "expires": self.now + 300, "details": details}
        answer = {"access_token": value, "token_type": "DPoP", "expires_in": 300, "authorization_details": [details]}
        return httpx2.Response(200, headers=self.next_nonce(), json=answer)

    def next_nonce(self) -> dict[str, str]:
        return {"DPoP-Nonce": self.nonce} if self.nonce else {}

    def proof(self, request: httpx2.Request, *, token: str | None) -> tuple[str, bool]:
        """The key's thumbprint, and whether a nonce is wanted."""
        [text] = request.headers.get_list("dpop")
        header = json.loads(urlsafe_b64decode(text.split(".")[0].encode()))
        assert header.keys() == {"alg", "typ", "jwk"}
        assert header["jwk"].keys() == {"kty", "crv", "x", "y"}
        key = ECKey.import_key(header["jwk"])
        claims = json.loads(jws.deserialize_compact(text, key, algorithms=["ES256"]).payload or b"")
        assert header["typ"] == "dpop+jwt"
        assert (claims["htm"], claims["htu"]) == (request.method, str(request.url))
        assert self.now - 60 <= claims["iat"] <= self.now + 30
        assert claims.get("ath") == (sha(token.encode()) if token else None)
        assert claims["jti"] not in self.proofs, "a proof was sent twice"
        self.proofs.add(claims["jti"])
        return key.thumbprint(), self.nonce is not None and claims.get("nonce") != self.nonce

    def guarded(
        self, request: httpx2.Request, answer: Callable[[httpx2.Request, dict[str, Any]], httpx2.Response]
    ) -> httpx2.Response:
        scheme, _, value = request.headers["authorization"].partition(" ")
        assert scheme == "DPoP"
        token = self.tokens[value]
        jkt, refused = self.proof(request, token=value)
        if token["expires"] <= self.now:
            return unauthorized("invalid_token")
        assert jkt == token["jkt"]
        if refused:
            return unauthorized("use_dpop_nonce", DPoP_Nonce=str(self.nonce))
        response = answer(request, token["details"])
        response.headers.update(self.next_nonce())
        return response

    def transfer(self, request: httpx2.Request, details: dict[str, Any]) -> httpx2.Response:
        assert request.headers["content-type"] == "application/jwt"
        signed = jws.deserialize_compact(request.content, public(KEYS.sig), algorithms=["ES256"])
        assert signed.headers() == {"alg": "ES256", "kid": KEYS.sig.kid, "typ": "data-request+jwt"}
        asked = json.loads(signed.payload or b"")
        assert self.now - 10 < asked["exp"] <= asked["iat"] + 300
        assert (asked["iss"], asked["aud"], asked["purpose"]) == (CLIENT, RESOURCE, details["purpose"])
        assert set(asked["fields"]) <= set(details["fields"])
        self.asked.append(asked)
        claims = self.common(request, jti=f"tr-{len(self.asked)}") | {"exp": int(self.now) + 600}
        claims |= {name: asked[name] for name in ("coop", "purpose", "agreement")}
        claims |= self.page(asked) if "page" in asked else {"results": [_result(asked, m) for m in asked["members"]]}
        claims |= {"terms": {"retention": "P90D", "reprovision": False}, "_pad": "0" * 100}
        return self.bend_response(self.sealed(request, claims))

    def common(self, request: httpx2.Request, *, jti: str) -> dict[str, Any]:
        return {"iss": ISSUER, "aud": CLIENT, "iat": int(self.now), "jti": jti, "rqh": sha(request.content)}

    def page(self, asked: dict[str, Any]) -> dict[str, Any]:
        page = asked["page"]
        start = int(page.get("cursor", "c0")[1:])
        codes = list(PEOPLE)[start : start + page["limit"]]
        end: dict[str, Any] = {"next": f"c{start + page['limit']}"}
        if start + page["limit"] >= len(PEOPLE):
            removal = {"member": "00000099", "duty": "delete", "due": "2027-02-01"}
            end = {"since": "mark-2", "removals": [removal], "resync": "since" in page}
        return {"results": [_result(asked, code) for code in codes], **end}

    def sealed(self, request: httpx2.Request, claims: dict[str, Any]) -> httpx2.Response:
        jti = claims["jti"]
        self.bend_claims(claims)
        header = {"alg": "ES256", "kid": self.signer.kid, "typ": "member-data+jwt"}
        self.bend_header(header)
        inner = self.sign(header, claims)
        body = self.seal(inner)
        receipt = self.common(request, jti=jti) | {"origin": "gw.example.coop/kyoritsusha", "index": next(self.index)}
        receipt |= {"leaf_hash": b64u(bytes(32)), "body": sha(body)}
        self.bend_receipt(receipt)
        receipt_header = {"alg": "ES256", "kid": self.signer.kid, "typ": "transfer-receipt+jwt"}
        self.bend_receipt_header(receipt_header)
        headers = {"Content-Type": "application/jwt", "Transfer-Receipt": self.sign(receipt_header, receipt)}
        return httpx2.Response(200, headers=headers, content=body)

    def seal(self, inner: str) -> bytes:
        outer = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": KEYS.enc[0].kid, "typ": "JWT", "cty": "JWT"}
        outer |= {"apu": b64u(ISSUER.encode()), "apv": b64u(CLIENT.encode())}
        self.bend_jwe(outer)
        registry = jwe.JWERegistry(algorithms=[outer["alg"], outer["enc"], "DEF"], strict_check_header=False)
        return jwe.encrypt_compact(outer, inner, public(KEYS.enc[0]), registry=registry).encode()

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
        payload = json.dumps(claims, ensure_ascii=False).encode()
        return jws.serialize_compact(header, payload, self.signer, registry=registry)


def _result(asked: dict[str, Any], member: str) -> dict[str, Any]:
    if member not in PEOPLE:
        return {"member": member, "status": "not_available"}
    record = {"member_code": member, "phone": "0235", **PEOPLE[member]}
    return {"member": member, "status": "released", "data": {name: record[name] for name in asked["fields"]}}
