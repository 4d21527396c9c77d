"""A message that stands on the page after a 303, once.

It is a key of the catalogues and the values of its text, kept in a cookie that is signed with the session's own secret:
nobody else can write one, and it is worthless in another session. INVARIANT: no member's value is ever among the values.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Literal

import msgspec

from gateway.ports import Session

Tone = Literal["good", "note", "bad"]

_LONGEST: Final = 1_500


class Flash(msgspec.Struct, frozen=True):
    """A message: its key, how it is meant, the values of its text."""

    key: str
    tone: Tone = "good"
    values: dict[str, str | int] = {}


def seal_flash(flash: Flash, session: Session) -> str:
    """Return a message as its cookie carries it; values too long for a cookie are left out of the text as `…`."""
    body = msgspec.json.encode(flash)
    if len(body) > _LONGEST:
        shorter = {name: value if isinstance(value, int) else value[:40] + "…" for name, value in flash.values.items()}
        body = msgspec.json.encode(Flash(flash.key, flash.tone, shorter))
    return f"{_text(body)}.{_text(_tag(body, session))}"


def open_flash(sealed: str | None, session: Session) -> Flash | None:
    """Return the message; None where there is none, or none of this session."""
    body_text, _, tag_text = (sealed or "").partition(".")
    try:
        body, tag = (urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in (body_text, tag_text))
        if not hmac.compare_digest(tag, _tag(body, session)):
            return None
        return msgspec.json.decode(body, type=Flash)
    except ValueError:  # base64, UTF-8 and msgspec alike
        return None


def _tag(body: bytes, session: Session) -> bytes:
    return hmac.digest(session.csrf.encode(), b"flash " + session.token_hash + body, hashlib.sha256)


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
