"""gateway member restrict | lift | import | history | answer | prove | persons | held.

Codes come from a file or standard input, never from the command line, which shells keep and other users see.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast, get_args

import msgspec
import typer
from rich.progress import Progress

from gateway.app.keys import secrets_of
from gateway.app.members import masters_of
from gateway.app.storage import stores
from gateway.cli.member_answer import answer
from gateway.cli.member_import import import_
from gateway.cli.output import USAGE, Json, Lang, codes_of, err, fail, run, said, say, settings, show
from gateway.cli.policy import known
from gateway.control_plane import restrict as stops
from gateway.core.days import JST
from gateway.core.members.restriction_grounds import GROUND_IDS, grounds_of
from gateway.core.state import RestrictionKind
from gateway.oversight.members import held as holdings, history as past
from gateway.oversight.members.access import note_access
from gateway.settings import Settings
from gateway.tlog.member_proof import MemberProof, encode, verify_member
from gateway.tlog.merkle import MAX_SIZE

app = typer.Typer(
    help="組合員ごとの利用停止等と提供の履歴 / members: stops, and what was provided", no_args_is_help=True
)

KINDS = ", ".join(get_args(RestrictionKind))

Kind = Annotated[str, typer.Option("--kind", help=f"利用停止等の種類 / the kind of stop: {KINDS}")]
Codes = Annotated[
    Path, typer.Option("--codes", help="組合員コードのファイル(1行1件)。- で標準入力 / one code a line; - for stdin")
]
Partner = Annotated[str | None, typer.Option(help="提供先(省けば全部) / one partner; all if left out")]
Purpose = Annotated[str | None, typer.Option(help="利用目的(省けば全部) / one purpose; all if left out")]
Ground = Annotated[str | None, typer.Option(help=f"根拠 / what it rests on: {', '.join(GROUND_IDS)}")]
By = Annotated[str, typer.Option(help="操作する人 / who does it", callback=said)]
Reason = Annotated[str, typer.Option(help="理由 / why", callback=said)]


def _acting(act: Callable[..., Awaitable[int]]) -> Callable[..., None]:
    """Return the command of an act: a stop is lifted with the words that it was set with."""

    def command(
        coop: str,
        codes: Codes,
        kind: Kind,
        by: By,
        reason: Reason,
        partner: Partner = None,
        purpose: Purpose = None,
        ground: Ground = None,
        as_json: Json = False,
    ) -> None:
        if kind not in get_args(RestrictionKind):
            raise fail(f"`{kind}` という種類はありません / is no kind of stop; there are {KINDS}", USAGE)
        if ground is not None and ground not in (fitting := grounds_of(cast("RestrictionKind", kind))):
            raise fail(
                f"`{kind}` の根拠にできるのは次のどれかです / a ground of `{kind}` is one of {', '.join(fitting)}",
                USAGE,
            )
        members = codes_of(codes)

        async def work(configured: Settings) -> int:
            known(configured, coop)
            async with stores(configured) as opened:
                return await act(
                    opened.log,
                    coop,
                    members,
                    kind=cast("RestrictionKind", kind),
                    partner=partner,
                    purpose=purpose,
                    ground=ground,
                    by=by,
                    reason=reason,
                    secrets=await secrets_of(configured, opened, coop),
                    clock=opened.clock,
                    masters=masters_of(configured, coop),
                )

        index = run(work(settings()))
        say(f"{len(members)}人 / members: entry {index} of {coop}", as_json=as_json, index=index, members=len(members))

    return command


app.command("restrict", help="利用停止等を設ける / Set a stop for members.")(_acting(stops.restrict))
app.command("lift", help="利用停止等を解く / Lift a stop of the same kind, partner and purpose.")(_acting(stops.lift))
app.command("import")(import_)


# ── what was provided ──────────────────────────────────────────────────────────────────────────────────────────────

Member = Annotated[
    Path, typer.Option("--codes", help="組合員コード1件のファイル。- で標準入力 / a file of one code; - for stdin")
]


@app.command()
def history(coop: str, codes: Member, by: By, reason: Reason, as_json: Json = False, lang: Lang = "ja") -> None:
    """この組合員の情報を受け取った先を調べる(照会はログに残る) / Who received this member's data; the look is logged.

    提供承認 = ログに記録して提供を認めたもの。届いたかどうかは別です。契約や転送IDは --json で出ます / Authorised: logged, and allowed to leave;
    whether it arrived is another matter. Agreements and ids with --json. Exit: 0 · 2 usage · 3 the log does not answer.
    """
    code = _one(codes)

    async def work(configured: Settings) -> list[past.Provision]:
        known(configured, coop)
        async with stores(configured) as opened:
            secrets = await secrets_of(configured, opened, coop)
            await note_access(
                opened.log, coop, code, "history", by=by, reason=reason, secrets=secrets, clock=opened.clock
            )
            return await past.history(opened.side_rows, coop, code, secrets=secrets)

    found = run(work(settings()))
    if as_json:
        show([msgspec.to_builtins(one) | {"state": "authorised"} for one in found], as_json=True)
        return
    words = _WORDS[lang == "en"]
    show([dict(zip(words, _cells(one, lang), strict=True)) for one in found], as_json=False)
    say(f"{len(found)}件の提供承認" if lang == "ja" else f"{len(found)} releases authorised")


app.command("answer")(answer)


@app.command()
def prove(
    coop: str,
    index: Annotated[int, typer.Argument(min=0, max=MAX_SIZE, help="記録の番号 / the entry's index")],
    codes: Member,
    by: By,
    reason: Reason,
) -> None:
    """その記録にこの組合員が含まれること(含まれないこと)の証明を出す / Print the proof that a member is in an entry, or not.

    検証は / Verified with `gateway log verify-member`. Exit: 0 · 1 nothing can be proven · 2 usage · 3 the log does not answer.
    """
    code = _one(codes)

    async def work(configured: Settings) -> MemberProof:
        known(configured, coop)
        async with stores(configured) as opened:
            secrets = await secrets_of(configured, opened, coop)
            await note_access(
                opened.log, coop, code, "membership", by=by, reason=reason, secrets=secrets, clock=opened.clock
            )
            proof = await past.prove(opened.side_rows, coop, code, index, secrets=secrets)
            logged = await opened.side_rows.entries(coop, [index])
            verify_member(proof, entry=logged[0].entry)
            return proof

    print(encode(run(work(settings()))))


@app.command()
def persons(
    coop: str,
    partner: Annotated[str, typer.Option(help="提供先 / the partner")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="初日(日本の暦日) / first day in Japan")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="末日(含む) / last day, included")],
    purpose: Purpose = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """期間内に提供した実人数を数える / Count the different persons provided to a partner over a period.

    Exit: 0 · 2 usage · 3 the log does not answer.
    """
    days = first.date(), last.date()
    if days[1] < days[0]:
        raise fail("末日が初日より前です / the last day is before the first", USAGE)

    async def work(configured: Settings) -> int:
        known(configured, coop)
        async with stores(configured) as opened:
            with _progress() as progress:
                return await past.distinct_persons(
                    opened.side_rows,
                    coop,
                    partner=partner,
                    first=days[0],
                    last=days[1],
                    purpose=purpose,
                    progress=progress,
                )

    count = run(work(settings()))
    told = (
        f"{partner}: {days[0]}から{days[1]}まで {count}人"
        if lang == "ja"
        else f"{partner}: {count} persons from {days[0]} to {days[1]}"
    )
    say(told, as_json=as_json, partner=partner, purpose=purpose, first=days[0], last=days[1], persons=count)


@app.command()
def held(
    coop: str,
    partner: Annotated[str, typer.Option(help="提供先 / the partner")],
    agreement: Annotated[str, typer.Option(help="契約 / the agreement")],
    purpose: Annotated[str, typer.Option(help="利用目的 / the purpose")],
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="最初から作り直す / make the sets again from entry 0")
    ] = False,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """提供先がいま保有する人数を数える / Count the persons that a partner holds by now, for an agreement and purpose.

    Exit: 0 · 2 usage · 3 the log does not answer.
    """

    async def work(configured: Settings) -> int:
        known(configured, coop)
        async with stores(configured) as opened:
            log, rows, sets = opened.log, opened.side_rows, opened.held_sets
            with _progress() as progress:
                advance = holdings.rebuild if rebuild else holdings.advance
                await advance(log, rows, sets, coop, progress=progress)
            found = await holdings.held(log, rows, sets, coop, partner=partner, agreement=agreement, purpose=purpose)
            return len(found)

    count = run(work(settings()))
    say(
        f"{partner}: {count}人" if lang == "ja" else f"{partner}: {count} persons",
        as_json=as_json,
        partner=partner,
        agreement=agreement,
        purpose=purpose,
        persons=count,
    )


_WORDS = (
    ("番号", "日時", "状態", "提供先", "利用目的", "項目"),
    ("entry", "time (JST)", "state", "partner", "purpose", "fields"),
)


def _cells(one: past.Provision, lang: str) -> tuple[object, ...]:
    at = datetime.fromisoformat(one.time).astimezone(JST)
    return (
        one.index,
        f"{at:%Y-%m-%d %H:%M}",
        "authorised" if lang == "en" else "提供承認",
        one.partner,
        one.purpose if one.product is None else f"{one.purpose} {one.product}",
        ", ".join(name if how == "as_is" else f"{name} ({how})" for name, how in one.fields.items()),
    )


def _one(codes: Path) -> str:
    members = codes_of(codes)
    if len(members) != 1:
        raise fail(
            "一度に1人です。ファイルに複数のコードがあります / one member at a time; the file holds several codes",
            USAGE,
        )
    return members[0]


@contextmanager
def _progress() -> Iterator[past.Progress]:
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("集計 / counting", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
