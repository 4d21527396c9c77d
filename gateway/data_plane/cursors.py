"""Page cursors and `since` tokens: what the gateway seals for itself and reads back when a partner brings it."""

from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag

from gateway.core.request import DataRequest
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal, unseal

CURSOR_S = 24 * 3_600
SINCE = "/export/since"
"""Where an order says which walk it is laid against: the pointer of what is wrong with that."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a walk over a population stands."""

    issued: int
    """When the walk began."""
    walk: str
    nth: int = 0
    """The next answer of the walk."""
    after: str | None = None
    """The source's own position."""
    last: str = ""
    """The last code that the walk has gone through."""
    ordered: bool = True
    """Whether codes have ascended so far; otherwise nothing can be laid against this walk later."""
    removing: int = 0
    """Removals so far."""
    since: "Ended | None" = None
    """The earlier walk that this one is laid against."""
    read: int = 0
    """The answer of that walk to read on from."""
    stride: int = 1
    """How many of the source's pages to go through for one answer, where little has changed."""
    resync: bool = False
    seen: "Seen | None" = None


class Seen(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a walk was made on: as long as all of it stands, another walk would give the same."""

    high_water: str
    """The source's mark as the walk began: nothing has changed there while it is the same (docs/source-http.md)."""
    gov: int
    until: int
    """The earliest instant, in milliseconds since 1970, at which anything that was read ends."""


class Ended(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A walk that came to its end: what a `since` token says."""

    issued: int
    walk: str
    answers: int
    ordered: bool
    seen: Seen | None = None


class CursorRefused(ValueError):
    """A token is forged, expired or another request's."""


_T = TypeVar("_T", Mark, Ended)


def seal_token(key: bytes, token: Mark | Ended, context: bytes) -> str:
    """Return an opaque token."""
    return rfc4648.encode(seal(key, msgspec.msgpack.encode(token), context))


def open_token(key: bytes, token: str, context: bytes, kind: type[_T], *, now: int, lifetime: int = 0) -> _T:
    """Return what a token says; raises CursorRefused where it is not this request's, or older than `lifetime` seconds (0: any age)."""
    try:
        opened = msgspec.msgpack.decode(unseal(key, rfc4648.decode(token), context), type=kind)
    except (InvalidTag, ValueError, msgspec.DecodeError):
        raise CursorRefused("the token is not one of this request") from None
    if lifetime and now - opened.issued > lifetime:
        raise CursorRefused("the token has expired")
    return opened


def context_of(kind: str, client: str, request: DataRequest) -> bytes:
    """Return what a token is bound to: its kind, the client, agreement, purpose, product class and fields."""
    return msgspec.json.encode(
        [kind, client, request.coop, request.agreement, request.purpose, request.product, request.fields]
    )
