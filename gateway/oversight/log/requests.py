"""The signed request of a partner, opened: who opens it, and why, is in the log first; no entry, no look."""

import hashlib
from typing import Any

import msgspec

from gateway.core.plain_text import LONGEST_REASON, is_reason
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import unseal
from gateway.oversight.desk import OversightDesk
from gateway.oversight.log.noting import note
from gateway.ports import Unavailable
from gateway.tlog.entries import Access, Release, instant


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner signed, as it came."""

    header: dict[str, Any]
    claims: dict[str, Any]
    jws: str
    intact: bool
    """Whether it has the digest that the entry holds."""
    access: int
    """The index of the entry that says who opened it."""

    def __repr__(self) -> str:
        """The claims carry member codes, which do not print themselves."""
        return f"Opened(access={self.access})"


async def open_request(
    desk: OversightDesk, coop: str, index: int, entry: Release, *, by: str, reason: str
) -> Opened | None:
    """Return the request that a release was asked for by; None where it is erased by now. Raises Refused, Unavailable."""
    if not is_reason(reason):
        raise Refused(
            "reason",
            f"理由を{LONGEST_REASON}字までで書いてください。理由は提供ログに残ります",
            f"say why, in up to {LONGEST_REASON} characters; the log keeps the reason",
        )
    sealed = await desk.kept_requests.of_entry(coop, index)
    if sealed is None:
        return None
    access = Access(
        coop=coop,
        time=instant(desk.clock()),
        look_up="request",
        transfer=entry.transfer,
        # A page names nobody: it is asked for by where the one before it ended.
        members=0 if entry.page else entry.counts.asked,
        by=by,
        reason=reason.strip(),
    )
    noted = await note(desk.log, coop, access)
    try:
        jws = unseal(desk.secrets(coop).requests, sealed, entry.transfer.encode())
        header, claims = (msgspec.json.decode(rfc4648.decode(part)) for part in jws.decode("ascii").split(".")[:2])
    except Exception:  # noqa: BLE001  # a key that is gone, bytes that were changed: whatever it is, no value in a text
        raise Unavailable("what is kept of a request cannot be read") from None
    intact = rfc4648.encode(hashlib.sha256(jws).digest()) == entry.request
    return Opened(header=header, claims=claims, jws=jws.decode("ascii"), intact=intact, access=noted)
