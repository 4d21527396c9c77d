"""Whatever goes on beside the requests is killed in the middle of it: nothing is left out, nothing is done twice, and no
mark claims what was not sent.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.adapters.engine import asking, engine_of
from gateway.adapters.search.deliveries import StoredDeliveries
from gateway.core.days import jst_day
from gateway.demo.people import make_members
from tests.e2e.conftest import Backend, Installation, OpenSite, connected
from tests.e2e.exported_log import assert_verified, export
from tests.e2e.pulling import Ask, Sent, pull_during, reached, receipts
from tests.e2e.serving import BY, COOPS, MEMBERS, Site

COOP = COOPS[0]
FIELDS = ["member_code", "name", "phone"]
STOPPED = 8
KILLS = 2
FOLLOW_UPS = "SELECT count(*) FROM follow_up"


@pytest.fixture(params=["sqlite", "postgres"])
def killed(request: pytest.FixtureRequest, open_site: OpenSite, tmp_path: Path) -> Iterator[Site]:
    """One process on each database, whose end nobody asks for."""
    backend: Backend = request.param
    with open_site(tmp_path, backend) as site:
        site.member_system()
        site.serving(site.gateway())
        yield site


async def counted(site: Site, query: str) -> int:
    """Return what a query counts, past the gateway."""
    engine = engine_of(site.database_url)
    try:
        async with asking(engine) as database:
            return int((await database.execute(text(query))).scalar_one())
    finally:
        await engine.dispose()


async def until_counted(site: Site, query: str, least: int) -> None:
    for _ in range(6_000):
        if await counted(site, query) >= least:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{query}: not {least} within a minute")


async def test_follow_ups_that_arise_while_the_process_is_killed_are_opened_once_each(
    killed: Site, installation: Installation
):
    codes = [one["member_code"] for one in make_members(MEMBERS, today=jst_day(datetime.now(UTC)))]
    async with connected() as http:
        answer = await installation.client(http, killed, "sunnet").pull("P4", FIELDS, "G1", members=codes)
    held = sorted(answer.released)[:STOPPED]
    assert len(held) == STOPPED
    killed.alive("gateway")[0].kill()
    await asyncio.to_thread(killed.do_all, *stops(killed.folder, held))

    opened = 0
    for _ in range(KILLS):
        gateway = killed.gateway()
        await until_counted(killed, FOLLOW_UPS, min(opened + 1, STOPPED))
        gateway.kill()
        opened = await counted(killed, FOLLOW_UPS)
    killed.gateway()
    await until_counted(killed, FOLLOW_UPS, STOPPED)

    log = export(killed, "arisen")
    assert_verified(killed, log)
    told = log.of_kind("follow_up")
    stopped = [index for index, entry in enumerate(log.entries) if entry["kind"] == "restrict"]
    assert len(stopped) == STOPPED
    assert Counter((one["partner"], one["source"]) for one in told) == Counter(("sunnet", index) for index in stopped)
    assert len({one["follow_up"] for one in told}) == STOPPED
    listed = killed.do("follow-up", "list", COOP)
    assert {one["id"] for one in listed} == {one["follow_up"] for one in told}


def stops(folder: Path, codes: list[str]) -> Iterator[tuple[str, ...]]:
    """Say the commands that stop the use of each member's data, each in an entry of its own."""
    for code in codes:
        file = folder / f"{code}.txt"
        file.write_text(f"{code}\n")
        yield "member", "restrict", COOP, "--codes", str(file), "--kind", "stop_use", *BY


async def test_no_mark_of_a_killed_process_claims_what_did_not_arrive(killed: Site, installation: Installation):
    engine = engine_of(killed.database_url)
    async with connected() as http:
        client = installation.client(http, killed, "sunnet")
        asked = Ask("honest", client, "P4", FIELDS, ["00000101", "99999999"])

        async def happening(sent: list[Sent]) -> None:
            await until_counted(killed, "SELECT count(*) FROM delivery", 1)
            await reached(lambda: len(sent) > 100, "nothing was asked", sent=sent)
            killed.alive("gateway")[0].kill()
            since = len(sent)
            reborn = killed.gateway()
            await asyncio.to_thread(killed.serving, reborn)
            await reached(lambda: any(one.status == 200 for one in sent[since:]), "nothing was answered any more")

        sent = await pull_during([asked], happening, each=12)
        arrived = {told["index"] for told in receipts(sent, await client.published_keys())}
    log = export(killed, "marked")
    origin = (log.folder / "checkpoint").read_text().split("\n", 1)[0]
    released = [index for index, entry in enumerate(log.entries) if entry["kind"] == "release"]
    marked = await StoredDeliveries(engine, origin=lambda _: origin).delivered(COOP, released)
    await engine.dispose()
    assert marked
    assert marked <= arrived <= {*released}
    lost = [one for one in sent if one.status == 0]
    assert lost, "the process was killed with requests in hand"
