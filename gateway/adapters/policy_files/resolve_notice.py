"""Notice files as the core reads them: every version that ever governed, oldest first."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from gateway.adapters.policy_files.joint_use import JointUse
from gateway.adapters.policy_files.notice import NoticeFile, Purpose as PurposeShape, Revision
from gateway.core.days import days
from gateway.core.policy import Ground, Item, Mapped, Notice, Purpose, User

T = TypeVar("T")

MATTERS = (
    "items",
    "joint_purposes",
    "users",
    "responsible_party.name",
    "responsible_party.address",
    "responsible_party.representative",
)
"""What a joint-use notice must state (法27条5項3号)."""


def resolve_notices(files: Iterable[NoticeFile]) -> tuple[Notice, ...]:
    """Return every version, oldest first: those whose text is held, and those known by their date alone."""
    held = {file.version: file for file in files}
    notices = {version: _notice(file) for version, file in held.items()}
    for file in held.values():
        for revision in file.versions:
            if revision.version not in notices:
                notices[revision.version] = _header_only(file, revision)
    return tuple(notices[version] for version in sorted(notices))


def _header_only(file: NoticeFile, revision: Revision) -> Notice:
    """Return a version of which only the date is known: it allows nothing, and covers nobody by itself."""
    began = days(date.fromisoformat(revision.version), None)
    return Notice(
        version=revision.version,
        effective=began,
        published=began,
        gaps=MATTERS,
        programmes=_programmes(file),
        purposes={},
        items={},
        grounds={},
        class_purposes={},
        held=False,
    )


def _notice(file: NoticeFile) -> Notice:
    joint = file.joint_use
    subjects = file.applies_to.joint_use_subjects
    collected = file.applies_to.collected_from
    return Notice(
        version=file.version,
        effective=days(file.effective.start, file.effective.end),
        published=days(file.published.start, file.published.end),
        gaps=tuple(_gaps(joint)),
        programmes=_programmes(file),
        joint_subjects=None if subjects is None else frozenset(subjects),
        subjects=None if collected is None else frozenset(collected),
        products=frozenset(file.products or ()),
        purposes={purpose.id: purpose for code, one in _numbered(file.purposes) for purpose in _purposes(code, one)},
        items={
            name: Item(id=name, fields=frozenset(one.fields), open=one.open, never=frozenset(one.never))
            for name, one in _numbered(joint.items or {})
        },
        users=tuple(_users(file)),
        grounds={
            name: Ground(
                id=name,
                basis=one.basis,
                case_required=one.case == "required",
                contact_only=one.fields == "contact",
                review=one.review,
            )
            for name, one in (*_numbered(file.third_party), *_numbered(file.not_third_party))
        },
        class_purposes={name: frozenset(codes) for name, codes in sorted(file.classes_by_purpose.items())},
    )


def _numbered(parts: Mapping[str, T]) -> list[tuple[str, T]]:
    """Return numbered parts (P1 … P13) in the order of their numbers, whatever the order they are stored in."""
    return sorted(parts.items(), key=lambda part: (len(part[0]), part[0]))


def _programmes(file: NoticeFile) -> frozenset[str] | None:
    programmes = file.applies_to.programmes
    return None if programmes is None else frozenset(programme.id for programme in programmes)


def _gaps(joint: JointUse) -> Iterator[str]:
    stated = {
        "items": bool(joint.items),
        "joint_purposes": joint.purpose is not None,
        "users": bool(joint.users),
        "responsible_party.name": any(party.name for party in joint.responsible_parties),
        "responsible_party.address": any(party.address for party in joint.responsible_parties),
        "responsible_party.representative": any(party.representative for party in joint.responsible_parties),
    }
    return (matter for matter in MATTERS if not stated[matter])


def _purposes(code: str, one: PurposeShape) -> Iterator[Purpose]:
    """Yield the purpose; one with uses is asked for by use, and its bare code only says so."""
    yield _purpose(code, one, marketing=one.marketing, uses_only=bool(one.uses))
    for use, shape in sorted((one.uses or {}).items()):
        yield _purpose(f"{code}.{use}", one, marketing=one.marketing or shape.marketing, uses_only=False)


def _purpose(code: str, one: PurposeShape, *, marketing: bool, uses_only: bool) -> Purpose:
    return Purpose(
        id=code,
        joint=_mapped(one),
        marketing=marketing,
        subjects=None if one.subjects is None else frozenset(one.subjects),
        case_required=one.case == "required",
        uses_only=uses_only,
        bases=None if one.bases is None else frozenset(one.bases),
    )


def _mapped(one: PurposeShape) -> Mapped:
    """Return the mapping: a `yes` that nobody signed, and what is unknown, stand under review."""
    match one.joint:
        case "yes" if one.reading is not None:
            return "yes"
        case "no":
            return "no"
        case _:
            return "review"


def _users(file: NoticeFile) -> Iterator[User]:
    """Yield each joint user on its days, those of a class on the days they were members; nobody without a date."""
    for _, user in _numbered(file.joint_use.users):
        first = max(user.start or file.effective.start, file.effective.start)
        if user.partner is not None:
            yield User(partner=user.partner, span=days(first, user.end), filter_required=user.filter_required)
        listed = file.classes.get(user.members_of) if user.members_of is not None else None
        for member in listed.members if listed is not None else ():
            if member.start is not None:
                ends = [end for end in (user.end, member.end) if end is not None]
                span = days(max(first, member.start), min(ends, default=None))
                yield User(partner=member.partner, span=span, filter_required=user.filter_required)
