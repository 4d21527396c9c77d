"""What takes two people: one asks, with the partner's proof where keys are registered, another approves; each an entry.

The rules are those of core/changes/partner_request.py; the SQL of the commit point has the last word. Who approves sees what was
asked for, and what the log says was asked for is what is done: all keys of a set in one entry, or none.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from gateway.control_plane.govern import Act, NotSo, StaleBase, govern
from gateway.control_plane.office import Office
from gateway.control_plane.partners.acts import KEY_LIFE, check_free, registered
from gateway.control_plane.partners.possession import Proved, keys_of
from gateway.control_plane.partners.request_words import refused_request
from gateway.control_plane.people.rules import check_reason
from gateway.core.changes.partner_request import Event, Kind, PartnerRequest, refusal
from gateway.core.refused import Refused
from gateway.core.state import Effect, PartnerStateSet, Snapshot
from gateway.jose.rfc7517 import PublicKey
from gateway.ports import Change, Unavailable, Values
from gateway.tlog.entries import Entry, Partner, decode, instant

ROUNDS: Final = 8


async def ask_keys(
    office: Office, coop: str, partner: str, client: str, proved: Proved, *, by: str, reason: str
) -> PartnerRequest:
    """Ask that keys be registered, which the partner proved that it holds. Raises Refused, Unavailable."""
    await office.in_force.refresh(coop)
    snapshot = office.in_force.current(coop)
    check_client(snapshot, partner, client)
    for key in proved.keys:
        check_free(snapshot, partner, client, key)
    wanted = new_request(
        office,
        coop,
        "keys",
        partner,
        by=by,
        reason=reason,
        client=client,
        keys=tuple(dict(key.jwk) for key in proved.keys),
        answer=proved.answer.decode(),
    )
    return await _ask(office, wanted, event="keys_asked", proof=proved.digest)


async def ask_resume(office: Office, coop: str, partner: str, *, by: str, reason: str) -> PartnerRequest:
    """Ask that releases to a partner begin, or begin again. Raises Refused, Unavailable."""
    await office.in_force.refresh(coop)
    snapshot = office.in_force.current(coop)
    check_client(snapshot, partner)
    if snapshot.partner(partner).active:
        raise refused_request("active")
    return await _ask(office, new_request(office, coop, "resume", partner, by=by, reason=reason), event="resume_asked")


async def approve(office: Office, request: PartnerRequest, *, by: str) -> PartnerRequest:
    """Approve what another person asked for, and do it, in one transaction. Raises Refused, Unavailable."""
    if office.check_approver is not None:
        await office.check_approver(request.coop, by)

    async def act(snapshot: Snapshot) -> Act:
        asked = await _as_logged(office, request)
        said: dict[str, Any] = {
            "partner": request.partner,
            "request": request.id,
            "approver": by,
            "by": request.asker,
            "reason": request.reason,
        }
        if request.kind == "resume":
            return _resuming(request, said)
        keys = keys_of({"keys": list(request.keys)})
        for key in keys:
            check_free(snapshot, request.partner, request.client, key)
        return _registering(request, keys, {**said, "client": request.client, "proof": asked.proof})

    change = Change(statement="request_approved", values={"id": request.id, "by": by})
    await _commit(office, "approve", request, act, change, by=by)
    await office.in_force.refresh(request.coop)
    return await _now(office, request)


async def refuse(office: Office, request: PartnerRequest, *, by: str, reason: str) -> PartnerRequest:
    """Refuse what another person asked for. Raises Refused, Unavailable."""
    return await _end(office, request, "refuse", by=by, reason=reason)


async def withdraw(office: Office, request: PartnerRequest, *, by: str, reason: str) -> PartnerRequest:
    """Take back what was asked for. Raises Refused, Unavailable."""
    return await _end(office, request, "withdraw", by=by, reason=reason)


def check_client(snapshot: Snapshot, partner: str, client: str | None = None) -> None:
    """Check that a published version names a partner, and a client of it. Raises Refused."""
    named = [one.policy.partners[partner] for one in snapshot.versions if partner in one.policy.partners]
    if not named or (client is not None and not any(client in one.clients for one in named)):
        raise refused_request("client", by=partner if client is None else f"{partner} / {client}")


async def allowed(office: Office, event: Event, request: PartnerRequest, *, by: str, reason: str = "") -> None:
    """Raise Refused for the first rule that an act breaks as things stand."""
    fault = refusal(
        event,
        request,
        by=by,
        at=office.clock(),
        roles=await office.staff.roles(request.coop),
        beside=await office.partner_requests.all(request.coop, partner=request.partner) if event == "ask" else (),
        reason=reason,
    )
    if fault is not None:
        deciding = fault == "role" and event in {"approve", "refuse"}
        raise refused_request("deciding" if deciding else fault, state=request.state, by=by)


async def _ask(
    office: Office, request: PartnerRequest, *, event: Literal["keys_asked", "resume_asked"], proof: str | None = None
) -> PartnerRequest:
    check_reason(request.reason)

    async def act(snapshot: Snapshot) -> Act:  # noqa: ARG001
        def said(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
            entry = Partner(
                coop=request.coop,
                time=instant(now),
                gov=gov,
                partner=request.partner,
                event=event,
                request=request.id,
                client=request.client or None,
                keys=list(request.keys),
                proof=proof,
                by=request.asker,
                reason=request.reason,
            )
            return entry, ()

        return said

    change = Change(statement="request_asked", values=row_of(request))
    await _commit(office, "ask", request, act, change, by=request.asker, reason=request.reason)
    return await _now(office, request)


async def _end(
    office: Office, request: PartnerRequest, event: Literal["refuse", "withdraw"], *, by: str, reason: str
) -> PartnerRequest:
    await allowed(office, event, request, by=by, reason=reason)
    check_reason(reason)

    async def act(snapshot: Snapshot) -> Act:  # noqa: ARG001
        def said(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
            entry = Partner(
                coop=request.coop,
                time=instant(now),
                gov=gov,
                partner=request.partner,
                event="request_refused" if event == "refuse" else "request_withdrawn",
                request=request.id,
                client=request.client or None,
                by=by,
                reason=reason,
            )
            return entry, ()

        return said

    statement = "request_refused" if event == "refuse" else "request_withdrawn"
    change = Change(statement=statement, values={"id": request.id, "by": by, "said": reason})
    await _commit(office, event, request, act, change, by=by, reason=reason)
    return await _now(office, request)


def _resuming(request: PartnerRequest, said: dict[str, Any]) -> Act:
    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Partner(coop=request.coop, time=instant(now), gov=gov, event="active", **said)
        return entry, (PartnerStateSet(partner=request.partner, active=True),)

    return act


def _registering(request: PartnerRequest, keys: Sequence[PublicKey], said: dict[str, Any]) -> Act:
    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Partner(
            coop=request.coop,
            time=instant(now),
            gov=gov,
            event="keys_added",
            keys=list(request.keys),
            start=instant(now),
            end=instant(now + KEY_LIFE),
            **said,
        )
        return entry, tuple(registered(request.partner, request.client, key, now=now) for key in keys)

    return act


async def _commit(
    office: Office,
    event: Event,
    request: PartnerRequest,
    make: Callable[[Snapshot], Any],
    change: Change,
    *,
    by: str,
    reason: str = "",
) -> int:
    """Commit an act decided on what is in force; where governance moved, decide again on what is in force then."""
    coop = request.coop
    for _ in range(ROUNDS):
        await office.in_force.refresh(coop)
        snapshot = office.in_force.current(coop)
        await allowed(office, event, request, by=by, reason=reason)
        act: Act = await make(snapshot)
        try:
            return await govern(office.log, coop, act, clock=office.clock, base=snapshot.gov, change=change)
        except StaleBase:
            continue
        except NotSo:
            raise await _why(office, event, request, by=by, reason=reason) from None
    raise Unavailable("governance changed too often for this act to be committed")


async def _why(office: Office, event: Event, request: PartnerRequest, *, by: str, reason: str) -> Refused:
    """Say why the row did not change: the rule that the act breaks by now."""
    stored = await office.partner_requests.get(request.coop, request.id)
    try:
        await allowed(office, event, stored or request, by=by, reason=reason)
    except Refused as fault:
        return fault
    # Nothing that is stored explains it: a role ended, or a person left, between the look and the commit.
    return refused_request("deciding" if event in {"approve", "refuse"} else "role")


async def _as_logged(office: Office, request: PartnerRequest) -> Partner:
    """Return the entry that asked for this; the row says the same, and nothing since speaks against it.

    Raises Unavailable where the row is not what the log says was asked for, Refused.
    """
    entries = [decode(entry) for entry in await office.log.of_kind(request.coop, "partner")]
    own = [one for one in entries if isinstance(one, Partner) and one.partner == request.partner]
    at = next((n for n, one in enumerate(own) if one.request == request.id), None)
    if at is None or (own[at].by, own[at].client or "", own[at].keys) != (
        request.asker,
        request.client,
        list(request.keys),
    ):
        raise Unavailable("what is kept of a request is not what the log says was asked for")
    if request.kind == "resume" and any(one.event == "suspended" for one in own[at:]):
        raise refused_request("suspended")
    return own[at]


def new_request(
    office: Office, coop: str, kind: Kind, partner: str, *, by: str, reason: str, **more: Any
) -> PartnerRequest:
    """Return what somebody would ask for, not yet asked; `more` are the fields of a kind."""
    return PartnerRequest(
        id=secrets.token_hex(8),
        coop=coop,
        kind=kind,
        partner=partner,
        asker=by,
        reason=reason,
        asked=office.clock(),
        **more,
    )


def row_of(request: PartnerRequest) -> Values:
    """Return what the table keeps of a request when it is asked."""
    return {
        "id": request.id,
        "kind": request.kind,
        "partner": request.partner,
        "client": request.client,
        "keys": msgspec.json.encode(request.keys).decode(),
        "answer": request.answer,
        "by": request.asker,
        "reason": request.reason,
    }


async def _now(office: Office, request: PartnerRequest) -> PartnerRequest:
    stored = await office.partner_requests.get(request.coop, request.id)
    if stored is None:
        raise Unavailable("a request that was just committed is not in the store")
    return stored
