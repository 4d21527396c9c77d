"""提供ログ for programs that watch it (SIEM): the entries after an index, as stored, in their order.

They hold no member's data, and reading on is no export: a feed that logged its own reading would never come to an end.
"""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import only
from gateway.console.api.problems import Malformed
from gateway.console.api.shown import answer
from gateway.console.navigation import OVERSIGHT
from gateway.console.visit import require
from gateway.oversight.log.feed import portion

MOST: Final = 1_000
USUAL: Final = 100
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


async def feed(request: Request) -> Response:
    """Return up to `limit` entries after `?after=`, from the first on without it; at the end of the log, none."""
    visit = require(request, *OVERSIGHT)
    only(request, "after", "limit")
    after = _number(request, "after")
    limit = _number(request, "limit")
    if limit is not None and not 1 <= limit <= MOST:
        raise Malformed(f"limit は1から{MOST}までの数です", f"limit is a number from 1 to {MOST}")
    desk = visit.desk.overseeing
    read = await portion(
        desk.log,
        desk.side_rows,
        visit.coop,
        after=-1 if after is None else after,
        most=USUAL if limit is None else limit,
    )
    return answer(read)


def _number(request: Request, name: str) -> int | None:
    asked = request.query_params.get(name)
    if asked is not None and not _INDEX.fullmatch(asked):
        raise Malformed(f"{name} は0以上の整数です", f"{name} is an integer, 0 or more")
    return None if asked is None else int(asked)


ROUTES: Final = (Route("/{coop}/log", feed, methods=["GET"]),)
