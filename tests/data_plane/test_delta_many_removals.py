"""More removals than one answer names: nobody who stays is lost by it, and whoever was not named goes with the next walk."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.days import jst_day
from gateway.core.walk import MOST_REMOVED
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from tests.clock import SettableClock
from tests.data_plane.exporting import make, order
from tests.house import COOP, House, running_house
from tests.simulators.partner import Partner

FIELDS = ["member_code", "name"]


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


async def walk(house: House, sunnet: Partner, had: dict[str, Any], since: str | None) -> tuple[dict[str, Any], str]:
    """Export what changed since a walk; return what the partner then has, and the token."""
    sunnet.tokens.clear()
    export = await order(sunnet, "P3", FIELDS, **({"since": since} if since else {}))
    await make(house, members=10_000)
    given = await export.all()
    end = export.parts[max(export.parts)]
    have = given if end.get("resync") else had | given
    for removal in end["removals"]:
        del have[removal["member"]]
    return have, end["since"]


async def test_beyond_the_most_removals_nobody_is_lost_and_everybody_goes(house: House, sunnet: Partner) -> None:
    def without_limit(document: dict[str, Any]) -> None:
        grant = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["order-taking"]
        grant["limits"] = {"members_per_day": 10 * MOST_REMOVED}

    await house.publish(change=without_limit)
    some = {one["member_code"]: one for one in make_members(100, today=jst_day(house.clock()))}
    house.sources[COOP].table = Table(some.values())
    had, _ = await walk(house, sunnet, {}, None)
    pattern = some[next(iter(had))]
    everybody = [pattern | {"member_code": f"{n:08d}"} for n in range(1, MOST_REMOVED + 101)]
    staying = {one["member_code"] for one in everybody[-50:]}
    house.sources[COOP].table = Table(everybody)
    had, since = await walk(house, sunnet, {}, None)
    assert len(had) == len(everybody)
    house.sources[COOP].table = Table(everybody[-50:])
    had, since = await walk(house, sunnet, had, since)
    assert staying <= had.keys(), "who stays was left out as unchanged, and is not to be dropped"
    had, since = await walk(house, sunnet, had, since)
    assert had.keys() == staying
