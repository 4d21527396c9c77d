"""項目定義: what a partner receives under one agreement, field by field, and what changed since the version before.

Pure data, made of published versions: types and lengths after a transform are those of the grant's schema, which pages
of data are held to (core/grant_schema.py), and examples are the catalogue's through the real transforms. The version
before is the one that this agreement was last otherwise in, or the one that is asked for. definition_tables.py shows it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from gateway.control_plane.changes.synthetic import sampled
from gateway.control_plane.grants.matrix import Texts, natural
from gateway.control_plane.grants.matrix_changes import texts_of
from gateway.control_plane.notices.document import read_document
from gateway.control_plane.partners.document import Contract, read_document as read_partners
from gateway.core.changes.comparison import Difference, Path, Sign, compare, grant_name, grant_path
from gateway.core.changes.sentence import sentence, whom
from gateway.core.grant_schema import grant_schema
from gateway.core.policy import Agreement, Field, Grant, Policy, Transform
from gateway.core.sources.source_map import SourceMap
from gateway.core.state import Snapshot, Version
from gateway.tlog.entries import Publish, decode, instant

_FIXED = re.compile(r"\^\[[^\]]+\]\{([0-9]+)\}\$")
_LONGEST_AGE_BAND = 5
_NOTHING_ELSE = SourceMap(facts={}, columns={})


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a published document, which the gates do not read; empty where its files were not kept."""

    texts: Texts = Texts()
    codes: Mapping[str, Mapping[str, str]] = {}
    """Field → code → what it stands for."""
    contract: Contract | None = None


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """How a field looks when it leaves, as the grant's schema has it."""

    json_type: str
    length: int | None
    """Characters at most; None where there is no limit, or it is no string."""
    pattern: str | None
    nullable: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one grant. One that was taken out is told as it was before."""

    sign: Sign | None
    grant: Grant
    field: Field
    transform: Transform
    released: Released | None
    """None where it never leaves (`drop`)."""
    example: str
    changes: tuple[Difference, ...]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One grant as a whole; one that was taken out is told as it was before."""

    sign: Sign | None
    name: str
    grant: Grant
    whom: tuple[str, str]
    sentence: tuple[str, str]
    changes: tuple[Difference, ...]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A version that says something of this agreement otherwise than the one before it."""

    number: int
    """Counted from 1 in the order of publication."""
    version: Version
    publication: Publish | None
    """The log's entry; None where the log was not read."""
    differences: tuple[Difference, ...]


class Definitions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said of one agreement in one version."""

    policy: Policy
    agreement: Agreement
    version: Changed
    """The version itself; its differences are those from `against`."""
    against: Version | None
    grants: tuple[Given, ...]
    lines: tuple[Line, ...]
    history: tuple[Changed, ...]
    """Up to the version itself, the newest first."""
    words: Words


def words_of(document: bytes | None, partner: str, agreement: str) -> Words:
    """Return what a canonical document says in words. Raises ValueError where the bytes hold no document."""
    if document is None:
        return Words()
    its = read_partners(document).agreements.get(partner, {}).get(agreement)
    return Words(
        texts=texts_of(document),
        codes={name: field.codes for name, field in read_document(document).fields.items() if field.codes},
        contract=None if its is None else its.contract,
    )


def publications_in(entries: Iterable[bytes]) -> list[Publish]:
    """Return those entries of a log that published a version."""
    return [one for one in map(decode, entries) if isinstance(one, Publish)]


def definitions(
    snapshot: Snapshot,
    version: Version,
    partner: str,
    agreement: str,
    *,
    today: date,
    against: Version | None = None,
    words: Words | None = None,
    publications: Iterable[Publish] = (),
) -> Definitions:
    """Return what a partner receives under an agreement by one version of the snapshot, as of a JST day.

    `against` is the version to compare with; None: the one before this agreement last changed. Raises KeyError where
    the two have no such agreement in this version.
    """
    policy = version.policy
    its = policy.agreements[agreement]
    if its.partner != partner:
        raise KeyError(agreement)
    known = {(one.policy, one.effective): one for one in publications}
    history, befores = _history(snapshot, version, partner, agreement, known)
    if against is None:
        against = befores.get(history[0].version.index) if history else None
    old = None if against is None else against.policy
    found = _differences(old, policy, partner, agreement)
    return Definitions(
        policy=policy,
        agreement=its,
        version=_changed(snapshot, version, known, found),
        against=against,
        grants=tuple(_grants(old, policy, its, found)),
        lines=tuple(_lines(old, policy, its, found, today)),
        history=tuple(history),
        words=words or Words(),
    )


# ── versions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _history(
    snapshot: Snapshot, version: Version, partner: str, agreement: str, known: Mapping[tuple[str, str], Publish]
) -> tuple[list[Changed], dict[int, Version | None]]:
    """Return the versions that changed the agreement, newest first, and by its index what each of them followed."""
    # In the order in which they were published: the last of those begun decides (core/state.py, policy_at).
    ordered = sorted(snapshot.versions, key=lambda one: one.index)
    changed: list[Changed] = []
    befores: dict[int, Version | None] = {}
    before: Version | None = None
    for one in ordered[: ordered.index(version) + 1]:
        found = _differences(None if before is None else before.policy, one.policy, partner, agreement)
        if found:
            changed.append(_changed(snapshot, one, known, found))
            befores[one.index] = before
        before = one
    return changed[::-1], befores


def _changed(
    snapshot: Snapshot, version: Version, known: Mapping[tuple[str, str], Publish], found: tuple[Difference, ...]
) -> Changed:
    return Changed(
        number=next(number for number, one in enumerate(snapshot.versions, 1) if one is version),
        version=version,
        publication=known.get((version.policy.digest, instant(version.effective))),
        differences=found,
    )


def _differences(old: Policy | None, new: Policy, partner: str, agreement: str) -> tuple[Difference, ...]:
    """Return what is otherwise of one agreement, and of the catalogue's fields that it grants before and after."""
    before = None if old is None else _slim(old, partner, agreement)
    after = _slim(new, partner, agreement)
    return tuple(
        one
        for one in compare(before, after)
        if one.path[0] == "agreements" or (one.path[0], one.sign) == ("fields", "~")
    )


def _slim(policy: Policy, partner: str, agreement: str) -> Policy:
    """Return a policy of one agreement alone, so that comparing many versions takes no time."""
    its = policy.agreements.get(agreement)
    kept = {} if its is None or its.partner != partner else {agreement: its}
    granted = {name for one in kept.values() for grant in one.grants for name in grant.fields}
    return msgspec.structs.replace(
        policy,
        notices=(),
        decisions=(),
        agreements=kept,
        partners={},
        fields={name: field for name, field in policy.fields.items() if name in granted},
        source=_NOTHING_ELSE,
    )


# ── grants and fields ─────────────────────────────────────────────────────────────────────────────────────────────


def _sides(
    old: Policy | None, policy: Policy, its: Agreement
) -> Iterator[tuple[Policy, Agreement, Grant, Grant | None]]:
    """Yield every grant with the policy and agreement that it stands in and what it was before; those gone last."""
    was = None if old is None else old.agreements.get(its.id)
    before = {} if was is None or was.partner != its.partner else {grant.id: grant for grant in was.grants}
    for grant in _in_order(its.grants):
        yield policy, its, grant, before.pop(grant.id, None)
    if old is not None and was is not None:
        for grant in _in_order(before.values()):
            yield old, was, grant, grant


def _in_order(grants: Iterable[Grant]) -> list[Grant]:
    return sorted(grants, key=lambda grant: (natural(grant.purpose), sorted(grant.products), grant.id))


def _grants(old: Policy | None, policy: Policy, its: Agreement, found: tuple[Difference, ...]) -> Iterator[Given]:
    for side, agreement, grant, _ in _sides(old, policy, its):
        at = grant_path(agreement, grant)
        # What is said of its fields is told with each field.
        changes = tuple(one for one in found if one.what == "grant" and one.path[: len(at)] == at)
        yield Given(
            sign=_sign(changes),
            name=grant_name(agreement, grant),
            grant=grant,
            whom=whom(side, grant),
            sentence=sentence(side, agreement, grant),
            changes=changes,
        )


def _lines(
    old: Policy | None, policy: Policy, its: Agreement, found: tuple[Difference, ...], today: date
) -> Iterator[Line]:
    by_path: dict[Path, Difference] = {one.path: one for one in found}
    catalogue: dict[str, list[Difference]] = {}
    for one in found:
        if one.what == "catalogue":
            catalogue.setdefault(one.path[1], []).append(one)
    for side, agreement, grant, before in _sides(old, policy, its):
        yield from _fields(side, agreement, grant, by_path=by_path, catalogue=catalogue, today=today)
        gone = {} if before is None else {name: how for name, how in before.fields.items() if name not in grant.fields}
        if gone and old is not None:
            was = msgspec.structs.replace(grant, fields=gone)
            yield from _fields(old, agreement, was, by_path=by_path, catalogue={}, today=today)


def _fields(
    policy: Policy,
    agreement: Agreement,
    grant: Grant,
    *,
    by_path: Mapping[Path, Difference],
    catalogue: Mapping[str, list[Difference]],
    today: date,
) -> Iterator[Line]:
    properties: Mapping[str, Any] = grant_schema(grant, policy.fields)["properties"]
    shown = {one.field: one.after for one in sampled(None, None, policy, grant, partner=agreement.partner, today=today)}
    at = grant_path(agreement, grant)
    for name in sorted(grant.fields, key=lambda one: (natural(policy.fields[one].item), one)):
        own = by_path.get((*at, "fields", name))
        changes = (*(() if own is None else (own,)), *catalogue.get(name, ()))
        example = shown[name]
        yield Line(
            sign=_sign(changes),
            grant=grant,
            field=policy.fields[name],
            transform=grant.fields[name],
            released=_released(grant.fields[name], properties[name]) if name in properties else None,
            example="" if example is None or example.value is None else _example(example.value),
            changes=changes,
        )


def _sign(changes: tuple[Difference, ...]) -> Sign | None:
    """Return what became of a part: the sign of the whole of it where it came or went, else that it is otherwise."""
    if not changes:
        return None
    whole = next((one.sign for one in changes if one.sign != "~"), None)
    return whole or "~"


def _released(transform: Transform, said: Mapping[str, Any]) -> Released:
    kinds = said.get("anyOf", [said])
    made: Mapping[str, Any] = kinds[0]
    pattern = made.get("pattern")
    fixed = None if pattern is None else _FIXED.fullmatch(pattern)
    if "const" in made:
        length: int | None = len(made["const"])
    elif "enum" in made:
        length = max((len(code) for code in made["enum"]), default=None)
    elif transform == "age_band":
        length = _LONGEST_AGE_BAND
    elif made.get("format") == "date":
        length = len("YYYY-MM-DD")
    else:
        length = made.get("maxLength") if fixed is None else int(fixed[1])
    return Released(
        json_type=made.get("type", "string"),
        length=length,
        pattern=pattern,
        nullable=any(one.get("type") == "null" for one in kinds),
    )


def _example(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
