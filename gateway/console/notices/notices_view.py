"""A notice as its page shows it: the gates' own gaps, mapping and spans, with the words of the files where they are."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from gateway.console.visit import Visit
from gateway.control_plane.grants.matrix import natural
from gateway.control_plane.notices.document import Document, NoticeFile, in_order
from gateway.core.days import FOREVER, Moment, Span, days, midnight
from gateway.core.policy import Decision, Notice, Policy

Standing = Literal["now", "past", "future", "undated"]
State = Literal["complete", "incomplete", "unheld"]


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A span as its first and last day are shown; an open side is None."""

    first: datetime | None
    last: datetime | None
    standing: Standing


class VersionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the notice as the list shows it."""

    notice: Notice
    effective: Term
    published: Term
    state: State
    sample: bool
    exportable: bool


class DecisionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that widened an item or lifted a purpose; the people are unknown where the files were not kept."""

    id: str
    term: Term
    fields: tuple[str, ...]
    by: str
    approved_by: str
    reason: str
    sample: bool


class ItemShown(msgspec.Struct, frozen=True, kw_only=True):
    """An item: the fields that are its label, and those that a decision put under it."""

    id: str
    label: str
    open: bool
    resolved: bool
    """Whether a decision in force lists what an open-ended item holds."""
    fields: tuple[str, ...]
    never: tuple[str, ...]
    decisions: tuple[DecisionShown, ...]


class PurposeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose, or one use of it, and whether it may ride joint use."""

    id: str
    text: str
    joint: Literal["yes", "review", "no"]
    by: str
    """Who read it as within joint use; empty without such a reading."""
    approved_by: str
    read: datetime | None
    sample: bool
    marketing: bool
    case_required: bool
    uses_only: bool
    decisions: tuple[DecisionShown, ...]


class UserShown(msgspec.Struct, frozen=True, kw_only=True):
    """A joint user on its days; a class without a legal entity of its own has members below it."""

    label: str
    partner: str
    name: str
    member: bool
    filter_required: str
    term: Term


def version_shown(notice: Notice, document: Document | None, now: datetime) -> VersionShown:
    file = None if document is None else document.notices.get(notice.version)
    state: State = "incomplete" if notice.gaps else "complete"
    return VersionShown(
        notice=notice,
        effective=_term(notice.effective, now),
        published=_term(notice.published, now),
        state=state if notice.held else "unheld",
        sample=file is not None and file.sample,
        exportable=file is not None,
    )


def items_shown(visit: Visit, policy: Policy, notice: Notice, document: Document | None) -> Iterator[ItemShown]:
    file = _file(notice, document)
    labels = {} if file is None else {name: one.label for name, one in (file.joint_use.items or {}).items()}
    for name, item in sorted(notice.items.items(), key=lambda part: natural(part[0])):
        its = [one for one in policy.decisions if one.kind in {"open_item", "item_field"} and one.item == name]
        decisions = tuple(decision_shown(visit, policy, one, document) for one in its)
        yield ItemShown(
            id=name,
            label=labels.get(name, name),
            open=item.open,
            resolved=any(one.term.standing == "now" for one in decisions),
            fields=_names(visit, policy, item.fields),
            never=tuple(sorted(item.never)),
            decisions=decisions,
        )


def purposes_shown(visit: Visit, policy: Policy, notice: Notice, document: Document | None) -> Iterator[PurposeShown]:
    file = _file(notice, document)
    for name, purpose in sorted(notice.purposes.items(), key=lambda part: natural(part[0])):
        code, _, use = name.partition(".")
        said = None if file is None else file.purposes.get(code)
        label = said.uses[use].label if said is not None and said.uses is not None and use in said.uses else use
        reading = None if said is None or purpose.joint != "yes" else said.reading
        yield PurposeShown(
            id=name,
            text=label or (name if said is None else said.text),
            joint=purpose.joint,
            by="" if reading is None else reading.by,
            approved_by="" if reading is None else reading.approved_by,
            read=None if reading is None else midnight(reading.on),
            sample=reading is not None and reading.sample,
            marketing=purpose.marketing,
            case_required=purpose.case_required,
            uses_only=purpose.uses_only,
            decisions=tuple(
                decision_shown(visit, policy, one, document)
                for one in policy.decisions
                if one.kind == "purpose" and name in one.purposes
            ),
        )


def users_shown(visit: Visit, policy: Policy, notice: Notice, document: Document | None) -> Iterator[UserShown]:
    """Yield the published users, each class with its members; by the gates' own list where the words were not kept."""
    file = _file(notice, document)
    if file is None:
        for user in notice.users:
            yield _user(visit, policy, user.partner, user.span, label="", wanted=user.filter_required)
        return
    spans = [(one.partner, one.span) for one in notice.users]
    for _, said in in_order(file.joint_use.users):
        if said.partner is not None:
            span = next((span for partner, span in spans if partner == said.partner), None)
            yield _user(visit, policy, said.partner, span, label=said.label, wanted=said.filter_required)
        listed = file.classes.get(said.members_of) if said.members_of is not None else None
        if listed is None:
            continue
        first = max((day for day in (said.start, file.effective.start) if day is not None), default=None)
        yield UserShown(
            label=said.label,
            partner="",
            name=listed.source,
            member=False,
            filter_required=said.filter_required or "",
            term=_term(days(first, said.end), visit.now),
        )
        for member in listed.members:
            span = None
            if member.start is not None:
                span = next((span for partner, span in spans if partner == member.partner), None)
            yield _user(visit, policy, member.partner, span, label="", wanted=said.filter_required)


def _user(
    visit: Visit, policy: Policy, partner: str, span: Span | None, *, label: str, wanted: str | None
) -> UserShown:
    name = policy.partners[partner].name if partner in policy.partners else partner
    term = Term(first=None, last=None, standing="undated") if span is None else _term(span, visit.now)
    return UserShown(label=label, partner=partner, name=name, member=not label, filter_required=wanted or "", term=term)


def decision_shown(visit: Visit, policy: Policy, decision: Decision, document: Document | None) -> DecisionShown:
    """Return a decision with its people, where the files were kept."""
    said = None if document is None else document.decisions.get(decision.id)
    return DecisionShown(
        id=decision.id,
        term=_term(decision.span, visit.now),
        fields=_names(visit, policy, decision.fields),
        by="" if said is None else said.by,
        approved_by="" if said is None else said.approved_by,
        reason="" if said is None else said.reason,
        sample=said is not None and said.sample,
    )


def _names(visit: Visit, policy: Policy, fields: frozenset[str]) -> tuple[str, ...]:
    """Return the labels of fields in the reader's language, in the order of their ids."""
    known = (policy.fields.get(name) for name in sorted(fields))
    words = ((one.ja, one.en) for one in known if one is not None)
    return tuple(ja if visit.texts.language == "ja" else en for ja, en in words)


def _file(notice: Notice, document: Document | None) -> NoticeFile | None:
    return None if document is None else document.notices.get(notice.version)


def _term(span: Span, now: datetime) -> Term:
    within = Moment(now).within(span)
    ended = span.end is not None and span.end <= now
    standing: Standing = "now" if within else "past" if ended else "future"
    last = None if span.end is None or span.end >= FOREVER else span.end - timedelta(milliseconds=1)
    return Term(first=span.start, last=last, standing=standing)
