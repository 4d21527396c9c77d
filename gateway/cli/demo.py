"""gateway demo: a synthetic co-op, its partners and the story."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import USAGE, explained, fail


def show_code(state: Path, person: str) -> None:
    """Print the code that a person's authenticator would show now."""
    from gateway.demo.staff import code_of

    shown = code_of(state, person)
    if shown is None:
        raise fail(
            f"`{state}/staff` に `{person}` はいません。`make demo` の画面に出る担当者IDを使ってください\n"
            f"there is nobody `{person}` in `{state}/staff`; use an id that `make demo` shows",
            USAGE,
        )
    print(shown)


def demo(
    code: Annotated[
        str | None,
        typer.Option(help="画面の担当者の、今の確認コードを出す / print a person's code for the console, of now"),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="物語が終わったら閉じる / end after the story")] = False,
    members: Annotated[int, typer.Option(min=100, max=100_000, help="架空の組合員の数 / synthetic members")] = 5_000,
    state: Annotated[Path, typer.Option(help="置き場所(次の回に消される) / where it keeps its files")] = Path(
        "var/demo"
    ),
    port: Annotated[int, typer.Option(min=0, max=65_535, help="パートナーAPI。0 は空き番号 / partner API")] = 8400,
    console_port: Annotated[int, typer.Option(min=0, max=65_535, help="画面 / console")] = 8401,
    member_system_port: Annotated[int, typer.Option(min=0, max=65_535, help="基幹システム / member system")] = 8402,
) -> None:
    """架空の生協で一通り見せる / Show the whole on a synthetic co-op."""
    if code is not None:
        show_code(state, code)
        return
    from gateway.demo.screen import Untrue
    from gateway.demo.state import CannotStart
    from gateway.demo.story import tell

    try:
        with explained():
            ports = {"port": port, "console_port": console_port, "member_system_port": member_system_port}
            tell(once=once, members=members, state=state, **ports)
    except CannotStart as refused:
        raise fail(str(refused)) from None
    except Untrue as false:
        raise fail(f"✘ 物語のとおりになりませんでした / this did not happen:\n{false}") from None
