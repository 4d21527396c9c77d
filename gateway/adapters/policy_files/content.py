"""What a document may not say of itself: quotations, readings, persons, field forms (the gates do not read these).

Paths are those of the document. Partner files are held against one another over all partners, whoever names them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from pydantic import BaseModel

from gateway.adapters.policy_files.catalogue import CatalogueField
from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.end_of_use import end_of_use
from gateway.adapters.policy_files.member_system import member_system
from gateway.adapters.policy_files.notice import NoticeFile
from gateway.adapters.policy_files.partner import PartnerFile
from gateway.adapters.policy_files.shape import Verbatim
from gateway.core.ceiling import Breach
from gateway.core.plain_text import same_name

Where = tuple[str | int, ...]

_DETAILS = {
    "code": {"max_length"},
    "text": {"max_length"},
    "phone": {"max_length"},
    "email": {"max_length"},
    "enum": {"codes"},
    "digits": {"length"},
    "jis_x0402": {"length"},
}
"""Field type → the details it must give."""
_PATTERNED = frozenset({"code", "text", "phone", "email"})


def content(document: PolicyDocument, texts: Mapping[str, str]) -> Iterator[Breach]:
    """Yield what single parts of the document may not say; `texts` holds the archived text of each notice."""
    for version, notice in document.notices.items():
        yield from _quotations(notice, texts.get(version))
        yield from _purposes(document, notice)
        yield from _parties(document, notice)
        yield from _versions(document, notice)
    for name, field in document.fields.items():
        yield from _field(name, field)
    for name, decision in document.decisions.items():
        if same_name(decision.by, decision.approved_by):
            yield Breach(state="same_person", path=("decisions", name, "approved_by"), subject=name, other=decision.by)
    for partner, agreements in document.agreements.items():
        yield from end_of_use(partner, agreements, document.partners.get(partner))
        for name, one in agreements.items():
            evidence = one.evidence
            if evidence.decided_by and evidence.approved_by and same_name(evidence.decided_by, evidence.approved_by):
                path = ("agreements", partner, name, "evidence", "approved_by")
                yield Breach(state="same_person", path=path, subject=name, other=evidence.decided_by)
    yield from member_system(document)


def partner_identity(partners: Mapping[str, PartnerFile]) -> Iterator[Breach]:
    """Yield what two partner files claim at once: a corporate number or a client id names one legal entity."""
    numbers: dict[str, str] = {}
    clients: dict[str, str] = {}
    for name, one in sorted(partners.items()):
        number = one.corporate_number
        if number is not None and numbers.setdefault(number, name) != name:
            path = ("partners", name, "corporate_number")
            yield Breach(state="same_number", path=path, subject=number, other=numbers[number])
        for position, client in enumerate(one.clients):
            holder = f"{name}/{position}"
            if clients.setdefault(client.id, holder) != holder:
                where: Where = ("partners", name, "clients", position)
                yield Breach(state="same_client", path=where, subject=client.id, other=clients[client.id].split("/")[0])


def _quotations(notice: NoticeFile, text: str | None) -> Iterator[Breach]:
    for path, quote in quotations(notice, ("notices", notice.version)):
        if text is not None and quote not in text:
            yield Breach(state="not_quoted", path=path, subject=quote, other=notice.source.file)


def quotations(part: Any, path: Where) -> Iterator[tuple[Where, Verbatim]]:
    """Yield every text that stands for a text of the published notice, with its path."""
    match part:
        case Verbatim():
            yield path, part
        case BaseModel():
            for name, member in type(part).model_fields.items():
                yield from quotations(getattr(part, name), (*path, member.alias or name))
        case dict():
            for name, value in part.items():
                yield from quotations(value, (*path, name))
        case tuple():
            for position, value in enumerate(part):
                yield from quotations(value, (*path, position))


def _purposes(document: PolicyDocument, notice: NoticeFile) -> Iterator[Breach]:
    at = ("notices", notice.version, "purposes")
    for code, purpose in notice.purposes.items():
        if purpose.joint == "yes" and purpose.reading is None:
            yield Breach(state="yes_unread", path=(*at, code, "joint"), subject=code)
        if purpose.reading is not None and same_name(purpose.reading.by, purpose.reading.approved_by):
            path = (*at, code, "reading", "approved_by")
            yield Breach(state="same_person", path=path, subject=code, other=purpose.reading.by)
        if purpose.default_profile == "no_direct_identifiers":
            yield from _direct_identifiers(document, code)


def _direct_identifiers(document: PolicyDocument, code: str) -> Iterator[Breach]:
    for partner, agreements in document.agreements.items():
        for agreement, one in agreements.items():
            for grant, shape in one.grants.items():
                for name, transform in shape.fields.items() if shape.purpose.partition(".")[0] == code else ():
                    field = document.fields.get(name)
                    if field is not None and field.identifies and transform == "as_is":
                        path = ("agreements", partner, agreement, "grants", grant, "fields", name)
                        yield Breach(state="direct_identifier", path=path, subject=name, other=code, caution=True)


def _parties(document: PolicyDocument, notice: NoticeFile) -> Iterator[Breach]:
    at, joint = ("notices", notice.version), notice.joint_use
    if len(joint.responsible_parties) > 1:
        names = ", ".join(party.name.text for party in joint.responsible_parties if party.name)
        yield Breach(
            state="several_parties", path=(*at, "joint_use", "responsible_parties"), subject=names, caution=True
        )
    for name, user in joint.users.items():
        path = (*at, "joint_use", "users", name)
        if (user.partner is None) == (user.members_of is None):
            yield Breach(state="user_form", path=path, subject=name)
        if user.members_of is not None and user.members_of not in notice.classes:
            yield Breach(state="unknown_class", path=path, subject=user.members_of)
    for name, listed in notice.classes.items():
        clause = next((u for u, user in joint.users.items() if user.members_of == name), name)
        for position, member in enumerate(listed.members):
            where: Where = (*at, "classes", name, "members", position)
            if member.partner not in document.partners:
                yield Breach(state="unknown_partner", path=where, subject=member.partner)
            if member.start is None:
                yield Breach(state="undated_member", path=where, subject=member.partner, other=clause, caution=True)
    controller = notice.policy.controller
    for name in sorted({*document.partners_named()} & document.partners.keys()):
        partner = document.partners[name]
        same_number = partner.corporate_number is not None and partner.corporate_number == controller.corporate_number
        if partner.name == controller.name or same_number:
            yield Breach(state="own_partner", path=("partners", name, "name"), subject=name)


def _versions(document: PolicyDocument, notice: NoticeFile) -> Iterator[Breach]:
    at = ("notices", notice.version, "versions")
    held = {revision.version for revision in notice.versions if revision.text == "held"}
    for position, revision in enumerate(notice.versions):
        if revision.text == "header_only":
            yield Breach(state="header_only", path=(*at, position), subject=revision.version, caution=True)
    if notice.version not in held:
        yield Breach(state="version_not_listed", path=at, subject=notice.version)
    for version in sorted(held - document.notices.keys()):
        yield Breach(state="version_without_text", path=at, subject=version)
    clauses = [part.clause for part in (notice.acquisition, notice.entry_consent, notice.entrustment) if part]
    for clause in clauses:
        if clause not in notice.statements:
            yield Breach(state="unknown_clause", path=("notices", notice.version), subject=clause)


def _field(name: str, field: CatalogueField) -> Iterator[Breach]:
    at = ("fields", name)
    given = {detail for detail in ("max_length", "length", "codes") if getattr(field, detail) is not None}
    needed = _DETAILS.get(field.type, set())
    for detail in sorted(needed - given):
        yield Breach(state="detail_missing", path=at, subject=detail, other=field.type)
    for detail in sorted(given - needed):
        yield Breach(state="detail_foreign", path=(*at, detail), subject=detail, other=field.type)
    if field.type == "jis_x0402" and field.length not in {5, 6, None}:
        yield Breach(state="jis_length", path=(*at, "length"), subject=str(field.length))
    if field.pattern is not None and (field.type not in _PATTERNED or not plain_pattern(field.pattern)):
        yield Breach(state="pattern", path=(*at, "pattern"), subject=field.pattern, other=field.type)
    elif not (needed - given) and not _exemplary(field):
        yield Breach(state="example", path=(*at, "example"), subject=str(field.example), other=name)


_PLAIN: Final = re.compile(
    r"\^?(?:(?:\\[dw.\-/+]|\[\^?[^\\\[\]^]+\]|[^\\\[\](){}|.*+?^$])(?:\{[0-9]{1,3}(?:,[0-9]{1,3})?\}|[?*+])?)+\$?"
)
_VARIABLE: Final = re.compile(r"\{[0-9]+,[0-9]+\}|[?*+](?![^\[]*\])")
_MOST_VARIABLE: Final = 2


def plain_pattern(pattern: str) -> bool:
    """Tell whether a pattern can be read, and costs little whatever it is held against: it is run on members' values.

    One character after another, each from a set and so many times; no groups, no alternatives, nothing that refers back.
    Two parts of variable length at most: a third would let a short text take minutes.
    """
    if _PLAIN.fullmatch(pattern) is None or len(_VARIABLE.findall(pattern)) > _MOST_VARIABLE:
        return False
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _exemplary(field: CatalogueField) -> bool:
    """Tell whether the example is a value of its field."""
    value = field.example
    if field.type in {"boolean", "integer"}:
        return type(value) is (bool if field.type == "boolean" else int)
    if not isinstance(value, str):
        return False
    match field.type:
        case "enum":
            return value in (field.codes or {})
        case "digits" | "jis_x0402":
            return re.fullmatch(f"[0-9]{{{field.length}}}", value) is not None
        case "date":
            return _is_day(value)
    fits = field.pattern is None or re.search(field.pattern, value) is not None
    return fits and len(value) <= (field.max_length or 0)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
