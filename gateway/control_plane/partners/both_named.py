"""Acts on a partner where both people are named at once, as on the command line, which takes people at their word.

Asked for by one and approved by the other, by the rules of partner_requests.py. Before anybody holds a role one name does
it; whether that is so is asked again in the transaction of the entry.
"""

from collections.abc import Sequence
from typing import Any

from gateway.control_plane.govern import NotSo
from gateway.control_plane.office import Office
from gateway.control_plane.partners.acts import add_key, check_free, set_state
from gateway.control_plane.partners.possession import Proved
from gateway.control_plane.partners.request_words import refused_request
from gateway.control_plane.partners.requests import allowed, approve, ask_keys, ask_resume, new_request, row_of
from gateway.core.changes.partner_request import PartnerRequest, refusal
from gateway.core.plain_text import same_name
from gateway.jose.rfc7517 import PublicKey
from gateway.ports import Change, Unavailable


async def resume(office: Office, coop: str, partner: str, *, by: str, approver: str | None, reason: str) -> int:
    """Let releases to a partner begin, or begin again, as two people who are both named; return the entry's index.

    Asked for and approved one after the other. Before anybody holds a role, one name does. Raises Refused, Unavailable.
    """
    wanted = new_request(office, coop, "resume", partner, by=by, reason=reason)
    if not await office.staff.roles(coop):
        _not_alone(by, approver)
        words: dict[str, Any] = {"by": by, "approver": approver, "reason": reason, "clock": office.clock}
        try:
            return await set_state(
                office.log, coop, partner, active=True, **words, change=_before_roles(wanted, approver=approver)
            )
        except NotSo:
            raise refused_request("approver") from None
    await _check_both(office, wanted, approver)
    asked = await ask_resume(office, coop, partner, by=by, reason=reason)
    return _entry_of(await approve(office, asked, by=approver or ""))


async def register(
    office: Office, coop: str, partner: str, client: str, proved: Proved, *, by: str, approver: str, reason: str
) -> int:
    """Register keys as two people who are both named; return the entry's index. Raises Refused, Unavailable."""
    await _check_both(office, new_request(office, coop, "keys", partner, by=by, reason=reason, client=client), approver)
    asked = await ask_keys(office, coop, partner, client, proved, by=by, reason=reason)
    return _entry_of(await approve(office, asked, by=approver))


async def register_alone(
    office: Office,
    coop: str,
    partner: str,
    client: str,
    keys: Sequence[PublicKey],
    *,
    by: str,
    reason: str,
    proof: Proved | None = None,
) -> list[int]:
    """Register keys by one person, before anybody holds a role; return the index of each key's entry.

    Raises Refused, StaleBase, Unavailable.
    """
    await office.in_force.refresh(coop)
    for key in keys:
        check_free(office.in_force.current(coop), partner, client, key)
    said: dict[str, Any] = {"by": by, "reason": reason}
    answer = "" if proof is None else proof.answer.decode()
    words: dict[str, Any] = said | {"proof": None if proof is None else proof.digest, "clock": office.clock}
    indexes = []
    for key in keys:
        await office.in_force.refresh(coop)
        snapshot = office.in_force.current(coop)
        one = new_request(office, coop, "keys", partner, client=client, keys=(dict(key.jwk),), answer=answer, **said)
        try:
            indexes.append(
                await add_key(office.log, snapshot, partner, client, key, **words, change=_before_roles(one))
            )
        except NotSo:
            raise refused_request("approver") from None
    return indexes


def _before_roles(done: PartnerRequest, *, approver: str | None = None) -> Change:
    """Return the row of what is done at once; it is refused where anybody was ever given a role."""
    return Change(statement="done_before_roles", values=row_of(done) | {"approver": approver})


async def _check_both(office: Office, wanted: PartnerRequest, approver: str | None) -> None:
    """Check that of two people named together one may ask and the other approve, before anything is asked for."""
    _not_alone(wanted.asker, approver)
    await allowed(office, "ask", wanted, by=wanted.asker, reason=wanted.reason)
    roles = await office.staff.roles(wanted.coop)
    if approver is None or refusal("approve", wanted, by=approver, at=office.clock(), roles=roles) is not None:
        raise refused_request("approver")


def _not_alone(by: str, approver: str | None) -> None:
    if approver is not None and same_name(approver, by):
        raise refused_request("own", by=approver)


def _entry_of(request: PartnerRequest) -> int:
    if request.entry is None:
        raise Unavailable("a request that was just approved names no entry")
    return request.entry
