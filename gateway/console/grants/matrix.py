"""提供範囲: who receives which field for which purpose, in force (read only) and in a proposal (changed here).

Saving is the one mutation: it amends the proposal with the changed files. Filling, copying and reading a CSV file show
the matrix again with what they would change, not yet saved, so that a person looks at every cell before it counts.
"""

import asyncio
import base64
from typing import Any, Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.draft import Draft, draft_of, save
from gateway.console.exports.export_policy import matrix_export
from gateway.console.exports.exports import CHARSETS, disposition, encoding_of, ending_of, file_of, no_cp932
from gateway.console.grants.matrix_overview import overview
from gateway.console.grants.matrix_view import Pending, Shown, show
from gateway.console.navigation import POLICY
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.matrix import TRANSFORMS, Matrix, local, matrix as matrix_in
from gateway.control_plane.grants.matrix_changes import (
    Bulk,
    CellChange,
    LeftOut,
    apply,
    check_partners,
    copy,
    fill,
    matrix_of,
    policy_in,
    texts_of,
)
from gateway.control_plane.grants.matrix_csv import Wrong, export, read
from gateway.control_plane.refusals import FilesRefused
from gateway.core.changes.proposal import Proposal
from gateway.core.policy import Policy, Transform
from gateway.core.refused import Refused
from gateway.core.trial import TRIAL
from gateway.ports import Checked, Files, PolicyFiles
from gateway.sheets.csv_sheet import Unencodable

WITHHOLD = "-"
"""What the form sends for withholding where an empty value means that nothing was chosen."""


class Edited(msgspec.Struct, kw_only=True):
    """A matrix with what its editor has chosen and not saved, and what is to be said about that."""

    pending: Pending
    left_out: tuple[LeftOut, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    refused: Refused | None = None
    note: Literal["fill", "copy", "csv", ""] = ""


async def in_force(request: Request) -> Response:
    """Show the matrix of an agreement as in force; nothing can be changed here."""
    visit = require(request, *POLICY)
    partner, agreement = _named(request)
    policy = visit.policy
    if policy is None:
        raise Refusal(404)
    files = await visit.desk.proposals.files_of_version(visit.coop, policy.digest)
    # The words of the notice stand in the files alone; without them the matrix is the same, by its ids.
    document = None if files is None else _check(visit, files, partner).document
    of = _matrix(policy, partner, agreement, document)
    if ending_of(request) is not None:
        return await _file(request, visit, of, policy)
    return page(
        request, "matrix.html", **_values(visit, of, Edited(pending={}), proposal=None, sources=[], edits=False)
    )


async def matrix(request: Request) -> Response:
    """Show the matrix that a proposal's files make (GET), or act on it (POST)."""
    visit, draft = await draft_of(request)
    partner, agreement = _named(request)
    proposal = draft.proposal
    try:
        of = await _drafted(visit.desk.policy_files, draft, partner, agreement)
    except FilesRefused as fault:
        return page(request, "matrix_refused.html", status=409, proposal=proposal, findings=fault.findings)
    except KeyError:
        raise Refusal(404) from None
    if ending_of(request) is not None:
        policy = policy_in(await asyncio.to_thread(_check, visit, draft.files, partner))
        return await _file(request, visit, of, policy, proposal=proposal)
    edited = Edited(pending={})
    if request.method == "POST":
        edited.pending = _posted(visit, of)
        answer = await _act(visit, draft, of, edited)
        if answer is not None:
            return answer
    values = _values(visit, of, edited, proposal=proposal, sources=_sources(visit, of), edits=draft.edits)
    return page(request, "matrix.html", status=409 if edited.refused or edited.wrong else 200, **values)


EDITING: Final = "/{coop}/matrix/{proposal}/{partner}/{agreement}"
ROUTES: Final = (
    Route("/{coop}/grants", overview, methods=["GET"]),
    Route("/{coop}/grants/{partner}/{agreement}", in_force, methods=["GET"]),
    Route(EDITING, matrix, methods=["GET", "POST"]),
)
"""For `PAGES` of app.py."""


# ── acts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _act(visit: Visit, draft: Draft, of: Matrix, edited: Edited) -> Response | None:
    """Do what the form asks; None where the matrix is to be shown again, with what was chosen."""
    try:
        match visit.form.text("act"):
            case "save":
                return await _save(visit, draft, of, edited.pending)
            case "fill":
                _fill(visit, of, edited)
            case "copy":
                _copy(visit, draft.files, of, edited)
            case "csv":
                _read_csv(visit, of, edited)
            case _:
                raise Refusal(400)
    except Refused as fault:
        edited.refused = fault
    return None


async def _save(visit: Visit, draft: Draft, of: Matrix, pending: Pending) -> Response:
    changes = [
        CellChange(agreement=of.agreement, grant=grant, field=field, transform=transform)
        for (grant, field), transform in pending.items()
    ]
    path = f"matrix/{draft.proposal.id}/{of.partner}/{of.agreement}"
    if not changes:
        return done(visit, path, "matrix.nothing", tone="note")
    policy_files = visit.desk.policy_files
    made = await asyncio.to_thread(apply, draft.files, changes, policy_files=policy_files, coop=visit.coop)
    return await save(visit, draft, made, path=path, key="matrix.saved", count=len(changes))


def _fill(visit: Visit, of: Matrix, edited: Edited) -> None:
    item, grant, word = (visit.form.text(name) for name in ("fill_item", "fill_grant", "fill_transform"))
    transform = None if word == WITHHOLD else _transform(word)
    items = {row.id: row.item for row in of.rows}
    bulk = fill(of, transform, item=item or None, grant=grant or None)
    reached = {at for at in edited.pending if grant in {"", at[0]} and item in {"", items[at[1]]}}
    _take(edited, bulk, reached)
    edited.note = "fill"


def _copy(visit: Visit, files: Files, of: Matrix, edited: Edited) -> None:
    source, grant = visit.form.text("copy_from"), visit.form.text("copy_to")
    partner, _, rest = source.partition("/")
    agreement, _, name = rest.partition("/")
    policy = policy_in(_check(visit, files, partner))
    its = policy.agreements.get(agreement)
    given = next((one for one in its.grants if local(one) == name), None) if its and its.partner == partner else None
    if given is None:
        raise Refused(
            f"grant:{name}:not_granted",
            "複写元の提供範囲がこの申請のファイルにありません → 一覧から選び直す",
            "the grant to copy from is not in this proposal's files; choose another from the list",
        )
    _take(edited, copy(of, given.fields, grant=grant), {at for at in edited.pending if at[0] == grant})
    edited.note = "copy"


def _read_csv(visit: Visit, of: Matrix, edited: Edited) -> None:
    sent = visit.form.text("csv_file")
    try:
        data = base64.b64decode(sent, validate=True) if sent else visit.form.raw("csv_text").encode()
    except ValueError:  # no base64, or no ASCII
        raise Refusal(400) from None
    said = read(of, data)
    edited.wrong = said.errors
    if not said.errors:
        edited.pending = {(one.grant, one.field): one.transform for one in said.changes}
    edited.note = "csv"


def _take(edited: Edited, bulk: Bulk, reached: set[tuple[str, str]]) -> None:
    kept = {at: transform for at, transform in edited.pending.items() if at not in reached}
    edited.pending = kept | {(one.grant, one.field): one.transform for one in bulk.changes}
    edited.left_out = bulk.left_out


def _posted(visit: Visit, of: Matrix) -> dict[tuple[str, str], Transform | None]:
    """Return the cells that the form would change; one that it does not send stays. Raises Refusal for a foreign value."""
    chosen: dict[tuple[str, str], Transform | None] = {}
    for row in of.rows:
        for at, grant in of.granted:
            name = f"{grant}/{row.id}"
            if name not in visit.form.fields:
                continue
            word = visit.form.text(name)
            transform = None if not word else _transform(word)
            if transform != row.cells[at].transform:
                chosen[grant, row.id] = transform
    return chosen


def _transform(word: str) -> Transform:
    if word not in TRANSFORMS:
        raise Refusal(400)
    return word


# ── what is shown ─────────────────────────────────────────────────────────────────────────────────────────────────


def _values(
    visit: Visit, of: Matrix, edited: Edited, *, proposal: Proposal | None, sources: list[str], edits: bool
) -> dict[str, Any]:
    shown: Shown = show(of, edited.pending, lang=visit.texts.language)
    return {
        "m": shown,
        "edited": edited,
        "proposal": proposal,
        "edits": edits,
        "sources": sources,
        "partner_name": _partner_name(visit, of.partner),
        "withhold": WITHHOLD,
    }


def _sources(visit: Visit, of: Matrix) -> list[str]:
    """Return what can be copied: every grant of every agreement in force, and those of this one."""
    policy = visit.policy
    agreements = [] if policy is None else [one for one in policy.agreements.values() if one.id != of.agreement]
    others = [f"{one.partner}/{one.id}/{local(grant)}" for one in agreements for grant in one.grants]
    return [*(f"{of.partner}/{of.agreement}/{grant}" for _, grant in of.granted), *sorted(others)]


def _partner_name(visit: Visit, partner: str) -> str:
    policy = visit.policy
    return partner if policy is None or partner not in policy.partners else policy.partners[partner].name


async def _file(
    request: Request, visit: Visit, of: Matrix, policy: Policy, *, proposal: Proposal | None = None
) -> Response:
    """Return the matrix as a file; its CSV is the one that can be read in again, without title and notes."""
    if ending_of(request) != "csv":
        return await file_of(request, matrix_export(visit, of, policy, proposal=proposal))
    encoding = encoding_of(request)
    try:
        body = export(of, lang=visit.texts.language, encoding=encoding)
    except Unencodable as fault:
        raise no_cp932(fault) from None
    name = f"{of.agreement}.csv"
    return Response(
        body,
        headers={
            "Content-Type": f"text/csv; charset={CHARSETS[encoding]}",
            "Content-Disposition": disposition(f"{TRIAL if visit.desk.demo else ''}{name}", ascii_name=name),
        },
    )


def _named(request: Request) -> tuple[str, str]:
    ending = ending_of(request)
    return request.path_params["partner"], request.path_params["agreement"].removesuffix(f".{ending}")


_RECENT: Final[dict[tuple[PolicyFiles, str, str, str, str], Matrix]] = {}
_RECENTLY: Final = 16


async def _drafted(policy_files: PolicyFiles, draft: Draft, partner: str, agreement: str) -> Matrix:
    """Return the matrix that files make; those shown last are remembered by their content, which names them exactly."""
    coop = draft.proposal.coop
    key = (policy_files, coop, draft.proposal.content, partner, agreement)
    of = _RECENT.get(key)
    if of is None:
        of = await asyncio.to_thread(matrix_of, draft.files, partner, agreement, policy_files=policy_files, coop=coop)
        _RECENT[key] = of
        while len(_RECENT) > _RECENTLY:
            del _RECENT[next(iter(_RECENT))]
    return of


def _check(visit: Visit, files: Files, partner: str) -> Checked:
    return check_partners(files, {partner}, policy_files=visit.desk.policy_files, coop=visit.coop)


def _matrix(policy: Policy, partner: str, agreement: str, document: bytes | None) -> Matrix:
    try:
        return matrix_in(policy, partner, agreement, texts=texts_of(document))
    except KeyError:
        raise Refusal(404) from None
