"""組織のアカウントでサインイン: away to the co-op's identity provider and back (OpenID Connect, code with PKCE).

1. away     the co-op's provider is asked where it answers; the browser keeps the attempt (oidc_attempt.py) and goes there
2. back     by the same browser, within ten minutes, with the attempt's state; from the provider that was asked (RFC 9207)
3. token    the code is given for an ID token, once, with the verifier; the token is for this attempt (oidc_token.py)
4. person   whom the co-op has linked to this identity, if they are active; nobody is ever added here
5. session  a new one, as any sign-in opens it; the one that the browser came with ends

A refusal says the same whatever the reason. Source: security-profile §8, docs/adr/0017-oidc.md.
"""

from typing import Final, NoReturn

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.console.cookies import drop_cookie, read_cookie, set_cookie
from gateway.console.desk import Organisation, StaffDesk
from gateway.console.entrance.door import own_page, segment, sign_in_page
from gateway.console.entrance.oidc_attempt import LASTS, Attempt, begin_attempt, read_attempt, write_attempt
from gateway.console.entrance.oidc_token import TokenRefused, subject_of
from gateway.console.entrance.sessions import open_session
from gateway.console.entrance.sign_in import SignIn
from gateway.console.gate import ORGANISATION, RETURN, SIGN_IN, end, local
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.ports import CodeRefused, Unavailable

LONGEST_CODE: Final = 1_800


class _Refused(Exception):
    """Nobody is let in; the text is for our own records."""


async def leave(request: Request) -> Response:
    """Lead to the co-op's provider, by a page: a form of ours may lead to no other host (`form-action`)."""
    desk: StaffDesk = request.app.state.desk
    sent = request.query_params
    onward = local(sent.get("next", "")) or ""
    coop = sent.get("coop", "").strip() or segment(onward)
    organisation = desk.organisations.get(coop)
    if organisation is None:
        return sign_in_page(request, status=404, said="no_organisation", onward=onward, coop=coop[:64])
    attempt = begin_attempt(coop, onward, desk.clock())
    try:
        address = await _address(desk, organisation, attempt, language=request.state.texts.language)
    except Unavailable as fault:
        _down(desk, organisation, fault)
    request.state.visit = None
    host = organisation.provider.host
    response = page(request, "oidc_leave.html", address=address, host=host, here=SIGN_IN)
    response.headers["Refresh"] = f"0; url={address}"
    set_cookie(response, desk, "oidc", write_attempt(attempt), max_age=int(LASTS.total_seconds()))
    return response


async def come_back(request: Request) -> Response:
    """Sign in whoever the provider says it is; on to the page that was asked for before."""
    desk: StaffDesk = request.app.state.desk
    attempt = read_attempt(
        read_cookie(request, desk, "oidc"), state=request.query_params.get("state", ""), now=desk.clock()
    )
    counter: SignIn = request.app.state.sign_in
    try:
        with counter.taking():
            token = await _let_in(request, desk, attempt)
    except _Refused as fault:
        desk.telemetry.count("staff_organisation_sign_in_refused", why=str(fault))
        coop, onward = ("", "") if attempt is None else (attempt.coop, attempt.onward)
        response = sign_in_page(request, status=403, said="organisation_refused", onward=onward, coop=coop)
        drop_cookie(response, desk, "oidc")
        return response
    assert attempt is not None
    await end(desk, request)
    response = RedirectResponse(own_page(attempt.coop, attempt.onward), 303)
    drop_cookie(response, desk, "oidc")
    set_cookie(response, desk, "session", token)
    return response


ROUTES: Final = (
    Route(ORGANISATION, leave, methods=["GET"]),
    Route(RETURN, come_back, methods=["GET"]),
)


def return_address(desk: StaffDesk) -> str:
    """Return the one redirect URI, as it is registered with every provider."""
    return desk.origin + RETURN


async def _address(desk: StaffDesk, organisation: Organisation, attempt: Attempt, *, language: str) -> str:
    from authlib.common.urls import add_params_to_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    sign_in = organisation.sign_in
    asked = {
        "response_type": "code",
        "client_id": sign_in.client_id,
        "redirect_uri": return_address(desk),
        "scope": sign_in.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
        "max_age": str(sign_in.max_age_s),
        "ui_locales": language,
    }
    if sign_in.acr:
        asked["acr_values"] = " ".join(sign_in.acr)
    metadata = await organisation.provider.metadata()
    return str(add_params_to_uri(metadata.authorization_endpoint, asked.items()))


async def _let_in(request: Request, desk: StaffDesk, attempt: Attempt | None) -> str:
    """Return the token of a new session. Raises _Refused, Refusal 503, Unavailable for our own database."""
    # 2
    sent = request.query_params
    if attempt is None or len(sent.getlist("state")) != 1:
        raise _Refused("state")
    organisation = desk.organisations.get(attempt.coop)
    if organisation is None:
        raise _Refused("co-op")
    try:
        subject = await _subject(desk, organisation, attempt, request)
    except Unavailable as fault:
        _down(desk, organisation, fault)
    # 4
    person = await desk.staff.linked(attempt.coop, organisation.sign_in.issuer, subject)
    people = await desk.staff.people(attempt.coop)
    if person is None or not any(one.id == person and one.active for one in people):
        raise _Refused("person")
    # 5
    desk.telemetry.count("staff_signed_in", coop=attempt.coop)
    return await open_session(desk, attempt.coop, person)


async def _subject(desk: StaffDesk, organisation: Organisation, attempt: Attempt, request: Request) -> str:
    provider, sent = organisation.provider, request.query_params
    issuers, codes = sent.getlist("iss"), sent.getlist("code")
    if issuers not in ([], [organisation.sign_in.issuer]):
        raise _Refused("issuer")
    if not issuers and (await provider.metadata()).names_issuer:
        raise _Refused("issuer")
    if "error" in sent or len(codes) != 1 or not 0 < len(codes[0]) <= LONGEST_CODE:
        raise _Refused("code")
    # 3
    try:
        token = await provider.redeem(codes[0], verifier=attempt.verifier, redirect_uri=return_address(desk))
        return await subject_of(
            token,
            organisation.sign_in,
            lambda fresh: provider.keys(fresh=fresh),
            nonce=attempt.nonce,
            now=desk.clock(),
        )
    except CodeRefused:
        raise _Refused("code") from None
    except TokenRefused as fault:
        raise _Refused(fault.fault) from None


def _down(desk: StaffDesk, organisation: Organisation, fault: Unavailable) -> NoReturn:
    """Say that the provider does not answer; who has a local account signs in all the same."""
    host = organisation.provider.host
    desk.telemetry.note("identity provider unavailable", host=host, fault=str(fault))
    raise Refusal(503, "oidc.down", host=host) from None
