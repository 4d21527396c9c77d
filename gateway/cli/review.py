"""gateway review list | open | sample | answer | sign | countersign.

A period is looked at (点検): a sample of it that nobody picks, an answer for each entry, two signatures in the log.
Exit codes: 0 done · 1 refused, with the mend · 2 the command line itself · 3 the log does not answer.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from gateway.app.oversight import oversight_of
from gateway.app.storage import stores
from gateway.cli.acting import By, Reason, known
from gateway.cli.office import refusals_told, shown
from gateway.cli.output import USAGE, Json, Lang, fail, run, say, settings, show
from gateway.core.dossier import Dossier
from gateway.core.reviews.checklists import checklist_on
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reviews import review as reviews, signing
from gateway.oversight.reviews.period_log import PeriodLog, read_period
from gateway.oversight.reviews.periods import Period, begun, month_of, months, uncovered

app = typer.Typer(
    help="点検: 期間ごとの抜取りと署名 / reviews: a sample of a period, signed by two", no_args_is_help=True
)
_T = TypeVar("_T")

First = Annotated[
    datetime,
    typer.Option("--from", formats=["%Y-%m", "%Y-%m-%d"], help="月(2026-10)または初日 / a month, or the first day"),
]
Last = Annotated[
    datetime | None,
    typer.Option(
        "--to", formats=["%Y-%m-%d"], help="末日(含む)。省けばその月 / last day, included; the month if left out"
    ),
]
ReviewId = Annotated[str, typer.Argument(help="点検の番号(review list にある) / the review's id, from `review list`")]

_STATE = {
    "none": ("署名なし", "no review"),
    "open": ("点検中", "under review"),
    "signed": ("連署待ち", "awaits a countersignature"),
    "countersigned": ("完了", "complete"),
}


@app.command("list")
def list_reviews(coop: str, as_json: Json = False, lang: Lang = "ja") -> None:
    """点検と、署名のない月を一覧する / List the reviews and the months without. Exit: 0 · 2 usage · 3 no log."""

    async def work(desk: OversightDesk) -> list[tuple[str, Period, str]]:
        found = await desk.dossiers.all(coop, "review")
        first = await begun(desk.log, coop)
        over = [] if first is None else list(months(first, desk.clock()))
        done = [reviews.period_of(one) for one in found if one.state != "open"]
        missing = [("", one, "none") for one in uncovered(over, done)]
        return [*missing, *((one.id, reviews.period_of(one), one.state) for one in found)]

    rows = [
        {
            "review": review or None,
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "state": state if as_json else _STATE[state][lang != "ja"],
        }
        for review, period, state in _on(coop, work)
    ]
    show(rows, as_json=as_json)


@app.command("open")
def open_review(coop: str, first: First, by: By, last: Last = None, as_json: Json = False) -> None:
    """終わった期間の点検を始める(抜取りはこのとき決まる) / Open the review of a period that is over; its sample is taken now.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """
    period = _period(first, last)
    made, body = _on(coop, lambda desk: _opened(desk, coop, period, by))
    told = f"{made.id} を始めました。抜取り{len(body.items)}件 / opened, {len(body.items)} entries in the sample"
    say(
        told,
        as_json=as_json,
        review=made.id,
        size=body.size,
        root=body.root,
        counts=body.counts,
        sample=len(body.items),
    )


@app.command()
def sample(coop: str, first: First, last: Last = None, as_json: Json = False) -> None:
    """期間の抜取りをログから作り直す(だれが行っても同じ) / Make a period's sample again from the log; anybody's is the same.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """
    period = _period(first, last)

    async def work(desk: OversightDesk) -> PeriodLog:
        return await read_period(desk, coop, period)

    found = _on(coop, work)
    rows = [{"entry": one.index, "kind": one.kind, "groups": " ".join(one.groups)} for one in found.sample]
    if as_json:
        sampled = [{**row, "groups": list(one.groups)} for row, one in zip(rows, found.sample, strict=True)]
        say("", as_json=True, size=found.size, root=rfc4648.encode(found.root), counts=found.counts, sample=sampled)
        return
    show(rows, as_json=False)
    counted = ", ".join(f"{kind} {count}" for kind, count in found.counts.items()) or "0"
    say(f"期間内の記録 / entries of the period: {counted}\nsize {found.size} root {rfc4648.encode(found.root)}")


@app.command()
def answer(
    coop: str,
    review: ReviewId,
    entry: Annotated[int, typer.Argument(min=0, help="記録の番号 / the entry's index")],
    by: By,
    in_order: Annotated[
        bool, typer.Option("--ok", help="点検項目の全部が「はい」 / every question is answered with yes")
    ] = False,
    finding: Annotated[str, typer.Option(help="指摘の内容 / what was found")] = "",
    owner: Annotated[str, typer.Option(help="是正の担当者 / who mends it, by id")] = "",
    due: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="是正の期限 / the day by which it is mended")
    ] = None,
    as_json: Json = False,
) -> None:
    """抜取りの一件に答える(--ok か --finding) / Answer for an entry of the sample: --ok, or --finding with --owner and --due.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """
    if in_order == bool(finding) or (finding and (not owner or due is None)):
        raise fail(
            "--ok か、--finding と --owner と --due のどちらかを書いてください / "
            "say either --ok, or --finding with --owner and --due",
            USAGE,
        )

    async def work(desk: OversightDesk) -> Dossier:
        dossier = await _review(desk, coop, review)
        if due is not None and finding:
            return await reviews.find_fault(
                desk, dossier, entry, met=(), text=finding, owner=owner, due=due.date(), by=by
            )
        body = reviews.read(desk, dossier)
        met = tuple(one.key for one in checklist_on(body.last).of(reviews.item_of(body, entry).kind))
        return await reviews.answer(desk, dossier, entry, met=met, note="", by=by)

    made = _on(coop, work)
    say(f"{made.id} #{entry}: 登録しました / saved", as_json=as_json, review=made.id, entry=entry)


@app.command()
def sign(coop: str, review: ReviewId, by: By, reason: Reason, as_json: Json = False) -> None:
    """点検に署名する(以後は変更できない) / Sign a review; nothing of it changes from then on.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """

    async def work(desk: OversightDesk) -> Dossier:
        return await signing.sign(desk, await _review(desk, coop, review), by=by, reason=reason)

    _told(_on(coop, work), as_json=as_json)


@app.command()
def countersign(coop: str, review: ReviewId, by: By, reason: Reason, as_json: Json = False) -> None:
    """署名済みの点検に、関わっていない人が連署する / Countersign what somebody else signed, having had no hand in it.

    Exit: 0 done · 1 refused · 2 usage · 3 the log does not answer.
    """

    async def work(desk: OversightDesk) -> Dossier:
        return await signing.countersign(desk, await _review(desk, coop, review), by=by, reason=reason)

    _told(_on(coop, work), as_json=as_json)


async def _opened(desk: OversightDesk, coop: str, period: Period, by: str) -> tuple[Dossier, reviews.Review]:
    made = await reviews.open_review(desk, coop, period, by=by)
    return made, reviews.read(desk, made)


async def _review(desk: OversightDesk, coop: str, review: str) -> Dossier:
    found = await reviews.find(desk, coop, review)
    if found is None:
        raise fail(
            f"`{shown(review)}` という点検はありません。`gateway review list {coop}` で確かめてください\n"
            f"there is no review `{shown(review)}`; `gateway review list {coop}` lists them",
            USAGE,
        )
    return found


def _on(coop: str, work: Callable[[OversightDesk], Awaitable[_T]]) -> _T:
    """Do some work at the third door of a co-op that there is, to the end or to a sentence and an exit code."""

    async def opened() -> _T:
        configured = settings()
        known(configured, coop)
        async with stores(configured) as made:
            with refusals_told():
                return await work(oversight_of(configured, made))

    return run(opened())


def _period(first: datetime, last: datetime | None) -> Period:
    return month_of(first.date()) if last is None else Period(first.date(), last.date())


def _told(made: Dossier, *, as_json: bool) -> None:
    ja, en = _STATE[made.state]
    say(f"{made.id}: {ja} / {en}", as_json=as_json, review=made.id, state=made.state)
