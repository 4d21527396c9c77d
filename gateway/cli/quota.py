"""gateway quota list | propose | dismiss | rebuild: what partners asked for beyond a grant's daily limit.

Nothing is raised by itself: `propose` begins a draft that goes the way of every change (gateway policy). Exit codes: 0 done
· 1 refused, with the rule and the mend, nothing done · 2 the command line itself · 3 no answer.
"""

import json
from typing import Annotated

import typer

from gateway.app.office import office_of
from gateway.app.storage import stores
from gateway.cli.acting import By, Reason, known, line
from gateway.cli.office import on, refusals_told, shown, told
from gateway.cli.output import Json, Lang, run, say, settings, show
from gateway.control_plane.office import Office
from gateway.control_plane.quotas import counting
from gateway.control_plane.quotas.acts import dismiss as leave, propose as begin
from gateway.control_plane.quotas.queue import Queued, queued
from gateway.core.changes.overrun import State
from gateway.core.changes.proposal import Proposal
from gateway.oversight.log import searching
from gateway.settings import Settings
from gateway.tlog.entries import instant

app = typer.Typer(help="1日の提供人数の上限 / daily limits, and requests beyond them", no_args_is_help=True)

STATE: dict[State, tuple[str, str]] = {
    "open": ("未対応", "open"),
    "proposed": ("引上げを申請中", "proposed"),
    "raised": ("引上げ済み", "raised"),
    "dismissed": ("見送り", "dismissed"),
}
Grant = Annotated[str, typer.Argument(help="提供範囲(契約.名前) / the grant, as agreement.name")]


@app.command("list")
def list_overruns(coop: str, as_json: Json = False, lang: Lang = "ja") -> None:
    """上限を超えた要求を一覧する / List what was asked for beyond daily limits. Exit: 0 · 2 usage · 3 no log."""

    async def work(office: Office, _: Settings) -> list[Queued]:
        return await queued(office, coop)

    found, at = on(coop, work), int(lang != "ja")
    if as_json:
        print(json.dumps([_facts(one) for one in found], ensure_ascii=False, indent=1))
        return
    rows = [
        {
            "grant": shown(one.grant),
            "state": STATE[one.state][at],
            "limit": one.most,
            "asked": one.asked,
            "requests": one.requests,
            "wanted": one.wanted,
            "last": one.overruns[0].day,
            "department": shown(one.department),
        }
        for one in found
    ]
    show(rows, as_json=False)


@app.command()
def propose(
    coop: str,
    grant: Grant,
    by: By,
    reason: Reason,
    members_per_day: Annotated[
        int | None,
        typer.Option(
            "--members-per-day",
            min=1,
            help="新しい上限。省けば、断った要求がすべて通ったはずの人数 / the new limit; left out, what would have sufficed",
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="件名(省ける) / what it is, in a few words; may be left out", callback=line)
    ] = None,
    as_json: Json = False,
) -> None:
    """上限を引き上げる下書きを作る / Begin a draft that raises a limit. Exit: 0 · 1 refused · 2 usage · 3 no log."""

    async def work(office: Office, _: Settings) -> Proposal:
        most = "" if members_per_day is None else str(members_per_day)
        return await begin(office, coop, grant, most=most, title=title or "", reason=reason, by=by)

    told(on(coop, work), as_json=as_json)


@app.command()
def dismiss(coop: str, grant: Grant, by: By, reason: Reason, as_json: Json = False) -> None:
    """引き上げずに見送り、理由をログに残す / Leave a limit as it is; the log says why. Exit: 0 · 1 refused · 2 usage · 3 no log."""

    async def work(office: Office, _: Settings) -> None:
        await leave(office, coop, grant, reason=reason, by=by)

    on(coop, work)
    say(f"{shown(grant)}: 見送りました / dismissed", as_json=as_json, grant=grant, state="dismissed")


@app.command()
def rebuild(coop: str, as_json: Json = False) -> None:
    """提供ログから数え直す(対応した記録は残る) / Count again from the log; what was decided stays. Exit: 0 · 2 usage · 3 no log."""

    async def work() -> list[Queued]:
        configured = settings()
        known(configured, coop)
        async with stores(configured) as made:
            await searching.advance(made.log, made.search, coop)
            await counting.rebuild(made.search, made.overruns, made.snapshots.current(coop))
            with refusals_told():
                return await queued(office_of(configured, made), coop)

    found = run(work())
    requests = sum(each.requests for one in found for each in one.overruns)
    say(
        f"数え直しました / counted again: {len(found)} grants, {requests} requests",
        as_json=as_json,
        grants=len(found),
        requests=requests,
    )


def _facts(one: Queued) -> dict[str, object]:
    return {
        "grant": one.grant,
        "partner": one.partner,
        "agreement": one.agreement,
        "purpose": one.purpose,
        "department": one.department,
        "state": one.state,
        "members_per_day": one.most,
        "wanted": one.wanted,
        "overruns": [
            {
                "client": each.client,
                "day": each.day.isoformat(),
                "state": each.state,
                "asked": each.asked,
                "requests": each.requests,
                "first": instant(each.first),
                "last": instant(each.last),
                "proposal": each.proposal,
                "decider": each.decider,
                "said": each.said,
                "decided": None if each.decided is None else instant(each.decided),
            }
            for each in one.overruns
        ],
    }
