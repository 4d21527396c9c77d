"""GET /v1/grants and /v1/grants/{id}/schema: what a partner may ask for, and exactly what it will get."""

from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.agreement_gate import encryption_key, signing_keys
from gateway.core.days import Moment, midnight_after
from gateway.core.grant_schema import grant_schema
from gateway.core.policy import Agreement, Grant, Policy
from gateway.data_plane.api.inbound import answer, available, reader
from gateway.data_plane.budget import told
from gateway.data_plane.caller import Caller
from gateway.data_plane.desk import Desk
from gateway.tlog.entries import instant
from gateway.web.problems import Problem

PATH = "/v1/grants"


def routes(desk: Desk) -> list[Route]:
    """Return both routes."""

    async def grants(request: Request) -> Response:
        caller = await reader(desk, request, desk.issuer + PATH)
        policy, moment = _policy(desk, caller)
        with available(desk, "grants unavailable", coop=caller.coop):
            wanted = await desk.overruns.waiting(caller.coop)
            shown = [
                await _grant(desk, caller, policy=policy, agreement=agreement, grant=grant, moment=moment)
                | {"more_requested": grant.id in wanted}
                for agreement in policy.agreements.values()
                if agreement.partner == caller.partner
                for grant in agreement.grants
            ]
        return answer(desk, msgspec.json.encode({"grants": shown}), media_type="application/json")

    async def schema(request: Request) -> Response:
        grant_id = request.path_params["grant"]
        caller = await reader(desk, request, f"{desk.issuer}{PATH}/{grant_id}/schema")
        policy, _ = _policy(desk, caller)
        for agreement in policy.agreements.values():
            for grant in agreement.grants:
                if grant.id == grant_id and agreement.partner == caller.partner:
                    document = msgspec.json.encode(grant_schema(grant, policy.fields))
                    return answer(desk, document, media_type="application/schema+json")
        raise Problem("not-found")

    return [
        Route(PATH, grants, methods=["GET"]),
        Route(PATH + "/{grant}/schema", schema, methods=["GET"]),
    ]


def _policy(desk: Desk, caller: Caller) -> tuple[Policy, Moment]:
    moment = Moment(caller.at)
    policy = desk.snapshots.current(caller.coop).policy_at(moment)
    if policy is None:
        raise Problem("not-found")
    return policy, moment


async def _grant(
    desk: Desk, caller: Caller, *, policy: Policy, agreement: Agreement, grant: Grant, moment: Moment
) -> dict[str, Any]:
    """Return one grant as its partner may know it."""
    state = desk.snapshots.current(caller.coop).partner(caller.partner)
    used = 0
    if grant.members_per_day is not None:
        used = await desk.log.quota_used(caller.coop, grant.id, moment.today.isoformat())
    keys = [encryption_key(state, caller.client, moment), *signing_keys(state, caller.client, moment)]
    ends = [key.span.end for key in keys if key is not None and key.span.end is not None]
    purposes = {p.id: p for notice in policy.notices for p in notice.purposes.values()}
    purpose = purposes.get(grant.purpose)
    return {
        "id": grant.id,
        "coop": caller.coop,
        "agreement": agreement.id,
        "purpose": grant.purpose,
        "fields": dict(grant.fields),
        "case_required": bool(purpose and purpose.case_required),
        "terms": {"retention": f"P{grant.retention_days}D", "reprovision": False},
        "state": "active" if moment.within(agreement.term) else "closed",
        "term_ends": _text(agreement.term.end),
        "members_per_day": grant.members_per_day,
        "members_left": None if grant.members_per_day is None else max(0, grant.members_per_day - used),
        # The day is one of Japan: whoever is told how many are left is told until when.
        "resets": None if grant.members_per_day is None else instant(midnight_after(moment.today)),
        "enumeration": told(desk, policy, client=caller.client, agreement=agreement.id, at=moment.at),
        "key_expires": _text(min(ends)) if ends else None,
    } | ({"products": sorted(grant.products)} if grant.products else {})


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
