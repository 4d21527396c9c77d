"""Attack: somebody makes the log grow, or hides one thing under a thousand others.

An anonymous caller adds nothing. An authenticated one adds an entry per request, or, where refusals come too often, one
entry per client and minute that says how many; none is lost and none is counted twice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.data_plane.limits import DENIALS_A_MINUTE
from gateway.ports import Query
from gateway.tlog.entries import Denial, Release
from tests.answers import assert_oauth_error, assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import RESOURCE, Partner, key

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]
URL = RESOURCE + "/transfers"


async def transfers(house: House) -> tuple[int, int, dict[str, int]]:
    """Entries of single requests, entries of summaries, and what the summaries add up to."""
    single, summaries, counts = 0, 0, dict[str, int]()
    for entry in await house.entries():
        if isinstance(entry, Denial) and entry.summary:
            summaries += 1
            for what, n in entry.summary.items():
                if what != "minute":
                    counts[what] = counts.get(what, 0) + n
        elif isinstance(entry, Release | Denial):
            single += 1
    return single, summaries, counts


async def next_minute(house: House) -> None:
    house.clock.advance(minutes=1)
    await house.summarise()


ANONYMOUS = {
    "no token": {},
    "nonsense": {"Authorization": "DPoP nonsense", "DPoP": "nonsense"},
    "bearer": {"Authorization": "Bearer nonsense"},
}


@pytest.mark.parametrize("attack", ANONYMOUS)
async def test_an_anonymous_caller_cannot_grow_the_log(house: House, sunnet: Partner, attack: str) -> None:
    before = await house.entries()
    paths = ("/v1/transfers", "/v1/grants", "/v1/nothing", "/v1/members/00000101")
    for n in range(100):
        method = "POST" if n % 4 == 0 else "GET"
        body = b"nonsense" if n % 4 == 0 else b""
        headers = {"Content-Type": "application/jwt"} if body else {}
        response = await house.http.request(
            method, paths[n % 4], content=body, headers={**headers, **ANONYMOUS[attack]}
        )
        assert response.status_code == 401
        refused = await house.http.post("/oauth/token", data={"grant_type": "client_credentials", "n": str(n)})
        assert refused.status_code == 401
    house.clock.advance(minutes=2)
    await house.summarise()
    assert await house.entries() == before


async def test_a_client_that_cannot_prove_its_token_is_anonymous(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    before = await house.entries()
    thief = Partner(house.http, sunnet.client_id, COOP, sunnet.agreement, now=sunnet.now, nonce=sunnet.nonce)
    for _ in range(70):
        assert (await thief.post(sunnet.request("P4", FIELDS, members=MEMBER), token)).status_code == 401
        refused = await sunnet.ask_token(
            sunnet.detail("P4", FIELDS), client_assertion=sunnet.assertion(with_key=key("sig-1", "sig", "ES256"))
        )
        assert refused.status_code == 401
    await next_minute(house)
    assert await house.entries() == before


async def test_sixty_denials_a_minute_are_entries_and_the_rest_one_summary(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    for n in range(DENIALS_A_MINUTE + 40):
        purpose, members = ("P3", MEMBER) if n % 2 else ("P4", ["*"])
        response = await sunnet.post(sunnet.request(purpose, FIELDS, members=members), token)
        assert response.status_code == (403 if n % 2 else 400), "the answer does not tell which of the two it became"
    assert await transfers(house) == (DENIALS_A_MINUTE, 0, {})
    await house.summarise()
    assert await transfers(house) == (DENIALS_A_MINUTE, 0, {}), "the minute has not ended"
    minute = int(house.clock().timestamp()) // 60
    await next_minute(house)
    assert await transfers(house) == (DENIALS_A_MINUTE, 1, {"not-permitted": 20, "malformed": 20})
    entry = await house.denial()
    assert entry.summary == {"not-permitted": 20, "malformed": 20, "minute": minute}
    assert (entry.partner, entry.client, entry.transfer) == ("sunnet", "sunnet-demo", None)
    await house.summarise()
    assert (await transfers(house))[1] == 1, "once"
    assert_problem(await sunnet.post(sunnet.request("P3", FIELDS, members=MEMBER), token), "not-permitted")
    assert (await transfers(house))[0] == DENIALS_A_MINUTE + 1, "the next minute has entries of its own again"


async def test_a_release_is_an_entry_however_many_denials_there_were(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    for _ in range(DENIALS_A_MINUTE + 5):
        await sunnet.post(sunnet.request("P3", FIELDS, members=MEMBER), token)
    assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200
    assert isinstance(await house.last(), Release)


async def test_one_clients_flood_leaves_another_its_entries(house: House, sunnet: Partner, jccu: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    for _ in range(DENIALS_A_MINUTE + 5):
        await sunnet.post(sunnet.request("P3", FIELDS, members=MEMBER), token)
    theirs = await jccu.token("P5", ["sex"])
    assert_problem(await jccu.post(jccu.request("P12", ["sex"], members=MEMBER), theirs), "not-permitted")
    assert (await house.denial()).client == "jccu-demo"


@asynccontextmanager
async def slow_house(url: str, folder: Path, clock: SettableClock, **limits: Any) -> AsyncIterator[House]:
    async with running_house(url, folder, clock, coops=(COOP,), **limits) as house:
        yield house


async def test_429_tells_when_and_is_summarised(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> None:
    async with slow_house(sqlite_url, tmp_path, clock, requests_per_second=0.5, burst=5) as house:
        sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
        token = await sunnet.token("P4", FIELDS)
        answers = [await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token) for _ in range(8)]
        refused = [response for response in answers if response.status_code == 429]
        assert len(refused) == 4, "the token took one of five"
        for response in refused:
            assert_problem(response, "rate-limited", retry_after=2)
        house.clock.advance(seconds=2)
        proof = sunnet.proof("POST", URL, token)
        request = sunnet.request("P4", FIELDS, members=MEMBER)
        assert (await sunnet.post(request, token, proof=proof)).status_code == 200, "what was promised holds"
        await next_minute(house)
        assert await transfers(house) == (5, 1, {"rate-limited": 4})


async def test_429_leaves_the_proof_unused(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> None:
    async with slow_house(sqlite_url, tmp_path, clock, requests_per_second=0.5, burst=2) as house:
        sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
        token = await sunnet.token("P4", FIELDS)
        await sunnet.ask("P4", FIELDS, MEMBER)
        proof, request = sunnet.proof("POST", URL, token), sunnet.request("P4", FIELDS, members=MEMBER)
        assert (await sunnet.post(request, token, proof=proof)).status_code == 429
        house.clock.advance(seconds=2)
        assert (await sunnet.post(request, token, proof=proof)).status_code == 200


async def test_the_token_endpoint_is_limited_per_client(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> None:
    async with slow_house(sqlite_url, tmp_path, clock, requests_per_second=0.25, burst=2) as house:
        sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
        jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
        await sunnet.token("P4", FIELDS)
        await sunnet.ask_token(sunnet.detail("P4", FIELDS))
        response = await sunnet.ask_token(sunnet.detail("P4", FIELDS))
        assert_oauth_error(response, "temporarily_unavailable", 429, retry_after=4)
        house.clock.advance(seconds=8)  # the network's own bucket
        assert (await jccu.ask_token(jccu.detail("P5", ["sex"]))).json()["error"] == "use_dpop_nonce"
        assert await jccu.token("P5", ["sex"])


async def test_every_authenticated_request_is_one_entry_or_one_count(house_on_both: House) -> None:
    """All kinds at once, in one minute: nothing is lost, nothing is counted twice."""
    house = house_on_both
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    token = await sunnet.token("P4", FIELDS)
    used = sunnet.proof("POST", URL, token)

    def posts(kind: int) -> tuple[str, str | None, dict[str, str]]:
        good = sunnet.request("P4", FIELDS, members=MEMBER)
        match kind:
            case 0:
                return good, None, {}
            case 1:
                return sunnet.request("P3", FIELDS, members=MEMBER), None, {}
            case 2:
                return sunnet.request("P4", FIELDS, members=["*"]), None, {}
            case 3:
                return good[:-4], None, {}
            case 4:
                return good, None, {"Content-Type": "text/plain"}
            case _:
                return good, used, {}

    async def send(n: int) -> httpx2.Response:
        request, proof, headers = posts(n % 6)
        return await sunnet.post(request, token, proof=proof, headers=headers)

    responses = await asyncio.gather(*(send(n) for n in range(180)))
    told: dict[int, int] = {}
    for response in responses:
        told[response.status_code] = told.get(response.status_code, 0) + 1
    assert told == {200: 31, 403: 30, 400: 30, 401: 30, 415: 30, 409: 29}
    await next_minute(house)
    single, summaries, counts = await transfers(house)
    assert single == 31 + DENIALS_A_MINUTE
    assert summaries == 1
    assert counts.pop("replayed") == 29
    assert sum(counts.values()) == 120 - DENIALS_A_MINUTE
    assert single + 29 + sum(counts.values()) == len(responses)


async def test_a_fault_that_crosses_the_minute_is_counted_in_the_minute_of_its_answer(
    house: House, sunnet: Partner
) -> None:
    """A summary is written when its minute is over; nothing may come late to it, or there would be two."""
    token = await sunnet.token("P4", FIELDS)
    house.clock.advance(seconds=50)
    for _ in range(DENIALS_A_MINUTE + 1):
        await sunnet.post(sunnet.request("P3", FIELDS, members=MEMBER), token)
    source = house.sources[COOP]
    source.down = "down"

    async def over_the_minute(_: Query) -> None:
        house.clock.advance(seconds=11)
        await house.summarise()

    source.hold = over_the_minute
    await sunnet.ask("P4", FIELDS, MEMBER)
    assert (await house.denial()).reasons == ["fault:source:unavailable"], "the first of the new minute"
    await next_minute(house)
    minutes = [e.summary["minute"] for e in await house.entries() if isinstance(e, Denial) and e.summary]
    assert len(minutes) == len(set(minutes)) == 1


async def test_counts_wait_for_a_log_that_is_down(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    for _ in range(DENIALS_A_MINUTE + 3):
        await sunnet.post(sunnet.request("P3", FIELDS, members=MEMBER), token)
    house.log.down = "the database failed"
    await next_minute(house)
    assert (await transfers(house))[1:] == (0, {})
    house.log.down = None
    await house.summarise()
    assert (await transfers(house))[1:] == (1, {"not-permitted": 3})


async def test_a_summary_interrupted_loses_no_count(house: House, sunnet: Partner, jccu: Partner) -> None:
    """At shutdown the job is cancelled in the middle, and what it had not come to is written afterwards."""
    tokens = [(sunnet, await sunnet.token("P4", FIELDS)), (jccu, await jccu.token("P5", ["sex"]))]
    for partner, token in tokens:
        for _ in range(DENIALS_A_MINUTE + 2):
            await partner.post(partner.request("P12", ["sex"], members=MEMBER), token)
    house.clock.advance(minutes=1)
    job = asyncio.create_task(house.summarise())
    await asyncio.sleep(0)
    assert house.log.calls["append"] == 2 * DENIALS_A_MINUTE + 1, "it is at the first of the two"
    job.cancel()
    with suppress(asyncio.CancelledError):
        await job
    await house.summarise()
    assert (await transfers(house))[1:] == (2, {"not-permitted": 4})
