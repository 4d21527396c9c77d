"""gateway policy lint | schema | publish | history."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.app import stores
from gateway.cli.output import REFUSED, USAGE, Json, Lang, fail, out, run, say, settings, show
from gateway.control_plane.publish import publish as publish_document
from gateway.core.days import JST
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.adapters.policy_files.finding import Finding

app = typer.Typer(help="公表事項・契約・提供範囲 / notices, agreements, grants", no_args_is_help=True)


@app.command()
def lint(path: Path, as_json: Json = False, lang: Lang = "ja", samples: bool = True) -> None:
    """生協のフォルダ(または1ファイル)を点検する / Check a co-op's folder, or one file; no settings needed."""
    from gateway.adapters.policy_files.lint import lint as lint_files

    if not path.exists():
        raise fail(f"`{path}` does not exist; name a folder such as policies/kyoritsusha", USAGE)
    findings = lint_files(path, samples=samples)
    if as_json:
        print(json.dumps([_plain(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        _tell(findings, lang)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(REFUSED)


def _plain(finding: "Finding") -> dict[str, object]:
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "severity": finding.severity,
        "rule": finding.rule,
        "subject": finding.subject,
        "ja": finding.text("ja"),
        "en": finding.text("en"),
    }


def _tell(findings: "tuple[Finding, ...]", lang: str) -> None:
    for finding in findings:
        style = "red" if finding.severity == "error" else "yellow"
        out.print(finding.text("en" if lang == "en" else "ja"), style=style, markup=False, highlight=False)
    errors = sum(finding.severity == "error" for finding in findings)
    out.print(f"{errors} errors, {len(findings) - errors} warnings", highlight=False)


@app.command()
def schema(folder: Annotated[Path | None, typer.Argument()] = None) -> None:
    """エディタ用のJSON Schemaを出す / Print the JSON Schemas for editors, or write one file per kind to a folder."""
    from gateway.adapters.policy_files.schema import schemas

    if folder is None:
        print(json.dumps(schemas(), ensure_ascii=False, indent=1))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for kind, document in schemas().items():
        (folder / f"{kind}.schema.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
        say(str(folder / f"{kind}.schema.json"))


@app.command()
def publish(
    coop: str,
    proposer: Annotated[str, typer.Option(help="起案者 / who proposes")],
    approver: Annotated[str, typer.Option(help="承認者(起案者と別の人) / who approves, another person")],
    reason: Annotated[str, typer.Option(help="理由 / why")],
    effective: Annotated[
        str | None, typer.Option(help="施行日時(日本時間。省けば直ちに) / when, in Japan time unless it says otherwise")
    ] = None,
    as_json: Json = False,
) -> None:
    """ファイルの内容を新しい版として公布する / Publish what the files say as a new version."""
    index = run(_publish(settings(), coop, proposer=proposer, approver=approver, reason=reason, effective=effective))
    say(f"published as entry {index} of {coop}", as_json=as_json, coop=coop, index=index)


async def _publish(
    configured: Settings, coop: str, *, proposer: str, approver: str, reason: str, effective: str | None
) -> int:
    from gateway.adapters.policy_files.finding import PolicyRefused
    from gateway.adapters.policy_files.load import load

    known(configured, coop)
    try:
        loaded = load(configured.policies, configured.partners, coop, samples=configured.demo)
    except PolicyRefused as refused:
        _tell(tuple(refused.findings), "ja")
        raise fail(f"nothing was published; mend the files of `{coop}` first") from None
    begins = None if effective is None else _instant(effective)
    async with stores(configured) as opened:
        return await publish_document(
            opened.log,
            opened.snapshots.current(coop),
            loaded.document.canonical(),
            proposer=proposer,
            approver=approver,
            reason=reason,
            effective=begins,
            clock=opened.clock,
        )


def _instant(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise fail(
            f"`{text}` is no date and time; write 2026-12-01T00:00 for Japan time, or add an offset", USAGE
        ) from None
    return when if when.tzinfo is not None else when.replace(tzinfo=JST)


@app.command()
def history(coop: str, as_json: Json = False) -> None:
    """公布された版を一覧する / List the published versions."""
    show(run(_history(settings(), coop)), as_json=as_json)


async def _history(configured: Settings, coop: str) -> list[dict[str, object]]:
    known(configured, coop)
    async with stores(configured) as opened:
        versions = opened.snapshots.current(coop).versions
    return [
        {"entry": version.index, "effective": version.effective.isoformat(), "digest": version.policy.digest}
        for version in versions
    ]


def known(configured: Settings, coop: str) -> None:
    """End with the co-ops there are where this is none of them."""
    if coop not in configured.coops:
        raise fail(f"`{coop}` is no co-op of this gateway; there are {', '.join(configured.coops)}", USAGE)
