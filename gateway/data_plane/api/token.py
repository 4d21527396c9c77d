"""POST /oauth/token: the ordered checks of security-profile.md §4, with the same numbers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.agreement_gate import signing_keys
from gateway.core.days import Moment
from gateway.core.grant_gate import inside_agreement
from gateway.data_plane.api.inbound import answer, prefix_of
from gateway.data_plane.caller import bound_of
from gateway.data_plane.desk import Desk
from gateway.jose.rfc7517 import PublicKey
from gateway.oauth import rfc9068
from gateway.oauth.rfc6749 import OAuthError, check_target, error_body, parse_token_request, token_body
from gateway.oauth.rfc7523 import LEEWAY, Assertion, check_assertion, peek_assertion
from gateway.oauth.rfc8414 import TOKEN_PATH
from gateway.oauth.rfc9396 import Detail, parse_details, write_details
from gateway.oauth.rfc9449 import REPLAY_SECONDS, Proof, check_proof, replay_key
from gateway.ports import MAX_SKEW, Unavailable

JSON = "application/json"


def route(desk: Desk) -> Route:
    """Return the token endpoint's route."""

    async def token(request: Request) -> Response:
        try:
            return await _issue(desk, request)
        except OAuthError as refused:
            return _refusal(desk, refused)
        except Unavailable as fault:
            desk.telemetry.note("token endpoint unavailable", fault=str(fault))
            return _refusal(desk, OAuthError("temporarily_unavailable", "log"), retry_after=1)

    return Route(TOKEN_PATH, token, methods=["POST"])


async def _issue(desk: Desk, request: Request) -> Response:
    at = desk.clock()
    now = int(at.timestamp())
    wait = desk.per_prefix.take(prefix_of(request.scope, desk.proxies), at.timestamp())
    if wait is not None:
        return _refusal(desk, OAuthError("temporarily_unavailable", "rate:prefix", status=429), retry_after=wait)
    # 1–3 the form, the grant type, no second way to authenticate
    if request.scope["query_string"]:
        raise OAuthError("invalid_request", "form:query")
    asked = parse_token_request(
        await request.body(),
        content_type=request.headers.get("content-type"),
        has_authorization="authorization" in request.headers,
    )
    # 4–11 the client
    presented = peek_assertion(asked.client_assertion_type, asked.client_assertion)
    keys = dict(_client_keys(desk, presented.client_id, presented.kid, at))
    # The same client may have other keys at another co-op: the one asked for decides, if it can be read at all.
    key = keys.get(_asked_coop(asked.authorization_details)) or next(iter(keys.values()), None)
    assertion = check_assertion(
        presented,
        key=key,
        issuer=desk.issuer,
        now=now,
        client_id_param=asked.client_id,
    )
    # 12 the proof
    proof = check_proof(
        request.headers.get("dpop"),
        htm="POST",
        htu=desk.issuer + TOKEN_PATH,
        now=now,
        nonces=desk.nonces,
        access_token=None,
        jkt=None,
    )
    # 13 only now is anything consumed
    await _consume(desk, assertion, proof, at)
    # 14–17 rate limit, target, scope, details
    wait = desk.per_client.take(assertion.client_id, at.timestamp())
    if wait is not None:
        return _refusal(desk, OAuthError("temporarily_unavailable", "rate", status=429), retry_after=wait)
    check_target(asked, resource=desk.resource)
    detail = parse_details(asked.authorization_details)
    assert key is not None
    if detail.coop not in keys or keys[detail.coop].thumbprint != key.thumbprint:
        raise OAuthError("invalid_authorization_details", "details:other-key")
    _inside_agreement(desk, detail, assertion.client_id, at)
    access_token = rfc9068.issue(
        desk.token_signer,
        issuer=desk.issuer,
        resource=desk.resource,
        client_id=assertion.client_id,
        jkt=proof.jkt,
        detail=detail,
        now=now,
        jti=request.state.request_id,
    )
    desk.telemetry.count("tokens", outcome="issued")
    return answer(desk, token_body(access_token, write_details(detail)), media_type=JSON)


def _client_keys(desk: Desk, client: str, kid: str, at: datetime) -> Iterator[tuple[str, PublicKey]]:
    """Yield (co-op, key) wherever this client is an active partner's and has this one valid signature key."""
    for coop in desk.coops:
        partner = desk.partner_of(coop, client, at)
        if partner is None:
            continue
        state = desk.snapshots.current(coop).partner(partner)
        for key in signing_keys(state, client, Moment(at)):
            if key.kid == kid and state.active:
                yield coop, desk.key(key)


def _asked_coop(details: str | None) -> str:
    try:
        return parse_details(details).coop
    except OAuthError:
        return ""


async def _consume(desk: Desk, assertion: Assertion, proof: Proof, at: datetime) -> None:
    # Remembered for as long as any process takes it, also one whose clock is as far behind as readiness lets it be.
    accepted_until = datetime.fromtimestamp(assertion.exp + LEEWAY, UTC) + MAX_SKEW
    used, proven = await desk.log.seen(
        [
            (replay_key("assertion", assertion.client_id, assertion.jti), accepted_until),
            (replay_key("dpop", proof.jkt, proof.jti), at + timedelta(seconds=REPLAY_SECONDS)),
        ]
    )
    if used:
        raise OAuthError("invalid_client", "assertion:replayed")
    if proven:
        raise OAuthError("invalid_dpop_proof", "proof:replayed")


def _inside_agreement(desk: Desk, detail: Detail, client: str, at: datetime) -> None:
    """Raise the one answer for unknown, expired and not granted."""
    moment = Moment(at)
    partner = desk.partner_of(detail.coop, client, at)
    policy = desk.snapshots.current(detail.coop).policy_at(moment) if partner else None
    if partner is None or policy is None or not inside_agreement(policy, partner, bound_of(detail), moment):
        raise OAuthError("invalid_authorization_details", "details:not-granted")


def _refusal(desk: Desk, refused: OAuthError, *, retry_after: int | None = None) -> Response:
    desk.telemetry.count("tokens", outcome=refused.error, reason=refused.reason)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if refused.error == "use_dpop_nonce":
        headers["DPoP-Nonce"] = desk.nonces.issue(int(desk.clock().timestamp()))
    return Response(error_body(refused), refused.status, headers, media_type=JSON)
