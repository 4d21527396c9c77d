"""Act 11: the second door, open to a browser: who signs in, and with what."""

import re

import httpx2

from gateway.demo.screen import Screen
from gateway.demo.staff import Account, hire
from gateway.demo.stage import Stage
from gateway.demo.state import COOP

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
        ("担当者ID", "person"), ("パスワード", "password"), ("今の確認コード", "code of now"), widths=(12, 28, 40)
    )
    for one in accounts:
        table.add_row(one.person, one.password, f"gateway demo --state {stage.state} --code {one.person}")
    screen.show(table)
    home = await _sign_in(stage, accounts[-1])
    screen.claim(
        home.status_code == 200 and _WELCOME.search(home.text) and "森" in home.text,
        f"{accounts[-1].person}は、パスワードと確認コードで入れる(生協は {COOP})",
        f"`{accounts[-1].person}` signs in with password and code",
    )


async def _sign_in(stage: Stage, account: Account) -> httpx2.Response:
    """Sign in as a browser does, and return the first page."""
    origin = stage.settings.console or ""
    form = {"coop": account.coop, "person": account.person, "password": account.password}
    async with httpx2.AsyncClient(base_url=origin, trust_env=False, timeout=30, follow_redirects=True) as http:
        code = account.code(stage.office.clock().timestamp())
        return await http.post("/sign-in", data=form | {"code": code}, headers={"Origin": origin})
