"""報告: the nine matters of Rule 8 drafted, every revision kept, what was sent recorded; the same as text and as files."""

from functools import partial
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, disposition, export_routes, head, note, said
from gateway.console.incidents.shown import (
    ACTS,
    READS,
    as_seen,
    asked,
    day,
    english,
    form_day,
    named,
    shown,
    told_words,
)
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day
from gateway.core.dossier import Dossier
from gateway.core.incidents.incident import MATTERS, REPORTS, Matter, Report
from gateway.core.refused import Refused
from gateway.oversight.incidents import drafting, words
from gateway.oversight.incidents.file import Draft, IncidentFile, mark_sent, save_draft
from gateway.oversight.incidents.intake import LONGEST_LINE, LONGEST_TEXT
from gateway.sheets.tables import Said, Table

PATH: Final = "/{coop}/incidents/{incident}/report"
SAVED: Final = "報告の下書き"
SENT: Final = "提出の記録"


async def show(request: Request) -> Response:
    """Show the draft to be written, and its revisions; `?revision=` shows one as it was."""
    visit = require(request, *READS)
    dossier, file = await asked(visit, request)
    return _shown(request, visit, dossier, file)


async def save(request: Request) -> Response:
    """Keep a revision."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    form = visit.form
    report = form.text("report")
    texts: dict[Matter, str] = {one: form.text(one).replace("\r\n", "\n") for one in MATTERS}
    try:
        as_seen(form, dossier)
        if report not in REPORTS:
            raise Refused("report", "速報・続報・確報のどれかを選んでください", "choose which report it is")
        await save_draft(visit.desk.overseeing, dossier, file, report, texts, by=visit.person.id, reason=SAVED)
    except Refused as told:
        return _shown(request, visit, dossier, file, told=told, typed=texts)
    return done(visit, f"incidents/{dossier.id}/report", "incidents.done.saved", number=len(file.drafts) + 1)


async def sent(request: Request) -> Response:
    """Record that a revision was sent."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    form = visit.form
    number = form.text("number")
    try:
        as_seen(form, dossier)
        receipt = form.text("receipt")
        if len(receipt) > LONGEST_LINE:
            raise Refused("receipt", "受付番号が長すぎます", "the number of the receipt is too long")
        await mark_sent(
            visit.desk.overseeing,
            dossier,
            file,
            int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0,
            sent=form_day(form, "sent"),
            receipt=receipt,
            by=visit.person.id,
            reason=SENT,
        )
    except Refused as told:
        return _shown(request, visit, dossier, file, told=told)
    return done(visit, f"incidents/{dossier.id}", "incidents.done.sent")


async def text(request: Request) -> Response:
    """Return a revision as plain Japanese text, to be put into the commission's form."""
    visit = require(request, *READS)
    dossier, file = await asked(visit, request)
    draft = _chosen(request, file)
    if draft is None:
        raise Refusal(404)
    body = drafting.report_text(draft, coop=visit.desk.coops.get(visit.coop, visit.coop), title=file.intake.title)
    name = quote(f"{visit.coop}-{dossier.id}-{draft.number}.txt")
    return Response(
        body.encode(),
        headers={
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Disposition": disposition(name, ascii_name=name),
        },
    )


async def export(request: Request) -> Export:
    """Return a revision as a table of the nine matters."""
    visit = require(request, *READS)
    dossier, file = await asked(visit, request)
    draft = _chosen(request, file)
    if draft is None:
        raise Refusal(404)
    ja, en = words.REPORTS[draft.report]
    title = said("incidents.report.of", id=dossier.id)
    unknown = Said(*words.UNKNOWN, "unknown")
    table = Table(
        key="report",
        title=title,
        columns=(column("matter", "incidents.matter"), column("text", "incidents.matter.text")),
        rows=tuple((Said(*words.MATTERS[one], one), draft.texts.get(one) or unknown) for one in MATTERS),
        notes=(
            *head(visit, at=draft.at),
            note("incident", "incidents.title", file.intake.title),
            note("report", "incidents.report.kind", Said(ja, en, draft.report)),
            note("number", "incidents.revision", draft.number),
            note("sent", "incidents.sent", draft.sent),
        ),
        trial=visit.desk.demo,
    )
    return Export(visit=visit, slug=f"{dossier.id}-report-{draft.number}", title=title, tables=(table,))


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(PATH, save, methods=["POST"]),
    Route(f"{PATH}/sent", sent, methods=["POST"]),
    Route(f"{PATH}.txt", text, methods=["GET"]),
    *export_routes(PATH, export),
)
"""For `PAGES` of app.py."""


def _chosen(request: Request, file: IncidentFile) -> Draft | None:
    """Return the revision that is asked for, the newest where none is named. Raises Refusal 404."""
    name = request.query_params.get("revision", "")
    if not name:
        return file.drafts[-1] if file.drafts else None
    found = next((one for one in file.drafts if str(one.number) == name), None)
    if found is None:
        raise Refusal(404)
    return found


def _shown(
    request: Request,
    visit: Visit,
    dossier: Dossier,
    file: IncidentFile,
    *,
    told: Refused | None = None,
    typed: dict[Matter, str] | None = None,
) -> Response:
    one, at = shown(visit, dossier, file), english(visit)
    chosen = _chosen(request, file) if request.method == "GET" else (file.drafts[-1] if file.drafts else None)
    proposed = drafting.proposed_texts(file, partner=one.partner)
    return page(
        request,
        "incident_report.html",
        status=409 if told else 200,
        one=one,
        told=told_words(visit, told),
        acts=visit.holds("compliance") and not one.closed,
        chosen=chosen,
        chosen_texts=[] if chosen is None else list(drafting.shown(chosen, english=at)),
        drafts=list(reversed(file.drafts)),
        reports=named(visit, words.REPORTS),
        texts=typed if typed is not None else drafting.written(file, partner=one.partner),
        proposed=proposed,
        matters=named(visit, words.MATTERS),
        report=visit.form.text("report") or _next(file),
        today=jst_day(visit.now).isoformat(),
        on=partial(day, visit),
        known=file.intake.known.isoformat(),
        longest=LONGEST_TEXT,
        longest_line=LONGEST_LINE,
    )


def _next(file: IncidentFile) -> Report:
    """Return which report is written next."""
    return "first" if file.sent("first") is None else "follow_up"
