"""組合員イベントの取込: a file of the core system is pasted in, looked at first, and the same content taken in then.

The content comes in a form's body, and goes back into the page for the confirmation alone: nothing of it is kept in
between, and nothing of it stands in an address. Nothing is decided here: control_plane/members does that.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, exported, head, said
from gateway.console.forms import Form
from gateway.console.navigation import OVERSIGHT
from gateway.console.pages import done, page
from gateway.console.visit import Visit, require
from gateway.control_plane.members.reading import COLUMNS, MOST, Told, read
from gateway.control_plane.members.taking_in import LONGEST_REASON, Outcome, take_in
from gateway.core.members.masters import EVENT_KINDS, KIND_WORDS
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.tlog.entries import Restrict, decode

PATH: Final = "/{coop}/members/events"
LARGEST: Final = 1024 * 1024
"""Characters of a file that is pasted in."""
LIMITS: Final[Mapping[str, int]] = {PATH: 2 * LARGEST}
"""A form's encoding of a file is longer than the file; and it is read before it is known who sends it."""
SHOWN: Final = 100
_DONE: Final[Mapping[str, tuple[str, str]]] = {"set": ("の設定", " set"), "lifted": ("の解除", " lifted")}


async def show(request: Request) -> Response:
    """Show what was taken in, and the form."""
    visit = require(request, *OVERSIGHT)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="member_events.title")
    return await _shown(request, visit, Form())


async def act(request: Request) -> Response:
    """Look at a file; or, where that was done, take in what was looked at."""
    visit = require(request, "compliance")
    form = visit.form
    try:
        told = await asyncio.to_thread(_told, form)
        digest = rfc4648.encode(told.digest)
        take = form.text("act") == "take"
        if take and form.text("digest") != digest:
            raise Refused(
                "content",
                "確かめた内容と違います。もう一度確かめてください",
                "this is not what was looked at; look at it again",
            )
        made = await take_in(
            visit.desk.taking_in,
            visit.coop,
            told,
            by=visit.person.id,
            reason=form.text("reason"),
            skip_bad_rows=form.text("skip") == "1",
            trial=not take,
        )
    except Refused as refused:
        return await _shown(request, visit, form, refused=refused)
    if not take:
        return await _shown(request, visit, form, made=made)
    if made.entry is None:
        return done(visit, "members/events", "member_events.nothing", tone="note", count=made.told_before)
    return done(visit, "members/events", "member_events.done", count=made.taken, members=made.members, bad=made.bad)


async def export(request: Request) -> Export:
    """Return what was taken in; nobody is named."""
    visit = require(request, *OVERSIGHT)
    columns = (
        column("entry", "member_events.entry", "number"),
        column("time", "member_events.time", "instant"),
        column("members", "member_events.members", "number"),
        column("events", "member_events.events"),
        column("by", "member_events.by"),
        column("reason", "member_events.reason"),
        column("digest", "member_events.digest"),
    )
    rows = tuple(
        (
            index,
            datetime.fromisoformat(one.time),
            one.members,
            ", ".join(f"{what} {count}" for what, count in one.events.items()),
            one.by,
            one.reason,
            one.digest,
        )
        for index, one in await _imports(visit)
    )
    return exported(visit, "member-events", said("member_events.title"), columns=columns, rows=rows, notes=head(visit))


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(PATH, act, methods=["POST"]),
    *export_routes(PATH, export),
)
"""For `PAGES` of app.py, before the look-up of a member, whose name could be `events`."""


def _told(form: Form) -> Told:
    """Return what was pasted; browsers write line ends in their own way. Raises Refused."""
    return read(form.raw("events").replace("\r\n", "\n").encode(), form="csv")


async def _imports(visit: Visit) -> list[tuple[int, Restrict]]:
    found = await visit.desk.overseeing.member_events.imports(visit.coop)
    return [(index, entry) for index, raw in found if isinstance(entry := decode(raw), Restrict)]


def counted_words(events: Mapping[str, int], language: str) -> list[str]:
    """Return how many events of each kind there are, in words."""
    at = int(language != "ja")
    words = []
    for what, count in events.items():
        name, _, how = what.partition(":")
        kind = next((KIND_WORDS[one][at] for one in EVENT_KINDS if one == name), name)
        told = f"{kind}{_DONE[how][at]}" if how in _DONE else kind
        words.append(f"{told} {count:,}")
    return words


async def _shown(
    request: Request, visit: Visit, typed: Form, *, made: Outcome | None = None, refused: Refused | None = None
) -> Response:
    imports = await _imports(visit)
    masters = visit.desk.overseeing.masters(visit.coop)
    at = int(visit.texts.language != "ja")
    values: dict[str, Any] = {
        "refused": refused,
        "faults": getattr(refused, "faults", ()) if made is None else made.faults,
        "typed": typed,
        "made": made,
        "counted": [] if made is None else counted_words(made.events, visit.texts.language),
        "imports": [
            {
                "index": index,
                "time": datetime.fromisoformat(one.time),
                "members": one.members,
                "events": counted_words(one.events, visit.texts.language),
                "by": one.by,
                "reason": one.reason,
            }
            for index, one in imports[:SHOWN]
        ],
        "total": len(imports),
        "masters": [(KIND_WORDS[kind][at], masters.get(kind)) for kind in EVENT_KINDS],
        "acts": visit.holds("compliance"),
        "columns": COLUMNS,
        "most": MOST,
        "largest": LARGEST,
        "longest": LONGEST_REASON,
    }
    return page(request, "member_events.html", status=409 if refused else 200, **values)
