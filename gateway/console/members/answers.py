"""提供履歴回答書: made for a case in which it was checked who asks, in the log with its digest, and handed over as a file."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.cases.shown import chosen, day_typed
from gateway.console.exports.exports import CHARSETS, disposition
from gateway.console.members.look_ups import shown
from gateway.console.pages import done
from gateway.console.visit import Visit, require
from gateway.core.refused import Refused
from gateway.core.trial import TRIAL
from gateway.oversight.members import cases
from gateway.oversight.members.answer_sheet import ENDINGS, Sheet, make
from gateway.oversight.members.answer_tables import TITLE
from gateway.oversight.members.cases import Kept
from gateway.oversight.members.look_ups import Look, LookOver, looked
from gateway.sheets.csv_sheet import Encoding
from gateway.sheets.tables import Language

_KINDS: Final = {"pdf": "application/pdf", "csv": "text/csv", "json": "application/json"}
FORMATS: Final = ("pdf", "csv", "csv-cp932", "json")


async def give(request: Request) -> Response:
    """Make the answer sheet, and hand it over."""
    visit = require(request, "compliance")
    desk = visit.desk.overseeing
    try:
        found = looked(desk, visit.coop, request.path_params["look"], by=visit.person.id)
    except LookOver:
        return done(visit, "members", "members.over", tone="note")
    try:
        kept, sheet = await _case(visit, found), _sheet(visit)
        body = await make(
            desk,
            kept,
            sheet,
            by=visit.person.id,
            reason=f"提供履歴回答書の作成 {kept.id}",
            coop_name=visit.desk.coops.get(visit.coop, visit.coop),
            trial=visit.desk.demo,
        )
    except Refused as told:
        return await shown(request, visit, found, told=told, typed=visit.form)
    mark = TRIAL if visit.desk.demo else ""
    name = f"{mark}{TITLE.text(sheet.lang)}_{kept.id}.{sheet.ending}"
    charset = f"; charset={CHARSETS[sheet.encoding]}" if sheet.ending == "csv" else ""
    return Response(
        body,
        headers={
            "Content-Type": f"{_KINDS[sheet.ending]}{charset}",
            "Content-Disposition": disposition(name, ascii_name=f"{visit.coop}-answer-{kept.id}.{sheet.ending}"),
        },
    )


ROUTES: Final = (Route("/{coop}/members/{look}/answer", give, methods=["POST"]),)
"""For `PAGES` of app.py."""


async def _case(visit: Visit, found: Look) -> Kept:
    kept = await cases.case_of(visit.desk.overseeing, visit.coop, visit.form.text("case"))
    if kept is None or kept.case.member is None or kept.case.member != found.code:
        raise Refused(
            "answer:case",
            "回答書は、この組合員の案件についてだけ作れます。案件を登録し、本人確認を済ませてください",
            "an answer sheet is made for a case of this member alone; open one, and record the identity check",
        )
    return kept


def _sheet(visit: Visit) -> Sheet:
    form = visit.form
    format_ = chosen(form.text("format"), FORMATS, "回答の形式", "the form of the answer")
    ending = chosen(format_.partition("-")[0], ENDINGS, "回答の形式", "the form of the answer")
    encoding: Encoding = "cp932" if format_.endswith("cp932") else "utf-8"
    lang: Language = "en" if form.text("lang") == "en" else "ja"
    return Sheet(
        ending=ending,
        encoding=encoding,
        lang=lang,
        on=day_typed(form.text("on"), "回答日", "the day of the answer"),
        addressee=form.text("addressee"),
        opening=form.text("opening").replace("\r\n", "\n"),
    )
