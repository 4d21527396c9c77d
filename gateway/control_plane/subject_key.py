"""The key that turns member codes into tags: which one it is stands in the log, so none can be lost or swapped unseen.

With another key no stop would match its member any more and nobody could be found again, silently. So the log names
the key by a check value at its first use, and whatever uses the key afterwards first holds it against that. Destroying
it forgets every member at once; what follows is a new generation, begun by a person (transfer-log.md "Members").
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gateway.control_plane.partners.acts import set_state
from gateway.core.identity import member_tag
from gateway.core.state import Snapshot
from gateway.jose import rfc4648
from gateway.ports import Clock, Committed, Log, Submission, Unavailable
from gateway.tlog.entries import Entry, Erase, Key, decode, instant


class SubjectKeyRefused(ValueError):
    """The member key is not the one that the log names; the text says whose turn it is, in Japanese and English."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of its co-op's member key: the check value of the newest, None before its first use."""

    check: str | None
    destroyed: bool


def check_value(key: bytes) -> str:
    """Return what the log may say of a member key: the tag of a member of a co-op without a name, which no member has."""
    return rfc4648.encode(member_tag(key, "", "key check"))


async def newest(log: Log, coop: str) -> str | None:
    """Return the check value of a co-op's newest member key, None before its first use. Raises Unavailable."""
    keys = [entry for entry in map(decode, await log.of_kind(coop, "key")) if isinstance(entry, Key)]
    return next((key.check for key in reversed(keys) if key.use == "subject"), None)


async def known(log: Log, coop: str) -> Known:
    """Return what the log says. Raises Unavailable."""
    check = await newest(log, coop)
    if check is None:
        return Known(check=None, destroyed=False)
    erased = [entry for entry in map(decode, await log.of_kind(coop, "erase")) if isinstance(entry, Erase)]
    return Known(check=check, destroyed=any(one.key == check for one in erased))


async def hold(log: Log, coop: str, key: bytes | None, *, by: str, clock: Clock) -> None:
    """Hold a co-op's member key (None: there is no file) against the log, which learns of it at its first use.

    Raises SubjectKeyRefused where the log knows another, or this one as destroyed; Unavailable.
    """
    said = await known(log, coop)
    if said.destroyed:
        raise SubjectKeyRefused(
            f"`{coop}` の組合員キー(subject.key)は廃棄済みです。廃棄を終えていなければ `gateway keys destroy {coop} --subject`、"
            f"新しい世代を始めるなら `gateway keys renew {coop} --subject` を実行してください / "
            f"the member key of `{coop}` was destroyed: finish that with `gateway keys destroy {coop} --subject`, or begin "
            f"a new generation with `gateway keys renew {coop} --subject`"
        )
    if key is None and said.check is None:
        raise SubjectKeyRefused(
            f"`{coop}` の組合員キー(subject.key)がありません。初めてなら `gateway keys init` で作ってください / "
            f"the member key of `{coop}` is missing: where this is the beginning, make it with `gateway keys init`"
        )
    if key is None:
        raise _other(coop, "がありません", "is missing")
    check = check_value(key)
    if said.check is None:
        await _append(log, coop, _added(coop, check, by=by, reason=None, clock=clock))
    elif check != said.check:
        raise _other(coop, "は提供ログが記録している鍵ではありません", "is not the one that the log names")


async def renew(log: Log, snapshot: Snapshot, key: bytes, *, by: str, reason: str, clock: Clock) -> int:
    """Begin a new generation of a co-op's member key; return the index of the entry that says so.

    Members of the old generation, and stops set for them, match nobody any more: a person has to set them again, so no
    partner may be active meanwhile. Raises SubjectKeyRefused where one is, or where the key is the one in force.
    """
    coop, said = snapshot.coop, await known(log, snapshot.coop)
    if said.check == check_value(key):
        raise SubjectKeyRefused(f"`{coop}` の組合員キーは既にこの鍵です / this is the member key of `{coop}` already")
    refuse_active(snapshot)
    return await _append(log, coop, _added(coop, check_value(key), by=by, reason=reason, clock=clock))


async def announce_destruction(
    log: Log, snapshot: Snapshot, key: bytes | None, *, by: str, reason: str, clock: Clock
) -> int | None:
    """Suspend every partner, then say in the log that the member key is destroyed; the key itself is the caller's.

    In that order: a process that holds the key in memory releases nothing from its next commit on, and an entry without
    the deed can be made good while a deed without the entry could not. Returns the entry's index; None where it was said
    before. Raises SubjectKeyRefused where the file is not the key that the log names, Unavailable.
    """
    coop, said = snapshot.coop, await known(log, snapshot.coop)
    if key is not None and said.check not in {None, check_value(key)}:
        raise _other(coop, "は提供ログが記録している鍵ではありません", "is not the one that the log names")
    if said.check is None and key is None:
        raise _other(coop, "がありません", "is missing")
    for partner in active_partners(snapshot):
        await set_state(log, coop, partner, active=False, by=by, reason=reason, clock=clock)
    if said.destroyed:
        return None
    check = said.check or check_value(key or b"")
    if said.check is None:
        await _append(log, coop, _added(coop, check, by=by, reason=None, clock=clock))
    entry = Erase(coop=coop, time=instant(clock()), event="subject_key_destroyed", key=check, by=by, reason=reason)
    return await _append(log, coop, entry)


def refuse_active(snapshot: Snapshot) -> None:
    """Refuse a new generation while a partner may be released to. Raises SubjectKeyRefused."""
    if active := active_partners(snapshot):
        raise SubjectKeyRefused(
            f"先に提供先を停止してください / suspend these partners first, `gateway partner suspend {snapshot.coop} …`: "
            + ", ".join(active)
        )


def active_partners(snapshot: Snapshot) -> Sequence[str]:
    """Return the partners that may be released to."""
    return sorted(partner for partner, state in snapshot.partners.items() if state.active)


def _added(coop: str, check: str, *, by: str, reason: str | None, clock: Clock) -> Key:
    return Key(coop=coop, time=instant(clock()), event="added", use="subject", check=check, by=by, reason=reason)


def _other(coop: str, ja: str, en: str) -> SubjectKeyRefused:
    return SubjectKeyRefused(
        f"`{coop}` の組合員キー(subject.key){ja}。控えから元の鍵を戻してください。失われたなら提供先を停止し "
        f"`gateway keys renew {coop} --subject` で新しい世代を始めます / the member key of `{coop}` {en}: put the right one "
        f"back from its copy; if it is lost, suspend the partners and begin a new generation with `gateway keys renew {coop} "
        "--subject`"
    )


async def _append(log: Log, coop: str, entry: Entry) -> int:
    time = datetime.fromisoformat(entry.time)
    verdict = await log.append(
        coop,
        Submission.of(entry, time),
    )
    if not isinstance(verdict, Committed):
        raise Unavailable("what becomes of the member key could not be entered in the log")
    return verdict.index
