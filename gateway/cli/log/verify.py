"""gateway log verify."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gateway.cli.log.options import Key, Needed, Where, Witnesses, data_of, files_of, key_of, progress_bar, quorum_of
from gateway.cli.log.words import FINDINGS, KINDS
from gateway.cli.output import REFUSED, UNAVAILABLE, USAGE, Json, Lang, fail, out
from gateway.tlog.findings import Code
from gateway.tlog.growth import CheckStamp
from gateway.tlog.verify import Report, verify as verify_log


def verify(
    where: Where,
    key: Key,
    since: Annotated[
        Path | None, typer.Option(help="手元の以前のチェックポイント / an earlier checkpoint of yours")
    ] = None,
    witness: Witnesses = None,
    quorum: Needed = None,
    tsa_ca: Annotated[
        Path | None,
        typer.Option(
            help="タイムスタンプ局の証明書(PEM) / the time-stamping authority's certificates, to check stamps"
        ),
    ] = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """書き出した提供ログを検証する(設定は要らず、だれも信用しない) / Verify an exported log; needs no settings, trusts nobody.

    Checked: signature, witnesses (--witness), entries, tiles, root, growth since your earlier checkpoint (--since),
    time-stamps (--tsa-ca), schema, policy and governance in force, time. Exit: 0 verified · 1 a finding, named with the
    first bad entry · 2 usage · 3 a file cannot be read.
    """
    known, needed = key_of(key), quorum_of(witness, quorum)
    earlier = None if since is None else data_of(since)
    check = None if tsa_ca is None else _stamps_by(data_of(tsa_ca))
    with files_of(where) as files, progress_bar("検証 / verify") as progress:
        report = verify_log(
            files.read,
            known=[known],
            origin=known.name,
            quorum=needed,
            since=earlier,
            stamps=None if check is None else (files.stamped, check),
            progress=progress,
        )
    _tell(report, lang, as_json=as_json)
    if report.finding is not None or not report.ok:
        unread = report.finding is not None and report.finding.code is Code.UNREADABLE
        raise typer.Exit(UNAVAILABLE if unread else REFUSED)


def _stamps_by(pem: bytes) -> CheckStamp:
    from gateway.tlog.timestamp import check, read_authority

    try:
        authority = read_authority(pem)
    except ValueError as refused:
        raise fail(f"--tsa-ca は証明書ではありません / --tsa-ca: {refused}", USAGE) from None
    return lambda note, answer: check(answer, note, authority=authority).time


def _tell(report: Report, lang: str, *, as_json: bool) -> None:
    if as_json:
        plain = {
            "ok": report.ok,
            "size": report.size,
            "root": report.root.hex() if report.root else None,
            "first_bad_index": report.first_bad_index,
            "finding": report.finding.code if report.finding else None,
            "sentence": report.finding.sentence if report.finding else None,
            "counts": dict(report.counts),
            "stamped": msgspec.to_builtins(report.stamped),
        }
        print(json.dumps(plain, ensure_ascii=False))
        return
    finding = report.finding
    if finding is not None:
        at = "" if finding.index is None else f" #{finding.index}"
        words = f"{FINDINGS[finding.code]}{at}\n  " if lang == "ja" else ""
        out.print(f"✘ {words}{finding.code}{at}: {finding.sentence}", style="red", markup=False, highlight=False)
        return
    ja = lang == "ja"
    kinds = ", ".join(
        f"{KINDS.get(kind, (kind, kind))[not ja]} {count}" for kind, count in sorted(report.counts.items())
    )
    words = f"改ざんは見つかりません: {report.size}件" if ja else f"verified: {report.size} entries"
    out.print(f"✔ {words} ({kinds})", style="green", markup=False, highlight=False)
    if report.stamped is not None:
        size, time = report.stamped.size, report.stamped.time
        told = f"最初の{size}件は{time.isoformat()}にありました" if ja else f"{size} entries at {time.isoformat()}"
        out.print(f"  {told}", markup=False, highlight=False)
