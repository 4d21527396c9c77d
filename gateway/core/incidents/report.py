"""What a partner reports of a leak at its side: the claims of a signed report, or where they are malformed.

Closed claims beside `iss aud iat exp jti`: `coop`, `agreement`, `discovered`, `known` (JST days, ISO), `what` (1–4,000
characters), `wrongful` and `encrypted` (`yes`, `no`, `unknown`), `persons`? (how many, as the partner knows), `contact`?
(whom to ask), `title`?. No member code has a place in it.
"""

import re
from collections.abc import Mapping
from datetime import date

import msgspec

from gateway.core.incidents.incident import KNOWN, Known
from gateway.core.plain_text import one_line, writable
from gateway.core.request import MalformedClaim

LONGEST_LINE = 200
LONGEST_TEXT = 4_000
MOST_PERSONS = 1_000_000_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOSED = frozenset(
    [
        "iss",
        "aud",
        "iat",
        "exp",
        "jti",
        "coop",
        "agreement",
        "title",
        "discovered",
        "known",
        "what",
        "wrongful",
        "encrypted",
        "persons",
        "contact",
    ]
)


class IncidentReport(msgspec.Struct, frozen=True, kw_only=True):
    """A well-formed report."""

    coop: str
    agreement: str
    jti: str
    """The partner's own name for it: the same report again is the same incident."""
    title: str
    discovered: date
    known: date
    what: str
    wrongful: Known
    encrypted: Known
    persons: int | None = None
    contact: str = ""

    def __repr__(self) -> str:
        """What is written freely may name a person, and does not print itself."""
        return f"<IncidentReport {self.coop} {self.agreement}>"


def parse(claims: Mapping[str, object]) -> IncidentReport:
    """Return the report that verified claims make. Raises MalformedClaim at the first that is not as it must be."""
    if not claims.keys() <= _CLOSED:
        raise MalformedClaim("")
    coop, agreement = _match(claims, "coop"), _match(claims, "agreement")
    title = _line(claims, "title", "提供先からの報告")
    discovered, known = _day(claims, "discovered"), _day(claims, "known")
    if known < discovered:
        raise MalformedClaim("/known")
    what = claims.get("what")
    if not isinstance(what, str) or not what.strip() or len(what) > LONGEST_TEXT or not writable(what):
        raise MalformedClaim("/what")
    return IncidentReport(
        coop=coop,
        agreement=agreement,
        jti=str(claims["jti"]),
        title=title,
        discovered=discovered,
        known=known,
        what=what,
        wrongful=_known(claims, "wrongful"),
        encrypted=_known(claims, "encrypted"),
        persons=_count(claims),
        contact=_line(claims, "contact", ""),
    )


def _match(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise MalformedClaim(f"/{name}")
    return value


def _line(claims: Mapping[str, object], name: str, absent: str) -> str:
    if name not in claims:
        return absent
    value = claims[name]
    if not isinstance(value, str) or not one_line(value) or len(value) > LONGEST_LINE:
        raise MalformedClaim(f"/{name}")
    return value


def _day(claims: Mapping[str, object], name: str) -> date:
    value = claims.get(name)
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise MalformedClaim(f"/{name}")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise MalformedClaim(f"/{name}") from None


def _known(claims: Mapping[str, object], name: str) -> Known:
    value = claims.get(name, "unknown")
    found = next((one for one in KNOWN if one == value), None)
    if found is None:
        raise MalformedClaim(f"/{name}")
    return found


def _count(claims: Mapping[str, object]) -> int | None:
    if "persons" not in claims:
        return None
    value = claims["persons"]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_PERSONS:
        raise MalformedClaim("/persons")
    return value
