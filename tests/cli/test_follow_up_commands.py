"""gateway member restrict --ground and gateway follow-up, as compliance types them; gateway client follow-ups, as a partner is refused."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from gateway.cli import app
from gateway.tlog.entries import Ack, FollowUp, Restrict
from tests.cli.test_member_commands import environment
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

SUNNET = "kyoritsusha-sunnet-01"
MEMBER, ANOTHER = "00000101", "00012406"
ABOUT = ("--by", "homu", "--reason", "本人の請求")


async def gateway(house: House, *arguments: str, stdin: str = "", code: int = 0) -> str:
    runner = CliRunner(env=environment(house))
    done = await asyncio.to_thread(runner.invoke, app, [*arguments], input=stdin)
    assert done.exit_code == code, (arguments, done.output, done.exception)
    return done.stderr if code else done.stdout


async def said(house: House, kind: type[Any]) -> list[Any]:
    return [one for one in await house.entries() if isinstance(one, kind)]


async def test_a_stop_with_its_ground_becomes_follow_ups_that_a_paper_ends(sqlite_url: str, tmp_path: Path) -> None:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,)) as house:
        sunnet = await house.partner("sunnet", SUNNET)
        await sunnet.pull("P4", ["name"], [MEMBER, ANOTHER])
        stop = ("member", "restrict", COOP, "--codes", "-", "--kind", "stop_use", *ABOUT)
        refused = await gateway(house, *stop, "--ground", "art35_3", stdin=MEMBER, code=2)
        assert "art35_5" in refused
        await gateway(house, *stop, "--ground", "art35_5", stdin=MEMBER)
        [entry] = await said(house, Restrict)
        assert (entry.ground, entry.members) == ("art35_5", 1)

        await gateway(house, "follow-up", "arise", COOP)
        await gateway(house, "follow-up", "arise", COOP)
        [told] = json.loads(await gateway(house, "follow-up", "list", COOP, "--json"))
        assert (told["partner"], told["duty"], told["state"], told["members"]) == ("sunnet", "stop_using", "open", 1)
        table = await gateway(house, "follow-up", "list", COOP, "--lang", "en")
        assert "stop using" in table
        assert MEMBER not in table
        assert await gateway(house, "follow-up", "list", COOP, "--overdue", "--json") == "[]\n"

        opened = ("follow-up", "open", COOP, "--cause", "correction", "--codes", "-", *ABOUT)
        assert "訂正の反映" in await gateway(house, *opened, stdin=ANOTHER)
        assert "保有する提供先はありません" in await gateway(house, *opened, stdin="99999999")
        assert [one.duty for one in await said(house, FollowUp)] == ["stop_using", "correct"]

        answer = ("follow-up", "answer", COOP, told["id"], "--event", "acknowledged", "--paper", "-", *ABOUT)
        await gateway(house, *answer, stdin="2026-11-22付 受領書")
        await gateway(house, *answer, stdin="2026-11-22付 受領書", code=1)
        assert [(one.follow_up, one.by) for one in await said(house, Ack)] == [(told["id"], "homu")]


async def test_what_is_not_there_is_told(sqlite_url: str, tmp_path: Path) -> None:
    async with running_house(sqlite_url, tmp_path, SettableClock(), coops=(COOP,)) as house:
        assert "no such state" in await gateway(house, "follow-up", "list", COOP, "--state", "done", code=2)
        asked = ("--codes", "-", *ABOUT)
        assert "correction" in await gateway(house, "follow-up", "open", COOP, "--cause", "x", *asked, code=2)
        answer = ("follow-up", "answer", COOP, "fu-x", "--event", "certified", "--paper", "-", *ABOUT)
        assert "no such follow-up" in await gateway(house, *answer, stdin="紙", code=2)
        folder = ("client", "follow-ups", str(tmp_path / "nowhere"))
        assert "client.json" in await gateway(house, *folder, code=1)
