"""POST /v1/exports: an order is authenticated and decided as a transfer is; its entry, its row and the proof are one commit."""

import os
from datetime import datetime, timedelta
from typing import Final

import msgspec

from gateway.core.outcome import Denial, Permit, Receipt
from gateway.core.request import DataRequest
from gateway.data_plane.authenticate import authenticate
from gateway.data_plane.decide import decide
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Asking, Inbound
from gateway.data_plane.record import bounced, record
from gateway.data_plane.release import refusal
from gateway.data_plane.transfer import ROUNDS
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal
from gateway.ports import Bounced, Change, Committed, Submission, Unavailable, Unchanged
from gateway.tlog import entries
from gateway.tlog.entries import instant
from gateway.web.problems import Problem

KEPT: Final = timedelta(hours=24)
"""From the order on; then what is left of an export is gone."""
RUNNING: Final = 4
"""Exports of a client that are made at a time."""
WAITING: Final = 16
"""Exports of a client that lie ready and were neither confirmed nor cancelled."""
BUSY_S: Final = 30
"""After so many seconds a client with too many exports may ask again."""
_MS: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is in the log."""

    export: str
    form: str
    expires: datetime


async def order(desk: Desk, inbound: Inbound) -> Taken:
    """Take an order, or raise the Problem it is refused with: `rate-limited` where the client has too many exports."""
    asking = authenticate(desk, inbound, exports=True)
    refused: Denial | Bounced | None = None
    gov = -1
    for _ in range(ROUNDS):
        standing = await desk.standing(asking.coop, gov, deadline=asking.deadline)
        decision = decide(desk, asking, standing)
        outcome = await (
            record(desk, asking, decision)
            if isinstance(decision, Denial)
            else _record(desk, asking, decision, standing.at)
        )
        if isinstance(outcome, Taken):
            desk.telemetry.count("exports", coop=asking.coop, outcome="ordered")
            return outcome
        assert not isinstance(outcome, Receipt)
        refused = outcome
        if not isinstance(outcome, Bounced):
            break
        gov = outcome.gov
    raise refusal(desk, asking, refused)


async def _record(desk: Desk, asking: Asking, permit: Permit, at: datetime) -> Taken | Bounced:
    """Commit the entry of an order. Raises Problem `replayed`, `rate-limited` or `unavailable`."""
    request, coop = asking.request, desk.coops[asking.coop]
    assert isinstance(request, DataRequest)
    assert request.export is not None
    export, expires = rfc4648.encode(os.urandom(24)), at + KEPT
    entry = entries.Export(
        coop=asking.coop,
        time=instant(at),
        gov=permit.gov,
        event="ordered",
        export=export,
        transfer=asking.transfer,
        partner=permit.partner,
        client=asking.client,
        purpose=permit.purpose,
        product=permit.product,
        case=request.case,
        agreement=permit.agreement,
        grant=permit.grant.id,
        notice=permit.notice,
        policy=permit.policy.digest,
        fields=list(permit.fields),
        form=request.export.form,
        request=asking.rqh,
        proof=asking.jkt,
    )
    row = Change(
        statement="export_ordered",
        values={
            "id": export,
            "transfer": asking.transfer,
            "partner": permit.partner,
            "client": asking.client,
            "purpose": permit.purpose,
            "product": permit.product,
            "agreement": permit.agreement,
            "fields": msgspec.json.encode(request.fields).decode(),
            "form": request.export.form,
            "request": asking.rqh,
            "ordered": (at - _EPOCH) // _MS,
            "expires": (expires - _EPOCH) // _MS,
            "running": RUNNING,
            "waiting": WAITING,
        },
    )
    submission = Submission.of(
        entry,
        at,
        gov=permit.gov,
        valid_until=permit.valid_until,
        deadline=asking.deadline,
        replay=asking.replay,
        request=seal(coop.secrets.requests, asking.jws, asking.transfer.encode()),
        change=row,
    )
    try:
        with desk.telemetry.span("commit"):
            verdict = await desk.append(asking.coop, submission)
    except Unavailable as fault:
        desk.telemetry.note("log unavailable", coop=asking.coop, fault=str(fault))
        raise Problem("unavailable", retry_after=1) from None
    match verdict:
        case Committed():
            return Taken(export=export, form=request.export.form, expires=expires)
        case Unchanged():
            desk.summaries.add(asking.coop, asking.client, "rate-limited", at.timestamp())
            raise Problem("rate-limited", retry_after=BUSY_S)
        case _:
            return bounced(desk, asking, verdict)
