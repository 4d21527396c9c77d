"""What a document, or the files of a draft, say of partners: the contracts in words, which no gate reads.

Read leniently: its shape was checked before it was published.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from gateway.core.days import JST


class Contacts(msgspec.Struct, frozen=True, kw_only=True):
    """The clause that names persons responsible and contacts."""

    responsible: str
    inquiries: str
    article: str


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """The paper that was signed."""

    form: str
    title: str
    signed: date
    department: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One supervision check."""

    on: date = msgspec.field(name="date")
    method: str
    result: str


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """How the partner is supervised."""

    due: date
    grace_days: int
    last: Check | None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """How the partner was selected; who did it is not said in older records."""

    criteria: str
    on: date = msgspec.field(name="date")
    result: str
    by: str | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded for the legal basis, by the names of core/bases.py."""

    selection: Selection | None = None
    consent_text: str | None = None
    consent_version: str | None = None
    consent_obtained_by: str | None = None
    consent_withdrawal: str | None = None
    law: str | None = None
    document_number: str | None = None
    received_on: date | None = None
    protects: str | None = None
    decided_by: str | None = None
    approved_by: str | None = None
    why_consent_is_difficult: str | None = None
    subjects: str | None = None
    agency: str | None = None
    why_consent_would_hinder: str | None = None
    expires: str | None = None
    """An instant, with its offset."""

    def text(self, fact: str) -> str | None:
        """Return what is said of a fact, days and instants by the clock of Japan; None where nothing is."""
        said = getattr(self, fact)
        if said is None or fact == "selection":
            return None
        if fact == "expires":
            return f"{datetime.fromisoformat(said).astimezone(JST):%Y-%m-%d %H:%M} JST"
        return str(said)


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What the partner certified to have returned or erased."""

    number: str
    on: date = msgspec.field(name="date")
    by: str


class ReturnErase(msgspec.Struct, frozen=True, kw_only=True):
    """What is returned or erased after the end, and by when."""

    due: date
    certificate: Certificate | None


class EndOfUse(msgspec.Struct, frozen=True, kw_only=True):
    """The end of use."""

    on: date = msgspec.field(name="date")
    procedure: str
    return_erase: ReturnErase


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """The days as written, both inclusive; an end of use may cut them."""

    start: date = msgspec.field(name="from")
    end: date | None = msgspec.field(name="to", default=None)


class AgreementText(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement as its file says it."""

    contract: Contract
    term: Term
    clauses: Mapping[str, str | Contacts | None] = {}
    evidence: Evidence = Evidence()
    supervision: Supervision | None = None
    end: EndOfUse | None = None


class PartnerContacts(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to reach at a partner."""

    responsible: str | None = None
    inquiries: str | None = None
    incidents: str | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client system of a partner."""

    id: str
    sample: bool = False


class PartnerText(msgspec.Struct, frozen=True, kw_only=True):
    """A legal entity as its file says it."""

    name: str
    short_name: str
    corporate_number: str | None
    country: str
    address: str | None
    representative: str | None
    contacts: PartnerContacts | None
    clients: tuple[Client, ...] = ()
    archived: date | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a published document that concerns partners."""

    partners: Mapping[str, PartnerText]
    agreements: Mapping[str, Mapping[str, AgreementText]]


def read_document(document: bytes) -> Document:
    """Return what the canonical bytes of a version say of partners. Raises ValueError where they hold no document."""
    return msgspec.json.decode(document, type=Document)


def partner_in(values: Mapping[str, Any]) -> PartnerText:
    """Return what the values of a partner's file say. Raises ValueError where they have another shape."""
    return msgspec.convert(values, PartnerText)


def agreements_in(values: Mapping[str, Any]) -> Mapping[str, AgreementText]:
    """Return what the values of an agreement file say. Raises ValueError where they have another shape."""
    return msgspec.convert(values.get("agreements", {}), dict[str, AgreementText])
