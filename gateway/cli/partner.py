"""gateway partner list | suspend | resume | keys | end-key; what takes two people is in partner_request.py."""

from typing import Annotated

import typer

from gateway.app.office import office_of
from gateway.app.storage import stores
from gateway.cli import partner_request
from gateway.cli.acting import By, Reason, known
from gateway.cli.office import refusals_told
from gateway.cli.output import USAGE, Json, as_rfc3339, fail, in_japan, run, say, settings, show
from gateway.control_plane.partners import both_named
from gateway.control_plane.partners.acts import end_key as end, set_state
from gateway.core.days import Moment
from gateway.settings import Settings

app = typer.Typer(help="提供先 / partners", no_args_is_help=True)
for _name, _command in partner_request.COMMANDS.items():
    app.command(_name)(_command)


@app.command("list")
def list_partners(coop: str, as_json: Json = False) -> None:
    """提供先と状態を一覧する / List the partners and their state."""
    show(run(_list(settings(), coop)), as_json=as_json)


async def _list(configured: Settings, coop: str) -> list[dict[str, object]]:
    known(configured, coop)
    async with stores(configured) as opened:
        snapshot = opened.snapshots.current(coop)
        policy = snapshot.policy_at(Moment(opened.clock()))
    return [
        {
            "partner": partner.id,
            "name": partner.name,
            "state": "active" if snapshot.partner(partner.id).active else "inactive",
            "clients": ", ".join(sorted(partner.clients)),
            "keys": len(snapshot.partner(partner.id).keys),
        }
        for partner in (policy.partners.values() if policy else ())
    ]


@app.command()
def suspend(coop: str, partner: str, by: By, reason: Reason, as_json: Json = False) -> None:
    """直ちに提供を止める / Stop all releases to a partner, at once."""
    _set_state(coop, partner, active=False, by=by, reason=reason, as_json=as_json)


@app.command()
def resume(
    coop: str,
    partner: str,
    by: By,
    reason: Reason,
    approver: Annotated[
        str | None,
        typer.Option(
            help="承認する別の人(担当者に役割があるとき) / another person who approves, once people have roles"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """提供先を有効にする、または再開する。再開は二人で / Make a partner active, or resume it, which takes two people."""
    _set_state(coop, partner, active=True, by=by, approver=approver, reason=reason, as_json=as_json)


def _set_state(
    coop: str, partner: str, *, active: bool, by: str, reason: str, as_json: bool, approver: str | None = None
) -> None:
    async def work(configured: Settings) -> int:
        known(configured, coop)
        async with stores(configured) as opened:
            policy = opened.snapshots.current(coop).policy_at(Moment(opened.clock()))
            if policy is None or partner not in policy.partners:
                raise fail(
                    f"`{partner}` という提供先はありません。`gateway partner list {coop}` で確かめてください\n"
                    f"`{partner}` is no partner of `{coop}`; see `gateway partner list {coop}`",
                    USAGE,
                )
            if not active:
                return await set_state(
                    opened.log, coop, partner, active=False, by=by, reason=reason, clock=opened.clock
                )
            office = office_of(configured, opened)
            with refusals_told():
                return await both_named.resume(office, coop, partner, by=by, approver=approver, reason=reason)

    index = run(work(settings()))
    state = "active" if active else "suspended"
    ja = "提供できます" if active else "停止しました"
    say(f"{partner}: {ja} / {state}, as entry {index} of {coop}", as_json=as_json, index=index, state=state)


@app.command()
def keys(coop: str, partner: str, as_json: Json = False) -> None:
    """登録された鍵を一覧する / List a partner's registered keys."""

    async def work(configured: Settings) -> list[dict[str, object]]:
        known(configured, coop)
        async with stores(configured) as opened:
            state = opened.snapshots.current(coop).partner(partner)
        when = as_rfc3339 if as_json else in_japan
        return [
            {
                "client": key.client,
                "kid": key.kid,
                "use": key.use,
                "alg": key.alg,
                "thumbprint": key.thumbprint,
                "until": when(key.span.end) if key.span.end else "",
            }
            for key in state.keys
        ]

    show(run(work(settings())), as_json=as_json)


@app.command("end-key")
def end_key(coop: str, partner: str, kid: str, by: By, reason: Reason, as_json: Json = False) -> None:
    """鍵を直ちに失効させる / End a key, at once."""

    async def work(configured: Settings) -> int:
        known(configured, coop)
        async with stores(configured) as opened:
            snapshot = opened.snapshots.current(coop)
            try:
                return await end(opened.log, snapshot, partner, kid, by=by, reason=reason, clock=opened.clock)
            except KeyError:
                raise fail(
                    f"`{partner}` に鍵 `{kid}` はありません。`gateway partner keys {coop} {partner}` で確かめてください\n"
                    f"`{partner}` has no key `{kid}`; see `gateway partner keys {coop} {partner}`",
                    USAGE,
                ) from None

    index = run(work(settings()))
    say(f"失効させました / ended, as entry {index} of {coop}", as_json=as_json, index=index)
