"""Who acts, and why: what a person says with an act of governance, and the co-op that it is about."""

import unicodedata
from typing import Annotated

import typer

from gateway.cli.output import USAGE, fail, said
from gateway.settings import Settings


def line(text: str | None) -> str | None:
    """Return what a person says in one line; or end where it is empty, or holds what no eye sees. For `callback=line`.

    It stands in the log for ever, and is read on terminals: a control character would make it look like something else.
    """
    if text is None:
        return None
    if any(unicodedata.category(char) in _UNSEEN for char in said(text)):
        raise typer.BadParameter(
            "制御文字や改行は使えません。1行で書いてください / it holds a control character or a line break; write one line"
        )
    return text


By = Annotated[str, typer.Option(help="操作する人(担当者がいれば担当者ID) / who does it, by id", callback=line)]
Reason = Annotated[str, typer.Option(help="理由 / why", callback=line)]

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and direction characters, halves of characters, separators of lines."""


def known(configured: Settings, coop: str) -> None:
    """End with the co-ops there are where this is none of them."""
    if coop not in configured.coops:
        there_are = ", ".join(configured.coops)
        raise fail(
            f"`{coop}` という生協はありません。あるのは {there_are}\n"
            f"`{coop}` is no co-op of this gateway; there are {there_are}",
            USAGE,
        )
