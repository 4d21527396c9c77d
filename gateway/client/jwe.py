"""Opening the sealed answer: RFC 7516 compact, ECDH-ES+A256KW on P-256 with A256GCM, and nothing else."""

from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from gateway.client.compact import json_object, point, unb64u
from gateway.client.errors import AnswerRejected
from gateway.client.keys import Key

ALG = "ECDH-ES+A256KW"
_MEMBERS = {"alg", "enc", "kid", "typ", "cty", "epk", "apu", "apv"}
_EPK = {"kty", "crv", "x", "y"}


def decrypt(
    text: str, *, keys: tuple[Key, ...], issuer: str, client_id: str, typ: str = "JWT", cty: str = "JWT"
) -> bytes:
    """The plaintext of a JWE that is sealed by this gateway's name to this client's name and one of its keys.

    Every deviation from the profile (§6: header closed, `apu` the issuer, `apv` the client) is AnswerRejected;
    an answer that is not sealed at all is refused as well, never read. `typ` and `cty` say what it is: one is
    never opened as another.
    """
    segments = text.split(".")
    if len(segments) != 5:
        raise AnswerRejected("jwe", "the answer is not a sealed (JWE) answer")
    try:
        protected, encrypted_key, iv, ciphertext, tag = (unb64u(segment) for segment in segments)
        header = json_object(protected)
    except ValueError:
        raise AnswerRejected("jwe", "the sealed answer is malformed") from None
    _check_header(header, issuer=issuer, client_id=client_id, typ=typ, cty=cty)
    if (len(encrypted_key), len(iv), len(tag)) != (40, 12, 16):
        raise AnswerRejected("jwe", "a part of the sealed answer has the wrong length")
    key = next((key for key in keys if key.kid == header["kid"]), None)
    if key is None:
        raise AnswerRejected("jwe-kid", "the answer is sealed to a key that is not in this client's files")
    try:
        epk = point(header["epk"])
        content_key = aes_key_unwrap(_agree(key.private, epk, header=header), encrypted_key)
        return AESGCM(content_key).decrypt(iv, ciphertext + tag, segments[0].encode("ascii"))
    except (ValueError, InvalidUnwrap, InvalidTag):
        raise AnswerRejected("jwe-open", "the sealed answer cannot be opened with this client's key") from None


def _check_header(header: dict[str, Any], *, issuer: str, client_id: str, typ: str, cty: str) -> None:
    if header.keys() != _MEMBERS:
        raise AnswerRejected("jwe-header", "the sealed answer's header has other members than the profile's")
    expected = {"alg": ALG, "enc": "A256GCM", "typ": typ, "cty": cty}
    for member, value in expected.items():
        if header[member] != value:
            raise AnswerRejected("jwe-header", f"`{member}` of the sealed answer is not `{value}`")
    if not isinstance(header["epk"], dict) or header["epk"].keys() != _EPK:
        raise AnswerRejected("jwe-header", "`epk` of the sealed answer is not exactly `kty crv x y`")
    for member, name in (("apu", issuer), ("apv", client_id)):
        if not isinstance(header[member], str) or _decoded(header[member]) != name.encode("utf-8"):
            raise AnswerRejected(f"jwe-{member}", f"`{member}` of the sealed answer names somebody else")


def _decoded(text: str) -> bytes | None:
    try:
        return unb64u(text)
    except ValueError:
        return None


def _agree(private: ec.EllipticCurvePrivateKey, epk: ec.EllipticCurvePublicKey, *, header: dict[str, Any]) -> bytes:
    """The 256-bit key-wrapping key. RFC 7518 §4.6.2: Concat KDF over AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo."""

    def sized(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    info = sized(ALG.encode("ascii")) + sized(unb64u(header["apu"])) + sized(unb64u(header["apv"]))
    info += (256).to_bytes(4, "big")
    return ConcatKDFHash(SHA256(), 32, info).derive(private.exchange(ec.ECDH(), epk))
