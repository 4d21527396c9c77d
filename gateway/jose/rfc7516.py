"""Encryption to a partner's key (RFC 7516, RFC 7518 §4.3, §4.6, §5.3; X25519: RFC 8037 §3.2).

Own code on `cryptography`, because a general library here would cost more than the rest of a request. It encrypts only;
tests prove it against the RFCs' vectors and let two other libraries decrypt it.
"""

import hashlib
import os
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.jose import rfc4648
from gateway.jose.rfc7517 import PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

KEY_BITS = 256
TAG_BYTES = 16
IV_BYTES = 12
_RSA = "RSA-OAEP-256"
_P256, _ECDH = SECP256R1(), ECDH()
_OAEP_256 = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


def encrypt(plaintext: bytes, key: PublicKey, *, typ: str, cty: str, apu: bytes, apv: bytes) -> str:
    """Encrypt to one partner's key as a compact JWE; each call has a content key and an ephemeral key of its own.

    Header `alg enc kid typ cty epk apu apv`, in this order, without the last three for RSA. `apu` and `apv` name the
    two parties and enter the key derivation. Raises ValueError for a key that is not for encryption.
    """
    if key.use != "enc":
        raise ValueError("the key is not for encryption")
    randomness = os.urandom(KEY_BITS // 8 + IV_BYTES)
    cek, iv = randomness[:-IV_BYTES], randomness[-IV_BYTES:]
    before, after = _around_key(key, typ, cty, apu, apv)
    if key.alg == _RSA:
        epk, encrypted_key = b"", cast("RSAPublicKey", key.native).encrypt(cek, _OAEP_256)
    else:
        epk, z = _agree(key)
        encrypted_key = aes_key_wrap(concat_kdf(z, algorithm=key.alg.encode(), apu=apu, apv=apv, bits=KEY_BITS), cek)
    return seal(before + epk + after, plaintext, encrypted_key=encrypted_key, cek=cek, iv=iv)


@lru_cache(maxsize=1_024)
def _around_key(key: PublicKey, typ: str, cty: str, apu: bytes, apv: bytes) -> tuple[bytes, bytes]:
    """Return what stands in the header before and after the ephemeral key, which alone is new in every message."""
    before = msgspec.json.encode({"alg": key.alg, "enc": "A256GCM", "kid": key.kid, "typ": typ, "cty": cty})
    if key.alg == _RSA:
        return before, b""
    parties = msgspec.json.encode({"apu": rfc4648.encode(apu), "apv": rfc4648.encode(apv)})
    return before[:-1] + b',"epk":', b"," + parties[1:]


def concat_kdf(z: bytes, *, algorithm: bytes, apu: bytes, apv: bytes, bits: int) -> bytes:
    """Derive a key of at most 256 bits from an agreed secret, the algorithm and both parties (RFC 7518 §4.6.2).

    Up to the length of one SHA-256 the Concat KDF of NIST SP 800-56A is a single round.
    """
    return hashlib.sha256(b"\x00\x00\x00\x01" + z + _other_info(algorithm, apu, apv, bits)).digest()[: bits // 8]


@lru_cache(maxsize=1_024)
def _other_info(algorithm: bytes, apu: bytes, apv: bytes, bits: int) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in (algorithm, apu, apv)) + bits.to_bytes(4, "big")


def seal(header: bytes, plaintext: bytes, *, encrypted_key: bytes, cek: bytes, iv: bytes) -> str:
    """Encrypt the content with A256GCM under the header and write the five parts (RFC 7516 §5.1, steps 13 to 19)."""
    protected = rfc4648.encode(header)
    sealed = memoryview(AESGCM(cek).encrypt(iv, plaintext, protected.encode()))
    content, tag = rfc4648.encode(sealed[:-TAG_BYTES]), rfc4648.encode(sealed[-TAG_BYTES:])
    return f"{protected}.{rfc4648.encode(encrypted_key)}.{rfc4648.encode(iv)}.{content}.{tag}"


def _agree(theirs: PublicKey) -> tuple[bytes, bytes]:
    """Make an ephemeral key on the partner's curve; return its public JWK and the agreed secret."""
    if theirs.jwk["kty"] == "OKP":
        ours = X25519PrivateKey.generate()
        epk = b'{"kty":"OKP","crv":"X25519","x":"%b"}' % rfc4648.encode(ours.public_key().public_bytes_raw()).encode()
        return epk, ours.exchange(cast("X25519PublicKey", theirs.native))
    mine = generate_private_key(_P256)
    point = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    x, y = rfc4648.encode(point[1:33]).encode(), rfc4648.encode(point[33:]).encode()
    epk = b'{"kty":"EC","crv":"P-256","x":"%b","y":"%b"}' % (x, y)
    return epk, mine.exchange(_ECDH, cast("EllipticCurvePublicKey", theirs.native))
