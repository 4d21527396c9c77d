"""The console's cookies: the session, the language, the calendar, the message for the next page, an attempt to sign in elsewhere.

Over https each has the prefix `__Host-`, which a browser takes only with Secure, Path=/ and no Domain: no neighbouring
host can set one. The demo over http has to do without prefix and Secure.
"""

from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.desk import StaffDesk

Cookie = Literal["session", "language", "calendar", "flash", "oidc"]

YEAR_S: Final = 365 * 86_400


def cookie_name(desk: StaffDesk, cookie: Cookie) -> str:
    """Return a cookie's name where the console is reached this way."""
    return f"__Host-{cookie}" if desk.secure else cookie


def read_cookie(request: Request, desk: StaffDesk, cookie: Cookie) -> str | None:
    """Return a cookie's value as sent."""
    return request.cookies.get(cookie_name(desk, cookie))


def set_cookie(response: Response, desk: StaffDesk, cookie: Cookie, value: str, *, max_age: int | None = None) -> None:
    """Set a cookie; without `max_age` (seconds) it goes when the browser is closed."""
    response.set_cookie(
        cookie_name(desk, cookie),
        value,
        max_age=max_age,
        path="/",
        secure=desk.secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, desk: StaffDesk, cookie: Cookie) -> None:
    """Have the browser forget a cookie."""
    set_cookie(response, desk, cookie, "", max_age=0)
