"""gateway demo: a synthetic co-op, its partners and the story."""

from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="物語が終わったら閉じる / end after the story")] = False,
    members: Annotated[int, typer.Option(help="架空の組合員の数 / synthetic members")] = 5_000,
) -> None:
    """架空の生協で一通り見せる / Show the whole on a synthetic co-op."""
    from gateway.demo.story import tell

    tell(once=once, members=members)
