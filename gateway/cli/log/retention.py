"""gateway log erase | archive: what is forgotten, and what is kept."""

from datetime import date
from typing import Annotated

import typer

from gateway.app.keys import checkpoint_signers, secrets_of
from gateway.app.storage import Stores, archive_at, origin_of, stores
from gateway.cli.log.options import progress_bar
from gateway.cli.output import USAGE, Json, asked, fail, is_code, run, say, settings, typed
from gateway.cli.policy import known
from gateway.core.days import jst_day
from gateway.core.identity import member_tag
from gateway.core.plain_text import says
from gateway.jose import rfc4648
from gateway.oversight.log import retention
from gateway.oversight.log.archive import Archived, archive as archive_log
from gateway.oversight.log.checkpoints import publish_checkpoint
from gateway.oversight.members import held
from gateway.settings import Settings

By = Annotated[str, typer.Option(help="操作する人 / who does it")]


def erase(
    coop: str,
    by: By = "",
    reason: Annotated[str, typer.Option(help="理由 / why")] = "",
    before: Annotated[
        str | None,
        typer.Option(help="この日(日本時間)より前。省けば保存期間 / before this day; the retention if left out"),
    ] = None,
    member: Annotated[
        bool, typer.Option("--member", help="組合員1人。コードは画面で尋ねる / one member, whose code is asked for")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="数えるだけ / count only")] = False,
    as_json: Json = False,
) -> None:
    """保存期間を過ぎた付随行を消去する(ログの記録と証明は変わらない) / Erase side rows; entries and proofs stay as they are.

    Broken off, it goes on where it was. Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """
    if not dry_run and not (says(by) and (says(reason) or not member)):
        raise fail("操作する人と理由を書いてください / say who does it, and why: --by, --reason", USAGE)
    if member and before is not None:
        raise fail("--member と --before は一緒に使えません / --member goes without --before", USAGE)
    if member:
        _erase_member(coop, by=by, reason=reason, dry_run=dry_run, as_json=as_json)
    else:
        _erase_before(coop, before, by=by, reason=reason or "retention", dry_run=dry_run, as_json=as_json)


def _erase_before(coop: str, before: str | None, *, by: str, reason: str, dry_run: bool, as_json: bool) -> None:
    async def work(configured: Settings) -> tuple[date, list[retention.Range]]:
        known(configured, coop)
        async with stores(configured) as opened:
            today = jst_day(opened.clock())
            day = retention.months_before(today, configured.retention_months) if before is None else _day(before, today)
            if day > retention.months_before(today, retention.LEGAL_MONTHS) and not dry_run:
                typed(
                    day.isoformat(),
                    f"法定の保存期間({retention.LEGAL_MONTHS}か月)が過ぎていない行も消えます。消す日付をもう一度書いてください / "
                    "rows younger than the law asks for go too; write the date once more",
                )
            until = await retention.erasable_until(opened.side_rows, coop, day)
            if dry_run:
                return day, [one async for one in retention.pending(opened.log, opened.erasable, coop, until)]
            with progress_bar("消去 / erase") as progress:
                erased = await retention.erase_before(
                    opened.log,
                    opened.erasable,
                    coop,
                    until=until,
                    rows=opened.side_rows,
                    sets=opened.held_sets,
                    by=by,
                    reason=reason,
                    clock=opened.clock,
                    progress=progress,
                )
        return day, erased

    day, ranges = run(work(settings()))
    rows = retention.summed(ranges)
    counted = ", ".join(f"{table} {count}" for table, count in rows.items()) or "0"
    did = "消去対象 / would be erased" if dry_run else "消去 / erased"
    say(
        f"{did}: {counted} ({day.isoformat()} より前 / before)",
        as_json=as_json,
        before=day.isoformat(),
        ranges=[[one.first, one.last] for one in ranges],
        rows=rows,
        dry_run=dry_run,
    )


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise fail(
            f"`{text}` は日付ではありません。2026-12-01 のように / is no date; write it as 2026-12-01", USAGE
        ) from None
    if day > today:
        raise fail(f"`{text}` はまだ来ていません / has not come yet", USAGE)
    return day


def _erase_member(coop: str, *, by: str, reason: str, dry_run: bool, as_json: bool) -> None:
    configured = settings()
    known(configured, coop)
    code = asked("組合員コード / member code")
    if not is_code(code):
        raise fail("組合員コードではありません / this is no member code", USAGE)

    async def work() -> tuple[dict[str, int], retention.Unlinked | None]:
        async with stores(configured) as opened:
            tag = member_tag((await secrets_of(configured, opened, coop)).subject, coop, code)
            await _show_holders(opened, coop, tag)
            if dry_run:
                return await opened.erasable.of_tag(coop, tag), None
            typed(
                coop,
                f"この組合員を、記録から二度と探せなくします。`{coop}` と書いてください / no answer will find this member again",
            )
            done = await retention.erase_member(
                opened.log,
                opened.erasable,
                opened.snapshots.current(coop),
                tag,
                rows=opened.side_rows,
                sets=opened.held_sets,
                by=by,
                reason=reason,
                clock=opened.clock,
            )
        return done.rows, done

    rows, done = run(work())
    if done is None:
        say(f"消去対象 / would be erased: {rows}", as_json=as_json, rows=rows, dry_run=True)
        return
    salt = rfc4648.encode(done.salt)
    say(
        f"消去 / erased: entry {done.index} of {coop}\n"
        f"salt {salt}: この値は保存されません。案件の控えに / kept nowhere; for the case file, it proves whom the entry is about",
        as_json=as_json,
        index=done.index,
        rows=rows,
        salt=salt,
    )


async def _show_holders(opened: Stores, coop: str, tag: bytes) -> None:
    """Name the partners that still hold the member's data: what they are to do has to be said before the link is gone."""
    await held.advance(opened.log, opened.side_rows, opened.held_sets, coop)
    for partner, agreement, purpose in await opened.erasable.holders(coop, tag):
        typer.echo(f"保有中 / still holds the data: {partner} ({agreement}, {purpose})", err=True)


def archive(
    coop: str,
    target: Annotated[
        str, typer.Argument(help="フォルダ、または s3://バケット/接頭辞 / a folder, or s3://bucket/prefix")
    ],
    as_json: Json = False,
) -> None:
    """提供ログを別の場所に保管する(増えた分だけ、上書きせず、読み返して確かめる) / Keep a log apart from its database.

    Copies what is new, never overwrites, reads everything back. The usual AWS_… variables say where a bucket answers.
    Exit: 0 done · 1 the archive and the log do not agree · 2 usage · 3 the log or the archive does not answer.
    """
    try:
        store = archive_at(target)
    except ValueError as refused:
        raise fail(f"`{target}` には保管できません / {refused}", USAGE) from None

    async def work(configured: Settings) -> Archived:
        known(configured, coop)
        async with stores(configured) as opened:
            signer = checkpoint_signers(configured, opened.keys)[coop]
            await publish_checkpoint(opened.log, opened.publications, coop, signer)
            with progress_bar("保管 / archive") as progress:
                return await archive_log(
                    opened.log,
                    opened.publications,
                    coop,
                    store,
                    known=[signer.key],
                    origin=origin_of(configured, coop),
                    progress=progress,
                )

    done = run(work(settings()))
    say(
        f"{done.size}件 / entries: {target}\n"
        f"新しいファイル{done.files}件、タイムスタンプ{done.timestamps}件 / {done.files} files, {done.timestamps} timestamps are new",
        as_json=as_json,
        size=done.size,
        since=done.since,
        files=done.files,
        timestamps=done.timestamps,
    )
