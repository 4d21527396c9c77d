"""A look at one member (照会): the reason is in the log before anything is shown, and the page's address holds no code.

What leads on to the page is a token: whom it is about, who may use it and until when, sealed with the co-op's key.
"""

from datetime import timedelta
from typing import Final

import msgspec

from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal, unseal
from gateway.oversight.desk import OversightDesk
from gateway.oversight.members.access import note_access
from gateway.tlog.entries import instant

KEPT: Final = timedelta(minutes=15)
"""So long a look may be repeated without a new reason."""
LONGEST_REASON: Final = 500
_LONGEST: Final = 1_000


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look: the member's code, who looks and until when, the entry that says so, and the case that it is for.

    Without a code it is at a case that is about no member.
    """

    code: str | None
    by: str
    until: str
    entry: int
    case: str | None = None

    def __repr__(self) -> str:
        """Codes do not print themselves."""
        return f"<Look by {self.by}, entry {self.entry}>"


class LookOver(Refused):
    """A look that nobody may repeat any more, or that was never this person's."""

    def __init__(self) -> None:
        super().__init__(
            "look:over",
            "照会の有効時間(15分)が過ぎました。もう一度、理由を書いて照会してください",
            "this look is over after 15 minutes; look again, and say why",
        )


def check_reason(reason: str) -> str:
    """Return a reason. Raises Refused where there is none that can stand in the log."""
    if not reason.strip() or not writable(reason) or len(reason) > LONGEST_REASON:
        raise Refused(
            "look:reason",
            f"照会の理由を{LONGEST_REASON}字までで書いてください。理由は記録に残ります",
            f"write why you look, in up to {LONGEST_REASON} characters; it stays in the log",
        )
    return reason


async def look(
    desk: OversightDesk, coop: str, code: str | None, *, by: str, reason: str, case: str | None = None
) -> str:
    """Enter that a member is looked at; return the token that leads on to what is shown. Raises Refused, Unavailable."""
    index = await note_access(
        desk.log,
        coop,
        code,
        "history",
        by=by,
        reason=check_reason(reason),
        secrets=desk.secrets(coop),
        clock=desk.clock,
        view=case,
    )
    made = Look(code=code, by=by, until=instant(desk.clock() + KEPT), entry=index, case=case)
    return rfc4648.encode(seal(desk.secrets(coop).requests, msgspec.json.encode(made), _context(coop)))


def looked(desk: OversightDesk, coop: str, token: str, *, by: str) -> Look:
    """Return what a token of this person's leads to. Raises LookOver."""
    try:
        if len(token) > _LONGEST:
            raise LookOver
        opened = unseal(desk.secrets(coop).requests, rfc4648.decode(token), _context(coop))
        found = msgspec.json.decode(opened, type=Look)
    except Exception:  # noqa: BLE001  # whatever it is, it is no token of ours
        raise LookOver from None
    if found.by != by or found.until <= instant(desk.clock()):
        raise LookOver
    return found


def _context(coop: str) -> bytes:
    return f"look/{coop}".encode()
