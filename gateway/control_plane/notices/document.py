"""What a published document says of its notices, in words: read from its canonical JSON, the rest left unread.

The shape is that of the policy files; the core's Policy has what the gates decide with, and none of these texts.
"""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

import msgspec

from gateway.control_plane.grants.matrix import natural

T = TypeVar("T")


class Days(msgspec.Struct, frozen=True):
    """Calendar days of Japan, both inclusive."""

    start: date | None = msgspec.field(name="from")
    end: date | None = msgspec.field(name="to", default=None)


class Reading(msgspec.Struct, frozen=True):
    """Who read a purpose as within joint use, and when."""

    by: str
    approved_by: str
    reason: str
    on: date = msgspec.field(name="date")
    sample: bool = False


class Use(msgspec.Struct, frozen=True):
    """One use within a purpose."""

    label: str


class PurposeText(msgspec.Struct, frozen=True):
    """A purpose as published."""

    text: str
    reading: Reading | None = None
    uses: dict[str, Use] | None = None


class ItemText(msgspec.Struct, frozen=True):
    """An item as published."""

    label: str
    open: bool = False


class UserText(msgspec.Struct, frozen=True):
    """A joint user as published: one legal entity, or a class of them."""

    label: str
    partner: str | None = None
    members_of: str | None = None
    start: date | None = msgspec.field(name="from", default=None)
    end: date | None = msgspec.field(name="to", default=None)
    filter_required: str | None = None


class Member(msgspec.Struct, frozen=True):
    """A legal entity of a class; without a first day it is nobody's joint user yet."""

    partner: str
    start: date | None = msgspec.field(name="from")
    end: date | None = msgspec.field(name="to", default=None)


class UserClass(msgspec.Struct, frozen=True):
    """The legal entities that a published class stands for."""

    source: str
    members: tuple[Member, ...] = ()


class Dated(msgspec.Struct, frozen=True):
    """A published text and since when it stands."""

    text: str
    start: date = msgspec.field(name="from")


class Responsible(msgspec.Struct, frozen=True):
    """The party with first-line responsibility."""

    role: str
    name: Dated | None = None
    address: Dated | None = None
    representative: Dated | None = None
    corporate_number: str | None = None


class Duties(msgspec.Struct, frozen=True):
    """Where the co-op says what it answers for."""

    clause: str


class Linked(msgspec.Struct, frozen=True):
    """A page that the text points to."""

    text: str
    held: bool
    url: str | None = None


class JointPurpose(msgspec.Struct, frozen=True):
    """The purpose of joint use."""

    text: str


class JointUse(msgspec.Struct, frozen=True):
    """The joint-use part of a notice."""

    statement: str | None = None
    purpose: JointPurpose | None = None
    items: dict[str, ItemText] | None = None
    users: dict[str, UserText] = {}
    responsible_parties: tuple[Responsible, ...] = ()
    duties: Duties | None = None
    linked_page: Linked | None = None


class Labelled(msgspec.Struct, frozen=True):
    """What is published under a name."""

    label: str


class AppliesTo(msgspec.Struct, frozen=True):
    """The programmes that the notice is for."""

    programmes: tuple[Labelled, ...] | None = None


class Controller(msgspec.Struct, frozen=True):
    """The legal entity that publishes."""

    name: str


class Header(msgspec.Struct, frozen=True):
    """Title and publisher."""

    title: str
    controller: Controller


class Archive(msgspec.Struct, frozen=True):
    """Where the text was published, and what digest the archived one has."""

    url: str | None = None
    sha256: str | None = None


class Contact(msgspec.Struct, frozen=True):
    """The contact desk, as published."""

    desk: str
    tel: str
    hours: str


class NoticeFile(msgspec.Struct, frozen=True):
    """A version of the notice, as far as its text is made of it."""

    version: str
    effective: Days
    published: Days
    source: Archive
    policy: Header
    applies_to: AppliesTo
    purposes: dict[str, PurposeText]
    joint_use: JointUse
    products: dict[str, str] | None = None
    classes: dict[str, UserClass] = {}
    contact: Contact | None = None
    statements: dict[str, tuple[str, ...]] = {}
    sample: bool = False


class DecisionText(msgspec.Struct, frozen=True):
    """A recorded decision: who, when, why."""

    kind: str
    by: str
    approved_by: str
    reason: str
    start: date = msgspec.field(name="from")
    end: date | None = msgspec.field(name="to", default=None)
    item: str | None = None
    fields: tuple[str, ...] = ()
    sample: bool = False


class FieldText(msgspec.Struct, frozen=True):
    """The name of a field, and what each code of its list stands for."""

    ja: str
    codes: dict[str, str] = {}


class PartnerText(msgspec.Struct, frozen=True):
    """One legal entity."""

    name: str
    corporate_number: str | None = None
    sample: bool = False


class Document(msgspec.Struct, frozen=True):
    """What a published document says, as far as notices are made of it; the rest is not read."""

    notices: dict[str, NoticeFile]
    fields: dict[str, FieldText] = {}
    decisions: dict[str, DecisionText] = {}
    partners: dict[str, PartnerText] = {}


def read_document(document: bytes) -> Document:
    """Return what a canonical document says of notices. Raises msgspec.ValidationError where it says none of it."""
    return msgspec.json.decode(document, type=Document)


def in_order(parts: Mapping[str, T]) -> list[tuple[str, T]]:
    """Return numbered parts (I1 … I11) in the order of their numbers; the document holds them in that of their letters."""
    return sorted(parts.items(), key=lambda part: natural(part[0]))
