"""gateway incident open | scope | show | list | persons, and the partner's report, as people type them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.core.days import jst_day
from gateway.tlog.entries import Access, Dossier
from tests.cli.test_member_commands import environment
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.oversight.leaked import Model

BY = ("--by", "homu", "--reason", "調査")


async def gateway(house: House, *arguments: str, stdin: str = "", code: int = 0, noun: str = "incident") -> Result:
    """Run a command in a thread, where it has an event loop of its own as it has in a process."""
    runner = CliRunner(env=environment(house))
    done = await asyncio.to_thread(runner.invoke, app, [noun, *arguments], input=stdin)
    assert done.exit_code == code, (arguments, done.output, done.exception)
    return done


async def test_an_incident_by_command(sqlite_url: str, tmp_path: Path) -> None:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,)) as house:
        [version] = house.stores.snapshots.current(COOP).versions
        model = Model(house, version.policy.digest)
        await model.release({"00000001"})
        await model.release({f"{n:08}" for n in range(30)}, fields={"name": "as_is", "care_level": "as_is"})
        today = jst_day(clock())
        day, before = today.isoformat(), (today - timedelta(days=1)).isoformat()

        received = ("--discovered", before, "--known", day, "--known-by", "宅配", "--partner", "sunnet", *BY)
        opened = await gateway(
            house, "open", COOP, "--title", "端末の紛失", "--what", "-", *received, "--json", stdin="盗まれた"
        )
        facts = json.loads(opened.stdout)
        name = facts["incident"]
        assert (facts["state"], facts["partner"], facts["members"]) == ("received", "sunnet", None)
        assert facts["due"] == (today + timedelta(days=4)).isoformat()
        assert set(facts["deadlines"]) == {"first", "first_latest", "final"}
        late = ("--discovered", day, "--known", before, "--known-by", "宅配", *BY)
        refused = await gateway(house, "open", COOP, "--title", "x", "--what", "-", *late, stdin="x", code=1)
        assert "日付の順序" in refused.stderr
        assert "out of order" in refused.stderr

        period = ("--from", before, "--to", day, "--key", "K1")
        counted = json.loads((await gateway(house, "scope", COOP, *period, "--json")).stdout)
        assert (counted["members"], counted["entries"]) == (30, 2)
        assert "組合員30名" in (await gateway(house, "scope", COOP, *period)).stdout
        nobody = ("--partner", "sunnett", *period)
        assert "つづりと期間を確かめてください" in (await gateway(house, "scope", COOP, *nobody)).stdout
        assert "check how it is spelt" in (await gateway(house, "scope", COOP, *nobody, "--lang", "en")).stdout
        english = (await gateway(house, "scope", COOP, *period, "--incident", name, *BY, "--lang", "en")).stdout
        assert "30 members" in english
        assert "Care level" in english
        await gateway(house, "scope", COOP, *period, "--incident", name, code=2)
        await gateway(house, "scope", COOP, "--from", day, "--to", before, code=2)

        said = (await gateway(house, "show", COOP, name)).stdout
        assert "端末の紛失" in said
        assert "一 要配慮個人情報: 該当" in said
        told = json.loads((await gateway(house, "show", COOP, name, "--json")).stdout)
        assert (told["members"], told["proposed"]["special_care"]) == (30, "met")
        await gateway(house, "show", COOP, "incident-none", code=1)
        [one] = json.loads((await gateway(house, "list", COOP, "--json")).stdout)
        assert (one["incident"], one["state"]) == (name, "received")
        assert "受付" in (await gateway(house, "list", COOP)).stdout

        register = "\n".join(f"{n:08}" for n in range(25, 60))
        listed = await gateway(house, "persons", COOP, name, "--register", "-", *BY, stdin=register)
        assert listed.stdout_bytes.decode("utf-8-sig").split() == ["組合員コード", *(f"{n:08}" for n in range(25, 30))]
        assert "25人" in listed.stderr
        looked = await house.last()
        assert isinstance(looked, Access)
        assert (looked.look_up, looked.members, looked.view, looked.by) == ("incident", 5, name, "homu")
        steps = [(one.event, one.revision) for one in await house.entries() if isinstance(one, Dossier)]
        assert steps == [("opened", 1), ("changed", 2)]


async def test_a_partner_reports_by_command_and_is_told_what_it_typed_wrongly(tmp_path: Path) -> None:
    runner = CliRunner()
    days = ("--discovered", "2026-11-20", "--known", "2026-11-19")
    nothing = runner.invoke(app, ["client", "report-incident", str(tmp_path), "--what", "-", *days], input="x")
    assert nothing.exit_code == 1
    assert "client.json" in nothing.stderr
