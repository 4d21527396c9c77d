"""The gateway's own keys in each co-op's log: later readers check old receipts and checkpoints by them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from gateway.ports import COMMIT_WITHIN, Clock, Committed, Log, Submission, Unavailable
from gateway.tlog.entries import Key, decode, encode, instant
from gateway.tlog.merkle import leaf_hash


async def announce(
    log: Log, coop: str, keys: Sequence[tuple[Literal["response", "log"], Mapping[str, str]]], *, by: str, clock: Clock
) -> int:
    """Append a `key` entry for each key that the log does not know yet; return how many. Raises Unavailable."""
    known = {
        entry.jwk.get("kid")
        for entry in map(decode, await log.of_kind(coop, "key"))
        if isinstance(entry, Key) and entry.event == "added"
    }
    added = 0
    for use, jwk in keys:
        if jwk["kid"] in known:
            continue
        now = clock()
        data = encode(Key(coop=coop, time=instant(now), event="added", use=use, jwk=dict(jwk), by=by))
        submission = Submission(entry=data, leaf=leaf_hash(data), kind="key", time=now, deadline=now + COMMIT_WITHIN)
        if not isinstance(await log.append(coop, submission), Committed):
            raise Unavailable("the gateway's key could not be entered in the log")
        added += 1
    return added
