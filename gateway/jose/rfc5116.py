"""Authenticated encryption at rest: AES-256-GCM (RFC 5116 §5.2) under a random nonce that stands before the ciphertext."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def seal(key: bytes, data: bytes, context: bytes) -> bytes:
    """Return nonce‖ciphertext under a 32-byte key, bound to a context."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Return what was sealed. Raises InvalidTag for another key, context or content."""
    return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
