"""Who is asking: token, proof and rate limit, in the order of security-profile.md §6, for every route under /v1."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.core.agreement_gate import signing_keys
from gateway.core.days import Moment
from gateway.core.request import Bound
from gateway.core.state import Snapshot
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Inbound
from gateway.oauth import rfc9068
from gateway.oauth.rfc6749 import OAuthError
from gateway.oauth.rfc9068 import AccessToken
from gateway.oauth.rfc9396 import Detail
from gateway.oauth.rfc9449 import REPLAY_SECONDS, access_token_of, check_proof, replay_key
from gateway.oauth.rfc9728 import challenge
from gateway.oauth.signed_request import check_request
from gateway.web.problems import Problem, Slug

MAX_TOKENS = 10_000


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated client of a partner, for one co-op."""

    coop: str
    partner: str
    client: str
    bound: Bound
    jkt: str
    replay: tuple[bytes, datetime]
    """Key and expiry of the proof; consumed by whoever answers."""
    at: datetime


def check_caller(desk: Desk, inbound: Inbound) -> Caller:
    """Return who asks. Raises Problem `unauthenticated` or `rate-limited`."""
    at = desk.clock()
    now = int(at.timestamp())
    wait = desk.per_prefix.take(inbound.prefix, at.timestamp())
    if wait is not None:
        # Nobody is authenticated yet: counted, never an entry.
        desk.telemetry.count("unauthenticated", reason="rate")
        raise Problem("rate-limited", retry_after=wait)
    try:
        text = access_token_of(inbound.authorization)
        token = _verified(desk, text, now)
        partner = desk.partner_of(token.detail.coop, token.client_id, at) if token.detail.coop in desk.coops else None
        if partner is None:
            raise OAuthError("invalid_token", "token:client")
        proof = check_proof(
            inbound.proof,
            htm=inbound.method,
            htu=inbound.url,
            now=now,
            nonces=desk.nonces,
            access_token=text,
            jkt=token.jkt,
        )
    except OAuthError as refused:
        desk.telemetry.count("unauthenticated", reason=refused.reason)
        raise unauthenticated(desk, refused) from None
    detail, client = token.detail, token.client_id
    for buckets, key in ((desk.per_client, client), (desk.per_purpose, (client, detail.coop, detail.purpose))):
        wait = buckets.take(key, at.timestamp())
        if wait is not None:
            desk.summaries.add(detail.coop, client, "rate-limited", at.timestamp())
            raise Problem("rate-limited", retry_after=wait)
    return Caller(
        coop=detail.coop,
        partner=partner,
        client=client,
        bound=bound_of(detail),
        jkt=proof.jkt,
        replay=(replay_key("dpop", proof.jkt, proof.jti), at + timedelta(seconds=REPLAY_SECONDS)),
        at=at,
    )


def may_act(snapshot: Snapshot, caller: Caller) -> bool:
    """Tell whether a caller's partner is active and its client has a key; a token may be older than the end of both."""
    state = snapshot.partner(caller.partner)
    return state.active and bool(signing_keys(state, caller.client, Moment(caller.at)))


def bound_of(detail: Detail) -> Bound:
    """Return what a token's one `authorization_details` entry binds it to."""
    return Bound(
        coop=detail.coop,
        purpose=detail.purpose,
        agreement=detail.agreement,
        product=detail.product,
        fields=frozenset(detail.fields),
    )


def unauthenticated(desk: Desk, refused: OAuthError) -> Problem:
    """Return the 401 that a failed token, proof or signed request is answered with."""
    headers = {"WWW-Authenticate": challenge(refused.error, desk.resource)}
    if refused.error == "use_dpop_nonce":
        headers["DPoP-Nonce"] = desk.nonces.issue(int(desk.clock().timestamp()))
    slug: Slug = "invalid-request-object" if refused.error == "invalid_request_object" else "unauthenticated"
    return Problem(slug, headers=headers)


def signed_claims(desk: Desk, caller: Caller, body: bytes, *, typ: str) -> Mapping[str, Any]:
    """Return what a body says that one of the client's registered keys signed.

    Raises Problem `unauthenticated` or `invalid-request-object`.
    """
    state = desk.snapshots.current(caller.coop).partner(caller.partner)
    keys = {key.kid: desk.key(key) for key in signing_keys(state, caller.client, Moment(caller.at))}
    try:
        return check_request(
            body,
            keys=keys,
            client_id=caller.client,
            resource=desk.resource,
            now=int(caller.at.timestamp()),
            typ=typ,
        ).claims
    except OAuthError as refused:
        desk.telemetry.count("request_refused", reason=refused.reason)
        raise unauthenticated(desk, refused) from None


def _verified(desk: Desk, text: str, now: int) -> AccessToken:
    """Verify a token once; afterwards its hash is enough until it expires. Raises OAuthError."""
    digest = hashlib.sha256(text.encode()).digest()
    token = desk.tokens.get(digest)
    if token is None or token.exp <= now:
        token = rfc9068.verify(text, keys=desk.token_keys, issuer=desk.issuer, resource=desk.resource, now=now)
        if len(desk.tokens) >= MAX_TOKENS:
            desk.tokens.clear()
        desk.tokens[digest] = token
    return token
