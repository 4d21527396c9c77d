"""gateway member restrict | lift. Codes come from a file or standard input, never from the command line."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from gateway.app import stores
from gateway.cli.output import USAGE, Json, codes_of, fail, run, say, settings
from gateway.cli.policy import known
from gateway.control_plane import restrict as stops
from gateway.core.state import RestrictionKind
from gateway.settings import Settings

app = typer.Typer(help="組合員ごとの利用停止等 / stops for members", no_args_is_help=True)

Kind = Annotated[str, typer.Option("--kind", help=" | ".join(get_args(RestrictionKind)))]
Codes = Annotated[
    Path, typer.Option("--codes", help="組合員コードのファイル(1行1件)。- で標準入力 / one code a line; - for stdin")
]
Partner = Annotated[str | None, typer.Option(help="提供先(省けば全部) / one partner; all if left out")]
Purpose = Annotated[str | None, typer.Option(help="利用目的(省けば全部) / one purpose; all if left out")]
By = Annotated[str, typer.Option(help="操作する人 / who does it")]
Reason = Annotated[str, typer.Option(help="理由 / why")]


@app.command()
def restrict(
    coop: str,
    codes: Codes,
    kind: Kind,
    by: By,
    reason: Reason,
    partner: Partner = None,
    purpose: Purpose = None,
    as_json: Json = False,
) -> None:
    """利用停止等を設ける / Set a stop for members."""
    _act("restrict", coop, codes, kind=kind, by=by, reason=reason, partner=partner, purpose=purpose, as_json=as_json)


@app.command()
def lift(
    coop: str,
    codes: Codes,
    kind: Kind,
    by: By,
    reason: Reason,
    partner: Partner = None,
    purpose: Purpose = None,
    as_json: Json = False,
) -> None:
    """利用停止等を解く / Lift a stop of the same kind, partner and purpose."""
    _act("lift", coop, codes, kind=kind, by=by, reason=reason, partner=partner, purpose=purpose, as_json=as_json)


def _act(
    what: str,
    coop: str,
    codes: Path,
    *,
    kind: str,
    by: str,
    reason: str,
    partner: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    if kind not in get_args(RestrictionKind):
        raise fail(f"`{kind}` is no kind of stop; there are {', '.join(get_args(RestrictionKind))}", USAGE)
    members = codes_of(codes)

    async def work(configured: Settings) -> int:
        known(configured, coop)
        async with stores(configured) as opened:
            act = stops.restrict if what == "restrict" else stops.lift
            return await act(
                opened.log,
                coop,
                members,
                kind=cast("RestrictionKind", kind),
                partner=partner,
                purpose=purpose,
                by=by,
                reason=reason,
                secrets=opened.keys.coop_secrets(coop),
                clock=opened.clock,
            )

    index = run(work(settings()))
    say(f"{len(members)} members: entry {index} of {coop}", as_json=as_json, index=index, members=len(members))
