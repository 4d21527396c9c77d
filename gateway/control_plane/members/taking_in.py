"""Member events are taken in: those not told before, in one entry that says how many and commits to whom.

The codes are kept sealed beside the entry, erasable, since partners that hold the members are told of them by code. The
identifiers of the events are kept as digests: whoever sends a file again changes nothing. Of two who send it at once one
is refused by the log (`Submission.events`), and finds on looking again that there is nothing left to do.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from gateway.control_plane.govern import ROUNDS, NotSo, StaleBase, govern
from gateway.control_plane.members.desk import MemberDesk
from gateway.control_plane.members.faults import RowFault, RowsRefused
from gateway.control_plane.members.reading import Told
from gateway.control_plane.members.rules import check
from gateway.core.identity import SALT, Subject, commit, tagger
from gateway.core.members.events import MemberEvent, counts_of, effects_of, overtaken
from gateway.core.plain_text import one_line
from gateway.core.refused import Refused
from gateway.core.state import Effect
from gateway.jose import rfc4648
from gateway.ports import CoopSecrets, MemberCode, Unavailable
from gateway.tlog.codes import seal_code
from gateway.tlog.entries import Entry, Restrict, instant

SOURCE: Final = "core"
"""Who numbers the events."""
LONGEST_REASON: Final = 500


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: of how many rows, what was (or, on trial, would be) taken in, and what was not."""

    rows: int
    entry: int | None = None
    """The index of its entry; None where nothing is new, and on trial."""
    members: int = 0
    events: dict[str, int] = {}
    """Kind → how many events were taken in."""
    told_before: int = 0
    """Events that an earlier import took in."""
    repeated: int = 0
    """Rows that say again what a row before them says."""
    overtaken: tuple[str, ...] = ()
    """Lifts, by their event's id, that came after a newer stop of the same: they are not taken in, and the stop stands."""
    faults: tuple[RowFault, ...] = ()
    digest: str
    """base64url of the SHA-256 of the file, as in the entry."""
    trial: bool = False

    @property
    def taken(self) -> int:
        """How many events were, or would be, taken in."""
        return sum(self.events.values())

    @property
    def bad(self) -> int:
        """How many rows are wrong."""
        return len({one.row for one in self.faults})


def check_reason(reason: str) -> str:
    """Return why somebody takes events in. Raises Refused."""
    if not one_line(reason) or len(reason) > LONGEST_REASON:
        raise Refused(
            "reason",
            f"理由を{LONGEST_REASON}字以内の1行で書いてください",
            f"say why, in one line of at most {LONGEST_REASON} characters",
        )
    return reason.strip()


async def take_in(
    desk: MemberDesk,
    coop: str,
    told: Told,
    *,
    by: str,
    reason: str,
    skip_bad_rows: bool = False,
    trial: bool = False,
) -> Outcome:
    """Take a file in, or, on trial, say what it would do.

    Raises RowsRefused where a row is wrong, unless they are skipped or it is a trial; Refused; Unavailable.
    """
    reason = check_reason(reason)
    tag_of = tagger(desk.secrets(coop).subject, coop)
    await desk.in_force.refresh(coop)
    now = desk.clock()
    checked = await asyncio.to_thread(
        check, told.rows, snapshot=desk.in_force.current(coop), masters=desk.masters(coop), now=now
    )
    if checked.faults and not (skip_bad_rows or trial):
        raise RowsRefused(checked.faults, rows=len(told.rows))
    digest = rfc4648.encode(told.digest)
    digests = {one.id: event_digest(one.id) for one in checked.events}
    for _ in range(ROUNDS):
        before = await desk.events.told(coop, digests.values())
        snapshot = desk.in_force.current(coop)
        fresh = [one for one in checked.events if digests[one.id] not in before]
        late = {one.id for one in fresh if overtaken(one, snapshot.restrictions.get(tag_of(one.code), ()))}
        new = [one for one in fresh if one.id not in late]
        outcome = Outcome(
            rows=len(told.rows),
            members=len({one.code for one in new}),
            events=counts_of(new),
            told_before=len(checked.events) - len(fresh),
            overtaken=tuple(one.id for one in fresh if one.id in late),
            repeated=checked.repeated,
            faults=checked.faults,
            digest=digest,
            trial=trial,
        )
        if trial or not new:
            return outcome
        try:
            # What a lift ends is what was looked at.
            base = snapshot.gov if any(one.happening == "lift" for one in new) else None
            entry = await _enter(desk, coop, new, digests, digest=digest, by=by, reason=reason, base=base)
        except (NotSo, StaleBase):  # somebody told one of them in between, or changed what is in force
            await desk.in_force.refresh(coop)
            continue
        await desk.in_force.refresh(coop)
        return msgspec.structs.replace(outcome, entry=entry)
    raise Unavailable("member events were told by others again and again")


def event_digest(identifier: str) -> bytes:
    """Return SHA-256(u16len‖source‖u16len‖id): what an event is known by. It names no member and no co-op."""
    made = sha256()
    for part in (SOURCE, identifier):
        data = part.encode()
        made.update(len(data).to_bytes(2) + data)
    return made.digest()


async def _enter(
    desk: MemberDesk,
    coop: str,
    new: Sequence[MemberEvent],
    digests: dict[str, bytes],
    *,
    digest: str,
    by: str,
    reason: str,
    base: int | None,
) -> int:
    tags, subjects, codes, commitment = await asyncio.to_thread(_members, coop, new, desk.secrets(coop))

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Restrict(
            coop=coop,
            time=instant(now),
            gov=gov,
            event="imported",
            events=counts_of(new),
            digest=digest,
            members=len(tags),
            commitment=commitment,
            by=by,
            reason=reason,
        )
        return entry, effects_of(new, tags, now)

    return await govern(
        desk.log,
        coop,
        act,
        clock=desk.clock,
        base=base,
        subjects=subjects,
        codes=codes,
        events=tuple(digests[one.id] for one in new),
    )


def _members(
    coop: str, events: Sequence[MemberEvent], secrets: CoopSecrets
) -> tuple[dict[str, bytes], tuple[Subject, ...], tuple[MemberCode, ...], str]:
    """Return the members' tags by code, their side rows, the codes that partners are told of, and the commitment."""
    tag_of = tagger(secrets.subject, coop)
    tags = {code: tag_of(code) for code in dict.fromkeys(one.code for one in events)}
    subjects = tuple(Subject(tag, os.urandom(SALT)) for tag in tags.values())
    told = dict.fromkeys(one.code for one in events if one.happening != "lift")
    codes = tuple(MemberCode(tags[code], seal_code(secrets.requests, coop, tags[code], code)) for code in told)
    return tags, subjects, codes, rfc4648.encode(commit(list(tags.values()), [one.salt for one in subjects]))
