"""A preview as its page shows it: partners, fields and transforms by their names, what widens counted."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec

from gateway.console.language import Language
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.changes.synthetic import Shown
from gateway.control_plane.notices.change_words import SaidChange, say
from gateway.core.changes.comparison import Difference, Plain
from gateway.core.changes.replay import Replayed
from gateway.core.policy import Policy
from gateway.core.transforms import TRANSFORM_WORDS

_FIELD_AT = 6
"""Where a granted field stands in a path: agreements, partner, agreement, grants, grant, fields, field."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A difference."""

    sign: str
    what: str
    where: tuple[str, ...]
    """From the outermost part to the innermost, by name where it has one."""
    before: str
    after: str
    wider: bool


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the made-up member on one side: its value, and how it was changed where it was."""

    value: str
    transform: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the made-up member; None on the side where it is withheld."""

    name: str
    sign: str
    before: Cell | None
    after: Cell | None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant in a sentence, before and after; "" where there is none."""

    partner: str
    agreement: str
    grant: str
    before: str
    after: str
    fields: tuple[Field, ...]


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """A partner that would newly receive fields."""

    partner: str
    purpose: str
    fields: tuple[str, ...]
    held: int


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a field that was really asked for."""

    partner: str
    purpose: str
    field: str
    outcome: str
    requests: int
    members: int


class ShownPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a preview on screen."""

    made: datetime
    lines: tuple[Line, ...]
    counts: Mapping[str, int]
    """Sign → how many differences."""
    wider: int
    receivers: tuple[Receiver, ...]
    grants: tuple[Grant, ...]
    effects: tuple[Effect, ...]
    replayed: Replayed
    since: datetime
    cut: bool
    notices: tuple[SaidChange, ...]
    """What changes of the notice in law."""


def show(seen: Preview, policy: Policy | None, *, lang: Language) -> ShownPreview:
    """Return what the template shows of a preview; `policy` knows the names of what is in force."""
    at = 0 if lang == "ja" else 1
    fields = {} if policy is None else {one.id: (one.ja, one.en)[at] for one in policy.fields.values()}
    fields |= {one.field: (one.ja, one.en)[at] for grant in seen.grants for one in grant.member}
    partners = {} if policy is None else {one.id: one.name for one in policy.partners.values()}

    def partner(identifier: str) -> str:
        return partners.get(identifier, identifier)

    def field(identifier: str) -> str:
        return fields.get(identifier, identifier)

    def line(one: Difference) -> Line:
        where = list(one.path)
        if one.path[0] == "agreements":
            where = [partner(one.path[1]), *(part for part in one.path[2:] if part not in {"grants", "fields"})]
            if one.what == "field":
                where[-1] = field(one.path[_FIELD_AT])
        elif one.path[0] == "partners":
            where = [partner(one.path[1]), *one.path[2:]]
        words = [_transform(value, at) if one.what == "field" else _plain(value) for value in (one.before, one.after)]
        return Line(sign=one.sign, what=one.what, where=tuple(where), before=words[0], after=words[1], wider=one.wider)

    return ShownPreview(
        made=datetime.fromisoformat(seen.made),
        lines=tuple(line(one) for one in seen.differences),
        counts={"+": 0, "~": 0, "-": 0} | Counter(one.sign for one in seen.differences),
        wider=sum(one.wider for one in seen.differences),
        receivers=tuple(
            Receiver(
                partner=partner(one.partner),
                purpose=one.purpose,
                fields=tuple(field(name) for name in one.fields),
                held=one.held,
            )
            for one in seen.receives
        ),
        grants=tuple(
            Grant(
                partner=partner(one.partner),
                agreement=one.agreement,
                grant=one.grant,
                before=one.before[at] if one.before else "",
                after=one.after[at] if one.after else "",
                fields=tuple(
                    Field(
                        name=(cell.ja, cell.en)[at],
                        sign=_sign(cell.before, cell.after),
                        before=_cell(cell.before, at),
                        after=_cell(cell.after, at),
                    )
                    for cell in one.member
                ),
            )
            for one in seen.grants
        ),
        effects=tuple(
            Effect(
                partner=partner(one.partner),
                purpose=one.purpose,
                field=field(one.field),
                outcome=one.outcome,
                requests=one.requests,
                members=one.members,
            )
            for one in seen.replayed.fields
            if one.outcome != "unchanged"
        ),
        replayed=seen.replayed,
        since=datetime.fromisoformat(seen.log.reached),
        cut=seen.log.cut or seen.log.left_out > 0,
        notices=tuple(say(one, english=lang == "en") for one in seen.notices),
    )


def _sign(before: Shown | None, after: Shown | None) -> str:
    if before == after:
        return ""
    return "+" if before is None else "-" if after is None else "~"


def _cell(shown: Shown | None, at: int) -> Cell | None:
    if shown is None:
        return None
    said = "" if shown.transform == "as_is" else TRANSFORM_WORDS[shown.transform][at]
    return Cell(value=_plain(shown.value), transform=said)


def _transform(value: Plain, at: int) -> str:
    words = {name: both[at] for name, both in TRANSFORM_WORDS.items()}
    return words.get(value, _plain(value)) if isinstance(value, str) else _plain(value)  # type: ignore[call-overload]  # any text may be asked for


def _plain(value: Plain) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)
