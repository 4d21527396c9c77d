"""A request beyond a daily limit is kept as a wish for more: once, of many and of several processes; the partner sees so."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.clock import SettableClock
from tests.control_plane.beyond import count
from tests.data_plane.test_quota import FIELDS, GRANT, MOST, available, limited
from tests.house import COOP, House, replica, running_house
from tests.simulators.partner import RESOURCE, Partner

URL = RESOURCE + "/transfers"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        await running.publish(change=limited)
        yield running


async def grant_of(sunnet: Partner) -> dict[str, Any]:
    answer = await sunnet.get("/grants", await sunnet.token("P4", FIELDS))
    [mine] = [one for one in answer.json()["grants"] if one["id"] == GRANT]
    return dict(mine)


async def test_many_denials_of_two_processes_are_one_wish_and_the_partner_sees_it(house: House, sunnet: Partner):
    codes = (await available(house, sunnet))[: MOST + 5]
    assert not (await grant_of(sunnet))["more_requested"]
    token = await sunnet.token("P4", FIELDS)
    async with replica(house.settings, house.clock) as other:
        doors = (house.http, other.http)

        async def send(n: int) -> int:
            headers = {
                "Authorization": f"DPoP {token}",
                "DPoP": sunnet.proof("POST", URL, token),
                "Content-Type": "application/jwt",
            }
            request = sunnet.request("P4", FIELDS, members=codes[: MOST + 1 + n % 5])
            return (await doors[n % 2].post(URL, content=request, headers=headers)).status_code

        assert await asyncio.gather(*(send(n) for n in range(20))) == [403] * 20
        await asyncio.gather(*(count(one.stores) for one in (house, other)))
        await count(house.stores)
    [wish] = await house.stores.overruns.all(COOP)
    assert (wish.grant, wish.client, wish.asked, wish.requests) == (GRANT, "sunnet-demo", MOST + 5, 20)
    mine = await grant_of(sunnet)
    assert (mine["more_requested"], mine["members_left"], mine["resets"]) == (True, MOST, "2026-11-22T15:00:00.000Z")
    rows = json.dumps(await house.rows("SELECT * FROM over_quota"))
    assert not any(code in rows for code in codes)


async def test_a_page_says_how_many_it_would_have_given(house: House, sunnet: Partner):
    await sunnet.ask("P4", FIELDS, page={"limit": 100})
    denial = await house.denial()
    assert denial.counts is not None
    assert (denial.counts.asked, denial.over > MOST) == (0, True)
    await count(house.stores)
    [wish] = await house.stores.overruns.all(COOP)
    assert wish.asked == denial.over


async def test_a_release_says_what_is_left_and_until_when(house: House, sunnet: Partner):
    codes = await available(house, sunnet)
    answer = await sunnet.ask("P4", FIELDS, codes[:7])
    assert answer.headers["ratelimit-policy"] == f'"members-per-day";q={MOST};w=86400;qu="members"'
    left = answer.headers["ratelimit"]
    assert left == f'"members-per-day";r={MOST - 7};t={left.rpartition("=")[2]}'
    assert 0 < int(left.rpartition("=")[2]) <= 24 * 3600
    refused = await sunnet.ask("P4", FIELDS, codes[: MOST - 6])
    assert refused.status_code == 403
    assert not {"ratelimit", "ratelimit-policy"} & set(refused.headers), "a refusal tells nobody why"
    other = await sunnet.ask("P3", FIELDS, codes[:1])
    assert '"members-per-day";q=20000;' in other.headers["ratelimit-policy"], "each grant has its own"
