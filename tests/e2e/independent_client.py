"""A partner's client as its own engineers would write it: from the security profile alone, on two JOSE libraries.

joserfc makes what is sent. What comes back is decrypted and verified by joserfc and again by jwcrypto, which must
agree. Nothing of the gateway is imported.
"""

import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx2
import joserfc.jwe
import joserfc.jws
import jwcrypto.jwe
import jwcrypto.jws
from joserfc.jwk import ECKey, Key, KeySet, RSAKey, import_key
from jwcrypto.jwk import JWK, JWKSet

TYPE = "urn:joint-use:member-data"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
WRAPS = ("ECDH-ES+A256KW", "RSA-OAEP-256")

_registry = joserfc.jwe.JWERegistry(algorithms=[*WRAPS, "A256GCM"])
_registry.max_ciphertext_length = _registry.max_plaintext_length = 64 * 1024 * 1024  # type: ignore[attr-defined]  # §6: some libraries cap at 64 KiB

Claims = dict[str, Any]


@dataclass(frozen=True)
class Keys:
    """A client's private keys, as `sig.jwk.json` and `enc.jwk.json` hold them."""

    sig: dict[str, Any] = field(repr=False)
    enc: dict[str, Any] = field(repr=False)

    @cached_property
    def signs(self) -> Key:
        return import_key(self.sig)

    @cached_property
    def decrypts(self) -> tuple[Key, JWK]:
        """The encryption key as each library has it."""
        return import_key(self.enc), JWK(**self.enc)

    def public(self) -> dict[str, Any]:
        """The key set to hand to the co-op."""
        return {"keys": [key.as_dict(private=False) for key in (self.signs, self.decrypts[0])]}


def elliptic_keys() -> Keys:
    """ES256 and ECDH-ES+A256KW, which every partner must be able to use."""
    return Keys(
        ECKey.generate_key("P-256", {"kid": "sig-1", "use": "sig", "alg": "ES256"}).as_dict(private=True),
        ECKey.generate_key("P-256", {"kid": "enc-1", "use": "enc", "alg": "ECDH-ES+A256KW"}).as_dict(private=True),
    )


def rsa_keys() -> Keys:
    """PS256 and RSA-OAEP-256, for those who have nothing else."""
    return Keys(
        RSAKey.generate_key(2048, {"kid": "sig-1", "use": "sig", "alg": "PS256"}).as_dict(private=True),
        RSAKey.generate_key(3072, {"kid": "enc-1", "use": "enc", "alg": "RSA-OAEP-256"}).as_dict(private=True),
    )


class Refused(Exception):
    """The gateway answered something else than what was asked for."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"{response.status_code} {response.text[:300]}")
        self.response = response


@dataclass(frozen=True)
class Signed:
    """A compact JWS that both libraries verified."""

    header: dict[str, Any]
    claims: Claims
    payload: bytes


@dataclass(frozen=True)
class Answer:
    """An answer that both libraries opened, and everything that proves it."""

    request: str
    response: httpx2.Response
    outer: dict[str, Any]
    inner: Signed
    receipt: Signed

    @property
    def released(self) -> dict[str, dict[str, Any]]:
        """Member → data."""
        return {one["member"]: one["data"] for one in self.inner.claims["results"] if one["status"] == "released"}


def b64u(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(data: bytes) -> str:
    return b64u(hashlib.sha256(data).digest())


@dataclass
class Client:
    """One client of one partner under one agreement, told by its `client.json` and its keys."""

    http: httpx2.AsyncClient
    config: dict[str, Any]
    keys: Keys
    nonce: str | None = None
    _server_keys: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id: str = self.config["client_id"]
        self.issuer: str = self.config["issuer"]
        self.resource: str = self.config["resource"]
        self.proof_key = ECKey.generate_key("P-256")

    # ── what is signed ──

    def sign(self, typ: str, claims: Claims) -> str:
        """Sign with the registered key."""
        header = {"alg": self.keys.sig["alg"], "kid": self.keys.sig["kid"], "typ": typ}
        return joserfc.jws.serialize_compact(header, json.dumps(claims), self.keys.signs, algorithms=["ES256", "PS256"])

    def assertion(self) -> str:
        """Who we are, for the token endpoint (§4)."""
        now = int(time.time())
        claims = {"iss": self.id, "sub": self.id, "aud": self.issuer, "iat": now, "exp": now + 60}
        return self.sign("JWT", claims | {"jti": secrets.token_urlsafe(12)})

    def proof(self, method: str, url: str, token: str | None = None) -> str:
        """That the DPoP key is ours, for one request (§5)."""
        public = self.proof_key.as_dict(private=False)
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": {name: public[name] for name in ("kty", "crv", "x", "y")}}
        claims: Claims = {"htm": method, "htu": url, "iat": int(time.time()), "jti": secrets.token_urlsafe(12)}
        if token is not None:
            claims["ath"] = digest(token.encode())
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        return joserfc.jws.serialize_compact(header, json.dumps(claims), self.proof_key, algorithms=["ES256"])

    def detail(self, purpose: str, fields: list[str], product: str | None) -> dict[str, Any]:
        """What a token is to be good for (§0)."""
        asked = {"coop": self.config["coop"], "purpose": purpose, "agreement": self.config["agreement"]}
        return {"type": TYPE, **asked, "fields": fields} | ({"product": product} if product else {})

    def request(self, purpose: str, fields: list[str], product: str | None, **what: Any) -> str:
        """The signed request (§6); `what` is `members` or `page`, and `case` where one is demanded."""
        now = int(time.time())
        about = {name: value for name, value in self.detail(purpose, fields, product).items() if name != "type"}
        claims = {"iss": self.id, "aud": self.resource, "iat": now, "exp": now + 120, "jti": secrets.token_urlsafe(12)}
        return self.sign("data-request+jwt", claims | about | what)

    # ── the conversation ──

    async def _exchange(self, method: str, url: str, *, token: str | None = None, **sent: Any) -> httpx2.Response:
        headers = {"DPoP": self.proof(method, url, token), **sent.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"DPoP {token}"
        response = await self.http.request(method, url, headers=headers, **sent)
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response

    async def ask_token(self, detail: dict[str, Any], assertion: str) -> httpx2.Response:
        """Ask the token endpoint once."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "authorization_details": json.dumps([detail]),
        }
        return await self._exchange("POST", self.issuer + "/oauth/token", data=form)

    async def token(self, purpose: str, fields: list[str], product: str | None) -> str:
        """A token for a purpose, kept; the challenge for a nonce is met once."""
        detail = self.detail(purpose, fields, product)
        known = json.dumps(detail)
        if known not in self.tokens:
            assertion = self.assertion()
            response = await self.ask_token(detail, assertion)
            if response.status_code == 400 and response.json()["error"] == "use_dpop_nonce":
                response = await self.ask_token(detail, assertion)
            if response.status_code != 200:
                raise Refused(response)
            self.tokens[known] = response.json()["access_token"]
        return self.tokens[known]

    async def send(self, request: str, token: str) -> httpx2.Response:
        """Send a signed request with a fresh proof; the challenge for a nonce is met once."""
        url, sent = self.resource + "/transfers", {"content": request, "headers": {"Content-Type": "application/jwt"}}
        response = await self._exchange("POST", url, token=token, **sent)
        if response.status_code == 401 and 'error="use_dpop_nonce"' in response.headers["WWW-Authenticate"]:
            response = await self._exchange("POST", url, token=token, **sent)
        return response

    async def call(self, method: str, path: str, token: str, **sent: Any) -> httpx2.Response:
        """Send whatever to one of the resource's paths; the challenge for a nonce is met once."""
        response = await self._exchange(method, self.resource + path, token=token, **sent)
        if response.status_code == 401 and 'error="use_dpop_nonce"' in response.headers["WWW-Authenticate"]:
            response = await self._exchange(method, self.resource + path, token=token, **sent)
        return response

    async def get(self, path: str, token: str) -> Any:
        """Read one of the resource's JSON documents."""
        response = await self._exchange("GET", self.resource + path, token=token)
        if response.status_code != 200:
            raise Refused(response)
        return response.json()

    async def pull(self, purpose: str, fields: list[str], product: str | None, **what: Any) -> Answer:
        """Ask, and open the answer."""
        token = await self.token(purpose, fields, product)
        request = self.request(purpose, fields, product, **what)
        response = await self.send(request, token)
        if response.status_code != 200:
            raise Refused(response)
        return await self.open(request, response)

    async def walk(
        self, purpose: str, fields: list[str], product: str | None, *, limit: int, **what: Any
    ) -> AsyncIterator[Answer]:
        """Ask page after page to the end."""
        page: dict[str, Any] = {"limit": limit}
        while True:
            answer = await self.pull(purpose, fields, product, page=page, **what)
            yield answer
            if "next" not in answer.inner.claims:
                return
            page = {"limit": limit, "cursor": answer.inner.claims["next"]}

    # ── what is opened ──

    async def published_keys(self) -> dict[str, Any]:
        """The gateway's response and receipt keys, asked for once."""
        if not self._server_keys:
            self._server_keys = (await self.http.get(self.issuer + "/oauth/jwks")).json()
        return self._server_keys

    async def open(self, request: str, response: httpx2.Response) -> Answer:
        """Decrypt and verify an answer and its receipt, and check what §6 gives the partner to check."""
        answer = await self.open_part(request, response)
        assert answer.inner.claims["jti"] == answer.receipt.claims["jti"]
        return answer

    async def open_part(self, request: str, response: httpx2.Response) -> Answer:
        """The same of a part of an export, which has a name of its own beside that of its release."""
        keys = await self.published_keys()
        assert response.headers["Content-Type"] == "application/jwt"
        outer, plaintext = _decrypted(response.text, self.keys)
        inner = verified(plaintext.decode(), keys)
        receipt = verified(response.headers["Transfer-Receipt"], keys)
        for signed, typ in (inner, "member-data+jwt"), (receipt, "transfer-receipt+jwt"):
            assert signed.header["typ"] == typ
            assert (signed.claims["iss"], signed.claims["aud"]) == (self.issuer, self.id)
            assert signed.claims["rqh"] == digest(request.encode("ascii")), "the answer to another request"
        assert inner.claims["iat"] - 30 <= time.time() < inner.claims["exp"]
        assert receipt.claims["body"] == digest(response.content), "a receipt for another body"
        return Answer(request, response, outer, inner, receipt)


def verified(compact: str, server_keys: dict[str, Any]) -> Signed:
    """Verify a JWS of the gateway with both libraries, by the published key that its header names."""
    one = joserfc.jws.deserialize_compact(compact, KeySet.import_key_set(server_keys), algorithms=["ES256"])  # type: ignore[arg-type]  # a plain dict
    other = jwcrypto.jws.JWS()
    other.allowed_algs = ["ES256"]
    other.deserialize(compact)
    other.verify(JWKSet.from_json(json.dumps(server_keys)).get_key(one.headers()["kid"]))
    assert one.headers() == other.jose_header
    assert one.payload == other.payload
    return Signed(one.headers(), json.loads(one.payload), one.payload)


def _decrypted(compact: str, keys: Keys) -> tuple[dict[str, Any], bytes]:
    """Decrypt a JWE with both libraries."""
    one = joserfc.jwe.decrypt_compact(compact, keys.decrypts[0], registry=_registry)
    other = jwcrypto.jwe.JWE(algs=[*WRAPS, "A256GCM"])
    other.deserialize(compact, key=keys.decrypts[1])
    assert one.plaintext is not None
    assert one.plaintext == other.payload
    assert one.headers() == other.jose_header
    return one.headers(), one.plaintext
