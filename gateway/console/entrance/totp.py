"""Time-based one-time codes (RFC 6238): HMAC-SHA-1, 30 seconds, six digits, as every authenticator app makes them."""

import hmac
import re
from base64 import b32encode
from datetime import datetime
from typing import Final

import pyotp

STEP_S: Final = 30
DRIFT: Final = 1
"""Steps before and after the present one that are accepted: a telephone's clock may be off by so much."""

_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a time step (RFC 4226 §5.3)."""
    return pyotp.HOTP(b32encode(secret).decode()).at(step)


def step_at(instant: datetime) -> int:
    """Return the time step of an instant."""
    return int(instant.timestamp()) // STEP_S


def accepted_step(secret: bytes, code: str, *, at: datetime, after: int) -> int | None:
    """Return the time step that a code is of, None where it is of none that may be accepted now.

    None up to `after`, the step accepted last, is accepted: each code signs in once. Every candidate is compared,
    whatever the first comparison gave.
    """
    if not _CODE.fullmatch(code):
        return None
    now = step_at(at)
    matching = [
        step
        for step in range(now - DRIFT, now + DRIFT + 1)
        if hmac.compare_digest(code_at(secret, step), code) and step > after
    ]
    return matching[0] if matching else None
