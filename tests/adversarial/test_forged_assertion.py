"""Attack: an assertion that the client's registered key did not sign, or that says something else than it may.

Every one is answered by the same 401, so that nobody learns which clients, keys or checks there are; nothing is
consumed, and nothing reaches the log.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import RSAKey

from gateway.control_plane.partners.acts import set_state
from tests.answers import assert_oauth_error
from tests.house import COOP, House
from tests.simulators.partner import Partner, b64u, forge, key, sign, sign_bytes, stated

P4 = ["member_code", "name"]


def resigned(partner: Partner, header: dict[str, Any]) -> str:
    """Truly signed by the registered key, under another header."""
    head, claims = partner.assertion_parts()
    return sign_bytes(json.dumps(stated({**head, **header})).encode(), json.dumps(claims).encode(), partner.sig)


def written(partner: Partner, claims: bytes) -> str:
    """Truly signed by the registered key, over claims written by hand."""
    return sign_bytes(json.dumps(partner.assertion_parts()[0]).encode(), claims, partner.sig)


def claims_with(partner: Partner, extra: str) -> str:
    """The right claims with something put before their end."""
    return written(partner, json.dumps(partner.assertion_parts()[1])[:-1].encode() + extra.encode() + b"}")


def hmac_with(partner: Partner, secret: bytes, alg: str = "HS256") -> str:
    head, claims = partner.assertion_parts()
    unsigned = forge({**head, "alg": alg}, claims).rpartition(".")[0]
    return f"{unsigned}.{b64u(hmac.digest(secret, unsigned.encode(), hashlib.sha256))}"


def pem(partner: Partner) -> bytes:
    native = partner.sig.public_key
    assert isinstance(native, EllipticCurvePublicKey)
    return native.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def unsigned(partner: Partner, alg: str, signature: bytes = b"") -> str:
    head, claims = partner.assertion_parts()
    return forge({**head, "alg": alg}, claims, signature)


def with_signature(partner: Partner, change: Callable[[bytes], bytes]) -> str:
    head, _, signature = partner.assertion().rpartition(".")
    return f"{head}.{b64u(change(base64.urlsafe_b64decode(signature + '==')))}"


def swapped_claims(partner: Partner) -> str:
    """The claims of one assertion under the signature of another."""
    one, other = partner.assertion(), partner.assertion(exp=int(partner.now()) + 299)
    head, _, _ = one.split(".")
    return ".".join([head, other.split(".")[1], one.split(".")[2]])


def duplicate_member(partner: Partner) -> str:
    """Two readers of this header would disagree on the algorithm."""
    head, claims = partner.assertion_parts()
    return sign_bytes(b'{"alg":"none",' + json.dumps(head).encode()[1:], json.dumps(claims).encode(), partner.sig)


FORGERIES: dict[str, Callable[[Partner], str]] = {
    # no signature, or one that anybody could make
    "alg none": lambda p: unsigned(p, "none"),
    "alg None": lambda p: unsigned(p, "None"),
    "alg none with a signature": lambda p: unsigned(p, "none", bytes(64)),
    "no signature under ES256": lambda p: unsigned(p, "ES256"),
    "r = s = 0": lambda p: unsigned(p, "ES256", bytes(64)),
    "HS256 under the public key as PEM": lambda p: hmac_with(p, pem(p)),
    "HS256 under the public key as JWK": lambda p: hmac_with(p, json.dumps(p.sig.as_dict(private=False)).encode()),
    "HS256 under its x": lambda p: hmac_with(p, str(p.sig.as_dict(private=False)["x"]).encode()),
    "HS256 under nothing": lambda p: hmac_with(p, b""),
    "ES256 whose signature is an HMAC": lambda p: hmac_with(p, pem(p), alg="ES256"),
    # another key or algorithm
    "a key nobody registered": lambda p: p.assertion(with_key=key("sig-1", "sig", "ES256")),
    "the DPoP key": lambda p: p.assertion(with_key=p.dpop),
    "the encryption key": lambda p: sign_bytes(
        json.dumps({**p.assertion_parts()[0], "kid": "enc-1"}).encode(),
        json.dumps(p.assertion_parts()[1]).encode(),
        p.enc,
    ),
    "a kid nobody registered": lambda p: resigned(p, {"kid": "sig-2"}),
    "no kid": lambda p: resigned(p, {"kid": ...}),
    "a kid that is a path": lambda p: resigned(p, {"kid": "../../keys/response"}),
    "a kid that is a query": lambda p: resigned(p, {"kid": "x' OR '1'='1"}),
    "PS256 by a key of the attacker": lambda p: sign(
        {**p.assertion_parts()[0], "alg": "PS256"},
        p.assertion_parts()[1],
        RSAKey.generate_key(2048, {"kid": "sig-1"}),
    ),
    "ES384 in the header": lambda p: unsigned(p, "ES384", bytes(96)),
    "RS256 in the header": lambda p: unsigned(p, "RS256", bytes(256)),
    "EdDSA in the header": lambda p: unsigned(p, "EdDSA", bytes(64)),
    "es256 in lower case": lambda p: unsigned(p, "es256", bytes(64)),
    # a header that would bring its own key, or change what is signed
    "jwk": lambda p: p.assertion({"jwk": p.dpop.as_dict(private=False)}, with_key=p.dpop),
    "jku": lambda p: resigned(p, {"jku": "https://evil.example/jwks"}),
    "x5u": lambda p: resigned(p, {"x5u": "https://evil.example/x509"}),
    "x5c": lambda p: resigned(p, {"x5c": ["MIIB"]}),
    "crit": lambda p: resigned(p, {"crit": ["exp"]}),
    "b64": lambda p: resigned(p, {"b64": False}),
    "cty": lambda p: resigned(p, {"cty": "JWT"}),
    "zip": lambda p: resigned(p, {"zip": "DEF"}),
    "the header says alg twice": duplicate_member,
    "typ of an access token": lambda p: resigned(p, {"typ": "at+jwt"}),
    "typ of a proof": lambda p: resigned(p, {"typ": "dpop+jwt"}),
    "typ of a request": lambda p: resigned(p, {"typ": "data-request+jwt"}),
    "typ with application/": lambda p: resigned(p, {"typ": "application/JWT"}),
    # another spelling of the same signature, or another message under it
    "a DER signature": lambda p: with_signature(
        p, lambda s: encode_dss_signature(int.from_bytes(s[:32]), int.from_bytes(s[32:]))
    ),
    "a zero-extended signature": lambda p: with_signature(p, lambda s: b"\0" + s[:32] + b"\0" + s[32:]),
    "a signature cut short": lambda p: with_signature(p, lambda s: s[:-1]),
    "padding": lambda p: p.assertion() + "==",
    "a fourth segment": lambda p: p.assertion() + ".e30",
    "a final line feed": lambda p: p.assertion() + "\n",
    "claims of another assertion": swapped_claims,
    "aud twice": lambda p: claims_with(p, f', "aud": "{p.issuer}"'),
    "a nested member twice": lambda p: claims_with(p, ', "x": {"a": 1, "a": 2}'),
    "NaN": lambda p: claims_with(p, ', "x": NaN'),
    "a number of 17 digits": lambda p: claims_with(p, ', "x": 12345678901234567'),
    "a lone surrogate": lambda p: claims_with(p, ', "x": "\\ud800"'),
    "nine levels": lambda p: claims_with(p, ', "x": ' + "[" * 9 + "]" * 9),
    "claims in Latin-1": lambda p: written(p, json.dumps(p.assertion_parts()[1])[:-1].encode() + b', "x": "\xe9"}'),
    "claims that are a list": lambda p: written(p, json.dumps([p.assertion_parts()[1]]).encode()),
    "two objects": lambda p: written(p, json.dumps(p.assertion_parts()[1]).encode() + b"{}"),
    "too long": lambda p: p.assertion(filler="x" * 8_200),
    # somebody else's word
    "iss of another client": lambda p: p.assertion(iss="jccu-demo"),
    "sub of another client": lambda p: p.assertion(sub="jccu-demo"),
    "both of another client": lambda p: p.assertion(iss="jccu-demo", sub="jccu-demo"),
    "a client nobody knows": lambda p: p.assertion(iss="nobody", sub="nobody"),
    "no sub": lambda p: p.assertion(sub=...),
    "sub is a list": lambda p: p.assertion(sub=["sunnet-demo"]),
    # times
    "expired": lambda p: p.assertion(exp=int(p.now()) - 10),
    "no exp": lambda p: p.assertion(exp=...),
    "valid for longer than allowed": lambda p: p.assertion(exp=int(p.now()) + 301),
    "exp as text": lambda p: p.assertion(exp=str(int(p.now()) + 60)),
    "exp as a fraction": lambda p: p.assertion(exp=p.now() + 60.5),
    "exp is true": lambda p: p.assertion(exp=True),
    "iat in the future": lambda p: p.assertion(iat=int(p.now()) + 31),
    "nbf in the future": lambda p: p.assertion(nbf=int(p.now()) + 31),
    "a jti of seven characters": lambda p: p.assertion(jti="1234567"),
    "no jti": lambda p: p.assertion(jti=...),
    "a jti of 129 characters": lambda p: p.assertion(jti="1" * 129),
}


@pytest.mark.parametrize("attack", FORGERIES)
async def test_a_forged_assertion_is_refused(house: House, sunnet: Partner, jccu: Partner, attack: str) -> None:
    before = await house.entries()
    detail = sunnet.detail("P4", P4)
    await sunnet.token("P4", P4)  # the nonce
    honest = sunnet.assertion(jti="an-honest-one-0001")
    response = await sunnet.ask_token(detail, client_assertion=FORGERIES[attack](sunnet))
    assert_oauth_error(response, "invalid_client", 401)
    assert response.json()["error_description"] == "Client authentication failed."
    assert await house.entries() == before
    # What was refused used nothing up.
    assert (await sunnet.ask_token(detail, client_assertion=honest)).status_code == 200


async def test_a_suspended_partner_is_refused_like_an_unknown_client(house: House, sunnet: Partner) -> None:
    detail = sunnet.detail("P4", P4)
    await sunnet.token("P4", P4)
    await set_state(house.stores.log, COOP, "sunnet", active=False, by="運用", reason="停止", clock=house.clock)
    await house.stores.snapshots.refresh(COOP)
    suspended = await sunnet.ask_token(detail)
    unknown = await sunnet.ask_token(detail, client_assertion=sunnet.assertion(iss="nobody", sub="nobody"))
    assert_oauth_error(suspended, "invalid_client", 401)
    assert suspended.content == unknown.content
