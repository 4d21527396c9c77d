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
from gateway.core.request import DataRequest, MalformedClaim, parse
from gateway.data_plane.caller import Caller, check_caller
from gateway.data_plane.cursors import CURSOR_S, CursorRefused, Mark, context_of, open_mark
from gateway.data_plane.desk import DEADLINE, Desk
from gateway.data_plane.passing import Asking, Inbound
from gateway.jose import rfc4648
from gateway.oauth.rfc6749 import OAuthError
from gateway.oauth.signed_request import check_request

MEDIA_TYPE = "application/jwt"


def authenticate(desk: Desk, inbound: Inbound) -> Asking:
    """Return who asks for what. Raises Problem `unauthenticated` or `rate-limited`."""
    caller = check_caller(desk, inbound)
    request, signed_with = _signed_request(desk, caller, inbound)
    mark = None
    if isinstance(request, DataRequest) and request.page is not None:
        request, mark = _position(desk, caller, request)
    resync = isinstance(request, DataRequest) and request.page is not None and request.page.since is not None
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
        resync=resync or (mark is not None and mark.resync),
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


def _position(desk: Desk, caller: Caller, request: DataRequest) -> tuple[DataRequest | Denial, Mark | None]:
    """Open the page's cursor or `since` token; a forged, expired or foreign one is malformed."""
    assert request.page is not None
    key, now = desk.coops[caller.coop].secrets.cursors, int(caller.at.timestamp())
    name, token, lifetime = "cursor", request.page.cursor, CURSOR_S
    if request.page.since is not None:
        name, token, lifetime = "since", request.page.since, 0
    if token is None:
        return request, None
    context = context_of(name, caller.client, request)
    try:
        mark = open_mark(key, token, context, now=now, lifetime=lifetime)
    except CursorRefused:
        return deny("malformed", [reason("request", name, "malformed")], pointer=f"/page/{name}"), None
    # A delta since an earlier walk cannot be computed yet: the walk starts over and ends with `resync`.
    return request, mark if name == "cursor" else None
