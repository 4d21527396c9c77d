"""RateLimit and RateLimit-Policy: what a grant's daily limit is, and what the release left of it.

Said on a release alone: a refusal tells nobody why. The figures are the commit point's own, so no database is asked; they
may be older than what other requests took since. Source: draft-ietf-httpapi-ratelimit-headers (the two fields of its
versions from 08 on); the quota unit is ours, since the draft registers none for what an answer holds.
"""

from datetime import datetime
from math import ceil
from typing import Final

from gateway.core.outcome import Allowance

NAME: Final = "members-per-day"
UNIT: Final = "members"
_DAY_S: Final = 86_400

Headers = list[tuple[bytes, bytes]]


def rate_limit(allowance: Allowance | None, now: datetime) -> Headers:
    """Return both header fields; none where the grant has no daily limit."""
    if allowance is None:
        return []
    left = max(0, allowance.most - allowance.used)
    seconds = max(0, ceil((allowance.resets - now).total_seconds()))
    return [
        (b"ratelimit-policy", f'"{NAME}";q={allowance.most};w={_DAY_S};qu="{UNIT}"'.encode()),
        (b"ratelimit", f'"{NAME}";r={left};t={seconds}'.encode()),
    ]
