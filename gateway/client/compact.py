"""Base64url, strict JSON objects, ES256 and the compact form: RFC 7515 as far as this client speaks it."""

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, Hash

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")
_ECDSA = ec.ECDSA(SHA256())


def b64u(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    """The bytes behind one canonical base64url text; anything that would not re-encode to itself is a ValueError."""
    if not _ALPHABET.match(text):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if b64u(data) != text:
        raise ValueError("not canonical base64url")
    return data


def sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name is repeated")
    return members


def _constant(_: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a number that a float holds")
    return number


def json_object(data: bytes) -> dict[str, Any]:
    """One JSON object in UTF-8, no member name twice at any depth; anything else is a ValueError without its text.

    Nor is a lone surrogate or a number beyond every float: nobody could write them down again.
    """
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_finite
        )
        if b"\\u" in data:  # only an escape can spell a lone surrogate; encoding finds it, in names too
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ValueError("not a strict JSON object") from None  # the decoder's error would carry the document
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - every malformed document is one kind of error
    return value


def to_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


@dataclass(frozen=True, slots=True)
class Compact:
    """A compact JWS taken apart and not yet believed: `claims` exist only through `verify`."""

    header: dict[str, Any]
    _payload: bytes = field(repr=False)
    _input: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    def verify(self, key: ec.EllipticCurvePublicKey) -> dict[str, Any]:
        """The claims, once the ES256 signature verifies; ValueError otherwise. RFC 7518 §3.4: r and s, 32 bytes each."""
        if self.header.get("alg") != "ES256" or len(self._signature) != 64:
            raise ValueError("not an ES256 signature")
        r, s = (int.from_bytes(half, "big") for half in (self._signature[:32], self._signature[32:]))
        try:
            key.verify(encode_dss_signature(r, s), self._input, _ECDSA)
        except InvalidSignature:
            raise ValueError("the signature does not verify") from None
        return json_object(self._payload)


def parse(text: str) -> Compact:
    """The parts of a compact JWS; ValueError unless exactly three canonical segments with an object as header."""
    segments = text.split(".")
    if len(segments) != 3:
        raise ValueError("not a compact JWS")
    header, payload, signature = (unb64u(segment) for segment in segments)
    return Compact(json_object(header), payload, text.rpartition(".")[0].encode("ascii"), signature)


def sign(key: ec.EllipticCurvePrivateKey, *, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A compact ES256 JWS over the claims; `alg` is set here."""
    signing_input = f"{b64u(to_json({'alg': 'ES256', **header}))}.{b64u(to_json(claims))}"
    r, s = decode_dss_signature(key.sign(signing_input.encode("ascii"), _ECDSA))
    return f"{signing_input}.{b64u(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def point(jwk: dict[str, Any]) -> ec.EllipticCurvePublicKey:
    """The P-256 point of a JWK's `kty crv x y`; ValueError unless the coordinates are 32 bytes each and on the curve."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("not an EC key on P-256")
    coordinates = [jwk.get("x"), jwk.get("y")]
    if not all(isinstance(value, str) and len(unb64u(value)) == 32 for value in coordinates):
        raise ValueError("coordinates must be 32 bytes each")
    x, y = (int.from_bytes(unb64u(value), "big") for value in coordinates if isinstance(value, str))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def point_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The members `kty crv x y` of a public P-256 key."""
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": b64u(numbers.x.to_bytes(32, "big")),
        "y": b64u(numbers.y.to_bytes(32, "big")),
    }
