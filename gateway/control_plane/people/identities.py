"""Who a person is to the co-op's own identity provider: linked by somebody else, told in the log, never found out.

The entry holds a digest of issuer and subject alone: enough to say later whether this was the account, and no more.
Source: security-profile §8.
"""

import hashlib
from typing import Final

from gateway.control_plane.people.people import cut, enter, said
from gateway.control_plane.people.rules import PeopleRefused, check_by, check_id, check_reason
from gateway.core.plain_text import one_line
from gateway.jose import rfc4648
from gateway.ports import Change, Clock, Log, Staff
from gateway.tlog import entries

LONGEST: Final = 255


def identity_digest(issuer: str, subject: str) -> str:
    """Return what an entry says of an identity: base64url of SHA-256 over issuer, line end, subject."""
    return rfc4648.encode(hashlib.sha256(f"{issuer}\n{subject}".encode()).digest())


async def link(
    log: Log, staff: Staff, coop: str, person: str, *, issuer: str, subject: str, by: str, reason: str, clock: Clock
) -> int:
    """Let a person sign in as this subject of this issuer, and as no other; return the entry's index.

    Raises PeopleRefused, Unavailable.
    """
    check_id(person)
    check_reason(reason)
    if not one_line(issuer) or len(issuer) > LONGEST:
        raise PeopleRefused("issuer")
    if not one_line(subject) or len(subject) > LONGEST or subject != subject.strip():
        raise PeopleRefused("subject")
    begun = bool(await staff.roles(coop))
    check_by(by, people=await staff.people(coop), begun=begun)
    if begun and by == person:
        raise PeopleRefused("self_link")
    now = cut(clock())
    entry = entries.Staff(
        coop=coop,
        time=entries.instant(now),
        event="linked",
        person=person,
        digest=identity_digest(issuer, subject),
        by=by,
        reason=said(reason, begun=begun),
    )
    change = Change(statement="person_linked", values={"id": person, "issuer": issuer, "subject": subject})
    return await enter(log, coop, entry, change, now=now, otherwise=("linked", person))


async def unlink(log: Log, staff: Staff, coop: str, person: str, *, by: str, reason: str, clock: Clock) -> int:
    """Let a person sign in with the organisation's account no more; return the entry's index.

    Their sessions end once the entry is durable. Raises PeopleRefused, Unavailable.
    """
    check_id(person)
    check_reason(reason)
    begun = bool(await staff.roles(coop))
    check_by(by, people=await staff.people(coop), begun=begun)
    now = cut(clock())
    entry = entries.Staff(
        coop=coop, time=entries.instant(now), event="unlinked", person=person, by=by, reason=said(reason, begun=begun)
    )
    change = Change(statement="person_unlinked", values={"id": person})
    index = await enter(log, coop, entry, change, now=now, otherwise=("unlinked", person))
    await staff.close_sessions_of(coop, person)
    return index
