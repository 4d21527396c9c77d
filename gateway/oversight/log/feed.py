"""The log as a program follows it: entry after entry in the one order there is, none skipped (console.md, SIEM)."""

from collections.abc import Sequence

import msgspec

from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.ports import Log, SideRows, Unavailable


class Fed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry and its index: `entry` is the JSON that was hashed, byte for byte.

    Where the stored bytes are no JSON, it is null, and `stored` holds them as base64url: they were not written by us.
    """

    index: int
    entry: msgspec.Raw | None
    stored: str | None = None


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Entries in order; `after` is what to ask with next, `size` how many entries the log has."""

    entries: Sequence[Fed]
    after: int
    size: int


async def portion(log: Log, rows: SideRows, coop: str, *, after: int, most: int) -> Portion:
    """Return up to `most` of the entries that follow an index (-1: from the first on), as far as there are any.

    Raises Unavailable, also where an entry is missing: a reader is never led past one. Raises Refused `shorter` where
    the log has no entry `after`, which somebody says to have read.
    """
    size = (await log.head(coop)).next_index
    if after >= size:
        raise Refused(
            "shorter",
            f"ログの記録は{size}件で、{after}番まではありません。番号を確かめ、読んだことがあるなら検証してください",
            f"the log has {size} entries and none at {after}; mind the index, and where you have read it, verify the log",
        )
    wanted = range(after + 1, min(after + 1 + most, size))
    found = await rows.entries(coop, wanted) if wanted else []
    for expected, one in zip(wanted, found, strict=False):
        if one.index != expected:
            raise Unavailable(f"entry {expected} is missing; verify the log")
    if len(found) < len(wanted):
        raise Unavailable(f"entry {wanted[len(found)]} is missing; verify the log")
    fed = tuple(_fed(one.index, bytes(one.entry)) for one in found)
    return Portion(entries=fed, after=wanted[-1] if wanted else after, size=size)


def _fed(index: int, data: bytes) -> Fed:
    try:
        msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return Fed(index=index, entry=None, stored=rfc4648.encode(data))
    return Fed(index=index, entry=msgspec.Raw(data))
