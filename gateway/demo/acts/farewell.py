"""After the story: what to try, and where things are."""

import os
import sys

from rich.text import Text

from gateway.demo.screen import Screen
from gateway.demo.stage import Stage
from gateway.demo.state import COOP


async def bid_farewell(stage: Stage, screen: Screen) -> None:
    """Name the commands that work on what is running and lying there."""
    state, console = stage.state, screen.console
    sections: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("この端末で一度だけ", "once in this terminal", (_alias(),)),
        (
            "提供先になる",
            "be a partner",
            (
                f"gateway client check {state}/partners/jccu",
                f"gateway client pull {state}/partners/sunnet P4 --product G1 --codes {state}/codes.txt",
            ),
        ),
        (
            "ログを検証する、書き換えた写しも",
            "verify the log, and the altered copy",
            (
                f"gateway log verify {state}/log --key {state}/log.vkey",
                f"gateway log verify {state}/log-altered --key {state}/log.vkey",
            ),
        ),
        (
            "生協の担当者になる",
            "be the co-op's staff",
            (
                f"set -a; . {state}/gateway.env; set +a",
                f"gateway policy history {COOP}",
                f"gateway partner suspend {COOP} sunnet --by 私 --reason ためし",
                f"gateway partner resume {COOP} sunnet --by sato --approver ito --reason ためし",
            ),
        ),
    )
    screen.gap()
    screen.title(
        "ためしてみる",
        f"ここまでの{screen.claims}の確認は、すべて本物の応答と本物のログで行いました",
        f"try it yourself: all {screen.claims} claims so far were checked on the real answers and the real log",
    )
    for ja, en, commands in sections:
        screen.show(Text.assemble((ja, "bold"), (f"  {en}", "dim")))
        for command in commands:
            console.print(Text(f"   {command}", style="cyan"), soft_wrap=True)
    screen.gap()
    screen.show(
        Text.assemble(
            ("置き場所", "bold"),
            ("  where things are\n", "dim"),
            f"  画面 {stage.settings.console}\n",
            f"  パートナーAPI {stage.settings.issuer}   基幹システム {stage.member_system_url}\n",
            f"  {state}/  log/ log.vkey  gateway.db  keys/  staff/  office/(公表事項・契約)  partners/(client.json と鍵)\n",
            ("  【試験】 すべて架空です。次の実行が消して作り直します。 ", ""),
            ("all synthetic; the next run starts afresh", "dim"),
        )
    )


def _alias() -> str:
    """Return the line that makes `gateway` mean this Python's; short where it stands in this folder."""
    here = os.path.relpath(sys.executable)
    python = sys.executable if here.startswith("..") else f"$PWD/{here}"
    return f'alias gateway="{python} -m gateway"'
