"""Every response carries the same protective headers and the request id the server made.

Source: security profile §1, last lines.
"""

from collections.abc import Iterable
from typing import Final

Header = tuple[bytes, bytes]

_ALWAYS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
# Metadata and key sets may be cached, and the staff pages bring a policy of their own (§8).
_UNLESS_SET: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_OURS: Final = frozenset({name for name, _ in _ALWAYS} | {b"x-request-id"})


def with_fixed_headers(headers: Iterable[Header], request_id: str) -> list[Header]:
    """A route may choose its caching and its content policy; the rest is not its choice.

    `headers` are ASGI pairs, names in lower case; so is the result.
    """
    chosen = [header for header in headers if header[0] not in _OURS]
    names = {name for name, _ in chosen}
    return [
        *chosen,
        *_ALWAYS,
        *[header for header in _UNLESS_SET if header[0] not in names],
        (b"x-request-id", request_id.encode("ascii")),
    ]
