"""A time-stamping authority over HTTP (RFC 3161 section 3.4)."""

from datetime import timedelta
from typing import Final

import httpx2

from gateway.adapters.bounded_post import WITHIN_S, post
from gateway.ports import Clock, Unavailable
from gateway.tlog.timestamp import Authority, BadTimestamp, ask, check

MAX_ANSWER: Final = 64 * 1024
"""A time-stamp with a chain of RSA certificates is well below 20 KiB."""
CLOCKS_AGREE: Final = timedelta(minutes=5)


class HttpTimestamps:
    """The Timestamps port: asks one authority, and gives only what it has verified."""

    def __init__(
        self, url: str, *, authority: Authority, http: httpx2.AsyncClient, clock: Clock, within_s: float = WITHIN_S
    ) -> None:
        """Take where it answers and the certificates its answers are checked against."""
        self._url = url
        self._authority = authority
        self._http = http
        self._clock = clock
        self._within_s = within_s

    async def stamp(self, note: bytes) -> bytes:
        """Return a verified answer (DER TimeStampResp) over these bytes. Raises Unavailable, which names the fault."""
        asked = ask(note)
        answered = await post(
            self._http,
            self._url,
            asked.der,
            media_type="application/timestamp-query",
            most=MAX_ANSWER,
            within_s=self._within_s,
        )
        if answered.status != 200:
            raise Unavailable(f"it answered {answered.status}")
        try:
            stamp = check(answered.body, note, authority=self._authority, asked=asked)
        except BadTimestamp as fault:
            raise Unavailable(str(fault)) from None
        if abs(stamp.time - self._clock()) > CLOCKS_AGREE:
            raise Unavailable("its clock and the gateway's differ by more than 5 minutes")
        return answered.body
