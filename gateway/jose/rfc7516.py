"""Encryption to a partner's key (RFC 7516, RFC 7518 §4.3, §4.6, §5.3; X25519: RFC 8037 §3.2).

Own code on `cryptography`, because a general library here would cost more than the rest of a request. It encrypts only;
tests prove it against the RFCs' vectors and let two other libraries decrypt it.
"""

import hashlib
import os

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP256R1, EllipticCurvePublicKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.jose import rfc4648
from gateway.jose.rfc7517 import PublicKey

KEY_BITS = 256
TAG_BYTES = 16
_OAEP_256 = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


def encrypt(plaintext: bytes, key: PublicKey, *, typ: str, cty: str, apu: bytes, apv: bytes) -> str:
    """Encrypt to one partner's key as a compact JWE; each call has a content key and an ephemeral key of its own.

    Header `alg enc kid typ cty epk apu apv`, in this order, without the last three for RSA. `apu` and `apv` name the
    two parties and enter the key derivation. Raises ValueError for a key that is not for encryption.
    """
    if key.use != "enc":
        raise ValueError("the key is not for encryption")
    cek = os.urandom(KEY_BITS // 8)
    header: dict[str, object] = {"alg": key.alg, "enc": "A256GCM", "kid": key.kid, "typ": typ, "cty": cty}
    if isinstance(key.native, RSAPublicKey):
        encrypted_key = key.native.encrypt(cek, _OAEP_256)
    else:
        epk, z = _agree(key.native)
        header |= {"epk": epk, "apu": rfc4648.encode(apu), "apv": rfc4648.encode(apv)}
        kek = concat_kdf(z, algorithm=key.alg.encode(), apu=apu, apv=apv, bits=KEY_BITS)
        encrypted_key = aes_key_wrap(kek, cek)
    return seal(msgspec.json.encode(header), plaintext, encrypted_key=encrypted_key, cek=cek, iv=os.urandom(12))


def concat_kdf(z: bytes, *, algorithm: bytes, apu: bytes, apv: bytes, bits: int) -> bytes:
    """Derive a key of at most 256 bits from an agreed secret, the algorithm and both parties (RFC 7518 §4.6.2).

    Up to the length of one SHA-256 the Concat KDF of NIST SP 800-56A is a single round.
    """
    party_info = b"".join(len(part).to_bytes(4, "big") + part for part in (algorithm, apu, apv))
    return hashlib.sha256(b"\x00\x00\x00\x01" + z + party_info + bits.to_bytes(4, "big")).digest()[: bits // 8]


def seal(header: bytes, plaintext: bytes, *, encrypted_key: bytes, cek: bytes, iv: bytes) -> str:
    """Encrypt the content with A256GCM under the header and write the five parts (RFC 7516 §5.1, steps 13 to 19)."""
    protected = rfc4648.encode(header)
    sealed = memoryview(AESGCM(cek).encrypt(iv, plaintext, protected.encode()))
    parts: tuple[bytes | memoryview, ...] = (encrypted_key, iv, sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
    return ".".join((protected, *(rfc4648.encode(part) for part in parts)))


def _agree(theirs: EllipticCurvePublicKey | X25519PublicKey) -> tuple[dict[str, str], bytes]:
    """Make an ephemeral key on the partner's curve; return its public JWK and the agreed secret."""
    if isinstance(theirs, X25519PublicKey):
        ours = X25519PrivateKey.generate()
        epk = {"kty": "OKP", "crv": "X25519", "x": rfc4648.encode(ours.public_key().public_bytes_raw())}
        return epk, ours.exchange(theirs)
    mine = generate_private_key(SECP256R1())
    point = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    x, y = rfc4648.encode(point[1:33]), rfc4648.encode(point[33:])
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}, mine.exchange(ECDH(), theirs)
