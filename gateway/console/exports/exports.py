"""書き出し: the same path with `.csv`, `.xlsx`, `.json` or `.pdf` gives what a page shows, filters and all, as a file.

A view makes its tables once; how they are written, named and refused is here for all of them. `?encoding=cp932` writes
CSV for old spreadsheets, `?sheet=<key>` one table of several. What files say is what pages may show: no member's data.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.language import LANGUAGES, texts_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.core.refused import Refused
from gateway.core.trial import TRIAL
from gateway.sheets.csv_sheet import ENCODINGS, Encoding, Unencodable
from gateway.sheets.fonts import FontsMissing
from gateway.sheets.pdf import as_pdf
from gateway.sheets.tables import Cell, Column, Kind, Note, Said, Table, as_csv, as_json
from gateway.sheets.workbook import as_workbook

Ending = Literal["csv", "xlsx", "json", "pdf"]
ENDINGS: Final[tuple[Ending, ...]] = get_args(Ending)
CHARSETS: Final[dict[Encoding, str]] = {"utf-8": "utf-8", "cp932": "Shift_JIS"}
_TYPES: Final[dict[Ending, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a view has to give away."""

    visit: Visit
    slug: str
    """The file's name in ASCII, without the co-op and the ending."""
    title: Said
    tables: tuple[Table, ...]


def exported(
    visit: Visit,
    slug: str,
    title: Said,
    *,
    columns: tuple[Column, ...],
    rows: tuple[tuple[Cell, ...], ...],
    notes: tuple[Note, ...],
) -> Export:
    """Return a view that is one table, marked where the demo shows it."""
    table = Table(key=slug, title=title, columns=columns, rows=rows, notes=notes, trial=visit.desk.demo)
    return Export(visit=visit, slug=slug, title=title, tables=(table,))


Make = Callable[[Request], Awaitable[Export]]
"""Reads what a view reads, with its roles and its filters. Raises Refusal as the page does."""


def export_routes(path: str, make: Make) -> tuple[Route, ...]:
    """Return the routes of a view's files, beside the route of its page."""

    async def answer(request: Request) -> Response:
        return await file_of(request, await make(request))

    return tuple(Route(f"{path}.{ending}", answer, methods=["GET"]) for ending in ENDINGS)


def ending_of(request: Request) -> Ending | None:
    """Return the ending of the path, None for a page."""
    return next((one for one in ENDINGS if request.url.path.endswith(f".{one}")), None)


def encoding_of(request: Request) -> Encoding:
    """Return how a CSV file is to be written. Raises Refusal 400 for an encoding that is none of ours."""
    asked = request.query_params.get("encoding", "utf-8")
    if asked not in ENCODINGS:
        raise Refusal(400, "exports.encoding", encodings=", ".join(ENCODINGS))
    return asked


async def file_of(request: Request, export: Export) -> Response:
    """Return the tables as the file that the path asks for. Raises Refusal for what cannot be written."""
    ending = ending_of(request)
    assert ending is not None
    tables = _asked(request, export.tables)
    lang = export.visit.texts.language
    kind = _TYPES[ending]
    try:
        match ending:
            case "csv":
                encoding = encoding_of(request)
                kind = f"{kind}; charset={CHARSETS[encoding]}"
                body = await asyncio.to_thread(as_csv, tables, lang=lang, encoding=encoding)
            case "xlsx":
                body = await asyncio.to_thread(as_workbook, tables, lang=lang)
            case "json":
                body = as_json(tables)
            case "pdf":
                body = await asyncio.to_thread(as_pdf, tables, lang=lang, fonts=export.visit.desk.fonts)
    except Unencodable as fault:
        raise no_cp932(fault) from None
    except FontsMissing:
        raise Refusal(503, "exports.no_fonts") from None
    except Refused:
        raise Refusal(409, "exports.too_large" if ending == "pdf" else "exports.too_long") from None
    visit = export.visit
    mark = TRIAL if visit.desk.demo else ""
    name = f"{mark}{visit.desk.coops.get(visit.coop, visit.coop)}_{export.title.text(lang)}.{ending}"
    return Response(
        body,
        headers={
            "Content-Type": kind,
            "Content-Disposition": disposition(name, ascii_name=f"{visit.coop}-{export.slug}.{ending}"),
        },
    )


def disposition(name: str, *, ascii_name: str) -> str:
    """Return the header that names a file to keep, in any script (RFC 6266)."""
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


def no_cp932(fault: Unencodable) -> Refusal:
    """Return what a reader is told of a character that cp932 lacks: its place, never the text around it."""
    return Refusal(409, "exports.no_cp932", row=fault.row, column=fault.column, character=fault.character)


def _asked(request: Request, tables: tuple[Table, ...]) -> tuple[Table, ...]:
    asked = request.query_params.get("sheet", "")
    found = tuple(table for table in tables if asked in {"", table.key})
    if not found:
        raise Refusal(400, "exports.sheet", sheets=", ".join(table.key for table in tables))
    return found


# ── what tables are made of ───────────────────────────────────────────────────────────────────────────────────────


def said(key: str, code: str = "", **values: str | int) -> Said:
    """Return a text of the catalogues in both languages."""
    ja, en = (texts_of(lang)(key, **values).unescape() for lang in LANGUAGES)
    return Said(ja, en, code)


def column(key: str, text: str, kind: Kind = "text") -> Column:
    """Return a column headed by a text of the catalogues."""
    return Column(key=key, title=said(text), kind=kind)


def note(key: str, text: str, cell: Cell) -> Note:
    """Return a note named by a text of the catalogues."""
    return Note(key=key, title=said(text), said=cell)


def head(visit: Visit, *, at: datetime | None = None, version: str | None = None) -> tuple[Note, ...]:
    """Return the notes of every view: whose it is, as of when (now), and by which published version."""
    notes = (
        note("coop", "exports.coop", visit.desk.coops.get(visit.coop, visit.coop)),
        note("as_of", "exports.as_of", at or visit.now),
    )
    return notes if version is None else (*notes, note("version", "exports.version", version))


def yes(value: bool) -> Said:  # noqa: FBT001 -- the one value it is about
    """Return a truth as words."""
    return said("exports.yes", "true") if value else said("exports.no", "false")
