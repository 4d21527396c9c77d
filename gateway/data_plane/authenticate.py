"""Step 1: token, proof and signed request → who asks, and evidence of the asking.

Whoever got past token, proof and rate limit is authenticated: from here on a request that cannot be read or verified
is a Denial with an entry, not an exception (transfer-log.md "Authenticated").
"""

import hashlib

from gateway.core.agreement_gate import signing_keys
from gateway.core.days import Moment
from gateway.core.decide import deny
from gateway.core.outcome import Denial
from gateway.core.reasons import reason
from gateway.core.request import DataRequest, MalformedClaim, Whole, parse
from gateway.data_plane.budget import refuse_beyond
from gateway.data_plane.caller import Caller, check_caller
from gateway.data_plane.cursors import CURSOR_S, SINCE, CursorRefused, Ended, Mark, context_of, open_token
from gateway.data_plane.desk import DEADLINE, Desk
from gateway.data_plane.passing import Asking, Inbound
from gateway.jose import rfc4648
from gateway.oauth.rfc6749 import OAuthError
from gateway.oauth.signed_request import check_request

MEDIA_TYPE = "application/jwt"


def authenticate(desk: Desk, inbound: Inbound, *, exports: bool = False) -> Asking:
    """Return who asks for what; `exports`: at the door where exports are ordered, and nothing else can be asked for.

    Raises Problem `unauthenticated` or `rate-limited`.
    """
    caller = check_caller(desk, inbound)
    request, signed_with = _signed_request(desk, caller, inbound)
    mark, limit = None, 0
    if isinstance(request, DataRequest) and request.members is not None:
        agreement = caller.bound.agreement
        refuse_beyond(desk, coop=caller.coop, client=caller.client, agreement=agreement, at=caller.at)
    if isinstance(request, DataRequest) and (request.export is not None) != exports:
        request = deny("malformed", [reason("request", "export", "malformed")], pointer="/export")
    if isinstance(request, DataRequest) and request.export is not None:
        request = _since(desk, caller, request, request.export)
    if isinstance(request, DataRequest) and request.page is not None:
        limit = request.page.limit
        request, mark = _position(desk, caller, request, walk=inbound.request_id)
    return Asking(
        transfer=inbound.request_id,
        coop=caller.coop,
        partner=caller.partner,
        client=caller.client,
        bound=caller.bound,
        request=request,
        signed_with=signed_with,
        jws=inbound.body,
        rqh=rfc4648.encode(hashlib.sha256(inbound.body).digest()),
        jkt=caller.jkt,
        replay=caller.replay,
        deadline=caller.at + DEADLINE,
        mark=mark,
        limit=limit,
    )


def _signed_request(desk: Desk, caller: Caller, inbound: Inbound) -> tuple[DataRequest | Denial, str]:
    """Return the request and the `kid` that signed it, or the Denial that it is."""
    if inbound.content_type != MEDIA_TYPE:
        return deny("unsupported-media-type", [reason("request", "content-type", "malformed")]), ""
    state = desk.snapshots.current(caller.coop).partner(caller.partner)
    keys = {key.kid: desk.key(key) for key in signing_keys(state, caller.client, Moment(caller.at))}
    try:
        signed = check_request(
            inbound.body,
            keys=keys,
            client_id=caller.client,
            resource=desk.resource,
            now=int(caller.at.timestamp()),
        )
        return parse(signed.claims), signed.kid
    except OAuthError as refused:
        desk.telemetry.count("request_refused", reason=refused.reason)
        return deny("invalid-request-object", [reason("request", "object", "unverified")]), ""
    except MalformedClaim as malformed:
        claim = malformed.pointer.split("/")[1] if malformed.pointer else "claims"
        return deny("malformed", [reason("request", claim, "malformed")], pointer=malformed.pointer), ""


def _since(desk: Desk, caller: Caller, request: DataRequest, export: Whole) -> DataRequest | Denial:
    """Return the order of an export, whose `since` token, if it has one, is one of this request."""
    key, context = desk.coops[caller.coop].secrets.cursors, context_of("since", caller.client, request)
    try:
        if export.since is not None:
            open_token(key, export.since, context, Ended, now=int(caller.at.timestamp()))
    except CursorRefused:
        return deny("malformed", [reason("request", "since", "malformed")], pointer=SINCE)
    return request


def _position(
    desk: Desk, caller: Caller, request: DataRequest, *, walk: str
) -> tuple[DataRequest | Denial, Mark | None]:
    """Return where the page's walk stands: at its start, at a cursor, or at the start of one since an earlier walk.

    A forged, expired or foreign token is malformed.
    """
    page = request.page
    assert page is not None
    key, now = desk.coops[caller.coop].secrets.cursors, int(caller.at.timestamp())
    name = "cursor" if page.since is None else "since"
    context = context_of(name, caller.client, request)
    try:
        if page.cursor is not None:
            return request, open_token(key, page.cursor, context, Mark, now=now, lifetime=CURSOR_S)
        since = None if page.since is None else open_token(key, page.since, context, Ended, now=now)
    except CursorRefused:
        return deny("malformed", [reason("request", name, "malformed")], pointer=f"/page/{name}"), None
    return request, Mark(issued=now, walk=walk, since=since)
