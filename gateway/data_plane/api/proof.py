"""GET /v1/transfers/{id}/proof: the proof that a partner's own transfer is in the log, and the entry it is about.

The partner checks both offline (c2sp.org/tlog-proof): the entry's hash, the path to the signed root, the log's key; and
that the entry's hash and index are those of the receipt it was given.
"""

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.data_plane.api.inbound import answer, available, reader
from gateway.data_plane.caller import Caller
from gateway.data_plane.desk import Desk
from gateway.jose import rfc4648
from gateway.ports import Logged
from gateway.tlog.checkpoint import stated
from gateway.tlog.entries import Denial, Release, decode
from gateway.tlog.hash_tiles import reading, tiles_along
from gateway.tlog.merkle import leaf_hash, verify_inclusion
from gateway.tlog.proof import Proof, encode
from gateway.tlog.proving import inclusion
from gateway.web.problems import Problem

PATH: Final = "/v1/transfers/{transfer}/proof"
ROUNDS: Final = 10
ROUND_S: Final = 0.2
"""A checkpoint is signed each second; a transfer of just now is waited for, two seconds at most."""


def route(desk: Desk) -> Route:
    """Return the route."""

    async def proof(request: Request) -> Response:
        transfer = request.path_params["transfer"]
        caller = await reader(desk, request, desk.issuer + PATH.format(transfer=transfer))
        with available(desk, "proof unavailable", coop=caller.coop):
            logged = await _own(desk, caller, transfer)
            text = encode(await _prove(desk, caller.coop, logged))
        document = msgspec.json.encode({"proof": text, "entry": rfc4648.encode(logged.entry)})
        return answer(desk, document, media_type="application/json")

    return Route(PATH, proof, methods=["GET"])


async def _own(desk: Desk, caller: Caller, transfer: str) -> Logged:
    """Return the entry of the caller's own transfer; another's is as unknown as one that never was."""
    logged = await desk.publications.of_transfer(caller.coop, transfer)
    if logged is not None:
        entry = decode(logged.entry)
        if isinstance(entry, Release | Denial) and entry.partner == caller.partner:
            return logged
    raise Problem("not-found")


async def _prove(desk: Desk, coop: str, logged: Logged) -> Proof:
    """Return the proof against the newest checkpoint, once there is one that holds the entry. Raises Problem, Unavailable."""
    for _ in range(ROUNDS):
        note = await desk.publications.checkpoint(coop)
        if note is not None and stated(note).size > logged.index:
            break
        await asyncio.sleep(ROUND_S)
    else:
        raise Problem("unavailable", retry_after=1)
    checkpoint = stated(note)
    index, size = logged.index, checkpoint.size
    tiles = await desk.publications.tiles(coop, tiles_along(index, size))
    try:
        hashes = inclusion(reading(tiles), index, size)
    except ValueError:
        desk.telemetry.note("tile missing", coop=coop)
        raise Problem("unavailable", retry_after=10) from None
    if not verify_inclusion(leaf_hash(logged.entry), hashes, index=index, size=size, root=checkpoint.root):
        desk.telemetry.note("entry is not the one that was signed", coop=coop, index=index)
        raise Problem("internal")
    return Proof(index=index, hashes=hashes, checkpoint=note.encode())
