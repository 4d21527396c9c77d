"""A draft as its editors find it, and how they save it: the files it holds, and who may change them now.

A page reads with `draft_of`, makes other files of `draft.files`, and ends with `save`. What `save` raises is shown on the
page that it was tried from, with status 409 and everything typed: as `refused` of templates/draft_page.html.
"""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.navigation import POLICY
from gateway.console.pages import done
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.core.changes.proposal import FROM, Proposal
from gateway.ports import Checked, Files, Unavailable

_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal with its files, for one reader."""

    proposal: Proposal
    files: Files
    edits: bool
    """The reader is an admin of its department now, and its state allows an amendment."""

    @property
    def path(self) -> str:
        """`proposals/<id>`: its page, as `done` and `save` take a path."""
        return f"proposals/{self.proposal.id}"


async def draft_of(request: Request) -> tuple[Visit, Draft]:
    """Return who reads and the draft that the URL names, in any state. A form is taken from an admin alone.

    Raises Refusal 403 for whoever may not read policy, 404 where the co-op has no such proposal; Unavailable.
    """
    visit = require(request, *(("admin",) if request.method == "POST" else POLICY))
    proposal = await visit.desk.proposals.get(visit.coop, request.path_params["proposal"])
    if proposal is None:
        raise Refusal(404)
    files = await visit.desk.proposals.files(visit.coop, proposal.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    edits = visit.holds("admin", department=proposal.department) and proposal.state in FROM["amend"]
    return visit, Draft(proposal=proposal, files=files, edits=edits)


async def base_files(visit: Visit, draft: Draft) -> Files | None:
    """Return the files of the version that a draft changes, none before the first; None where they were not kept."""
    if draft.proposal.base is None:
        return {}
    return await visit.desk.proposals.files_of_version(visit.coop, draft.proposal.base)


async def checked(visit: Visit, files: Files) -> Checked:
    """Return what files say and all findings, off the event loop. Raises Unavailable where this console only reads."""
    return await asyncio.to_thread(visit.desk.policy_files.check, visit.coop, files)


async def save(visit: Visit, draft: Draft, files: Files, *, path: str, key: str, **values: str | int) -> Response:
    """Let a draft hold these files instead, and return the answer: on to `path` of the co-op, with the message `key`.

    The form carries the revision that its editor saw, as `revision`; where somebody was faster, nothing is saved. Files
    that are those of the draft are no change, and void no approval. Raises Refused, FilesRefused; Refusal 400 for a
    form without a revision; Unavailable.
    """
    revision = revision_of(visit)
    if dict(files) == dict(draft.files):
        return done(visit, path, "drafts.unchanged", tone="note")
    await visit.desk.amend(visit.coop, draft.proposal.id, revision, files, by=visit.person.id)
    return done(visit, path, key, tone="good", **values)


def revision_of(visit: Visit) -> int:
    """Return the revision that the form's editor saw. Raises Refusal 400."""
    text = visit.form.text("revision")
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise Refusal(400)
    return int(text)
