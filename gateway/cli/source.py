"""gateway source check: whether a co-op's member system can be read, before anything is provided from it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gateway.adapters.clock import system_clock
from gateway.adapters.sources.files import Checked, FileSource
from gateway.adapters.sources.files.words import text
from gateway.app.desk import sources_of
from gateway.app.storage import stores
from gateway.cli.acting import known
from gateway.cli.output import REFUSED, UNAVAILABLE, USAGE, Json, Lang, Language, err, fail, run, say, settings, show
from gateway.cli.source_words import mend
from gateway.control_plane.source_check import Fault, Findings, Numbers, Why, check_source, fields_in_use
from gateway.core.days import Moment
from gateway.core.policy import Policy
from gateway.core.rows import plan_rows
from gateway.ports import OpenSource, Unavailable
from gateway.settings import Settings

app = typer.Typer(help="組合員システムからの読出し / reading the member system", no_args_is_help=True)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found: of a file, and of its records."""

    file: str | None = None
    refused_file: Checked | None = None
    findings: Findings | None = None
    used: frozenset[str] = frozenset()
    in_file: bool = False


@app.callback()
def _source() -> None:
    """組合員システムからの読出し / reading the member system."""


@app.command()
def check(
    coop: str,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="フォルダの代わりにこのファイルを / this file, in place of the folder's"),
    ] = None,
    from_files: Annotated[
        bool,
        typer.Option(
            "--files", help="施行中の版でなくファイルの内容で / by what the files say, not the policy in force"
        ),
    ] = False,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """全員を読んでみて、読めない記録を数える。何も提供せず、値は出さない / Read everybody, count what cannot be read;
    nothing is provided, no value is shown.

    Exit: 0 all of it readable · 1 a file or records refused, or a column missing · 2 usage · 3 no source, or no log.
    """
    if file is not None and not file.is_file():
        raise fail(f"`{file}` というファイルはありません / there is no file `{file}`", USAGE)
    report = run(_explained(_check(settings(), coop, file=file, from_files=from_files, lang=lang), lang))
    _tell(coop, report, lang, as_json=as_json)
    findings = report.findings
    if findings is None or findings.refused or report.used & {*findings.absent}:
        raise typer.Exit(REFUSED)


async def _explained(checking: Awaitable[Report], lang: Language) -> Report:
    """Return what was found; whoever reads Japanese is told in Japanese why nothing can be read. Raises Unavailable."""
    try:
        return await checking
    except Unavailable as fault:
        ja = mend(str(fault)) if lang == "ja" else None
        if ja is None:
            raise
        raise fail(f"組合員システムを読めません。{ja}\n{fault}", UNAVAILABLE) from None


async def _check(configured: Settings, coop: str, *, file: Path | None, from_files: bool, lang: Language) -> Report:
    known(configured, coop)
    policy = _of_files(configured, coop, lang) if from_files else await _in_force(configured, coop)
    used = frozenset(field.id for field in fields_in_use(policy))
    async with AsyncExitStack() as opened:
        source = _source_of(configured, coop, file)
        opened.push_async_callback(source.close)
        files = source if isinstance(source, FileSource) else None
        name, members = None, None
        numbers: Numbers | None = None
        if files is not None:
            checked = await files.check(plan_rows(fields_in_use(policy), policy.source))
            if checked.refusal is not None:
                return Report(refused_file=checked, used=used, in_file=True)
            name, members, numbers = checked.file, checked.members, files.numbers
        with _bar(members) as progress:
            findings = await check_source(source, policy, clock=system_clock, numbers=numbers, progress=progress)
    return Report(file=name, findings=findings, used=used, in_file=files is not None)


def _of_files(configured: Settings, coop: str, lang: Language) -> Policy:
    """Return what the files say; samples that are left out of it are told, for their columns are not looked for."""
    from gateway.adapters.policy_files.finding import PolicyRefused
    from gateway.adapters.policy_files.load import load
    from gateway.adapters.policy_files.resolve import resolve
    from gateway.adapters.policy_files.samples import SAMPLE

    try:
        loaded = load(configured.policies, configured.partners, coop, samples=configured.demo)
    except PolicyRefused:
        raise fail(
            f"`{coop}` のファイルに誤りがあります。`gateway policy lint` で確かめてください\n"
            f"the files of `{coop}` have errors; `gateway policy lint` shows them"
        ) from None
    for finding in loaded.findings:
        if finding.state == SAMPLE:
            err.print(finding.text(lang), style="yellow", markup=False, highlight=False)
    return resolve(loaded.document)


async def _in_force(configured: Settings, coop: str) -> Policy:
    async with stores(configured) as opened:
        policy = opened.snapshots.current(coop).policy_at(Moment(opened.clock()))
    if policy is None:
        raise fail(
            f"`{coop}` には施行中の版がありません。公布の前なら --files を付けてください\n"
            f"`{coop}` has no policy in force; before it is published, use --files"
        )
    return policy


def _source_of(configured: Settings, coop: str, file: Path | None) -> OpenSource:
    if file is None:
        return sources_of(configured.model_copy(update={"coops": (coop,)}), clock=system_clock)[coop]
    return FileSource(file.absolute().parent, clock=system_clock, every_s=3_600, only=file.name)


# ── telling ────────────────────────────────────────────────────────────────────────────────────────────────────────

_WHY: dict[Why, tuple[str, str]] = {
    "missing": ("必要な値がない", "no value where one is needed"),
    "unreadable": ("項目の型や書き方に合わない", "not of the field's type or form"),
    "twice": ("同じ組合員コードが2件ある", "two records have one member code"),
    "code": ("組合員コードを読めない", "the member code cannot be read"),
    "several": (
        "列だけでは分からない(読む間に変わったなど)",
        "no single column explains it; it may have changed meanwhile",
    ),
    "unexamined": ("多すぎるため調べていない", "too many to look into"),
}
_SHOWN = 10


def _tell(coop: str, report: Report, lang: Language, *, as_json: bool) -> None:
    if as_json:
        say("", as_json=True, coop=coop, **_facts(report))
        return
    if report.refused_file is not None:
        checked = report.refused_file
        assert checked.refusal is not None
        raise _refused(text(checked.refusal, lang), checked.file, lang)
    findings = report.findings
    assert findings is not None
    if findings.faults:
        show([_row(fault, lang, in_file=report.in_file) for fault in findings.faults], as_json=False)
    for name in findings.absent:
        say(_absent(name, lang, used=name in report.used))
    total = findings.readable + findings.refused
    name = "" if report.file is None else f"{report.file}: "
    say(
        f"{name}{total}件を読み、{findings.readable}件は提供に使え、{findings.refused}件は使えません"
        if lang == "ja"
        else f"{name}{total} records read: {findings.readable} can be used, {findings.refused} cannot"
    )


def _refused(said: str, older: str | None, lang: Language) -> typer.Exit:
    if older is None:
        return fail(said)
    serving = f"提供には {older} が使われています" if lang == "ja" else f"{older} goes on serving"
    return fail(f"{said}\n{serving}")


def _absent(name: str, lang: Language, *, used: bool) -> str:
    ja, en = (
        ("。提供しているデータ項目なので、読めません", "; it is provided, and cannot be read") if used else ("", "")
    )
    return f"`{name}` の列がありません{ja}" if lang == "ja" else f"there is no column for `{name}`{en}"


def _row(fault: Fault, lang: Language, *, in_file: bool) -> dict[str, object]:
    en = lang == "en"
    places = ", ".join(map(str, fault.places[:_SHOWN])) + (", …" if fault.count > _SHOWN else "")
    where = ("record", "件目") if in_file else ("position by code", "コード順で何人目")
    return {
        "column" if en else "列": fault.column or "",
        "why" if en else "理由": _WHY[fault.why][en],
        "records" if en else "件数": fault.count,
        where[0] if en else where[1]: places,
    }


def _facts(report: Report) -> dict[str, object]:
    if report.refused_file is not None:
        refusal = report.refused_file.refusal
        assert refusal is not None
        told = msgspec.to_builtins(refusal) | {"ja": text(refusal, "ja"), "en": text(refusal, "en")}
        return {"file": report.refused_file.file, "refused_file": told}
    findings = report.findings
    assert findings is not None
    return {
        "file": report.file,
        "readable": findings.readable,
        "refused": findings.refused,
        "places": "record" if report.in_file else "position",
        "faults": [msgspec.to_builtins(fault) for fault in findings.faults],
        "absent": findings.absent,
        "absent_and_provided": sorted(report.used & {*findings.absent}),
    }


@contextmanager
def _bar(members: int | None) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("読出し / reading", total=members)
        yield lambda read: bar.update(task, completed=read)
