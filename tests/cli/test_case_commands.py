"""gateway case … and gateway member answer, as a person types them; nothing of a person on the command line or in the log."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from gateway.cli import app
from gateway.core.days import jst_day
from gateway.tlog.entries import Access
from tests.cli.test_member_commands import AGREEMENT, environment
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

BY = ("--by", "homu")
NAME, ASKED = "髙﨑 𠮷邊", "渡した先を知りたい"


async def gateway(house: House, *arguments: str, stdin: str = "", code: int = 0) -> str:
    runner = CliRunner(env=environment(house))
    done = await asyncio.to_thread(runner.invoke, app, [*arguments], input=stdin)
    assert done.exit_code == code, (arguments, done.output, done.exception)
    return done.stderr if code else done.stdout


async def test_a_case_from_its_receipt_to_its_answer_and_its_end(sqlite_url: str, tmp_path: Path) -> None:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with running_house(sqlite_url, tmp_path, clock) as house:
        sunnet = await house.partner("sunnet", AGREEMENT)
        page = [*(await sunnet.pull("P4", ["name"], page={"limit": 20})).released]
        member, other, today = page[0], page[1], jst_day(clock())
        asked: dict[str, Any] = {
            "kind": "disclose",
            "member": member,
            "name": NAME,
            "asked": ASKED,
            "received": (today - timedelta(days=3)).isoformat(),
            "office": "C-01",
            "channel": "letter",
        }

        async def case(*arguments: str, **more: Any) -> str:
            return await gateway(house, "case", *arguments, *BY, **more)

        lone = {**asked, "agent": {"kind": "appointed", "name": "代理 太郎"}}
        assert "委任状" in await case("open", COOP, "--request", "-", stdin=json.dumps(lone), code=1)
        await case("open", COOP, "--request", "-", stdin=json.dumps({**asked, "more": 1}), code=2)
        wrong = await case("open", COOP, "--request", "-", stdin=json.dumps({**asked, "kind": "disclosure"}), code=2)
        assert "$.kind" in wrong
        assert "kind: notify_purpose | disclose | correct" in wrong
        assert "channel: counter | delivery" in wrong
        await case("open", COOP, "--request", "-", stdin="{", code=2)
        made = json.loads(await case("open", COOP, "--request", "-", "--json", stdin=json.dumps(asked)))
        number = made["case"]
        assert (made["state"], made["due"]) == ("received", (today + timedelta(days=11)).isoformat())

        out = tmp_path / "answer.json"
        told = await gateway(house, "member", "answer", COOP, number, "--out", str(out), *BY, code=1)
        assert "本人確認" in told
        assert not out.exists()
        assert "本人確認" in await case("close", COOP, number, code=1)
        await case("identify", COOP, number, "--method", "card", "--result", "perhaps", code=2)
        assert "本人確認済み" in await case("identify", COOP, number, "--method", "card", "--result", "confirmed")

        await gateway(house, "member", "answer", COOP, number, "--out", str(out), *BY)
        body = out.read_text(encoding="utf-8")
        assert out.stat().st_mode & 0o777 == 0o600
        assert member in body
        assert NAME in body
        assert other not in body
        noted = await house.last()
        assert isinstance(noted, Access)
        assert (noted.look_up, noted.view, noted.by) == ("answer", number, "homu")
        await gateway(house, "member", "answer", COOP, number, "--out", str(tmp_path / "answer.txt"), *BY, code=2)

        assert "法36条" in await case("decide", COOP, number, "--outcome", "refused", code=1)
        assert "判断済み" in await case(
            "decide", COOP, number, "--outcome", "partly", "--why", "-", stdin="一部は保有していない"
        )
        listed = await gateway(house, "case", "list", COOP)
        assert number in listed
        plain = await gateway(house, "case", "show", COOP, number)
        for secret in (member, NAME, ASKED):
            assert secret not in listed + plain
        await gateway(house, "case", "show", COOP, number, *BY, code=2)
        looked = await gateway(house, "case", "show", COOP, number, *BY, "--reason", "確認", "--json")
        assert json.loads(looked)["asked"] == ASKED
        assert isinstance(await house.last(), Access)
        assert "closed" in await case("close", COOP, number, "--lang", "en")
        assert json.loads(await gateway(house, "case", "list", COOP, "--json")) == []
        [over] = json.loads(await gateway(house, "case", "list", COOP, "--all", "--json"))
        assert (over["decision"], over["answers"], over["overdue"]) == ("partly", 1, False)
        assert "ありません" in await case("close", COOP, "case-none", code=1)
        assert all(
            secret.encode() not in entry
            for entry in await house.stores.log.entries(COOP, 0, 1_000)
            for secret in (member, NAME, ASKED)
        )
