"""Signing in for a token, at the same counter as the console's form; signing out.

Same lockout, one code once, same pace; a session is one row of the same table and ends by the same hours.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.gate import SESSIONS, bearer
from gateway.console.api.inbound import SigningIn, only, read
from gateway.console.api.problems import NotSignedIn
from gateway.console.api.shown import answer
from gateway.console.desk import StaffDesk
from gateway.console.entrance.sessions import close_session, token_hash
from gateway.console.entrance.sign_in import SignIn
from gateway.ports import WHOLE
from gateway.tlog.entries import instant

REFUSED: Final = (
    "サインインできません。入力を確かめ、次の確認コードでやり直してください。失敗が続くと、しばらく受け付けません",
    "you cannot sign in; check what you sent and try with the next code; after failures in a row you have to wait",
)
"""The same whatever the reason."""


async def sign_in(request: Request) -> Response:
    """Give a token to whoever signs in; it ends after 15 minutes unused, at `expires` in any case."""
    desk: StaffDesk = request.app.state.desk
    counter: SignIn = request.app.state.sign_in
    only(request)
    sent = await read(request, SigningIn)
    code = sent.code.replace(" ", "")
    token = await counter.sign_in(sent.coop.strip(), sent.person.strip(), password=sent.password, code=code)
    session = None if token is None else await desk.staff.session(token_hash(token))
    if session is None:
        raise NotSignedIn(words=REFUSED)
    return answer({"token": token, "expires": instant(session.began + WHOLE)}, 201)


async def sign_out(request: Request) -> Response:
    """End the session of the token."""
    only(request)
    await close_session(request.app.state.desk, bearer(request))
    return Response(status_code=204)


ROUTES: Final = (Route(SESSIONS, sign_in, methods=["POST"]), Route(SESSIONS, sign_out, methods=["DELETE"]))
