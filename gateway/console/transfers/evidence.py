"""What can be taken away of one entry: its bytes and the proof that it is in the log; and the request, with a reason.

The signed request names members. So it is shown only as the answer to a form, after the log has who opens it and why.
"""

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import disposition
from gateway.console.navigation import LOG, OVERSIGHT
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.transfers.entry import stored_at
from gateway.console.visit import Visit, require
from gateway.core.refused import Refused
from gateway.oversight.log.prove import NotFound, prove_index
from gateway.oversight.log.requests import Opened, open_request
from gateway.ports import Unavailable
from gateway.tlog.entries import Release
from gateway.tlog.proof import SUFFIX, encode


async def proof(request: Request) -> Response:
    """Give the proof of an entry under the newest checkpoint (c2sp.org/tlog-proof)."""
    visit = require(request, *LOG)
    stored = await stored_at(visit, request.path_params["index"])
    oversight = visit.desk.overseeing
    try:
        proven = await prove_index(oversight.log, oversight.publications, visit.coop, stored.index)
    except NotFound:
        raise Refusal(409, "transfers.proof.none") from None
    except ValueError as fault:
        visit.desk.telemetry.note("entry is not the one that was signed", coop=visit.coop, index=stored.index)
        raise Unavailable("entry and tiles are not those of the checkpoint") from fault
    return _file(visit, stored.index, SUFFIX, encode(proven.proof).encode(), "text/plain; charset=utf-8")


async def entry(request: Request) -> Response:
    """Give an entry exactly as it stands in the log."""
    visit = require(request, *LOG)
    stored = await stored_at(visit, request.path_params["index"])
    return _file(visit, stored.index, ".entry", stored.data, "application/octet-stream")


async def ask(request: Request) -> Response:
    """Ask why somebody wants to see the signed request of a release."""
    visit = require(request, *OVERSIGHT)
    index, release = await _release(visit, request)
    return page(request, "transfer_request.html", index=index, entry=release, opened=None, refused=None, reason="")


async def opened(request: Request) -> Response:
    """Enter who looks and why, then show what the partner signed."""
    visit = require(request, *OVERSIGHT)
    index, release = await _release(visit, request)
    reason = visit.form.text("reason")
    fault: Refused | None = None
    found: Opened | None = None
    try:
        found = await open_request(visit.desk.overseeing, visit.coop, index, release, by=visit.person.id, reason=reason)
    except Refused as refused:
        fault = refused
    else:
        if found is None:
            raise Refusal(404, "transfers.request.erased")
    return page(
        request,
        "transfer_request.html",
        status=200 if fault is None else 409,
        index=index,
        entry=release,
        opened=found,
        claims="" if found is None else json.dumps(found.claims, ensure_ascii=False, indent=1),
        header="" if found is None else json.dumps(found.header, ensure_ascii=False, indent=1),
        refused=fault,
        reason=reason,
    )


ROUTES: Final = (
    Route("/{coop}/transfers/{index:int}.tlog-proof", proof, methods=["GET"]),
    Route("/{coop}/transfers/{index:int}.entry", entry, methods=["GET"]),
    Route("/{coop}/transfers/{index:int}/request", ask, methods=["GET"]),
    Route("/{coop}/transfers/{index:int}/request", opened, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def _release(visit: Visit, request: Request) -> tuple[int, Release]:
    stored = await stored_at(visit, request.path_params["index"])
    if not isinstance(stored.entry, Release):
        raise Refusal(404, "transfers.request.none")
    return stored.index, stored.entry


def _file(visit: Visit, index: int, ending: str, body: bytes, kind: str) -> Response:
    name = f"{visit.coop}-{index}{ending}"
    return Response(body, headers={"Content-Type": kind, "Content-Disposition": disposition(name, ascii_name=name)})
