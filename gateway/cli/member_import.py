"""gateway member import: withdrawals, corrections, stops and lifts that the core system tells, from a file."""

import json
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gateway.app.keys import secrets_of
from gateway.app.members import members_of
from gateway.app.storage import stores
from gateway.cli.acting import By, Reason, known
from gateway.cli.output import REFUSED, USAGE, Json, Lang, err, fail, run, say, settings
from gateway.control_plane.members.faults import RowFault, RowsRefused
from gateway.control_plane.members.reading import ENCODINGS, FORMS, LARGEST, read
from gateway.control_plane.members.taking_in import Outcome, take_in
from gateway.settings import Settings


def import_(
    coop: str,
    file: Annotated[Path, typer.Argument(help="イベントのファイル。- で標準入力 / the file; - for standard input")],
    by: By,
    reason: Reason,
    form: Annotated[str, typer.Option("--format", help="csv | json")] = "csv",
    encoding: Annotated[str, typer.Option(help="CSVの文字コード / of a CSV file: utf-8 | cp932")] = "utf-8",
    count: Annotated[
        int | None,
        typer.Option(min=0, help="件数の合計(ファイルにないとき) / the control total, where the file has none"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="確かめるだけで取り込まない / look only; nothing is taken in")
    ] = False,
    skip_bad_rows: Annotated[
        bool,
        typer.Option("--skip-bad-rows", help="誤りの行を除いて取り込む / take the good rows in, and list the others"),
    ] = False,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """基幹システムの脱退・訂正・停止・解除を取り込む / Take in what the core system tells of members.

    列は event_id, member_code, event(withdrawal|correction|stop|lift), kind, partner, purpose, ground, at。最後の行は #total,件数。
    同じファイルを2度送っても何も変わりません / A file sent twice changes nothing. See docs/member-events.md.
    Exit: 0 · 1 a row is wrong, or refused · 2 usage · 3 the log does not answer.
    """
    if form not in FORMS:
        raise fail(f"`{form}` という形式はありません / there is no such format; there are {', '.join(FORMS)}", USAGE)
    if encoding not in ENCODINGS:
        raise fail(f"`{encoding}` は使えません / there is no such encoding; there are {', '.join(ENCODINGS)}", USAGE)
    data = _bytes_of(file)

    async def work(configured: Settings) -> Outcome:
        known(configured, coop)
        told = read(data, form=form, encoding=encoding, count=count)
        async with stores(configured) as opened:
            await secrets_of(configured, opened, coop)
            desk = members_of(configured, opened)
            try:
                return await take_in(desk, coop, told, by=by, reason=reason, skip_bad_rows=skip_bad_rows, trial=dry_run)
            except RowsRefused as refused:
                _tell(refused.faults, lang=lang, as_json=as_json)
                raise

    made = run(work(settings()))
    if as_json:
        print(json.dumps(msgspec.to_builtins(made) | {"taken": made.taken, "bad": made.bad}, ensure_ascii=False))
    else:
        _tell(made.faults, lang=lang, as_json=False)
        say(_said(made, lang))
    if made.faults:
        raise typer.Exit(REFUSED)


def _bytes_of(file: Path) -> bytes:
    """Return the file, or one byte more than there may be: that is enough to refuse it."""
    if str(file) == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as fault:
        raise fail(f"`{file}` を読めません / cannot be read: {fault.strerror}", USAGE) from None


def _tell(faults: tuple[RowFault, ...], *, lang: str, as_json: bool) -> None:
    """Print what is wrong, row by row; no value of a row is in it."""
    if as_json and faults:
        print(json.dumps({"faults": msgspec.to_builtins(faults)}, ensure_ascii=False))
        return
    for one in faults:
        text = (
            f"{one.row}行目 {one.field}: {one.ja}" if lang == "ja" else f"row {one.row} {one.field}: {one.en}"
        ).replace(" :", ":")
        err.print(text, style="red", markup=False, highlight=False)


def _said(made: Outcome, lang: str) -> str:
    counted = " · ".join(f"{what}×{count}" for what, count in made.events.items())
    if lang == "ja":
        done = "取り込めます(まだ何もしていません)" if made.trial else "取り込みました"
        told = f"{made.taken}件({made.members}人)を{done}" if made.taken else "新しいイベントはありません"
        where = "" if made.entry is None else f": 記録 {made.entry}"
        rest = f"取込済み {made.told_before}件 · 重複 {made.repeated}件 · 誤り {made.bad}行"
        late = "より新しい停止があるため取り込まなかった解除: "
    else:
        done = "would be taken in; nothing was done" if made.trial else "taken in"
        told = f"{made.taken} events of {made.members} members {done}" if made.taken else "no event is new"
        where = "" if made.entry is None else f": entry {made.entry}"
        rest = f"{made.told_before} told before · {made.repeated} repeated · {made.bad} rows wrong"
        late = "lifts not taken in, since a newer stop stands: "
    late += " ".join(made.overtaken)
    return "\n".join(line for line in (told + where, counted, rest, late if made.overtaken else "") if line)
