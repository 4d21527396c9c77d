"""What staff make of a request beyond a daily limit: a draft that raises it, or a reason why not; each is in the log.

Nothing is ever raised by itself: a draft goes the way of every change, amended, foreseen, approved by another person and
published. Who decides is an admin of the department that owns the agreement; of two who decide at once, one is let
through (adapters/log/changes.py).
"""

from typing import Final

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.drafting.grant import raise_limit
from gateway.control_plane.office import Office, last_version
from gateway.control_plane.quotas.queue import Queued, find, queued_of
from gateway.control_plane.quotas.record import Dismissed
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import Proposal
from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.core.staff import held
from gateway.ports import Change, Unavailable

LONGEST_REASON: Final = 2_000


async def propose(
    office: Office, coop: str, grant: str, *, most: str, by: str, title: str = "", reason: str = ""
) -> Proposal:
    """Begin a draft that raises a grant's daily limit to what is typed; everything open of that grant is met by it.

    Nothing typed: the limit under which all of it would have passed. Raises Refused, FilesRefused, Unavailable.
    """
    one = await _open(office, coop, grant, by=by)
    snapshot = office.in_force.current(coop)
    base = last_version(snapshot)
    last = find(snapshot.versions[-1].policy if snapshot.versions else None, grant)
    if last is None:
        raise Refused(
            "grant",
            "この提供範囲は公布済みの最新の版にありません。見送りの理由を記録してください",
            "the version published last has no such grant; dismiss what was asked for, with the reason",
        )
    files = None if base is None else await office.proposals.files_of_version(coop, base)
    if files is None:
        raise refused("base")
    raised = raise_limit(
        files,
        coop,
        (one.partner, one.agreement, one.name),
        most.strip() or str(one.wanted or ""),
        now=last[1].members_per_day,
        policy_files=office.policy_files,
    )
    wish = Wish(
        files=raised,
        title=title.strip() or f"1日の提供人数の上限を引き上げる({one.grant})",
        department=one.department,
        effective=None,
        reason=reason.strip(),
    )
    meets = Change(statement="overrun_proposed", values={"grant": grant, "said": wish.reason})
    try:
        return await steps.begin(office, coop, wish, by=by, meets=meets)
    except Refused as fault:
        raise await _why(office, coop, grant, fault) from None


async def dismiss(office: Office, coop: str, grant: str, *, reason: str, by: str) -> None:
    """Leave everything open of a grant at that, with the reason. Raises Refused, Unavailable."""
    one = await _open(office, coop, grant, by=by)
    if not reason.strip():
        raise refused("reason")
    if not writable(reason) or len(reason) > LONGEST_REASON:
        raise Refused(
            "text",
            f"理由に制御文字は使えません。{LONGEST_REASON}字までで入力してください",
            f"no control characters in the reason, and at most {LONGEST_REASON} characters",
        )
    if office.dismiss is None:
        raise Unavailable("this process keeps no dossiers")
    said = Dismissed(
        grant=grant,
        partner=one.partner,
        department=one.department,
        most=one.most,
        asked=one.asked,
        requests=one.requests,
        days=tuple(sorted({each.day.isoformat() for each in one.open}, reverse=True)),
        said=reason.strip(),
    )
    try:
        await office.dismiss(coop, said, by=by, reason=reason.strip())
    except Refused as fault:
        raise await _why(office, coop, grant, fault) from None


async def _open(office: Office, coop: str, grant: str, *, by: str) -> Queued:
    """Return what is open of a grant, where `by` may decide on it. Raises Refused, Unavailable."""
    one = await queued_of(office, coop, grant)
    if one is None:
        raise Refused(
            "grant",
            f"`{grant}` に上限を超えた要求はありません。一覧で確かめてください",
            f"nothing was asked for beyond the limit of `{grant}`; look at the list",
        )
    if not one.open:
        raise _settled()
    roles = await office.staff.roles(coop)
    if not held(roles, by, "admin", office.clock(), department=one.department):
        raise refused("department", department=one.department)
    return one


async def _why(office: Office, coop: str, grant: str, fault: Refused) -> Refused:
    """Return why nothing was written: somebody decided meanwhile, or what the act itself was refused for."""
    one = await queued_of(office, coop, grant)
    return _settled() if fault.rule in {"role", "revision"} and (one is None or not one.open) else fault


def _settled() -> Refused:
    return Refused(
        "settled",
        "この要求はすでに対応済みです(引上げの申請中か、見送り)。一覧を読み直してください",
        "somebody has decided on it already, by a draft or by dismissing it; look at the list again",
    )
