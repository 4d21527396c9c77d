"""How a member appears where the code must not: tags and commitments in the log, pairwise ids at partners.

Keys come in as arguments; each is a long-lived 32-byte secret of one co-op (transfer-log.md "Members and side rows",
policy-semantics.md "What the partner sees of a member").
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

SALT = 32
FEW = 16
"""So many members of a transfer have a side row each; those of a larger one are kept as sets of ordinals."""


class Subject(msgspec.Struct, frozen=True, gc=False):
    """A released member's erasable side row: tag and salt of its commitment, 32 bytes each."""

    tag: bytes
    salt: bytes


class Chunk(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Members of one transfer of more than 16 whose ordinals share all but the lowest 16 bits: an erasable side row."""

    number: int
    """Ordinal >> 16."""
    lo: int
    hi: int
    """The least and the greatest ordinal."""
    salt: bytes
    container: bytes
    """The lowest 16 bits of each, as a run-optimised roaring bitmap in its portable form (tlog/sets.py)."""


def _framed(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data


def member_tag(key: bytes, coop: str, code: str) -> bytes:
    """Return HMAC-SHA256(K_subject, u16len‖coop‖u16len‖code): what a member is called in side rows; 32 bytes."""
    return tagger(key, coop)(code)


@lru_cache(maxsize=64)
def tagger(key: bytes, coop: str) -> Callable[[str], bytes]:
    """Return `member_tag` for one co-op, with the part of HMAC that all its members share computed once (RFC 2104)."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + _framed(coop))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    begin, end = inner.copy, outer.copy

    def tag(code: str) -> bytes:
        data, message, whole = code.encode(), begin(), end()
        message.update(len(data).to_bytes(2) + data)
        whole.update(message.digest())
        return whole.digest()

    return tag


def pairwise_id(key: bytes, coop: str, partner: str, code: str) -> str:
    """Return the identifier one partner sees in place of the member code; 22 base64url characters."""
    mac = hmac.digest(key, _framed(coop) + _framed(partner) + _framed(code), "sha256")
    return urlsafe_b64encode(mac[:16]).rstrip(b"=").decode()


def commitment(tag: bytes, salt: bytes) -> bytes:
    """Return SHA-256(salt‖tag): says nothing of the member once its side row is erased."""
    return hashlib.sha256(salt + tag).digest()


def commit(tags: Sequence[bytes], salts: Sequence[bytes]) -> bytes:
    """Return the commitment to a transfer's members: one's own, or the RFC 6962 root over several; none: its empty root."""
    leaves = [commitment(tag, salt) for tag, salt in zip(tags, salts, strict=True)]
    return leaves[0] if len(leaves) == 1 else _root(leaves)


def _root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        # Pairing from the left and lifting an odd last node gives the same tree as RFC 6962's split at a power of two.
        pairs = [hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]
