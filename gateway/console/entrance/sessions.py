"""A signed-in browser: how long it stays so, and what its cookie is worth.

The cookie is 256 random bits; what is stored is their SHA-256 alone, so that whoever reads the table signs in as nobody.
Source: security-profile §8.
"""

import hashlib
import secrets
from datetime import datetime

from gateway.console.desk import StaffDesk
from gateway.ports import IDLE, WHOLE, Session


def token_hash(token: str) -> bytes:
    """Return what is stored of a cookie."""
    return hashlib.sha256(token.encode()).digest()


async def open_session(desk: StaffDesk, coop: str, person: str) -> str:
    """Open a session; return its token, which nobody keeps but the browser. Raises Unavailable."""
    token, now = secrets.token_urlsafe(32), desk.clock()
    csrf = secrets.token_urlsafe(32)
    await desk.staff.open_session(
        Session(token_hash=token_hash(token), coop=coop, person=person, csrf=csrf, began=now, seen=now)
    )
    return token


async def live_session(desk: StaffDesk, token: str | None) -> Session | None:
    """Return the session of a cookie, noting that it was used; None where there is none or it has ended.

    One that has ended is deleted. Raises Unavailable.
    """
    if not token:
        return None
    session = await desk.staff.session(token_hash(token))
    if session is None:
        return None
    now = desk.clock()
    if _over(session, now):
        await desk.staff.close_session(session.token_hash)
        return None
    if session.seen != now:
        await desk.staff.touch_session(session.token_hash, now)
    return session


async def close_session(desk: StaffDesk, token: str | None) -> None:
    """Forget the session of a cookie. Raises Unavailable."""
    if token:
        await desk.staff.close_session(token_hash(token))


def _over(session: Session, now: datetime) -> bool:
    return now >= session.seen + IDLE or now >= session.began + WHOLE
