"""A small identity provider on the loopback address: it says whatever a test tells it to, signed with whatever key."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm
from jwt.api_jws import PyJWS

from tests.clock import SettableClock
from tests.simulators.answering import Answer, Faults, answering

CLIENT, SECRET = "gateway console", "s3cret: of ours+"
ACR = "urn:example:mfa"
SUBJECT = "9f2c-kian"
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE: dict[str, Any] = {
    "RS256": _RSA,
    "PS256": _RSA,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
_WRITTEN: dict[str, Any] = {
    "RS256": RSAAlgorithm,
    "PS256": RSAPSSAlgorithm,
    "ES256": ECAlgorithm,
    "EdDSA": OKPAlgorithm,
}


def jwk_of(alg: str, kid: str) -> dict[str, Any]:
    """The public half of a key."""
    public = _WRITTEN[alg].to_jwk(PRIVATE[alg].public_key(), as_dict=True)
    return {**public, "kid": kid, "alg": alg, "use": "sig"}


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@dataclass
class Provider:
    """What the provider says; each test changes one thing of it."""

    issuer: str
    clock: SettableClock
    faults: Faults
    alg: str = "ES256"
    kid: str = "k-1"
    keys: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    """Over what it would say by itself; None takes a claim out."""
    sign: Callable[[dict[str, Any]], str] | None = None
    """Claims → the token, instead of its own signature."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    """Path → status, media type, body, instead of its own answer."""

    def authorize(self, query: str) -> str:
        """Let the person sign in; return the code. `query` is that of the address that the browser was led to."""
        asked = dict(parse_qsl(query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code

    def token_for(self, asked: dict[str, str]) -> str:
        now = int(self.clock().timestamp())
        said = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "auth_time": now - 60,
            "nonce": asked["nonce"],
            "acr": ACR,
        }
        claims = {name: value for name, value in {**said, **self.claims}.items() if value is not None}
        if self.sign is not None:
            return self.sign(claims)
        return PyJWS().encode(json.dumps(claims).encode(), PRIVATE[self.alg], self.alg, {"kid": self.kid, "typ": "JWT"})

    async def answer(self, path: str, _: str, body: bytes) -> Answer:
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        match path:
            case "/.well-known/openid-configuration":
                return _json(200, self.metadata)
            case "/jwks":
                return _json(200, {"keys": self.keys})
            case "/token":
                return self._redeem(dict(parse_qsl(body.decode())))
        return _json(404, {})

    def _redeem(self, form: dict[str, str]) -> Answer:
        pair = base64.b64decode(self.faults.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if unquote_plus(pair) != f"{CLIENT}:{SECRET}":
            return _json(401, {"error": "invalid_client"})
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or asked["code_challenge"] != challenge.decode()
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return _json(400, {"error": "invalid_grant"})
        return _json(200, {"access_token": "a", "token_type": "Bearer", "id_token": self.token_for(asked)})


def _json(status: int, value: object) -> Answer:
    return status, "application/json", json.dumps(value).encode()


@asynccontextmanager
async def running_provider(clock: SettableClock) -> AsyncIterator[Provider]:
    """Serve a provider on a port of its own."""
    faults = Faults()
    provider = Provider("", clock, faults)
    async with answering(faults, provider.answer) as issuer:
        provider.issuer = issuer
        provider.keys = [jwk_of("ES256", "k-1")]
        provider.metadata = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize?tenant=coop",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
        }
        yield provider
