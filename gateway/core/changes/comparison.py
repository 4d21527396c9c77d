"""What one policy version says otherwise than another: every difference as one value, and whether it could widen.

A policy is taken apart into parts by path: a notice with its purposes, items, users and grounds, a decision, an
agreement with its grants and their fields, a partner, a field of the catalogue, a column of the source map. A part that
is on one side alone is `+` or `-`, and so is each part inside it; what a part on both sides says otherwise is `~`.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

import msgspec

from gateway.core.changes.widening import came, gone, wider
from gateway.core.days import JST, Span, jst_day, midnight
from gateway.core.policy import (
    AGREEMENT_RECORDS,
    PARTNER_RECORDS,
    Agreement,
    Decision,
    Field,
    Grant,
    Notice,
    Policy,
    Predicate,
)

Sign = Literal["+", "~", "-"]
What = Literal[
    "notice",
    "class",
    "purpose",
    "item",
    "user",
    "ground",
    "decision",
    "agreement",
    "grant",
    "field",
    "partner",
    "catalogue",
    "source",
]
"""`field` is a granted one, `catalogue` one of the catalogue; `class` the only purposes for a class of fields."""

Path = tuple[str, ...]
Plain = str | int | bool | tuple[str, ...] | None

_MOST = 2**53 - 1  # the greatest number that canonical JSON writes


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a policy version says otherwise."""

    sign: Sign
    what: What
    path: Path
    """Where: agreements by partner and id, grants by their name in the agreement; of a `~`, the word that changed last."""
    before: Plain
    after: Plain
    wider: bool
    """Whether it could let something new out."""


class _Part(msgspec.Struct, frozen=True):
    what: What
    shown: str
    """The word that stands for the whole part where it is new or gone."""
    said: Mapping[str, Any]
    """Word → what is said; a part that says one thing has it under the empty word."""


def compare(old: Policy | None, new: Policy) -> tuple[Difference, ...]:
    """Return every difference between two versions of one co-op's policy, sorted by path; None is no version at all.

    Digests and the order of parts, which follow from what the parts say, are no difference. Raises ValueError for the
    policies of two co-ops.
    """
    if old is not None and old.coop != new.coop:
        raise ValueError(f"`{old.coop}` and `{new.coop}` are two co-ops; compare versions of one")
    before = {} if old is None else dict(_parts(old))
    after = dict(_parts(new))
    found: list[Difference] = []
    for path in before.keys() | after.keys():
        found += _between(path, before.get(path), after.get(path))
    return tuple(sorted(found, key=lambda one: one.path))


def widens(difference: Difference) -> bool:
    """Tell whether a difference could let something new out; when in doubt, it could."""
    return difference.wider


def grant_path(agreement: Agreement, grant: Grant) -> Path:
    """Return where a grant stands: `agreements`, partner, agreement, `grants`, its name in the agreement."""
    return ("agreements", agreement.partner, agreement.id, "grants", grant_name(agreement, grant))


def grant_name(agreement: Agreement, grant: Grant) -> str:
    """Return a grant's name in its agreement's file; its id also carries the agreement's."""
    return grant.id.removeprefix(f"{agreement.id}.")


def _between(path: Path, old: _Part | None, new: _Part | None) -> Iterator[Difference]:
    if new is None:
        assert old is not None
        shown = old.said[old.shown]
        yield Difference(
            sign="-", what=old.what, path=path, before=_plain(shown), after=None, wider=gone(old.what, shown)
        )
        return
    if old is None:
        shown = _plain(new.said[new.shown])
        yield Difference(sign="+", what=new.what, path=path, before=None, after=shown, wider=came(new.what))
        return
    for word in old.said:
        before, after = _plain(old.said[word]), _plain(new.said[word])
        if type(before) is type(after) and before == after:
            continue
        where = (*path, word) if word else path
        could = wider(new.what, word, old.said[word], new.said[word])
        yield Difference(sign="~", what=new.what, path=where, before=before, after=after, wider=could)


# ── a policy in parts ─────────────────────────────────────────────────────────────────────────────────────────────


def _parts(policy: Policy) -> Iterator[tuple[Path, _Part]]:
    for notice in policy.notices:
        yield from _notice(notice)
    for decision in policy.decisions:
        yield ("decisions", decision.id), _Part("decision", "kind", _decision(decision))
    for agreement in policy.agreements.values():
        yield from _agreement(agreement)
    for partner in policy.partners.values():
        said = _words(partner, "name", "corporate_number", "country", "clients", "receives")
        said |= {name: partner.records.get(name) for name in PARTNER_RECORDS}
        yield ("partners", partner.id), _Part("partner", "name", said)
    for field in policy.fields.values():
        yield ("fields", field.id), _Part("catalogue", "ja", _field(field))
    for kind, names in (("facts", policy.source.facts), ("columns", policy.source.columns)):
        for name, column in names.items():
            yield ("source", kind, name), _Part("source", "", {"": column})
    for kind in ("constants", "values"):
        for name, said in getattr(policy.source, kind).items():
            yield ("source", kind, name), _Part("source", "", {"": msgspec.json.encode(said, order="sorted").decode()})
    for kind in ("sql", "file"):
        if (place := getattr(policy.source, kind)) is not None:
            yield ("source", kind), _Part("source", "", {"": msgspec.json.encode(place, order="sorted").decode()})


def _notice(notice: Notice) -> Iterator[tuple[Path, _Part]]:
    at = ("notices", notice.version)
    said = _words(notice, "effective", "published", "programmes", "joint_subjects", "subjects", "products", "held")
    yield at, _Part("notice", "effective", said | {"gaps": frozenset(notice.gaps)})
    for name, purposes in notice.class_purposes.items():
        yield (*at, "class_purposes", name), _Part("class", "", {"": purposes})
    for purpose in notice.purposes.values():
        words = _words(purpose, "joint", "marketing", "subjects", "case_required", "uses_only", "bases")
        yield (*at, "purposes", purpose.id), _Part("purpose", "joint", words)
    for item in notice.items.values():
        yield (*at, "items", item.id), _Part("item", "fields", _words(item, "fields", "open", "never"))
    for partner in {user.partner for user in notice.users}:
        mine = [user for user in notice.users if user.partner == partner]
        filters = frozenset(user.filter_required for user in mine if user.filter_required)
        days = frozenset(user.span for user in mine)
        yield (*at, "users", partner), _Part("user", "filters", {"days": days, "filters": filters})
    for ground in notice.grounds.values():
        words = _words(ground, "basis", "case_required", "contact_only", "review")
        yield (*at, "grounds", ground.id), _Part("ground", "basis", words)


def _decision(decision: Decision) -> dict[str, Any]:
    said = _words(decision, "kind", "item", "fields", "partner", "purposes", "versions", "ground")
    return said | {"days": decision.span, "selectors": frozenset(decision.selectors)}


def _agreement(agreement: Agreement) -> Iterator[tuple[Path, _Part]]:
    said = _words(agreement, "basis", "term", "clauses", "evidence", "supervision", "ground", "programme", "department")
    said |= _words(agreement, "reconciliation")
    said |= {name: agreement.records.get(name) for name in AGREEMENT_RECORDS}
    at = ("agreements", agreement.partner, agreement.id)
    yield at, _Part("agreement", "basis", said | {"evidence_days": agreement.evidence_span})
    for grant in agreement.grants:
        where = grant_path(agreement, grant)
        words = _words(grant, "purpose", "products", "max_age_days", "retention_days", "members_per_day", "filters")
        words |= _words(grant, "case")
        yield where, _Part("grant", "purpose", words | {"population": frozenset(grant.population)})
        for name, transform in grant.fields.items():
            yield (*where, "fields", name), _Part("field", "", {"": transform})


def _field(field: Field) -> dict[str, Any]:
    words = ("item", "type", "nullable", "cls", "ja", "en", "example", "max_length", "length", "pattern")
    said = _words(field, *words, "product", "subject", "minor", "contact")
    return said | {"codes": frozenset(field.codes)}


def _words(part: msgspec.Struct, *names: str) -> dict[str, Any]:
    return {name: getattr(part, name) for name in names}


# ── what is said, in plain ────────────────────────────────────────────────────────────────────────────────────────


def _plain(value: Any) -> Plain:
    """Return a value as a reader and JSON take it; two that differ never look the same."""
    match value:
        case None | bool():
            return value
        case int():
            return value if -_MOST <= value <= _MOST else str(value)
        case StrEnum():
            return str(value.value)
        case str():
            return value
        case Span():
            return span_text(value)
        case Predicate():
            return condition_text(value)
        case Mapping():
            return tuple(sorted(f"{name}={one}" for name, one in value.items()))
    return tuple(sorted(str(_plain(one)) for one in value))


def span_text(span: Span) -> str:
    """Return a span as JST calendar days, both inclusive, or as instants where it does not keep to days."""
    start, end = span.start, span.end
    by_day = (start is None or midnight(jst_day(start)) == start) and (end is None or midnight(jst_day(end)) == end)
    if not by_day:
        texts = ["" if edge is None else edge.astimezone(JST).isoformat() for edge in (start, end)]
        return "/".join(texts)
    first = "" if start is None else jst_day(start).isoformat()
    last = "" if end is None else jst_day(end - timedelta(days=1)).isoformat()
    return f"{first}..{last}"


def condition_text(condition: Predicate) -> str:
    """Return a condition in signs: `a in ["1","2"]`, `b starts ["06"]`, `c from 1 to 9`."""
    texts = [condition.field]
    for word, value in (
        ("in", condition.among),
        ("starts", condition.prefixes),
        ("from", condition.lowest),
        ("to", condition.highest),
    ):
        if value is not None:
            texts += [word, msgspec.json.encode(value).decode()]
    return " ".join(texts)
