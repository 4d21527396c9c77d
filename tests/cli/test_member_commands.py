"""gateway member history | prove | persons | held, as a person types them beside a gateway that has released data."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import app
from gateway.core.days import jst_day
from gateway.settings import PREFIX
from gateway.tlog.entries import Access
from gateway.tlog.member_proof import parse, verify_member
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

ABOUT = ("--by", "相談窓口", "--reason", "本人からの照会")
AGREEMENT = "kyoritsusha-sunnet-01"


def environment(house: House) -> dict[str, str]:
    settings = house.settings
    sources = {coop: one.model_dump(mode="json") for coop, one in settings.sources.items()}
    return {
        f"{PREFIX}NAME": settings.name,
        f"{PREFIX}ISSUER": settings.issuer,
        f"{PREFIX}DATABASE_URL": settings.database_url,
        f"{PREFIX}KEYS": str(settings.keys),
        f"{PREFIX}POLICIES": str(settings.policies),
        f"{PREFIX}PARTNERS": str(settings.partners),
        f"{PREFIX}COOPS": json.dumps(settings.coops),
        f"{PREFIX}SOURCES": json.dumps(sources),
    }


async def gateway(house: House, *arguments: str, stdin: str = "", code: int = 0) -> str:
    """Run a command in a thread, where it has an event loop of its own as it has in a process."""
    runner = CliRunner(env=environment(house))
    done = await asyncio.to_thread(runner.invoke, app, ["member", *arguments], input=stdin)
    assert done.exit_code == code, (arguments, done.output, done.exception)
    return done.stderr if code else done.stdout


async def test_an_inquiry_of_a_member_from_beginning_to_end(sqlite_url: str, tmp_path: Path) -> None:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with running_house(sqlite_url, tmp_path, clock) as house:
        sunnet = await house.partner("sunnet", AGREEMENT)
        page = [*(await sunnet.pull("P4", ["name"], page={"limit": 60})).released]
        few = await sunnet.pull("P12", ["name"], page[:2], case="K-1")
        member, index, today = page[0], few.receipt["index"], jst_day(clock()).isoformat()

        table = await gateway(house, "history", COOP, "--codes", "-", *ABOUT, stdin=f"{member}\n")
        assert "提供承認" in table
        assert f"{sunnet.client_id.removesuffix('-demo')}" in table
        assert "2件" in table
        assert member not in table
        looked = await house.last()
        assert isinstance(looked, Access)
        assert (looked.look_up, looked.by) == ("history", "相談窓口")
        told = json.loads(await gateway(house, "history", COOP, "--codes", "-", *ABOUT, "--json", stdin=page[5]))
        assert [(one["partner"], one["purpose"], one["state"]) for one in told] == [("sunnet", "P4", "authorised")]
        assert "authorised" in await gateway(
            house, "history", COOP, "--codes", "-", *ABOUT, "--lang", "en", stdin=member
        )

        entry = (await house.stores.log.entries(COOP, index, 1))[0]
        for code, said in ((member, "member"), (page[9], "absent")):
            proof = await gateway(house, "prove", COOP, str(index), "--codes", "-", *ABOUT, stdin=code)
            assert verify_member(parse(proof), entry=entry) == said
        await gateway(house, "prove", COOP, "0", "--codes", "-", *ABOUT, stdin=member, code=1)

        period = ("--partner", "sunnet", "--from", today, "--to", today, "--json")
        assert json.loads(await gateway(house, "persons", COOP, *period))["persons"] == len(page)
        assert json.loads(await gateway(house, "persons", COOP, *period, "--purpose", "P12"))["persons"] == 2
        english = await gateway(house, "persons", COOP, *period[:-1], "--lang", "en")
        assert english == f"sunnet: {len(page)} persons from {today} to {today}\n"
        whom = ("--partner", "sunnet", "--agreement", AGREEMENT, "--purpose", "P4", "--json")
        assert json.loads(await gateway(house, "held", COOP, *whom))["persons"] == len(page)
        assert json.loads(await gateway(house, "held", COOP, *whom, "--rebuild"))["persons"] == len(page)

        before = len(await house.entries())
        await gateway(house, "history", COOP, "--codes", "-", *ABOUT, stdin="1\n2\n", code=2)
        await gateway(house, "history", COOP, "--codes", "-", *ABOUT, stdin="", code=2)
        await gateway(house, "history", "nowhere", "--codes", "-", *ABOUT, stdin=member, code=2)
        await gateway(house, "persons", COOP, "--partner", "sunnet", "--from", today, "--to", "2020-01-01", code=2)
        assert len(await house.entries()) == before, "what was not looked at is not logged"
