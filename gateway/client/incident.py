"""A leak at this side, reported to the co-op: a signed report without any member in it, and the co-op's name for it."""

import re
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, get_args

import httpx2

from gateway.client.compact import b64u, json_object, sha256, sign
from gateway.client.config import Config
from gateway.client.errors import AnswerRejected, UsageError
from gateway.client.keys import Key
from gateway.client.protocol import REQUEST_SECONDS

Answer = Literal["yes", "no", "unknown"]
LONGEST_LINE: Final = 200
LONGEST_TEXT: Final = 4_000
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What is known of a leak by now: days in Japan, and no member's code or data.

    `wrongful`: it was, or may have been, done for a wrongful purpose. `encrypted`: what leaked was still encrypted and
    its key did not leak. `persons`: how many, as far as known.
    """

    what: str
    discovered: date
    known: date
    title: str = ""
    wrongful: Answer = "unknown"
    encrypted: Answer = "unknown"
    persons: int | None = None
    contact: str = ""

    def __repr__(self) -> str:
        """What is written freely does not print itself."""
        return f"<Report of a leak known on {self.known}>"


@dataclass(frozen=True, slots=True)
class IncidentReceipt:
    """The co-op has the report: `incident` is what it is called there, `report` what it is called here (keep both)."""

    incident: str
    received: str
    report: str


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report as it was signed; sent again, it is the same incident."""

    jws: str
    jti: str
    expires: int

    def __repr__(self) -> str:
        """What it says does not print itself."""
        return f"<SignedReport {self.jti}>"


def check_report(report: Report) -> None:
    """Raise UsageError for a report that the gateway would refuse."""
    if not report.what.strip() or len(report.what) > LONGEST_TEXT:
        raise UsageError(f"`what` says what happened, in at most {LONGEST_TEXT} characters")
    for name in ("title", "contact"):
        text = getattr(report, name)
        if len(text) > LONGEST_LINE or "\n" in text or "\r" in text:
            raise UsageError(f"`{name}` is one line of at most {LONGEST_LINE} characters")
    if report.known < report.discovered:
        raise UsageError("`known` is not before `discovered`")
    for name in ("wrongful", "encrypted"):
        if getattr(report, name) not in get_args(Answer):
            raise UsageError(f"`{name}` is one of {', '.join(get_args(Answer))}")
    if report.persons is not None and report.persons < 0:
        raise UsageError("`persons` is no number of persons")


def signed_report(config: Config, report: Report, *, key: Key, now: int, jti: str | None = None) -> SignedReport:
    """Sign a report with the registered key; with `jti`, as the report that it was before."""
    name = jti or secrets.token_urlsafe(24)
    claims: dict[str, Any] = {
        "iss": config.client_id,
        "aud": config.resource,
        "iat": now,
        "exp": now + REQUEST_SECONDS,
        "jti": name,
        "coop": config.coop,
        "agreement": config.agreement,
        "discovered": report.discovered.isoformat(),
        "known": report.known.isoformat(),
        "what": report.what,
        "wrongful": report.wrongful,
        "encrypted": report.encrypted,
    }
    claims |= {"title": report.title} if report.title else {}
    claims |= {"contact": report.contact} if report.contact else {}
    claims |= {"persons": report.persons} if report.persons is not None else {}
    jws = sign(key.private, header={"kid": key.kid, "typ": "incident-report+jwt"}, claims=claims)
    return SignedReport(jws, name, now + REQUEST_SECONDS)


def accept(response: httpx2.Response, *, sent: SignedReport) -> IncidentReceipt:
    """Return what the gateway says of a report, once it is known to be about this one."""
    try:
        document = json_object(response.content)
    except ValueError:
        raise AnswerRejected("incident", "the answer is not one JSON object") from None
    match document:
        case {"incident": str(incident), "received": str(received), "report": sent.jti, "signed": str(signed)}:
            if signed == b64u(sha256(sent.jws.encode("ascii"))) and _ID.match(incident):
                return IncidentReceipt(incident=incident, received=received, report=sent.jti)
    raise AnswerRejected("incident", "the answer is not about the report that was sent")
