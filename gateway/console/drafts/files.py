"""The files of a draft: a list with what changed, and each as text to be edited, added, taken out, compared, downloaded.

A file's name stands in the query, for it has slashes. What is saved here is checked with all other files, as everywhere.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.draft import Draft, base_files, checked, draft_of, save
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.control_plane.changes.file_diff import Sign, changed_files, signs
from gateway.control_plane.changes.file_edits import MOST, added, edited, in_a_form, removed, typed_text
from gateway.control_plane.refusals import FilesRefused
from gateway.core.refused import Refused
from gateway.ports import Files, Told

PATH: Final = "/{coop}/proposals/{proposal}/files"
FORM_LIMIT: Final = 8 * MOST
"""Bytes of a form: a line feed is six of them as a form sends it, any other character at most three for each of its own."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the draft, or one of the base that it has no more."""

    name: str
    sign: Sign
    size: int
    """Bytes in UTF-8."""
    errors: int
    warnings: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a comparison; `kind` is `+`, `-`, a blank, or `@` for what is no line of either file."""

    kind: str
    text: str


async def all_files(request: Request) -> Response:
    """Show every file with what became of it, and how many findings it has."""
    visit, draft = await draft_of(request)
    base = await base_files(visit, draft)
    findings = (await checked(visit, draft.files)).findings
    count = Counter((one.file, one.severity) for one in findings)
    both = {**(base or {}), **draft.files}
    rows = [
        Row(
            name=name,
            sign=sign,
            size=len(both[name].encode()),
            errors=count[name, "error"],
            warnings=count[name, "warning"],
        )
        for name, sign in signs(draft.files if base is None else base, draft.files).items()
    ]
    rows.sort(key=lambda row: (not row.name.startswith("policies/"), row.name))
    return page(
        request,
        "draft_files.html",
        **frame(draft),
        rows=rows,
        compared=base is not None,
        counts=Counter(row.sign for row in rows),
        # What is missing altogether is told of a folder, or of a file that is not there.
        others=[one for one in findings if one.file not in draft.files],
    )


async def edit(request: Request) -> Response:
    """Show a file's text with the findings of its lines (GET), or save what was typed (POST)."""
    visit, draft = await draft_of(request)
    name = _name(request)
    if request.method == "GET":
        return await _editor(request, visit, draft, name)
    typed = _typed(visit)
    if name not in draft.files:
        gone = Refused(
            "file:gone",
            f"{name} は、他の人が先に削除しました。もう一度加えるには、このまま保存してください",
            f"somebody else has taken {name} out; save it as it stands here to add it again",
        )
        return await _adder(request, visit, draft, name=name, typed=typed, refused=gone)
    now: Files = draft.files
    try:
        now = await asyncio.to_thread(edited, draft.files, name, typed)
        return await save(visit, draft, now, path=_at(draft, "edit", name), key="drafts.saved", file=name)
    except Refused as fault:
        moved = changed_files(draft.files, now) if fault.rule == "revision" else {}
        return await _editor(request, visit, draft, name, typed=typed, refused=fault, moved=_lines(moved.get(name, "")))


async def new(request: Request) -> Response:
    """Show the form of a further file (GET), or add it (POST)."""
    visit, draft = await draft_of(request)
    if request.method == "GET":
        name = request.query_params.get("file", "")
        base = await base_files(visit, draft) or {}
        return await _adder(request, visit, draft, name=name, typed=base.get(name, ""), refused=None)
    name, typed = visit.form.text("file"), _typed(visit)
    try:
        now = added(draft.files, name, typed, policy_files=visit.desk.policy_files, coop=visit.coop)
        return await save(visit, draft, now, path=_at(draft, "edit", name), key="drafts.added", file=name)
    except Refused as fault:
        return await _adder(request, visit, draft, name=name, typed=typed, refused=fault)


async def delete(request: Request) -> Response:
    """Ask whether a file shall be taken out (GET), or take it out (POST)."""
    visit, draft = await draft_of(request)
    name, refused = _known(request, draft), None
    if request.method == "POST":
        try:
            now = removed(draft.files, name)
            return await save(visit, draft, now, path=f"{draft.path}/files", key="drafts.removed", file=name)
        except Refused as fault:
            refused = fault
    values = frame(draft, refused)
    return page(request, "draft_file_delete.html", status=409 if refused else 200, **values, name=name)


async def download(request: Request) -> Response:
    """Send a file byte for byte as the draft has it, or as the base has it (`of=base`)."""
    visit, draft = await draft_of(request)
    files = await base_files(visit, draft) if request.query_params.get("of") == "base" else draft.files
    text = (files or {}).get(_name(request))
    if text is None:
        raise Refusal(404)
    name = quote(_name(request).rpartition("/")[2])
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
    }
    return Response(text.encode(), headers=headers)


async def diff(request: Request) -> Response:
    """Show how one file differs from the base, or every one (without `file`)."""
    visit, draft = await draft_of(request)
    base = await base_files(visit, draft)
    if base is None:
        raise Refusal(409, "drafts.no_base")
    asked = request.query_params.get("file", "")
    if asked and asked not in {*base, *draft.files}:
        raise Refusal(404)
    before, after = ({name: files[name] for name in files if asked in {"", name}} for files in (base, draft.files))
    changed = await asyncio.to_thread(changed_files, before, after)
    shown = {name: _lines(text) for name, text in changed.items()}
    return page(request, "draft_diff.html", **frame(draft), name=asked, changed=shown)


ROUTES: Final = (
    Route(PATH, all_files, methods=["GET"]),
    Route(f"{PATH}/edit", edit, methods=["GET", "POST"]),
    Route(f"{PATH}/new", new, methods=["GET", "POST"]),
    Route(f"{PATH}/delete", delete, methods=["GET", "POST"]),
    Route(f"{PATH}/download", download, methods=["GET"]),
    Route(f"{PATH}/diff", diff, methods=["GET"]),
)
"""For `PAGES` of app.py."""
LIMITS: Final = {f"{PATH}/edit": FORM_LIMIT, f"{PATH}/new": FORM_LIMIT}
"""For `LIMITS` of app.py."""


async def _editor(
    request: Request,
    visit: Visit,
    draft: Draft,
    name: str,
    *,
    typed: str | None = None,
    refused: Refused | None = None,
    moved: Sequence[Line] = (),
) -> Response:
    text = draft.files[_known(request, draft)]
    findings = refused.findings if isinstance(refused, FilesRefused) else (await checked(visit, draft.files)).findings
    base = await base_files(visit, draft)
    return page(
        request,
        "draft_file.html",
        status=409 if refused else 200,
        **frame(draft, refused),
        **_text(text if typed is None else typed, [one for one in findings if one.file == name]),
        name=name,
        findings=() if isinstance(refused, FilesRefused) else [one for one in findings if one.file == name],
        editable=in_a_form(text),
        sign=None if base is None else signs(base, draft.files)[name],
        in_base=name in (base or {}),
        size=len(text.encode()),
        moved=moved,
    )


async def _adder(
    request: Request, visit: Visit, draft: Draft, *, name: str, typed: str, refused: Refused | None
) -> Response:
    findings = refused.findings if isinstance(refused, FilesRefused) else ()
    return page(
        request,
        "draft_file_new.html",
        status=409 if refused else 200,
        **frame(draft, refused),
        **_text(typed, [one for one in findings if one.file == name]),
        name=name,
        folders=[f"policies/{visit.coop}/", "partners/"],
    )


def frame(draft: Draft, refused: Refused | None = None) -> dict[str, Any]:
    """Return what templates/draft_page.html is given."""
    return {
        "proposal": draft.proposal,
        "edits": draft.edits,
        "refused": refused,
        "files_url": f"/{draft.proposal.coop}/{draft.path}/files",
        "most": MOST // 1024,
    }


def _text(text: str, findings: Sequence[Told]) -> dict[str, Any]:
    """Return what templates/draft_text.html is given; a line is marked by the worst that was found of it."""
    marks = {one.line: one.severity for one in sorted(findings, key=lambda one: one.severity, reverse=True)}
    shown = typed_text(text)
    return {"text": shown, "marks": marks, "lines": shown.count("\n") + 1}


def _lines(unified: str) -> list[Line]:
    """Return the lines of a unified diff; a carriage return is shown, for it may be all that differs."""
    told = unified.removesuffix("\n").split("\n") if unified else []
    return [
        Line(kind="@" if at < 2 or one[:1] not in {"+", "-", " "} else one[0], text=one.replace("\r", "\\r"))
        for at, one in enumerate(told)
    ]


def _name(request: Request) -> str:
    return request.query_params.get("file", "")


def _known(request: Request, draft: Draft) -> str:
    name = _name(request)
    if name not in draft.files:
        raise Refusal(404)
    return name


def _typed(visit: Visit) -> str:
    """Return the text of the form. Raises Refusal 400 where it sends none: no text is not an empty file."""
    if "text" not in visit.form.fields:
        raise Refusal(400)
    return visit.form.raw("text")


def _at(draft: Draft, page_of: str, name: str) -> str:
    return f"{draft.path}/files/{page_of}?file={quote(name, safe='/')}"
