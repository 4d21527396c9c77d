"""組合員イベントの取込 by a program: JSON or CSV in a body, by the rules of control_plane/members; no code is in any address.

`?dry_run=1` says what it would do; `?skip_bad_rows=1` takes the good rows in and lists the others.
"""

import asyncio
import re
from typing import Final, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import flag, only
from gateway.console.api.problems import NotJson
from gateway.console.api.shown import answer
from gateway.console.visit import require
from gateway.control_plane.members.faults import RowFault
from gateway.control_plane.members.reading import LARGEST, Encoding, Form, read
from gateway.control_plane.members.taking_in import Outcome, take_in

PATH: Final = "/{coop}/members/events"
_MEDIA: Final = re.compile(
    r'(application/json|text/csv)(?:[ \t]*;[ \t]*charset=(?:"?(utf-8|cp932|windows-31j|shift_jis)"?))?',
    re.IGNORECASE | re.ASCII,
)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events; `entry` is null where none was new, and on a dry run."""

    entry: int | None
    dry_run: bool
    rows: int
    taken: int
    members: int
    events: dict[str, int]
    told_before: int
    repeated: int
    overtaken: tuple[str, ...]
    faults: tuple[RowFault, ...]
    digest: str


async def take(request: Request) -> Response:
    """Take events in."""
    visit = require(request, "compliance")
    only(request, "dry_run", "skip_bad_rows")
    form, encoding = _form(request)
    told = await asyncio.to_thread(read, await request.body(), form=form, encoding=encoding)
    made = await take_in(
        visit.desk.taking_in,
        visit.coop,
        told,
        by=visit.person.id,
        reason=told.reason or "",
        skip_bad_rows=flag(request, "skip_bad_rows"),
        trial=flag(request, "dry_run"),
    )
    return answer(_shown(made), 200 if made.entry is None else 201)


ROUTES: Final = (Route(PATH, take, methods=["POST"]),)
LIMITS: Final = {("POST", PATH): LARGEST}


def _form(request: Request) -> tuple[Form, Encoding]:
    """Return what the body is. Raises NotJson."""
    sent = _MEDIA.fullmatch(request.headers.get("content-type", ""))
    if sent is None:
        raise NotJson
    charset = (sent[2] or "utf-8").lower()
    form = "json" if sent[1].lower() == "application/json" else "csv"
    if form == "json" and charset != "utf-8":
        raise NotJson
    return cast("Form", form), "utf-8" if charset == "utf-8" else "cp932"


def _shown(made: Outcome) -> Taken:
    return Taken(
        entry=made.entry,
        dry_run=made.trial,
        rows=made.rows,
        taken=made.taken,
        members=made.members,
        events=made.events,
        told_before=made.told_before,
        repeated=made.repeated,
        overtaken=made.overtaken,
        faults=made.faults,
        digest=made.digest,
    )
