"""What a partner answers to a follow-up: the claims of its signed answer, or where they are malformed.

Closed claims beside `iss aud iat exp jti`: `coop`, `follow_up`, `event` (`acknowledged`, `certified`), and with the second
`certificate`: who did what and when, in 1–4,000 characters. No member code has a place in it.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.core.follow_ups.follow_up import Answer, answer_named
from gateway.core.plain_text import writable
from gateway.core.request import MalformedClaim

LONGEST: Final = 4_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CLOSED: Final = frozenset(("iss", "aud", "iat", "exp", "jti", "coop", "follow_up", "event", "certificate"))


class FollowUpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A well-formed answer."""

    coop: str
    follow_up: str
    event: Answer
    certificate: str | None = None

    def __repr__(self) -> str:
        """What is written freely may name a person, and does not print itself."""
        return f"<FollowUpAnswer {self.follow_up} {self.event}>"


def parse(claims: Mapping[str, object]) -> FollowUpAnswer:
    """Return the answer that verified claims make. Raises MalformedClaim at the first that is not as it must be."""
    if not claims.keys() <= _CLOSED:
        raise MalformedClaim("")
    coop, follow_up = _match(claims, "coop"), _match(claims, "follow_up")
    event = answer_named(str(claims.get("event")))
    if event is None:
        raise MalformedClaim("/event")
    certificate = claims.get("certificate")
    if (certificate is not None) is not (event == "certified"):
        raise MalformedClaim("/certificate")
    if certificate is not None and (
        not isinstance(certificate, str)
        or not certificate.strip()
        or len(certificate) > LONGEST
        or not writable(certificate)
    ):
        raise MalformedClaim("/certificate")
    return FollowUpAnswer(coop=coop, follow_up=follow_up, event=event, certificate=certificate)


def _match(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise MalformedClaim(f"/{name}")
    return value
