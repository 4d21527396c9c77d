"""gateway report ledger | month | provisions | audit-pack | unused-grants.

What a co-op keeps and hands in, as the console shows it (台帳と報告). Without --out a report is printed; with it, the file's
ending says what is written: .csv, .xlsx, .json or .pdf.
Exit codes: 0 done · 1 refused, with the mend · 2 the command line itself · 3 the log does not answer.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from gateway.app.oversight import oversight_of
from gateway.app.storage import stores
from gateway.cli.acting import By, known
from gateway.cli.office import refusals_told, shown
from gateway.cli.output import USAGE, Json, Lang, Language, fail, out as screen, run, say, settings, show
from gateway.control_plane.grants.unused import DAYS, unused
from gateway.control_plane.grants.unused_table import unused_table
from gateway.core.days import jst_day
from gateway.oversight.desk import OversightDesk
from gateway.oversight.log.noting import note_taken
from gateway.oversight.reports.catalogue import field_names, partner_names
from gateway.oversight.reports.ledger import ledger as made_ledger, ledger_table
from gateway.oversight.reports.month import last_month, month as made_month, month_named, month_tables
from gateway.oversight.reports.pack import Files, archived, audit_pack as made_pack
from gateway.oversight.reports.provisions import provision_tables, provisions as made_provisions
from gateway.oversight.reviews.periods import Period, period_named
from gateway.settings import Settings
from gateway.sheets.tables import Table, as_csv, as_json as tables_as_json, cell_text

app = typer.Typer(help="台帳と報告 / ledger, monthly report, records of provision, audit pack", no_args_is_help=True)
_T = TypeVar("_T")
VIEW: Final = "audit-pack"

Out = Annotated[
    Path | None,
    typer.Option("--out", help="書き出すファイル(.csv .xlsx .json .pdf) / the file to write; its ending says the kind"),
]
Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="時点(日)。省けば今日 / as of this day; today")
]
First = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="初日。省けば前月 / first day; the last month")
]
Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="末日(含む) / last day, included")]


@app.command()
def ledger(coop: str, on: Day = None, out: Out = None, as_json: Json = False, lang: Lang = "ja") -> None:
    """共同利用台帳を、その日の内容で出す / The ledger of joint use, as of any day.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """

    async def work(desk: OversightDesk, configured: Settings) -> tuple[Table, ...]:
        day = jst_day(desk.clock()) if on is None else on.date()
        made = await made_ledger(desk, coop, day)
        return (ledger_table(made, coop=_name(configured, coop), trial=configured.demo),)

    _told(_on(coop, work), out, as_json=as_json, lang=lang)


@app.command()
def month(
    coop: str,
    of: Annotated[str, typer.Option("--month", help="月(2026-10)。省けば前月 / a month; the last one")] = "",
    out: Out = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """提供実績月報を出す(数字は書き出した提供ログから数え直せる) / The monthly report; anybody can recount it from the exported log.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """
    asked = month_named(of)
    if of and asked is None:
        raise fail("--month は 2026-10 の形で書いてください / write --month as 2026-10", USAGE)

    async def work(desk: OversightDesk, configured: Settings) -> tuple[Table, ...]:
        made = await made_month(desk, coop, asked or last_month(desk.clock()))
        snapshot = desk.current(coop)
        return month_tables(
            made,
            coop=_name(configured, coop),
            names=partner_names(snapshot),
            fields=field_names(snapshot),
            trial=configured.demo,
        )

    _told(_on(coop, work), out, as_json=as_json, lang=lang)


@app.command()
def provisions(
    coop: str, first: First = None, last: Last = None, out: Out = None, as_json: Json = False, lang: Lang = "ja"
) -> None:
    """第三者提供記録簿を出す(法29条。共同利用・委託は対象外として示す) / The records of provision (APPI Art. 29), and what is exempt.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """

    async def work(desk: OversightDesk, configured: Settings) -> tuple[Table, ...]:
        made = await made_provisions(desk, coop, _period(desk, first, last))
        return provision_tables(
            made,
            desk.current(coop),
            coop=_name(configured, coop),
            today=jst_day(desk.clock()),
            trial=configured.demo,
        )

    _told(_on(coop, work), out, as_json=as_json, lang=lang)


@app.command("unused-grants")
def unused_grants(
    coop: str,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="直近の日数 / how many days back")] = DAYS,
    out: Out = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """期間中に一度も求められなかった提供範囲と、狭める候補を出す / Grants and fields that nobody asked for, and what to take out.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """

    async def work(desk: OversightDesk, configured: Settings) -> tuple[Table, ...]:
        snapshot = desk.current(coop)
        made = await unused(desk.log, snapshot, now=desk.clock(), days=days)
        return (
            unused_table(
                made,
                coop=_name(configured, coop),
                names=partner_names(snapshot),
                fields=field_names(snapshot),
                trial=configured.demo,
            ),
        )

    _told(_on(coop, work), out, as_json=as_json, lang=lang)


@app.command("audit-pack")
def audit_pack(
    coop: str,
    by: By,
    out: Annotated[Path, typer.Option("--out", help="フォルダーまたは .zip / a folder, or a .zip file")],
    first: First = None,
    last: Last = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """監査資料を作る(同じデータからは同じバイト列。作成はログに残る) / Make the audit pack: the same data, the same bytes; it is logged.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """
    if out.suffix != ".zip" and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise fail(f"`{out}` は空のフォルダーではありません / is no empty folder", USAGE)

    async def work(desk: OversightDesk, configured: Settings) -> tuple[Files, bytes]:
        period = _period(desk, first, last)
        files = await made_pack(desk, coop, period, name=_name(configured, coop), lang=lang, trial=configured.demo)
        body = archived(files)
        await note_taken(desk, coop, VIEW, body, by=by, reason=f"監査資料 {period.first} – {period.last}")
        return files, body

    files, body = _on(coop, work)
    try:
        if out.suffix == ".zip":
            out.write_bytes(body)
        else:
            for path, data in files.items():
                place = out / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
    except OSError as fault:
        raise fail(f"`{out}` に書けません / cannot be written: {fault.strerror}", USAGE) from None
    say(f"作成しました / made: {out} ({len(files)} files)", as_json=as_json, out=str(out), files=len(files))


def _period(desk: OversightDesk, first: datetime | None, last: datetime | None) -> Period:
    """Return the days asked for: of one of them alone to its own end, of none the last month."""
    if first is None and last is None:
        return last_month(desk.clock())
    begin: date = (first or last or desk.clock()).date()
    end = jst_day(desk.clock()) - timedelta(days=1) if last is None else last.date()
    period = period_named(begin, end)
    if period is None:
        raise fail("--from から --to までの期間がありません / there is no such period from --from to --to", USAGE)
    return period


def _told(tables: tuple[Table, ...], out: Path | None, *, as_json: bool, lang: Language) -> None:
    if out is not None:
        _write(tables, out, lang)
        say(f"書き出しました / written: {out}", as_json=as_json, file=str(out))
        return
    if as_json:
        print(json.dumps(json.loads(tables_as_json(tables)), ensure_ascii=False))
        return
    for table in tables:
        screen.print(shown(table.titled(lang)), markup=False, highlight=False)
        for note in table.notes:
            text = f"  {note.title.text(lang)}: {shown(cell_text(note.said, lang))}"
            screen.print(text, markup=False, highlight=False)
        heads = [column.heading(lang) for column in table.columns]
        rows = [dict(zip(heads, (shown(cell_text(cell, lang)) for cell in row), strict=True)) for row in table.rows]
        show(rows, as_json=False)


def _write(tables: tuple[Table, ...], out: Path, lang: Language) -> None:
    body = _on_file(tables, out, lang)
    try:
        out.write_bytes(body)
    except OSError as fault:
        raise fail(f"`{out}` に書けません / cannot be written: {fault.strerror}", USAGE) from None


def _on_file(tables: tuple[Table, ...], out: Path, lang: Language) -> bytes:
    from gateway.sheets.pdf import as_pdf
    from gateway.sheets.workbook import as_workbook

    with refusals_told():
        match out.suffix:
            case ".csv":
                return as_csv(tables, lang=lang)
            case ".json":
                return tables_as_json(tables)
            case ".xlsx":
                return as_workbook(tables, lang=lang)
            case ".pdf":
                return as_pdf(tables, lang=lang, fonts=settings().fonts)
            case _:
                raise fail(
                    "--out の拡張子は .csv .xlsx .json .pdf のいずれかです / --out ends in .csv, .xlsx, .json or .pdf",
                    USAGE,
                )


def _name(configured: Settings, coop: str) -> str:
    return configured.coop_names.get(coop, coop)


def _on(coop: str, work: Callable[[OversightDesk, Settings], Awaitable[_T]]) -> _T:
    async def opened() -> _T:
        configured = settings()
        known(configured, coop)
        async with stores(configured) as made:
            await made.snapshots.refresh(coop)
            with refusals_told():
                return await work(oversight_of(configured, made), configured)

    return run(opened())
