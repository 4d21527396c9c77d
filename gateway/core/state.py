"""What governance entries have put in force: policy versions, partner states, keys and duties, member restrictions.

A Snapshot is the fold of all effects up to one governance index; every decision is made under one, and the commit
point proves that it was current (transfer-log.md "Append").
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import repeat
from typing import Literal

import msgspec

from gateway.core.days import Moment, Span
from gateway.core.policy import Policy

RestrictionKind = Literal["stop_use", "stop_provide", "marketing_stop", "protected"]


class PolicyPublished(msgspec.Struct, frozen=True, kw_only=True, tag="policy"):
    """A policy version comes into force at an instant, possibly a future one."""

    effective: datetime
    digest: str
    document: bytes


class PartnerStateSet(msgspec.Struct, frozen=True, kw_only=True, tag="partner"):
    """A partner becomes active or suspended."""

    partner: str
    active: bool


class ClientKey(msgspec.Struct, frozen=True, kw_only=True):
    """A registered public key of a partner's client, valid over a half-open span."""

    client: str
    kid: str
    use: Literal["sig", "enc"]
    alg: str
    thumbprint: str
    jwk: dict[str, str]
    span: Span


class ClientKeySet(msgspec.Struct, frozen=True, kw_only=True, tag="client_key"):
    """A key of a partner's client is added, or its end is set (same client and kid)."""

    partner: str
    key: ClientKey


class Restriction(msgspec.Struct, frozen=True, kw_only=True):
    """A stop for one member, for all partners and purposes or for the named ones."""

    kind: RestrictionKind
    partner: str | None = None
    purpose: str | None = None
    start: datetime
    end: datetime | None = None
    received: datetime | None = None
    """When the co-op received it, where its core system told of it and said when."""


class MembersRestricted(msgspec.Struct, frozen=True, kw_only=True, tag="restrict"):
    """A restriction is set for members, who appear as tags."""

    tags: tuple[bytes, ...]
    restriction: Restriction
    ground: str | None = None
    """What it rests on, where the entry does not say it of all."""
    received: tuple[datetime | None, ...] = ()
    """Of each tag in turn when the co-op received it; empty where nobody said of any."""


class MembersLifted(msgspec.Struct, frozen=True, kw_only=True, tag="lift"):
    """Restrictions of one kind, partner and purpose end for members, who appear as tags."""

    tags: tuple[bytes, ...]
    kind: RestrictionKind
    partner: str | None = None
    purpose: str | None = None
    ground: str | None = None
    """What it rests on, where the entry does not say it of all."""


class MembersNotified(msgspec.Struct, frozen=True, kw_only=True, tag="notified"):
    """Members, who appear as tags, left the co-op or were corrected: nothing is in force by it, but partners are told."""

    tags: tuple[bytes, ...]
    cause: Literal["withdrawal", "correction"]


class PartnerDutyOpened(msgspec.Struct, frozen=True, kw_only=True, tag="duty_opened"):
    """A partner is told to do something with data that it holds; from `start` on it receives nothing more until that is done.

    `agreement` None: under none of its agreements.
    """

    partner: str
    follow_up: str
    agreement: str | None = None
    start: datetime


class PartnerDutyMet(msgspec.Struct, frozen=True, kw_only=True, tag="duty_met"):
    """What a partner was told to do is done, as it signed."""

    partner: str
    follow_up: str


Effect = (
    PolicyPublished
    | PartnerStateSet
    | ClientKeySet
    | MembersRestricted
    | MembersLifted
    | MembersNotified
    | PartnerDutyOpened
    | PartnerDutyMet
)
"""What a governance entry does, written in the transaction of the entry that announces it."""


class PartnerState(msgspec.Struct, frozen=True, kw_only=True):
    """One partner as governance left it; a partner never mentioned is not active."""

    active: bool = False
    keys: tuple[ClientKey, ...] = ()
    duties: tuple[PartnerDutyOpened, ...] = ()
    """What it was told to do and has not done, where nothing more is released to it once that is overdue."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published policy version and the governance entry that published it."""

    effective: datetime
    index: int
    policy: Policy


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in force for one co-op after the governance entry `gov` (-1: none yet)."""

    coop: str
    gov: int = -1
    versions: tuple[Version, ...] = ()
    partners: Mapping[str, PartnerState] = {}
    restrictions: Mapping[bytes, tuple[Restriction, ...]] = {}
    touched: Mapping[bytes, int] = {}
    """Member's tag → the last entry that set a restriction for it or lifted one."""

    def policy_at(self, moment: Moment) -> Policy | None:
        """Return the version that was published last, of those that have begun.

        A later publication takes the place of one that has not begun when it begins: what was meant for a day to come
        and was then decided otherwise never comes into force.
        """
        begun = [version for version in self.versions if moment.begun(version.effective)]
        return max(begun, key=lambda version: version.index).policy if begun else None

    def superseded(self, version: Version) -> bool:
        """Tell whether a version never comes into force: one published after it has begun by the time that it would."""
        return any(one.index > version.index and one.effective <= version.effective for one in self.versions)

    def partner(self, partner: str) -> PartnerState:
        """Return a partner's state."""
        return self.partners.get(partner, PartnerState())


def apply(snapshot: Snapshot, index: int, effect: Effect, resolve: Callable[[bytes, str], Policy]) -> Snapshot:
    """Return the snapshot after one effect of the governance entry at `index`.

    `resolve` turns a published document and its digest into a Policy.
    """
    replace = msgspec.structs.replace
    match effect:
        case PolicyPublished():
            version = Version(effective=effect.effective, index=index, policy=resolve(effect.document, effect.digest))
            return replace(snapshot, gov=index, versions=(*snapshot.versions, version))
        case PartnerStateSet():
            state = replace(snapshot.partner(effect.partner), active=effect.active)
            return replace(snapshot, gov=index, partners={**snapshot.partners, effect.partner: state})
        case ClientKeySet():
            state = snapshot.partner(effect.partner)
            others = [k for k in state.keys if (k.client, k.kid) != (effect.key.client, effect.key.kid)]
            state = replace(state, keys=(*others, effect.key))
            return replace(snapshot, gov=index, partners={**snapshot.partners, effect.partner: state})
        case MembersRestricted():
            received = effect.received or repeat(None, len(effect.tags))
            changed = {
                tag: (
                    *snapshot.restrictions.get(tag, ()),
                    effect.restriction if when is None else replace(effect.restriction, received=when),
                )
                for tag, when in zip(effect.tags, received, strict=True)
            }
            touched = {**snapshot.touched, **dict.fromkeys(effect.tags, index)}
            return replace(snapshot, gov=index, restrictions={**snapshot.restrictions, **changed}, touched=touched)
        case MembersLifted():
            what = (effect.kind, effect.partner, effect.purpose)
            kept = dict(snapshot.restrictions)
            for tag in effect.tags:
                left = tuple(r for r in kept.pop(tag, ()) if (r.kind, r.partner, r.purpose) != what)
                if left:
                    kept[tag] = left
            touched = {**snapshot.touched, **dict.fromkeys(effect.tags, index)}
            return replace(snapshot, gov=index, restrictions=kept, touched=touched)
        case MembersNotified():
            return replace(snapshot, gov=index)
        case PartnerDutyOpened():
            state = snapshot.partner(effect.partner)
            state = replace(state, duties=(*state.duties, effect))
            return replace(snapshot, gov=index, partners={**snapshot.partners, effect.partner: state})
        case PartnerDutyMet():
            state = snapshot.partner(effect.partner)
            state = replace(state, duties=tuple(one for one in state.duties if one.follow_up != effect.follow_up))
            return replace(snapshot, gov=index, partners={**snapshot.partners, effect.partner: state})
