"""gateway log export | verify."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from gateway.app import note_signers, stores
from gateway.cli.output import REFUSED, USAGE, Json, Lang, err, fail, out, run, say, settings, text_of
from gateway.cli.policy import known
from gateway.oversight.checkpoints import publish_checkpoint
from gateway.oversight.export import export as export_log
from gateway.settings import Settings
from gateway.tlog.note import parse_vkey
from gateway.tlog.verify import Report, verify as verify_log

app = typer.Typer(help="提供ログ / the transfer log", no_args_is_help=True)


@app.command()
def export(coop: str, folder: Path, as_json: Json = False) -> None:
    """提供ログを検証できる形で書き出す / Write a log as a plain tlog-tiles folder, up to a fresh checkpoint."""

    async def work(configured: Settings) -> tuple[int, str]:
        known(configured, coop)
        async with stores(configured) as opened:
            signer = note_signers(configured, opened.keys)[coop]
            await publish_checkpoint(opened.log, coop, signer)
            with Progress(console=err, transient=True) as bar:
                task = bar.add_task("export", total=None)
                checkpoint = await export_log(
                    opened.log, coop, folder, progress=lambda done, total: bar.update(task, completed=done, total=total)
                )
        return checkpoint.size, signer.key.encode()

    size, vkey = run(work(settings()))
    say(f"{size} entries in {folder}; verify with the key\n{vkey}", as_json=as_json, size=size, vkey=vkey)


@app.command()
def verify(
    folder: Path,
    key: Annotated[str, typer.Option(help="検証鍵(vkey)またはそのファイル / the vkey, or a file that holds it")],
    since: Annotated[
        Path | None, typer.Option(help="手元の以前のチェックポイント / an earlier checkpoint of yours")
    ] = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """書き出した提供ログを検証する(設定は要らない) / Verify an exported log; needs no settings and trusts nobody."""
    text = text_of(Path(key)).strip() if "+" not in key else key
    try:
        known_key = parse_vkey(text)
    except ValueError as refused:
        raise fail(f"`{key}` is no verifier key: {refused}", USAGE) from None

    def read(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("検証 / verify", total=None)
        report = verify_log(
            read,
            known=[known_key],
            origin=known_key.name,
            since=since.read_bytes() if since else None,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _tell(report, lang, as_json=as_json)
    if not report.ok:
        raise typer.Exit(REFUSED)


def _tell(report: Report, lang: str, *, as_json: bool) -> None:
    if as_json:
        print(
            json.dumps(
                {
                    "ok": report.ok,
                    "size": report.size,
                    "root": report.root.hex() if report.root else None,
                    "first_bad_index": report.first_bad_index,
                    "finding": report.finding.code if report.finding else None,
                    "counts": dict(report.counts),
                },
                ensure_ascii=False,
            )
        )
        return
    if report.ok:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(report.counts.items()))
        words = "改ざんは見つかりません" if lang == "ja" else "verified"
        out.print(f"✔ {words}: {report.size} entries ({kinds})", style="green", highlight=False)
        return
    where = "" if report.first_bad_index is None else f" @ {report.first_bad_index}"
    sentence = report.finding.sentence if report.finding else ""
    out.print(f"✘ {sentence}{where}", style="red", markup=False, highlight=False)
