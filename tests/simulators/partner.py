"""A partner system built on joserfc, independent of the gateway's own protocol code; well-behaved unless told not to be.

Every part of a request can be overridden, so that a test breaks exactly one thing.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwe, jws
from joserfc.jwk import ECKey, KeySet, RSAKey

ISSUER = "https://gw.example.coop"
RESOURCE = ISSUER + "/v1"
DETAIL = "urn:joint-use:member-data"

joserfc_registry = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"])
joserfc_registry.max_plaintext_length = joserfc_registry.max_ciphertext_length = 64 * 1024 * 1024  # type: ignore[attr-defined]


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key(kid: str, use: str, alg: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": use, "alg": alg})


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], with_key: ECKey | RSAKey) -> str:
    text = json.dumps(claims, ensure_ascii=False)
    return jws.serialize_compact(dict(header), text, with_key, algorithms=["ES256", "PS256"])


def forge(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """A compact JWS put together by hand, with whatever signature."""
    return ".".join(b64u(part) for part in (json.dumps(header).encode(), json.dumps(claims).encode(), signature))


def sign_bytes(header: bytes, payload: bytes, with_key: ECKey | RSAKey) -> str:
    """A true ES256 signature over whatever bytes, also such as no library would write."""
    message = f"{b64u(header)}.{b64u(payload)}"
    assert isinstance(with_key, ECKey)
    assert with_key.private_key is not None
    r, s = decode_dss_signature(with_key.private_key.sign(message.encode(), ECDSA(SHA256())))
    return f"{message}.{b64u(r.to_bytes(32) + s.to_bytes(32))}"


def stated(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members without those that a test set to `...`, which means absent."""
    return {name: value for name, value in members.items() if value is not ...}


@dataclass
class Answer:
    """A released answer, decrypted and verified by joserfc."""

    claims: dict[str, Any]
    header: dict[str, Any]
    receipt: dict[str, Any]
    body: str

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        return {one["member"]: one for one in self.claims["results"]}

    @property
    def released(self) -> dict[str, dict[str, Any]]:
        return {one["member"]: one["data"] for one in self.claims["results"] if one["status"] == "released"}


@dataclass
class Partner:
    """One client of one partner."""

    http: httpx2.AsyncClient
    client_id: str
    coop: str
    agreement: str
    now: Callable[[], float]
    sig: ECKey | RSAKey = field(default_factory=lambda: key("sig-1", "sig", "ES256"))
    enc: ECKey = field(default_factory=lambda: key("enc-1", "enc", "ECDH-ES+A256KW"))
    dpop: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    issuer: str = ISSUER
    resource: str = RESOURCE
    nonce: str | None = None
    tokens: dict[Any, str] = field(default_factory=dict)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.sig.as_dict(private=False), self.enc.as_dict(private=False)]}

    @property
    def alg(self) -> str:
        return "ES256" if isinstance(self.sig, ECKey) else "PS256"

    # ── the pieces ──

    def assertion(self, header: Mapping[str, Any] = {}, with_key: ECKey | RSAKey | None = None, **changes: Any) -> str:
        head, claims = self.assertion_parts(**changes)
        return sign(stated({**head, **header}), claims, with_key or self.sig)

    def assertion_parts(self, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        now = int(self.now())
        claims: dict[str, Any] = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer}
        claims |= {"jti": secrets.token_urlsafe(12), "iat": now, "exp": now + 60, **changes}
        return {"alg": self.alg, "kid": self.sig.kid, "typ": "JWT"}, stated(claims)

    def proof(
        self,
        method: str,
        url: str,
        token: str | None = None,
        header: Mapping[str, Any] = {},
        with_key: ECKey | RSAKey | None = None,
        **changes: Any,
    ) -> str:
        claims: dict[str, Any] = {"htm": method, "htu": url, "iat": int(self.now()), "jti": secrets.token_urlsafe(12)}
        if token is not None:
            claims["ath"] = b64u(hashlib.sha256(token.encode()).digest())
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        jwk = {
            name: value for name, value in self.dpop.as_dict(private=False).items() if name in {"kty", "crv", "x", "y"}
        }
        head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk, **header}
        return sign(stated(head), stated({**claims, **changes}), with_key or self.dpop)

    def detail(self, purpose: str, fields: list[str], product: str | None = "G1", /, **changes: Any) -> dict[str, Any]:
        detail = {"type": DETAIL, "coop": self.coop, "purpose": purpose, "agreement": self.agreement, "fields": fields}
        return {**detail, **({"product": product} if product else {}), **changes}

    def request(
        self,
        purpose: str,
        fields: list[str],
        product: str | None = "G1",
        /,
        header: Mapping[str, Any] = {},
        with_key: ECKey | RSAKey | None = None,
        **changes: Any,
    ) -> str:
        now = int(self.now())
        claims = {
            "iss": self.client_id,
            "aud": self.resource,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(12),
            "coop": self.coop,
            "purpose": purpose,
            "agreement": self.agreement,
            "fields": fields,
            **({"product": product} if product else {}),
            **changes,
        }
        head = {"alg": self.alg, "kid": self.sig.kid, "typ": "data-request+jwt", **header}
        return sign(stated(head), stated(claims), with_key or self.sig)

    # ── the conversation ──

    def form(self, detail: dict[str, Any], **changes: Any) -> dict[str, Any]:
        data = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.assertion(),
            "authorization_details": json.dumps([detail]),
            **changes,
        }
        return stated(data)

    async def ask_token(
        self,
        detail: dict[str, Any],
        *,
        proof: str | None = None,
        headers: Mapping[str, Any] | None = None,
        **form: Any,
    ) -> httpx2.Response:
        url = self.issuer + "/oauth/token"
        sent = {"DPoP": proof or self.proof("POST", url), **(headers or {})}
        response = await self.http.post(url, data=self.form(detail, **form), headers=stated(sent))
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response

    async def token(self, purpose: str, fields: list[str], product: str | None = "G1") -> str:
        what = (purpose, tuple(fields), product)
        if what not in self.tokens:
            response = await self.ask_token(self.detail(purpose, fields, product))
            if response.status_code == 400 and response.json()["error"] == "use_dpop_nonce":
                response = await self.ask_token(self.detail(purpose, fields, product))
            assert response.status_code == 200, response.text
            self.tokens[what] = response.json()["access_token"]
        return self.tokens[what]

    async def post(
        self, request: str, token: str, *, proof: str | None = None, headers: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        url = self.resource + "/transfers"
        sent = {
            "Authorization": f"DPoP {token}",
            "DPoP": proof or self.proof("POST", url, token),
            "Content-Type": "application/jwt",
            **(headers or {}),
        }
        response = await self.http.post(url, content=request, headers=stated(sent))
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response

    async def get(
        self,
        path: str,
        token: str,
        *,
        method: str = "GET",
        proof: str | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> httpx2.Response:
        url = self.resource + path
        sent = {
            "Authorization": f"DPoP {token}",
            "DPoP": proof or self.proof(method, url, token),
            **(headers or {}),
        }
        response = await self.http.request(method, url, headers=stated(sent))
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response

    async def ask(
        self,
        purpose: str,
        fields: list[str],
        members: list[str] | None = None,
        product: str | None = "G1",
        **changes: Any,
    ) -> httpx2.Response:
        """Send one well-formed request, changed as told."""
        token = await self.token(purpose, fields, product)
        if members is not None:
            changes["members"] = members
        request = self.request(purpose, fields, product, **changes)
        self.sent = request
        return await self.post(request, token)

    async def pull(
        self,
        purpose: str,
        fields: list[str],
        members: list[str] | None = None,
        product: str | None = "G1",
        **changes: Any,
    ) -> Answer:
        """Send one request and open its answer."""
        response = await self.ask(purpose, fields, members, product, **changes)
        assert response.status_code == 200, response.text
        return await self.open(response, self.sent)

    async def open(self, response: httpx2.Response, request: str) -> Answer:
        assert response.headers["content-type"] == "application/jwt"
        decrypted = jwe.decrypt_compact(response.text, self.enc, registry=joserfc_registry)
        assert decrypted.plaintext is not None
        keys = KeySet.import_key_set((await self.http.get(self.issuer + "/oauth/jwks")).json())
        inner = jws.deserialize_compact(decrypted.plaintext, keys, algorithms=["ES256"])
        receipt = jws.deserialize_compact(response.headers["Transfer-Receipt"], keys, algorithms=["ES256"])
        claims, told = json.loads(inner.payload), json.loads(receipt.payload)
        rqh = b64u(hashlib.sha256(request.encode()).digest())
        assert claims["rqh"] == told["rqh"] == rqh
        assert told["body"] == b64u(hashlib.sha256(response.content).digest())
        assert claims["aud"] == told["aud"] == self.client_id
        return Answer(claims=claims, header=decrypted.headers(), receipt=told, body=response.text)
