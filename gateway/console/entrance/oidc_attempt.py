"""One attempt to sign in at the organisation's provider, kept in the browser alone and bound to it.

The cookie holds 256 random bits and what was wished for: co-op, page, instant. From the bits are derived `state`, which
is also a tag over the wish, `nonce` and the PKCE verifier: what comes back is believed only by the browser that asked,
and no process keeps anything. Over https the cookie has the prefix `__Host-`: no other site can put one there.
Sources: RFC 6749 §10.12, RFC 7636, RFC 9700 §2.1, OpenID Connect Core §15.5.2.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from gateway.jose import rfc4648

LASTS: Final = timedelta(minutes=10)
LONGEST: Final = 3_000
_BITS: Final = 32


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser set out for."""

    secret: str
    coop: str
    onward: str
    """A page of this console, or ""."""
    began: int
    """Seconds since 1970."""

    def __repr__(self) -> str:
        """An attempt does not print its secret."""
        return f"<Attempt {self.coop}>"

    @property
    def state(self) -> str:
        """What the provider gives back: worthless to any other browser, and for any other wish."""
        return self._derived("state", self.coop, self.onward, str(self.began))

    @property
    def nonce(self) -> str:
        """What the ID token must hold."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """The PKCE code verifier (RFC 7636 §4.1)."""
        return self._derived("verifier")

    def live(self, now: datetime) -> bool:
        """Tell whether the attempt may still succeed."""
        return timedelta(0) <= now - datetime.fromtimestamp(self.began, UTC) < LASTS

    def _derived(self, *words: str) -> str:
        said = msgspec.json.encode(words)
        return rfc4648.encode(hmac.digest(rfc4648.decode(self.secret), said, hashlib.sha256))


def begin_attempt(coop: str, onward: str, now: datetime) -> Attempt:
    """Return a new attempt."""
    secret = rfc4648.encode(secrets.token_bytes(_BITS))
    return Attempt(secret=secret, coop=coop, onward=onward, began=int(now.timestamp()))


def write_attempt(attempt: Attempt) -> str:
    """Return an attempt as its cookie carries it."""
    return rfc4648.encode(msgspec.json.encode(attempt))


def read_attempt(cookie: str | None, *, state: str, now: datetime) -> Attempt | None:
    """Return the attempt of a cookie if this state is its own and it is not over; None otherwise."""
    if not cookie or len(cookie) > LONGEST:
        return None
    try:
        attempt = msgspec.json.decode(rfc4648.decode(cookie), type=Attempt)
        if len(rfc4648.decode(attempt.secret)) != _BITS or not attempt.live(now):
            return None
        same = hmac.compare_digest(attempt.state.encode(), state.encode())
    except (ValueError, OverflowError, OSError):  # base64, JSON, UTF-8, an instant beyond all calendars
        return None
    return attempt if same else None
