"""公表事項: the versions of the notice, what Art. 27(5)(iii) still misses, what decisions resolved, and its text.

What the gates decide with (gaps, mapping, spans) comes from the policy itself; words come from the files that it was
published from. Where those were not kept, the page shows the same by its ids, and there is no text to export.
"""

import asyncio
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.navigation import POLICY
from gateway.console.notices.notice_tasks import changes_shown
from gateway.console.notices.notices_view import VersionShown, items_shown, purposes_shown, users_shown, version_shown
from gateway.console.pages import ENVIRONMENT, page
from gateway.console.proposals.versions import Row, rows_of
from gateway.console.refusal import Refusal
from gateway.console.static_files import static_url
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.matrix_changes import check_partners
from gateway.control_plane.notices.document import Document, read_document
from gateway.control_plane.notices.text import NoticeText, compose, plain
from gateway.core.policy import Policy
from gateway.ports import Unavailable


async def notices(request: Request) -> Response:
    """Show a version of the notice: `?version=2022-04-01`, of the policy in force or of `?policy=<digest>`."""
    visit = require(request, *POLICY)
    rows = rows_of(visit.desk.current(visit.coop), visit.now)
    if not rows:
        return page(request, "notices.html", rows=[], versions=[], chosen=None)
    row = row_asked(request, rows)
    policy = row.version.policy
    document = await document_of(visit, policy)
    versions = [version_shown(one, document, visit.now) for one in reversed(policy.notices)]
    chosen = chosen_of(versions, request.query_params.get("version", ""))
    file = None if document is None or chosen is None else document.notices.get(chosen.notice.version)
    return page(
        request,
        "notices.html",
        rows=[one for one in rows if one.standing != "past"],
        row=row,
        policy_asked=request.query_params.get("policy", ""),
        versions=versions,
        chosen=chosen,
        file=file,
        worded=document is not None,
        items=[] if chosen is None else list(items_shown(visit, policy, chosen.notice, document)),
        purposes=[] if chosen is None else list(purposes_shown(visit, policy, chosen.notice, document)),
        # A use is asked for as a purpose is, and belongs to one: it is not counted.
        purpose_count=0 if chosen is None else sum("." not in name for name in chosen.notice.purposes),
        users=[] if chosen is None else list(users_shown(visit, policy, chosen.notice, document)),
        changes=await changes_shown(visit, policy),
    )


async def as_text(request: Request) -> Response:
    """Return a version of the notice as plain text, to keep."""
    text = await _text(request)
    name = quote(f"{request.path_params['coop']}-{request.path_params['version']}.txt")
    return Response(
        plain(text).encode(),
        headers={
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        },
    )


async def as_html(request: Request) -> Response:
    """Return a version of the notice as a page of its own, to print."""
    text = await _text(request)
    body = ENVIRONMENT.get_template("notice_text.html").render(text=text, static=static_url)
    return Response(body, media_type="text/html; charset=utf-8")


ROUTES: Final = (
    Route("/{coop}/notices", notices, methods=["GET"]),
    Route("/{coop}/notices/{version}.txt", as_text, methods=["GET"]),
    Route("/{coop}/notices/{version}.html", as_html, methods=["GET"]),
)
"""For `PAGES` of app.py."""


async def _text(request: Request) -> NoticeText:
    visit = require(request, *POLICY)
    rows = rows_of(visit.desk.current(visit.coop), visit.now)
    if not rows:
        raise Refusal(404)
    policy = row_asked(request, rows).version.policy
    version = request.path_params["version"]
    notice = next((one for one in policy.notices if one.version == version), None)
    document = await document_of(visit, policy)
    if notice is None:
        raise Refusal(404)
    if document is None or version not in document.notices:
        raise Refusal(404, "notices.no_text")
    return compose(document, version, gaps=notice.gaps, digest=policy.digest, trial=visit.desk.demo)


def row_asked(request: Request, rows: list[Row]) -> Row:
    """Return the version of the policy that is asked for; else the one in force, or the one published last."""
    asked = request.query_params.get("policy", "")
    if asked:
        found = next((row for row in rows if row.version.policy.digest == asked), None)
        if found is None:
            raise Refusal(404)
        return found
    return next((row for row in rows if row.standing == "in_force"), rows[0])


async def document_of(visit: Visit, policy: Policy) -> Document | None:
    """Return the words of a published version; None where its files were not kept, or this console cannot read files."""
    files = await visit.desk.proposals.files_of_version(visit.coop, policy.digest)
    try:
        policy_files = visit.desk.policy_files
    except Unavailable:
        return None
    if files is None:
        return None
    # No agreement says anything of the notice; without them the check is quick.
    checked = await asyncio.to_thread(check_partners, files, (), policy_files=policy_files, coop=visit.coop)
    return None if checked.document is None else read_document(checked.document)


def chosen_of(versions: list[VersionShown], asked: str) -> VersionShown | None:
    """Return the version asked for, else the one that applies now, else the newest; raises Refusal 404."""
    if asked:
        found = next((one for one in versions if one.notice.version == asked), None)
        if found is None:
            raise Refusal(404)
        return found
    applying = (one for one in versions if one.effective.standing == "now" and one.notice.held)
    return next(applying, versions[0] if versions else None)
