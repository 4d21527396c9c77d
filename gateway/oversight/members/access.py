"""Whoever of the staff looks at what concerns a member is in the log first, with the reason; no entry, no look."""

import os
from typing import Literal

from gateway.core.identity import SALT, Subject, commit, member_tag
from gateway.jose import rfc4648
from gateway.ports import Clock, Committed, CoopSecrets, Log, Submission, Unavailable
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
    now = clock()
    subjects = () if code is None else (Subject(member_tag(secrets.subject, coop, code), os.urandom(SALT)),)
    entry = Access(
        coop=coop,
        time=instant(now),
        look_up=look_up,
        view=view,
        digest=digest,
        members=1,
        commitment=rfc4648.encode(commit([subjects[0].tag], [subjects[0].salt])) if subjects else None,
        by=by,
        reason=reason,
    )
    verdict = await log.append(
        coop,
        Submission.of(entry, now, subjects=subjects),
    )
    if not isinstance(verdict, Committed):
        raise Unavailable("the log did not take the entry that says who looks")
    return verdict.index
