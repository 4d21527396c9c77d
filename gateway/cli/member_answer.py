"""gateway member answer: the 提供履歴回答書 of a case as a file, in the form that the person asked for.

Exit codes: 0 done · 1 refused, nothing written · 2 the command line itself · 3 no answer.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.app.keys import secrets_of
from gateway.app.oversight import oversight_of
from gateway.app.storage import stores
from gateway.cli.acting import By, known
from gateway.cli.output import USAGE, Json, Lang, fail, run, say, settings, text_of
from gateway.core.refused import Refused
from gateway.oversight.members import cases
from gateway.oversight.members.answer_sheet import ENDINGS, Sheet, make
from gateway.settings import Settings
from gateway.sheets.csv_sheet import ENCODINGS

Out = Annotated[Path, typer.Option("--out", help="書き出すファイル(.pdf、.csv、.json) / the file to write")]
_OWN: Final = 0o600
"""It is about a person: nobody else on this machine reads it."""


def answer(
    coop: str,
    case: Annotated[str, typer.Argument(help="案件番号 / the case")],
    out: Out,
    by: By,
    addressee: Annotated[
        Path | None,
        typer.Option(
            help="宛名のファイル(省けば申出をした人)。- で標準入力 / a file with whom it is for; - for stdin; left out: who asked"
        ),
    ] = None,
    opening: Annotated[
        Path | None, typer.Option(help="前文のファイル / a file with the co-op's own opening words")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="回答日(省けば今日) / day of the answer; today if left out"),
    ] = None,
    encoding: Annotated[str, typer.Option(help="CSVの文字コード / of CSV: utf-8, cp932")] = "utf-8",
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """本人確認の済んだ案件の提供履歴回答書を書き出す(記録に残る) / Write the answer sheet of a case; it is logged with its digest.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    ending = out.suffix.removeprefix(".")
    if ending not in ENDINGS:
        raise fail(
            f"`{out}` の形式は書き出せません。名前の終わりを .pdf、.csv、.json のいずれかにしてください\n"
            f"`{out}` cannot be written; let its name end in .pdf, .csv or .json",
            USAGE,
        )
    if encoding not in ENCODINGS:
        raise fail(f"`{encoding}` は選べません / is none of {', '.join(ENCODINGS)}", USAGE)
    said = None if addressee is None else text_of(addressee).strip()
    before = "" if opening is None else text_of(opening).strip()

    async def work(configured: Settings) -> bytes:
        known(configured, coop)
        async with stores(configured) as made:
            await secrets_of(configured, made, coop)
            desk = oversight_of(configured, made)
            kept = await cases.case_of(desk, coop, case)
            if kept is None:
                raise Refused(
                    "case:unknown",
                    f"その番号の案件はありません。`gateway case list {coop} --all` で確かめてください",
                    f"there is no such case; `gateway case list {coop} --all` lists them",
                )
            sheet = Sheet(
                ending=ending,
                encoding=encoding,
                lang=lang,
                on=cases.today_of(desk) if on is None else on.date(),
                addressee=said or kept.case.name,
                opening=before,
            )
            return await make(
                desk,
                kept,
                sheet,
                by=by,
                reason=f"提供履歴回答書の作成 {kept.id}",
                coop_name=configured.coop_names.get(coop, coop),
                trial=configured.demo,
            )

    body = run(work(settings()))
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWN), "wb") as file:
            file.write(body)
    except OSError as fault:
        raise fail(f"`{out}` に書けません / cannot be written: {fault.strerror}", USAGE) from None
    say(f"書き出しました / written: {out}", as_json=as_json, file=str(out), bytes=len(body))
