"""The enumeration budget: who asks for members that it cannot know is told, then waits for the next day; nobody else does."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.core.days import jst_day
from gateway.core.detection.anomalies import Anomaly
from gateway.core.detection.enumeration import TOLD
from gateway.data_plane import budget
from gateway.data_plane.enumeration import MOST
from gateway.oversight.log.anomalies import unusual
from gateway.oversight.members import held
from gateway.ports import Unavailable
from gateway.tlog.entries import Denial
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, Silent, running_house
from tests.simulators.partner import Partner

FIELDS = ["name"]
CLIENT = "sunnet-demo"
UNTIL_MIDNIGHT = 12 * 3600
"""In seconds: the tests' clock stands at noon of Japan."""


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


async def available(sunnet: Partner, most: int = 300) -> list[str]:
    """Codes of members who are released to the partner, found by a page, which names nobody."""
    return list((await sunnet.pull("P3", FIELDS, page={"limit": most})).released)


def nobody(many: int, start: int = 0) -> list[str]:
    return [f"9{n:07d}" for n in range(start, start + many)]


async def count(house: House) -> None:
    """What the gateway does beside its partners' requests each second."""

    async def fold() -> None:
        await held.advance_all(house.stores.log, house.stores.side_rows, house.stores.held_sets, (COOP,))

    await budget.count(house.desk, house.stores.held_sets, fold)


async def ask(house: House, sunnet: Partner, codes: list[str], purpose: str = "P3") -> int:
    status = (await sunnet.ask(purpose, FIELDS, codes)).status_code
    await count(house)
    return status


async def told(sunnet: Partner) -> set[str | None]:
    answer = await sunnet.get("/grants", await sunnet.token("P3", FIELDS))
    return {one["enumeration"] for one in answer.json()["grants"]}


async def next_day(house: House, sunnet: Partner) -> None:
    house.clock.advance(hours=24)
    sunnet.tokens.clear()


async def listed(house: House) -> list[Anomaly]:
    day = jst_day(house.clock())
    found = await unusual(house.stores.search, COOP, first=day, last=day)
    return [one for one in found if one.rule == "enumeration"]


async def test_below_two_hundred_nothing_follows_however_many_are_unknown(house: House, sunnet: Partner):
    known = (await available(sunnet))[:1]
    assert await ask(house, sunnet, nobody(199)) == 200
    assert await told(sunnet) == {None}
    house.clock.advance(seconds=61)
    await house.summarise()
    assert await listed(house) == []
    assert await ask(house, sunnet, known) == 200
    assert await told(sunnet) == {"stopped"}, "199 of 200"


async def test_ten_per_cent_stop_until_the_next_day_and_both_sides_are_told(house: House, sunnet: Partner):
    codes = (await available(sunnet))[:180]
    assert await ask(house, sunnet, [*codes, *nobody(20)]) == 200
    refused = await sunnet.ask("P3", FIELDS, codes[:1])
    assert_problem(refused, "rate-limited", retry_after=UNTIL_MIDNIGHT)
    unknown = await sunnet.ask("P4", FIELDS, nobody(1))
    same = [{**one.json(), "request_id": None} for one in (refused, unknown)]
    assert same[0] == same[1], "the refusal tells nothing of the codes"
    assert (await sunnet.ask("P3", FIELDS, page={"limit": 5})).status_code == 200, "a page names nobody"
    assert await told(sunnet) == {"stopped"}

    house.clock.advance(seconds=61)
    await house.summarise()
    entry = await house.denial()
    assert (entry.partner, entry.client, entry.reasons) == ("sunnet", CLIENT, [TOLD["stop"]])
    assert {what: n for what, n in entry.summary.items() if what != "minute"} == {"rate-limited": 2}
    [anomaly] = await listed(house)
    assert (anomaly.partner, anomaly.client, anomaly.value) == ("sunnet", CLIENT, 10)
    assert ("note", "enumeration budget", {"coop": COOP, "client": CLIENT, "verdict": "stop"}) in house.told

    await next_day(house, sunnet)
    assert await ask(house, sunnet, codes[:1]) == 200, "the next day of Japan is a fresh one"
    assert await told(sunnet) == {None}


async def test_two_per_cent_are_told_and_stop_nobody(house: House, sunnet: Partner):
    codes = (await available(sunnet))[:181]
    assert await ask(house, sunnet, [*codes, *nobody(19)]) == 200
    assert await told(sunnet) == {"alert"}
    assert await ask(house, sunnet, codes) == 200
    house.clock.advance(seconds=61)
    await house.summarise()
    entry = await house.denial()
    assert (entry.reasons, list(entry.summary)) == ([TOLD["alert"]], ["minute"])
    [anomaly] = await listed(house)
    assert anomaly.value == 2


async def test_whom_the_partner_holds_never_counts(house: House, sunnet: Partner):
    codes = (await available(sunnet))[:200]
    few, many = codes[:10], codes[10:100]
    await sunnet.pull("P3", FIELDS, few)
    await sunnet.pull("P3", FIELDS, many)
    await house.stop(*few, *many)
    await house.stores.snapshots.refresh(COOP)
    answer = await sunnet.pull("P3", FIELDS, [*few, *many])
    assert not answer.released
    assert await ask(house, sunnet, codes[100:]) == 200
    assert await told(sunnet) == {None}, "190 asked for, 100 of them stopped by now and held"
    assert await ask(house, sunnet, [*few, *many]) == 200
    assert await told(sunnet) == {None}
    numbers = await house.stores.side_rows.known_ordinals(COOP, [b"\0" * 32])
    assert numbers == [None]


async def test_whom_only_another_partner_holds_counts(house: House, sunnet: Partner):
    jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
    ours = await available(sunnet, 235)
    everybody = json.loads(house.sources[COOP].table.page(["member_code"], limit=300))["records"]
    others = [one["member_code"] for one in everybody if one["member_code"] > ours[-1]]
    theirs = list((await jccu.pull("P5", ["sex"], others)).released)[:20]
    assert (len(ours) >= 180, len(theirs)) == (True, 20)
    await house.stop(*theirs)
    await house.stores.snapshots.refresh(COOP)
    assert await ask(house, sunnet, [*ours[:180], *theirs]) == 200
    assert await told(sunnet) == {"stopped"}


async def test_one_wrong_code_asked_for_again_and_again_is_no_search(house: House, sunnet: Partner):
    known = (await available(sunnet))[:30]
    for _ in range(4):
        assert await ask(house, sunnet, [*known, *nobody(60)]) == 200
    assert await told(sunnet) == {None}, "360 codes of 90 persons"
    await ask(house, sunnet, nobody(110, 60))
    assert await told(sunnet) == {"stopped"}


async def test_another_client_is_untouched(house: House, sunnet: Partner):
    jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
    await ask(house, sunnet, nobody(200))
    assert (await sunnet.ask("P3", FIELDS, nobody(1))).status_code == 429
    assert (await jccu.ask("P5", ["sex"], ["00000101"])).status_code == 200
    answer = await jccu.get("/grants", await jccu.token("P5", ["sex"]))
    assert {one["enumeration"] for one in answer.json()["grants"]} == {None}


async def test_an_approved_window_lifts_it_and_counts_nothing(house: House, sunnet: Partner):
    await ask(house, sunnet, nobody(200))
    assert (await sunnet.ask("P3", FIELDS, nobody(1))).status_code == 429

    def window(document: dict[str, Any]) -> None:
        its = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]
        its["reconciliation"] = {"from": "2026-11-22", "to": "2026-11-23"}

    await house.publish(change=window)
    assert await ask(house, sunnet, nobody(300, 500)) == 200
    assert await told(sunnet) == {None}
    await next_day(house, sunnet)
    assert await ask(house, sunnet, nobody(300, 1000)) == 200
    assert await ask(house, sunnet, nobody(300, 2000)) == 200
    await next_day(house, sunnet)
    assert await told(sunnet) == {None}
    assert await ask(house, sunnet, nobody(200)) == 200
    assert (await sunnet.ask("P3", FIELDS, nobody(1))).status_code == 429, "the window is over"


async def test_codes_wait_in_bounded_memory_and_are_nowhere_else(house: House, sunnet: Partner):
    enumeration = house.desk.enumeration
    for nth in range(MOST // 1_000 + 2):
        await sunnet.ask("P3", FIELDS, nobody(1_000, nth * 1_000))  # the most that one request may name
    assert [event for kind, event, _ in house.told if kind == "count"].count("enumeration_uncounted") == 2
    taken = enumeration.take()
    assert sum(len(named.members) for named in taken) == MOST
    canaries = {code for named in taken for code in named.members}
    assert not any(code in repr(taken) for code in sorted(canaries)[:50])
    enumeration.back(taken)
    await count(house)
    assert enumeration.take() == []
    house.clock.advance(seconds=61)
    await house.summarise()
    entries = b"".join(msgspec.json.encode(entry) for entry in await house.entries()).decode()
    said = json.dumps(house.told)
    assert not any(code in entries or code in said for code in canaries)
    assert await house.rows("SELECT * FROM member_ordinal") == [], "a code that nobody has gets no ordinal"


async def test_what_cannot_be_counted_now_is_counted_the_next_time(house: House, sunnet: Partner):
    await sunnet.ask("P3", FIELDS, nobody(200))

    async def fails() -> None:
        raise Unavailable("the database is away")

    with pytest.raises(Unavailable):
        await budget.count(house.desk, house.stores.held_sets, fails)
    assert await told(sunnet) == {None}
    await count(house)
    assert await told(sunnet) == {"stopped"}


class Listening(Silent):
    """Telemetry that tells when a budget was exceeded."""

    def __init__(self) -> None:
        super().__init__()
        self.exceeded = asyncio.Event()

    def note(self, event: str, **attributes: str | int) -> None:
        super().note(event, **attributes)
        if event == "enumeration budget":
            self.exceeded.set()


async def test_the_serving_process_counts_beside_its_requests(
    sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path
):
    telemetry = Listening()
    async with running_house(
        sqlite_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys, telemetry=telemetry
    ) as house:
        sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
        messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        sent: asyncio.Queue[Any] = asyncio.Queue()
        serving = asyncio.create_task(house.guard({"type": "lifespan", "state": {}}, messages.get, sent.put))
        await messages.put({"type": "lifespan.startup"})
        assert (await sent.get())["type"] == "lifespan.startup.complete"
        assert (await sunnet.ask("P3", FIELDS, nobody(200))).status_code == 200
        await asyncio.wait_for(telemetry.exceeded.wait(), 20)
        assert (await sunnet.ask("P3", FIELDS, nobody(1))).status_code == 429
        await messages.put({"type": "lifespan.shutdown"})
        assert (await sent.get())["type"] == "lifespan.shutdown.complete"
        await serving
        entries = await house.entries()
    [entry] = [one for one in entries if isinstance(one, Denial)]
    assert (entry.reasons, entry.summary["rate-limited"]) == ([TOLD["stop"]], 1), "written at the end, if not before"
