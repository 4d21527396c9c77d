"""Whoever of the staff looks at what concerns a member is in the log first, with the reason; no entry, no look."""

import os
from typing import Literal

from gateway.core.identity import SALT, Subject, commit, member_tag
from gateway.jose import rfc4648
from gateway.oversight.log.noting import note
from gateway.ports import Clock, CoopSecrets, Log
from gateway.tlog.entries import Access, instant


async def note_access(
    log: Log,
    coop: str,
    code: str | None,
    look_up: Literal["history", "membership", "answer"],
    *,
    by: str,
    reason: str,
    secrets: CoopSecrets,
    clock: Clock,
    view: str | None = None,
    digest: str | None = None,
) -> int:
    """Enter that a member's data is looked at, the member as a commitment; return the entry's index. Raises Unavailable.

    Without a code it is about somebody who is no member. `digest` is that of an answer that was made, `view` the case that
    it is looked at for.
    """
    subjects = () if code is None else (Subject(member_tag(secrets.subject, coop, code), os.urandom(SALT)),)
    entry = Access(
        coop=coop,
        time=instant(clock()),
        look_up=look_up,
        view=view,
        digest=digest,
        members=1,
        commitment=rfc4648.encode(commit([subjects[0].tag], [subjects[0].salt])) if subjects else None,
        by=by,
        reason=reason,
    )
    return await note(log, coop, entry, subjects=subjects)
