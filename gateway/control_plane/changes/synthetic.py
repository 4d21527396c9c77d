"""What a made-up member looks like to a partner: the catalogue's examples through a grant's real transforms.

INVARIANT: nothing of a real member is read, and no key of the co-op: a pairwise identifier shown here is nobody's.
"""

from datetime import date

import msgspec

from gateway.core.identity import pairwise_id
from gateway.core.policy import Field, Grant, Policy, Transform
from gateway.core.rows import field_type
from gateway.core.transforms import bind

_NOBODYS_KEY = bytes(32)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the made-up member as it would leave; a dropped one has no value."""

    transform: Transform
    value: str | int | bool | None


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the made-up member before and after; None where it is not granted."""

    field: str
    ja: str
    en: str
    before: Shown | None
    after: Shown | None


def sampled(
    old: Policy | None, before: Grant | None, new: Policy, after: Grant | None, *, partner: str, today: date
) -> tuple[Sampled, ...]:
    """Return the made-up member as one grant gave it and as it would give it, on a JST day; sorted by field."""
    fields = {**({} if old is None else old.fields), **new.fields}
    names = {*(before.fields if before else ()), *(after.fields if after else ())}
    return tuple(
        Sampled(
            field=name,
            ja=fields[name].ja if name in fields else name,
            en=fields[name].en if name in fields else name,
            before=_shown(old, before, name, partner=partner, today=today),
            after=_shown(new, after, name, partner=partner, today=today),
        )
        for name in sorted(names)
    )


def _shown(policy: Policy | None, grant: Grant | None, name: str, *, partner: str, today: date) -> Shown | None:
    if policy is None or grant is None or name not in grant.fields:
        return None
    transform, field = grant.fields[name], policy.fields.get(name)
    value = None if field is None or transform == "drop" else _example(field)
    if value is not None:
        change = bind(
            transform, today=today, pairwise=lambda code: pairwise_id(_NOBODYS_KEY, policy.coop, partner, code)
        )
        value = value if change is None else change(value)
    return Shown(transform=transform, value=value.isoformat() if isinstance(value, date) else value)


def _example(field: Field) -> str | int | bool | date | None:
    """Return the catalogue's example as a source would give it; None where it is not of the field's type."""
    try:
        example: str | int | bool | date | None = msgspec.convert(field.example, field_type(field))
    except msgspec.ValidationError:
        return None
    return example
