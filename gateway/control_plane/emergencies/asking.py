"""Ask for an urgent provision: one form becomes a draft, its preview, the request for approval, and a dossier.

Who asks is an admin of the department, as for every change; whatever is refused of a change is refused of this one.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.drafting.typed import number
from gateway.control_plane.emergencies.files import (
    Asked,
    basis_of,
    case_of,
    evidence_of,
    files_of,
    longest,
    reason_of,
)
from gateway.control_plane.emergencies.record import Emergency, Records
from gateway.control_plane.office import Office
from gateway.core.days import Moment
from gateway.core.dossier import Dossier
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.core.state import Snapshot, Version
from gateway.ports import Files, Unavailable


def records_of(office: Office) -> Records:
    """Return where emergencies are kept. Raises Unavailable where this process has no dossiers."""
    if office.emergencies is None:
        raise Unavailable("this process keeps no dossiers")
    return office.emergencies


async def version_of(office: Office, coop: str) -> tuple[Policy, Files]:
    """Return the version in force and its files: what is urgent begins at once, and brings nothing else into force.

    Raises Refused where there is none, or its files were not kept; Unavailable.
    """
    await office.in_force.refresh(coop)
    policy = office.in_force.current(coop).policy_at(Moment(office.clock()))
    files = None if policy is None else await office.proposals.files_of_version(coop, policy.digest)
    if policy is None or files is None:
        raise Refused(
            "base",
            "施行中の版がないか、そのファイルが保管されていません。先に方針の版を公布してください",
            "no version is in force, or its files were not kept; publish a version first",
        )
    return policy, files


def to_come(snapshot: Snapshot, now: datetime) -> tuple[Version, ...]:
    """Return the versions that are yet to begin: whatever is published now calls them off (ADR 0018)."""
    return tuple(one for one in snapshot.versions if one.effective > now and not snapshot.superseded(one))


async def ask(office: Office, coop: str, asked: Asked, *, by: str) -> Dossier:
    """Ask for an urgent provision; nothing leaves until another person approves. Raises Refused, FilesRefused, Unavailable."""
    records, reason = records_of(office), reason_of(asked)
    policy, files = await version_of(office, coop)
    now = office.clock().replace(microsecond=0)
    hours = number(asked.hours, NAMES["hours"], least=1, most=longest(now))
    expires = now + timedelta(hours=hours)
    _check_whom(asked)
    name = records.new_id()
    made = files_of(office, coop, files, policy, asked, name=name, now=now, expires=expires)
    basis = basis_of(asked, policy, now)
    title = f"緊急提供 {name} {asked.partner}"
    wish = Wish(files=made, title=title, department=asked.department, effective=None, reason=reason)
    proposal = await steps.begin(office, coop, wish, by=by)
    said = Emergency(
        agreement=name,
        proposal=proposal.id,
        partner=asked.partner,
        department=asked.department,
        basis=basis,
        purpose=asked.purpose,
        products=asked.products,
        fields=tuple(one for one in policy.fields if one in asked.fields),
        members=int(asked.members),
        hours=hours,
        expires=expires,
        case=case_of(asked),
        evidence=evidence_of(asked, basis),
        reason=reason,
        calls_off=tuple(one.policy.digest for one in to_come(office.in_force.current(coop), now)),
    )
    try:
        digest, _ = await steps.foreseen(office, proposal)
        await steps.submit(office, proposal, preview=digest, by=by)
        return await records.begin(coop, said, by=by, reason=reason)
    except Refused:
        # What cannot be asked for to its end is not left half-asked.
        with suppress(Refused):
            stored = await office.proposals.get(coop, proposal.id)
            if stored is not None:
                await steps.withdraw(office, stored, reason=reason, by=by)
        raise


def _check_whom(asked: Asked) -> None:
    """Raise Refused where nothing says of whom: everybody's data is nobody's emergency."""
    if not asked.case.strip() and not any(one.field or one.values.strip() for one in asked.population):
        raise Refused(
            "whom",
            "対象者の条件(地域など)か案件番号を入れてください。どちらもないと、組合員すべてが対象になります",
            "name a condition on whom (a region or the like) or a case number; without either it would be every member",
        )
