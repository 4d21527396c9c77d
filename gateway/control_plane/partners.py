"""A partner's state and keys: suspension by one person and at once; keys pinned, with an end."""

from datetime import datetime, timedelta

from gateway.control_plane.govern import govern
from gateway.control_plane.refusals import Refused
from gateway.core.days import Span
from gateway.core.staff import held
from gateway.core.state import ClientKey, ClientKeySet, Effect, PartnerStateSet, Snapshot
from gateway.jose.rfc7517 import PublicKey
from gateway.ports import Clock, Log, Staff
from gateway.tlog.entries import Entry, Partner, instant

KEY_LIFE = timedelta(days=397)


class KeyInUse(ValueError):
    """A key is registered already, for another use, client or partner."""


async def resume(
    log: Log, staff: Staff, coop: str, partner: str, *, by: str, approver: str | None, reason: str, clock: Clock
) -> int:
    """Let releases to a partner begin, or begin again; return the governance index. Raises Refused, Unavailable.

    A suspension takes one person, its end takes two (security-profile §8): once the co-op has people with roles, one
    who may act and, as another, a manager.
    """
    roles = await staff.roles(coop)
    if approver is not None and approver.strip().casefold() == by.strip().casefold():
        raise Refused(
            "own",
            f"`{approver}` は自分の再開を承認できません。別の承認者を指定してください",
            f"`{approver}` cannot approve this, having asked for it; name another manager",
        )
    if roles:
        active = {one.id for one in await staff.people(coop) if one.active}
        at = clock()
        if by not in active or not any(held(roles, by, role, at) for role in ("operator", "admin", "manager")):
            raise Refused(
                "role",
                f"`{by}` は提供先を再開できません。運用(operator)・起案(admin)・承認(manager)の担当者が行ってください",
                f"`{by}` cannot resume a partner; an operator, admin or manager does",
            )
        if approver is None or approver not in active or not held(roles, approver, "manager", at):
            raise Refused(
                "approver",
                "再開には二人が必要です。もう一人の承認者(manager)を --approver で指定してください",
                "resuming takes two people: name a manager, another person, with --approver",
            )
    return await set_state(log, coop, partner, active=True, by=by, approver=approver, reason=reason, clock=clock)


async def set_state(
    log: Log,
    coop: str,
    partner: str,
    *,
    active: bool,
    by: str,
    reason: str,
    clock: Clock,
    approver: str | None = None,
) -> int:
    """Make a partner active or suspended; return the governance index. Raises Unavailable."""

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Partner(
            coop=coop,
            time=instant(now),
            gov=gov,
            partner=partner,
            event="active" if active else "suspended",
            approver=approver,
            by=by,
            reason=reason,
        )
        return entry, (PartnerStateSet(partner=partner, active=active),)

    return await govern(log, coop, act, clock=clock)


async def add_key(
    log: Log,
    snapshot: Snapshot,
    partner: str,
    client: str,
    key: PublicKey,
    *,
    by: str,
    reason: str,
    clock: Clock,
    life: timedelta = KEY_LIFE,
) -> int:
    """Register a client's public key from now on; return the governance index. Raises KeyInUse, StaleBase, Unavailable."""
    for other, state in snapshot.partners.items():
        for known in state.keys:
            if known.thumbprint == key.thumbprint:
                raise KeyInUse(
                    f"the key `{key.kid}` is registered already for `{other}` / `{known.client}`; make a new one"
                )
            if (other, known.client, known.kid) == (partner, client, key.kid):
                raise KeyInUse(f"`{client}` has a key named `{key.kid}` already; give the new one another `kid`")

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        span = Span(now, now + life)
        entry = Partner(
            coop=snapshot.coop,
            time=instant(now),
            gov=gov,
            partner=partner,
            event="key_added",
            client=client,
            jwk=dict(key.jwk),
            thumbprint=key.thumbprint,
            start=instant(now),
            end=instant(now + life),
            by=by,
            reason=reason,
        )
        registered = ClientKey(
            client=client,
            kid=key.kid,
            use=key.use,
            alg=key.alg,
            thumbprint=key.thumbprint,
            jwk=dict(key.jwk),
            span=span,
        )
        return entry, (ClientKeySet(partner=partner, key=registered),)

    return await govern(log, snapshot.coop, act, clock=clock, base=snapshot.gov)


async def end_key(log: Log, snapshot: Snapshot, partner: str, kid: str, *, by: str, reason: str, clock: Clock) -> int:
    """End a key now; return the governance index. Raises KeyError where there is none, StaleBase, Unavailable."""
    known = next((key for key in snapshot.partner(partner).keys if key.kid == kid), None)
    if known is None:
        raise KeyError(kid)

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Partner(
            coop=snapshot.coop,
            time=instant(now),
            gov=gov,
            partner=partner,
            event="key_ends",
            client=known.client,
            thumbprint=known.thumbprint,
            end=instant(now),
            by=by,
            reason=reason,
        )
        ended = ClientKey(
            client=known.client,
            kid=known.kid,
            use=known.use,
            alg=known.alg,
            thumbprint=known.thumbprint,
            jwk=known.jwk,
            span=Span(known.span.start, now),
        )
        return entry, (ClientKeySet(partner=partner, key=ended),)

    return await govern(log, snapshot.coop, act, clock=clock, base=snapshot.gov)
