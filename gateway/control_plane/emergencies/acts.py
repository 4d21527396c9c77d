"""What others do with an urgent provision that was asked for: approve it, send it back, take it back, look at it afterwards.

    act        from        to          who
    approve    asked       to_review   a manager of the department, neither its author nor its last editor
    refuse     asked       refused     such a manager
    withdraw   asked       withdrawn   an admin of the department
    close      to_review   closed      compliance, neither who asked nor who approved; after its end

INVARIANT: the dossier says `to_review` before anything is in force, so that what a crash leaves behind is a review too
many, never one too few. An approval that broke off is taken up where it stopped by whoever approved.
"""

from datetime import datetime

from msgspec.structs import replace

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.committing import allowed
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.drafting.typed import Name, words
from gateway.control_plane.emergencies.asking import records_of
from gateway.control_plane.emergencies.record import Emergency, Kept, standing
from gateway.control_plane.office import Office
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import Proposal
from gateway.core.dossier import Dossier
from gateway.core.refused import Refused
from gateway.core.staff import held
from gateway.ports import Unavailable

_REASON: Name = ("理由", "Reason")
_LOOKED: Name = ("確認した内容", "What was looked at")
_FINDING: Name = ("指摘", "Finding")


async def kept(office: Office, coop: str, emergency: str) -> Kept | None:
    """Return an emergency as it stands; None for none of this id. Raises Unavailable."""
    dossier = await records_of(office).get(coop, emergency)
    return None if dossier is None else await _kept(office, dossier, office.clock())


async def all_kept(office: Office, coop: str) -> list[Kept]:
    """Return all of a co-op as they stand, the one asked for last first. Raises Unavailable."""
    now = office.clock()
    return [await _kept(office, one, now) for one in await records_of(office).all(coop)]


async def _kept(office: Office, dossier: Dossier, now: datetime) -> Kept:
    said = records_of(office).read(dossier)
    proposal = await office.proposals.get(dossier.coop, said.proposal)
    return Kept(
        dossier=dossier,
        said=said,
        proposal=proposal,
        standing=standing(dossier.state, said.expires, proposal, now),
    )


async def approve(office: Office, one: Kept, *, preview: str, reason: str, by: str) -> Kept:
    """Approve what was asked for, having seen its preview, and put it in force at once. Raises Refused, Unavailable."""
    because = words(reason, _REASON, longest=400)
    proposal = await _live(office, one)
    if proposal.state != "approved" or proposal.approver != by:
        await allowed(office, "approve", proposal, by=by, preview=preview)
        await _check_nothing_else(office, one.said, proposal)
        proposal = await steps.approve(office, proposal, preview=preview, by=by)
    if one.dossier.state == "asked":
        said = replace(one.said, approver=by, approved=office.clock(), approved_because=because)
        await records_of(office).step(
            one.dossier, said, event="decided", state="to_review", who="another", by=by, reason=because
        )
    await steps.publish(office, proposal, by=by)
    return await _again(office, one)


async def refuse(office: Office, one: Kept, *, reason: str, by: str) -> Kept:
    """Send back what was asked for; its draft stays with whoever asked. Raises Refused, Unavailable."""
    because = words(reason, _REASON, longest=400)
    proposal = _proposal(one)
    await steps.reject(office, proposal, reason=because, by=by)
    await records_of(office).step(
        one.dossier, one.said, event="decided", state="refused", who="another", by=by, reason=because
    )
    return await _again(office, one)


async def withdraw(office: Office, one: Kept, *, reason: str, by: str) -> Kept:
    """Take back what was asked for and is not in force. Raises Refused, Unavailable."""
    because = words(reason, _REASON, longest=400)
    proposal = _proposal(one)
    if proposal.state != "withdrawn":
        await steps.withdraw(office, proposal, reason=because, by=by)
    await records_of(office).step(
        one.dossier, one.said, event="changed", state="withdrawn", who="admin", by=by, reason=because
    )
    return await _again(office, one)


async def close(office: Office, one: Kept, *, looked: str, finding: str, by: str) -> Kept:
    """Say what a third person found, after the end; an empty finding is none. Raises Refused, Unavailable."""
    saw = words(looked, _LOOKED, longest=1_000)
    found = words(finding, _FINDING, longest=1_000) if finding.strip() else ""
    if one.standing != "to_review":
        raise Refused(
            "state",
            "事後の確認は、期限が過ぎて提供が終わってから行います。まだ続いているか、公布されていないか、確認が済んでいます",
            "it is looked at after its end: it goes on still, was never in force, or has been closed already",
        )
    if not held(await office.staff.roles(one.dossier.coop), by, "compliance", office.clock()):
        raise refused("role")
    if by in {one.dossier.author, one.said.approver, _proposal(one).approver}:
        raise Refused(
            "third",
            "申請した人と承認した人は、事後の確認ができません。コンプライアンスの別の担当者が行ってください",
            "who asked and who approved cannot look at it afterwards; somebody else of compliance must",
        )
    said = replace(one.said, finding=found, looked=saw, closed_by=by)
    await records_of(office).step(one.dossier, said, event="closed", state="closed", who="third", by=by, reason=saw)
    return await _again(office, one)


def _proposal(one: Kept) -> Proposal:
    if one.proposal is None:
        raise Unavailable("the proposal of an emergency is not in the store")
    return one.proposal


async def _live(office: Office, one: Kept) -> Proposal:
    """Return the proposal of an emergency that can still begin. Raises Refused where its end has passed."""
    if office.clock() >= one.said.expires:
        raise Refused(
            "expired",
            "期限が過ぎたので承認できません。まだ必要なら、もう一度申請してください",
            "its end has passed, so that it can begin no more; where it is still needed, ask again",
        )
    return _proposal(one)


async def _check_nothing_else(office: Office, said: Emergency, proposal: Proposal) -> None:
    """Raise Refused where the version would change anything but this agreement, or this agreement is no longer the one."""
    body = None if proposal.preview is None else await office.proposals.preview(proposal.coop, proposal.preview)
    if body is None:
        raise refused("preview")
    foreseen = Preview.from_bytes(body)
    own = ("agreements", said.partner, said.agreement)
    granted = {one.path[-1] for one in foreseen.differences if one.path[:3] == own and one.what == "field"}
    if any(one.path[:3] != own or one.sign != "+" for one in foreseen.differences) or granted != set(said.fields):
        raise Refused(
            "other_changes",
            "この申請には、緊急提供のほかの変更が含まれているか、申請した内容と違います。変更申請の画面で確かめて承認してください",
            "this proposal changes more than the urgent provision, or another one than was asked for; approve it as a change",
        )


async def _again(office: Office, one: Kept) -> Kept:
    found = await kept(office, one.dossier.coop, one.dossier.id)
    if found is None:
        raise Unavailable("an emergency that was just written is not in the store")
    return found
