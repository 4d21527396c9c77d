"""The daily number of members a grant may release is exact: at the commit point, over all requests and replicas."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.core.days import jst_day
from gateway.tlog.entries import Denial, Release
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, replica, running_house
from tests.simulators.partner import RESOURCE, Partner

FIELDS = ["name"]
GRANT = "kyoritsusha-sunnet-01.delivery"
URL = RESOURCE + "/transfers"
MOST = 20


def limited(document: dict[str, Any]) -> None:
    grants = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]
    grants["delivery"]["limits"] = {"members_per_day": MOST}


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        await running.publish(change=limited)
        yield running


async def available(house: House, sunnet: Partner) -> list[str]:
    """Codes of members who are released under the limited grant; found by a grant that has no such limit."""
    named = await sunnet.pull("P3", FIELDS, page={"limit": 300})
    rows = json.loads(house.sources[COOP].table.query(named.released, ["municipality_code"]))["records"]
    return [row["member_code"] for row in rows if row["municipality_code"].startswith("06")]


async def used(house: House) -> int:
    return await house.stores.log.quota_used(COOP, GRANT, jst_day(house.clock()).isoformat())


async def test_the_quota_holds_to_the_last_member(house: House, sunnet: Partner) -> None:
    codes = await available(house, sunnet)
    assert len((await sunnet.pull("P4", FIELDS, codes[: MOST - 1])).released) == MOST - 1
    assert_problem(await sunnet.ask("P4", FIELDS, codes[:2]), "not-permitted")
    denial = await house.denial()
    assert denial.reasons == [f"grant:{GRANT}:over_quota"]
    assert denial.counts is not None
    assert (denial.counts.asked, denial.counts.released) == (2, 0)
    assert await used(house) == MOST - 1, "a denial counts nothing"
    assert (await sunnet.pull("P4", FIELDS, codes[:1])).released
    assert_problem(await sunnet.ask("P4", FIELDS, codes[:1]), "not-permitted")
    assert await used(house) == MOST


async def test_members_who_are_not_available_cost_nothing(house: House, sunnet: Partner) -> None:
    codes = await available(house, sunnet)
    await sunnet.pull("P4", FIELDS, codes[:MOST])
    nobody = [f"9{n:07d}" for n in range(100)]
    assert not (await sunnet.pull("P4", FIELDS, nobody)).released
    assert (await house.release()).counts.released == 0
    assert await used(house) == MOST


async def test_a_page_counts_its_members(house: House, sunnet: Partner) -> None:
    released = (await sunnet.pull("P4", FIELDS, page={"limit": 10})).released
    assert await used(house) == len(released) > 0
    assert_problem(await sunnet.ask("P4", FIELDS, page={"limit": 100}), "not-permitted")
    assert await used(house) == len(released)


async def test_the_day_is_a_day_in_japan(house: House, sunnet: Partner) -> None:
    codes = await available(house, sunnet)
    await sunnet.pull("P4", FIELDS, codes[:MOST])
    midnight = datetime(2026, 11, 22, 15, tzinfo=UTC)
    house.clock.now = midnight - timedelta(milliseconds=1)
    sunnet.tokens.clear()
    await sunnet.ask_token(sunnet.detail("P4", FIELDS))
    assert_problem(await sunnet.ask("P4", FIELDS, codes[:1]), "not-permitted")
    house.clock.now = midnight
    assert (await sunnet.pull("P4", FIELDS, codes[:1])).released
    assert await used(house) == 1


async def test_grants_are_counted_apart(house: House, sunnet: Partner) -> None:
    codes = await available(house, sunnet)
    await sunnet.pull("P4", FIELDS, codes[:MOST])
    assert (await sunnet.pull("P3", FIELDS, codes[:5])).released


async def test_what_is_left_is_told(house: House, sunnet: Partner) -> None:
    codes = await available(house, sunnet)
    await sunnet.pull("P4", FIELDS, codes[:7])
    grants = (await sunnet.get("/grants", await sunnet.token("P4", FIELDS))).json()["grants"]
    (mine,) = [grant for grant in grants if grant["id"] == GRANT]
    assert (mine["members_per_day"], mine["members_left"]) == (MOST, MOST - 7)


async def test_it_is_exact_among_concurrent_requests_and_replicas(house: House, sunnet: Partner) -> None:
    """Forty requests of three members each over two processes: six fit into twenty, whichever they are."""
    codes = (await available(house, sunnet))[:3]
    token = await sunnet.token("P4", FIELDS)
    async with replica(house.settings, house.clock) as other:
        doors = (house.http, other.http)

        async def send(n: int) -> httpx2.Response:
            headers = {
                "Authorization": f"DPoP {token}",
                "DPoP": sunnet.proof("POST", URL, token),
                "Content-Type": "application/jwt",
            }
            request = sunnet.request("P4", FIELDS, members=codes)
            return await doors[n % 2].post(URL, content=request, headers=headers)

        responses = await asyncio.gather(*(send(n) for n in range(40)))
    assert Counter(response.status_code for response in responses) == {200: 6, 403: 34}
    entries = [entry for entry in await house.entries() if isinstance(entry, Release) and entry.purpose == "P4"]
    assert sum(entry.counts.released for entry in entries) == 18 == await used(house)
    denials = [entry for entry in await house.entries() if isinstance(entry, Denial)]
    assert [entry.reasons for entry in denials] == [[f"grant:{GRANT}:over_quota"]] * 34


async def test_a_request_over_quota_uses_its_proof_up(house: House, sunnet: Partner) -> None:
    codes = await available(house, sunnet)
    token = await sunnet.token("P4", FIELDS)
    proof = sunnet.proof("POST", URL, token)
    request = sunnet.request("P4", FIELDS, members=codes[: MOST + 1])
    assert_problem(await sunnet.post(request, token, proof=proof), "not-permitted")
    good = sunnet.request("P4", FIELDS, members=codes[:1])
    assert_problem(await sunnet.post(good, token, proof=proof), "replayed")
