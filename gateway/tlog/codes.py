"""Member codes kept beside an entry, sealed: whoever must be told of the members has to be told by code, not by tag."""

from cryptography.exceptions import InvalidTag

from gateway.jose.rfc5116 import seal, unseal


def seal_code(key: bytes, coop: str, tag: bytes, code: str) -> bytes:
    """Return a code sealed under a co-op's key at rest, bound to its co-op and member."""
    return seal(key, code.encode(), _context(coop, tag))


def open_code(key: bytes, coop: str, tag: bytes, sealed: bytes) -> str:
    """Return a sealed code. Raises ValueError for another key, co-op, member or content."""
    try:
        return unseal(key, sealed, _context(coop, tag)).decode()
    except InvalidTag:
        raise ValueError("a member code was not sealed here") from None


def _context(coop: str, tag: bytes) -> bytes:
    return b"member code/" + coop.encode() + b"/" + tag
