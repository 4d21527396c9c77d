"""Witnesses of our own, by number."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.tlog.cosignature import Cosigner

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def witness(number: int) -> Cosigner:
    """A witness with a key of its own."""
    return Cosigner(f"witness.example/w{number}", Ed25519PrivateKey.from_private_bytes(bytes([100 + number]) * 32))
