"""A partner's state and keys: suspension by one person and at once; keys pinned, with an end.

What is done here, one person does: to stop, always; to begin, only before anybody holds a role (both_named.py).
From then on what begins is asked for and approved by another (partner_requests.py).
"""

from datetime import datetime, timedelta

from gateway.control_plane.govern import govern
from gateway.core.days import Span
from gateway.core.refused import Refused
from gateway.core.state import ClientKey, ClientKeySet, Effect, PartnerStateSet, Snapshot
from gateway.jose.rfc7517 import PublicKey
from gateway.ports import Change, Clock, Log
from gateway.tlog.entries import Entry, Partner, instant

KEY_LIFE = timedelta(days=397)


class KeyInUse(Refused):
    """A key is registered already, for another use, client or partner."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__("key_in_use", ja, en)


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
    change: Change | None = None,
) -> int:
    """Make a partner active or suspended; return the governance index. Raises Unavailable; NotSo by `change`."""

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

    return await govern(log, coop, act, clock=clock, change=change)


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
    proof: str | None = None,
    change: Change | None = None,
) -> int:
    """Register a client's public key from now on; return the governance index.

    `proof` is the digest of what the partner proved it with. Raises KeyInUse, StaleBase, Unavailable; NotSo by `change`.
    """
    check_free(snapshot, partner, client, key)

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Partner(
            coop=snapshot.coop,
            time=instant(now),
            gov=gov,
            partner=partner,
            event="key_added",
            client=client,
            proof=proof,
            jwk=dict(key.jwk),
            thumbprint=key.thumbprint,
            start=instant(now),
            end=instant(now + life),
            by=by,
            reason=reason,
        )
        return entry, (registered(partner, client, key, now=now, life=life),)

    return await govern(log, snapshot.coop, act, clock=clock, base=snapshot.gov, change=change)


def check_free(snapshot: Snapshot, partner: str, client: str, key: PublicKey) -> None:
    """Check that a key, and its name for this client, were never registered. Raises KeyInUse."""
    for other, state in snapshot.partners.items():
        for known in state.keys:
            if known.thumbprint == key.thumbprint:
                raise KeyInUse(
                    f"鍵 `{key.kid}` は `{other}` / `{known.client}` の鍵として登録済みです。新しい鍵を作ってもらってください",
                    f"the key `{key.kid}` is registered already for `{other}` / `{known.client}`; make a new one",
                )
            if (other, known.client, known.kid) == (partner, client, key.kid):
                raise KeyInUse(
                    f"`{client}` には `{key.kid}` という名前の鍵がすでにあります。新しい鍵に別の `kid` を付けてください",
                    f"`{client}` has a key named `{key.kid}` already; give the new one another `kid`",
                )


def registered(partner: str, client: str, key: PublicKey, *, now: datetime, life: timedelta = KEY_LIFE) -> ClientKeySet:
    """Return the effect that registers a key from now on."""
    pinned = ClientKey(
        client=client,
        kid=key.kid,
        use=key.use,
        alg=key.alg,
        thumbprint=key.thumbprint,
        jwk=dict(key.jwk),
        span=Span(now, now + life),
    )
    return ClientKeySet(partner=partner, key=pinned)


async def end_key(
    log: Log,
    snapshot: Snapshot,
    partner: str,
    kid: str,
    *,
    by: str,
    reason: str,
    clock: Clock,
    client: str | None = None,
) -> int:
    """End a key now, of one client where that is named; return the governance index.

    Raises KeyError where there is none that has not ended, StaleBase, Unavailable.
    """
    known = next(
        (
            key
            for key in snapshot.partner(partner).keys
            if key.kid == kid and client in {None, key.client} and (key.span.end is None or key.span.end > clock())
        ),
        None,
    )
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
