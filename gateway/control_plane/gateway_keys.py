"""The gateway's own keys in each co-op's log: later readers check old receipts and checkpoints by them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from gateway.ports import Clock, Committed, Log, Submission, Unavailable
from gateway.tlog.entries import Key, decode, instant


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
        submission = Submission.of(Key(coop=coop, time=instant(now), event="added", use=use, jwk=dict(jwk), by=by), now)
        if not isinstance(await log.append(coop, submission), Committed):
            raise Unavailable("the gateway's key could not be entered in the log")
        added += 1
    return added
