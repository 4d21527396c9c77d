"""The chain behind one request's entry: by which version it was decided, field by field, why not, and whom to ask."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from gateway.console.grants.try_question import NAME, Named, Typed, draft_url, named_in, question_url
from gateway.console.transfers.names import Names
from gateway.console.visit import Visit
from gateway.control_plane.grants.definition_words import basis_said
from gateway.control_plane.grants.matrix import Texts
from gateway.control_plane.grants.matrix_words import Closed
from gateway.control_plane.grants.reason_words import gate_of, in_words
from gateway.core.bases import Basis
from gateway.core.policy import Policy
from gateway.core.state import Version
from gateway.core.transforms import TRANSFORM_WORDS
from gateway.tlog.entries import Denial, Release

Whom = Literal["department", "operator", "partner"]
"""Who can mend a reason: the department of the agreement, whoever runs the gateway, or the partner itself."""
_WHOM: dict[str, Whom] = {
    "request": "partner",
    "notice": "department",
    "agreement": "department",
    "grant": "department",
    "fault": "operator",
}
_KEYS = frozenset({"inactive", "no_signing_key", "no_key", "unknown_client"})


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A reason of a denial: its code, the same in words, what would mend it, and who can."""

    code: str
    text: str
    mend: str
    whom: Whom


class OfField(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided of one field that was asked for."""

    field: str
    name: str
    transform: str
    """How it was released, or would have been; nothing where it was not granted."""
    granted: bool
    reasons: tuple[Why, ...]


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind the entry of a request."""

    version: Version | None
    """The version that decided, where it is one of ours; None: none did, or it is not known here."""
    number: int
    basis: str
    department: str
    fields: tuple[OfField, ...]
    reasons: tuple[Why, ...]
    try_url: str
    """Where the same question is asked of what is in force now."""
    draft_url: str
    """Where a draft begins that would mend it; only for a refusal with reasons of policy."""


def chain_of(visit: Visit, entry: Release | Denial, names: Names) -> Chain:
    """Return what stands behind an entry, in the reader's words."""
    versions = visit.desk.current(visit.coop).versions
    number, version = next(
        ((n, one) for n, one in enumerate(versions, start=1) if one.policy.digest == entry.policy), (0, None)
    )
    policy = names.policy if version is None else version.policy
    reasons = tuple(_why(one, english=names.english) for one in getattr(entry, "reasons", ()))
    agreement = None if policy is None or entry.agreement is None else policy.agreements.get(entry.agreement)
    department = "" if agreement is None else agreement.department
    typed = _typed(entry)
    named = named_in(names.policy, Texts(purposes=dict(names.purposes)), lang=visit.texts.language)
    rules = [one.code for one in reasons if one.whom == "department"]
    return Chain(
        version=version,
        number=number,
        basis=_basis(entry.basis, english=names.english),
        department=department,
        fields=tuple(_fields(entry, policy, names, reasons)),
        reasons=reasons,
        try_url=question_url(visit.coop, typed, proposal="") if entry.fields else "",
        draft_url=_draft(visit, typed, named, rules, department),
    )


def _draft(visit: Visit, typed: Typed, named: Named, rules: list[str], department: str) -> str:
    if not rules or not visit.holds("admin"):
        return ""
    return draft_url(visit.coop, visit.texts, typed, named, rules=rules, department=department)


def _typed(entry: Release | Denial) -> Typed:
    """Return the question that an entry answers; what is not shaped as a name is left out."""

    def good(value: str | None) -> str:
        return value if value is not None and NAME.fullmatch(value) else ""

    return Typed(
        partner=good(entry.partner),
        agreement=good(entry.agreement),
        purpose=good(entry.purpose),
        product=good(entry.product),
        case=entry.case is not None,
        fields=tuple(one for one in entry.fields if NAME.fullmatch(one)),
        at="",
        proposal="",
    )


def _basis(basis: str | None, *, english: bool) -> str:
    if basis is None:
        return ""
    try:
        said = basis_said(Basis(basis))
    except ValueError:
        return basis
    return said.en if english else said.ja


def _why(code: str, *, english: bool) -> Why:
    try:
        said: Closed = in_words(code)
        gate = gate_of(code)
    except KeyError:
        return Why(code=code, text=code, mend="", whom="operator")
    whom = "operator" if code.rpartition(":")[2] in _KEYS else _WHOM[gate]
    return Why(
        code=code, text=said.en if english else said.ja, mend=said.mend_en if english else said.mend_ja, whom=whom
    )


def _fields(entry: Release | Denial, policy: Policy | None, names: Names, reasons: Iterable[Why]) -> Iterable[OfField]:
    at = int(names.english)
    granted = {} if isinstance(entry, Release) else _granted(entry, policy)
    released = entry.fields if isinstance(entry, Release) else {}
    words = {str(name): both for name, both in TRANSFORM_WORDS.items()}
    for field in entry.fields:
        transform = released.get(field) or granted.get(field, "")
        yield OfField(
            field=field,
            name=names.fields.get(field, field),
            transform=words[transform][at] if transform in words else transform,
            granted=bool(transform),
            reasons=tuple(one for one in reasons if one.code.split(":")[1:-1] == [field]),
        )


def _granted(entry: Denial, policy: Policy | None) -> dict[str, str]:
    """Return how an agreement would release fields for a purpose, by the version that decided."""
    agreement = None if policy is None or entry.agreement is None else policy.agreements.get(entry.agreement)
    grant = None if agreement is None or entry.purpose is None else agreement.grant_for(entry.purpose, entry.product)
    return {} if grant is None else {field: str(transform) for field, transform in grant.fields.items()}
