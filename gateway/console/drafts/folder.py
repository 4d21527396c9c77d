"""取り込み: a draft takes over the files that stand on this server, as a repository was brought there.

Only the folders of the settings are read. Who takes them over has seen which files come, change and go; where they have
moved on since, they are shown again.
"""

import asyncio
import hashlib
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.draft import draft_of, save
from gateway.console.drafts.files import PATH, frame
from gateway.console.pages import page
from gateway.console.visit import Visit
from gateway.control_plane.changes.file_diff import signs
from gateway.core.refused import Refused
from gateway.ports import Files
from gateway.tlog.jcs import canonical


async def take_over(request: Request) -> Response:
    """Show what taking the server's files over would change (GET), or do it (POST)."""
    visit, draft = await draft_of(request)
    found: Files | None = None
    refused: Refused | None = None
    try:
        found = await files_on_server(visit)
        if request.method == "POST":
            return await save(visit, draft, _seen(visit, found), path=f"{draft.path}/files", key="drafts.imported")
    except Refused as fault:
        refused = fault
    changed = {} if found is None else {name: sign for name, sign in signs(draft.files, found).items() if sign}
    return page(
        request,
        "draft_import.html",
        status=409 if refused else 200,
        **frame(draft, refused),
        there=found is not None,
        changed=changed,
        seen=None if found is None else _digest(found),
    )


ROUTES: Final = (Route(f"{PATH}/import", take_over, methods=["GET", "POST"]),)
"""For `PAGES` of app.py."""


async def files_on_server(visit: Visit) -> Files | None:
    """Return the files of the co-op on this server, None where it has none. Raises Refused for what cannot be taken in."""
    if visit.desk.files_on_server is None:
        return None
    files = await asyncio.to_thread(visit.desk.files_on_server, visit.coop)
    # The partners' files alone are no co-op's.
    return files if any(name.startswith(f"policies/{visit.coop}/") for name in files) else None


def none_on_server() -> Refused:
    """Return the refusal where the server has no files of the co-op."""
    return Refused(
        "files:none",
        "サーバーの policies/ に、この生協のファイルがありません。置いてから、もう一度取り込んでください",
        "this server has no files of the co-op in policies/; put them there and take them over again",
    )


def _seen(visit: Visit, found: Files | None) -> Files:
    if found is None:
        raise none_on_server()
    if visit.form.text("seen") != _digest(found):
        raise Refused(
            "files:moved",
            "確かめた後に、サーバーのファイルが変わりました。今の違いを確かめて、もう一度取り込んでください",
            "the files on the server are not what you looked at; look at what differs now and take them over again",
        )
    return found


def _digest(files: Files) -> str:
    return hashlib.sha256(canonical(dict(files))).hexdigest()
