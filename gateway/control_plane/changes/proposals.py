"""The life of a change, step by step; each is one entry of the log and one changed row, in one transaction.

amend → submit (with its preview) → approve → publish; reject and withdraw besides. Files, command line, staff API and
console all come here. What may be done is said in core/changes/proposal.py; the SQL of the commit point has the last word.
"""

import dataclasses
import secrets
from datetime import datetime

from msgspec.structs import replace

from gateway.control_plane.changes.committing import allowed, commit
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.changes.rebase import rebased
from gateway.control_plane.changes.wishes import Wish, accepted, checked_files
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import Event, Proposal, refusal
from gateway.core.days import Moment
from gateway.core.plain_text import LONGEST_REASON, is_reason
from gateway.core.refused import Refused
from gateway.core.state import Effect, PolicyPublished
from gateway.ports import Change, Checked, Unavailable, Values
from gateway.tlog import entries
from gateway.tlog.entries import Entry, instant


async def begin(office: Office, coop: str, wish: Wish, *, by: str, meets: Change | None = None) -> Proposal:
    """Propose a change to the version published last. Raises Refused, FilesRefused, Unavailable.

    What the proposal `meets` goes on record with it: a statement that begins a proposal too, and its further values.
    """
    await office.in_force.refresh(coop)
    base = last_version(office.in_force.current(coop))
    return await _begin(office, coop, wish, base=base, by=by, meets=meets)


async def begin_with(
    office: Office,
    coop: str,
    version: str | None,
    *,
    title: str,
    department: str,
    effective: datetime | None,
    reason: str,
    by: str,
) -> Proposal:
    """Propose what a version says, the one published last where None: something to change, or a roll-back.

    `version` is the beginning of its digest. Raises Refused, FilesRefused, Unavailable.
    """
    await office.in_force.refresh(coop)
    snapshot = office.in_force.current(coop)
    base = last_version(snapshot)
    digests = {one.policy.digest for one in snapshot.versions}
    found = [base] if version is None else [one for one in digests if len(version) >= 8 and one.startswith(version)]
    files = await office.proposals.files_of_version(coop, found[0]) if len(found) == 1 and found[0] else None
    if files is None:
        raise _no_version(version)
    wish = Wish(files=files, title=title, department=department, effective=effective, reason=reason)
    return await _begin(office, coop, wish, base=base, by=by)


async def begin_return(office: Office, coop: str, version: str, *, department: str, reason: str, by: str) -> Proposal:
    """Propose what an earlier version said: a roll-back is a new version. Raises as `begin_with` does."""
    title = f"巻き戻し {version[:8]}"
    return await begin_with(
        office, coop, version, title=title, department=department, effective=None, reason=reason, by=by
    )


async def _begin(
    office: Office, coop: str, wish: Wish, *, base: str | None, by: str, meets: Change | None = None
) -> Proposal:
    proposal = _new(coop, wish, base=base, by=by, at=office.clock())
    fault = refusal("amend", proposal, by=by, at=office.clock(), roles=await office.staff.roles(coop), base=base)
    if fault is not None:
        raise refused(fault, state=proposal.state, department=proposal.department)
    content = await accepted(office, coop, wish, base=base)
    proposal = replace(proposal, content=content)
    values = _wished(wish, content=content, base=base, by=by, id=proposal.id)
    change = Change(
        statement="proposal_begun" if meets is None else meets.statement,
        values=values if meets is None else {**meets.values, **values},
    )
    await _append(office, proposal, "amend", change, by=by, reason=wish.reason)
    return await _now(office, coop, proposal.id)


async def amend(office: Office, proposal: Proposal, wish: Wish, *, by: str) -> Proposal:
    """Change what a proposal says; an approval is void from then on.

    What others have published since it was begun is followed, file by file (rebase.py). Raises Refused, FilesRefused,
    Unavailable.
    """
    coop = proposal.coop
    await office.in_force.refresh(coop)
    await allowed(office, "amend", proposal, by=by)
    if wish.department != proposal.department:
        raise refused("department", department=proposal.department)
    base = last_version(office.in_force.current(coop))
    wish = dataclasses.replace(wish, files=await rebased(office, proposal, wish.files, onto=base))
    content = await accepted(office, coop, wish, base=base)
    values = _wished(wish, base=base, amended=content) | _values(proposal, by)
    said = replace(proposal, content=content, base=base, effective=wish.effective)
    change = Change(statement="proposal_amended", values=values)
    await _append(office, said, "amend", change, by=by, reason=wish.reason)
    return await _now(office, coop, proposal.id)


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
    await office.in_force.refresh(proposal.coop)
    body = await office.proposals.preview(proposal.coop, preview)
    if body is None or not _is_of(body, proposal, await checked_files(office, proposal)):
        raise refused("preview")
    if Preview.from_bytes(body).before != _before(office, proposal, office.clock()):
        raise refused("preview")
    seen = replace(proposal, preview=preview)
    return await _step(office, "submit", seen, by=by, values={"preview": preview})


async def approve(office: Office, proposal: Proposal, *, preview: str, by: str) -> Proposal:
    """Approve what was submitted, having seen its preview. Raises Refused, Unavailable."""
    if office.check_approver is not None:
        await office.check_approver(proposal.coop, by)
    await office.in_force.refresh(proposal.coop)
    if proposal.base == last_version(office.in_force.current(proposal.coop)):
        _check_before(office, proposal, await _seen_before(office, proposal), office.clock())
    return await _step(office, "approve", proposal, by=by, preview=preview, values={"preview": preview})


async def reject(office: Office, proposal: Proposal, *, reason: str, by: str) -> Proposal:
    """Send a proposal back to its author, with a reason. Raises Refused, Unavailable."""
    _check_said(reason)
    return await _step(office, "reject", proposal, by=by, reason=reason)


async def withdraw(office: Office, proposal: Proposal, *, reason: str, by: str) -> Proposal:
    """End a proposal that is not to be published. Raises Refused, Unavailable."""
    _check_said(reason)
    return await _step(office, "withdraw", proposal, by=by, reason=reason)


async def publish(office: Office, proposal: Proposal, *, by: str) -> Proposal:
    """Put an approved proposal in force, now or at its effective time: entry, effect and row in one transaction.

    Raises Refused, Unavailable.
    """
    checked = await checked_files(office, proposal, afresh=True)
    assert checked.document is not None
    assert checked.digest is not None
    document, digest = checked.document, checked.digest
    before = await _seen_before(office, proposal)

    def entry(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        # Asked of the very instant that the version is committed at.
        _check_before(office, proposal, before, now)
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


def _before(office: Office, proposal: Proposal, now: datetime) -> str | None:
    """Return the digest of the version that would be in force without a proposal when it is to come into force."""
    at = now if proposal.effective is None else max(now, proposal.effective)
    policy = office.in_force.current(proposal.coop).policy_at(Moment(at))
    return None if policy is None else policy.digest


async def _seen_before(office: Office, proposal: Proposal) -> str | None:
    """Return the digest of the version that the preview of a submission compares with. Raises Unavailable."""
    if proposal.preview is None:
        return None
    body = await office.proposals.preview(proposal.coop, proposal.preview)
    if body is None:
        raise Unavailable("the preview of a proposal is not in the store")
    return Preview.from_bytes(body).before


def _check_before(office: Office, proposal: Proposal, seen: str | None, now: datetime) -> None:
    """Raise Refused where publishing would change something else than was seen: another version has begun since."""
    if proposal.preview is not None and seen != _before(office, proposal, now):
        raise refused("in_force")


def _is_of(body: bytes, proposal: Proposal, checked: Checked) -> bool:
    """Tell whether kept bytes are the preview of this content on this base, for when it is to come into force."""
    try:
        told = Preview.from_bytes(body)
    except ValueError:  # something else that is kept by its digest
        return False
    # Instants of one width sort as their text does.
    at = told.made if proposal.effective is None else max(told.made, instant(proposal.effective))
    return (told.coop, told.policy, told.base, told.at) == (proposal.coop, checked.digest, proposal.base, at)


def _no_version(version: str | None) -> Refused:
    if version is None:
        return Refused(
            "base",
            "元にする版のファイルが保管されていません。最初の版は gateway policy publish で公布するか、ファイルを添えて申請してください",
            "the files of the version to begin with were not kept: publish the first one with gateway policy publish, "
            "or propose with files",
        )
    return Refused(
        "version",
        f"`{version}` で始まる版が1つに決まらないか、その版のファイルが保管されていません。版の履歴で確かめてください",
        f"no one version begins with `{version}`, or its files were not kept; look at the list of versions",
    )


def _check_said(reason: str) -> None:
    """Raise Refused for a reason that no entry can hold; whether there is one at all is a rule of the act."""
    if reason.strip() and not is_reason(reason):
        raise Refused(
            "reason",
            f"理由は{LONGEST_REASON}字までで、制御文字や表示の向きを変える文字は使えません",
            f"a reason has at most {LONGEST_REASON} characters, and none that controls or turns the line",
        )


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


def _new(coop: str, wish: Wish, *, base: str | None, by: str, at: datetime) -> Proposal:
    return Proposal(
        id=secrets.token_hex(8),
        coop=coop,
        title=wish.title,
        department=wish.department,
        author=by,
        editor=by,
        content="",
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
