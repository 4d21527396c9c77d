"""変更申請: what there is, a new one, one of them with its files, its preview, an edit, a roll-back."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import (
    Amending,
    Beginning,
    Returning,
    etag,
    flag,
    only,
    read,
    revision_seen,
    whole,
)
from gateway.console.api.problems import Malformed
from gateway.console.api.shown import answer, proposal as shown, stands
from gateway.console.navigation import POLICY
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import STATES, Proposal
from gateway.ports import Unavailable


async def listed(request: Request) -> Response:
    """Return the proposals, the one changed last first; `?state=…` and `?mine=1` narrow them."""
    visit = require(request, *POLICY)
    only(request, "state", "mine")
    asked, mine = request.query_params.get("state"), flag(request, "mine")
    states = [one for one in STATES if one == asked]
    if asked is not None and not states:
        known = ", ".join(STATES)
        raise Malformed(f"state は {known} のどれかです", f"state is one of {known}")
    found = await visit.desk.proposals.all(visit.coop, states=states)
    own = [one for one in found if not mine or visit.person.id in {one.author, one.editor}]
    return answer({"proposals": [shown(one) for one in own]})


async def begin(request: Request) -> Response:
    """Begin a proposal with the files that are sent, or with those of the version published last."""
    visit = require(request, "admin")
    only(request)
    office, sent = office_of(visit), await read(request, Beginning)
    if (sent.files is not None) == sent.base:
        raise Malformed(
            "files か base: true のどちらか一方を送ってください", "send either files or base: true", pointer="/files"
        )
    said: dict[str, Any] = {
        "title": sent.title,
        "department": sent.department,
        "reason": sent.reason,
        "effective": whole(sent.effective),
    }
    by = visit.person.id
    if sent.files is None:
        return stands(await steps.begin_with(office, visit.coop, None, **said, by=by), 201)
    return stands(await steps.begin(office, visit.coop, Wish(files=sent.files, **said), by=by), 201)


async def look(request: Request) -> Response:
    """Return one proposal; with `?files=1`, with its files."""
    visit = require(request, *POLICY)
    only(request, "files")
    wanted, one = flag(request, "files"), await found(request, visit)
    if not wanted:
        return stands(one)
    files = await visit.desk.proposals.files(visit.coop, one.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    return stands(one, files=dict(files))


async def amend(request: Request) -> Response:
    """Replace what a proposal says, as of the revision that its editor saw; an approval is void from then on."""
    visit = require(request, "admin")
    only(request)
    sent = await read(request, Amending)
    one = await as_seen(request, visit, sent.revision)
    wish = Wish(
        files=sent.files,
        title=sent.title,
        department=sent.department,
        effective=whole(sent.effective),
        reason=sent.reason,
    )
    return stands(await steps.amend(office_of(visit), one, wish, by=visit.person.id))


async def preview(request: Request) -> Response:
    """Return what a proposal would change, byte for byte as it is kept, and the digest that a step names."""
    visit = require(request, *POLICY)
    only(request)
    office, one = office_of(visit), await found(request, visit)
    if one.preview is None and one.state not in {"draft", "submitted", "approved"}:
        raise refused("state", state=one.state)
    digest, body = await steps.foreseen(office, one)
    return answer({"digest": digest, "preview": msgspec.Raw(body)}, ETag=etag(one.revision))


async def roll_back(request: Request) -> Response:
    """Propose what an earlier version said."""
    visit = require(request, "admin")
    only(request)
    sent = await read(request, Returning)
    begun = await steps.begin_return(
        office_of(visit),
        visit.coop,
        sent.version,
        department=sent.department,
        reason=sent.reason,
        by=visit.person.id,
    )
    return stands(begun, 201)


ROUTES: Final = (
    Route("/{coop}/proposals", listed, methods=["GET"]),
    Route("/{coop}/proposals", begin, methods=["POST"]),
    Route("/{coop}/proposals/{proposal}", look, methods=["GET"]),
    Route("/{coop}/proposals/{proposal}", amend, methods=["PUT"]),
    Route("/{coop}/proposals/{proposal}/preview", preview, methods=["GET"]),
    Route("/{coop}/roll-backs", roll_back, methods=["POST"]),
)


async def found(request: Request, visit: Visit) -> Proposal:
    """Return the proposal of the path. Raises Refusal 404 where the person's co-op has none of this id."""
    one = await visit.desk.proposals.get(visit.coop, request.path_params["proposal"])
    if one is None:
        raise Refusal(404)
    return one


async def as_seen(request: Request, visit: Visit, revision: int | None) -> Proposal:
    """Return the proposal of the path if it is still the one that was seen. Raises Malformed, Refusal 404, Refused.

    Whoever changes it between this look and the commit is found there: the act names the revision in its SQL.
    """
    seen = revision_seen(request, revision)
    one = await found(request, visit)
    if one.revision != seen:
        raise refused("revision")
    return one
