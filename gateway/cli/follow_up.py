"""gateway follow-up open | list | answer | arise.

Member codes, and what a partner wrote on paper, come from a file or standard input, never from the command line.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from gateway.app.keys import secrets_of
from gateway.app.oversight import oversight_of
from gateway.app.storage import stores
from gateway.cli.acting import By, Reason, known
from gateway.cli.office import refusals_told
from gateway.cli.output import USAGE, Json, Lang, codes_of, fail, run, say, settings, show, text_of
from gateway.core.days import jst_day
from gateway.core.follow_ups.follow_up import STATES, Answer, FollowUp, State
from gateway.oversight.desk import OversightDesk
from gateway.oversight.follow_ups import arising
from gateway.oversight.follow_ups.asked import Asked, answered_on_paper, tell_partners
from gateway.oversight.follow_ups.told import DUTY_WORDS
from gateway.settings import Settings

app = typer.Typer(
    help="訂正・停止等の通知 / follow-ups: what partners that hold members' data must do with it", no_args_is_help=True
)

STATE_WORDS: dict[State, tuple[str, str]] = {
    "open": ("未応答", "open"),
    "acknowledged": ("受領", "acknowledged"),
    "certified": ("実施の証明", "certified"),
}
_HEADS = (
    ("番号", "提供先", "契約", "対応", "人数", "期限", "状態"),
    ("id", "partner", "agreement", "duty", "members", "due", "state"),
)

Partner = Annotated[str | None, typer.Option(help="提供先(省けば全部) / one partner; all if left out")]


@app.command("open")
def open_(
    coop: str,
    cause: Annotated[str, typer.Option(help="correction(訂正)| erasure(消去) / what was done")],
    codes: Annotated[
        Path, typer.Option(help="組合員コードのファイル(1行1件)。- で標準入力 / one code a line; - for stdin")
    ],
    by: By,
    reason: Reason,
    partner: Partner = None,
    purpose: Annotated[str | None, typer.Option(help="利用目的(省けば全部) / one purpose; all if left out")] = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """訂正・消去を、保有する提供先に通知する / Tell the partners that hold these members of a correction or an erasure.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    if cause not in get_args(Asked):
        raise fail(f"`{cause}` は選べません。correction か erasure です / say correction or erasure", USAGE)
    members = codes_of(codes)

    async def work(configured: Settings) -> Sequence[FollowUp]:
        async with _opened(configured, coop) as desk:
            return await tell_partners(
                desk,
                coop,
                members,
                asked=cast("Asked", cause),
                partner=partner,
                purpose=purpose,
                by=by,
                reason=reason,
            )

    found = run(work(settings()))
    if found or as_json:
        _show(found, as_json=as_json, lang=lang)
    else:
        say("保有する提供先はありません" if lang == "ja" else "no partner holds any of them")


@app.command("list")
def list_(
    coop: str,
    partner: Partner = None,
    state: Annotated[str | None, typer.Option(help=f"状態 / the state: {', '.join(STATES)}")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="期限を過ぎたものだけ / those overdue alone")] = False,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """通知と応答の一覧(組合員コードは出ません) / Follow-ups and how they stand; no member is named.

    Exit: 0 · 2 usage · 3 the log does not answer.
    """
    if state is not None and state not in STATES:
        raise fail(f"`{state}` という状態はありません / there is no such state; there are {', '.join(STATES)}", USAGE)

    async def work(configured: Settings) -> tuple[list[FollowUp], date]:
        async with _opened(configured, coop) as desk:
            states = () if state is None else (state,)
            return await desk.follow_ups.all(coop, partner=partner, states=states), jst_day(desk.clock())

    found, today = run(work(settings()))
    _show([one for one in found if not overdue or one.overdue(today)], as_json=as_json, lang=lang)


@app.command()
def answer(
    coop: str,
    follow_up: Annotated[str, typer.Argument(help="通知の番号 / the follow-up's id")],
    event: Annotated[str, typer.Option(help="acknowledged(受領)| certified(実施の証明) / what the partner answered")],
    paper: Annotated[
        Path,
        typer.Option(
            help="書面の内容(日付・署名者・保管場所)のファイル。- で標準入力 / what the paper is; - for stdin"
        ),
    ],
    by: By,
    reason: Reason,
) -> None:
    """書面で届いた受領・証明を記録する / Take in what a partner answered on paper.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    if event not in get_args(Answer):
        raise fail(f"`{event}` は選べません / say acknowledged or certified", USAGE)
    text = text_of(paper).strip()

    async def work(configured: Settings) -> None:
        async with _opened(configured, coop) as desk:
            found = await desk.follow_ups.get(coop, follow_up)
            if found is None:
                raise fail("その番号の通知はありません / there is no such follow-up", USAGE)
            chosen: Answer = "acknowledged" if event == "acknowledged" else "certified"
            await answered_on_paper(desk, found, chosen, text=text, by=by, reason=reason)

    run(work(settings()))
    say(f"{follow_up}: {STATE_WORDS[cast('State', event)][0]} / {event}")


@app.command()
def arise(coop: str) -> None:
    """停止・保存期間の満了・契約の終了から生じる通知を、いま作る / Open what has arisen by now; `serve` does so by itself.

    Exit: 0 · 3 the log does not answer.
    """

    async def work(configured: Settings) -> None:
        async with _opened(configured, coop) as desk:
            await arising.arise(desk, [coop])

    run(work(settings()))
    say("作成しました / done")


@asynccontextmanager
async def _opened(configured: Settings, coop: str) -> AsyncIterator[OversightDesk]:
    known(configured, coop)
    async with stores(configured) as opened:
        await secrets_of(configured, opened, coop)
        with refusals_told():
            yield oversight_of(configured, opened)


def _show(found: Sequence[FollowUp], *, as_json: bool, lang: str) -> None:
    at = int(lang == "en")
    if as_json:
        show([_plain(one) for one in found], as_json=True)
        return
    show([dict(zip(_HEADS[at], _cells(one, at), strict=True)) for one in found], as_json=False)


def _cells(one: FollowUp, at: int) -> tuple[object, ...]:
    duty = DUTY_WORDS[one.duty][at]
    return one.id, one.partner, one.agreement, duty, one.members, one.due.isoformat(), STATE_WORDS[one.state][at]


def _plain(one: FollowUp) -> dict[str, Any]:
    names = ("id", "entry", "source", "cause", "partner", "agreement", "purpose", "duty", "period", "state", "members")
    days = {name: None if (day := getattr(one, name)) is None else day.isoformat() for name in ("due", "blocks")}
    return {name: getattr(one, name) for name in names} | days
