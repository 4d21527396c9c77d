"""What the staff API answers: instants in UTC as entries of the log write them, digests in lower-case hexadecimal."""

from datetime import datetime

import msgspec
from starlette.responses import Response

from gateway.console.api.inbound import Files, etag
from gateway.console.people.people import Line, When
from gateway.console.proposals.versions import Row, Standing
from gateway.control_plane.people.role_review import Flag, RoleReview
from gateway.core.changes.proposal import Proposal, State
from gateway.core.staff import Role, RoleHeld
from gateway.tlog.entries import instant


class ShownProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as it stands; `entry` is the index in the log of the entry that published it."""

    id: str
    coop: str
    state: State
    revision: int
    title: str
    department: str
    author: str
    editor: str
    approver: str | None
    reason: str
    content: str
    base: str | None
    preview: str | None
    effective: str | None
    created: str
    changed: str
    entry: int | None
    files: Files | msgspec.UnsetType = msgspec.UNSET


class ShownVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A published version, counted from 1; `entry` is the index of the entry that published it."""

    number: int
    digest: str
    effective: str
    entry: int
    standing: Standing


class ShownRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody holds, held or is to hold."""

    id: str
    role: Role
    department: str | None
    start: str | None
    end: str | None
    deputy_for: str | None
    when: When


class ShownPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who acts or acted for the co-op."""

    id: str
    name: str
    active: bool
    roles: tuple[ShownRole, ...]


class ReviewedRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role that goes on, and what a reviewer looks at."""

    id: str
    person: str
    role: Role
    department: str | None
    start: str | None
    end: str | None
    deputy_for: str | None
    signed_in: str | None
    last_act: str | None
    flags: tuple[Flag, ...]


class ShownReview(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to review, and how it stands; `digest` is what a signature names."""

    coop: str
    digest: str
    completed: str | None
    due: str
    waiting: tuple[str, ...]
    roles: tuple[ReviewedRole, ...]
    short: tuple[str, ...]
    left: tuple[str, ...]


def role_review(seen: RoleReview) -> ShownReview:
    """Return a review as it is answered: `waiting` are who signed these roles, `left` the ids of leavers' proposals."""
    return ShownReview(
        coop=seen.coop,
        digest=seen.digest,
        completed=_if_any(seen.standing.completed),
        due=instant(seen.standing.due),
        waiting=tuple(one.by for one in seen.standing.waiting if one.digest == seen.digest),
        roles=tuple(
            ReviewedRole(
                id=line.role.id,
                person=line.person.id,
                role=line.role.role,
                department=line.role.department,
                start=_if_any(line.role.span.start),
                end=_if_any(line.role.span.end),
                deputy_for=line.role.deputy_for,
                signed_in=_if_any(line.person.signed_in),
                last_act=_if_any(line.last_act),
                flags=line.flags,
            )
            for line in seen.lines
        ),
        short=seen.short,
        left=tuple(one.id for one in seen.left),
    )


def proposal(one: Proposal, *, files: Files | None = None) -> ShownProposal:
    """Return a proposal as it is answered."""
    return ShownProposal(
        id=one.id,
        coop=one.coop,
        state=one.state,
        revision=one.revision,
        title=one.title,
        department=one.department,
        author=one.author,
        editor=one.editor,
        approver=one.approver,
        reason=one.reason,
        content=one.content,
        base=one.base,
        preview=one.preview,
        effective=_if_any(one.effective),
        created=instant(one.created),
        changed=instant(one.changed),
        entry=one.published,
        files=msgspec.UNSET if files is None else files,
    )


def version(row: Row) -> ShownVersion:
    """Return a version as it is answered."""
    return ShownVersion(
        number=row.number,
        digest=row.version.policy.digest,
        effective=instant(row.version.effective),
        entry=row.version.index,
        standing=row.standing,
    )


def person(line: Line) -> ShownPerson:
    """Return a person as they are answered, roles held now first."""
    of: tuple[tuple[When, tuple[RoleHeld, ...]], ...] = (
        ("now", line.now),
        ("later", line.later),
        ("ended", line.ended),
    )
    roles = tuple(
        ShownRole(
            id=held.id,
            role=held.role,
            department=held.department,
            start=_if_any(held.span.start),
            end=_if_any(held.span.end),
            deputy_for=held.deputy_for,
            when=when,
        )
        for when, roles in of
        for held in roles
    )
    return ShownPerson(id=line.person.id, name=line.person.name, active=line.person.active, roles=roles)


def answer(value: object, status: int = 200, **headers: str) -> Response:
    """Return a value as JSON; a header's name is written with `_` for `-`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(msgspec.json.encode(value), status, named, media_type="application/json")


def stands(one: Proposal, status: int = 200, *, files: Files | None = None) -> Response:
    """Return how a proposal stands, with the tag that the next act names; of a new one, also where it is."""
    where = {"Location": f"/api/{one.coop}/proposals/{one.id}"} if status == 201 else {}
    return answer(proposal(one, files=files), status, ETag=etag(one.revision), **where)


def _if_any(when: datetime | None) -> str | None:
    return None if when is None else instant(when)
