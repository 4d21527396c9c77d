"""GET /log/{coop}/…: what each log says of itself to everybody (c2sp.org/tlog-tiles): hashes and signatures, no entry.

checkpoint            the newest signed size and root, with the cosignatures it has
tile/<L>/<N>[.p/<W>]  hash tiles, as far as the newest checkpoint goes
consistency?from=&to= the proof that the log only grew between two sizes: one hash a line, base64

Entry bundles are not among them: they say who received what, and are for that co-op's own auditors.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.data_plane.api.inbound import available, prefix_of, refuse_query
from gateway.data_plane.desk import Desk
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.hash_tiles import reading, tiles_along
from gateway.tlog.merkle import HASH_SIZE
from gateway.tlog.proof import encode_hashes
from gateway.tlog.proving import consistency
from gateway.tlog.tiles import WIDTH, parse_path, width_of
from gateway.web.problems import Problem

PATH: Final = "/log/{coop}"
BRIEFLY: Final = "public, max-age=1"
PARTIAL: Final = "public, max-age=300"
FOR_EVER: Final = "public, max-age=31536000, immutable"
FRESH_S: Final = 1.0
"""For so long a process answers out of the checkpoint it has read."""

_SIZES: Final = re.compile(rb"from=(0|[1-9][0-9]{0,18})&to=(0|[1-9][0-9]{0,18})")


_Door = Callable[[Request], Awaitable[Response]]


class _Newest(msgspec.Struct, frozen=True):
    note: str
    checkpoint: Checkpoint
    read_at: float


def routes(desk: Desk) -> list[Route]:
    """Return the three routes."""
    known: dict[str, _Newest] = {}

    async def newest(request: Request) -> tuple[str, _Newest]:
        """Return the co-op asked for and its log's newest checkpoint. Raises Problem, Unavailable."""
        now = desk.clock().timestamp()
        wait = desk.per_prefix.take(prefix_of(request.scope, desk.proxies), now)
        if wait is not None:
            raise Problem("rate-limited", retry_after=wait)
        coop: str = request.path_params["coop"]
        if coop not in desk.coops or request.scope["raw_path"] != request.scope["path"].encode():
            raise Problem("not-found")
        found = known.get(coop)
        if found is None or not 0 <= now - found.read_at < FRESH_S:
            note = await desk.publications.checkpoint(coop)
            if note is None:
                raise Problem("unavailable", retry_after=1)
            found = known[coop] = _Newest(note, stated(note), now)
        return coop, found

    async def checkpoint(request: Request) -> Response:
        refuse_query(request.scope)
        _, found = await newest(request)
        return Response(found.note, headers={"Cache-Control": BRIEFLY}, media_type="text/plain")

    async def tile(request: Request) -> Response:
        refuse_query(request.scope)
        coop, found = await newest(request)
        try:
            level, number, width = parse_path(f"tile/{request.path_params['tile']}")
        except ValueError:
            raise Problem("not-found") from None
        if level < 0 or width > width_of(level, number, size=found.checkpoint.size):
            raise Problem("not-found")
        data = (await desk.publications.tile(coop, level, number) or b"")[: width * HASH_SIZE]
        if len(data) < width * HASH_SIZE:
            desk.telemetry.note("tile missing", coop=coop, level=level, number=number)
            raise Problem("unavailable", retry_after=10)
        caching = {"Cache-Control": FOR_EVER if width == WIDTH else PARTIAL}
        return Response(data, headers=caching, media_type="application/octet-stream")

    async def consistent(request: Request) -> Response:
        coop, found = await newest(request)
        sizes = _SIZES.fullmatch(request.scope["query_string"])
        if sizes is None or int(sizes[1]) > int(sizes[2]):
            raise Problem("malformed")
        old, new = int(sizes[1]), int(sizes[2])
        if new > found.checkpoint.size:
            raise Problem("not-found")
        along = tiles_along(max(old - 1, 0), new)
        tiles = await desk.publications.tiles(coop, along) if 0 < old < new else {}
        try:
            hashes = consistency(reading(tiles), old, new)
        except ValueError:
            desk.telemetry.note("tile missing", coop=coop)
            raise Problem("unavailable", retry_after=10) from None
        return Response(encode_hashes(hashes), headers={"Cache-Control": FOR_EVER}, media_type="text/plain")

    return [
        Route(f"{PATH}/{name}", _available(desk, door), methods=["GET"])
        for name, door in (("checkpoint", checkpoint), ("tile/{tile:path}", tile), ("consistency", consistent))
    ]


def _available(desk: Desk, door: _Door) -> _Door:
    """Return the door that says so where the database does not answer."""

    async def answering(request: Request) -> Response:
        with available(desk, "published log unavailable"):
            return await door(request)

    return answering
