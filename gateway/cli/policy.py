"""gateway policy lint | schema | publish | history; the steps of a change are in proposal.py."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.app.office import files_of, office_of
from gateway.app.storage import stores
from gateway.cli import acting, definitions, proposal
from gateway.cli.acting import line
from gateway.cli.office import findings_told, refusals_told
from gateway.cli.output import REFUSED, USAGE, Json, Lang, as_rfc3339, fail, in_japan, out, run, say, settings, show
from gateway.control_plane.changes.publish import NotTwoPeople, publish as publish_document
from gateway.settings import Settings, in_demo

if TYPE_CHECKING:
    from gateway.adapters.policy_files.finding import Finding

known = acting.known

app = typer.Typer(help="公表事項・契約・提供範囲 / notices, agreements, grants", no_args_is_help=True)
for _name, _command in proposal.COMMANDS.items():
    app.command(_name)(_command)
app.command("definitions")(definitions.definitions)


@app.command()
def lint(path: Path, as_json: Json = False, lang: Lang = "ja", samples: bool = True) -> None:
    """生協のフォルダ(または1ファイル)を点検する / Check a co-op's folder, or one file; no settings needed."""
    from gateway.adapters.policy_files.lint import lint as lint_files

    if not path.exists():
        raise fail(
            f"`{path}` はありません。policies/kyoritsusha のようなフォルダを指定してください\n"
            f"`{path}` does not exist; name a folder such as policies/kyoritsusha",
            USAGE,
        )
    findings = lint_files(path, samples=samples, demo=in_demo())
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
    approved: Annotated[
        str | None, typer.Argument(metavar="[PROPOSAL]", help="承認された申請 / an approved proposal")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="公布する人(担当者ID) / who publishes it, by id", callback=line)
    ] = None,
    proposer: Annotated[str | None, typer.Option(help="起案者 / who proposes", callback=line)] = None,
    approver: Annotated[
        str | None, typer.Option(help="承認者(起案者と別の人) / who approves, another person", callback=line)
    ] = None,
    reason: Annotated[str | None, typer.Option(help="理由 / why", callback=line)] = None,
    effective: Annotated[
        str | None, typer.Option(help="施行日時(日本時間。省けば直ちに) / when, in Japan time unless it says otherwise")
    ] = None,
    as_json: Json = False,
) -> None:
    """承認された申請を公布する。担当者のいない生協では、ファイルの内容を二人の名で公布する / Publish an approved proposal;
    or, where nobody holds a role yet, what the files say, in the names of two people.

    Exit: 0 · 1 refused · 2 usage · 3 no log.
    """
    match approved, by, proposer, approver, reason:
        case str(), str(), None, None, None if effective is None:
            proposal.publish_proposal(coop, approved, by=by, as_json=as_json)
        case None, None, str(), str(), str():
            index = run(
                _publish(settings(), coop, proposer=proposer, approver=approver, reason=reason, effective=effective)
            )
            say(f"公布しました / published, as entry {index} of {coop}", as_json=as_json, coop=coop, index=index)
        case _:
            raise fail(
                "申請の番号と --by か、申請なしで --proposer・--approver・--reason を指定してください\n"
                "give a proposal and --by, or no proposal and --proposer, --approver and --reason",
                USAGE,
            )


async def _publish(
    configured: Settings, coop: str, *, proposer: str, approver: str, reason: str, effective: str | None
) -> int:
    known(configured, coop)
    begins = None if effective is None else proposal.instant_of(effective)
    async with stores(configured) as opened:
        with refusals_told():
            # Read once: what is published and what is kept of it are the same bytes.
            files = files_of(configured.policies, configured.partners, coop)
        checked = office_of(configured, opened).policy_files.check(coop, files)
        findings_told(checked.findings)
        if checked.document is None:
            raise fail(
                f"何も公布していません。まず `{coop}` のファイルを直してください\n"
                f"nothing was published; mend the files of `{coop}` first"
            )
        content = await opened.proposals.keep_files(coop, files)
        try:
            return await publish_document(
                opened.log,
                opened.snapshots.current(coop),
                checked.document,
                proposer=proposer,
                approver=approver,
                reason=reason,
                effective=begins,
                clock=opened.clock,
                content=content,
            )
        except NotTwoPeople as refused:
            raise fail(f"起案者は承認できません。別の人が承認してください / {refused}") from None


@app.command()
def history(coop: str, as_json: Json = False) -> None:
    """公布された版を一覧する / List the published versions."""
    show(run(_history(settings(), coop, when=as_rfc3339 if as_json else in_japan)), as_json=as_json)


async def _history(configured: Settings, coop: str, *, when: Callable[[datetime], str]) -> list[dict[str, object]]:
    known(configured, coop)
    async with stores(configured) as opened:
        versions = opened.snapshots.current(coop).versions
    return [
        {"entry": version.index, "effective": when(version.effective), "digest": version.policy.digest}
        for version in versions
    ]
