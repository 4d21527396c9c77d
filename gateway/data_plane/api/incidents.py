"""POST /v1/incidents: a partner reports a leak at its side, signed; compliance of the co-op takes it on from there.

Order as for a transfer: token, proof, rate limit, then the body. The answer says under which name the report is kept,
and nothing of what becomes of it.
"""

import hashlib
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.incidents.report import IncidentReport, parse
from gateway.core.request import MalformedClaim
from gateway.data_plane.api.inbound import answer, available, consume, inbound, refuse_query
from gateway.data_plane.authenticate import MEDIA_TYPE
from gateway.data_plane.caller import Caller, check_caller, signed_claims
from gateway.data_plane.desk import Desk
from gateway.jose import rfc4648
from gateway.tlog.entries import instant
from gateway.web.problems import Problem

PATH: Final = "/v1/incidents"
BODY_LIMIT: Final = 64 * 1024
TYP: Final = "incident-report+jwt"


def route(desk: Desk) -> Route:
    """Return the route."""

    async def incidents(request: Request) -> Response:
        refuse_query(request.scope)
        came = await inbound(request, desk.issuer + PATH, desk.proxies)
        caller = check_caller(desk, came)
        if came.content_type != MEDIA_TYPE:
            raise Problem("unsupported-media-type")
        report = _report(desk, caller, came.body)
        # Only now: what is malformed, or not signed, leaves the proof as it is (security-profile §6).
        await consume(desk, caller)
        take = desk.take_incident
        if take is None:
            raise Problem("unavailable", retry_after=10)
        signed = rfc4648.encode(hashlib.sha256(came.body).digest())
        with available(desk, "report of an incident not taken", coop=caller.coop):
            identifier = await take(report, caller.partner, caller.client, signed)
        desk.telemetry.count("incidents_reported", coop=caller.coop)
        document = {"incident": identifier, "received": instant(desk.clock()), "report": report.jti, "signed": signed}
        return answer(desk, msgspec.json.encode(document), media_type="application/json")

    return Route(PATH, incidents, methods=["POST"])


def _report(desk: Desk, caller: Caller, body: bytes) -> IncidentReport:
    """Return the report of a body that the client's registered key signed. Raises Problem."""
    try:
        report = parse(signed_claims(desk, caller, body, typ=TYP))
    except MalformedClaim as malformed:
        raise Problem("malformed", pointer=malformed.pointer) from None
    if (report.coop, report.agreement) != (caller.coop, caller.bound.agreement):
        raise Problem("not-permitted")
    return report
