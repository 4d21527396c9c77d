"""gateway demo: a synthetic co-op, its partners and the story."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import explained, fail


def demo(
    once: Annotated[bool, typer.Option("--once", help="物語が終わったら閉じる / end after the story")] = False,
    members: Annotated[int, typer.Option(min=100, max=100_000, help="架空の組合員の数 / synthetic members")] = 5_000,
    state: Annotated[Path, typer.Option(help="置き場所(次の回に消される) / where it keeps its files")] = Path(
        "var/demo"
    ),
    port: Annotated[int, typer.Option(min=0, max=65_535, help="パートナーAPI。0 は空き番号 / partner API")] = 8400,
    member_system_port: Annotated[int, typer.Option(min=0, max=65_535, help="基幹システム / member system")] = 8402,
) -> None:
    """架空の生協で一通り見せる / Show the whole on a synthetic co-op."""
    from gateway.demo.screen import Untrue
    from gateway.demo.state import CannotStart
    from gateway.demo.story import tell

    try:
        with explained():
            tell(once=once, members=members, state=state, port=port, member_system_port=member_system_port)
    except CannotStart as refused:
        raise fail(str(refused)) from None
    except Untrue as false:
        raise fail(f"✘ 物語のとおりになりませんでした / this did not happen:\n{false}") from None
