"""A partner's state and keys: suspension by one person and at once; keys pinned, with an end."""

from datetime import datetime, timedelta

from gateway.control_plane.govern import govern
from gateway.core.days import Span
from gateway.core.state import ClientKey, ClientKeySet, Effect, PartnerStateSet, Snapshot
from gateway.jose.rfc7517 import PublicKey
from gateway.ports import Clock, Log
from gateway.tlog.entries import Entry, Partner, instant

KEY_LIFE = timedelta(days=397)


class KeyInUse(ValueError):
    """A key is registered already, for another use, client or partner."""


async def set_state(log: Log, coop: str, partner: str, *, active: bool, by: str, reason: str, clock: Clock) -> int:
    """Make a partner active or suspended; return the governance index. Raises Unavailable."""

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Partner(
            coop=coop,
            time=instant(now),
            gov=gov,
            partner=partner,
            event="active" if active else "suspended",
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
