"""Who asks for an export, and the request that it was ordered by.

The token that brings an export's id must be of the client that ordered it, for the same co-op, purpose, agreement and
product class, and hold its fields; for anybody else the export is as unknown as one that never was.
"""

from datetime import datetime
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag

from gateway.core.request import Bound, DataRequest, MalformedClaim, parse
from gateway.data_plane.caller import Caller
from gateway.data_plane.cursors import CursorRefused, Ended, Mark, context_of, open_token
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Asking
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import unseal
from gateway.ports import Export, Unavailable
from gateway.tlog.entries import instant

OPEN: Final = frozenset({"running", "sealed"})


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """What was ordered: the verified request as it was kept."""

    export: Export
    jws: bytes
    kid: str
    request: DataRequest

    def __repr__(self) -> str:
        """A request does not print itself."""
        return f"<Ordered {self.export.id}>"


async def own(desk: Desk, caller: Caller, export: str) -> Export | None:
    """Return an export that the caller may ask for, as things stand; None for everything else. Raises Unavailable."""
    found = await desk.exports.get(caller.coop, export)
    if found is None:
        return None
    bound, mine = caller.bound, (found.client, found.partner, found.purpose, found.agreement, found.product)
    if mine != (caller.client, caller.partner, bound.purpose, bound.agreement, bound.product):
        return None
    if not bound.fields.issuperset(found.fields):
        return None
    if found.expires <= caller.at and found.state in {*OPEN, "failed"}:
        return msgspec.structs.replace(found, state="expired")  # which the log is about to say
    return found


def status_of(export: Export) -> bytes:
    """Return what a partner is told of its export, as JSON."""
    told = {
        "export": export.id,
        "state": export.state,
        "form": export.form,
        "parts": export.parts,
        "taken": export.taken,
        "records": export.records,
        "final": export.final,
        "expires": instant(export.expires),
    }
    return msgspec.json.encode(told)


async def ordered(desk: Desk, export: Export) -> Ordered:
    """Return the request that an export was ordered by. Raises Unavailable."""
    sealed = await desk.kept_requests.of_entry(export.coop, export.entry)
    if sealed is None:
        raise Unavailable("the order of an export is not kept any more")
    try:
        jws = unseal(desk.coops[export.coop].secrets.requests, sealed, export.transfer.encode())
        header, claims = (msgspec.json.decode(rfc4648.decode(part)) for part in jws.decode().split(".")[:2])
        return Ordered(export=export, jws=jws, kid=header["kid"], request=parse(claims))
    except (InvalidTag, MalformedClaim, ValueError, KeyError):
        raise Unavailable("the order of an export cannot be read") from None


def started(desk: Desk, order: Ordered) -> Mark:
    """Return where the walk of an export starts. Raises Unavailable."""
    export, request = order.export, order.request
    issued, since = int(export.ordered.timestamp()), None
    if request.export is not None and request.export.since is not None:
        key, context = desk.coops[export.coop].secrets.cursors, context_of("since", export.client, request)
        try:
            since = open_token(key, request.export.since, context, Ended, now=issued)
        except CursorRefused:
            raise Unavailable("where an export is to start from cannot be read any more") from None
    return Mark(issued=issued, walk=export.id, since=since)


def asking_of(order: Ordered, *, deadline: datetime, caller: Caller | None = None, transfer: str = "") -> Asking:
    """Return the asking that an export is: a caller's, who has come for a part of it, or the order's own."""
    export, request = order.export, order.request
    bound = Bound(
        coop=request.coop,
        purpose=request.purpose,
        agreement=request.agreement,
        product=request.product,
        fields=frozenset(request.fields),
    )
    return Asking(
        transfer=transfer or export.id,
        coop=export.coop,
        partner=export.partner,
        client=export.client,
        bound=caller.bound if caller else bound,
        request=request,
        signed_with=order.kid,
        jws=order.jws,
        rqh=export.request,
        jkt=caller.jkt if caller else "",
        replay=caller.replay if caller else (b"", deadline),
        deadline=deadline,
    )
