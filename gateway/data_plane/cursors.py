"""Page cursors and `since` tokens: what the gateway seals for itself and reads back when a partner brings it."""

import msgspec
from cryptography.exceptions import InvalidTag

from gateway.core.request import DataRequest
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal, unseal

CURSOR_S = 24 * 3_600


class Mark(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a walk over a population stands: the source's own position and when the walk began."""

    issued: int
    after: str | None
    high_water: str | None
    """The source's high-water mark when the walk started."""
    gov: int
    policy: str
    resync: bool = False


class CursorRefused(ValueError):
    """A cursor is forged, expired or another request's."""


_marks = msgspec.msgpack.Decoder(Mark)


def seal_mark(key: bytes, mark: Mark, context: bytes) -> str:
    """Return an opaque token."""
    return rfc4648.encode(seal(key, msgspec.msgpack.encode(mark), context))


def open_mark(key: bytes, token: str, context: bytes, *, now: int, lifetime: int) -> Mark:
    """Return the mark in a token; raises CursorRefused where it is not this request's, or older than `lifetime` seconds (0: any age)."""
    try:
        mark = _marks.decode(unseal(key, rfc4648.decode(token), context))
    except (InvalidTag, ValueError, msgspec.DecodeError):
        raise CursorRefused("the cursor is not one of this request") from None
    if lifetime and now - mark.issued > lifetime:
        raise CursorRefused("the cursor has expired")
    return mark


def context_of(kind: str, client: str, request: DataRequest) -> bytes:
    """Return what a token is bound to: its kind, the client, agreement, purpose, product class and fields."""
    return msgspec.json.encode(
        [kind, client, request.coop, request.agreement, request.purpose, request.product, request.fields]
    )
