"""Act 13: the second door, open to a browser: who signs in, and with what."""

import re

import httpx2
from rich.text import Text

from gateway.demo.screen import Screen
from gateway.demo.staff import ROLES, Account, hire
from gateway.demo.stage import Stage
from gateway.demo.state import COOP, STATE

_WELCOME = re.compile(r"<h1>")


async def open_console(stage: Stage, screen: Screen) -> None:
    """Give three people their accounts, and let one of them sign in."""
    screen.act("画面で変える: 起案する人と、承認する人", "The console: who proposes, and who approves")
    accounts = await hire(stage.office, stage.state)
    screen.say(
        f"{stage.settings.console}/  ここから先の変更は、画面かコマンドで申請し、別の人の承認を受けてから公布します",
        "from here on every change is proposed, approved by another person, and published",
    )
    screen.gap()
    table = screen.table(
        ("生協", "co-op"), ("担当者ID", "person"), ("パスワード", "password"), ("だれ", "who"), widths=(16, 12, 26, 36)
    )
    for one in accounts:
        table.add_row(
            one.coop, one.person, one.password, next(name for person, name, *_ in ROLES if person == one.person)
        )
    screen.show(table)
    screen.say(
        "確認コードは30秒ごとに変わる。今のものを出すには、別の端末で", "the code changes every 30 seconds; of now:"
    )
    screen.console.print(Text(f"   {_code(stage)} sato", style="cyan"), soft_wrap=True)
    screen.gap()
    home = await _sign_in(stage, accounts[-1])
    screen.claim(
        home.status_code == 200 and _WELCOME.search(home.text) and "森" in home.text,
        f"{accounts[-1].person}は、パスワードと確認コードで入れる(生協は {COOP})",
        f"`{accounts[-1].person}` signs in with password and code",
    )


def _code(stage: Stage) -> str:
    """Return the command that prints a person's code, without what it assumes anyhow."""
    where = "" if stage.state == STATE else f" --state {stage.state}"
    return f"gateway demo{where} --code"


async def _sign_in(stage: Stage, account: Account) -> httpx2.Response:
    """Sign in as a browser does, and return the first page."""
    origin = stage.settings.console or ""
    form = {"coop": account.coop, "person": account.person, "password": account.password}
    async with httpx2.AsyncClient(base_url=origin, trust_env=False, timeout=30, follow_redirects=True) as http:
        code = account.code(stage.office.clock().timestamp())
        return await http.post("/sign-in", data=form | {"code": code}, headers={"Origin": origin})
