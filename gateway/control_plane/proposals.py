"""The life of a change, step by step; each is one entry of the log and one changed row, in one transaction.

amend → submit (with its preview) → approve → publish; reject and withdraw besides. Files, command line, staff API and
console all come here. What may be done is said in core/proposal.py; the SQL of the commit point has the last word.
"""

import asyncio
import re
import secrets
from dataclasses import dataclass
from datetime import MAXYEAR, datetime
from typing import Final

from msgspec.structs import replace

from gateway.control_plane.committing import allowed, commit
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.preview import Preview
from gateway.control_plane.refusals import FilesRefused, Refused, refused
from gateway.core.proposal import Event, Proposal, refusal
from gateway.core.state import Effect, PolicyPublished
from gateway.ports import Change, Checked, Files, Unavailable, Values
from gateway.tlog import entries
from gateway.tlog.entries import Entry, instant

TITLE, REASON = 120, 2_000
"""Characters that a title and a reason may have."""
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants a version to say, and why."""

    files: Files
    title: str
    department: str
    effective: datetime | None
    reason: str


async def begin(office: Office, coop: str, wish: Wish, *, by: str) -> Proposal:
    """Propose a change to the version published last. Raises Refused, FilesRefused, Unavailable."""
    await office.in_force.refresh(coop)
    content, base = await _checked(office, coop, wish)
    proposal = _new(coop, wish, content=content, base=base, by=by, at=office.clock())
    fault = refusal("amend", proposal, by=by, at=office.clock(), roles=await office.staff.roles(coop), base=base)
    if fault is not None:
        raise refused(fault, state=proposal.state, department=proposal.department)
    change = Change(statement="proposal_begun", values=_wished(wish, content=content, base=base, by=by, id=proposal.id))
    await _append(office, proposal, "amend", change, by=by, reason=wish.reason)
    return await _now(office, coop, proposal.id)


async def amend(office: Office, proposal: Proposal, wish: Wish, *, by: str) -> Proposal:
    """Change what a proposal says, on the version published last; an approval is void from then on.

    Raises Refused, FilesRefused, Unavailable.
    """
    await office.in_force.refresh(proposal.coop)
    await allowed(office, "amend", proposal, by=by)
    if wish.department != proposal.department:
        raise refused("department", department=proposal.department)
    content, base = await _checked(office, proposal.coop, wish)
    values = _wished(wish, base=base, amended=content) | _values(proposal, by)
    said = replace(proposal, content=content, base=base, effective=wish.effective)
    change = Change(statement="proposal_amended", values=values)
    await _append(office, said, "amend", change, by=by, reason=wish.reason)
    return await _now(office, proposal.coop, proposal.id)


async def foreseen(office: Office, proposal: Proposal) -> tuple[str, bytes]:
    """Return what a proposal would change, with its digest; kept, so that a submission can name it.

    Once it is submitted, that is the preview it was submitted with: who approves sees the same. Raises FilesRefused,
    Unavailable.
    """
    if proposal.preview is not None:
        body = await office.proposals.preview(proposal.coop, proposal.preview)
        if body is None:
            raise Unavailable("the preview of a proposal is not in the store")
        return proposal.preview, body
    await office.in_force.refresh(proposal.coop)
    checked = await checked_files(office, proposal)
    body = await office.foresee(proposal, checked, office.in_force.current(proposal.coop))
    return await office.proposals.keep_preview(proposal.coop, body), body


async def submit(office: Office, proposal: Proposal, *, preview: str, by: str) -> Proposal:
    """Ask for approval, having seen the preview of this digest. Raises Refused, Unavailable."""
    body = await office.proposals.preview(proposal.coop, preview)
    if body is None or not _is_of(body, proposal, await checked_files(office, proposal)):
        raise refused("preview")
    seen = replace(proposal, preview=preview)
    return await _step(office, "submit", seen, by=by, values={"preview": preview})


async def approve(office: Office, proposal: Proposal, *, preview: str, by: str) -> Proposal:
    """Approve what was submitted, having seen its preview. Raises Refused, Unavailable."""
    return await _step(office, "approve", proposal, by=by, preview=preview, values={"preview": preview})


async def reject(office: Office, proposal: Proposal, *, reason: str, by: str) -> Proposal:
    """Send a proposal back to its author, with a reason. Raises Refused, Unavailable."""
    return await _step(office, "reject", proposal, by=by, reason=reason)


async def withdraw(office: Office, proposal: Proposal, *, reason: str, by: str) -> Proposal:
    """End a proposal that is not to be published. Raises Refused, Unavailable."""
    return await _step(office, "withdraw", proposal, by=by, reason=reason)


async def publish(office: Office, proposal: Proposal, *, by: str) -> Proposal:
    """Put an approved proposal in force, now or at its effective time: entry, effect and row in one transaction.

    Raises Refused, Unavailable.
    """
    checked = await checked_files(office, proposal)
    assert checked.document is not None
    assert checked.digest is not None
    document, digest = checked.document, checked.digest

    def entry(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        begins = proposal.effective or now
        # Cut as the entry cuts it: whoever verifies the log knows no finer instant.
        begins = begins.replace(microsecond=begins.microsecond // 1000 * 1000)
        said = entries.Publish(
            coop=proposal.coop,
            time=instant(now),
            gov=gov,
            policy=digest,
            base=proposal.base,
            proposal=proposal.id,
            effective=instant(begins),
            proposer=proposal.author,
            approver=proposal.approver or "",
            preview=proposal.preview,
            reason=proposal.reason,
        )
        return said, (PolicyPublished(effective=begins, digest=digest, document=document),)

    values = _values(proposal, by) | {"policy": digest}
    await commit(office, "publish", proposal, entry, Change(statement="proposal_published", values=values), by=by)
    await office.in_force.refresh(proposal.coop)
    return await _now(office, proposal.coop, proposal.id)


def _is_of(body: bytes, proposal: Proposal, checked: Checked) -> bool:
    """Tell whether kept bytes are the preview of this content on this base, for when it is to come into force."""
    try:
        told = Preview.from_bytes(body)
    except ValueError:  # something else that is kept by its digest
        return False
    # Instants of one width sort as their text does.
    at = told.made if proposal.effective is None else max(told.made, instant(proposal.effective))
    return (told.coop, told.policy, told.base, told.at) == (proposal.coop, checked.digest, proposal.base, at)


async def begin_return(office: Office, coop: str, version: str, *, department: str, reason: str, by: str) -> Proposal:
    """Propose what an earlier version said (a roll-back is a new version); `version` is the beginning of its digest.

    Raises Refused, FilesRefused, Unavailable.
    """
    await office.in_force.refresh(coop)
    digests = {one.policy.digest for one in office.in_force.current(coop).versions}
    found = [one for one in digests if one.startswith(version)] if len(version) >= 8 else []
    files = await office.proposals.files_of_version(coop, found[0]) if len(found) == 1 else None
    if files is None:
        raise Refused(
            "version",
            f"`{version}` で始まる版が1つに決まらないか、その版のファイルが保管されていません。版の履歴で確かめてください",
            f"no one version begins with `{version}`, or its files were not kept; look at the list of versions",
        )
    wish = Wish(files=files, title=f"巻き戻し {found[0][:8]}", department=department, effective=None, reason=reason)
    return await begin(office, coop, wish, by=by)


async def checked_files(office: Office, proposal: Proposal) -> Checked:
    """Return what a proposal's files say. Raises FilesRefused, and Unavailable where they are not there."""
    files = await office.proposals.files(proposal.coop, proposal.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    return await _sound(office, proposal.coop, files)


async def _checked(office: Office, coop: str, wish: Wish) -> tuple[str, str | None]:
    if not wish.reason.strip() or not wish.title.strip():
        raise refused("reason")
    if _UNWRITABLE.search(wish.reason + wish.title) or "\n" in wish.title:
        raise Refused(
            "text",
            "件名と理由に制御文字は使えません。件名は1行で入れてください",
            "no control characters in title and reason, and the title in one line",
        )
    if len(wish.title) > TITLE or len(wish.reason) > REASON:
        raise Refused(
            "text",
            f"件名は{TITLE}字、理由は{REASON}字までです。短くしてください",
            f"a title has at most {TITLE} characters and a reason {REASON}: make them shorter",
        )
    # The last year of the calendar has instants that no other zone can write.
    if wish.effective is not None and (wish.effective.year >= MAXYEAR or wish.effective < office.clock()):
        raise refused("effective")
    await _sound(office, coop, wish.files)
    return await office.proposals.keep_files(coop, wish.files), last_version(office.in_force.current(coop))


async def _sound(office: Office, coop: str, files: Files) -> Checked:
    # Reading all files takes longer than releases on this loop may wait.
    checked = await asyncio.to_thread(office.policy_files.check, coop, files)
    if checked.document is None:
        raise FilesRefused(checked.findings)
    return checked


async def _step(
    office: Office,
    event: Event,
    proposal: Proposal,
    *,
    by: str,
    preview: str | None = None,
    reason: str = "",
    values: Values | None = None,
) -> Proposal:
    past = {"submit": "submitted", "approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}[event]
    change = Change(statement=f"proposal_{past}", values=_values(proposal, by) | (values or {}))
    await _append(office, proposal, event, change, by=by, preview=preview, reason=reason)
    return await _now(office, proposal.coop, proposal.id)


async def _append(
    office: Office,
    proposal: Proposal,
    event: Event,
    change: Change,
    *,
    by: str,
    preview: str | None = None,
    reason: str = "",
) -> None:
    assert event != "publish"

    def entry(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        said = entries.Proposal(
            coop=proposal.coop,
            time=instant(now),
            gov=gov,
            event=event,
            proposal=proposal.id,
            department=proposal.department,
            content=proposal.content,
            base=proposal.base,
            preview=None if event == "amend" else proposal.preview,
            effective=None if proposal.effective is None else instant(proposal.effective),
            by=by,
            reason=reason or None,
        )
        return said, ()

    await commit(office, event, proposal, entry, change, by=by, preview=preview, reason=reason)


async def _now(office: Office, coop: str, proposal: str) -> Proposal:
    stored = await office.proposals.get(coop, proposal)
    if stored is None:
        raise Unavailable("a proposal that was just committed is not in the store")
    return stored


def _new(coop: str, wish: Wish, *, content: str, base: str | None, by: str, at: datetime) -> Proposal:
    return Proposal(
        id=secrets.token_hex(8),
        coop=coop,
        title=wish.title,
        department=wish.department,
        author=by,
        editor=by,
        content=content,
        base=base,
        effective=wish.effective,
        reason=wish.reason,
        created=at,
        changed=at,
    )


def _wished(wish: Wish, **more: str | int | bytes | None) -> Values:
    effective = None if wish.effective is None else int(wish.effective.timestamp() * 1000)
    return {
        "title": wish.title,
        "department": wish.department,
        "effective": effective,
        "reason": wish.reason,
        **more,
    }


def _values(proposal: Proposal, by: str) -> Values:
    return {"id": proposal.id, "revision": proposal.revision, "content": proposal.content, "by": by}
